"""Time limits move over weekends and public holidays, substitutes and Labour Day among them."""

from __future__ import annotations

from datetime import date

import pytest

from portal.core import workdays


@pytest.mark.parametrize(
    ("day", "then"),
    [
        ("2022-09-10", "2022-09-13"),  # Chuseok on a Saturday, its substitute on Monday
        ("2024-04-10", "2024-04-11"),  # a general election
        ("2025-05-10", "2025-05-12"),
        ("2026-10-10", "2026-10-12"),
        ("2026-12-10", "2026-12-10"),
    ],
)
def test_a_limit_on_a_day_off_ends_on_the_next_business_day(day: str, then: str) -> None:
    assert workdays.this_or_next(date.fromisoformat(day)) == date.fromisoformat(then)


@pytest.mark.parametrize(
    ("day", "count", "then"),
    [
        ("2026-02-13", 1, "2026-02-19"),  # over Lunar New Year
        ("2026-04-30", 1, "2026-05-04"),  # Labour Day, Saturday, Sunday
        ("2026-11-28", 1, "2026-11-30"),
        ("2026-12-24", 1, "2026-12-28"),
        ("2026-12-31", 1, "2027-01-04"),
        ("2026-11-27", 3, "2026-12-02"),
    ],
)
def test_the_next_business_day_is_counted_over_days_off(day: str, count: int, then: str) -> None:
    assert workdays.after(date.fromisoformat(day), count) == date.fromisoformat(then)
