"""Dates, lateness and amendments of tax invoices, as the law has them."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from portal.taxinvoices import rules

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "korea.json"
D = date.fromisoformat


def test_a_month_is_written_on_its_last_day() -> None:
    assert rules.write_date(date(2026, 3, 1)) == date(2026, 2, 28)


@pytest.mark.parametrize(
    ("written", "issued", "lateness", "penalty"),
    [
        ("2026-11-30", "2026-12-10", "on_time", 0),
        ("2026-11-30", "2026-12-11", "late", 10_000),
        ("2026-11-30", "2027-01-26", "not_issued", 20_000),
        ("2026-04-30", "2026-07-27", "late", 10_000),  # 25 July is a Saturday
        ("2026-12-31", "2027-01-11", "on_time", 0),  # 10 January is a Sunday
    ],
)
def test_lateness_costs_one_percent_until_the_return_and_two_after_it(
    written: str, issued: str, lateness: str, penalty: int
) -> None:
    assert rules.lateness(D(written), D(issued)) == lateness
    assert rules.penalty(D(written), D(issued), 1_000_000) == penalty


def test_attention_is_asked_for_three_business_days_before_the_last_one() -> None:
    assert rules.warn_on(date(2026, 12, 10)) == date(2026, 12, 7)


def test_a_management_key_fits_and_is_the_same_each_time() -> None:
    key = rules.management_key("bcdfghjkmnpq", "2026-000123", 12)
    assert key == "bcdfghjk-2026-000123-12"
    assert len(key) <= 24


WRITTEN, TODAY = date(2026, 10, 31), date(2026, 12, 2)


@pytest.mark.parametrize(
    ("code", "change", "papers"),
    [
        (1, 0, [(WRITTEN, -12_000, -1_200), (WRITTEN, 12_000, 1_200)]),
        (2, 500, [(TODAY, 500, 50)]),
        (2, -1_239, [(TODAY, -1_239, -123)]),
        (3, -1_000, [(TODAY, -1_000, -100)]),
        (4, 0, [(TODAY, -12_000, -1_200)]),
        (5, 0, [(WRITTEN, -12_000, -1_200), (WRITTEN, 12_000, 0)]),
        (6, 0, [(WRITTEN, -12_000, -1_200)]),
    ],
)
def test_an_amendment_has_its_papers_with_their_day_and_sign(
    code: int, change: int, papers: list[tuple[date, int, int]]
) -> None:
    planned = rules.plan(code, WRITTEN, (12_000, 1_200), TODAY, change)
    assert [(one.write_date, one.supply, one.vat) for one in planned] == papers


@pytest.mark.parametrize(("code", "change"), [(2, 0), (3, 0), (3, 1_000)])
def test_a_part_that_is_nothing_or_comes_back_as_more_is_no_amendment(code: int, change: int) -> None:
    with pytest.raises(ValueError, match=str(code)):
        rules.plan(code, WRITTEN, (12_000, 1_200), TODAY, change)


@pytest.mark.parametrize(
    ("reason", "code"), [("고객이 계약을 해지함", 4), ("이중 청구", 6), ("같은 달을 중복 청구함", 6), ("", 4)]
)
def test_cancelling_ends_the_contract_unless_it_was_billed_twice(reason: str, code: int) -> None:
    assert rules.code_of(reason) == code


@pytest.mark.parametrize(
    ("waited", "hurried", "pause"),
    [
        (timedelta(), True, timedelta(seconds=20)),
        (timedelta(minutes=8), True, timedelta(minutes=1)),
        (timedelta(days=3), True, timedelta(minutes=10)),
        (timedelta(), False, timedelta(minutes=10)),
        (timedelta(hours=4), False, timedelta(minutes=30)),
        (timedelta(days=3), False, timedelta(hours=1)),
    ],
)
def test_what_has_waited_long_is_looked_at_less_often(waited: timedelta, hurried: bool, pause: timedelta) -> None:
    assert rules.pause(waited, hurried=hurried) == pause


if SHARED.exists():
    GIVEN = json.loads(SHARED.read_text(encoding="utf-8"))

    @pytest.mark.parametrize("row", GIVEN["tax_invoice_deadlines"]["issue"], ids=lambda row: row["supply_month"])
    def test_the_shared_days_of_issue(row: dict[str, str]) -> None:
        assert rules.issue_by(D(f"{row['supply_month']}-01")) == D(row["issue_deadline"])

    @pytest.mark.parametrize("row", GIVEN["tax_invoice_deadlines"]["send_to_nts"], ids=lambda row: row["issued"])
    def test_the_shared_days_of_filing(row: dict[str, str]) -> None:
        assert rules.file_by(D(row["issued"])) == D(row["send_deadline"])

    @pytest.mark.parametrize("row", GIVEN["tax_invoice_deadlines"]["penalty_class"], ids=lambda row: row["issued"])
    def test_the_shared_lateness(row: dict[str, str]) -> None:
        written = D(row["supply"])
        assert rules.issue_by(written) == D(row["issue_deadline"])
        assert rules.final_return(written) == D(row["final_return_deadline"])
        assert rules.lateness(written, D(row["issued"])) == row["class"]

    @pytest.mark.parametrize("row", GIVEN["modify_codes"], ids=lambda row: row["ko"])
    def test_the_shared_amendments(row: dict[str, object]) -> None:
        code = int(str(row["popbill"]))
        amendment = rules.AMENDMENTS[code]
        assert len(amendment.sheets) == row["sheets"]
        assert amendment.original_date == (row["write_date"] == "original")
        first = rules.plan(code, WRITTEN, (12_000, 1_200), TODAY, -10)[0]
        assert first.supply < 0
        assert str(row["sign"]).startswith(("negative", "plus or minus"))

    def test_the_shared_penalty_rates() -> None:
        rates = GIVEN["tax_invoice_deadlines"]["penalty_rates_pct_of_supply"]
        assert (rates["late"] * 10, rates["not_issued"] * 10) == (rules.LATE_PER_MILLE, rules.NOT_ISSUED_PER_MILLE)

    @pytest.mark.parametrize("row", GIVEN["vat"]["negative"], ids=lambda row: str(row["supply"]))
    def test_the_shared_tax_of_what_is_taken_back(row: dict[str, int]) -> None:
        (paper,) = rules.plan(2, WRITTEN, (0, 0), TODAY, row["supply"])
        assert (paper.vat, paper.supply + paper.vat) == (row["tax"], row["total"])
