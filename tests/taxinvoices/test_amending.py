"""What is filed is never taken back, only amended: by staff for a lawful reason, or because its invoice was cancelled."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from portal.billing import service as billing
from portal.core.errors import Refusal
from portal.taxinvoices import service
from portal.taxinvoices.models import TaxInvoiceState
from portal.taxinvoices.watching import cost_of_lateness
from tests.billing.office import BILL, DETAILS, noon
from tests.taxinvoices.conftest import Desk

X = TaxInvoiceState


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
    with pytest.raises(Refusal, match="전송이 끝나"):
        service.amend(BILL, paper.id, 2, -1_000)
    desk.until_filed(paper)
    for code, change, why in (
        (2, -1_001, "10원"),
        (2, 0, "10원"),
        (3, 10, "10원"),
        (2, -12_010, "남아 있는"),
        (5, 0, "유효한"),
    ):
        with pytest.raises(Refusal, match=why):
            service.amend(BILL, paper.id, code, change)
    part = service.amend(BILL, paper.id, 2, -1_000)
    assert (part.supply, part.vat, part.total, part.write_date) == (-1_000, -100, -1_100, date(2026, 11, 5))
    with pytest.raises(Refusal, match="끝나지 않았습니다"):
        service.amend(BILL, paper.id, 2, -1_000)  # pressed twice, it is amended once
    part = desk.filed_now(part)
    assert (part.state, part.document["remark1"]) == (X.FILED, "당초 작성일자 2026-10-31")


def test_wrong_details_are_corrected_by_the_opposite_as_it_was_and_the_whole_as_it_should_be(desk: Desk) -> None:
    paper = desk.until_filed(desk.work(desk.ask()))
    billing.update_profile(desk.owner, replace(DETAILS, ceo="박새봄"))
    opposite, corrected = desk.amended(paper, 1)
    assert [row.document["invoicee"]["CEOName"] for row in (opposite, corrected)] == ["김서연", "박새봄"]
    assert (opposite.supply, corrected.supply) == (-12_000, 12_000)
    assert {row.document["writeDate"] for row in (opposite, corrected)} == {"20261031"}
    assert {row.document["orgNTSConfirmNum"] for row in (opposite, corrected)} == {paper.approval_number}
    with pytest.raises(Refusal, match="유효한"):
        service.amend(BILL, paper.id, 1)  # the corrected one counts now
    (reduced,) = desk.amended(corrected, 2, -2_000)
    assert reduced.document["orgNTSConfirmNum"] == corrected.approval_number


def test_an_amendment_that_bears_its_originals_day_is_never_late(desk: Desk) -> None:
    paper = desk.until_filed(desk.work(desk.ask()))
    desk.move(noon(date(2027, 3, 2)))
    opposite = service.amend(BILL, paper.id, 6)
    assert (opposite.write_date, opposite.issue_by) == (date(2026, 10, 31), date(2027, 4, 12))
    assert cost_of_lateness(opposite, date(2027, 5, 1)) == 0


def test_a_cancelled_invoice_takes_back_what_its_amendments_left(desk: Desk) -> None:
    paper = desk.until_filed(desk.work(desk.ask()))
    desk.amended(paper, 2, -2_000)
    billing.void(BILL, desk.invoice.id, "같은 달을 이중 청구함")
    service.heard_voided(str(uuid4()), desk.invoice.id)
    last = desk.papers()[-1]
    assert (last.modify_code, last.supply, last.vat, last.write_date) == (6, -10_000, -1_000, date(2026, 10, 31))
    desk.filed_now(last)
    assert sum(row.total for row in desk.papers()) == 0


def test_what_is_refused_when_its_invoice_was_cancelled_is_filed_by_staff_and_then_taken_back(desk: Desk) -> None:
    paper = desk.work(desk.ask())
    desk.outside.post("/_control/popbill/fail", json={"code": "SYN004", "mgtKey": paper.management_key})
    desk.until_filed(paper)
    billing.void(BILL, desk.invoice.id, "계약 해제")
    service.heard_voided(str(uuid4()), desk.invoice.id)
    assert len(desk.papers()) == 1
    service.try_again(BILL, paper.id)
    desk.work(paper)
    desk.later(minutes=25)
    assert desk.work(paper).state == X.FILED
    assert [row.total for row in desk.papers()] == [13_200, -13_200]
