"""Rating: phases, usage and seats of a period become the lines it should have; billing is those minus what was billed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from portal.billing.rules.terms import Guess, Line, Measure, Period, Phase, Seat, Terms, Usage


def rate(  # noqa: PLR0913 - what a period is rated by
    phases: Sequence[Phase],
    usage: Sequence[Usage],
    seats: Sequence[Seat],
    period: Period,
    *,
    closes: bool,
    measures: Iterable[Measure] = (),
) -> list[Line]:
    """The lines the period should have, by what is known of it. `closes` adds the minimum of prices that fell short."""
    _ = (phases, usage, seats, period, closes, measures)
    return []


def bill(desired: Iterable[Line], billed: Mapping[str, int]) -> list[Line]:
    """What is still to be billed: `desired` minus what stands in `billed` (line key -> won), lines of 0 won left out."""
    return [line for line in desired if line.key not in billed]


def estimate(terms: Terms, guess: Guess, period: Period, measures: Iterable[Measure] = ()) -> list[Line]:
    """What a whole period would come to: the same lines as at its close."""
    _ = (terms, guess, period, measures)
    return []
