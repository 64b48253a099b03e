"""Two thousand random lives of a plan come to the same won as an independent day-by-day price, however they were billed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from portal.billing.rules.difference import bill
from portal.billing.rules.rating import rate
from portal.billing.rules.reading import document, problems, read_terms
from portal.billing.rules.terms import (
    SECONDS_A_DAY,
    Formula,
    Kind,
    Line,
    Measure,
    Model,
    Period,
    Phase,
    Price,
    Seat,
    Terms,
    Tier,
    Usage,
)
from tests.billing import oracle

HISTORIES = 2_000
PLANS = 60
MEASURES = {
    "views": Measure("views", "회"),
    "calls": Measure("calls", "천 회", scale=1000),
    "stored": Measure("stored", "GB·월", scale=1_000_000_000, over_time=True),
    "objects": Measure("objects", "개", level=True),
}


@dataclass(frozen=True)
class History:
    """One company's period: plans, usage by day, seats."""

    period: Period
    phases: list[Phase]
    days: oracle.Days
    seats: list[Seat]

    def usage(self, until: date | None = None) -> list[Usage]:
        """What metering would tell: one part for each phase, up to a day where asked for."""
        parts = []
        for phase in self.phases:
            begins = max(phase.from_date, self.period.from_date)
            ends = min(phase.to_date or self.period.to_date, self.period.to_date)
            if begins < ends:
                parts.append(self._part(begins, ends, until or ends))
        return parts

    def _part(self, begins: date, ends: date, until: date) -> Usage:
        span = [begins + timedelta(days=n) for n in range((ends - begins).days)]
        known = [day for day in span if day < until]
        totals, events = {}, {}
        for meter, measure in MEASURES.items():
            here = [self.days.get((meter, day), 0) for day in known]
            total = max(here, default=0) if measure.level else sum(here)
            totals[meter] = total * SECONDS_A_DAY if measure.over_time else total
            events[meter] = 0 if measure.level else sum(1 for amount in here if amount)
        return Usage(begins, ends, totals, events)

    def lines(self, *, closes: bool = True, until: date | None = None) -> list[Line]:
        return rate(self.phases, self.usage(until), self.seats, self.period, closes=closes, measures=MEASURES.values())


def test_no_won_differs_from_the_oracle_in_two_thousand_histories() -> None:
    dice = random.Random(20261126)
    plans = [a_plan(dice, number) for number in range(PLANS)]
    different, seen = [], set()
    for _number in range(HISTORIES):
        history = a_history(dice, plans)
        billed = billed_in_steps(dice, history)
        wanted = oracle.expected(history.phases, history.days, history.seats, history.period, MEASURES)
        if billed != wanted:
            different.append((history, billed, wanted))
        seen |= {key.split("|")[2] for key in billed}
    assert different == []
    assert seen >= {"base", "seats", *MEASURES, *(f"{meter}:minimum" for meter in MEASURES)}


def billed_in_steps(dice: random.Random, history: History) -> dict[str, int]:
    """Bills as they would be written: some before the end on what was known, the close, and one more that finds nothing."""
    billed: dict[str, int] = {}
    for _step in range(dice.choice([0, 0, 1, 2])):
        until = history.period.from_date + timedelta(days=dice.randrange(history.period.days + 1))
        write(history.lines(closes=dice.random() < 0.3, until=until), billed)
    write(history.lines(), billed)
    assert bill(history.lines(), billed) == []
    return {key: won for key, won in billed.items() if won}


def write(desired: list[Line], billed: dict[str, int]) -> None:
    for line in bill(desired, billed):
        billed[line.key] = billed.get(line.key, 0) + line.won


# ----- the dice ------------------------------------------------------------------------------------------------------


def a_plan(dice: random.Random, number: int) -> tuple[str, Terms]:
    prices = [
        Price("base", "기본료", Kind.FLAT, amount=dice.choice([won(dice, 90_000), Decimal(30_000)])),
        Price(
            "seats",
            "좌석",
            Kind.SEAT,
            amount=dice.choice([won(dice, 20_000), Decimal(9_900)]),
            included=dice.choice([0, 0, 2]),
        ),
    ]
    for meter in dice.sample(sorted(MEASURES), dice.randint(1, 4)):
        least, most = sorted((won(dice, 40_000), won(dice, 90_000)))
        prices.append(
            Price(
                meter,
                meter,
                Kind.USAGE,
                meter=meter,
                formula=a_formula(dice),
                minimum=dice.choice([None, least]),
                maximum=dice.choice([None, None, most]),
            )
        )
    terms = Terms(tuple(dice.sample(prices, len(prices))))
    assert problems(terms) == []
    assert read_terms(document(terms)) == terms
    return f"plan:p{number}@1", terms


def a_formula(dice: random.Random) -> Formula:
    model = dice.choice(list(Model))
    tiers = ()
    if model in (Model.GRADUATED, Model.VOLUME, Model.GRADUATED_PERCENTAGE):
        bounds = [*sorted(dice.sample(range(1, 900), dice.randint(0, 3))), None]
        tiers = tuple(
            Tier(
                up_to=None if bound is None else Decimal(bound) + Decimal(dice.choice(["0", "0.5"])),
                unit=won(dice, 300),
                flat=won(dice, dice.choice([0, 3000])),
                percent=Decimal(dice.randrange(1000)) / 10,
            )
            for bound in bounds
        )
    if model is Model.CAPACITY:
        limits = [{"objects": Decimal(40), "views": Decimal(300)}, {"objects": Decimal(90), "stored": Decimal(50)}, {}]
        tiers = tuple(Tier(price=won(dice, 50_000), max=limit) for limit in limits)
    return Formula(
        model,
        unit=won(dice, 300),
        size=Decimal(dice.randint(1, 70)),
        free_units=dice.choice([Decimal(0), won(dice, 200)]),
        tiers=tiers,
        percent=Decimal(dice.randrange(1000)) / 10,
        flat=won(dice, 9_000),
        free_events=dice.choice([0, 5]),
        flat_per_event=dice.choice([Decimal(0), won(dice, 90)]),
    )


def a_history(dice: random.Random, plans: list[tuple[str, Terms]]) -> History:
    first = date(2026, dice.randint(1, 12), dice.choice([1, 1, 15]))
    after = (first + timedelta(days=31)).replace(day=first.day)
    period = Period(first, after)
    return History(period, phases(dice, plans, period), days(dice, period), seats(dice, period))


def phases(dice: random.Random, plans: list[tuple[str, Terms]], period: Period) -> list[Phase]:
    """Plans one after another, now and then back to one that held before, or begun and left on the same day."""
    chosen = dice.sample(plans, 2)
    turns = sorted(dice.randrange(-5, period.days + 3) for _turn in range(dice.choice([0, 0, 1, 1, 2, 3])))
    starts = [period.from_date + timedelta(days=n) for n in (dice.choice([-40, 0, 0, 7]), *turns)]
    starts.sort()
    ends: list[date | None] = [*starts[1:], dice.choice([None, None, period.to_date - timedelta(days=3)])]
    held = []
    for begins, ends_on in zip(starts, ends, strict=True):
        version, terms = dice.choice(chosen)
        if ends_on is None or begins <= ends_on:
            held.append(Phase(version, terms, begins, ends_on))
    return dice.sample(held, len(held))


def days(dice: random.Random, period: Period) -> oracle.Days:
    most = {"views": 60, "calls": 90_000, "stored": 200_000_000_000, "objects": 120}
    quiet = dice.choice([0, 0.3, 0.9, 1])
    return {
        (meter, period.from_date + timedelta(days=n)): dice.randrange(most[meter])
        for meter in MEASURES
        for n in range(period.days)
        if dice.random() >= quiet
    }


def seats(dice: random.Random, period: Period) -> list[Seat]:
    found = []
    for _seat in range(dice.randint(0, 8)):
        begins = period.from_date + timedelta(days=dice.randrange(-40, period.days + 5))
        lasts = dice.choice([None, dice.randrange(0, 50)])
        ends = None if lasts is None else begins + timedelta(days=lasts)
        found.append(Seat(f"person:{dice.randint(1, 6)}", begins, ends))
    return found


def won(dice: random.Random, most: int) -> Decimal:
    """An amount with six places, now and then a whole one."""
    return dice.choice([Decimal(dice.randrange(most + 1)), Decimal(dice.randrange(most * 1_000_000 + 1)).scaleb(-6)])
