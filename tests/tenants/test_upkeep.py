"""`flask tenants check` and `flask tenants migrate` on both engines."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from jobs import clock
from jobs.telling import relay_one
from portal.core import db, migrate, outbox
from portal.core.db import write
from portal.core.redis import connect
from portal.drawings import renders
from portal.tenants import migration, orphans
from portal.tenants import service as tenants
from portal.tenants.databases import Place, place_of, server_of, servers
from portal.tenants.models import Tenant
from portal.tenants.sqlite import SqliteServer
from tests.engines import PostgresServer
from tests.tenants.premises import Premises, open_company

NEXT = '''"""Add a table that fails where a company asks for it."""
from alembic import op
import sqlalchemy as sa
revision = "9999"
down_revision = {head!r}
branch_labels = depends_on = None
def upgrade():
    op.create_table("addition", sa.Column("id", sa.Integer, primary_key=True))
    if op.get_bind().execute(sa.text("SELECT count(*) FROM belonging WHERE key = 'poison'")).scalar():
        raise RuntimeError("this company's data does not fit")
'''


def troubles(found: list[orphans.Finding]) -> list[tuple[str, str, bool]]:
    return sorted((each.trouble, each.kind, each.removed) for each in found if each.trouble != "exposed")


def stray(key: str) -> None:
    """Everything of a company, but no row."""
    (server,) = servers().values()
    place = Place(key, server.database_name(key), server.new_password())
    server.make_role(place)
    server.make_database(place)


def test_repair_takes_away_what_is_ours_and_unused_and_only_that(portal: Premises) -> None:
    kept = open_company()
    stray("bcdfghjkmnpq")
    kinds = ["database"] if isinstance(server_of(kept), SqliteServer) else ["database", "role"]
    assert troubles(orphans.check()) == [("orphan", kind, False) for kind in kinds]
    assert troubles(orphans.check(repair=True)) == [("orphan", kind, True) for kind in kinds]
    assert troubles(orphans.check()) == []
    assert tenants.session(kept.id).execute(text("SELECT count(*) FROM belonging")).scalar() == 1


def test_a_database_in_use_is_left_to_a_person_even_when_its_row_is_lost(portal: Premises) -> None:
    tenant = open_company()
    with write(tenants.session(tenant.id)) as session:
        session.execute(
            text("INSERT INTO folder (name, key, created_at) VALUES ('도면', '도면', '2026-01-01 00:00:00')")
        )
    tenants.session(tenant.id).close()
    with write() as session:
        for table in ("membership", "provision_step", "tenant"):
            session.execute(text(f"DELETE FROM {table}"))
    found = [each for each in orphans.check(repair=True) if each.kind == "database" and each.trouble == "orphan"]
    assert [(each.removed, "folder" in each.message) for each in found] == [(False, True)]


def test_what_another_portal_made_on_the_same_server_is_left_alone(
    on_postgres: Premises, postgres: PostgresServer
) -> None:
    open_company()
    with postgres.connect() as connection:
        connection.execute("CREATE ROLE planroom_zzzzzzzzzzzz")
        connection.execute("COMMENT ON ROLE planroom_zzzzzzzzzzzz IS 'planroom other zzzzzzzzzzzz'")
        connection.execute("CREATE DATABASE planroom_zzzzzzzzzzzz")
    assert troubles(orphans.check(repair=True)) == [("orphan", "database", False), ("orphan", "role", False)]


def test_left_copies_are_found_and_taken_away(on_sqlite: Premises) -> None:
    open_company()
    left = on_sqlite.folder / "companies" / ".bcdfghjkmnpq.token.tmp"
    left.write_bytes(b"half")
    assert troubles(orphans.check(repair=True)) == [("orphan", "file", True)]
    assert not left.exists()


def test_check_prints_one_document_and_fails_while_something_stands(on_sqlite: Premises) -> None:
    stray("bcdfghjkmnpq")
    run = on_sqlite.app.test_cli_runner().invoke
    answer = run(args=["tenants", "check", "--json"])
    assert (answer.exit_code, json.loads(answer.stdout)["standing"]) == (1, 1)
    answer = run(args=["tenants", "check", "--json", "--repair"])
    assert (answer.exit_code, json.loads(answer.stdout)["standing"]) == (0, 0)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the migrations that a test may add to."""
    shutil.copytree(migrate.TREES, tmp_path / "migrations")
    monkeypatch.setattr(migrate, "TREES", tmp_path / "migrations")
    return tmp_path / "migrations" / "tenant" / "versions"


def add_revision(tree: Path) -> None:
    (tree / "9999_next.py").write_text(NEXT.format(head=migrate.head(migrate.TENANT)))


def bring_up_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """In threads of this process, which knows the copied tree; one at a time, for Alembic's globals."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only here

    monkeypatch.setattr(migration, "ProcessPoolExecutor", lambda **_options: ThreadPoolExecutor(1))


def has_addition(tenant_id: int) -> bool:
    tenants.session(tenant_id).rollback()
    try:
        tenants.session(tenant_id).execute(text("SELECT count(*) FROM addition"))
    except Exception:  # noqa: BLE001 - the engines differ in their word for a missing table
        tenants.session(tenant_id).rollback()
        return False
    return True


def test_a_poisoned_company_is_pinned_and_the_others_come_up(
    portal: Premises, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [open_company().id for _ in range(4)]
    with write(tenants.session(ids[2])) as session:
        session.execute(text("UPDATE belonging SET key = 'poison'"))
    add_revision(tree)
    bring_up_here(monkeypatch)
    moved = migration.migrate_all()
    assert [bool(one.error) for one in moved] == [False, False, True, False]
    assert [has_addition(tenant_id) for tenant_id in ids] == [True, True, False, True]
    db.db.session.rollback()
    pinned = db.db.session.get_one(Tenant, ids[2])
    assert "does not fit" in (pinned.migration_error or "")
    with write(tenants.session(ids[2])) as session:
        session.execute(text("UPDATE belonging SET key = 'healed'"))
    again = migration.migrate_all()
    assert [(one.tenant_id, one.revision, one.error) for one in again] == [(ids[2], "9999", "")]
    assert migration.migrate_all() == []


def test_a_canary_that_fails_stops_the_run(on_sqlite: Premises, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [open_company().id for _ in range(3)]
    with write(tenants.session(ids[1])) as session:
        session.execute(text("UPDATE belonging SET key = 'poison'"))
    add_revision(tree)
    bring_up_here(monkeypatch)
    key = db.db.session.get_one(Tenant, ids[1]).key
    moved = migration.migrate_all(canary=key)
    assert [(one.key, bool(one.error)) for one in moved] == [(key, True)]
    assert not any(has_addition(tenant_id) for tenant_id in ids)
    with pytest.raises(LookupError):
        migration.migrate_all(canary="nobody")


def test_companies_come_up_in_processes_of_their_own(portal: Premises) -> None:
    tenant = open_company()
    tenant_id = tenant.id
    with write() as session:
        session.get_one(Tenant, tenant_id).schema_revision = ""  # as after a run that died before it noted the result
    (moved,) = migration.migrate_all()
    assert (moved.tenant_id, moved.error, moved.revision) == (tenant_id, "", migrate.head(migrate.TENANT))


def test_a_company_opened_from_an_older_template_is_brought_up(
    portal: Premises, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_company()
    server, old = server_of(first), place_of(first)
    add_revision(tree)
    from portal.tenants import provisioning  # noqa: PLC0415 - only here

    provisioning.STAGE["schema"].outside(first)  # type: ignore[misc]
    assert has_addition(first.id)
    second = open_company()
    assert second.schema_revision == "9999"
    assert has_addition(second.id)
    assert [each.trouble for each in orphans.check() if each.trouble == "stale"] == ["stale"]
    orphans.check(repair=True)
    assert [each for each in orphans.check() if each.trouble == "stale"] == []
    assert server.url(old)


def test_a_company_whose_server_is_named_no_more_keeps_no_other_one_waiting(on_sqlite: Premises) -> None:
    lost, other = open_company("가나건설"), open_company("다라건설")
    with write() as session:
        session.get_one(Tenant, lost.id).server = "postgresql://elsewhere"
    with write(tenants.session_by_id(other.id)) as company:
        outbox.later(company, "drawings.report_failure", 1)
    connection = connect(on_sqlite.app.extensions["planroom.settings"])
    for company_id in (lost.id, other.id):
        clock._or_go_on(on_sqlite.app, relay_one, connection, str(company_id))
    assert outbox.backlog(tenants.session_by_id(other.id)) == 0
    assert renders.sweep() == 0
    connection.close()
