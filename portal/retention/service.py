"""The door of retention: the countdown, people's verbs, the destruction, the register."""

from portal.retention.cases import (
    agree,
    ask,
    case_with,
    cases,
    certificates,
    counts,
    extend,
    heard_activated,
    heard_ended,
    hold_of,
    lift_hold,
    live_case,
    place_hold,
    step_due,
    sweep,
    take_back,
)
from portal.retention.destruction import destroy
from portal.retention.kept import forget_kept, kept, open_kept

__all__ = [
    "agree",
    "ask",
    "case_with",
    "cases",
    "certificates",
    "counts",
    "destroy",
    "extend",
    "forget_kept",
    "heard_activated",
    "heard_ended",
    "hold_of",
    "kept",
    "lift_hold",
    "live_case",
    "open_kept",
    "place_hold",
    "step_due",
    "sweep",
    "take_back",
]
