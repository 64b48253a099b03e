"""Won is whole, taxed by cutting, and written so that nothing can be put before it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core import money
from portal.core.money import MicroWon

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "korea.json"

WORDS = [
    (0, "일금 영원정"),
    (1, "일금 일원정"),
    (10, "일금 일십원정"),
    (1_234_560, "일금 일백이십삼만사천오백육십원정"),
    (100_000_000, "일금 일억원정"),
    (100_010_001, "일금 일억일만일원정"),
    (10_000, "일금 일만원정"),
    (20_000_300, "일금 이천만삼백원정"),
    (1_000_000_000_000, "일금 일조원정"),
    (9_999_999_999, "일금 구십구억구천구백구십구만구천구백구십구원정"),
    (-1_000, "일금 마이너스 일천원정"),
]


@pytest.mark.parametrize(("amount", "text"), [(0, "0원"), (1234567, "1,234,567원"), (-1000, "-1,000원")])
def test_won_has_groups_of_three(amount: int, text: str) -> None:
    assert money.won(amount) == text


@pytest.mark.parametrize(("amount", "text"), WORDS)
def test_an_amount_in_words_writes_every_digit(amount: int, text: str) -> None:
    assert money.words(amount) == text


def test_an_amount_too_large_for_words_says_so() -> None:
    with pytest.raises(ValueError, match="too large"):
        money.words(10**20)


@given(st.integers(0, 10**20 - 1))
def test_words_read_back_are_the_amount(amount: int) -> None:
    digits = {name: value for value, name in enumerate("영일이삼사오육칠팔구")}
    small, large = {"십": 10, "백": 100, "천": 1000}, {"만": 10**4, "억": 10**8, "조": 10**12, "경": 10**16}
    total = group = digit = 0
    for letter in money.words(amount).removeprefix("일금 ").removesuffix("원정"):
        if letter in digits:
            digit = digits[letter]
        elif letter in small:
            group, digit = group + digit * small[letter], 0
        else:
            total, group, digit = total + (group + digit) * large[letter], 0, 0
    assert total + group + digit == amount


@pytest.mark.parametrize(
    ("supply", "tax"), [(1, 0), (9, 0), (11, 1), (999, 99), (1234567, 123456), (-1234567, -123456), (-9, 0)]
)
def test_tax_is_ten_percent_cut_below_one_won(supply: int, tax: int) -> None:
    assert money.vat(supply) == tax
    assert money.with_vat(supply) == supply + tax


@given(st.integers(-(10**13), 10**13))
def test_a_supply_in_tens_gives_the_tax_that_the_payment_company_finds(amount: int) -> None:
    supply = money.cut_to_ten(amount)
    assert supply % 10 == 0
    assert abs(amount - supply) < 10
    total = abs(money.with_vat(supply))
    assert (total * 2 + 11) // 22 == abs(money.vat(supply)), "round(total / 11), half up"


@pytest.mark.parametrize(
    ("micro", "won"), [(499_999, 0), (500_000, 1), (1_500_000, 2), (-500_000, -1), (-499_999, 0), (0, 0)]
)
def test_micro_won_round_half_up_alike_on_both_sides_of_zero(micro: int, won: int) -> None:
    assert money.to_won(MicroWon(micro)) == won


@given(st.integers(-(10**12), 10**12))
def test_won_survive_the_way_to_micro_won_and_back(amount: int) -> None:
    assert money.to_won(money.micro(amount)) == amount


@pytest.mark.parametrize("wrong", [1.0, Decimal(1), True, "1"])
@pytest.mark.parametrize(
    "verb", [money.won, money.vat, money.with_vat, money.cut_to_ten, money.micro, money.to_won, money.words]
)
def test_only_whole_numbers_are_money(verb: object, wrong: object) -> None:
    with pytest.raises(TypeError):
        verb(wrong)  # type: ignore[operator]


@pytest.mark.skipif(not SHARED.exists(), reason="the shared vectors are not on this machine")
def test_the_shared_vectors_hold() -> None:
    vat = json.loads(SHARED.read_text())["vat"]
    for case in vat["supply_to_tax"]:
        assert money.vat(case["supply"]) == case["tax_floor"], case
        assert money.with_vat(case["supply"]) == case["total"], case
    for case in vat["negative"]:
        assert (money.vat(case["supply"]), money.with_vat(case["supply"])) == (case["tax"], case["total"])
    for case in json.loads(SHARED.read_text())["formats"]["won"]:
        assert money.won(case["v"]) == case["text"]
