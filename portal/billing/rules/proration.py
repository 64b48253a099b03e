"""Days and cycles: which part of a price a part of its period costs."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction

from portal.billing.rules.terms import Period, Seat

#: Billing periods by their name, in months; the others are in days.
MONTHS = {"monthly": 1, "bimonthly": 2, "quarterly": 3, "biannual": 6, "annual": 12, "yearly": 12, "biennial": 24}
DAYS = {"daily": 1, "weekly": 7, "biweekly": 14, "thirty_days": 30}
LAST_DAY = 31
#: A subscription of more cycles than this is a slip of the pen.
MOST_CYCLES = 100_000


def prorate(price: Fraction, days: int, of: int) -> Fraction:
    """So many days' part of a price, exactly: price x days / of."""
    if of <= 0 or days < 0:
        raise ValueError("days are counted from 0, of at least one")
    return price * days / of


# ----- cycles --------------------------------------------------------------------------------------------------------


def cycles(start: date, end: date | None, target: date, billing_day: int, period: str) -> Fraction:
    """How many billing cycles are billed in advance, from `start` until the cycle that holds `target`, stopping at `end`.

    A part before the first billing day counts by its days over the days of the cycle that ends there, a part before `end`
    over the days of the cycle it lies in (the rule of Kill Bill's in-advance tests). ValueError when the dates are not
    in order or the period is unknown.
    """
    if target < start or (end is not None and end < start):
        raise ValueError("start comes before end and target")
    if end == start:
        return Fraction(0)
    first = _first_billing_day(start, billing_day, period)
    counted = Fraction(0)
    if start < first:
        before = _shifted(first, period, -1)
        counted += Fraction(((first if end is None else min(first, end)) - start).days, (first - before).days)
    for number in range(MOST_CYCLES):
        begins = _aligned(_shifted(first, period, number), billing_day, period)
        if begins > target or (end is not None and begins >= end):
            return counted
        ends = _aligned(_shifted(first, period, number + 1), billing_day, period)
        counted += Fraction(((ends if end is None else min(ends, end)) - begins).days, (ends - begins).days)
    raise ValueError("more cycles than anybody is billed for")


def _first_billing_day(start: date, billing_day: int, period: str) -> date:
    """The first billing day on or after `start`; periods counted in days begin with it."""
    if period in DAYS:
        return start
    if period not in MONTHS:
        raise ValueError(f"unknown billing period: {period[:40]!r}")
    if not 1 <= billing_day <= LAST_DAY:
        raise ValueError("a billing day lies between 1 and 31")
    day = _on_day(start.year, start.month, billing_day)
    return day if day >= start else _aligned(_shifted(day, period, 1), billing_day, period)


def _shifted(day: date, period: str, cycles_on: int) -> date:
    """So many cycles later (earlier when negative); a day the month does not have is its last."""
    if period in DAYS:
        return day + timedelta(days=DAYS[period] * cycles_on)
    month = day.year * 12 + day.month - 1 + MONTHS[period] * cycles_on
    return _on_day(month // 12, month % 12 + 1, day.day)


def _aligned(day: date, billing_day: int, period: str) -> date:
    return day if period in DAYS else _on_day(day.year, day.month, billing_day)


def _on_day(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))


# ----- seats ---------------------------------------------------------------------------------------------------------


def seat_days(seats: Iterable[Seat], period: Period) -> dict[str, int]:
    """On how many days of the period each person had a seat, people in order of their name. A day counts once a person."""
    held = _held(seats, period)
    return {who: sum((ends - begins).days for begins, ends in held[who]) for who in sorted(held)}


def paid_seat_days(seats: Iterable[Seat], period: Period, included: int) -> int:
    """Seat-days above the `included` seats of each day."""
    changes: dict[date, int] = {}
    for spans in _held(seats, period).values():
        for begins, ends in spans:
            changes[begins] = changes.get(begins, 0) + 1
            changes[ends] = changes.get(ends, 0) - 1
    paid, held, since = 0, 0, period.from_date
    for day in sorted(changes):
        paid += max(0, held - included) * (day - since).days
        held, since = held + changes[day], day
    return paid


def _held(seats: Iterable[Seat], period: Period) -> dict[str, list[tuple[date, date]]]:
    """For each person the spans inside the period, without overlap."""
    spans: dict[str, list[tuple[date, date]]] = {}
    for seat in seats:
        begins = max(seat.from_date, period.from_date)
        ends = period.to_date if seat.to_date is None else min(seat.to_date, period.to_date)
        if begins < ends:
            spans.setdefault(seat.who, []).append((begins, ends))
    return {who: _joined(found) for who, found in spans.items()}


def _joined(spans: Iterable[tuple[date, date]]) -> list[tuple[date, date]]:
    """The same days without overlap."""
    whole: list[tuple[date, date]] = []
    for begins, ends in sorted(spans):
        if whole and begins <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], ends))
        else:
            whole.append((begins, ends))
    return whole
