"""What follows from an event, an amount or a day alone: no clock, no database, no Flask."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import msgspec

from portal.core.korea import particle

#: How many events one request may bring.
MOST_EVENTS = 1000
LONGEST_ID = 80
#: A single quantity; 9 million of the largest fit into the database's sum of a day.
LARGEST_QUANTITY = 1_000_000_000_000
LARGEST_PROPERTIES = 4096
#: What is nested deeper says nothing of usage, and costs every reader of it a stack.
DEEPEST_PROPERTIES = 16
#: Clocks of others run ahead a little; what is older than this belongs to a month that was billed.
AHEAD, BEHIND = timedelta(minutes=5), timedelta(days=35)
#: Ids of the product's own events begin so.
OWN_PREFIX = "product:"
#: Shares of a limit at which its owner is told, in percent.
MARKS = (80, 100)
_NO_TEXT = {"Cc", "Cs", "Co", "Cn"}


class Sent(msgspec.Struct):
    """One event of a request, as a program writes it."""

    id: str
    meter: str
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    tenant: int | str | None = None
    quantity: int = 1
    properties: dict[str, Any] = {}


class Request(msgspec.Struct):
    """The body, its events still to be read: a wrong one must not spoil the others."""

    events: list[msgspec.Raw]


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why an event was not taken: a Korean sentence. `id` as far as it could be read."""

    id: str
    reason: str


CONFLICT = "conflict"
REASONS = {
    "id": f"id는 1자에서 {LONGEST_ID}자까지의 글자입니다.",
    "own": f"id가 '{OWN_PREFIX}'{particle(OWN_PREFIX, '으로/로')} 시작할 수 없습니다.",
    "tenant": "tenant는 고객사의 번호나 열쇠말입니다.",
    "meter": "meter는 계량기의 이름(글자)입니다.",
    "quantity": "quantity는 정수로 보내 주십시오.",
    "large": f"quantity가 너무 큽니다. {LARGEST_QUANTITY:,}까지 받습니다.",
    "negative": "이 계량기의 quantity는 0 이상이어야 합니다.",
    "at": "at은 시간대가 있는 ISO 8601 시각입니다. 예: 2026-11-23T14:05:00+09:00",
    "ahead": "at이 지금보다 5분 넘게 앞서 있습니다. 보내는 기계의 시계를 확인해 주십시오.",
    "behind": "at이 35일보다 오래되었습니다. 지난 청구에 넣을 수 없는 사용량입니다.",
    "properties": f"properties는 {LARGEST_PROPERTIES:,}바이트, {DEEPEST_PROPERTIES}단까지의 JSON 객체입니다.",
    "key": f"이 계량기는 서로 다른 것을 셉니다. properties.key에 {LONGEST_ID}자까지의 이름을 적어 주십시오.",
    "event": "사건 하나는 JSON 객체입니다.",
    "unknown_tenant": "없는 고객사입니다.",
    "foreign_tenant": "이 열쇠로는 보낼 수 없는 고객사입니다.",
    "no_tenant": "tenant가 없습니다. 고객사의 번호를 적어 주십시오.",
    "gone_tenant": "이용이 끝나 사용량을 받지 않는 고객사입니다.",
    "unknown_meter": "없는 계량기입니다.",
    "retired_meter": "더 쓰지 않는 계량기입니다.",
    "conflict": CONFLICT,
}
_FIELD = re.compile(r"`\$\.(\w+)|required field `(\w+)`")


def read(events: Iterable[msgspec.Raw]) -> list[Sent | Rejected]:
    """Each event by itself, in order: what cannot be read is rejected alone."""
    decode = msgspec.json.Decoder(Sent).decode
    found: list[Sent | Rejected] = []
    for raw in events:
        try:
            found.append(decode(raw))
        except msgspec.ValidationError as error:
            found.append(Rejected(_id_of(raw), REASONS[_field_of(str(error))]))
        except (ValueError, RecursionError):  # no UTF-8, or nested without end
            found.append(Rejected("", REASONS["event"]))
    return found


def fault(sent: Sent, moment: datetime) -> str | None:
    """The word of REASONS for what is wrong with an event by itself, at this moment; None when nothing is."""
    if not sent.id or not storable(sent.id):
        return "id"
    if sent.id.startswith(OWN_PREFIX):
        return "own"
    if abs(sent.quantity) > LARGEST_QUANTITY:
        return "large"
    if sent.at > moment + AHEAD:
        return "ahead"
    if sent.at < moment - BEHIND:
        return "behind"
    if sent.properties and not _small(sent.properties):
        return "properties"
    return None


def storable(words: str) -> bool:
    """Text that every engine takes and a person can read back."""
    if words.isascii():
        return len(words) <= LONGEST_ID and words.isprintable()
    return len(words) <= LONGEST_ID and not any(unicodedata.category(sign) in _NO_TEXT for sign in words)


def key_of(properties: Mapping[str, Any]) -> str:
    """What a meter of different things counts: `properties.key`, as text; empty when it is none."""
    key = properties.get("key", "")
    if isinstance(key, int) and not isinstance(key, bool):
        key = str(key)
    return key if isinstance(key, str) and storable(key) else ""


def month_of(day: date) -> tuple[date, date]:
    """The month a day is in, as [first day, first day of the next month)."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)


def percent(used: int, most: int) -> int:
    """How much of a limit is used, in whole percent, cut; a limit of nothing is used up."""
    return max(used, 0) * 100 // most if most > 0 else 100


def mark_reached(used: int, most: int) -> int:
    """The highest mark that the use has come to; 0 for none."""
    return max((mark for mark in MARKS if percent(used, most) >= mark), default=0)


def amount(quantity: int, scale: int) -> str:
    """A quantity in base units, in the meter's unit: "1,204", or "48.2" where one unit is many base units; no ".0"."""
    if scale == 1:
        return f"{quantity:,}"
    tenths = (abs(quantity) * 10 + scale // 2) // scale
    sign = "-" if quantity < 0 and tenths else ""
    return f"{sign}{tenths // 10:,}" + (f".{tenths % 10}" if tenths % 10 else "")


def in_unit(quantity: int, unit: str, scale: int) -> tuple[str, str]:
    """A quantity in words and its unit; less than one GB is told in MB, where it says something."""
    if unit == "GB" and abs(quantity) < scale:
        return amount(quantity, scale // 1000), "MB"
    return amount(quantity, scale), unit


def told(words: str, unit: str) -> str:
    """20 GB, 3명: a unit in Latin letters stands apart."""
    return f"{words} {unit}" if unit.isascii() else f"{words}{unit}"


def _small(properties: dict[str, Any]) -> bool:
    return not _deeper(properties, DEEPEST_PROPERTIES) and len(msgspec.json.encode(properties)) <= LARGEST_PROPERTIES


def _deeper(told: Any, most: int) -> bool:  # noqa: ANN401 - any value that JSON may hold
    """Whether lists and objects lie in each other more than `most` times."""
    inner = told.values() if isinstance(told, dict) else told if isinstance(told, list) else None
    return inner is not None and (most == 0 or any(_deeper(each, most - 1) for each in inner))


def _field_of(message: str) -> str:
    """The field that msgspec complains about."""
    found = _FIELD.search(message)
    field = (found[1] or found[2]) if found else "event"
    return field if field in REASONS else "event"


def _id_of(raw: msgspec.Raw) -> str:
    try:
        told = msgspec.json.decode(raw)
    except (ValueError, RecursionError):
        return ""
    name = told.get("id", "") if isinstance(told, dict) else ""
    return name if isinstance(name, str) and storable(name) else ""
