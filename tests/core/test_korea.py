"""Korean numbers are checked with the reason, and written as Korea writes them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core import korea

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "korea.json"
NOW = datetime(2026, 11, 23, 5, 5, tzinfo=UTC)  # Monday 14:05 in Seoul


@pytest.mark.parametrize(
    "text", ["1168200276", "116-82-00276", " 116 82 00276 ", "１１６－８２－００２７６", "116–82–00276", "116.82.00276"]
)
def test_a_business_number_is_accepted_in_any_writing(text: str) -> None:
    assert korea.business_number_problem(text) is None
    assert korea.normalise_business_number(text) == "1168200276"
    assert korea.business_number_words(text) == "116-82-00276"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "적어 주십시오"),
        ("116-82-0027A", "숫자와 하이픈"),
        ("11682002760", "지금은 11자리"),
        ("116820027", "지금은 9자리"),
        ("1186200276", "검증 숫자"),
        ("1234567890", "검증 숫자"),
        ("0000000000", "세무서"),
        ("1010012340", "가운데 두 자리"),
        ("1018100000", "일련번호"),
        ("①②③④⑤", "지금은 5자리"),
        ("٣٣٣٣٣٣٣٣٣٣", "숫자와 하이픈"),
    ],
)
def test_a_wrong_business_number_is_told_why(text: str, part: str) -> None:
    problem = korea.business_number_problem(text)
    assert problem is not None
    assert part in problem
    with pytest.raises(ValueError, match=part):
        korea.normalise_business_number(text)


@given(st.integers(101, 999), st.integers(1, 99), st.integers(1, 9999), st.integers(0, 9))
def test_exactly_one_last_digit_fits_and_any_wrong_digit_that_changes_it_is_noticed(
    office: int, kind: int, serial: int, last: int
) -> None:
    nine = f"{office:03}{kind:02}{serial:04}"
    assert (korea.business_number_problem(f"{nine}{last}") is None) == (korea.business_check_digit(nine) == last)


def test_a_corporate_number_is_summed_whole_not_as_a_card_number() -> None:
    assert korea.corporate_number_problem("130111-0006246") is None
    assert korea.corporate_number_words("1301110006246") == "130111-0006246"
    assert "검증 숫자" in (korea.corporate_number_problem("1301110006247") or "")
    assert "13자리" in (korea.corporate_number_problem("130111") or "")
    assert "적어" in (korea.corporate_number_problem(" ") or "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("01012345678", "010-1234-5678"),
        ("+82 10-1234-5678", "010-1234-5678"),
        ("+82 (0)2-1234-5678", "02-1234-5678"),
        ("011 234 5678", "011-234-5678"),
        ("021234567", "02-123-4567"),
        ("02) 1234-5678", "02-1234-5678"),
        ("0311234567", "031-123-4567"),
        ("07012345678", "070-1234-5678"),
        ("15447772", "1544-7772"),
        ("050712345678", "0507-1234-5678"),
        ("0801234567", "080-123-4567"),
    ],
)
def test_a_phone_number_is_accepted_in_any_writing(text: str, shown: str) -> None:
    assert korea.phone_problem(text) is None
    assert korea.phone_words(text) == shown


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "적어"),
        ("010-1234-567a", "숫자와"),
        ("02-12-345", "자릿수"),
        ("010123456789", "자릿수"),
        ("099-123-4567", "지역번호"),
        ("114", "지역번호"),
    ],
)
def test_a_wrong_phone_number_is_told_why_and_shown_as_it_is(text: str, part: str) -> None:
    assert part in (korea.phone_problem(text) or "")
    assert korea.phone_words(text) == text


def test_a_mobile_number_is_not_a_landline() -> None:
    assert korea.mobile_problem("010-1234-5678") is None
    assert "휴대전화 번호가 아닙니다" in (korea.mobile_problem("02-1234-5678") or "")
    assert "적어" in (korea.mobile_problem("") or "")


def test_a_postcode_has_five_digits_and_the_old_one_is_told_so() -> None:
    assert korea.postcode_problem("08503") is None
    assert "여섯 자리" in (korea.postcode_problem("135-080") or "")
    assert "다섯 자리" in (korea.postcode_problem("0850") or "")


def test_dates_are_those_of_seoul() -> None:
    late = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
    assert korea.datetime_words(late) == "2026.11.23 (월) 00:00"
    assert korea.datetime_words(NOW) == "2026.11.23 (월) 14:05"
    assert korea.moment_words(late) == "2026.11.23 (월)"
    assert korea.moment_words(NOW) == "2026.11.23 (월) 14:05"
    assert korea.date_words(late) == "2026.11.23 (월)"
    assert korea.date_words(date(2026, 11, 22)) == "2026.11.22 (일)"
    assert korea.short_date_words(late) == "2026.11.23"
    assert korea.long_date_words(date(2026, 3, 5)) == "2026년 3월 5일"


def test_an_instant_without_zone_is_a_bug() -> None:
    with pytest.raises(ValueError, match="time zone"):
        korea.datetime_words(datetime(2026, 11, 23))  # noqa: DTZ001 - the very mistake


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(0), "방금"),
        (timedelta(seconds=-59), "방금"),
        (timedelta(seconds=-60), "1분 전"),
        (timedelta(minutes=-59), "59분 전"),
        (timedelta(hours=-1), "1시간 전"),
        (timedelta(hours=-14), "14시간 전"),
        (timedelta(hours=-15), "어제 23:05"),
        (timedelta(days=-1), "어제 14:05"),
        (timedelta(days=-2), "2일 전"),
        (timedelta(days=-6), "6일 전"),
        (timedelta(days=-7), "2026.11.16"),
        (timedelta(seconds=30), "곧"),
        (timedelta(minutes=5), "5분 뒤"),
        (timedelta(hours=3), "3시간 뒤"),
        (timedelta(days=1), "내일 14:05"),
        (timedelta(days=3), "3일 뒤"),
        (timedelta(days=30), "2026.12.23"),
    ],
)
def test_how_long_ago_in_words(ahead: timedelta, words: str) -> None:
    assert korea.ago_words(NOW + ahead, NOW) == words


def test_shortly_after_midnight_the_last_hours_are_still_hours() -> None:
    midnight = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
    assert korea.ago_words(midnight - timedelta(hours=2), midnight) == "2시간 전"


@pytest.mark.parametrize(
    ("word", "pair", "joined"),
    [
        ("도면", "을/를", "도면을"),
        ("청구서", "은/는", "청구서는"),
        ("한빛건설(주)", "이/가", "한빛건설(주)가"),
        ("'시트'", "과/와", "'시트'와"),
        ("서울", "으로/로", "서울로"),
        ("부산", "으로/로", "부산으로"),
        ("업무", "으로/로", "업무로"),
        ("DXF", "을/를", "DXF를"),
        ("HTML", "이/가", "HTML이"),
        ("Planroom", "은/는", "Planroom은"),
        ("drawing", "을/를", "drawing을"),
        ("USER", "으로/로", "USER로"),
        ("A-101", "은/는", "A-101은"),
        ("A-102", "은/는", "A-102는"),
        ("3", "으로/로", "3으로"),
        ("8", "으로/로", "8로"),
        ("", "을/를", "를"),
    ],
)
def test_a_particle_follows_the_sound(word: str, pair: str, joined: str) -> None:
    assert korea.with_particle(word, pair) == joined


def test_a_cards_number_is_read_in_fours() -> None:
    assert korea.card_words("43301299****123*") == "4330-1299-****-123*"
    assert korea.card_words("") == ""


@pytest.mark.skipif(not SHARED.exists(), reason="the shared vectors are not on this machine")
def test_the_shared_vectors_hold() -> None:
    data = json.loads(SHARED.read_text())
    for case in data["business_number"]["valid"]:
        assert korea.business_number_problem(case["n"]) is None, case
        assert korea.business_number_words(case["n"]) == case["formatted"]
    for case in data["business_number"]["invalid"]:
        assert korea.business_number_problem(case["n"]), case
    for case in data["corporate_number"]["valid"]:
        assert korea.corporate_number_problem(case["n"]) is None, case
    for case in data["corporate_number"]["invalid"]:
        assert korea.corporate_number_problem(case["n"]), case
    for number in data["formats"]["postcode"]["valid"]:
        assert korea.postcode_problem(number) is None
    for number in data["formats"]["postcode"]["invalid"]:
        assert korea.postcode_problem(number)
    for number in data["formats"]["landline_examples"]:
        assert korea.phone_words(number) == number
        assert korea.phone_problem(number) is None
