"""The cases of `flask rate`: one small JSON document each, rated by the same rules as an invoice, exactly.

A case says what is asked for by the words it has: `price` (with `quantity`, `usage` or `events`, and what was rated and billed
before), `prorate`, `cycles`, `aggregate`, `vat`. An aggregate, or cycles, beside a price give its quantity, or its number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import msgspec

from portal.billing.rules import exact
from portal.billing.rules.aggregates import Aggregate, Event, aggregate, instant
from portal.billing.rules.prices import Before, Charge, Used, charge
from portal.billing.rules.proration import cycles, prorate
from portal.billing.rules.terms import Formula, Model, Tier
from portal.core.money import vat

NOTHING = Fraction(0)
#: Words of a price that may also stand beside it in the case.
BESIDE = ("free_units", "free_events", "size", "flat_per_event", "min_per_event", "max_per_event")
#: Other words in use for the same thing.
SAME = {"rate": "percent", "package_size": "size", "amount": "unit", "fixed_amount": "flat_per_event"}
_WORDS = frozenset({"price", "prorate", "cycles", "aggregate", "vat"})


class BadCase(ValueError):  # noqa: N818 - an answer to whoever wrote the case
    """The case cannot be rated; the sentence says why, in Korean."""


def rate_case(case: object) -> dict[str, Any]:
    """`amount` (exact won in text), `won`, `lines`, and what else the case asks for. BadCase when it cannot be rated."""
    try:
        return _rated(_mapping(case, "case"))
    except BadCase:
        raise
    except (ValueError, TypeError, KeyError, OverflowError, ZeroDivisionError) as error:
        raise BadCase(f"계산할 수 없는 사례입니다: {error}") from None


def _rated(case: Mapping[str, Any]) -> dict[str, Any]:
    if not _WORDS & case.keys():
        raise BadCase(f"무엇을 계산할지 적어 주십시오: {', '.join(sorted(_WORDS))} 가운데 하나가 있어야 합니다.")
    answer: dict[str, Any] = {}
    amount: Fraction | None = None
    lines: list[dict[str, Any]] = []
    counted = _aggregate(_mapping(case["aggregate"], "aggregate")) if "aggregate" in case else None
    if counted is not None:
        answer |= {"units": exact.text(counted.units), "carry_out": exact.text(counted.carry_out)}
    number = _cycles(_mapping(case["cycles"], "cycles")) if "cycles" in case else None
    if number is not None:
        answer["cycles"] = exact.fixed(number)
    if "price" in case:
        charged = _charge(case, counted)
        amount, lines = charged.amount * (1 if number is None else number), _lines(charged)
        answer |= {"gross": exact.text(charged.gross), "true_up": exact.text(charged.true_up)}
    if "prorate" in case:
        amount, lines = _prorated(_mapping(case["prorate"], "prorate"), amount)
    if "vat" in case:
        asked = case["vat"]
        supply = (
            _whole(_mapping(asked, "vat").get("supply"))
            if isinstance(asked, Mapping)
            else exact.half_up(amount or NOTHING)
        )
        amount = Fraction(supply) if amount is None else amount
        answer |= {"vat": vat(supply), "total": supply + vat(supply)}
    won = None if amount is None else exact.half_up(amount)
    return {"amount": None if amount is None else exact.text(amount), "won": won, "lines": lines, **answer}


# ----- a price -------------------------------------------------------------------------------------------------------


def _charge(case: Mapping[str, Any], counted: Aggregate | None) -> Charge:
    price = _mapping(case["price"], "price")
    formula = _formula(price, case)
    before = Before(_number(case, "already_rated"), _number(case, "already_billed"))
    closes = case.get("closes_period", True)
    if not isinstance(closes, bool):
        raise BadCase("closes_period는 true나 false로 적어 주십시오.")
    return charge(
        formula,
        _used(case, formula, counted),
        before,
        minimum=_number(case, "minimum", price),
        maximum=_number(case, "maximum", price),
        closes=closes,
    )


def _lines(charged: Charge) -> list[dict[str, Any]]:
    """The parts of a charge, and what took from it or filled it up; together they are its amount."""
    steps = {
        "already_rated": charged.gross - charged.whole,
        "maximum": charged.net - charged.gross,
        "minimum": charged.true_up,
    }
    return charged.parts + [{"step": word, "amount": exact.text(step)} for word, step in steps.items() if step]


def _formula(price: Mapping[str, Any], case: Mapping[str, Any]) -> Formula:
    """The price of a case as a Formula: every number exact, words that stand beside it taken in."""
    words = {word: case[word] for word in BESIDE if word in case} | dict(price)
    if words.get("model") == Model.FLAT:
        words["flat"] = next((words[word] for word in ("flat", "amount", "unit", "price") if word in words), "0")
    for other, word in SAME.items():
        if other in words:
            words.setdefault(word, words[other])
    numbers = {
        word: _decimal(words[word])
        for word in (
            "unit",
            "size",
            "free_units",
            "percent",
            "flat",
            "flat_per_event",
            "min_per_event",
            "max_per_event",
        )
        if words.get(word) is not None
    }
    tiers = tuple(_tier(_mapping(tier, "tiers")) for tier in _list(words.get("tiers", []), "tiers"))
    _check_tiers(tiers)
    if numbers.get("size", Decimal(1)) <= 0:
        raise BadCase("묶음 크기는 0보다 커야 합니다.")
    model = msgspec.convert(words.get("model"), Model)
    return Formula(model, tiers=tiers, free_events=_whole(words.get("free_events", 0)), **numbers)


def _tier(tier: Mapping[str, Any]) -> Tier:
    words = {SAME.get(word, word): value for word, value in tier.items()}
    if "flat_amount" in words:
        words.setdefault("flat", words["flat_amount"])
    numbers = {
        word: _decimal(words[word]) for word in ("unit", "flat", "percent", "price") if words.get(word) is not None
    }
    most = {
        str(meter): _decimal(limit)
        for meter, limit in _mapping(words.get("max") or {}, "max").items()
        if limit is not None
    }
    up_to = words.get("up_to")
    return Tier(up_to=None if up_to is None else _decimal(up_to), max=most, **numbers)


def _check_tiers(tiers: Sequence[Tier]) -> None:
    """Bounds rise, and only the last tier may have none; capacity tiers have none at all."""
    bounds = [tier.up_to for tier in tiers]
    if not any(bounds):
        return
    for before, after in pairwise(bounds):
        if before is None or (after is not None and after <= before):
            raise BadCase("구간의 상한은 차례로 커져야 하고, 끝이 없는 구간은 마지막이어야 합니다.")


def _used(case: Mapping[str, Any], formula: Formula, counted: Aggregate | None) -> Used:
    events = _events(case)
    meters = {str(meter): exact.read(value) for meter, value in _mapping(case.get("usage") or {}, "usage").items()}
    quantity = _number(case, "quantity")
    if quantity is None:
        quantity = counted.units if counted is not None else NOTHING
        if isinstance(events, list):
            quantity = sum(events, NOTHING)
    if events is None:
        bounded = formula.min_per_event is not None or formula.max_per_event is not None
        events = [quantity] if bounded and quantity else Fraction(1)
    return Used(quantity, events, meters)


def _events(case: Mapping[str, Any]) -> Fraction | list[Fraction] | None:
    """The quantity of each event, or how many there were; None when nothing is said: then it was one."""
    asked = case.get("events", _mapping(case["price"], "price").get("events"))
    if asked is None:
        return None
    return [exact.read(value) for value in asked] if isinstance(asked, list) else Fraction(_whole(asked))


# ----- the other words -----------------------------------------------------------------------------------------------


def _prorated(asked: Mapping[str, Any], amount: Fraction | None) -> tuple[Fraction, list[dict[str, Any]]]:
    price = exact.read(asked["price"]) if "price" in asked else amount
    if price is None:
        raise BadCase("나눌 금액(price)을 적어 주십시오.")
    days, of = _whole(asked.get("days")), _whole(asked.get("of"))
    part = prorate(price, days, of)
    return part, [{"price": exact.text(price), "days": days, "of": of, "amount": exact.text(part)}]


def _cycles(asked: Mapping[str, Any]) -> Fraction:
    end = asked.get("end")
    start = date.fromisoformat(str(asked["start"]))
    return cycles(
        start,
        None if end is None else date.fromisoformat(str(end)),
        date.fromisoformat(str(asked["target"])),
        _whole(asked.get("billing_day", start.day)),
        str(asked.get("period", "monthly")).lower(),
    )


def _aggregate(asked: Mapping[str, Any]) -> Aggregate:
    period = _list(asked.get("period"), "period")
    if len(period) != 2:  # noqa: PLR2004 - from and to
        raise BadCase("period에는 시작과 끝을 적어 주십시오.")
    since, until = (instant(str(moment)) for moment in period)
    events = [_event(event) for event in _list(asked.get("events", []), "events")]
    carried = exact.read(asked.get("carry_in") or 0)
    return aggregate(str(asked.get("kind")), events, since, until, carried)


def _event(event: object) -> Event:
    """[instant, quantity] or [instant, quantity, key]; for different ones the quantity is the key."""
    at, value, *key = _list(event, "events")
    try:
        quantity = exact.read(value)
    except ValueError:
        if not isinstance(value, str):
            raise
        return Event(instant(str(at)), NOTHING, value)
    return Event(instant(str(at)), quantity, str(key[0]) if key else "")


# ----- reading -------------------------------------------------------------------------------------------------------


def _number(case: Mapping[str, Any], word: str, other: Mapping[str, Any] | None = None) -> Fraction | None:
    value = case.get(word, (other or {}).get(word))
    return None if value is None else exact.read(value)


def _decimal(value: object) -> Decimal:
    exact.read(value)
    number = Decimal(str(value).strip())
    if number < 0:
        raise BadCase("가격과 구간은 0 이상이어야 합니다.")
    return number


def _whole(value: object) -> int:
    number = exact.read(value)
    if number.denominator != 1:
        raise BadCase(f"정수가 아닙니다: {value}")
    return number.numerator


def _mapping(value: object, word: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadCase(f"{word} 자리에 객체가 있어야 합니다.")
    return value


def _list(value: object, word: str) -> list[Any]:
    if not isinstance(value, list):
        raise BadCase(f"{word} 자리에 배열이 있어야 합니다.")
    return value
