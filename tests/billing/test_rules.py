"""The small rules of billing by tables: exact numbers, price lists as documents, days, seats, means over time, totals."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.billing.rules import exact
from portal.billing.rules.aggregates import Event, aggregate, instant
from portal.billing.rules.prices import Before, Used, charge, price
from portal.billing.rules.proration import cycles, paid_seat_days, seat_days
from portal.billing.rules.reading import WrongTerms, document, read_terms
from portal.billing.rules.terms import Formula, Line, Model, Period, Price, Seat, Tier, micro_won
from portal.billing.rules.totals import cut_line, totals

NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 1))
QUICK = settings(max_examples=60, deadline=None)
amounts = st.fractions(min_value=0, max_value=10**6, max_denominator=10**4)


# ----- exact numbers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "won"), [("0.5", 1), ("-0.5", -1), ("0.499999", 0), ("1.5", 2), ("2.5", 3), ("-2.5", -3), ("0", 0)]
)
def test_a_half_goes_away_from_zero(value: str, won: int) -> None:
    assert exact.half_up(Fraction(value)) == won


@pytest.mark.parametrize(
    ("value", "written"),
    [("10", "10"), ("0.10", "0.1"), ("-0.125", "-0.125"), ("1/3", "0.333333"), ("-2/3", "-0.666667"), ("0", "0"),
     ("100", "100"), ("1/1000000007", "0"), ("12345678901234567890.5", "12345678901234567890.5")],
)  # fmt: skip
def test_a_number_is_written_exactly_where_it_has_an_end(value: str, written: str) -> None:
    assert exact.text(Fraction(value)) == written


@pytest.mark.parametrize("value", [0.1, True, None, "1e3", "", "1,000", "NaN", "9" * 40, Decimal("NaN"), [1]])
def test_what_is_no_exact_decimal_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        exact.read(value)


@QUICK
@given(st.lists(amounts, max_size=12))
def test_apportioned_amounts_add_up_and_stay_within_a_won(parts: list[Fraction]) -> None:
    whole = exact.apportion(parts)
    assert sum(whole) == exact.half_up(sum(parts, Fraction(0)))
    assert all(abs(got - wanted) < 1 for got, wanted in zip(whole, parts, strict=True))


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (10_000, [10, 10, 10], [3334, 3333, 3333]),
        (-10, [1, 2], [-3, -7]),
        (5, [0, 0], [0, 0]),
        (0, [1], [0]),
        (7, [], []),
    ],
)
def test_a_total_is_split_without_losing_a_won(total: int, weights: list[int], parts: list[int]) -> None:
    assert exact.split(total, weights) == parts


def test_a_unit_price_is_whole_micro_won() -> None:
    assert micro_won(Decimal("0.05")) == 50_000
    with pytest.raises(ValueError):
        micro_won(Decimal("0.0000001"))


# ----- the price list ------------------------------------------------------------------------------------------------

STANDARD: dict[str, Any] = {
    "prices": [
        {"key": "base", "name": "기본료", "kind": "flat", "amount": "49000"},
        {"key": "seats", "name": "좌석", "kind": "seat", "amount": "12000", "included": 3},
        {
            "key": "storage",
            "name": "저장 공간",
            "kind": "usage",
            "meter": "stored_bytes",
            "unit_word": "GB·월",
            "formula": {
                "model": "graduated",
                "size": "1",
                "free_units": "10",
                "tiers": [{"up_to": "100", "unit": "120.5"}, {"unit": "90"}],
            },
            "minimum": "1000",
            "maximum": "500000",
        },
    ],
    "limits": {"seats": 30, "drawings": None},
    "trial_days": 14,
    "currency": "KRW",
}


def test_a_plan_version_is_read_from_its_document_and_written_back_alike() -> None:
    terms = read_terms(STANDARD)
    assert document(terms) == STANDARD
    assert read_terms(document(terms)) == terms
    assert terms.prices[0].micro == 49_000_000_000
    assert terms.limits == {"seats": 30, "drawings": None}


def changed(where: str, value: object) -> dict[str, Any]:
    """STANDARD with one place changed: "prices.2.formula.model"."""

    def walk(part: Any, steps: list[str]) -> Any:  # noqa: ANN401 - a part of a JSON document
        if not steps:
            return value
        if isinstance(part, list):
            return [walk(inner, steps[1:]) if str(n) == steps[0] else inner for n, inner in enumerate(part)]
        return part | {steps[0]: walk(part.get(steps[0]), steps[1:])}

    changed_document: dict[str, Any] = walk(STANDARD, where.split("."))
    return changed_document


STORAGE = "prices.2.formula"
WRONG = [
    ("currency", "USD", "원(KRW)"),
    ("trial_days", -1, "체험 기간"),
    ("limits", {"seats": -1}, "한도 'seats'"),
    ("limits", {"seats": 1.5}, "십진수"),
    ("prices.0.amount", 49000.5, "십진수"),
    ("prices.0.amount", "0.0000001", "여섯 자리"),
    ("prices.0.amount", "-1", "0 이상"),
    ("prices.0.amount", "NaN", "0 이상"),
    ("prices.0.amount", "1e400", "0 이상"),
    ("prices.0.amount", "1e-400", "0 이상"),
    ("prices.0.key", "좌석", "영문 소문자"),
    ("prices.0.key", "seats", "두 번"),
    ("prices.0.name", " ", "이름"),
    ("prices.0.kind", "monthly", "prices[0].kind"),
    ("prices.0.colour", "red", "'colour'"),
    ("prices.0.minimum", "5", "사용량 요금에만"),
    ("prices.1.included", -1, "포함 좌석"),
    ("prices.2.formula", None, "계산식이 필요"),
    ("prices.2.amount", "5", "단가는 계산식에"),
    ("prices.2.meter", "", "계량기"),
    ("prices.2.minimum", "600000", "최대 요금보다"),
    (STORAGE + ".model", "magic", "prices[2].formula.model"),
    (STORAGE + ".model", "unit", "구간을 쓸 수 없습니다"),
    (STORAGE + ".tiers", [], "구간을 하나 이상"),
    (STORAGE + ".tiers", [{"up_to": "5", "unit": "1"}], "끝이 없어야"),
    (STORAGE + ".tiers", [{"unit": "1"}, {"unit": "1"}], "1번째 구간의 상한"),
    (STORAGE + ".tiers", [{"up_to": "5"}, {"up_to": "5"}, {}], "2번째 구간의 상한은 앞 구간보다"),
    (STORAGE + ".tiers", [{"unit": "1", "percent": "101"}], "100을 넘을"),
    (STORAGE + ".tiers", [{"unit": "1", "price_per": "101"}], "'price_per'"),
    (STORAGE + ".tiers.0.unit", 1.5, "십진수"),
    (STORAGE + ".size", "0", "묶음 크기"),
    (STORAGE + ".percent", "101", "100을 넘을"),
    (STORAGE + ".free_events", -1, "무료 건수"),
    (STORAGE + ".max_per_event", "5", "건별"),
    (STORAGE, {"model": "capacity", "tiers": [{"price": "1", "max": {"seats": "5"}}]}, "마지막 구간에는"),
]


@pytest.mark.parametrize(("where", "value", "word"), WRONG)
def test_a_wrong_price_list_is_refused_with_a_sentence(where: str, value: object, word: str) -> None:
    with pytest.raises(WrongTerms) as refused:
        read_terms(changed(where, value))
    assert any(word in sentence for sentence in refused.value.sentences), refused.value.sentences
    assert all(sentence.endswith(".") for sentence in refused.value.sentences)


def test_a_document_that_is_no_price_list_is_refused() -> None:
    for nothing in ({}, {"prices": "free"}, {"prices": [{}]}, {"prices": [7]}):
        with pytest.raises(WrongTerms):
            read_terms(nothing)


# ----- prices --------------------------------------------------------------------------------------------------------

TIERS = (Tier(up_to=Decimal(10), unit=Decimal(10), flat=Decimal(2)), Tier(up_to=Decimal(20), unit=Decimal(5), flat=Decimal(3)), Tier(unit=Decimal(4)))  # fmt: skip
MONOTONE = [
    Formula(Model.UNIT, unit=Decimal("0.7"), free_units=Decimal(3)),
    Formula(Model.GRADUATED, tiers=TIERS, free_units=Decimal(3)),
    Formula(Model.PACKAGE, unit=Decimal(9), size=Decimal(7)),
    Formula(Model.PERCENTAGE, percent=Decimal("1.5")),
]
used = st.fractions(min_value=0, max_value=60, max_denominator=1000)


@pytest.mark.parametrize("formula", MONOTONE, ids=lambda formula: formula.model)
@QUICK
@given(used, used)
def test_using_more_never_costs_less(formula: Formula, one: Fraction, other: Fraction) -> None:
    less, more = sorted((one, other))
    assert price(formula, Used(less)).amount <= price(formula, Used(more)).amount


@pytest.mark.parametrize("formula", MONOTONE, ids=lambda formula: formula.model)
@settings(max_examples=60, deadline=None)
@given(
    st.lists(used, min_size=1, max_size=6),
    st.sampled_from([None, Fraction(50)]),
    st.sampled_from([None, Fraction(60), Fraction(50)]),
)
def test_rating_in_parts_comes_to_rating_once(
    formula: Formula, parts: list[Fraction], minimum: Fraction | None, maximum: Fraction | None
) -> None:
    once = charge(formula, Used(sum(parts, Fraction(0))), Before(), minimum=minimum, maximum=maximum)
    billed, rated = Fraction(0), None
    for number, part in enumerate(parts, 1):
        total = (rated or Fraction(0)) + part
        step = charge(
            formula,
            Used(total),
            Before(rated, None if rated is None else billed),
            minimum=minimum,
            maximum=maximum,
            closes=number == len(parts),
        )
        billed, rated = billed + step.amount, total
    assert billed == once.amount


# ----- days and seats ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "target", "billing_day", "period", "counted"),
    [("2010-12-15", "2011-01-16", 15, "monthly", "2"), ("2012-02-15", "2012-03-15", 15, "monthly", "2"),
     ("2011-02-01", "2011-02-01", 13, "monthly", "12/31"), ("2011-03-07", "2011-04-21", 15, "monthly", "2.285714285714"),
     ("2011-01-31", "2012-01-30", 31, "monthly", "12"), ("2010-12-15", "2012-01-13", 4, "annual", "1.969863013699"),
     ("2026-01-01", "2026-01-15", 1, "weekly", "3"), ("2026-01-31", "2026-01-31", 31, "quarterly", "1")],
)  # fmt: skip
def test_cycles_are_billed_in_advance(start: str, target: str, billing_day: int, period: str, counted: str) -> None:
    found = cycles(date.fromisoformat(start), None, date.fromisoformat(target), billing_day, period)
    assert abs(found - Fraction(counted)) < Fraction(1, 10**9)


def test_a_subscription_that_ends_on_its_first_day_has_no_cycle() -> None:
    day = date(2026, 11, 3)
    assert cycles(day, day, day, 1, "monthly") == 0


def on(first: int, after: int | None, who: str = "a") -> Seat:
    return Seat(who, date(2026, 11, first), None if after is None else date(2026, 11, after))


SEATS = [
    ([on(1, None)], 0, {"a": 30}, 30),
    ([on(10, 10)], 0, {}, 0),
    ([on(1, 10), on(10, 20)], 0, {"a": 19}, 19),
    ([on(1, 15), on(10, 20)], 0, {"a": 19}, 19),
    ([on(1, 16), on(16, None, "b")], 0, {"a": 15, "b": 15}, 30),
    ([on(1, 16), on(16, None, "b")], 1, {"a": 15, "b": 15}, 0),
    ([on(1, 16), on(6, None, "b")], 1, {"a": 15, "b": 25}, 10),
    ([Seat("a", date(2026, 9, 3), date(2026, 11, 2)), Seat("b", date(2026, 12, 1))], 0, {"a": 1}, 1),
]


@pytest.mark.parametrize(("seats", "included", "by_person", "paid"), SEATS)
def test_seats_are_counted_by_day(seats: list[Seat], included: int, by_person: dict[str, int], paid: int) -> None:
    assert seat_days(seats, NOVEMBER) == by_person
    assert paid_seat_days(seats, NOVEMBER, included) == paid


# ----- aggregates ----------------------------------------------------------------------------------------------------

SINCE, UNTIL = instant("2026-11-01"), instant("2026-12-01")
seconds = st.integers(min_value=-100_000, max_value=2_700_000)
happenings = st.lists(
    st.builds(
        lambda second, quantity: Event(SINCE + second * (UNTIL - SINCE) / 2_592_000, Fraction(quantity), str(quantity)),
        seconds,
        st.integers(min_value=-50, max_value=50),
    ),
    max_size=15,
)
KINDS = ["count", "sum", "max", "unique", "latest", "weighted"]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(happenings, st.randoms(use_true_random=False))
def test_the_order_of_events_never_matters(kind: str, events: list[Event], dice: Random) -> None:
    mixed = events.copy()
    dice.shuffle(mixed)
    assert aggregate(kind, mixed, SINCE, UNTIL) == aggregate(kind, events, SINCE, UNTIL)


@settings(max_examples=60, deadline=None)
@given(happenings, st.integers(min_value=1, max_value=29))
def test_a_mean_over_time_is_made_of_the_means_of_its_parts(events: list[Event], day: int) -> None:
    middle = SINCE + day * (UNTIL - SINCE) / 30
    first = aggregate("weighted", events, SINCE, middle)
    later = [event for event in events if event.at >= middle]
    second = aggregate("weighted", later, middle, UNTIL, first.carry_out)
    once = aggregate("weighted", events, SINCE, UNTIL)
    assert (first.units * day + second.units * (30 - day)) / 30 == once.units
    assert second.carry_out == once.carry_out


@settings(max_examples=60, deadline=None)
@given(happenings, st.sampled_from(["sum", "count"]))
def test_days_add_up_to_the_period(events: list[Event], kind: str) -> None:
    day = (UNTIL - SINCE) / 30
    daily = [aggregate(kind, events, SINCE + n * day, SINCE + (n + 1) * day).units for n in range(30)]
    assert sum(daily) == aggregate(kind, events, SINCE, UNTIL).units


# ----- the foot of a bill --------------------------------------------------------------------------------------------


def line(won: int, key: str = "2026-11|plan:standard@1|base") -> Line:
    return Line(key, "기본료", "", NOVEMBER.from_date, NOVEMBER.to_date, "1", "개월", won)


@pytest.mark.parametrize(
    ("won", "cut", "supply", "vat"),
    [
        ([49_007, 12_001], -8, 61_000, 6_100),
        ([0], 0, 0, 0),
        ([10], 0, 10, 1),
        ([9], -9, 0, 0),
        ([-49_007], 7, -49_000, -4_900),
    ],
)
def test_the_supply_is_cut_to_ten_won_in_a_line_of_its_own(won: list[int], cut: int, supply: int, vat: int) -> None:
    lines = [line(amount) for amount in won]
    foot = totals(lines)
    assert (foot.cut, foot.supply, foot.vat, foot.total) == (cut, supply, vat, supply + vat)
    last = cut_line(foot, NOVEMBER)
    assert (last.won if last else 0) == cut
    with_cut = [*lines, last] if last else lines
    assert sum(part.won for part in with_cut) == foot.supply
    assert totals(with_cut) == foot


@pytest.mark.parametrize(
    ("first", "after", "label"),
    [
        ("2026-11-01", "2026-12-01", "2026-11"),
        ("2026-12-01", "2027-01-01", "2026-12"),
        ("2026-11-01", "2027-01-01", "2026-11-01~2027-01-01"),
    ],
)
def test_a_period_has_a_name(first: str, after: str, label: str) -> None:
    assert Period(date.fromisoformat(first), date.fromisoformat(after)).label == label


def test_a_price_knows_its_micro_won() -> None:
    assert Price("base", "기본료", "flat", amount=Decimal("0.5")).micro == 500_000  # type: ignore[arg-type]
