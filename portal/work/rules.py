"""How the inbox is cut into groups by when a thing is due. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

SEOUL = ZoneInfo("Asia/Seoul")
#: (key, heading) from the most pressing to the least.
GROUPS: tuple[tuple[str, str], ...] = (
    ("overdue", "기한 지남"),
    ("today", "오늘"),
    ("week", "이번 주"),
    ("later", "나중"),
    ("undated", "기한 없음"),
)


def due_group(due_at: datetime | None, now: datetime) -> str:
    """The key of the group for something due at `due_at` (aware), seen at `now`; days and weeks (Sunday first) are Seoul's."""
    if due_at is None:
        return "undated"
    if due_at < now:
        return "overdue"
    today, due = _day(now), _day(due_at)
    if due == today:
        return "today"
    saturday = today + timedelta(days=6 - (today.weekday() + 1) % 7)
    return "week" if due <= saturday else "later"


def snooze_until(choice: str, now: datetime) -> datetime | None:
    """Nine o'clock in Seoul of the day that `choice` names: tomorrow, or monday; None for a choice that does not exist."""
    today = _day(now)
    if choice == "tomorrow":
        day = today + timedelta(days=1)
    elif choice == "monday":
        day = today + timedelta(days=7 - today.weekday())
    else:
        return None
    return datetime(day.year, day.month, day.day, 9, tzinfo=SEOUL)


def _day(instant: datetime) -> date:
    return instant.astimezone(SEOUL).date()
