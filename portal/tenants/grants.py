"""Support enters a company: with a reason, to look only, for an hour at most, and in the company's own sight.

A grant holds on the device it was asked with, for as long as its person is support; it is read anew with every request, so
that its end, by the clock, by support or by the company's own people, acts at once on every server.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from portal.core import audit
from portal.core.clock import now
from portal.core.db import db, write
from portal.core.errors import Forbidden, NotFound, Refusal
from portal.core.gate import Caller
from portal.tenants import rules
from portal.tenants.models import ActingGrant, Tenant
from portal.tenants.rules import Right

#: Who of the staff may enter a company.
MAY_ENTER = frozenset({"support"})
LONGEST = timedelta(minutes=60)
SHORTEST_REASON, LONGEST_REASON = 5, 200
#: What support is inside: it sees what somebody sees who may look, and changes nothing.
ROLE = "viewer"
ONLY_LOOKING = "지원하러 들어와 보고 있습니다. 아무것도 바꿀 수 없습니다."
SHOWN = 50


def enter(caller: Caller, tenant_id: int, reason: str) -> ActingGrant:
    """Open the way into a company for an hour; an earlier visit with the same device ends. Raises Refusal without a reason."""
    said = " ".join(reason.split())
    if not MAY_ENTER & caller.staff_roles:
        raise Forbidden
    if not SHORTEST_REASON <= len(said) <= LONGEST_REASON:
        raise Refusal(
            "들어가는 까닭을 적어 주십시오.",
            f"문의 번호처럼 {SHORTEST_REASON}자에서 {LONGEST_REASON}자로 적습니다.",
            422,
        )
    with write() as session:
        tenant = session.get(Tenant, tenant_id)
        if tenant is None:
            raise NotFound
        if not tenant.has_database or rules.standing(tenant.state, tenant.mode).closed:
            raise Refusal(
                "지금은 들어갈 수 없는 회사입니다.", "이 회사에 있었던 일은 고객사 화면에서 보실 수 있습니다."
            )
        _end(session, ActingGrant.device_id == caller.device_id, by=caller.actor)
        moment = now()
        grant = ActingGrant(
            person_id=caller.person_id,
            device_id=caller.device_id,
            tenant_id=tenant_id,
            reason=said,
            started_at=moment,
            ends_at=moment + LONGEST,
        )
        session.add(grant)
        session.flush()
        audit.record(
            session,
            "support.enter",
            actor=caller.actor,
            subject=f"acting_grant:{grant.id}",
            tenant_id=tenant_id,
            personal={"reason": said},
        )
        return grant


def leave(caller: Caller) -> None:
    """Support goes out of the company it is in; nothing happens when it is in none."""
    with write() as session:
        _end(session, ActingGrant.device_id == caller.device_id, by=caller.actor)


def turn_out(caller: Caller, grant_id: int) -> ActingGrant:
    """A company's own admin ends a visit. NotFound for another company's."""
    if caller.acting or not rules.may(caller.role, Right.MEMBERS):
        raise Forbidden
    with write() as session:
        grant = session.scalar(
            select(ActingGrant).where(ActingGrant.id == grant_id, ActingGrant.tenant_id == caller.tenant_id)
        )
        if grant is None:
            raise NotFound
        _end(session, ActingGrant.id == grant_id, by=caller.actor)
        session.refresh(grant)
        return grant


def running(device_id: int, grant_id: object) -> ActingGrant | None:
    """The visit that a session speaks of, while it lasts and is this device's own."""
    if not isinstance(grant_id, int):
        return None
    holds = (
        ActingGrant.id == grant_id,
        ActingGrant.device_id == device_id,
        ActingGrant.ended_at.is_(None),
        ActingGrant.ends_at > now(),
    )
    return db.session.scalar(select(ActingGrant).options(joinedload(ActingGrant.tenant)).where(*holds))


def visits(tenant_id: int, most: int = SHOWN) -> list[ActingGrant]:
    """Support's visits to a company, the newest first."""
    query = select(ActingGrant).options(joinedload(ActingGrant.person)).where(ActingGrant.tenant_id == tenant_id)
    return list(db.session.scalars(query.order_by(ActingGrant.id.desc()).limit(most)))


def _end(session: Session, which: object, by: str) -> None:
    """End visits that still run, each with a line in the audit."""
    moment = now()
    open_ones = (ActingGrant.ended_at.is_(None), ActingGrant.ends_at > moment)
    for grant in session.scalars(select(ActingGrant).where(which, *open_ones)):  # type: ignore[arg-type]  # a condition
        session.execute(update(ActingGrant).where(ActingGrant.id == grant.id).values(ended_at=moment, ended_by=by))
        audit.record(session, "support.leave", actor=by, subject=f"acting_grant:{grant.id}", tenant_id=grant.tenant_id)
