"""The opening of a company, as a row of steps that survives the death of whoever takes them.

Each step may run twice: what it does outside is found again by the company's key, what it does inside commits together
with the row that says it is done. A lease keeps two jobs from going on at once; one that was killed is taken over when
its lease is over. Nothing of the company is visible before the last step, which is one commit.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, create_engine, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.pool import NullPool

from portal.core import ids, mail, migrate
from portal.core.clock import fresh, now
from portal.core.db import company_engines, db, engine_options, write
from portal.core.outbox import later, publish
from portal.core.seal import seal
from portal.tenants import rules
from portal.tenants.databases import PURPOSE, place_of, server_of, servers
from portal.tenants.membership import way_in
from portal.tenants.models import (
    OPENING,
    TENANT,
    Belonging,
    Membership,
    ProvisionStep,
    Role,
    StepName,
    StepState,
    Tenant,
    TenantState,
)
from portal.work import service as work

log = logging.getLogger("planroom.tenants")

JOB = "tenants.provision"
ITEM = "provisioning"
BY = "worker"
LONGEST_ERROR = 500


class LeaseLost(Exception):  # noqa: N818 - no error: another job goes on with the company
    """This job took too long, and another holds the company's lease now."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One step: `outside` acts on the server; `inside` joins the commit that says the step is done."""

    name: StepName
    words: str
    outside: Callable[[Tenant], None] | None = None
    inside: Callable[[Session, Tenant], None] | None = None


def provision(tenant_id: int) -> None:
    """Go on with the company's opening from wherever it stands; nothing when another job is at it, or it is open."""
    token = _claim(tenant_id)
    if token is None:
        return
    stage = None
    try:
        while (stage := _begin(tenant_id, token)) is not None:
            if stage.outside is not None:
                stage.outside(db.session.get_one(Tenant, tenant_id))
            _finish(tenant_id, token, stage)
    except LeaseLost:
        log.warning("tenant %s: another job goes on with its opening", tenant_id)
    except Exception as error:  # whatever it is, it is written on the step, and tried again
        log.exception("tenant %s: an attempt at its opening failed", tenant_id)
        _put_off(tenant_id, token, stage, error)


def sweep() -> int:
    """Nudge companies whose opening nobody is at, whatever became of their first nudge. Returns how many."""
    waiting = _free(fresh())
    if db.session.scalar(select(Tenant.id).where(*waiting).limit(1)) is None:
        return 0
    with write() as session:
        tenant_ids = list(session.scalars(select(Tenant.id).where(*waiting).order_by(Tenant.id).limit(100)))
        for tenant_id in tenant_ids:
            later(session, JOB, tenant_id)
        session.execute(update(Tenant).where(Tenant.id.in_(tenant_ids)).values(nudged_at=fresh()))
    return len(tenant_ids)


def retry(tenant_id: int, by: str) -> Tenant:
    """Try a failed opening again, from the step that failed."""
    with write() as session:
        tenant = session.get_one(Tenant, tenant_id)
        TENANT.move(session, tenant, "retry", by=by, next_try_at=None, nudged_at=fresh(), state_since=now())
        unfinished = (ProvisionStep.tenant_id == tenant_id, ProvisionStep.state != StepState.DONE)
        session.execute(update(ProvisionStep).where(*unfinished).values(attempts=0))
        later(session, JOB, tenant_id)
        work.close_item(session, kind=ITEM, subject=f"tenant:{tenant_id}", by=by)
        return tenant


def steps_of(tenant_id: int) -> list[ProvisionStep]:
    """The steps of a company's opening, in order."""
    query = select(ProvisionStep).where(ProvisionStep.tenant_id == tenant_id).order_by(ProvisionStep.position)
    return list(db.session.scalars(query))


def provision_rows(tenant_id: int) -> list[dict[str, Any]]:
    """The steps as pages show them (`p.steps`): label, state (done, now, failed, waiting), at, seconds, note."""
    tenant = db.session.get_one(Tenant, tenant_id)
    found = {row.name: row for row in steps_of(tenant_id)}
    shown = []
    for stage in STAGES:
        row = found.get(stage.name)
        entry: dict[str, Any] = {"label": stage.words, "state": "waiting", "at": None, "seconds": None, "note": ""}
        if row is not None and row.state == StepState.DONE and row.started_at and row.finished_at:
            entry |= {
                "state": "done",
                "at": row.finished_at,
                "seconds": (row.finished_at - row.started_at).total_seconds(),
            }
        elif row is not None and row.attempts:
            entry["state"] = "failed" if tenant.state == TenantState.FAILED else "now"
        if row is not None and row.attempts > 1:
            entry["note"] = f"{row.attempts}번 시도함"
        shown.append(entry)
    return shown


# The lease


def _free(moment: datetime) -> tuple[ColumnElement[bool], ...]:
    """The conditions under which a company waits for somebody to go on with it, and was not nudged just now."""
    return (
        Tenant.state.in_(OPENING),
        _over(Tenant.lease_until, moment, rules.LEASE),
        _over(Tenant.next_try_at, moment, rules.LONGEST_WAIT),
        or_(Tenant.nudged_at.is_(None), Tenant.nudged_at <= moment - rules.BETWEEN_NUDGES, Tenant.nudged_at > moment),
    )


def _over(column: InstrumentedAttribute[datetime | None], moment: datetime, longest: timedelta) -> ColumnElement[bool]:
    """A deadline that passed; one farther ahead than any we set is of a clock that was moved back, and passed too.

    With slack: `moment` may have been read before a wait for the row, while another set a deadline counted from later.
    """
    return or_(column.is_(None), column <= moment, column > moment + longest + rules.SLACK)


def _claim(tenant_id: int) -> str | None:
    """Take the company's lease; None while another holds it, or nothing is to be done."""
    token = ids.token()
    with write() as session:
        moment = fresh()
        free = (
            Tenant.id == tenant_id,
            Tenant.state.in_(OPENING),
            _over(Tenant.lease_until, moment, rules.LEASE),
            _over(Tenant.next_try_at, moment, rules.LONGEST_WAIT),
        )
        lease = {"lease_token": token, "lease_until": moment + rules.LEASE, "next_try_at": None}
        claimed = session.execute(update(Tenant).where(*free).values(**lease))
        if not getattr(claimed, "rowcount", 0):
            return None
        tenant = session.get_one(Tenant, tenant_id, populate_existing=True)
        if tenant.state == TenantState.REQUESTED:
            TENANT.move(session, tenant, "begin", by=BY, state_since=moment)
        have = set(session.scalars(select(ProvisionStep.name).where(ProvisionStep.tenant_id == tenant_id)))
        for position, stage in enumerate(STAGES):
            if stage.name not in have:
                session.add(
                    ProvisionStep(tenant_id=tenant_id, name=stage.name, position=position, state=StepState.WAITING)
                )
    return token


def _hold(session: Session, tenant_id: int, token: str) -> None:
    """Renew the lease inside a write. LeaseLost when it is not ours any more."""
    ours = (Tenant.id == tenant_id, Tenant.lease_token == token, Tenant.state == TenantState.PROVISIONING)
    held = session.execute(update(Tenant).where(*ours).values(lease_until=fresh() + rules.LEASE))
    if not getattr(held, "rowcount", 0):
        raise LeaseLost


def _begin(tenant_id: int, token: str) -> Stage | None:
    """The next step to take, its row saying so; None when all are done, or one was tried too often."""
    with write() as session:
        undone = select(ProvisionStep).where(
            ProvisionStep.tenant_id == tenant_id, ProvisionStep.state != StepState.DONE
        )
        row = session.scalar(undone.order_by(ProvisionStep.position).limit(1))
        if row is None:
            return None
        _hold(session, tenant_id, token)
        if row.attempts >= rules.MOST_ATTEMPTS:
            _give_up(session, session.get_one(Tenant, tenant_id), row)
            return None
        row.state, row.attempts, row.started_at = StepState.RUNNING, row.attempts + 1, fresh()
        return STAGE[row.name]


def _finish(tenant_id: int, token: str, stage: Stage) -> None:
    with write() as session:
        _hold(session, tenant_id, token)
        row = session.scalars(
            select(ProvisionStep).where(ProvisionStep.tenant_id == tenant_id, ProvisionStep.name == stage.name)
        ).one()
        if stage.inside is not None:
            stage.inside(session, session.get_one(Tenant, tenant_id))
        row.state, row.finished_at, row.error = StepState.DONE, fresh(), None


def _put_off(tenant_id: int, token: str, stage: Stage | None, error: Exception) -> None:
    """Write down what went wrong, and leave the company to a later attempt, or to a person."""
    words = f"{type(error).__name__}: {error}"[:LONGEST_ERROR]
    with write() as session:
        tenant = session.get(Tenant, tenant_id)
        if tenant is None or tenant.lease_token != token:
            return
        attempts = 1
        if stage is not None:
            named = (ProvisionStep.tenant_id == tenant_id, ProvisionStep.name == stage.name)
            row = session.scalars(select(ProvisionStep).where(*named)).one()
            row.state, row.error, attempts = StepState.WAITING, words, row.attempts
            if attempts >= rules.MOST_ATTEMPTS:
                _give_up(session, tenant, row)
                return
        tenant.lease_token = tenant.lease_until = None
        tenant.next_try_at = fresh() + rules.wait_after(attempts)


def _give_up(session: Session, tenant: Tenant, row: ProvisionStep) -> None:
    row.state = StepState.WAITING
    TENANT.move(session, tenant, "fail", by=BY, lease_token=None, lease_until=None, next_try_at=None, state_since=now())
    words = STAGE[row.name].words
    work.open_item(
        session,
        kind=ITEM,
        subject=f"tenant:{tenant.id}",
        title=f"{tenant.name}의 회사 열기가 '{words}'에서 멈췄습니다",
        body=f"{row.attempts}번 해 보았습니다. 원인을 고친 뒤 회사 화면에서 '다시 시도'를 눌러 주십시오. 마지막 오류: {row.error or '작업자가 도중에 끝남'}",
        url=f"/staff/tenants/{tenant.id}",
        tenant_id=tenant.id,
        roles=("support", "developer"),
    )


# The steps


def _reserve(session: Session, tenant: Tenant) -> None:
    """Choose the server with the fewest companies, and the names of what will be made there."""
    if tenant.server is not None:
        return
    counted = dict(
        session.execute(
            select(Tenant.server, func.count()).where(Tenant.server.is_not(None)).group_by(Tenant.server)
        ).all()
    )
    server = min(servers().values(), key=lambda each: counted.get(each.name, 0))
    tenant.server, tenant.database = server.name, server.database_name(tenant.key)
    password = server.new_password()
    tenant.role_password = seal(password, PURPOSE) if password else None


def _role(tenant: Tenant) -> None:
    server_of(tenant).make_role(place_of(tenant))


def _database(tenant: Tenant) -> None:
    server_of(tenant).make_database(place_of(tenant))


def _schema(tenant: Tenant) -> None:
    """Nothing to do for a fresh copy; a copy of an older template (a release came between) is brought up."""
    engine = owner_engine(tenant)
    if migrate.current(engine) != migrate.head(migrate.TENANT):
        migrate.upgrade(engine, migrate.TENANT)
    engine.dispose()


def _note_schema(_session: Session, tenant: Tenant) -> None:
    tenant.schema_revision, tenant.migration_error = migrate.head(migrate.TENANT), None


def _seed(tenant: Tenant) -> None:
    """Write whose it is, in the company's own name: so the role, its password and its rights are proven as well."""
    engine = company_engines().get(server_of(tenant).url(place_of(tenant)))
    with Session(engine) as company, write(company) as session:
        belonging = session.get(Belonging, 1)
        if belonging is None:
            session.add(Belonging(id=1, key=tenant.key, made_at=fresh()))
        elif belonging.key != tenant.key:
            message = f"the database says it belongs to {belonging.key}"
            raise RuntimeError(message)


def _open(session: Session, tenant: Tenant) -> None:
    """Everything that makes the company visible, in one commit."""
    moment = fresh()
    TENANT.move(
        session,
        tenant,
        "open",
        by=BY,
        opened_at=moment,
        trial_ends_at=moment + rules.TRIAL,
        state_since=moment,
        lease_token=None,
        lease_until=None,
    )
    owner = tenant.owner
    session.add(Membership(person_id=owner.id, tenant_id=tenant.id, role=Role.OWNER, created_at=moment))
    mail.post(session, owner.email, "invitation", tenant=tenant, person=owner, way_in=way_in(session, owner))
    work.close_item(session, kind=ITEM, subject=f"tenant:{tenant.id}", by=BY)
    publish(session, "tenant.opened", tenant.id)


STAGES: tuple[Stage, ...] = (
    Stage(StepName.RESERVE, "자리 정하기", inside=_reserve),
    Stage(StepName.ROLE, "열쇠 만들기", outside=_role),
    Stage(StepName.DATABASE, "데이터베이스 만들기", outside=_database),
    Stage(StepName.SCHEMA, "표 갖추기", outside=_schema, inside=_note_schema),
    Stage(StepName.SEED, "써 보기", outside=_seed),
    Stage(StepName.OPEN, "열고 초대하기", inside=_open),
)
STAGE: dict[str, Stage] = {stage.name: stage for stage in STAGES}


def owner_engine(tenant: Tenant) -> Engine:
    """An engine that may change the schema of the company's database; the caller disposes of it."""
    url = server_of(tenant).owner_url(place_of(tenant))
    return create_engine(url, poolclass=NullPool, connect_args=engine_options(url)["connect_args"])
