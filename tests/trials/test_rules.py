"""When an answer is due, what a company's own mail domain is, what is tidied in a form."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portal.trials import rules
from portal.trials.forms import email_problem, tidy, tidy_lines


@pytest.mark.parametrize(
    ("submitted", "due"),
    [
        ("2026-11-23T02:00", "2026-11-24T09:00"),  # Monday noon in Seoul -> Tuesday 18:00
        ("2026-11-27T02:00", "2026-11-30T09:00"),  # Friday -> Monday
        ("2026-11-27T16:00", "2026-11-30T09:00"),  # already Saturday in Seoul -> Monday
    ],
)
def test_an_answer_is_due_on_the_evening_of_the_next_working_day(submitted: str, due: str) -> None:
    instant = datetime.fromisoformat(submitted).replace(tzinfo=UTC)
    assert rules.answer_due(instant) == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_a_mail_service_of_everybody_says_nothing_of_a_company() -> None:
    assert rules.company_domain("kim@naver.com") is None
    assert rules.company_domain("Kim@Hanbit.CO.KR") == "hanbit.co.kr"


@pytest.mark.parametrize(
    "address", ["kim", "kim@", "kim@company", "k im@a.kr", "kim@a..kr", "한글@a.kr", "a" * 250 + "@a.kr"]
)
def test_what_is_no_mail_address_is_told_so(address: str) -> None:
    assert email_problem(address)


def test_text_comes_in_composed_without_control_letters_and_with_its_lines() -> None:
    assert tidy("  한빛\u0000  건설\n") == "한빛 건설"
    assert tidy_lines("하나  \r\n\r\n\r\n\r\n둘\u0007") == "하나\n\n둘"
