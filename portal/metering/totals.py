"""What was used in a span of Seoul days, from the roll-up; from the events themselves where days do not add up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import func, select

from portal.core.clock import SEOUL
from portal.core.db import db
from portal.metering.counting import meters
from portal.metering.models import Aggregation, UsageDaily, UsageEvent, UsageUnique

MICROSECOND = timedelta(microseconds=1)
_A_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Total:
    """One meter over a span: `quantity` in base units (a weighted meter: base units x seconds), and how many events."""

    quantity: int = 0
    events: int = 0


def totals(tenant_id: int, from_date: date, to_date: date) -> dict[str, Total]:
    """Each meter's total over the days [from_date, to_date), also of meters that were not used.

    Sums and counts come from the roll-up. A weighted meter's events are changes of a level: its total is the level's integral
    over the span, as if nothing more happened until the span's end.
    """
    rows = db.session.execute(
        select(
            UsageDaily.meter,
            func.sum(UsageDaily.events),
            func.sum(UsageDaily.quantity),
            func.max(UsageDaily.largest),
        )
        .where(UsageDaily.tenant_id == tenant_id, UsageDaily.day >= from_date, UsageDaily.day < to_date)
        .group_by(UsageDaily.meter)
    )
    rolled = {meter: (int(events), int(quantity), int(largest)) for meter, events, quantity, largest in rows}
    found = {}
    for key, meter in meters(retired=True).items():
        events, quantity, largest = rolled.get(key, (0, 0, 0))
        match meter.aggregation:
            case Aggregation.COUNT:
                quantity = events
            case Aggregation.MAX:
                quantity = largest
            case Aggregation.UNIQUE:
                quantity = _different(tenant_id, key, from_date, to_date)
            case Aggregation.LATEST:
                quantity = _latest(tenant_id, key, to_date)
            case Aggregation.WEIGHTED:
                quantity = _integral(tenant_id, key, from_date, to_date)
            case Aggregation.SUM:
                pass
        found[key] = Total(quantity, events)
    return found


def days(tenant_id: int, meter: str, from_date: date, to_date: date) -> list[tuple[date, int]]:
    """(day, quantity) for each day of the span, days without use among them; a weighted meter's level at the day's end."""
    query = select(UsageDaily.day, UsageDaily.quantity).where(
        UsageDaily.tenant_id == tenant_id,
        UsageDaily.meter == meter,
        UsageDaily.day >= from_date,
        UsageDaily.day < to_date,
    )
    used: dict[date, int] = {day: quantity for day, quantity in db.session.execute(query)}  # noqa: C416 - rows are not pairs to mypy
    weighted = meters(retired=True)[meter].aggregation == Aggregation.WEIGHTED
    level = level_before(tenant_id, meter, from_date) if weighted else 0
    found = []
    for number in range((to_date - from_date).days):
        day = from_date + timedelta(days=number)
        level = level + used.get(day, 0) if weighted else used.get(day, 0)
        found.append((day, level))
    return found


def level_before(tenant_id: int, meter: str, day: date) -> int:
    """A weighted meter's level when `day` begins."""
    query = select(func.sum(UsageDaily.quantity)).where(
        UsageDaily.tenant_id == tenant_id, UsageDaily.meter == meter, UsageDaily.day < day
    )
    return int(db.session.scalar(query) or 0)


def midnight(day: date) -> datetime:
    """The instant a Seoul day begins."""
    return datetime.combine(day, time(), SEOUL)


def _integral(tenant_id: int, meter: str, from_date: date, to_date: date) -> int:
    """The level over the span, in base units x seconds; exact but for the last second's part."""
    end, length = midnight(to_date), to_date - from_date
    changes = db.session.execute(
        select(UsageEvent.at, UsageEvent.quantity).where(
            UsageEvent.tenant_id == tenant_id,
            UsageEvent.meter == meter,
            UsageEvent.at >= midnight(from_date),
            UsageEvent.at < end,
        )
    )
    held = level_before(tenant_id, meter, from_date) * (length // MICROSECOND)
    held += sum(quantity * ((end - at) // MICROSECOND) for at, quantity in changes)
    return held // _A_SECOND


def _different(tenant_id: int, meter: str, from_date: date, to_date: date) -> int:
    query = select(func.count(func.distinct(UsageUnique.key))).where(
        UsageUnique.tenant_id == tenant_id,
        UsageUnique.meter == meter,
        UsageUnique.day >= from_date,
        UsageUnique.day < to_date,
    )
    return db.session.scalar(query) or 0


def _latest(tenant_id: int, meter: str, to_date: date) -> int:
    query = select(UsageEvent.quantity).where(
        UsageEvent.tenant_id == tenant_id, UsageEvent.meter == meter, UsageEvent.at < midnight(to_date)
    )
    # Of two at one instant the sender's own id decides, so that the order in which they came in does not.
    return db.session.scalar(query.order_by(UsageEvent.at.desc(), UsageEvent.event_id.desc()).limit(1)) or 0
