"""The door of metering: counting, totals, seats and limits."""

from portal.metering.counting import (
    ACCEPTED,
    CONFLICT,
    DUPLICATE,
    Event,
    meters,
    note_usage,
    take,
)
from portal.metering.seats import (
    LIMITS,
    SEATS,
    SeatSpan,
    assign,
    limit,
    may_change,
    open_seats,
    release,
    release_all,
    seat_history,
    set_entitlements,
)
from portal.metering.totals import Total, days, level_before, midnight, totals

__all__ = [
    "ACCEPTED",
    "CONFLICT",
    "DUPLICATE",
    "LIMITS",
    "SEATS",
    "Event",
    "SeatSpan",
    "Total",
    "assign",
    "days",
    "level_before",
    "limit",
    "may_change",
    "meters",
    "midnight",
    "note_usage",
    "open_seats",
    "release",
    "release_all",
    "seat_history",
    "set_entitlements",
    "take",
    "totals",
]
