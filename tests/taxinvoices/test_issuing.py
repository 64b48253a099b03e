"""A tax invoice is issued once, whatever becomes of the answer, and followed until the tax office has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.billing import service as billing
from portal.billing.models import Evidence
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.outbox import Message
from portal.taxinvoices import service, watching
from portal.taxinvoices.models import TaxInvoiceState
from portal.taxinvoices.providers import Rejected, popbill
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
    service.try_again(BILL, paper.id)
    assert desk.work(paper).state == X.FILING  # it is issued for good: only the filing is repeated
    desk.later(minutes=25)
    assert desk.work(paper).state == X.FILED
    assert (len(desk.over_there()), len(desk.issue_calls()), _items()) == (1, 1, [])


def test_a_refused_paper_is_issued_with_the_details_that_were_mended_since(desk: Desk) -> None:
    billing.update_profile(desk.owner, replace(DETAILS, ceo=""))
    paper = desk.work(desk.ask())
    assert (paper.state, paper.failure_code) == (X.REJECTED, "-11001903")
    assert "청구 정보를 고친 뒤" in _items()[0].body
    billing.update_profile(desk.owner, replace(DETAILS, ceo="박새봄"))
    service.try_again(BILL, paper.id)
    paper = desk.work(paper)
    assert (paper.state, paper.document["invoicee"]["CEOName"], _items()) == (X.ISSUED, "박새봄", [])


def test_a_service_that_refuses_us_is_one_line_for_all_and_is_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = desk.ask()
    with monkeypatch.context() as patch:
        no = Rejected("-99003001", "포인트가 부족합니다.", ours=True)
        patch.setattr(popbill.Popbill, "issue", lambda *_: no)
        assert desk.work(paper).state == X.UNKNOWN
        assert desk.work(paper, 2).state == X.UNKNOWN
        assert [item.subject for item in _items()] == ["tax_invoice:service"]
        assert "포인트가 부족합니다" in _items()[0].body
    assert desk.work(paper, 2).state == X.ISSUED
    assert _items() == []


def test_what_is_not_issued_asks_for_attention_before_its_last_day_and_names_the_penalty_after_it(desk: Desk) -> None:
    desk.outside.post("/_control/business", json={"number": "1248100998", "state": "closed", "end_dt": "20261001"})
    desk.work(desk.ask())
    desk.move(noon(date(2026, 11, 4)))
    assert service.watch_deadlines() == 0
    desk.move(noon(date(2026, 11, 5)))
    assert service.watch_deadlines() == 1
    assert "가산세" not in _items()[0].body
    desk.move(noon(date(2026, 11, 12)))
    service.watch_deadlines()
    assert "폐업" in _items()[0].body  # why it stopped is still told
    assert "가산세가 120원" in _items()[0].body


def test_what_is_issued_while_deadlines_are_looked_at_is_asked_of_nobody(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = desk.ask()
    desk.move(noon(date(2026, 11, 5)))
    real = watching.write

    @contextmanager
    def after_a_worker() -> Iterator[Session]:
        monkeypatch.setattr(watching, "write", real)
        desk.work(paper)
        with real() as session:
            yield session

    monkeypatch.setattr(watching, "write", after_a_worker)
    service.watch_deadlines()
    assert desk.papers()[0].state == X.ISSUED
    assert _items() == []


def test_the_sweep_looks_at_each_when_it_is_due_and_less_often_with_time(desk: Desk) -> None:
    paper = desk.ask()
    assert service.sweep() == 0
    desk.later(seconds=21)
    assert (service.sweep(), service.sweep()) == (1, 0)
    desk.work(paper)
    desk.later(minutes=9)
    assert service.sweep() == 0
    desk.later(minutes=2)
    assert service.sweep() == 1
    desk.later(hours=20)
    assert service.sweep() == 1
    desk.later(minutes=59)
    assert service.sweep() == 0
    desk.later(minutes=2)
    assert service.sweep() == 1


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
