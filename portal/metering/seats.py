"""Named seats: who in a company may change drawings.

A seat is needed only where the company's agreement has a limit on seats. Somebody who may change drawings gets one by
themselves while there is one left; afterwards the company's admin decides whose it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.core import audit
from portal.core.clock import SEOUL, now
from portal.core.db import db, write
from portal.core.errors import Forbidden, NotFound, Refusal
from portal.core.gate import Caller
from portal.metering.limits import SEATS, limit
from portal.metering.models import Seat
from portal.metering.totals import midnight
from portal.tenants import rules as tenant_rules
from portal.tenants.models import Membership, Role, Tenant


@dataclass(frozen=True, slots=True)
class SeatSpan:
    """Whose seat on the Seoul days [from_date, to_date); None while it goes on. Two who hand it over on a day share none."""

    person_id: int
    from_date: date
    to_date: date | None


def open_seats(tenant_id: int) -> list[Seat]:
    """The seats in use, the oldest first."""
    query = select(Seat).where(Seat.tenant_id == tenant_id, Seat.released_at.is_(None)).order_by(Seat.id)
    return list(db.session.scalars(query))


def may_change(tenant_id: int, person_id: int) -> bool:
    """Whether somebody may change drawings as far as seats go: no limit, a seat, or one that is free for them now."""
    most = limit(tenant_id, SEATS)
    if most is None or has_seat(tenant_id, person_id):
        return True
    with write() as session:
        return _take_free(session, tenant_id, person_id, most)


def has_seat(tenant_id: int, person_id: int) -> bool:
    """Whether somebody holds a seat now."""
    held = select(Seat.id).where(Seat.tenant_id == tenant_id, Seat.person_id == person_id, Seat.released_at.is_(None))
    return db.session.scalar(held) is not None


def assign(who: Caller, person_id: int) -> None:
    """Give a member a seat. Refusal when all are taken, or when their role changes no drawings anyway."""
    _only_admins(who)
    with write() as session:
        _locked(session, who.tenant_id)
        here = (Membership.tenant_id == who.tenant_id, Membership.person_id == person_id)
        role = session.scalar(select(Membership.role).where(*here))
        if role is None:
            raise NotFound
        if not tenant_rules.may(role, tenant_rules.Right.CHANGE):
            raise Refusal(
                f"'{tenant_rules.ROLE_WORDS[Role(role)]}' 역할은 이용권 없이도 도면을 볼 수 있습니다.",
                "도면을 고칠 분이면 구성원 화면에서 역할을 먼저 바꾸어 주십시오.",
            )
        most = limit(who.tenant_id, SEATS)
        if not _take_free(session, who.tenant_id, person_id, most, by=who.actor):
            raise Refusal(
                f"이용권 {most}개를 모두 쓰고 있습니다.",
                "다른 사람의 이용권을 거두거나 요금제를 올려 주십시오.",
            )


def settle(tenant_id: int, person_id: int) -> None:
    """End the seat of somebody who is no member any more, or whose role changes no drawings. May run twice."""
    with write() as session:
        here = (Membership.tenant_id == tenant_id, Membership.person_id == person_id)
        role = session.scalar(select(Membership.role).where(*here))
        if role is None or not tenant_rules.may(role, tenant_rules.Right.CHANGE):
            release_all(session, tenant_id, person_id, "process")


def release(who: Caller, person_id: int) -> None:
    """Take a member's seat back. They may still look."""
    _only_admins(who)
    with write() as session:
        if not release_all(session, who.tenant_id, person_id, who.actor):
            raise NotFound


def release_all(session: Session, tenant_id: int, person_id: int | None, by: str) -> int:
    """End the open seats of one person (None: of everybody) in a company, inside write(). Returns how many."""
    mine = update(Seat).where(Seat.tenant_id == tenant_id, Seat.released_at.is_(None))
    if person_id is not None:
        mine = mine.where(Seat.person_id == person_id)
    done = session.execute(mine.values(released_at=now(), released_by=by))
    count = int(getattr(done, "rowcount", 0))
    if count:
        audit.record(
            session,
            "seat.release",
            actor=by,
            subject=f"person:{person_id}" if person_id else f"tenant:{tenant_id}",
            tenant_id=tenant_id,
            seats=count,
        )
    return count


def seat_history(tenant_id: int, from_date: date, to_date: date) -> list[SeatSpan]:
    """Who held seats on the days [from_date, to_date), as spans of whole Seoul days; what began and ended on one day is none."""
    query = select(Seat).where(Seat.tenant_id == tenant_id, Seat.assigned_at < midnight(to_date)).order_by(Seat.id)
    spans = []
    for seat in db.session.scalars(query):
        begins = seat.assigned_at.astimezone(SEOUL).date()
        ends = seat.released_at.astimezone(SEOUL).date() if seat.released_at else None
        if ends is None or (ends > from_date and ends > begins):
            spans.append(SeatSpan(seat.person_id, begins, ends))
    return spans


def _take_free(session: Session, tenant_id: int, person_id: int, most: int | None, by: str = "process") -> bool:
    _locked(session, tenant_id)
    held = select(Seat.person_id).where(Seat.tenant_id == tenant_id, Seat.released_at.is_(None))
    holders = set(session.scalars(held))
    if person_id in holders:
        return True
    if most is not None and len(holders) >= most:
        return False
    session.add(Seat(tenant_id=tenant_id, person_id=person_id, assigned_at=now(), assigned_by=by))
    audit.record(session, "seat.assign", actor=by, subject=f"person:{person_id}", tenant_id=tenant_id)
    return True


def _locked(session: Session, tenant_id: int) -> None:
    """Two who take the last seat at once: one after the other."""
    session.execute(select(Tenant.id).where(Tenant.id == tenant_id).with_for_update())


def _only_admins(who: Caller) -> None:
    if not tenant_rules.may(who.role, tenant_rules.Right.MEMBERS):
        raise Forbidden
