"""What a period comes to: whole and in parts, when plans change, with minimum and cap; billed once, and mended once."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.billing.rules.difference import bill, period_of
from portal.billing.rules.rating import estimate, projected, rate
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
    Tier,
    Usage,
)
from portal.billing.rules.totals import cut_line, totals

NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 1))
GB = 1_000_000_000
STORED = Measure("stored", "GB·월", scale=GB, over_time=True)
VIEWS = Measure("views", "회")
STORAGE = Price(
    "storage",
    "저장 공간",
    Kind.USAGE,
    meter="stored",
    formula=Formula(
        Model.GRADUATED,
        free_units=Decimal(10),
        tiers=(Tier(up_to=Decimal(100), unit=Decimal("120.5")), Tier(unit=Decimal(90))),
    ),
)
VIEWED = Price("views", "열람", Kind.USAGE, meter="views", formula=Formula(Model.UNIT, unit=Decimal("0.5")))
BASE = Price("base", "기본료", Kind.FLAT, amount=Decimal(49_000))
SEATS = Price("seats", "좌석", Kind.SEAT, amount=Decimal(10_000))
STANDARD = Terms((BASE, SEATS, STORAGE))
PRO = Terms((replace(BASE, amount=Decimal(99_000)), replace(SEATS, amount=Decimal(15_000)), STORAGE))


def on(day: int) -> date:
    return date(2026, 11, day)


def whole(terms: Terms, version: str = "plan:standard@3") -> list[Phase]:
    return [Phase(version, terms, date(2026, 1, 1))]


def november(  # noqa: PLR0913 - what a period is rated by
    terms: Terms | None = None,
    *,
    phases: list[Phase] | None = None,
    seats: list[Seat] | None = None,
    usage: list[Usage] | None = None,
    closes: bool = True,
    measures: tuple[Measure, ...] = (STORED, VIEWS),
) -> list[Line]:
    held = phases if phases is not None else whole(terms or STANDARD)
    return rate(held, usage or [], seats or [], NOVEMBER, closes=closes, measures=measures)


def won(lines: list[Line]) -> dict[str, int]:
    return {line.key: line.won for line in lines if line.won}


# ----- lines ---------------------------------------------------------------------------------------------------------


def test_a_month_has_a_line_for_each_price_with_its_name_days_and_formula() -> None:
    used = Usage(on(1), date(2026, 12, 1), {"stored": 120 * GB * 30 * SECONDS_A_DAY})
    seats = [Seat("person:1", on(1)), Seat("person:2", on(16))]
    base, seat, storage = november(seats=seats, usage=[used])
    assert (base.key, base.won, base.quantity, base.unit) == ("2026-11|plan:standard@3|base", 49_000, "1", "개월")
    assert (seat.key, seat.won, seat.quantity, seat.unit) == ("2026-11|plan:standard@3|seats", 15_000, "45", "명·일")
    assert seat.explain["people"] == [
        {"who": "person:1", "days": 30, "won": 10_000},
        {"who": "person:2", "days": 15, "won": 5_000},
    ]
    assert (storage.won, storage.quantity, storage.unit) == (100 * 120.5 + 10 * 90, "120", "GB·월")
    assert storage.explain["tiers"] == [
        {"tier": 1, "quantity": "100", "unit": "120.5", "flat": "0", "amount": "12050"},
        {"tier": 2, "quantity": "10", "unit": "90", "flat": "0", "amount": "900"},
    ]
    assert (storage.explain["free"], storage.explain["version"]) == ("10", "plan:standard@3")
    assert (base.period_from, base.period_to) == (on(1), date(2026, 12, 1))


def test_every_line_can_be_kept_as_json() -> None:
    used = [Usage(on(1), on(11), {"stored": 7 * 10**17}), Usage(on(11), date(2026, 12, 1), {"stored": 10**18})]
    phases = [Phase("plan:a@1", STANDARD, on(1), on(11)), Phase("plan:b@1", PRO, on(11))]
    for line in november(phases=phases, seats=[Seat("person:1", on(2))], usage=used):
        kept = asdict(line) | {"period_from": str(line.period_from), "period_to": str(line.period_to)}
        assert json.loads(json.dumps(kept)) == kept
        assert len(line.key) <= 160
        assert len(line.quantity) <= 40


def test_a_quantity_without_an_end_is_rated_exactly_all_the_same() -> None:
    used = Usage(on(1), date(2026, 12, 1), {"views": 10})
    third = Measure("views", "묶음", scale=3)
    terms = Terms((replace(VIEWED, formula=Formula(Model.UNIT, unit=Decimal(3))),))
    (line,) = november(terms, usage=[used], measures=(third,))
    assert (line.quantity, line.won) == ("3.333333", 10)


def test_seats_that_are_included_cost_nothing() -> None:
    terms = Terms((replace(SEATS, included=2),))
    seats = [Seat(f"person:{n}", on(1)) for n in range(3)]
    (line,) = november(terms, seats=seats)
    assert line.won == 10_000
    assert line.explain["people"] == [{"who": f"person:{n}", "days": 30} for n in range(3)]


def test_a_minimum_fills_up_only_when_the_period_closes_and_by_a_line_of_its_own() -> None:
    terms = Terms((replace(VIEWED, minimum=Decimal(1000)),))
    used = [Usage(on(1), date(2026, 12, 1), {"views": 199})]
    assert won(november(terms, usage=used, closes=False)) == {"2026-11|plan:standard@3|views": 100}
    closed = november(terms, usage=used)
    assert won(closed) == {"2026-11|plan:standard@3|views": 100, "2026-11|plan:standard@3|views:minimum": 900}
    assert closed[1].explain["minimum"] == 1000


def test_a_cap_is_said_on_the_line() -> None:
    terms = Terms((replace(VIEWED, maximum=Decimal(70)),))
    (line,) = november(terms, usage=[Usage(on(1), date(2026, 12, 1), {"views": 199})])
    assert (line.won, line.explain["gross"], line.explain["maximum"]) == (70, "99.5", "70")


def test_a_level_of_half_a_month_is_no_less_high() -> None:
    tiers = (Tier(price=Decimal(10_000), max={"objects": Decimal(100)}), Tier(price=Decimal(30_000)))
    terms = Terms((Price("size", "규모", Kind.USAGE, formula=Formula(Model.CAPACITY, tiers=tiers)),))
    phases = [Phase("plan:a@1", terms, on(16))]
    used = [Usage(on(16), date(2026, 12, 1), {"objects": 90})]
    assert november(phases=phases, usage=used, measures=(Measure("objects", "개", level=True),))[0].won == 5_000
    assert november(phases=phases, usage=used, measures=(Measure("objects", "개"),))[0].won == 15_000


# ----- plans that begin, end and change ------------------------------------------------------------------------------


def test_a_plan_that_begins_inside_the_month_costs_its_days() -> None:
    phases = [Phase("plan:standard@3", STANDARD, on(16))]
    lines = november(phases=phases, seats=[Seat("person:1", on(1))])
    assert won(lines) == {
        "2026-11|plan:standard@3|base|2026-11-16": 24_500,
        "2026-11|plan:standard@3|seats|2026-11-16": 5_000,
    }
    assert (lines[0].quantity, lines[0].unit, lines[0].explain["formula"]) == ("15", "일", "49,000원 × 15일 ÷ 30일")


def test_an_upgrade_at_once_is_rated_in_its_two_parts() -> None:
    phases = [Phase("plan:standard@3", STANDARD, on(1), on(11)), Phase("plan:pro@1", PRO, on(11))]
    month = 30 * SECONDS_A_DAY * GB
    used = [
        Usage(on(1), on(11), {"stored": 20 * month // 3}),
        Usage(on(11), date(2026, 12, 1), {"stored": 40 * month // 3}),
    ]
    assert won(november(phases=phases, usage=used)) == {
        "2026-11|plan:standard@3|base": 16_333,
        "2026-11|plan:standard@3|storage": 402,
        "2026-11|plan:pro@1|base|2026-11-11": 66_000,
        "2026-11|plan:pro@1|storage|2026-11-11": 803,
    }


def test_days_without_a_plan_cost_nothing() -> None:
    terms = Terms((BASE,))
    phases = [Phase("plan:standard@3", terms, on(1), on(11)), Phase("plan:standard@3", terms, on(21))]
    assert won(november(phases=phases)) == {
        "2026-11|plan:standard@3|base": 16_334,
        "2026-11|plan:standard@3|base|2026-11-21": 16_333,
    }


def test_usage_that_reaches_over_a_change_of_plan_is_refused() -> None:
    phases = [Phase("plan:standard@3", STANDARD, on(1), on(11)), Phase("plan:pro@1", PRO, on(11))]
    with pytest.raises(ValueError, match="change of plan"):
        november(phases=phases, usage=[Usage(on(1), date(2026, 12, 1), {"stored": 1})])


def test_usage_before_the_plan_began_costs_nothing() -> None:
    phases = [Phase("plan:standard@3", Terms((VIEWED,)), on(16))]
    used = [Usage(on(1), on(16), {"views": 1000}), Usage(on(16), date(2026, 12, 1), {"views": 10})]
    assert [line.won for line in november(phases=phases, usage=used)] == [5]


def test_two_plans_on_one_day_are_refused() -> None:
    with pytest.raises(ValueError, match="two plan versions"):
        november(phases=[Phase("plan:a@1", STANDARD, on(1), on(12)), Phase("plan:b@1", PRO, on(11))])


def test_no_plan_no_lines() -> None:
    assert november(phases=[]) == []
    assert november(phases=[Phase("plan:a@1", STANDARD, date(2026, 12, 1))]) == []
    with pytest.raises(ValueError, match="at least one day"):
        rate(whole(STANDARD), [], [], Period(on(1), on(1)), closes=True)


def test_an_upgrade_taken_back_at_once_leaves_no_trace() -> None:
    changed = [
        Phase("plan:standard@3", STANDARD, date(2026, 1, 1), on(11)),
        Phase("plan:pro@1", PRO, on(11), on(11)),
        Phase("plan:standard@3", STANDARD, on(11)),
    ]
    seats = [Seat("person:1", on(5))]
    plain = november(seats=seats)
    again = november(phases=changed, seats=seats)
    assert again == plain
    assert bill(again, won(plain)) == []


cuts = st.lists(st.integers(min_value=1, max_value=30), max_size=5, unique=True)


@settings(max_examples=60, deadline=None)
@given(cuts, st.integers(min_value=0, max_value=10**7))
def test_parts_of_a_month_at_one_price_add_up_to_it(days: list[int], micro: int) -> None:
    terms = Terms((replace(BASE, amount=Decimal(micro).scaleb(-3)), replace(SEATS, amount=Decimal(micro))))
    starts = [1, *sorted(day for day in days if day > 1)]
    ends: list[date | None] = [*(on(day) for day in starts[1:]), None]
    phases = [Phase(f"plan:p@{n}", terms, on(day), ends[n]) for n, day in enumerate(starts)]
    seats = [Seat("person:1", on(1)), Seat("person:2", on(1), on(15)), Seat("person:3", on(15))]
    parts, once = november(phases=phases, seats=seats), november(terms, seats=seats)
    for price in ("base", "seats"):
        assert sum(line.won for line in parts if f"|{price}" in line.key) == once[price == "seats"].won
    assert once[1].won == 2 * micro


@settings(max_examples=40, deadline=None)
@given(
    st.permutations([Seat("b", on(3), on(9)), Seat("a", on(1)), Seat("b", on(7)), Seat("c", on(29))]),
    st.permutations(range(4)),
)
def test_the_order_in_which_things_are_told_never_matters(seats: list[Seat], order: list[int]) -> None:
    parts = [Usage(on(1 + 7 * n), on(8 + 7 * n), {"views": 100 + n, "stored": 10**17}) for n in order]
    lines = november(Terms((BASE, SEATS, STORAGE, VIEWED)), seats=seats, usage=parts)
    assert won(lines)["2026-11|plan:standard@3|views"] == 203
    assert lines == november(
        Terms((BASE, SEATS, STORAGE, VIEWED)),
        seats=sorted(seats, key=repr),
        usage=sorted(parts, key=repr),
    )


# ----- billing -------------------------------------------------------------------------------------------------------

USED = Usage(on(1), date(2026, 12, 1), {"views": 100})
WITH_VIEWS = Terms((BASE, VIEWED))


def test_what_was_billed_is_not_billed_again() -> None:
    lines = november(WITH_VIEWS, usage=[USED])
    assert bill(lines, {}) == lines
    assert bill(lines, won(lines)) == []


def test_late_usage_is_billed_by_a_line_that_names_its_own_period() -> None:
    first = november(WITH_VIEWS, usage=[USED])
    (late,) = bill(november(WITH_VIEWS, usage=[replace(USED, totals={"views": 130})]), won(first))
    assert (late.key, late.won, late.name) == ("2026-11|plan:standard@3|views", 15, "열람 정정")
    assert (late.period_from, late.period_to) == (on(1), date(2026, 12, 1))
    assert (late.explain["desired"], late.explain["billed"]) == (65, 50)


def test_what_is_not_owed_any_more_is_taken_back() -> None:
    billed = won(november(WITH_VIEWS, usage=[USED]))
    (gone,) = bill(november(Terms((BASE,)), usage=[USED]), billed)
    assert (gone.key, gone.won, gone.period_from) == ("2026-11|plan:standard@3|views", -50, on(1))
    everything = bill([], billed)
    assert sum(line.won for line in everything) == -49_050


def test_the_cut_of_an_earlier_bill_is_left_alone() -> None:
    lines = november(Terms((replace(BASE, amount=Decimal(49_007)),)))
    cut = cut_line(totals(lines), NOVEMBER)
    assert cut is not None
    assert bill(lines, won([*lines, cut])) == []
    assert bill([], {cut.key: cut.won}) == []


def test_bills_of_another_period_are_refused() -> None:
    with pytest.raises(ValueError, match="another period"):
        bill(november(), {"2026-10|plan:standard@3|base": 49_000})


@pytest.mark.parametrize(
    "period", [NOVEMBER, Period(date(2026, 12, 1), date(2027, 1, 1)), Period(on(15), date(2026, 12, 15))]
)
def test_a_key_tells_its_period(period: Period) -> None:
    (line,) = rate(whole(Terms((BASE,))), [], [], period, closes=True)
    assert period_of(line.key) == period


# ----- estimates -----------------------------------------------------------------------------------------------------


def test_the_calculator_comes_to_what_the_month_will_cost() -> None:
    guess = Guess(seats=4, usage={"stored": 120 * GB, "views": 1000})
    lines = estimate(Terms((BASE, SEATS, STORAGE, VIEWED)), guess, NOVEMBER, [STORED, VIEWS])
    assert [line.won for line in lines] == [49_000, 40_000, 12_950, 500]
    assert (lines[1].quantity, lines[1].unit) == ("4", "명")


def test_usage_so_far_is_carried_on_at_its_pace() -> None:
    so_far = Usage(on(1), on(11), {"views": 100, "objects": 40}, {"views": 7})
    whole_month = projected(so_far, 30, [VIEWS, Measure("objects", "개", level=True)])
    assert whole_month == Usage(on(1), date(2026, 12, 1), {"views": 300, "objects": 40}, {"views": 21})


def test_a_usage_price_without_a_formula_is_a_bug() -> None:
    broken: Any = Terms((replace(VIEWED, formula=None),))
    with pytest.raises(ValueError, match="no formula"):
        november(broken)
