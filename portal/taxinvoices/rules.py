"""Dates, lateness and amendments of tax invoices, as the law has them. Pure: reads no clock and no database.

VAT Act 32-34 and 60(2), Decree 67-70, and the issuing services' own form of them. Days are Seoul days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from portal.core import money, workdays

#: Of the supply amount, in tenths of a percent (VAT Act 60(2), 60(3)).
LATE_PER_MILLE, NOT_ISSUED_PER_MILLE = 10, 20
#: A work item asks for attention this many business days before the last day of issue.
WARN_BUSINESS_DAYS = 3
_JANUARY, _JULY, _THE_25TH, _THE_10TH = 1, 7, 25, 10
SOON, LATER, _AN_HOUR = timedelta(seconds=20), timedelta(minutes=10), timedelta(hours=1)


class Lateness(StrEnum):
    ON_TIME = "on_time"
    LATE = "late"  #: after its last day, within the return of its half-year: 1 %
    NOT_ISSUED = "not_issued"  #: later than that counts as never: 2 %


def write_date(period_to: date) -> date:
    """The write date of a month's invoice: the period's last day. `period_to` is the first day after it."""
    return period_to - timedelta(days=1)


def issue_by(written: date) -> date:
    """The last lawful day of issue: the 10th of the month after the supply, or the next business day."""
    first_of_next = (written.replace(day=1) + timedelta(days=32)).replace(day=1)
    return workdays.this_or_next(first_of_next.replace(day=_THE_10TH))


def file_by(issued: date) -> date:
    """The last lawful day of filing: the business day after the day of issue."""
    return workdays.after(issued)


def final_return(written: date) -> date:
    """The last day of the final return of the half-year that the supply lies in: 25 July or 25 January."""
    first_half = written.month < _JULY
    day = date(written.year, _JULY, _THE_25TH) if first_half else date(written.year + 1, _JANUARY, _THE_25TH)
    return workdays.this_or_next(day)


def lateness(written: date, issued: date) -> Lateness:
    """How late an issue on `issued` is for a supply written on `written`."""
    if issued <= issue_by(written):
        return Lateness.ON_TIME
    return Lateness.LATE if issued <= final_return(written) else Lateness.NOT_ISSUED


def penalty(written: date, issued: date, supply: int) -> int:
    """What that lateness costs the supplier in won, below one won cut off.

    Not for amendments that bear their original's day: those are lawful whenever the mistake is found.
    """
    per_mille = {
        Lateness.ON_TIME: 0,
        Lateness.LATE: LATE_PER_MILLE,
        Lateness.NOT_ISSUED: NOT_ISSUED_PER_MILLE,
    }[lateness(written, issued)]
    return abs(supply) * per_mille // 1000


def warn_on(last: date) -> date:
    """From this day on one that is not issued by then asks for attention: some business days before its `last` day."""
    day = last
    for _ in range(WARN_BUSINESS_DAYS):
        day -= timedelta(days=1)
        while not workdays.is_business_day(day):
            day -= timedelta(days=1)
    return day


def management_key(house: str, invoice_number: str, position: int) -> str:
    """Our own number of a tax invoice at the issuing service: 24 letters at most, the same each time."""
    return f"{house[:8]}-{invoice_number}-{position}"


class Sheet(StrEnum):
    """What a paper says: an invoice's first one, or of the one it amends."""

    FIRST = ""
    OPPOSITE = "opposite"  #: all that still stands, taken back
    CORRECTED = "corrected"  #: the whole again, with the right data
    DIFFERENCE = "difference"  #: a part, more or less
    RETURNED = "returned"  #: a part, less only
    ZERO_RATED = "zero_rated"  #: the whole again, at the rate of nothing


#: Sheets that bear a whole supply: the last one of an invoice is what the next amendment amends.
WHOLE = frozenset({Sheet.FIRST, Sheet.CORRECTED, Sheet.ZERO_RATED})


@dataclass(frozen=True, slots=True)
class Amendment:
    """A lawful reason to amend (Decree 70): its word, its papers, and the day they bear."""

    code: int
    word: str
    sheets: tuple[Sheet, ...]
    original_date: bool
    """Written on the original's day; otherwise on the day that the reason arose, with the original's day as a remark."""

    @property
    def partly(self) -> bool:
        """It concerns a part, whose amount has to be named."""
        return self.sheets[0] in {Sheet.DIFFERENCE, Sheet.RETURNED}


AMENDMENTS: dict[int, Amendment] = {
    1: Amendment(1, "기재사항 착오·정정", (Sheet.OPPOSITE, Sheet.CORRECTED), original_date=True),
    2: Amendment(2, "공급가액 변동", (Sheet.DIFFERENCE,), original_date=False),
    3: Amendment(3, "환입", (Sheet.RETURNED,), original_date=False),
    4: Amendment(4, "계약의 해제", (Sheet.OPPOSITE,), original_date=False),
    5: Amendment(5, "내국신용장 등 사후개설", (Sheet.OPPOSITE, Sheet.ZERO_RATED), original_date=True),
    6: Amendment(6, "착오에 의한 이중발급", (Sheet.OPPOSITE,), original_date=True),
}
CORRECTION, CONTRACT_ENDED, LETTER_OF_CREDIT, ISSUED_TWICE = 1, 4, 5, 6
#: What staff of a software house can choose: letters of credit belong to exports of goods.
CHOICES = {code: amendment for code, amendment in AMENDMENTS.items() if code != LETTER_OF_CREDIT}
_TWICE = ("이중", "중복", "두 번")


@dataclass(frozen=True, slots=True)
class Planned:
    """One paper of an amendment: what it is, the day and the amounts it bears."""

    sheet: Sheet
    write_date: date
    supply: int
    vat: int


def plan(code: int, written: date, amounts: tuple[int, int], today: date, change: int = 0) -> tuple[Planned, ...]:
    """The papers of an amendment. `amounts` are supply and tax of what is amended, `change` the part that changes.

    ValueError for a part that is nothing, or that is more where only less is lawful.
    """
    amendment, (supply, vat) = AMENDMENTS[code], amounts
    if amendment.partly and (change == 0 or (amendment.sheets == (Sheet.RETURNED,) and change > 0)):
        raise ValueError(code)
    day = written if amendment.original_date else today
    part = money.vat(change)
    said = {
        Sheet.OPPOSITE: (-supply, -vat),
        Sheet.CORRECTED: (supply, vat),
        Sheet.ZERO_RATED: (supply, 0),
        Sheet.DIFFERENCE: (change, part),
        Sheet.RETURNED: (change, part),
    }
    return tuple(Planned(sheet, day, *said[sheet]) for sheet in amendment.sheets)


def code_of(reason: str) -> int:
    """Which lawful reason the cancelling of an invoice is, by what staff wrote: billed twice, or else the contract's end."""
    return ISSUED_TWICE if any(word in reason for word in _TWICE) else CONTRACT_ENDED


def pause(waited: timedelta, *, hurried: bool) -> timedelta:
    """How long until something that has waited so long is looked at again: an eighth of it, within bounds.

    `hurried` ones wait for the issuing service, which answers in seconds; the others for the tax office.
    """
    least, most = (SOON, LATER) if hurried else (LATER, _AN_HOUR)
    return min(max(waited / 8, least), most)
