"""Who is counted and where they came from, without a database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.visits.rules import Look, by_day, by_source, days_until, is_program, key_of, source_of

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36"
KAKAO = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 KAKAOTALK 11.0.0"
DAY = date(2026, 11, 24)
STAGES = ("home", "apply", "submitted", "approved")


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "curl/8.1",
        "Mozilla/5.0 (compatible; Googlebot/2.1)",
        "Mozilla/5.0 (compatible; Yeti/1.1; naver.me/spd)",
        "python-requests/2",
        "kakaotalk-scrap/1.0",
    ],
)
def test_programs_are_not_visitors(agent: str) -> None:
    assert is_program(agent)


@pytest.mark.parametrize("agent", [CHROME, KAKAO])
def test_people_are_visitors(agent: str) -> None:
    assert not is_program(agent)


def test_the_key_is_the_same_within_a_day_and_another_with_another_salt() -> None:
    assert key_of(b"a", "1.2.3.4", CHROME) == key_of(b"a", "1.2.3.4", CHROME)
    assert key_of(b"a", "1.2.3.4", CHROME) != key_of(b"b", "1.2.3.4", CHROME)


@pytest.mark.parametrize(
    ("referrer", "utm", "source"),
    [
        ("https://search.naver.com/search?q=x", "", "네이버"),
        ("https://m.blog.naver.com/x", "", "네이버 블로그"),
        ("https://notnaver.com/", "", "notnaver.com"),
        ("https://www.planroom.kr/prices", "", ""),
        ("", "", ""),
        ("", " Newsletter\n", "newsletter"),
        ("https://[bad", "", ""),
    ],
)
def test_the_source_is_the_advertisement_or_the_site_before(referrer: str, utm: str, source: str) -> None:
    assert source_of(referrer, utm, "planroom.kr") == source


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_referrer_gives_a_short_printable_source(referrer: str, utm: str) -> None:
    source = source_of(referrer, utm, "planroom.kr")
    assert len(source) <= 60


def _look(key: str, page: str, minute: int, source: str = "", day: date = DAY) -> Look:
    return Look(key, page, source, day, datetime(2026, 11, 24, 0, 0, tzinfo=UTC) + timedelta(minutes=minute))


def test_a_visitor_counts_once_a_day_per_stage_and_an_approval_is_no_visit() -> None:
    looks = [
        _look("a", "home", 1),
        _look("a", "home", 2),
        _look("b", "home", 3),
        _look("b", "apply", 4),
        _look("c", "approved", 5),
    ]
    yesterday, today = by_day(looks, days_until(DAY, 2), STAGES)
    assert today == {"visitors": 2, "home": 2, "apply": 1, "submitted": 0, "approved": 1}
    assert yesterday == {"visitors": 0, "home": 0, "apply": 0, "submitted": 0, "approved": 0}


def test_an_application_belongs_to_the_source_the_visitor_first_came_from() -> None:
    looks = [
        _look("a", "submitted", 3),
        _look("a", "home", 1, "네이버"),
        _look("a", "apply", 2, "구글"),
        _look("b", "home", 1),
    ]
    assert by_source(looks) == [
        {"source": "네이버", "visitors": 1, "applied": 1},
        {"source": "직접", "visitors": 1, "applied": 0},
    ]
