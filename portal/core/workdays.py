"""Business days in Korea: no Saturday, no Sunday, no public holiday or its substitute (by the `holidays` library's calendar).

Framework Act on National Taxes 5(1): a time limit that ends on a day off ends on the next business day.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import cast

DAY = timedelta(days=1)
_SATURDAY = 5


def is_business_day(day: date) -> bool:
    """Whether offices and banks are open on `day`."""
    return day.weekday() < _SATURDAY and day not in _days_off(day.year)


def this_or_next(day: date) -> date:
    """`day` itself when it is a business day, else the first one after it: how every time limit of tax law moves."""
    while not is_business_day(day):
        day += DAY
    return day


def after(day: date, count: int = 1) -> date:
    """The business day that is `count` business days after `day` (which need not be one itself)."""
    for _ in range(count):
        day = this_or_next(day + DAY)
    return day


@cache
def _days_off(year: int) -> frozenset[date]:
    import holidays  # noqa: PLC0415 - 0.3 s that only those who ask for a day off should wait

    return frozenset(cast("dict[date, str]", holidays.country_holidays("KR", years=year)))
