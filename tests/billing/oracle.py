"""An independent price of a period: day by day, with exact fractions, by other formulas than the product's.

Where the product stretches a part's usage to a whole period and takes the part's share of the price, this shrinks the price
list to the part (bounds, fees, allowance, package, minimum and cap by days) and prices what was really used.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from math import ceil

from portal.billing.rules.terms import Formula, Measure, Model, Period, Phase, Price, Seat

Days = dict[tuple[str, date], int]
"""What was used, by meter and day: for meters over time the level held that day."""


def whole(amount: Fraction) -> int:
    """Half up, by the decimal library."""
    with localcontext() as context:
        context.prec = 60
        exact = Decimal(amount.numerator) / Decimal(amount.denominator)
        return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def expected(
    phases: list[Phase], used: Days, seats: list[Seat], period: Period, measures: dict[str, Measure]
) -> dict[str, int]:
    """Won by line key, lines of nothing left out, at the close of the period."""
    runs = _runs(phases, period)
    lines = _fixed(runs, seats, period)
    for phase, days in runs:
        for price in phase.terms.prices:
            if price.formula is not None:
                lines |= _usage(phase, price, price.formula, days, used, period, measures)
    return {key: won for key, won in lines.items() if won}


def _runs(phases: list[Phase], period: Period) -> list[tuple[Phase, list[date]]]:
    """Each day belongs to the phase that holds on it; days of one version that follow one another are a run."""
    runs: list[tuple[Phase, list[date]]] = []
    for number in range(period.days):
        day = period.from_date + timedelta(days=number)
        for phase in phases:
            if phase.from_date <= day and (phase.to_date is None or day < phase.to_date):
                if runs and runs[-1][0].version == phase.version and runs[-1][1][-1] == day - timedelta(days=1):
                    runs[-1][1].append(day)
                else:
                    runs.append((phase, [day]))
    return runs


def _key(phase: Phase, days: list[date], price: str, period: Period) -> str:
    key = f"{period.label}|{phase.version}|{price}"
    return key if days[0] == period.from_date else f"{key}|{days[0]}"


def _fixed(runs: list[tuple[Phase, list[date]]], seats: list[Seat], period: Period) -> dict[str, int]:
    exact: dict[tuple[object, ...], list[tuple[str, Fraction]]] = {}
    for phase, days in runs:
        for price in phase.terms.prices:
            if price.formula is None:
                units = len(days) if price.kind == "flat" else sum(_paid_seats(seats, day, price) for day in days)
                share = Fraction(price.amount) * units / period.days
                same = (price.key, price.kind, price.amount, price.included)
                exact.setdefault(same, []).append((_key(phase, days, price.key, period), share))
    lines: dict[str, int] = {}
    for parts in exact.values():
        left = whole(sum((share for _key, share in parts), Fraction(0))) - sum(int(share) for _key, share in parts)
        behind = sorted(parts, key=lambda part: int(part[1]) - part[1])
        lines |= {key: int(share) + (1 if (key, share) in behind[:left] else 0) for key, share in parts}
    return lines


def _paid_seats(seats: list[Seat], day: date, price: Price) -> int:
    held = {seat.who for seat in seats if seat.from_date <= day and (seat.to_date is None or day < seat.to_date)}
    return max(0, len(held) - price.included)


def _usage(  # noqa: PLR0913 - what a price depends on
    phase: Phase,
    price: Price,
    formula: Formula,
    days: list[date],
    used: Days,
    period: Period,
    measures: dict[str, Measure],
) -> dict[str, int]:
    share = Fraction(len(days), period.days)
    amount = _amount(formula, price.meter, days, used, period, measures)
    if price.maximum is not None:
        amount = min(amount, Fraction(price.maximum) * share)
    lines = {_key(phase, days, price.key, period): whole(amount)}
    if price.minimum is not None and amount < Fraction(price.minimum) * share:
        least = whole(Fraction(price.minimum) * share)
        lines[_key(phase, days, price.key + ":minimum", period)] = least - whole(amount)
    return lines


def _amount(  # noqa: PLR0913 - what a price depends on
    formula: Formula, meter: str, days: list[date], used: Days, period: Period, measures: dict[str, Measure]
) -> Fraction:
    share = Fraction(len(days), period.days)
    if formula.model is Model.FLAT:
        return Fraction(formula.flat) * share
    if formula.model is Model.CAPACITY:
        for tier in formula.tiers:
            if all(_height(key, days, used, period, measures) <= most for key, most in tier.max.items()):
                return Fraction(tier.price) * share
        return Fraction(formula.tiers[-1].price) * share
    level = measures[meter].level
    quantity = _height(meter, days, used, period, measures) * share
    paid = max(Fraction(0), quantity - Fraction(formula.free_units) * share)
    if formula.model is Model.UNIT:
        return paid * Fraction(formula.unit)
    if formula.model is Model.PACKAGE:
        return ceil(paid / (Fraction(formula.size) * share)) * Fraction(formula.unit) * share
    if formula.model is Model.PERCENTAGE:
        events = 0 if level else sum(1 for day in days if used.get((meter, day)))
        fees = max(Fraction(0), events - formula.free_events * share) * Fraction(formula.flat_per_event)
        return paid * Fraction(formula.percent) / 100 + (fees if quantity else 0)
    return _tiers(formula, paid, share)


def _height(meter: str, days: list[date], used: Days, period: Period, measures: dict[str, Measure]) -> Fraction:
    """How much a whole period would have had, in priced units."""
    measure = measures[meter]
    here = [used.get((meter, day), 0) for day in days]
    if measure.level:
        return Fraction(max(here), measure.scale)
    if measure.over_time:
        return Fraction(sum(here), measure.scale * len(days))
    return Fraction(sum(here) * period.days, measure.scale * len(days))


def _tiers(formula: Formula, paid: Fraction, share: Fraction) -> Fraction:
    bounds = [None if tier.up_to is None else Fraction(tier.up_to) * share for tier in formula.tiers]
    if formula.model is Model.VOLUME:
        lying = next(n for n, bound in enumerate(bounds) if bound is None or paid <= bound)
        return paid * Fraction(formula.tiers[lying].unit) + Fraction(formula.tiers[lying].flat) * share
    if formula.model is Model.GRADUATED_PERCENTAGE and paid == 0:
        return Fraction(0)
    amount = Fraction(0)
    for tier, below, bound in zip(formula.tiers, [None, *bounds], bounds, strict=False):
        if below is None or paid > below:
            inside = (paid if bound is None else min(paid, bound)) - (below or 0)
            unit = Fraction(tier.unit) if formula.model is Model.GRADUATED else Fraction(tier.percent) / 100
            amount += inside * unit + Fraction(tier.flat) * share
    return amount
