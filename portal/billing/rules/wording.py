"""A price list in words, for everybody who has to choose: what each price asks for, and what is allowed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from portal.billing.rules.explaining import number
from portal.billing.rules.terms import Formula, Kind, Model, Price, Terms


@dataclass(frozen=True, slots=True)
class Row:
    """One price, or one limit, in words."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class Change:
    """What differs between two price lists at one place; empty words where there is nothing."""

    where: str
    before: str
    after: str


def price_rows(terms: Terms) -> list[Row]:
    """Each price of a plan as a customer reads it."""
    return [Row(price.name, " ".join(_price(price))) for price in terms.prices]


def limit_rows(terms: Terms, names: Mapping[str, tuple[str, str, int]]) -> list[Row]:
    """What a plan allows. `names`: limit -> its name, its unit, and how many base units that is."""
    rows = []
    for key, most in sorted(terms.limits.items()):
        name, unit, scale = names.get(key, (key, "", 1))
        rows.append(Row(f"{name} 한도", "제한 없음" if most is None else f"{amount(Decimal(most) / scale, unit)}까지"))
    return rows


def headline(terms: Terms) -> tuple[Decimal, str]:
    """The price a plan is known by, and what it is for."""
    flat = next((price for price in terms.prices if price.kind is Kind.FLAT), None)
    seat = next((price for price in terms.prices if price.kind is Kind.SEAT), None)
    if flat is not None:
        return flat.amount, f"한 달, {seat.included}명 포함" if seat is not None and seat.included else "한 달"
    if seat is not None:
        return seat.amount, "한 명, 한 달"
    return Decimal(0), f"{terms.trial_days}일" if terms.trial_days else "쓴 만큼"


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[Change]:
    """Where two documents of price lists differ, by the key of the price, in the order of the newer one."""
    old, new = dict(_places(before or {})), dict(_places(after))
    places = [*new, *(place for place in old if place not in new)]
    return [
        Change(place, old.get(place, ""), new.get(place, "")) for place in places if old.get(place) != new.get(place)
    ]


def amount(quantity: Decimal, unit: str) -> str:
    """20 GB, 3명: a unit in Latin letters stands apart."""
    return f"{plain(quantity)} {unit}" if unit.isascii() else f"{plain(quantity)}{unit}"


def plain(value: Decimal) -> str:
    """A decimal with groups of three and without zeros at its end."""
    text = f"{value:f}"
    return number(text.rstrip("0").rstrip(".") if "." in text else text)


# ----- one price -----------------------------------------------------------------------------------------------------


def _price(price: Price) -> Iterable[str]:
    unit = price.unit_word or "명"
    if price.kind is Kind.FLAT:
        yield f"한 달 {plain(price.amount)}원"
    elif price.kind is Kind.SEAT:
        free = f"{price.included}{unit}까지 포함, 넘으면 " if price.included else ""
        yield f"{free}한 {unit}에 한 달 {plain(price.amount)}원"
    elif price.formula is not None:
        yield _formula(price.formula, price.unit_word)
    if price.minimum is not None:
        yield f"(한 달에 적어도 {plain(price.minimum)}원)"
    if price.maximum is not None:
        yield f"(한 달에 많아도 {plain(price.maximum)}원)"


def _formula(formula: Formula, unit: str) -> str:
    free = f"{amount(formula.free_units, unit)}까지 포함, 넘으면 " if formula.free_units else ""
    one = amount(Decimal(1), unit)
    match formula.model:
        case Model.UNIT:
            return f"{free}{one}에 {plain(formula.unit)}원"
        case Model.PACKAGE:
            return f"{free}{amount(formula.size, unit)} 묶음마다 {plain(formula.unit)}원"
        case Model.GRADUATED:
            return free + ", ".join(_tiers(formula, unit))
        case Model.VOLUME:
            return f"{free}{', '.join(_tiers(formula, unit))} (전체를 그 구간의 단가로)"
        case Model.PERCENTAGE:
            return f"{free}{plain(formula.percent)}%"
        case Model.GRADUATED_PERCENTAGE:
            return free + ", ".join(_tiers(formula, unit))
        case Model.CAPACITY:
            return ", ".join(f"{n}구간 {plain(tier.price)}원" for n, tier in enumerate(formula.tiers, 1))
        case Model.FLAT:
            return f"쓴 양과 관계없이 {plain(formula.flat)}원"


def _tiers(formula: Formula, unit: str) -> Iterable[str]:
    one = amount(Decimal(1), unit)
    for tier in formula.tiers:
        rate = f"{plain(tier.percent)}%" if formula.model is Model.GRADUATED_PERCENTAGE else f"{plain(tier.unit)}원"
        costs = "무료" if not tier.unit and not tier.percent and not tier.flat else f"{one}에 {rate}"
        fee = f" + 기본 {plain(tier.flat)}원" if tier.flat else ""
        until = "그 위는" if tier.up_to is None else f"{amount(tier.up_to, unit)}까지"
        yield f"{until} {costs}{fee}"


# ----- two documents -------------------------------------------------------------------------------------------------

_WORDS = {
    "amount": "금액",
    "included": "포함",
    "name": "이름",
    "kind": "종류",
    "meter": "계량기",
    "unit_word": "단위",
    "minimum": "최소 요금",
    "maximum": "최대 요금",
    "formula": "계산식",
    "model": "방식",
    "unit": "단가",
    "size": "묶음 크기",
    "free_units": "무료 사용량",
    "tiers": "구간",
    "up_to": "상한",
    "flat": "기본",
    "percent": "비율",
    "price": "가격",
    "limits": "한도",
    "trial_days": "체험 일수",
    "currency": "통화",
}


def _places(value: object, where: tuple[str, ...] = ()) -> Iterable[tuple[str, str]]:
    """Every value of a document with its place in words; prices are named by their key, not by their number."""
    if isinstance(value, Mapping):
        for word, inner in value.items():
            if word == "prices" and isinstance(inner, (list, tuple)):
                for price in inner:
                    yield from _places(
                        {k: v for k, v in price.items() if k != "key"}, (f"{price.get('name', '')} ({price['key']})",)
                    )
            else:
                yield from _places(inner, (*where, _WORDS.get(str(word), str(word))))
    elif isinstance(value, (list, tuple)):
        for n, inner in enumerate(value, 1):
            yield from _places(inner, (*where[:-1], f"{n}번째 {where[-1] if where else ''}"))
    else:
        yield " · ".join(where), "제한 없음" if value is None else str(value)
