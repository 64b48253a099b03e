"""What a usage page shows of a company's month: one meter large, its days, the people, all meters beside their limits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from portal.accounts.models import Person
from portal.core.clock import SEOUL, today
from portal.core.db import db
from portal.core.exports import Cell
from portal.metering import rules
from portal.metering.counting import meters
from portal.metering.limits import Standing, standings
from portal.metering.models import Aggregation, Meter, UsageDaily, UsageEvent
from portal.metering.totals import Total, days, midnight, totals
from portal.tenants.rules import RIGHTS, Right

#: Who sees how much their company uses.
SEES = RIGHTS[Right.USAGE]
FIRST_METER = "drawing_views"
MONTHS = 13
#: What the keys of the product's own events begin with: who did it.
_PERSON = "person:"
#: Meters whose events add up to what one person did.
_ADDS = (Aggregation.SUM, Aggregation.COUNT)


@dataclass(frozen=True, slots=True)
class Amount:
    """A quantity in words, and the number behind it in base units."""

    words: str
    unit: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of the chart: `value` in the chart's unit."""

    day: date
    label: str
    short: str
    value: int | float
    now: bool


@dataclass(frozen=True, slots=True)
class MeterRow:
    meter: Meter
    this_month: Amount
    last_month: Amount
    standing: Standing | None


@dataclass(frozen=True, slots=True)
class PersonRow:
    """What one person did: a count for each of the page's person meters."""

    name: str
    counts: list[int]
    last: datetime


@dataclass(frozen=True, slots=True)
class Usage:
    """One month of a company. `months` can be chosen, the newest first."""

    first: date
    after: date
    months: list[date]
    meter: Meter
    chips: list[tuple[str, str, None]]
    bars: list[Bar]
    bars_unit: str
    this_month: Amount
    last_month: Amount
    meters: list[MeterRow]
    person_meters: list[Meter]
    people: list[PersonRow]
    near: list[Standing]

    @property
    def current(self) -> bool:
        return self.first <= today() < self.after

    @property
    def empty(self) -> bool:
        return not self.people and not any(row.this_month.quantity or row.last_month.quantity for row in self.meters)


def usage_of(tenant_id: int, month: str = "", meter: str = "") -> Usage:
    """The figures of one month ("2026-11", this one by default), one meter of them large."""
    first, after = rules.month_of(_month(month))
    before, _ = rules.month_of(first - timedelta(days=1))
    now_used, then_used = totals(tenant_id, first, _until(after)), totals(tenant_id, before, first)
    limits = {standing.key: standing for standing in standings(tenant_id)}
    known = meters(retired=True)
    shown = {key: row for key, row in known.items() if row.retired_at is None or now_used[key].events}
    chosen = shown.get(meter) or shown.get(FIRST_METER) or next(iter(shown.values()))
    rows = [
        MeterRow(
            row,
            _amount(row, now_used[key], first, _until(after)),
            _amount(row, then_used[key], before, first),
            limits.get(key),
        )
        for key, row in shown.items()
    ]
    large = next(row for row in rows if row.meter.key == chosen.key)
    bars, unit = _bars(tenant_id, chosen, first, after)
    person_meters, people = _people(tenant_id, shown, first, after)
    return Usage(
        first=first,
        after=after,
        months=_months(tenant_id),
        meter=chosen,
        chips=[("" if key == FIRST_METER else key, row.name, None) for key, row in shown.items()],
        bars=bars,
        bars_unit=unit,
        this_month=large.this_month,
        last_month=large.last_month,
        meters=rows,
        person_meters=person_meters,
        people=people,
        near=[standing for standing in limits.values() if standing.near],
    )


def table_of(usage: Usage, name: str) -> tuple[list[str], list[list[Cell]]]:
    """Head and rows of one of the page's tables, "days", "people" or "meters", as they are seen."""
    if name == "people":
        head = ["사람", *(f"{meter.name}({meter.unit})" for meter in usage.person_meters), "마지막"]
        return head, [[row.name, *row.counts, f"{row.last.astimezone(SEOUL):%Y-%m-%d %H:%M}"] for row in usage.people]
    if name == "meters":
        return ["계량기", f"{usage.first:%Y-%m}", "그 전달", "지금", "한도"], [
            [
                row.meter.name,
                f"{row.this_month.words}{row.this_month.unit}",
                f"{row.last_month.words}{row.last_month.unit}",
                row.standing.used_words if row.standing else "",
                row.standing.limit_words if row.standing else "",
            ]
            for row in usage.meters
        ]
    head = ["날짜", f"{usage.meter.name}({usage.bars_unit})"]
    return head, [[bar.day, bar.value if isinstance(bar.value, int) else f"{bar.value:.1f}"] for bar in usage.bars]


def _month(text: str) -> date:
    """The month of an address as 2026-11; this one when it is none, or one that nobody has lived to see."""
    if not re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", text):
        return today()
    return min(date(int(text[:4]), int(text[5:]), 1), today())


def _until(after: date) -> date:
    """A month that still runs is told until tonight: a level is no mean of days to come."""
    return min(after, today() + timedelta(days=1))


def _amount(meter: Meter, total: Total, from_date: date, to_date: date) -> Amount:
    """A total as a person reads it; of a level its mean by time."""
    quantity = total.quantity
    if meter.aggregation == Aggregation.WEIGHTED:
        seconds = (to_date - from_date).days * 86_400
        quantity = quantity // seconds if seconds > 0 else 0
    words, unit = rules.in_unit(quantity, meter.unit, meter.scale)
    return Amount(words, unit, quantity)


def _bars(tenant_id: int, meter: Meter, first: date, after: date) -> tuple[list[Bar], str]:
    found = days(tenant_id, meter.key, first, after)
    unit, scale = meter.unit, meter.scale
    if unit == "GB" and max((quantity for _, quantity in found), default=0) < scale:
        unit, scale = "MB", scale // 1000
    rows = []
    for day, quantity in found:
        here = quantity if day <= today() else 0  # a level goes on, but not into days that have not come
        value = here if scale == 1 else round(max(here, 0) / scale, 1)
        rows.append(Bar(day, f"{day.month}월 {day.day}일", str(day.day), value, day == today()))
    return rows, unit


def _people(tenant_id: int, shown: dict[str, Meter], first: date, after: date) -> tuple[list[Meter], list[PersonRow]]:
    """Who used what, the busiest first; a name that is gone is told by its number."""
    query = (
        select(
            UsageEvent.key,
            UsageEvent.meter,
            func.count(),
            func.sum(UsageEvent.quantity),
            func.max(UsageEvent.at),
        )
        .where(
            UsageEvent.tenant_id == tenant_id,
            UsageEvent.at >= midnight(first),
            UsageEvent.at < midnight(after),
            UsageEvent.meter.in_([key for key, meter in shown.items() if meter.aggregation in _ADDS]),
            UsageEvent.key.like(f"{_PERSON}%"),
        )
        .group_by(UsageEvent.key, UsageEvent.meter)
    )
    counts: dict[int, dict[str, int]] = {}
    last: dict[int, datetime] = {}
    for key, meter, events, quantity, at in db.session.execute(query):
        number = key.removeprefix(_PERSON)
        if not number.isascii() or not number.isdigit():
            continue
        person = int(number)
        used = int(events) if shown[meter].aggregation == Aggregation.COUNT else int(quantity)
        counts.setdefault(person, {})[meter] = used
        last[person] = max(at, last.get(person, at))
    used_meters = [meter for key, meter in shown.items() if any(key in each for each in counts.values())]
    names = _names(tenant_id, list(counts))
    rows = [
        PersonRow(names.get(person, f"사람 {person}"), [each.get(meter.key, 0) for meter in used_meters], last[person])
        for person, each in counts.items()
    ]
    return used_meters, sorted(rows, key=lambda row: ([-count for count in row.counts], row.name))


def _names(tenant_id: int, person_ids: list[int]) -> dict[int, str]:
    """Names of those whose acts the product itself counted here: a key sent from outside names nobody."""
    keys = [f"{_PERSON}{person}" for person in person_ids]
    own = select(UsageEvent.key).where(
        UsageEvent.tenant_id == tenant_id, UsageEvent.source == "product", UsageEvent.key.in_(keys)
    )
    known = {int(key.removeprefix(_PERSON)) for key in db.session.scalars(own.distinct())}
    rows = db.session.execute(select(Person.id, Person.name).where(Person.id.in_(known)))
    return {person_id: name for person_id, name in rows}  # noqa: C416 - rows are not pairs to mypy


def _months(tenant_id: int) -> list[date]:
    """This month and those before it that have usage, at most `MONTHS`."""
    begun = db.session.scalar(select(func.min(UsageDaily.day)).where(UsageDaily.tenant_id == tenant_id))
    month = today().replace(day=1)
    found: list[date] = []
    while len(found) < MONTHS and (not found or (begun is not None and month >= begun.replace(day=1))):
        found.append(month)
        month = (month - timedelta(days=1)).replace(day=1)
    return found
