"""From events to the one number of a period: count, sum, largest, latest, different ones, mean over time.

The order in which events come in never matters. The roll-ups of metering are held to these in tests.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

SEOUL = timezone(timedelta(hours=9))
NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True)
class Event:
    """`quantity` at an instant; `key` for meters that count different ones."""

    at: datetime
    quantity: Fraction
    key: str = ""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`units` of the period, and what is carried into the next one (the level at its end; nothing for the others)."""

    units: Fraction
    carry_out: Fraction = NOTHING


def instant(value: str) -> datetime:
    """ISO 8601, an instant or a day; without offset it is Seoul's, which has no summer time. ValueError otherwise."""
    moment = datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=SEOUL)).astimezone(UTC)


def aggregate(
    kind: str, events: Iterable[Event], since: datetime, until: datetime, carry_in: Fraction = NOTHING
) -> Aggregate:
    """One number for [since, until). ValueError for an unknown kind or an empty period."""
    if since >= until:
        raise ValueError("a period ends after it begins")
    ordered = sorted(events, key=lambda event: (event.at, event.key, event.quantity))
    if kind == "weighted":
        return _weighted(ordered, since, until, carry_in)
    inside = [event for event in ordered if since <= event.at < until]
    if kind == "count":
        return Aggregate(Fraction(len(inside)))
    if kind == "sum":
        return Aggregate(sum((event.quantity for event in inside), NOTHING))
    if kind == "max":
        return Aggregate(max((event.quantity for event in inside), default=NOTHING))
    if kind == "latest":
        return Aggregate(inside[-1].quantity if inside else NOTHING)
    if kind == "unique":
        return Aggregate(Fraction(len({event.key or event.quantity for event in inside})))
    raise ValueError(f"unknown aggregate: {kind[:40]!r}")


def _weighted(ordered: list[Event], since: datetime, until: datetime, carry_in: Fraction) -> Aggregate:
    """The mean over time of a running total; each event changes it from its instant on, an earlier one from the beginning."""
    level, area, at = carry_in, NOTHING, since
    for event in ordered:
        if event.at >= until:
            break
        moment = max(event.at, since)
        area += level * _microseconds(moment - at)
        level, at = level + event.quantity, moment
    area += level * _microseconds(until - at)
    return Aggregate(area / _microseconds(until - since), level)


def _microseconds(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
