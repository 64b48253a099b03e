"""Dates, lateness and amendments of tax invoices, as the law has them."""

from __future__ import annotations

import json
from datetime import date
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
    assert rules.warn_on(date(2026, 11, 30)) == date(2026, 12, 7)


def test_a_management_key_fits_and_is_the_same_each_time() -> None:
    key = rules.management_key("bcdfghjkmnpq", "2026-000123", 12)
    assert key == "bcdfghjk-2026-000123-12"
    assert len(key) <= 24


def test_an_amendment_is_written_on_the_original_day_or_on_its_own() -> None:
    original, today = date(2026, 10, 31), date(2026, 12, 2)
    assert rules.amended_date(rules.AMENDMENTS[1], original, today) == original
    assert rules.amended_date(rules.AMENDMENTS[4], original, today) == today


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
        known = rules.AMENDMENTS.get(int(str(row["popbill"])))
        assert known is None or known.original_date == (row["write_date"] == "original")
        assert known is not None or row["popbill"] == 5
