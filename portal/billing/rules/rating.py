"""Rating: phases, usage and seats of a period become the lines it should have; billing is those minus what was billed.

Everything a plan asks for in a period it asks for by days when it holds for a part of it only: fixed prices and seats, and
of usage the tiers' bounds, fees, allowance, minimum and cap alike (amount = share x formula(quantity / share)). So a month
at one plan costs the same however often it was cut into parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from portal.billing.rules.difference import bill
from portal.billing.rules.exact import apportion, half_up, split, text
from portal.billing.rules.prices import Before, Charge, Used, charge
from portal.billing.rules.proration import paid_seat_days, seat_days
from portal.billing.rules.runs import Run, in_units, runs_of, used_in
from portal.billing.rules.terms import (
    SECONDS_A_DAY,
    Formula,
    Guess,
    Kind,
    Line,
    Measure,
    Model,
    Period,
    Phase,
    Price,
    Seat,
    Terms,
    Usage,
)
from portal.core.money import won

__all__ = ["bill", "estimate", "projected", "rate"]

#: The end of a price's key on the line that fills up to its minimum.
MINIMUM = ":minimum"
ESTIMATE = "estimate"


def rate(  # noqa: PLR0913 - what a period is rated by
    phases: Sequence[Phase],
    usage: Sequence[Usage],
    seats: Sequence[Seat],
    period: Period,
    *,
    closes: bool,
    measures: Iterable[Measure] = (),
) -> list[Line]:
    """The lines the period should have by what is known of it, each rounded once, lines of 0 won among them.

    `closes` adds the minimum of prices that fell short. A meter without a measure is counted in its base unit. ValueError
    when phases overlap, a usage reaches over a change of plan, or a quantity is above the last tier.
    """
    known = {measure.key: measure for measure in measures}
    runs = runs_of(phases, period)
    fixed = _fixed_lines(runs, seats)
    lines: list[Line] = []
    for run in runs:
        for price in run.terms.prices:
            if price.kind is Kind.USAGE:
                lines += _usage_lines(run, price, usage, known, closes=closes)
            else:
                lines.append(fixed[run.line_key(price.key)])
    return lines


def estimate(terms: Terms, guess: Guess, period: Period, measures: Iterable[Measure] = ()) -> list[Line]:
    """What a whole period would come to: the same lines as at its close. `guess.usage` of an over-time meter is held throughout."""
    known = {measure.key: measure for measure in measures}
    seconds = period.days * SECONDS_A_DAY
    totals = {
        key: amount * seconds if key in known and known[key].over_time else amount
        for key, amount in guess.usage.items()
    }
    return rate(
        [Phase(ESTIMATE, terms, period.from_date, period.to_date)],
        [Usage(period.from_date, period.to_date, totals)],
        [Seat(f"{number:06d}", period.from_date) for number in range(guess.seats)],
        period,
        closes=True,
        measures=known.values(),
    )


def projected(usage: Usage, days: int, measures: Iterable[Measure] = ()) -> Usage:
    """Usage so far, carried on at its pace until it has `days` days: the month's expected bill. Levels stay as they are."""
    levels = {measure.key for measure in measures if measure.level}
    span = Period(usage.from_date, usage.to_date)
    pace = Fraction(days, span.days)
    grown = [
        {key: amount if key in levels else half_up(amount * pace) for key, amount in counted.items()}
        for counted in (usage.totals, usage.events)
    ]
    until = usage.from_date.fromordinal(usage.from_date.toordinal() + days)
    return Usage(usage.from_date, until, grown[0], grown[1])


# ----- fixed prices and seats ----------------------------------------------------------------------------------------


def _fixed_lines(runs: Sequence[Run], seats: Sequence[Seat]) -> dict[str, Line]:
    """Lines of flat and seat prices by key. Parts of one price in a period are rounded together, so they add up to it."""
    groups: dict[tuple[Any, ...], list[tuple[Run, Price, int]]] = {}
    for run in runs:
        for price in run.terms.prices:
            if price.kind is not Kind.USAGE:
                group = groups.setdefault((price.key, price.kind, price.amount, price.included), [])
                group.append((run, price, _days(run, price, seats)))
    lines: dict[str, Line] = {}
    for group in groups.values():
        whole = Fraction(group[0][1].amount) / group[0][0].period.days
        parts = apportion([whole * days for _run, _price, days in group])
        for (run, price, days), part in zip(group, parts, strict=True):
            lines[run.line_key(price.key)] = _fixed_line(run, price, seats, days, part)
    return lines


def _days(run: Run, price: Price, seats: Sequence[Seat]) -> int:
    return run.span.days if price.kind is Kind.FLAT else paid_seat_days(seats, run.span, price.included)


def _fixed_line(run: Run, price: Price, seats: Sequence[Seat], days: int, amount: int) -> Line:
    of = run.period.days
    asked = f"{_won_text(Fraction(price.amount))}원"
    if price.kind is Kind.FLAT:
        whole = days == of
        quantity, unit = ("1", "개월" if run.period.is_month else "기간") if whole else (str(days), "일")
        formula = asked if whole else f"{asked} × {days}일 ÷ {of}일"
        return _line(run, price, quantity, unit, amount, {"formula": formula, "days": days})
    seats_exactly = days % of == 0
    quantity, unit = (str(days // of), price.unit_word or "명") if seats_exactly else (str(days), "명·일")
    formula = f"{asked} × {days // of}명" if seats_exactly else f"{asked} × {days}명·일 ÷ {of}일"
    return _line(
        run,
        price,
        quantity,
        unit,
        amount,
        {
            "formula": formula,
            "seat_days": days,
            "included": price.included,
            "people": _people(run, price, seats, amount),
        },
    )


def _people(run: Run, price: Price, seats: Sequence[Seat], amount: int) -> list[dict[str, Any]]:
    """Who had a seat on how many days, and which part of the line that is; no part where some seats cost nothing."""
    held = seat_days(seats, run.span)
    if price.included:
        return [{"who": who, "days": days} for who, days in held.items()]
    parts = split(amount, list(held.values()))
    return [{"who": who, "days": days, "won": part} for (who, days), part in zip(held.items(), parts, strict=True)]


# ----- usage ---------------------------------------------------------------------------------------------------------


def _usage_lines(
    run: Run, price: Price, usage: Sequence[Usage], known: Mapping[str, Measure], *, closes: bool
) -> Iterator[Line]:
    """The line of what was used, and one more that fills up to the minimum: together they come to it exactly."""
    formula = price.formula
    if formula is None:
        raise ValueError(f"the usage price {price.key} has no formula")
    measure = known.get(price.meter, Measure(price.meter, price.unit_word))
    used, quantity = _used(run, price, formula, usage, known)
    asked = _charge(price, formula, used, closes=closes)
    share = run.share
    amount = half_up(asked.net * share)
    explain: dict[str, Any] = {"formula": _words(formula, run), "model": formula.model.value, "tiers": asked.parts}
    if formula.free_units:
        explain["free"] = text(Fraction(formula.free_units) * share)
    if asked.net != asked.gross:
        explain |= {"gross": text(asked.gross * share), "maximum": text(Fraction(price.maximum or 0) * share)}
    unit = price.unit_word or measure.unit
    yield _line(run, price, text(quantity), unit, amount, explain)
    if asked.true_up:
        least = half_up(asked.amount * share)
        yield _minimum_line(run, price, least - amount, least)


def _charge(price: Price, formula: Formula, used: Used, *, closes: bool) -> Charge:
    minimum = None if price.minimum is None else Fraction(price.minimum)
    maximum = None if price.maximum is None else Fraction(price.maximum)
    return charge(formula, used, Before(), minimum=minimum, maximum=maximum, closes=closes)


def _used(
    run: Run, price: Price, formula: Formula, usage: Sequence[Usage], known: Mapping[str, Measure]
) -> tuple[Used, Fraction]:
    """What the formula is asked for, as if it had gone on so for the whole period; and what was really used."""
    measure = known.get(price.meter, Measure(price.meter, price.unit_word))
    total, events = used_in(run, usage, measure)
    quantity = in_units(run, total, measure)
    meters = {
        key: _pace(run, in_units(run, used_in(run, usage, other)[0], other), other)
        for key, other in _limited(formula, known).items()
    }
    return Used(_pace(run, quantity, measure), Fraction(events) / run.share, meters), quantity


def _limited(formula: Formula, known: Mapping[str, Measure]) -> dict[str, Measure]:
    """The meters a capacity price has limits for."""
    keys = sorted({key for tier in formula.tiers for key in tier.max})
    return {key: known.get(key, Measure(key, "")) for key in keys}


def _pace(run: Run, quantity: Fraction, measure: Measure) -> Fraction:
    """A sum grows with the days; a level is as high in a part of a period as in all of it."""
    return quantity if measure.level else quantity / run.share


def _minimum_line(run: Run, price: Price, amount: int, least: int) -> Line:
    explain = {"formula": f"최소 요금 {won(least)}까지 채움", "minimum": least}
    line = _line(run, price, "1", "회", amount, explain)
    return Line(
        key=run.line_key(price.key + MINIMUM),
        name=f"{price.name} 최소 요금 보충",
        meter=line.meter,
        period_from=line.period_from,
        period_to=line.period_to,
        quantity=line.quantity,
        unit=line.unit,
        won=line.won,
        explain=line.explain,
    )


# ----- how a line is written -----------------------------------------------------------------------------------------

_MODEL_WORDS = {
    Model.UNIT: "사용량 × 단가",
    Model.GRADUATED: "구간마다 그 구간의 단가",
    Model.VOLUME: "전체 사용량을 그 사용량이 속한 구간의 단가로",
    Model.PACKAGE: "시작한 묶음 수 × 묶음 가격",
    Model.PERCENTAGE: "사용량 × 비율 + 건별 요금",
    Model.GRADUATED_PERCENTAGE: "구간마다 그 구간의 비율",
    Model.CAPACITY: "모든 한도를 지키는 가장 낮은 구간의 가격",
    Model.FLAT: "정액",
}


def _words(formula: Formula, run: Run) -> str:
    words = _MODEL_WORDS[formula.model]
    return words if run.share == 1 else f"{words} (구간, 무료량, 최소·최대 요금을 {run.span.days}/{run.period.days}로)"


def _line(  # noqa: PLR0913 - what a line says
    run: Run, price: Price, quantity: str, unit: str, amount: int, explain: dict[str, Any]
) -> Line:
    share = {"version": run.version, "days_in_run": run.span.days, "days_in_period": run.period.days}
    return Line(
        key=run.line_key(price.key),
        name=price.name,
        meter=price.meter,
        period_from=run.span.from_date,
        period_to=run.span.to_date,
        quantity=quantity,
        unit=unit,
        won=amount,
        explain=explain | share,
    )


def _won_text(amount: Fraction) -> str:
    """Won with groups of three, and places where a unit price has them."""
    whole, _, places = text(amount).partition(".")
    return f"{int(whole):,}" + (f".{places}" if places else "")
