"""What a password must be, and the coarse words for where somebody comes from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.accounts import rules, second_factor
from portal.accounts.common import COMMON, leaked

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "Password1!",
        "P@ssw0rd",
        "qwer1234",
        "12345678",
        "87654321",
        "asdfghjk",
        "aaaaaaaa",
        "12341234",
        "planroom2026!",
        "비밀번호비밀번호",
    ],
)
def test_passwords_that_guessers_try_first_are_refused(password: str) -> None:
    assert rules.password_problem(password) is not None


@pytest.mark.parametrize("password", ["correct horse battery", "참나무 아래 바위 셋", "x7!kQ2#mZ9", "gksmfdlvnfmek"])
def test_a_long_or_odd_password_is_taken_without_rules_of_composition(password: str) -> None:
    assert rules.password_problem(password, about=("alice@hanbit.co.kr", "김하늘")) is None


@pytest.mark.parametrize(("length", "taken"), [(7, False), (8, True), (128, True), (129, False)])
def test_length_goes_from_8_to_128_letters(length: int, taken: bool) -> None:
    password = ("xk7 qmz2 vbw9 tjh4 rnf6 " * 6)[:length]
    assert (rules.password_problem(password) is None) is taken


@pytest.mark.parametrize("password", ["alicewonder77", "xx-hanbitcorp-yy", "HANBITcorp99x"])
def test_a_password_with_the_owners_own_words_is_refused(password: str) -> None:
    assert rules.password_problem(password, about=("alicewonder@hanbitcorp.co.kr",)) is not None


def test_the_same_password_composed_by_another_keyboard_is_the_same() -> None:
    import unicodedata  # noqa: PLC0415 - only here

    typed = "참나무 아래 바위"
    assert rules.canonical_password(unicodedata.normalize("NFD", typed)) == rules.canonical_password(typed)


def test_the_list_of_common_passwords_has_some_hundred_entries() -> None:
    assert len(COMMON) >= 200


@given(st.text(max_size=200))
def test_any_text_gets_an_answer(text: str) -> None:
    problem = rules.password_problem(text)
    assert problem is None or problem.endswith("오.")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::9", "2001:db8:1::/48"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("not", ""),
    ],
)
def test_the_history_holds_networks_and_no_addresses(address: str, network: str) -> None:
    assert rules.network_of(address) == network


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "evil",
        "/sign-out",
        "/sign-in?next=/",
        "/a\nb",
        "",
        "/\tb",
        "/invitations/x",
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(wanted: str) -> None:
    assert rules.local_path(wanted) == ""


def test_a_path_inside_the_portal_is_kept() -> None:
    assert rules.local_path("/drawings/3?sheet=2") == "/drawings/3?sheet=2"


@given(st.text(max_size=80))
def test_a_local_path_always_starts_with_one_slash(text: str) -> None:
    kept = rules.local_path(text)
    assert not kept or (kept[0] == "/" and kept[1:2] not in {"/", "\\"})


@pytest.mark.parametrize(
    ("agent", "label"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36", "Windows · Chrome"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/131.0 Whale/3.1 Safari/537.36", "Windows · 웨일"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1", "iPhone · Safari"),
        ("", "알 수 없는 기기"),
    ],
)
def test_a_browser_is_called_by_words_people_know(agent: str, label: str) -> None:
    assert rules.label_of(agent) == label


def test_a_code_of_now_and_of_half_a_minute_ago_fits_but_none_twice() -> None:
    moment = datetime(2026, 11, 24, 9, 0, 5, tzinfo=UTC)
    code, earlier = (second_factor.code_at(SECRET, moment - timedelta(seconds=back)) for back in (0, 30))
    step = second_factor.matching_step(SECRET, code, moment, 0)
    assert step == int(moment.timestamp()) // 30
    assert second_factor.matching_step(SECRET, earlier, moment, 0) == step - 1
    assert second_factor.matching_step(SECRET, code, moment, step) is None
    assert second_factor.matching_step(SECRET, earlier, moment, step) is None


def test_a_code_of_two_minutes_ago_is_dead() -> None:
    moment = datetime(2026, 11, 24, 9, 0, 5, tzinfo=UTC)
    old = second_factor.code_at(SECRET, moment - timedelta(minutes=2))
    assert second_factor.matching_step(SECRET, old, moment, 0) is None


def test_the_picture_has_no_style_attribute() -> None:
    drawn = second_factor.picture(second_factor.address(SECRET, "rita@a.example"))
    assert drawn.startswith("<svg")
    assert "style" not in drawn


def test_what_leaks_most_is_refused_and_the_list_has_more_than_three_thousand() -> None:
    found = leaked(rules.SHORTEST)
    assert len(found) > 3_000
    assert all(rules.password_problem(word) and rules.password_problem(word.upper()) for word in sorted(found)[::500])
