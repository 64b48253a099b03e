"""What the tax-invoice service looks at before it issues: what the law wants, and that the amounts add up."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, cast

from portal.sandbox.popbill.refusals import Refused

KEY = re.compile(r"[A-Za-z0-9_-]{1,24}")
_AMOUNT = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"[0-9]{10}")
_ORIGINAL = re.compile(r"[0-9]{8}[A-Za-z0-9]{16}")
#: 환입 and 계약의 해제: only taking back.
_TAKING_BACK = {3, 4}
_MODIFY_CODES = range(1, 7)
MOST_LINES = 99
_SATURDAY = 5
_WORDS = (
    ("issueType", {"정발행", "역발행", "위수탁"}, -11001003),
    ("purposeType", {"영수", "청구", "없음"}, -11001004),
    ("taxType", {"과세", "영세", "면세"}, -11001005),
    ("chargeDirection", {"정과금", "역과금"}, -11001012),
)


def check(paper: dict[str, Any], member: str, today: date, standing: Callable[[str], str]) -> None:
    """Refused for the first thing that is wrong. `standing` tells a business number's state by the tax office."""
    for name, allowed, code in _WORDS:
        if paper.get(name) not in allowed:
            raise Refused(code)
    seller, buyer = _party(paper, "invoicer"), _party(paper, "invoicee")
    if not KEY.fullmatch(str(seller.get("MgtKey") or "")):
        raise Refused(-11001901)
    _seller(seller, member)
    _buyer(buyer, standing)
    _day(paper, today)
    supply, _ = _amounts(paper)
    _amendment(paper, supply)


def deadline(write_date: date) -> date:
    """The last day of lawful issue: the 10th of the next month, or the business day after."""
    return business_day((write_date.replace(day=1) + timedelta(days=32)).replace(day=10))


def business_day(day: date) -> date:
    """`day`, or the first business day after it."""
    while day.weekday() >= _SATURDAY or day in _days_off(day.year):
        day += timedelta(days=1)
    return day


@cache
def _days_off(year: int) -> frozenset[date]:
    import holidays  # noqa: PLC0415 - 0.3 s that only those who ask for a day off should wait

    return frozenset(cast("dict[date, str]", holidays.country_holidays("KR", years=year)))


def _party(paper: dict[str, Any], name: str) -> dict[str, Any]:
    party = paper.get(name)
    return party if isinstance(party, dict) else {}


def _seller(seller: dict[str, Any], member: str) -> None:
    number = str(seller.get("CorpNum") or "")
    if not number:
        raise Refused(-11001013)
    if not _NUMBER.fullmatch(number):
        raise Refused(-11001014)
    if number != member:
        raise Refused(-11001000)
    for name, code in (("CorpName", -11001015), ("CEOName", -11001016)):
        if not seller.get(name):
            raise Refused(code)


def _buyer(buyer: dict[str, Any], standing: Callable[[str], str]) -> None:
    number = str(buyer.get("CorpNum") or "")
    if buyer.get("Type") not in {"사업자", "개인", "외국인"} or not _NUMBER.fullmatch(number):
        raise Refused(-11001021)
    if not buyer.get("CorpName") or not buyer.get("CEOName"):
        raise Refused(-11001903)
    state = standing(number)
    if state == "unknown":
        raise Refused(-11001021)
    if state != "active":
        raise Refused(-11001904)


def _day(paper: dict[str, Any], today: date) -> None:
    try:
        written = datetime.strptime(str(paper.get("writeDate")), "%Y%m%d").date()  # noqa: DTZ007 - a day in Seoul
    except ValueError:
        raise Refused(-11001001) from None
    if written > today:
        raise Refused(-11001910)
    # An amendment bears the day of its original or of its reason; it is late by other rules.
    if today > deadline(written) and not paper.get("forceIssue") and not paper.get("modifyCode"):
        raise Refused(-11001909)


def _amounts(paper: dict[str, Any]) -> tuple[int, int]:
    """Supply and tax, once they add up with the lines and the total."""
    supply, tax, total = (_amount(paper, name) for name in ("supplyCostTotal", "taxTotal", "totalAmount"))
    lines = paper.get("detailList") or []
    if not isinstance(lines, list) or len(lines) > MOST_LINES:
        raise Refused(-11001907)
    if not all(isinstance(line, dict) for line in lines):
        raise Refused(-11001905)
    if lines:
        sums = [sum(_amount(line, name) for line in lines) for name in ("supplyCost", "tax")]
        if sums != [supply, tax]:
            raise Refused(-11001906)
    if supply + tax != total or (paper["taxType"] != "과세" and tax):
        raise Refused(-11001906)
    return supply, tax


def _amount(holder: dict[str, Any], name: str) -> int:
    value = holder.get(name)
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        raise Refused(-11001905)
    return int(value)


def _amendment(paper: dict[str, Any], supply: int) -> None:
    code = paper.get("modifyCode")
    if code is None:
        if supply < 0:
            raise Refused(-11001913)
        return
    if type(code) is not int or code not in _MODIFY_CODES:
        raise Refused(-11001009)
    if code in _TAKING_BACK and supply >= 0:
        raise Refused(-11001010)
    if not _ORIGINAL.fullmatch(str(paper.get("orgNTSConfirmNum") or "")):
        raise Refused(-11001908)
