"""A tax invoice is issued once, whatever becomes of the answer, and followed until the tax office has it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import select

from portal.billing import service as billing
from portal.billing.models import Evidence
from portal.core import clock
from portal.core.db import db, write
from portal.core.errors import NotFound, Refusal
from portal.core.outbox import Message
from portal.taxinvoices import issuing, service
from portal.taxinvoices.models import TAX_INVOICE, TaxInvoice, TaxInvoiceState
from portal.work.models import WorkItem, WorkState
from tests.billing.office import BILL, DETAILS, noon
from tests.taxinvoices.conftest import Desk

X = TaxInvoiceState


def _items() -> list[WorkItem]:
    query = select(WorkItem).where(WorkItem.kind == "tax_invoice", WorkItem.state == WorkState.OPEN)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def test_a_numbered_invoice_becomes_a_tax_invoice_with_the_same_amounts_and_is_filed(desk: Desk) -> None:
    paper = desk.work(desk.ask())
    assert (paper.state, paper.purpose, paper.write_date) == (X.ISSUED, "청구", date(2026, 10, 31))
    assert (paper.supply, paper.vat, paper.total) == (desk.invoice.supply, desk.invoice.vat, desk.invoice.total)
    assert paper.document["totalAmount"] == str(desk.invoice.total)
    assert paper.file_by == date(2026, 11, 4)
    paper = desk.until_filed(paper)
    assert (paper.state, len(paper.approval_number or "")) == (X.FILED, 24)
    assert db.session.scalars(select(Message).where(Message.name == "tax_invoice.filed")).one().args == [paper.id]
    assert len(desk.over_there()) == 1


def test_heard_twice_there_is_one(desk: Desk) -> None:
    desk.ask()
    desk.ask()
    assert len(desk.papers()) == 1


def test_a_company_that_takes_the_card_slip_gets_no_tax_invoice(desk: Desk) -> None:
    billing.update_profile(desk.owner, replace(DETAILS, evidence=Evidence.CARD_SLIP_ONLY))
    service.heard_finalised(str(uuid4()), desk.invoice.id)
    assert desk.papers() == []


@pytest.mark.parametrize("fault", ["answer-lost", "500-after-commit", "half-json", "500", "refuse"])
def test_a_lost_answer_is_asked_for_and_there_is_one_tax_invoice(desk: Desk, fault: str) -> None:
    paper = desk.ask()
    desk.outside.fault("popbill", fault, path="/Taxinvoice", count=1)
    assert desk.work(paper).state in {X.UNKNOWN, X.ISSUED}
    assert desk.work(paper, 3).state == X.ISSUED
    assert len(desk.over_there()) == 1


def test_a_worker_that_died_before_or_after_asking_leaves_one_tax_invoice(desk: Desk) -> None:
    paper = desk.ask()
    with write() as session:
        row = session.get_one(TaxInvoice, paper.id)
        TAX_INVOICE.move(session, row, "request", by="test", document={"x": 1}, requested_at=clock.fresh())
    assert desk.work(paper).state == X.WAITING  # it never arrived, so it is asked for anew
    assert desk.work(paper).state == X.ISSUED
    assert len(desk.over_there()) == 1


def test_a_buyer_who_closed_down_holds_it_until_a_person_has_looked(desk: Desk) -> None:
    desk.outside.post("/_control/business", json={"number": "1248100998", "state": "closed", "end_dt": "20261001"})
    paper = desk.work(desk.ask())
    assert paper.state == X.HELD
    assert "폐업" in _items()[0].body
    desk.outside.delete("/_control/business")
    service.try_again(BILL, paper.id)
    assert desk.work(paper).state == X.ISSUED
    assert _items() == []


def test_what_the_tax_office_refuses_is_work_with_the_reason(desk: Desk) -> None:
    paper = desk.work(desk.ask())
    desk.outside.post("/_control/popbill/fail", json={"code": "SYN003", "mgtKey": paper.management_key})
    paper = desk.until_filed(paper)
    assert (paper.state, paper.failure_code) == (X.REJECTED, "SYN003")
    assert "SYN003" in _items()[0].body


def test_a_cancelled_invoice_takes_its_paper_back_before_filing(desk: Desk) -> None:
    paper = desk.work(desk.ask())
    note = billing.void(BILL, desk.invoice.id, "잘못 청구함")
    service.heard_voided(str(uuid4()), note.invoice_id)
    assert desk.work(paper).state == X.CANCELLED
    assert desk.over_there()[0]["stateCode"] == 600


def test_a_cancelled_invoice_whose_paper_is_filed_gets_its_opposite_once(desk: Desk) -> None:
    paper = desk.until_filed(desk.work(desk.ask()))
    billing.void(BILL, desk.invoice.id, "계약 해제")
    for _ in range(2):
        service.heard_voided(str(uuid4()), desk.invoice.id)
    _, opposite = desk.papers()
    assert (opposite.modify_code, opposite.supply, opposite.original_id) == (4, -paper.supply, paper.id)
    assert desk.work(opposite).state == X.ISSUED
    assert opposite.document["orgNTSConfirmNum"] == paper.approval_number
    assert len(desk.over_there()) == 2


def test_an_invoice_cancelled_before_its_paper_was_issued_has_none(desk: Desk) -> None:
    paper = desk.ask()
    billing.void(BILL, desk.invoice.id, "잘못 청구함")
    service.heard_voided(str(uuid4()), desk.invoice.id)
    assert desk.work(paper).state == X.CANCELLED
    assert desk.over_there() == []


def test_staff_amend_a_filed_paper_for_a_lawful_reason_only(desk: Desk) -> None:
    paper = desk.work(desk.ask())
    with pytest.raises(Refusal, match="전송이 끝난"):
        service.amend(BILL, paper.id, 2, -1_000)
    desk.until_filed(paper)
    with pytest.raises(Refusal, match="10원 단위"):
        service.amend(BILL, paper.id, 2, -1_001)
    part = service.amend(BILL, paper.id, 2, -1_000)
    assert (part.supply, part.vat, part.total) == (-1_000, -100, -1_100)
    service.amend(BILL, paper.id, 1)
    assert [row.supply for row in desk.papers()] == [12_000, -1_000, -12_000, 12_000]


def test_what_is_not_issued_asks_for_attention_before_its_last_day_and_names_the_penalty_after_it(desk: Desk) -> None:
    desk.outside.fault("popbill", "500", count=None)
    desk.work(desk.ask())
    desk.move(noon(date(2026, 11, 4)))
    assert issuing.watch_deadlines() == 0
    desk.move(noon(date(2026, 11, 5)))
    assert issuing.watch_deadlines() == 1
    desk.move(noon(date(2026, 11, 12)))
    issuing.watch_deadlines()
    assert "가산세가 120원" in _items()[0].body


def test_a_paper_is_its_companys_own_and_shown_once_it_is_issued(desk: Desk) -> None:
    paper = desk.ask()
    with pytest.raises(NotFound):
        service.paper_for(desk.owner, paper.id)
    desk.work(paper)
    assert service.paper_for(desk.owner, paper.id).id == paper.id
    stranger = desk.office.paying(name="대한정밀", since=date(2026, 11, 3))
    for paper_id in (paper.id, 10**6):
        with pytest.raises(NotFound):
            service.paper_for(stranger, paper_id)
