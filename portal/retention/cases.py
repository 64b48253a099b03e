"""The countdown: from the end of an agreement over locking, notices and two people's word to the seal. Everything else waits.

Until the seal is broken the company may come back, and a hold stops every step towards the destruction.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from portal.core import audit, mail
from portal.core.clock import SEOUL, now, today
from portal.core.db import db, write
from portal.core.errors import Forbidden, NotFound, Refusal
from portal.core.gate import Caller
from portal.core.outbox import later, once
from portal.retention import rules
from portal.retention.models import CASE, LIVE, Case, CaseState, Certificate, Hold
from portal.tenants import service as tenants
from portal.tenants.models import Role, Tenant, TenantState
from portal.work import service as work

C = CaseState
ITEM = "retention"
STAFF = frozenset({"support", "admin"})
JOB = "retention.destroy"
EXTENSION = timedelta(days=30)


def heard_ended(event_id: str, tenant_id: int) -> None:
    """An agreement is over: its days begin to count."""
    with write() as session:
        if not once(session, event_id, "retention.tenant_ended") or live_case(tenant_id) is not None:
            return
        tenant = session.get_one(Tenant, tenant_id)
        if tenant.state != TenantState.ENDED:
            return
        paid = tenant.subscribed_at is not None
        lock_on, due_on = rules.days(tenant.state_since.astimezone(SEOUL).date(), paid=paid)
        session.add(
            Case(
                tenant_id=tenant_id,
                state=C.LOOKING,
                paid=paid,
                opened_at=now(),
                lock_on=lock_on,
                due_on=due_on,
                noticed=[],
                inventory={},
                done=[],
                state_since=now(),
            )
        )
        _tell(session, tenant, "retention_begun", lock_on=lock_on, due_on=due_on)


def heard_activated(event_id: str, tenant_id: int) -> None:
    """The company came back: its days count no more."""
    with write() as session:
        if once(session, event_id, "retention.tenant_activated"):
            case = live_case(tenant_id)
            if case is not None:
                CASE.move(session, case, "end", by="process", state_since=now())
                work.close_item(session, kind=ITEM, subject=f"retention:{case.id}", by="process")


def live_case(tenant_id: int) -> Case | None:
    """The company's case that still counts."""
    return db.session.scalar(select(Case).where(Case.tenant_id == tenant_id, Case.state.in_(LIVE)))


def case_with(case_id: int) -> Case:
    """A case for staff; NotFound when there is none."""
    case = db.session.get(Case, case_id)
    if case is None:
        raise NotFound
    return case


def cases(show: str = "") -> list[Case]:
    """Cases of one state, or all that still count; those due first."""
    states = (C(show),) if show in set(C) else (*LIVE, C.DESTROYING)
    query = select(Case).options(joinedload(Case.tenant)).where(Case.state.in_(states))
    return list(db.session.scalars(query.order_by(Case.due_on, Case.id).limit(500)))


def counts() -> dict[str, int]:
    rows = db.session.execute(select(Case.state, func.count()).group_by(Case.state))
    return {str(row[0]): int(row[1]) for row in rows}


def hold_of(tenant_id: int) -> Hold | None:
    """The hold on a company that is not lifted."""
    return db.session.scalar(select(Hold).where(Hold.tenant_id == tenant_id, Hold.lifted_at.is_(None)))


def certificates() -> list[Certificate]:
    """The register of destructions, the newest first."""
    return list(db.session.scalars(select(Certificate).order_by(Certificate.id.desc())))


# ----- by the schedule -----------------------------------------------------------------------------------------------


def step_due() -> int:
    """Lock, notify, mark due and break seals as the days come; for the schedule. Returns how many cases moved."""
    day, moved = today(), 0
    for case_id in list(db.session.scalars(select(Case.id).where(Case.state.in_((C.LOOKING, C.KEPT, C.SEALED))))):
        with write() as session:
            case = _locked(session, case_id)
            if case.state == C.LOOKING and case.lock_on <= day:
                _lock(session, case)
                moved += 1
            elif case.state == C.KEPT:
                moved += _keep(session, case)
            elif case.state == C.SEALED and case.destroy_on is not None and case.destroy_on <= day:
                moved += _break_seal(session, case)
    return moved


def sweep() -> int:
    """Nudge destructions that were begun and not finished; for the schedule."""
    query = select(Case).where(Case.state == C.DESTROYING, (Case.lease_until.is_(None)) | (Case.lease_until < now()))
    if db.session.scalars(query.limit(1)).first() is None:
        return 0
    with write() as session:
        rows = session.scalars(query).all()
        for case in rows:
            later(session, JOB, case.id)
        return len(rows)


def _lock(session: Session, case: Case) -> None:
    tenant = tenants.retain(session, case.tenant_id, "retention")
    CASE.move(session, case, "lock", by="schedule", state_since=now())
    _tell(session, tenant, "retention_locked", lock_on=case.lock_on, due_on=case.due_on)


def _keep(session: Session, case: Case) -> int:
    days = rules.notice(case.due_on, today(), case.noticed)
    if days is not None:
        case.noticed = [*case.noticed, *(count for count in rules.NOTICES if count >= days)]
        _tell(session, case.tenant, "retention_notice", due_on=case.due_on, days=(case.due_on - today()).days)
    if case.due_on > today():
        return 0
    CASE.move(session, case, "come_due", by="schedule", state_since=now())
    _ask_staff(session, case, "보존기간이 끝났습니다. 내용을 확인하고 파기를 요청하거나 보존을 늘려 주십시오.")
    return 1


def _break_seal(session: Session, case: Case) -> int:
    if hold_of(case.tenant_id) is not None:
        return 0
    tenant = session.get_one(Tenant, case.tenant_id, with_for_update=True, populate_existing=True)
    if tenant.state != TenantState.RETAINED:
        return 0  # it came back a moment ago; its own event ends the case
    tenants.purge(session, tenant.id, "retention")
    CASE.move(session, case, "destroy", by="schedule", state_since=now(), nudged_at=now())
    later(session, JOB, case.id)
    return 1


# ----- by people -----------------------------------------------------------------------------------------------------


def ask(who: Caller, case_id: int, name: str) -> Case:
    """Ask for the destruction; the company's name is typed, so that nobody means another."""
    _only_staff(who)
    with write() as session:
        case = _locked(session, case_id)
        if name.strip() != case.tenant.name:
            raise Refusal("적은 이름이 고객사 이름과 다릅니다.", "파기할 고객사의 이름을 그대로 적어 주십시오.", 422)
        _not_held(case)
        CASE.move(session, case, "ask", by=who.actor, asked_by=who.actor, state_since=now())
        _ask_staff(session, case, "파기를 요청했습니다. 요청한 사람이 아닌 직원이 승인해 주십시오.")
        return case


def agree(who: Caller, case_id: int) -> Case:
    """Agree to what another asked for: the seal, and the last days in which it can be taken back."""
    _only_staff(who)
    with write() as session:
        case = _locked(session, case_id)
        if case.asked_by == who.actor:
            raise Refusal("파기를 요청한 사람은 승인할 수 없습니다.", "다른 직원에게 승인을 부탁해 주십시오.", 403)
        _not_held(case)
        destroy_on = today() + timedelta(days=rules.span(paid=case.paid).sealed)
        CASE.move(session, case, "agree", by=who.actor, agreed_by=who.actor, destroy_on=destroy_on, state_since=now())
        work.close_item(session, kind=ITEM, subject=f"retention:{case.id}", by=who.actor)
        return case


def take_back(who: Caller, case_id: int) -> Case:
    """Do not destroy after all: kept for another month."""
    return _extended(who, case_id, "take_back")


def extend(who: Caller, case_id: int) -> Case:
    """Keep it for another month instead of destroying it now."""
    return _extended(who, case_id, "extend")


def place_hold(who: Caller, tenant_id: int, reason: str) -> Hold:
    """Stop every step towards the destruction of a company until the hold is lifted."""
    _only_staff(who)
    with write() as session:
        if session.get(Tenant, tenant_id) is None:
            raise NotFound
        if hold_of(tenant_id) is not None:
            raise Refusal("이미 보류하고 있습니다.", "먼저 건 보류를 확인해 주십시오.")
        hold = Hold(tenant_id=tenant_id, reason=reason[:200], placed_by=who.actor, placed_at=now())
        session.add(hold)
        session.flush()
        audit.record(session, "legal_hold.place", actor=who.actor, subject=f"legal_hold:{hold.id}", tenant_id=tenant_id)
        return hold


def lift_hold(who: Caller, tenant_id: int) -> Hold:
    """The days count on from where they are."""
    _only_staff(who)
    with write() as session:
        hold = hold_of(tenant_id)
        if hold is None:
            raise NotFound
        hold.lifted_by, hold.lifted_at = who.actor, now()
        audit.record(session, "legal_hold.lift", actor=who.actor, subject=f"legal_hold:{hold.id}", tenant_id=tenant_id)
        return hold


def _extended(who: Caller, case_id: int, verb: str) -> Case:
    _only_staff(who)
    with write() as session:
        case = _locked(session, case_id)
        CASE.move(
            session, case, verb, by=who.actor, asked_by=None, agreed_by=None, destroy_on=None,
            due_on=today() + EXTENSION, noticed=[], state_since=now(),
        )  # fmt: skip
        work.close_item(session, kind=ITEM, subject=f"retention:{case.id}", by=who.actor)
        return case


def _not_held(case: Case) -> None:
    hold = hold_of(case.tenant_id)
    if hold is not None:
        raise Refusal(f"보류된 고객사입니다: {hold.reason}", "보류를 푼 뒤 다시 해 주십시오.")


def _ask_staff(session: Session, case: Case, body: str) -> None:
    work.open_item(
        session,
        kind=ITEM,
        subject=f"retention:{case.id}",
        title=f"{case.tenant.name} 자료의 파기를 확인해 주십시오",
        body=body,
        url=f"/staff/retention/{case.id}",
        tenant_id=case.tenant_id,
        roles=sorted(STAFF),
    )


def _tell(session: Session, tenant: Tenant, template: str, **values: object) -> None:
    """Tell the company's owners and admins."""
    for address in tenants.emails_of(session, tenant.id, (Role.OWNER, Role.ADMIN)):
        mail.post(session, address, template, tenant=tenant, **values)


def _locked(session: Session, case_id: int) -> Case:
    case = session.get(Case, case_id, with_for_update=True, populate_existing=True)
    if case is None:
        raise NotFound
    return case


def _only_staff(who: Caller) -> None:
    if not who.staff_roles & STAFF:
        raise Forbidden
