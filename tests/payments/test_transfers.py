"""Deposits find their invoices, part by part; the doubtful wait for a person, and nothing is booked twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal.billing import closing, ledger
from portal.billing.models import Invoice, InvoiceState
from portal.billing.rules.terms import Period
from portal.core.db import db
from portal.core.errors import Forbidden, Refusal
from portal.core.gate import Caller
from portal.payments import transfers
from portal.payments.models import Transfer, TransferState
from portal.work.models import WorkItem, WorkState
from tests.billing.office import BILL, Office, office

OCTOBER = Period(date(2026, 10, 1), date(2026, 11, 1))
HEAD = "거래일시,입금자명,입금액,메모\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as made:
        yield made


@pytest.fixture
def invoice(desk: Office) -> Invoice:
    """One open invoice of 13,200 won (12,000 and tax) of 한빛종합건설."""
    desk.paying()
    desk.at(date(2026, 11, 3))
    closing.start(OCTOBER)
    for row in closing.board(OCTOBER):
        closing.close_company(OCTOBER, row.tenant.id)
    made = db.session.scalars(select(Invoice)).one()
    assert made.total == 13_200
    return made


def _import(*rows: str) -> dict[str, int]:
    return dict(transfers.import_list(BILL, "입금.csv", (HEAD + "".join(f"{row}\n" for row in rows)).encode())[1])


def _items() -> list[WorkItem]:
    return list(
        db.session.scalars(select(WorkItem).where(WorkItem.kind == "transfer", WorkItem.state == WorkState.OPEN))
    )


def test_a_deposit_of_the_right_name_and_amount_settles_the_invoice(invoice: Invoice) -> None:
    assert _import("2026-11-10 09:00:00,㈜한빛종합건설,13200,") == {"matched": 1}
    assert invoice.state == InvoiceState.PAID
    assert ledger.balance("cash_bank") == 13_200
    assert _items() == []


def test_the_same_deposit_in_two_overlapping_lists_counts_once(invoice: Invoice) -> None:
    row = "2026-11-10 09:00:00,한빛종합건설,5000,"
    assert _import(row) == {"matched": 1}
    assert _import(row) == {"known": 1}
    assert _import(row, "2026-11-11 10:00:00,한빛종합건설,5000,") == {"known": 1, "matched": 1}
    assert invoice.paid == 10_000
    assert invoice.state == InvoiceState.FINALISED


def test_two_equal_deposits_at_one_instant_are_two(invoice: Invoice) -> None:
    row = "2026-11-10,한빛종합건설,5000,"
    assert _import(row, row) == {"matched": 2}
    assert invoice.paid == 10_000


def test_what_is_paid_too_much_stays_with_the_deposit_until_somebody_uses_it(invoice: Invoice) -> None:
    assert _import("2026-11-10,한빛종합건설,20000,") == {"partly": 1}
    transfer = db.session.scalars(select(Transfer)).one()
    assert (transfer.won, transfer.allocated) == (20_000, 13_200)
    assert "6,800원" in _items()[0].title


def test_a_doubtful_deposit_becomes_work_and_a_person_says_whose_it_is(invoice: Invoice) -> None:
    assert _import("2026-11-10,김아무개,13200,") == {"doubtful": 1}
    transfer = db.session.scalars(select(Transfer)).one()
    assert transfers.proposals(transfer)[0].id == invoice.id
    with pytest.raises(Refusal, match="13,200원까지"):
        transfers.allocate(BILL, transfer.id, invoice.id, 99_999)
    transfers.allocate(BILL, transfer.id, invoice.id)
    assert (transfer.state, invoice.state) == (TransferState.MATCHED, InvoiceState.PAID)
    assert _items() == []


def test_a_wrong_match_is_undone_on_the_books_too(invoice: Invoice) -> None:
    _import("2026-11-10,한빛종합건설,13200,")
    transfer = db.session.scalars(select(Transfer)).one()
    transfers.undo(BILL, transfer.id)
    assert (invoice.state, invoice.open_won) == (InvoiceState.FINALISED, 13_200)
    assert (ledger.balance("cash_bank"), ledger.crooked()) == (0, [])
    assert transfers.try_again() == 0
    transfers.allocate(BILL, transfer.id, invoice.id)
    assert invoice.state == InvoiceState.PAID


def test_a_deposit_that_came_before_its_invoice_is_matched_once_it_is_there(desk: Office) -> None:
    desk.paying()
    assert _import("2026-10-30,한빛종합건설,13200,") == {"doubtful": 1}
    desk.at(date(2026, 11, 3))
    closing.start(OCTOBER)
    for row in closing.board(OCTOBER):
        closing.close_company(OCTOBER, row.tenant.id)
    assert transfers.try_again() == 1
    assert db.session.scalars(select(Invoice)).one().state == InvoiceState.PAID


def test_a_list_with_one_wrong_line_is_not_taken_in_at_all(invoice: Invoice) -> None:
    with pytest.raises(Refusal, match="3번째 줄"):
        _import("2026-11-10,한빛종합건설,13200,", "언젠가,한빛종합건설,1,")
    assert db.session.scalar(select(func.count()).select_from(Transfer)) == 0
    assert invoice.paid == 0


def test_only_billing_staff_take_deposits_in(desk: Office) -> None:
    with pytest.raises(Forbidden):
        transfers.import_list(Caller(person_id=1, staff_roles=frozenset({"reviewer"})), "x.csv", HEAD.encode())
