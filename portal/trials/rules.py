"""What can be said of an application without asking anybody: when an answer is due, when it lapses, what looks alike. Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

SEOUL = ZoneInfo("Asia/Seoul")
#: The promise on the page: an answer within one working day.
END_OF_DAY = time(18)
SATURDAY = 5
#: An unanswered question, or a mail address never confirmed, lapses after this.
LAPSE = timedelta(days=14)
#: An application that came to nothing is forgotten after this, as /privacy says.
FORGOTTEN = timedelta(days=30)
#: A question can be taken back for this long; its mail waits meanwhile.
UNDO = timedelta(seconds=20)
#: One visitor sends at most this many applications an hour.
MOST_AN_HOUR = 30
#: One address is sent at most this many mails an hour that ask to confirm it, the first one among them.
MOST_MAILS_AN_HOUR = 4

#: Mail services of everybody: the same one says nothing about two applicants.
FREE_MAIL = frozenset(
    {
        "naver.com", "gmail.com", "daum.net", "hanmail.net", "kakao.com", "nate.com", "outlook.com", "hotmail.com",
        "icloud.com", "yahoo.com", "yahoo.co.kr", "live.com", "korea.com", "me.com", "proton.me",
    }
)  # fmt: skip


def answer_due(submitted_at: datetime) -> datetime:
    """Six o'clock in the evening of the next working day (Monday to Friday, Seoul)."""
    day = submitted_at.astimezone(SEOUL).date() + timedelta(days=1)
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1)
    return datetime.combine(day, END_OF_DAY, tzinfo=SEOUL)


def company_domain(email: str) -> str | None:
    """The mail domain when it is a company's own; None for the services everybody uses."""
    domain = email.rpartition("@")[2].lower()
    return None if not domain or domain in FREE_MAIL else domain


def company_words(name: str) -> str:
    """A company's name for comparing: without legal forms, spaces and case."""
    plain = name.lower()
    for form in ("주식회사", "유한회사", "(주)", "㈜", "(유)"):
        plain = plain.replace(form, "")
    return "".join(plain.split())
