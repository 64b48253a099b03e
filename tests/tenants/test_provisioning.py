"""The opening of a company on both engines: once, twice, at once, failing, given up and tried again."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from portal.core import db, outbox
from portal.core.clock import fresh, now
from portal.core.db import write
from portal.core.errors import NotFound, Refusal
from portal.core.mail import Mail
from portal.core.outbox import Message
from portal.tenants import databases, orphans, provisioning, rules
from portal.tenants import service as tenants
from portal.tenants.databases import place_of, server_of
from portal.tenants.models import Belonging, Membership, ProvisionStep, StepName, StepState, Tenant, TenantState
from portal.work.models import WorkItem
from tests.tenants.premises import Premises, open_company, request_company

if TYPE_CHECKING:
    from tests.engines import PostgresServer


def row(tenant_id: int) -> Tenant:
    db.db.session.rollback()
    return db.db.session.get_one(Tenant, tenant_id)


def test_a_company_is_opened_in_six_steps_and_its_owner_invited(portal: Premises) -> None:
    tenant = open_company("한빛건설", "alice@example.com")
    assert tenant.state == TenantState.TRIAL
    assert tenant.trial_ends_at - tenant.opened_at == rules.TRIAL
    assert [step.state for step in tenants.steps_of(tenant.id)] == [StepState.DONE] * 6
    mail = db.db.session.scalars(select(Mail)).one()
    assert (mail.recipient, mail.template) == ("alice@example.com", "invitation")
    assert "/invitations/" in mail.body
    assert db.db.session.scalars(select(Message.args).where(Message.name == "tenant.opened")).one() == [tenant.id]
    assert tenants.ids_with_database() == [tenant.id]
    assert tenants.session(tenant.id).scalars(select(Belonging.key)).one() == tenant.key


def test_what_a_companys_outbox_told_long_ago_is_forgotten_and_the_rest_is_kept(portal: Premises) -> None:
    session = tenants.session(open_company().id)
    long_ago = now() - outbox.KEPT - timedelta(days=1)
    with write(session) as writing:
        writing.execute(delete(outbox.CompanyMessage))
        for number, sent_at in enumerate((long_ago, now(), None)):
            values = {"kind": "event", "name": "x", "args": [], "created_at": long_ago, "sent_at": sent_at}
            writing.add(outbox.CompanyMessage(id=str(number), **values))
        writing.add(outbox.CompanyReceipt(event_id="0", job="y", at=long_ago))
    assert tenants.tidy_outboxes() == 1
    assert list(session.scalars(select(outbox.CompanyMessage.id).order_by(outbox.CompanyMessage.id))) == ["1", "2"]
    assert session.scalars(select(outbox.CompanyReceipt)).all() == []


def test_a_company_cannot_be_entered_before_its_last_step(portal: Premises) -> None:
    tenant_id = request_company()
    with pytest.raises(NotFound):
        tenants.session(tenant_id)
    assert tenants.ids_with_database() == []
    assert db.db.session.scalars(select(Membership)).all() == []


def test_running_an_opening_again_changes_nothing(portal: Premises) -> None:
    tenant = open_company()
    before = [(step.name, step.attempts, step.finished_at) for step in tenants.steps_of(tenant.id)]
    tenants.provision(tenant.id)
    assert [(step.name, step.attempts, step.finished_at) for step in tenants.steps_of(tenant.id)] == before
    assert len(db.db.session.scalars(select(Mail)).all()) == 1


def test_every_step_may_act_twice(portal: Premises) -> None:
    tenant = open_company()
    tenant_id, key = tenant.id, tenant.key
    with write(tenants.session(tenant_id)) as session:
        session.execute(text("UPDATE belonging SET made_at = '2001-02-03 00:00:00'"))
    for stage in provisioning.STAGES:
        if stage.outside is not None:
            stage.outside(row(tenant_id))
    assert (
        tenants.session(tenant_id).execute(text("SELECT key, CAST(made_at AS CHAR(4)) FROM belonging")).one()[0] == key
    )
    assert tenants.session(tenant_id).scalar(select(Belonging.made_at)).year == 2001


def test_eight_jobs_at_once_open_one_company(portal: Premises) -> None:
    tenant_id = request_company()

    def job() -> None:
        with portal.app.app_context():
            tenants.provision(tenant_id)

    threads = [threading.Thread(target=job) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert row(tenant_id).state == TenantState.TRIAL
    assert [step.attempts for step in tenants.steps_of(tenant_id)] == [1] * 6
    assert len(db.db.session.scalars(select(Membership)).all()) == 1
    assert len(db.db.session.scalars(select(Mail)).all()) == 1


def test_a_job_that_was_overtaken_stops_and_spoils_nothing(portal: Premises, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant_id = request_company()
    real = provisioning.STAGE[StepName.DATABASE]

    def slow(tenant: Tenant) -> None:
        real.outside(tenant)
        with write() as session:  # another job takes the company over while this one hangs
            session.execute(
                update(Tenant).where(Tenant.id == tenant_id).values(lease_until=fresh() - timedelta(seconds=1))
            )
        monkeypatch.setitem(provisioning.STAGE, StepName.DATABASE, real)
        tenants.provision(tenant_id)

    hanging = provisioning.Stage(StepName.DATABASE, real.words, outside=slow)
    monkeypatch.setitem(provisioning.STAGE, StepName.DATABASE, hanging)
    tenants.provision(tenant_id)
    assert row(tenant_id).state == TenantState.TRIAL
    assert len(db.db.session.scalars(select(Mail)).all()) == 1
    assert tenants.session(tenant_id).scalar(select(Belonging.id)) == 1


def test_a_failing_step_waits_longer_each_time_then_asks_a_person_who_can_retry(
    on_sqlite: Premises, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant_id = request_company("새길설비")
    folder = on_sqlite.folder / "companies"
    folder.write_text("a file is in the way")
    waits = []
    for _ in range(rules.MOST_ATTEMPTS):
        tenants.provision(tenant_id)
        tenant = row(tenant_id)
        if tenant.state == TenantState.FAILED:
            break
        waits.append(round((tenant.next_try_at - fresh()).total_seconds()))
        tenants.provision(tenant_id)  # too early: nothing happens
        with write() as session:
            session.execute(update(Tenant).values(next_try_at=fresh(), nudged_at=fresh() - timedelta(minutes=1)))
        assert tenants.sweep() == 1
    assert row(tenant_id).state == TenantState.FAILED
    assert waits == sorted(waits)
    assert len(waits) == rules.MOST_ATTEMPTS - 1
    item = db.db.session.scalars(select(WorkItem)).one()
    assert "새길설비" in item.title
    assert item.url == f"/staff/tenants/{tenant_id}"
    assert "FileExistsError" in item.body or "NotADirectory" in item.body
    assert tenants.provision_rows(tenant_id)[2]["state"] == "failed"
    assert tenants.sweep() == 0

    folder.unlink()
    tenants.retry(tenant_id, by="person:1")
    tenants.provision(tenant_id)
    assert row(tenant_id).state == TenantState.TRIAL
    db.db.session.expire_all()
    assert db.db.session.scalars(select(WorkItem.state)).one() == "done"
    with pytest.raises(Refusal):
        tenants.retry(tenant_id, by="person:1")


def test_the_sweep_finds_what_nobody_is_at_and_nothing_else(on_sqlite: Premises) -> None:
    forgotten, fresh_one, held = request_company(), request_company(), request_company()
    open_company()
    long_ago = fresh() - timedelta(minutes=5)
    with write() as session:
        session.execute(update(Tenant).where(Tenant.id.in_([forgotten, held])).values(nudged_at=long_ago))
        session.execute(update(Tenant).where(Tenant.id == held).values(lease_until=fresh() + timedelta(seconds=10)))
        session.execute(text("DELETE FROM outbox"))
    assert tenants.sweep() == 1
    assert db.db.session.scalars(select(Message.args)).all() == [[forgotten]]
    assert tenants.sweep() == 0  # it was nudged just now
    assert fresh_one != forgotten


def test_a_lease_of_a_clock_that_was_moved_back_is_over(on_sqlite: Premises) -> None:
    tenant_id = request_company()
    with write() as session:
        session.execute(update(Tenant).values(lease_until=fresh() + timedelta(days=90), lease_token="x"))
    tenants.provision(tenant_id)
    assert row(tenant_id).state == TenantState.TRIAL


def test_a_lost_file_is_an_error_and_not_an_empty_company(on_sqlite: Premises) -> None:
    tenant = open_company()
    path = on_sqlite.folder / "companies" / tenant.database
    db.company_engines().dispose()
    path.unlink()
    with pytest.raises(OperationalError):
        tenants.session(tenant.id).execute(text("SELECT 1"))
    assert not path.exists()
    assert [each.trouble for each in orphans.check()] == ["missing"]


def test_a_file_name_that_is_taken_is_never_overwritten(on_sqlite: Premises) -> None:
    tenant = open_company()
    place, server = place_of(tenant), server_of(tenant)
    path = on_sqlite.folder / "companies" / tenant.database
    before = path.read_bytes()
    server._copy(server.template(), path)  # what a job that was overtaken would do
    server.make_database(place)
    assert path.read_bytes() == before


def test_a_company_role_enters_its_own_database_only_and_cannot_change_its_schema(
    on_postgres: Premises, postgres: PostgresServer
) -> None:
    ours, theirs = open_company("가"), open_company("나")
    mine, other = place_of(ours), place_of(theirs)

    def connect(database: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host="127.0.0.1",
            port=postgres.port,
            user=mine.database,
            password=mine.password,
            dbname=database,
            autocommit=True,
        )

    for forbidden in (other.database, f"planroom_template_{ours.schema_revision}"):
        with pytest.raises(psycopg.OperationalError, match=r"permission denied|not currently accepting"):
            connect(forbidden)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(
            host="127.0.0.1", port=postgres.port, user=mine.database, password="wrong", dbname=mine.database
        )
    with connect(mine.database) as connection:
        for statement in ("CREATE DATABASE x", "CREATE TABLE x (y int)", "DROP TABLE belonging", "CREATE TEMP TABLE x (y int)",
                          f"SET ROLE {other.database}", "CREATE ROLE x"):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_passwords_lie_sealed_in_the_platform_database(on_postgres: Premises) -> None:
    tenant = open_company()
    password = place_of(tenant).password
    assert len(password) == 43
    assert password not in (tenant.role_password or "")
    with pytest.raises((OperationalError, ProgrammingError, DBAPIError)):
        tenants.session(tenant.id).execute(text("SELECT rolpassword FROM pg_authid"))


def test_the_template_is_locked_and_made_once(on_postgres: Premises, postgres: PostgresServer) -> None:
    open_company()
    open_company()
    with postgres.connect() as connection:
        rows = connection.execute(
            "SELECT datistemplate, datallowconn FROM pg_database WHERE datname LIKE 'planroom_template_%'"
        ).fetchall()
    assert rows == [(True, False)]


def test_a_half_built_template_is_built_anew(on_postgres: Premises, postgres: PostgresServer) -> None:
    with postgres.connect() as connection:
        connection.execute(f"CREATE DATABASE planroom_template_{provisioning.migrate.head('tenant')}")
    tenant = open_company()
    assert tenant.state == TenantState.TRIAL


def test_companies_spread_over_servers(on_sqlite: Premises) -> None:
    second = databases.servers().copy()
    from sqlalchemy.engine import make_url  # noqa: PLC0415 - only here

    from portal.tenants.sqlite import SqliteServer  # noqa: PLC0415

    other = SqliteServer(make_url(f"sqlite:///{on_sqlite.folder}/second"))
    on_sqlite.app.extensions["planroom.servers"] = second | {other.name: other}
    placed = [open_company().server for _ in range(4)]
    assert sorted(placed) == ["sqlite:companies"] * 2 + ["sqlite:second"] * 2


def test_steps_keep_the_last_error_until_they_succeed(on_sqlite: Premises) -> None:
    tenant_id = request_company()
    (on_sqlite.folder / "companies").write_text("in the way")
    tenants.provision(tenant_id)
    named = (ProvisionStep.tenant_id == tenant_id, ProvisionStep.name == StepName.DATABASE)
    assert db.db.session.scalars(select(ProvisionStep.error).where(*named)).one()
