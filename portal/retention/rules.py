"""How long what is kept, by which law, and what becomes of it at the end: data, and the days that follow from it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Fate(StrEnum):
    """What becomes of a record class when a company is destroyed."""

    DELETE = "delete"
    EMPTY = "empty"  #: the row stays, for its chain; what names a person goes
    SET_APART = "set_apart"  #: another law wants it: sealed, apart, until its last day
    STAY = "stay"  #: names nobody


@dataclass(frozen=True, slots=True)
class Policy:
    """What the house does with a record class at the end of a company, for how many days it is kept, and why."""

    fate: Fate
    days: int
    law: str
    words: str


YEAR = 365
#: Every record class that a table may declare. A class that is missing here stops the destruction before it begins.
POLICIES: dict[str, Policy] = {
    "customer_content": Policy(Fate.DELETE, 0, "개인정보 보호법 제21조, 제26조", "도면과 그 안의 글"),
    "content": Policy(Fate.DELETE, 0, "개인정보 보호법 제21조", "수정요청과 주고받은 말"),
    "personal": Policy(Fate.DELETE, 0, "개인정보 보호법 제21조", "사람의 이름, 연락처, 로그인 수단"),
    "application": Policy(Fate.DELETE, 0, "개인정보 보호법 제21조", "체험 신청서와 주고받은 말"),
    "analytics": Policy(Fate.DELETE, 0, "개인정보 보호법 제21조", "방문 기록"),
    "usage": Policy(Fate.DELETE, 0, "개인정보 보호법 제21조", "사용량과 이용권"),
    "payment_method": Policy(Fate.DELETE, 0, "개인정보 보호법 제21조", "카드의 자동결제 키"),
    "operations": Policy(Fate.DELETE, 0, "개인정보 보호법 제21조", "업무와 작업의 기록"),
    "contract": Policy(Fate.SET_APART, 5 * YEAR, "전자상거래법 시행령 제6조", "계약과 이용권의 기록"),
    "accounting": Policy(Fate.SET_APART, 5 * YEAR + 200, "국세기본법 제85조의3", "청구서, 결제, 세금계산서"),
    "access_log": Policy(Fate.EMPTY, 2 * YEAR, "개인정보의 안전성 확보조치 기준 제8조", "접속과 처리의 기록"),
    "destruction": Policy(Fate.STAY, 0, "표준 개인정보 보호지침 제10조", "파기의 기록"),
}


@dataclass(frozen=True, slots=True)
class Span:
    """Days of one kind of company: looking, then locked away, then sealed."""

    looking: int
    kept: int
    sealed: int


TRIAL = Span(looking=7, kept=30, sealed=7)
CUSTOMER = Span(looking=30, kept=60, sealed=14)
#: Notices go out this many days before the data may be destroyed.
NOTICES = (30, 7, 1)


def span(*, paid: bool) -> Span:
    return CUSTOMER if paid else TRIAL


def days(ended_on: date, *, paid: bool) -> tuple[date, date]:
    """(first day without a look, first day on which destruction may be asked for) of an agreement that ended on a day."""
    chosen = span(paid=paid)
    lock_on = ended_on + timedelta(days=chosen.looking)
    return lock_on, lock_on + timedelta(days=chosen.kept)


def notice(due_on: date, today: date, noticed: list[int]) -> int | None:
    """The notice that is to go out today: the most urgent one that is due and did not go out yet."""
    left = (due_on - today).days
    fitting = [count for count in NOTICES if left <= count and count not in noticed]
    return min(fitting) if fitting else None
