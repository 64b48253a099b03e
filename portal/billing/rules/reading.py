"""A plan version's JSON document: read into Terms, and refused with sentences for the staff who wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any

import msgspec

from portal.billing.rules.terms import Formula, Kind, Model, Price, Terms, Tier, micro_won
from portal.core.korea import particle

KEY = re.compile(r"[a-z][a-z0-9_.-]{0,39}")
LONGEST_NAME = 60
#: Ten thousand billion won: more is a slip of the pen.
LARGEST = Decimal(10) ** 13
SMALLEST_PLACE = Decimal(-12)
_LONGEST_TRIAL = 365
_TIERED = (Model.GRADUATED, Model.VOLUME, Model.GRADUATED_PERCENTAGE, Model.CAPACITY)
_WHOLE = 100


class WrongTerms(ValueError):  # noqa: N818 - an answer to a person, not an error of the program
    """The document is no price list we can keep. `sentences` say what is wrong, in Korean."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


def read_terms(document: Mapping[str, Any]) -> Terms:
    """The document of a plan version as Terms. WrongTerms when it is not whole, not exact or contradicts itself."""
    strange = list(_strange(document, "요금표"))
    if strange:
        raise WrongTerms(strange)
    try:
        terms = msgspec.convert(document, Terms)
    except (msgspec.ValidationError, TypeError) as error:
        raise WrongTerms([f"요금표의 형식이 맞지 않습니다: {_where(str(error))} 자리를 고쳐 주십시오."]) from None
    found = problems(terms)
    if found:
        raise WrongTerms(found)
    return terms


def document(terms: Terms) -> dict[str, Any]:
    """Terms as a JSON document: amounts as decimals in text, only what differs from nothing."""
    return {"prices": [], **_short(msgspec.to_builtins(terms), Terms)}


def problems(terms: Terms) -> list[str]:
    """What is wrong with a price list, one sentence each; empty when it can be published."""
    found = [] if terms.currency == "KRW" else ["통화는 원(KRW)만 쓸 수 있습니다."]
    if not 0 <= terms.trial_days <= _LONGEST_TRIAL:
        found.append(f"체험 기간은 0일부터 {_LONGEST_TRIAL}일 사이로 적어 주십시오.")
    found += [
        f"한도 '{key}'{particle(key, '은/는')} 0 이상의 정수로 적거나 제한 없음(null)으로 두십시오."
        for key, most in terms.limits.items()
        if most is not None and most < 0
    ]
    keys = [price.key for price in terms.prices]
    found += [
        f"요금 항목의 키 '{key}'{particle(key, '이/가')} 두 번 쓰였습니다."
        for key in sorted(set(keys))
        if keys.count(key) > 1
    ]
    for price in terms.prices:
        found += [f"요금 항목 '{price.key}': {sentence}" for sentence in _price(price)]
    return found


# ----- one price -----------------------------------------------------------------------------------------------------


def _price(price: Price) -> Iterator[str]:
    if not KEY.fullmatch(price.key):
        yield "키는 영문 소문자로 시작하는 40자 이내의 영문, 숫자, 밑줄로 적어 주십시오."
    if not price.name.strip() or len(price.name) > LONGEST_NAME:
        yield f"이름을 {LONGEST_NAME}자 이내로 적어 주십시오."
    if price.included < 0:
        yield "포함 좌석은 0 이상이어야 합니다."
    bad = list(_amounts({"금액": price.amount, "최소 요금": price.minimum, "최대 요금": price.maximum}))
    yield from bad
    if not bad and price.minimum is not None and price.maximum is not None and price.minimum > price.maximum:
        yield "최소 요금이 최대 요금보다 클 수 없습니다."
    if price.kind is Kind.USAGE:
        yield from _usage(price)
    elif price.formula is not None or price.minimum is not None or price.maximum is not None:
        yield "계산식과 최소·최대 요금은 사용량 요금에만 쓸 수 있습니다."


def _usage(price: Price) -> Iterator[str]:
    if price.amount:
        yield "사용량 요금의 단가는 계산식에 적어 주십시오."
    if price.formula is None:
        yield "사용량 요금에는 계산식이 필요합니다."
        return
    if not price.meter and price.formula.model not in (Model.CAPACITY, Model.FLAT):
        yield "어느 계량기로 세는지 적어 주십시오."
    yield from _formula(price.formula)


def _formula(formula: Formula) -> Iterator[str]:
    numbers = {
        "단가": formula.unit,
        "묶음 크기": formula.size,
        "무료 사용량": formula.free_units,
        "비율": formula.percent,
        "정액": formula.flat,
        "건별 요금": formula.flat_per_event,
    }
    bad = list(_amounts(numbers))
    yield from bad
    if not bad and formula.size <= 0:
        yield "묶음 크기는 0보다 커야 합니다."
    if not bad and formula.percent > _WHOLE:
        yield "비율은 100을 넘을 수 없습니다."
    if formula.min_per_event is not None or formula.max_per_event is not None:
        yield "건별 최소·최대 요금은 이용권에 쓸 수 없습니다. 사용량은 건별이 아니라 합계로 모읍니다."
    if formula.free_events < 0:
        yield "무료 건수는 0 이상이어야 합니다."
    if formula.model in _TIERED and not formula.tiers:
        yield "구간을 하나 이상 적어 주십시오."
    if formula.model not in _TIERED and formula.tiers:
        yield "이 계산 방식에는 구간을 쓸 수 없습니다."
    for number, tier in enumerate(formula.tiers, 1):
        yield from _tier(formula, tier, number)


def _tier(formula: Formula, tier: Tier, number: int) -> Iterator[str]:
    last = number == len(formula.tiers)
    numbers = {"단가": tier.unit, "기본료": tier.flat, "비율": tier.percent, "가격": tier.price, "상한": tier.up_to}
    bad = [f"{number}번째 구간의 {sentence}" for sentence in _amounts({**numbers, **tier.max})]
    yield from bad
    if bad:
        return
    if tier.percent > _WHOLE:
        yield f"{number}번째 구간의 비율은 100을 넘을 수 없습니다."
    if formula.model is Model.CAPACITY:
        if last and tier.max:
            yield "마지막 구간에는 한도를 두지 마십시오."
        return
    if last != (tier.up_to is None):
        yield "마지막 구간만 끝이 없어야 합니다." if last else f"{number}번째 구간의 상한을 적어 주십시오."
    before = formula.tiers[number - 2].up_to if number > 1 else Decimal(0)
    if tier.up_to is not None and before is not None and tier.up_to <= before:
        yield f"{number}번째 구간의 상한은 앞 구간보다 커야 합니다."


def _amounts(numbers: Mapping[str, Decimal | None]) -> Iterator[str]:
    """Each must be an exact, sensible amount in whole micro-won, or quantity of as many places."""
    for word, number in numbers.items():
        if number is None:
            continue
        if not number.is_finite() or number.adjusted() < SMALLEST_PLACE or not 0 <= number <= LARGEST:
            yield f"{word}{particle(word, '은/는')} 0 이상 {LARGEST:,f} 이하의 수로 적어 주십시오."
            continue
        try:
            micro_won(number)
        except ValueError:
            yield f"{word}{particle(word, '은/는')} 소수점 아래 여섯 자리까지 적을 수 있습니다."


# ----- the document --------------------------------------------------------------------------------------------------

_INSIDE: dict[tuple[type, str], type] = {
    (Terms, "prices"): Price,
    (Price, "formula"): Formula,
    (Formula, "tiers"): Tier,
}


def _strange(value: object, where: str, shape: type | None = Terms) -> Iterator[str]:
    """Floats anywhere, and words that no field has: both are slips that would silently change a price."""
    if isinstance(value, float):
        yield f"{where}: 금액과 수량은 소수(부동소수점)가 아니라 따옴표 안의 십진수로 적어 주십시오."
    elif isinstance(value, Mapping):
        known = {field.name for field in fields(shape)} if shape is not None else None
        for word, inner in value.items():
            if known is not None and word not in known:
                yield f"{where}: '{word}'{particle(word, '은/는')} 모르는 항목입니다."
            else:
                yield from _strange(inner, f"{where}.{word}", _INSIDE.get((shape, word)) if shape else None)
    elif isinstance(value, (list, tuple)):
        for number, inner in enumerate(value, 1):
            yield from _strange(inner, f"{where}[{number}]", shape)


def _where(message: str) -> str:
    """The place in msgspec's sentence ("... - at `$.prices[0].kind`")."""
    found = re.search(r"`\$\.?([^`]*)`\s*$", message)
    return found.group(1) if found and found.group(1) else "맨 위"


def _short(whole: Mapping[str, Any], shape: type) -> dict[str, Any]:
    """Without the fields that stand at their default, so that a document shows what a price says."""
    kept: dict[str, Any] = {}
    for field in fields(shape):
        value = whole[field.name]
        if value in (None, "", [], (), {}, "0", 0):
            continue
        inner = _INSIDE.get((shape, field.name))
        if inner is not None:
            value = (
                [_short(part, inner) for part in value] if isinstance(value, (list, tuple)) else _short(value, inner)
            )
        kept[field.name] = value
    return kept
