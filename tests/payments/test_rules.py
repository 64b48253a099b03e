"""When a charge is tried again, when use is limited, and whose deposit it is."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from portal.payments import rules
from portal.payments.rules import Dun, Open, match

DUE = date(2026, 12, 25)
HANBIT = Open(1, 10, "2026-000011", 110_000, ("주식회사 한빛종합건설", "김서연"))
HANBIT_NEXT = Open(2, 10, "2026-000012", 55_000, ("주식회사 한빛종합건설", "김서연"))
DAEHAN = Open(3, 20, "2026-000013", 220_000, ("(주)대한정밀", "이대한"))
WAITING = [HANBIT, HANBIT_NEXT, DAEHAN]


def _on(days: int, **known: bool) -> Dun:
    return rules.dun(DUE, DUE + timedelta(days=days), **{"by_card": True, "hard": False, **known})


def test_the_card_is_charged_on_the_due_day_and_on_the_retry_days_only() -> None:
    assert [days for days in range(-3, 40) if _on(days).charge] == [0, 1, 3, 7, 14]


def test_a_card_declined_for_good_is_not_tried_again_but_its_owner_reminded() -> None:
    assert [days for days in range(40) if _on(days, hard=True).charge] == []
    assert [days for days in range(40) if _on(days, hard=True).remind] == [1, 3, 7, 14]


def test_who_pays_by_transfer_is_reminded_after_the_due_day() -> None:
    assert [days for days in range(40) if _on(days, by_card=False).remind] == [1, 3, 7, 14]


def test_use_is_limited_from_two_weeks_after_the_due_day() -> None:
    assert next(days for days in range(30) if _on(days).limit) == 14


def test_the_next_step_is_always_later_and_ends() -> None:
    day: date | None = DUE - timedelta(days=5)
    seen = []
    while (day := rules.next_day(DUE, day)) is not None:
        seen.append((day - DUE).days)
    assert seen == [0, 1, 3, 7, 14]


def test_an_order_is_the_same_each_time_and_fits_the_payment_company() -> None:
    order = rules.order_id("bcdfghjkmnpq", "2026-000123", 12)
    assert order == rules.order_id("bcdfghjkmnpq", "2026-000123", 12)
    assert re.fullmatch(r"[A-Za-z0-9_-]{6,64}", order)


@pytest.mark.parametrize(
    ("payer", "memo", "won", "parts"),
    [
        ("한빛종합건설", "", 110_000, ((1, 110_000),)),
        ("㈜한빛종합건설", "", 55_000, ((2, 55_000),)),  # the amount says which of two
        ("(주) 한빛 종합건설", "", 165_000, ((1, 110_000), (2, 55_000))),  # all at once, the oldest first
        ("한빛종합건설", "", 100_000, ((1, 100_000),)),  # a part
        ("한빛종합건설", "", 200_000, ((1, 110_000), (2, 55_000))),  # too much: the rest stays with the deposit
        ("한빛종0011", "", 110_000, ((1, 110_000),)),  # the note that the invoice asks for
        ("김아무개", "2026-000013 대금", 220_000, ((3, 220_000),)),  # the number in the memo
        ("대한정밀2026-000013", "", 200_000, ((3, 200_000),)),
        ("한빛종합", "", 110_000, ((1, 110_000),)),  # cut by the bank, with the right amount
    ],
)
def test_a_deposit_finds_its_invoice(payer: str, memo: str, won: int, parts: tuple[tuple[int, int], ...]) -> None:
    assert match(payer, memo, won, WAITING).parts == parts


@pytest.mark.parametrize(
    ("payer", "won", "why"),
    [
        ("한빛종합", 99_000, "이름의 앞부분은 같지만"),
        ("홍길동", 220_000, "2026-000013"),
        ("홍길동", 1, "맞는 이름도 금액도"),
        ("", 110_000, "2026-000011"),
        ("주식회사", 110_000, "2026-000011"),
    ],
)
def test_a_doubtful_deposit_is_left_to_a_person_with_a_hint(payer: str, won: int, why: str) -> None:
    found = match(payer, "", won, WAITING)
    assert found.parts == ()
    assert why in found.why


def test_two_companies_of_one_name_are_never_guessed() -> None:
    twin = Open(9, 30, "2026-000019", 110_000, ("한빛종합건설 주식회사",))
    assert match("한빛종합건설", "", 110_000, [HANBIT, twin]).parts == ()


@given(
    some.text(max_size=12),
    some.text(max_size=30),
    some.integers(1, 10**9),
)
def test_a_match_never_gives_more_than_came_nor_more_than_is_open(payer: str, memo: str, won: int) -> None:
    found = match(payer, memo, won, WAITING)
    open_won = {row.invoice_id: row.won for row in WAITING}
    assert sum(part for _, part in found.parts) <= won
    assert all(0 < part <= open_won[invoice] for invoice, part in found.parts)
    assert len({row.tenant_id for row in WAITING if row.invoice_id in dict(found.parts)}) <= 1
