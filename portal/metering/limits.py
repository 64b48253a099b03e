"""What a company may use: limits by its agreement, and the word to its owner when one comes near.

A limit's key is "seats" or a meter's key; its value is in base units. Nothing agreed means no limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.core import audit, mail
from portal.core.clock import now, today
from portal.core.db import db, write
from portal.core.errors import Refusal
from portal.metering import rules
from portal.metering.counting import meters
from portal.metering.models import Aggregation, Entitlement, LimitNotice, Meter, Seat
from portal.metering.totals import level_before, totals
from portal.tenants.models import OPENING, Tenant, TenantState

SEATS = "seats"
STORED = "stored_bytes"
#: Limit -> its name, its unit, and how many base units that unit is.
LIMITS: dict[str, tuple[str, str, int]] = {
    SEATS: ("이용권", "명", 1),
    STORED: ("저장 용량", "GB", 1_000_000_000),
}
#: What a company may use until its subscription says it.
TRIAL: dict[str, int | None] = {SEATS: 5, STORED: 10_000_000_000}


_LIMITED = select(Entitlement.tenant_id, Entitlement.key).where(
    Entitlement.tenant_id.in_(bindparam("tenants", expanding=True)), Entitlement.limit_value.is_not(None)
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A limit and how much of it is used now, both in base units of `unit`."""

    key: str
    name: str
    unit: str
    scale: int
    used: int
    limit: int

    @property
    def used_words(self) -> str:
        return rules.told(*rules.in_unit(self.used, self.unit, self.scale))

    @property
    def limit_words(self) -> str:
        return rules.told(*rules.in_unit(self.limit, self.unit, self.scale))

    @property
    def percent(self) -> int:
        return rules.percent(self.used, self.limit)

    @property
    def near(self) -> int:
        """The highest of the marks (80, 100) that was reached; 0 for none."""
        return rules.mark_reached(self.used, self.limit)


def limit(tenant_id: int, key: str) -> int | None:
    """How much a company may use, in base units; None without end (also when nothing was agreed)."""
    query = select(Entitlement.limit_value).where(Entitlement.tenant_id == tenant_id, Entitlement.key == key)
    return db.session.scalar(query)


def set_entitlements(session: Session, tenant_id: int, limits: Mapping[str, int | None], source: str) -> None:
    """What a company may use from now on, inside write(); limits that are not named any more end."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    moment = now()
    for key, value in sorted(limits.items()):
        row = {"tenant_id": tenant_id, "key": key, "limit_value": value, "source": source, "since": moment}
        changed = {"limit_value": value, "source": source, "since": moment}
        session.execute(
            insert(Entitlement).values(**row).on_conflict_do_update(index_elements=["tenant_id", "key"], set_=changed)
        )
    gone = update(Entitlement).where(Entitlement.tenant_id == tenant_id, Entitlement.key.not_in(list(limits)))
    session.execute(gone.values(limit_value=None, source=source, since=moment))
    audit.record(
        session, "entitlement.set", actor="process", subject=f"tenant:{tenant_id}", tenant_id=tenant_id, source=source
    )


def limited(session: Session, pairs: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    """Those of the (company, meter) pairs that have a limit."""
    asked = sorted(pairs)
    if not asked:
        return []
    found = session.execute(_LIMITED, {"tenants": list({tenant_id for tenant_id, _ in asked})})
    agreed = {(tenant_id, key) for tenant_id, key in found}
    return [pair for pair in asked if pair in agreed]


def grant_trial(tenant_id: int) -> None:
    """Limits for a company that was just opened, unless its subscription has spoken already. May run twice, and late."""
    with write() as session:
        state = session.scalar(select(Tenant.state).where(Tenant.id == tenant_id).with_for_update())
        if state not in (*OPENING, TenantState.TRIAL, TenantState.ACTIVE):
            return  # heard once more when all is over: what is destroyed stays so
        if session.scalar(select(Entitlement.id).where(Entitlement.tenant_id == tenant_id).limit(1)) is None:
            set_entitlements(session, tenant_id, TRIAL, "trial")


def check_room(tenant_id: int, key: str, used: int, more: int) -> None:
    """Refuse what would go over a limit; `used` is what the asking room's own rows say, as they are never late."""
    most = limit(tenant_id, key)
    if most is None or used + more <= most:
        return
    name, unit, scale = LIMITS[key]
    held, allowed = ("".join(rules.in_unit(count, unit, scale)) for count in (used, most))
    raise Refusal(
        f"{name} {allowed} 가운데 {held}를 쓰고 있어 더 받을 수 없습니다.",
        "이용권 올리기를 회사 관리자에게 요청해 주십시오.",
        507,
    )


def standings(tenant_id: int) -> list[Standing]:
    """Every limit of a company with its use now: of a level the level, of seats the open ones, else this month's total."""
    query = select(Entitlement.key, Entitlement.limit_value).where(
        Entitlement.tenant_id == tenant_id, Entitlement.limit_value.is_not(None)
    )
    agreed = {key: value for key, value in db.session.execute(query) if value is not None}
    known = meters(retired=True)
    found = []
    for key, most in agreed.items():
        meter = known.get(key)
        if key != SEATS and meter is None:
            continue
        name, unit, scale = LIMITS.get(key) or (meter.name, meter.unit, meter.scale)  # type: ignore[union-attr]  # not seats
        found.append(Standing(key, name, unit, scale, _used(tenant_id, key, meter), most))
    order = [SEATS, *known]
    return sorted(found, key=lambda each: order.index(each.key))


def warn_owner(tenant_id: int, key: str) -> None:
    """Mail the owner when a meter comes to 80 % or 100 % of its limit, once for each mark and limit. May run twice."""
    if limit(tenant_id, key) is None:
        return
    near = [standing for standing in standings(tenant_id) if standing.key == key and standing.near]
    if not near:
        return
    with write() as session:
        tenant = session.get_one(Tenant, tenant_id, with_for_update=True)
        for standing in near:
            if _first_time(session, tenant_id, standing):
                mail.post(
                    session,
                    tenant.owner.email,
                    "usage_limit",
                    company=tenant.name,
                    standing=standing,
                )


def _first_time(session: Session, tenant_id: int, standing: Standing) -> bool:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = {"tenant_id": tenant_id, "key": standing.key, "limit_value": standing.limit, "percent": standing.near}
    put = insert(LimitNotice).values(**row, at=now()).on_conflict_do_nothing()
    return session.scalar(put.returning(LimitNotice.percent)) is not None


def _used(tenant_id: int, key: str, meter: Meter | None) -> int:
    if meter is None:
        held = select(func.count()).select_from(Seat).where(Seat.tenant_id == tenant_id, Seat.released_at.is_(None))
        return db.session.scalar(held) or 0
    first, after = rules.month_of(today())
    if meter.aggregation == Aggregation.WEIGHTED:
        return level_before(tenant_id, key, after)
    return totals(tenant_id, first, after)[key].quantity
