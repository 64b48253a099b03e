"""Words for where something was done, months, working hours, and what a reason must be. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

#: 안전성 확보조치 기준 제8조: two years, from 50,000 people or with unique identifiers; the house keeps all of it so long.
KEPT = timedelta(days=2 * 365)
SHORTEST_REASON, LONGEST_REASON = 5, 200
#: The same look of the same device again within this is the same line: pages ask again by themselves, drawings come in parts.
SAME_LOOK = timedelta(minutes=10)
#: Days of a month by which the month before is to be reviewed.
REVIEW_DAYS = 10
WORKING_HOURS = range(8, 20)
SEOUL = ZoneInfo("Asia/Seoul")

#: Blueprint, or an endpoint that is open to others than the rest of its blueprint -> what it is about, as the log says it.
PLACES: dict[str, str] = {
    "access_log": "접속기록",
    "access_log.rights": "권한표",
    "health_staff": "상태",
    "accounts_staff": "사람",
    "assistant_staff": "코드 도우미",
    "billing_staff": "청구서와 명세서",
    "desk_staff": "고객사",
    "desk_staff.staff": "오늘",
    "desk_staff.search": "찾기",
    "metering_staff": "사용량과 열쇠",
    "month_close": "월 마감",
    "payments_staff": "결제와 입금",
    "plans_staff": "요금제와 청구 정보",
    "quality_staff": "품질",
    "requests_staff": "수정요청",
    "retention_staff": "보존과 파기",
    "taxinvoices_staff": "세금계산서",
    "tenants_staff": "지원 출입",
    "trials_staff": "체험 신청",
    "visits_staff": "방문 기록",
    "work_staff": "업무",
    # what support sees inside a company
    "billing": "회사의 청구서",
    "desk": "회사 안 찾기",
    "drawing_files": "회사의 도면",
    "drawings": "회사의 도면",
    "metering": "회사의 사용량",
    "quality": "회사의 수정요청",
    "tenants": "회사와 구성원",
}


#: What an address names -> its word.
SUBJECTS: dict[str, str] = {
    "application": "신청",
    "case": "보존 건",
    "certificate": "파기 증명서",
    "charge": "결제",
    "device": "기기",
    "drawing": "도면",
    "folder": "폴더",
    "grant": "지원 출입",
    "invoice": "청구서",
    "item": "업무",
    "key": "열쇠",
    "membership": "구성원",
    "note": "수정 청구서",
    "number": "도면 조각",
    "paper": "세금계산서",
    "person": "사람",
    "position": "시트",
    "refund": "환불",
    "release": "배포",
    "request": "수정요청",
    "revision": "개정",
    "rule": "담당 규칙",
    "statement": "명세서",
    "tenant": "고객사",
    "transfer": "입금",
    "upload": "올린 파일",
}


def subject(named: str) -> str:
    """'invoice:7' as '청구서 7번'; a list when nothing is named."""
    kind, _, number = named.partition(":")
    return f"{SUBJECTS.get(kind, kind)} {number}번" if number else "목록"


def place(endpoint: str) -> str:
    """Where an endpoint belongs, in words; its own name when there are none."""
    blueprint = endpoint.partition(".")[0]
    return PLACES.get(endpoint) or PLACES.get(blueprint, blueprint)


def reason_problem(said: str) -> str | None:
    """Why these words are no reason, as a sentence, or None."""
    if len(said) < SHORTEST_REASON:
        return f"무엇에 쓰실지 {SHORTEST_REASON}자 이상으로 적어 주십시오."
    if len(said) > LONGEST_REASON:
        return f"{LONGEST_REASON}자까지 적을 수 있습니다."
    if len(set(said)) < 3:  # noqa: PLR2004 - 'aaaaa' tells nobody anything
        return "나중에 읽는 사람이 알 수 있게 적어 주십시오."
    return None


def month_before(day: date) -> str:
    """'2026-10' for any day of November 2026."""
    return f"{day.replace(day=1) - timedelta(days=1):%Y-%m}"


def span(month: str) -> tuple[datetime, datetime] | None:
    """[from, to) of a month in Seoul; None when the text is none."""
    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", month):
        return None
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=SEOUL)
    return first, (first + timedelta(days=32)).replace(day=1)


def off_hours(at: datetime) -> bool:
    """Whether an instant is outside working hours in Seoul: at night, or on Saturday or Sunday."""
    there = at.astimezone(SEOUL)
    return there.weekday() >= 5 or there.hour not in WORKING_HOURS  # noqa: PLR2004 - Saturday
