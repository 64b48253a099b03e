"""What a statement counted, for people: usage by meter in priced units, seats by person with their days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from portal.billing import listing, plans
from portal.billing.rules.exact import text
from portal.billing.rules.explaining import column
from portal.billing.rules.proration import seat_days
from portal.billing.rules.terms import SECONDS_A_DAY, Period, Seat
from portal.metering import service as metering


@dataclass(frozen=True, slots=True)
class Used:
    """A meter's total of a period; `events` is how often something was counted."""

    name: str
    quantity: str
    unit: str
    events: int
    note: str


@dataclass(frozen=True, slots=True)
class Held:
    """A person's seat in a period."""

    name: str
    days: int


def usage(document: dict[str, Any], period: Period) -> list[Used]:
    """Meters that were used, in their order. Held amounts are the mean over the period, heights the largest."""
    names, rows = metering.meters(retired=True), []
    for measure in plans.measures():
        found = [part for part in document["usage"] if part["totals"].get(measure.key)]
        amounts = [int(part["totals"][measure.key]) for part in found]
        if not amounts:
            continue
        total = max(amounts) if measure.level else sum(amounts)
        quantity = Fraction(total, measure.scale * (period.days * SECONDS_A_DAY if measure.over_time else 1))
        note = "기간 평균" if measure.over_time else "가장 큰 값" if measure.level else ""
        events = sum(int(part["events"].get(measure.key, 0)) for part in found)
        rows.append(Used(names[measure.key].name, column(text(quantity)), measure.unit, events, note))
    return rows


def seats(document: dict[str, Any], period: Period) -> list[Held]:
    """Who held a seat on how many days."""
    spans = [
        Seat(
            seat["who"],
            date.fromisoformat(seat["from_date"]),
            date.fromisoformat(seat["to_date"]) if seat["to_date"] else None,
        )
        for seat in document["seats"]
    ]
    held = seat_days(spans, period)
    names = listing.people(held)
    return [Held(names.get(who, f"구성원 {who.partition(':')[2]}"), days) for who, days in held.items()]
