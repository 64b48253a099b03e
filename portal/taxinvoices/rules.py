"""Dates, lateness and amendments of tax invoices, as the law has them. Pure: reads no clock and no database.

VAT Act 32-34 and 60(2), Decree 67-70, and the issuing services' own form of them. Days are Seoul days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from portal.core import workdays

#: Of the supply amount, in tenths of a percent (VAT Act 60(2), 60(3)).
LATE_PER_MILLE, NOT_ISSUED_PER_MILLE = 10, 20
#: A work item asks for attention this many business days before the last day of issue.
WARN_BUSINESS_DAYS = 3
_JANUARY, _JULY, _THE_25TH, _THE_10TH = 1, 7, 25, 10


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
    """What that lateness costs the supplier in won, below one won cut off."""
    per_mille = {
        Lateness.ON_TIME: 0,
        Lateness.LATE: LATE_PER_MILLE,
        Lateness.NOT_ISSUED: NOT_ISSUED_PER_MILLE,
    }[lateness(written, issued)]
    return abs(supply) * per_mille // 1000


def warn_on(written: date) -> date:
    """From this day on an invoice that is not issued asks for attention."""
    day = issue_by(written)
    for _ in range(WARN_BUSINESS_DAYS):
        day -= timedelta(days=1)
        while not workdays.is_business_day(day):
            day -= timedelta(days=1)
    return day


def management_key(house: str, invoice_number: str, position: int) -> str:
    """Our own number of a tax invoice at the issuing service: 24 letters at most, the same each time."""
    return f"{house[:8]}-{invoice_number}-{position}"


@dataclass(frozen=True, slots=True)
class Amendment:
    """A lawful reason to amend (Decree 70): its word, and what the amending paper says."""

    code: int
    word: str
    original_date: bool
    """Written on the original's day; otherwise on the day that the reason arose."""
    whole: bool
    """Takes the whole original back; otherwise only a part, whose amount is named."""


#: The reasons a software house meets. Code 5 (letters of credit) cannot arise here.
AMENDMENTS: dict[int, Amendment] = {
    1: Amendment(1, "기재사항 착오·정정", original_date=True, whole=True),
    2: Amendment(2, "공급가액 변동", original_date=False, whole=False),
    3: Amendment(3, "환입", original_date=False, whole=False),
    4: Amendment(4, "계약의 해제", original_date=False, whole=True),
    6: Amendment(6, "착오에 의한 이중발급", original_date=True, whole=True),
}
#: What cancelling an invoice means unless staff say otherwise.
CANCELLED = 4


def amended_date(amendment: Amendment, original: date, today: date) -> date:
    """The write date of the amending paper."""
    return original if amendment.original_date else today
