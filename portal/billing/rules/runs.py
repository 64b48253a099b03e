"""The runs of a period: how long each plan version holds without a break, and what was used meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from portal.billing.rules.terms import SECONDS_A_DAY, Measure, Period, Phase, Terms, Usage


@dataclass(frozen=True, slots=True)
class Run:
    """A plan version in force on the days of `span`, a part of `period`."""

    version: str
    terms: Terms
    span: Period
    period: Period

    @property
    def share(self) -> Fraction:
        """Which part of the period it is, by days."""
        return Fraction(self.span.days, self.period.days)

    def line_key(self, price: str) -> str:
        """2026-11|plan:standard@3|seats, and its first day as a fourth part when it begins inside the period."""
        key = f"{self.period.label}|{self.version}|{price}"
        begins = self.span.from_date
        return key if begins == self.period.from_date else f"{key}|{begins.isoformat()}"


def runs_of(phases: Sequence[Phase], period: Period) -> list[Run]:
    """Phases cut to the period and in order. One that lasts no day is nothing, and neighbours of one version are one run:
    so a change taken back on the same day leaves no trace. ValueError when two phases hold on one day.
    """
    if period.days <= 0:
        raise ValueError("a period has at least one day")
    runs: list[Run] = []
    for phase in sorted(phases, key=lambda phase: (phase.from_date, phase.to_date or period.to_date)):
        begins = max(phase.from_date, period.from_date)
        ends = period.to_date if phase.to_date is None else min(phase.to_date, period.to_date)
        if begins >= ends:
            continue
        last = runs[-1] if runs else None
        if last is not None and begins < last.span.to_date:
            raise ValueError(f"two plan versions hold on {begins.isoformat()}")
        if (
            last is not None
            and begins == last.span.to_date
            and (last.version, last.terms) == (phase.version, phase.terms)
        ):
            runs[-1] = Run(last.version, last.terms, Period(last.span.from_date, ends), period)
        else:
            runs.append(Run(phase.version, phase.terms, Period(begins, ends), period))
    return runs


def used_in(run: Run, usage: Sequence[Usage], measure: Measure) -> tuple[int, int]:
    """Total and events of a meter in a run, in base units; of a level the largest. What no run covers costs nothing.

    ValueError when a usage reaches over the run's end: nobody could say which plan it belongs to.
    """
    total, events = 0, 0
    for part in usage:
        if part.to_date <= run.span.from_date or part.from_date >= run.span.to_date:
            continue
        if part.from_date < run.span.from_date or part.to_date > run.span.to_date:
            raise ValueError(f"usage from {part.from_date.isoformat()} reaches over a change of plan")
        here = part.totals.get(measure.key, 0)
        total = max(total, here) if measure.level else total + here
        events += part.events.get(measure.key, 0)
    return total, events


def in_units(run: Run, total: int, measure: Measure) -> Fraction:
    """Base units -> priced units. Over time, a unit is one that is held for the whole period."""
    seconds = run.period.days * SECONDS_A_DAY if measure.over_time else 1
    return Fraction(total, measure.scale * seconds)
