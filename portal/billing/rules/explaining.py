"""A line in words: how its amount came about, in Korean sentences that a person can work out again. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from portal.billing.rules.exact import text
from portal.billing.rules.terms import Line, Model
from portal.billing.rules.totals import is_cut
from portal.core.money import won as won_words

#: A quantity in a column has at most so many places; the explanation has them all.
COLUMN_PLACES = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Share:
    """One person's part of a line; `won` None where seats are free up to a number and no part is anybody's own."""

    name: str
    days: int
    won: int | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A line as a page shows it: its column texts, and the sentences and people behind its amount."""

    key: str
    name: str
    span: str
    quantity: str
    unit: str
    won: int
    sentences: tuple[str, ...]
    people: tuple[Share, ...]


def shown(lines: Iterable[Line], plans: Mapping[str, str], people: Mapping[str, str]) -> list[Shown]:
    """Lines in words. `plans`: plan key -> its name; `people`: "person:7" -> a name."""
    return [
        Shown(
            line.key,
            line.name,
            span_words(line.period_from, line.period_to),
            "" if is_cut(line.key) else column(line.quantity),
            "" if is_cut(line.key) else line.unit,
            line.won,
            tuple(_sentences(line, plans)),
            tuple(_shares(line, people)),
        )
        for line in lines
    ]


def people_of(lines: Iterable[Line]) -> set[str]:
    """Everybody whom the lines name: "person:7"."""
    return {str(part["who"]) for line in lines for part in line.explain.get("people", ())}


def span_words(since: date, until: date) -> str:
    """2026.11.01~11.30 for the days [since, until)."""
    last = until - timedelta(days=1)
    if since == last:
        return f"{since:%Y.%m.%d}"
    end = f"{last:%m.%d}" if last.year == since.year else f"{last:%Y.%m.%d}"
    return f"{since:%Y.%m.%d}~{end}"


def number(decimal: str) -> str:
    """An exact decimal with groups of three: '4001.5' -> '4,001.5'."""
    sign, digits = ("-", decimal[1:]) if decimal.startswith("-") else ("", decimal)
    whole, _, places = digits.partition(".")
    return f"{sign}{int(whole):,}" + (f".{places}" if places else "")


def column(decimal: str) -> str:
    """The same for a column: three places at most."""
    rounded = Decimal(decimal).quantize(COLUMN_PLACES, ROUND_HALF_UP)
    return number(f"{rounded:f}".rstrip("0").rstrip("."))


def plan_words(version: str, plans: Mapping[str, str]) -> str:
    """'plan:team@3' -> '팀 요금제 3판'."""
    key, _, edition = version.removeprefix("plan:").partition("@")
    return f"{plans.get(key, key)} 요금제 {edition}판" if edition else ""


# ----- sentences -----------------------------------------------------------------------------------------------------


def _sentences(line: Line, plans: Mapping[str, str]) -> Iterable[str]:
    told = line.explain
    if "before" in told:
        yield f"공급가액을 더한 {won_words(told['before'])}을 10원 단위로 잘라 {won_words(told['supply'])}으로 했습니다."
        return
    if version := plan_words(str(told.get("version", "")), plans):
        yield f"{span_words(line.period_from, line.period_to)}에 적용한 {version}입니다."
    if "model" in told:
        yield from _usage(line, told)
    elif "minimum" in told:
        yield f"쓴 만큼의 금액이 최소 요금 {won_words(told['minimum'])}에 못 미쳐 그 차이를 더했습니다."
    elif "version" in told and "formula" in told and told.get("desired") != 0:
        amount = won_words(int(told.get("desired", line.won)))
        yield str(told["formula"]) if told["formula"] == amount else f"{told['formula']} = {amount}"
        if told.get("included"):
            yield f"{told['included']}명까지는 기본료에 들어 있어 넘는 사람만 셌습니다."
    elif "formula" in told:
        yield f"{told['formula']}."
    if "billed" in told:
        yield (
            f"이 기간의 금액은 {won_words(told['desired'])}이고 앞서 {won_words(told['billed'])}을 청구했으므로 "
            f"차이인 {won_words(line.won)}만 이번에 셈합니다."
        )


def _usage(line: Line, told: Mapping[str, Any]) -> Iterable[str]:
    if told["model"] != Model.UNIT:
        yield f"계산 방식: {str(told['formula']).partition(' (')[0]}."
    days, of = int(told.get("days_in_run", 1)), int(told.get("days_in_period", 1))
    parts, unit = list(told.get("tiers", ())), line.unit
    if "free" in told:
        taken = min(Fraction(told["free"]), Fraction(line.quantity))
        yield f"쓴 양 {number(line.quantity)}{_gap(unit)} 가운데 {number(told['free'])}{_gap(unit)}까지는 무료입니다."
        if taken == Fraction(line.quantity):
            yield "무료 사용량 안에서 쓰셔서 금액이 없습니다."
            parts = []
    if parts and days != of:
        yield f"{of}일 내내 이렇게 쓴 것으로 보고 구한 금액에서 {days}일치만 받습니다."
    for part in parts:
        yield _part(part, unit, many=len(parts) > 1)
    whole = sum((Fraction(part["amount"]) for part in parts), Fraction(0))
    if parts and days != of:
        yield f"{_won(text(whole))} × {days}일 ÷ {of}일 = {column(text(whole * days / of))}원"
    if "maximum" in told:
        yield f"구한 금액 {_won(told['gross'])}이 한 달 최대 {_won(told['maximum'])}을 넘어 최대 금액만 받습니다."
    exact = whole * days / of
    if exact.denominator != 1 and "maximum" not in told:
        yield "1원 미만은 반올림했습니다."


def _part(part: Mapping[str, Any], unit: str, *, many: bool) -> str:
    head = f"{part['tier']}구간: " if many and "tier" in part else ""
    tail = f" = {_won(part['amount'])}"
    fee = f" + 기본 {_won(part['flat'])}" if Fraction(part.get("flat", 0)) and "quantity" in part else ""
    if "packages" in part:
        size = f"{number(part['size'])}{_gap(unit)}"
        return f"{head}{size} 묶음 {number(part['packages'])}개 × {_won(part['unit'])}{tail}"
    if "unit" in part:
        return f"{head}{number(part['quantity'])}{_gap(unit)} × {_won(part['unit'])}{fee}{tail}"
    if "percent" in part:
        return f"{head}{number(part['quantity'])}{_gap(unit)} × {number(part['percent'])}%{fee}{tail}"
    return f"{head}정한 금액{tail}"


def _shares(line: Line, people: Mapping[str, str]) -> Iterable[Share]:
    for part in line.explain.get("people", ()):
        who = str(part["who"])
        if who.isdigit():  # nobody: a seat of an estimate
            continue
        yield Share(people.get(who, f"구성원 {who.partition(':')[2]}"), int(part["days"]), part.get("won"))


def _won(amount: object) -> str:
    return f"{number(str(amount))}원"


def _gap(unit: str) -> str:
    """GB stands apart from its number, a Korean counting word does not."""
    return f" {unit}" if unit.isascii() else unit
