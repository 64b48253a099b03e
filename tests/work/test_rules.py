"""How the inbox is grouped and how long a thing may be put away."""

from __future__ import annotations

from datetime import datetime

import pytest

from portal.work.rules import SEOUL, due_group, snooze_until

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=SEOUL)  # a Monday


@pytest.mark.parametrize(
    ("due", "group"),
    [
        (None, "undated"),
        (datetime(2026, 11, 23, 14, 0, tzinfo=SEOUL), "overdue"),
        (datetime(2026, 11, 23, 18, 0, tzinfo=SEOUL), "today"),
        (datetime(2026, 11, 28, 23, 59, tzinfo=SEOUL), "week"),  # Saturday
        (datetime(2026, 11, 29, 0, 0, tzinfo=SEOUL), "later"),  # Sunday begins the next week
    ],
)
def test_a_thing_stands_under_when_it_is_due(due: datetime | None, group: str) -> None:
    assert due_group(due, NOW) == group


def test_things_are_put_away_until_nine_in_the_morning() -> None:
    assert snooze_until("tomorrow", NOW) == datetime(2026, 11, 24, 9, tzinfo=SEOUL)
    assert snooze_until("monday", NOW) == datetime(2026, 11, 30, 9, tzinfo=SEOUL)
    assert snooze_until("never", NOW) is None
