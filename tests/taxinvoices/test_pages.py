"""A company sees its tax invoices and their form; staff see what stopped and do something about it."""

from __future__ import annotations

import re
from uuid import uuid4

import pypdfium2

from portal.billing import receivables
from portal.billing import service as billing
from portal.billing.models import BillingProfile, Evidence
from portal.core.db import write
from portal.taxinvoices import service
from portal.taxinvoices.models import TaxInvoice, TaxInvoiceState
from tests.billing.office import BILL
from tests.taxinvoices.conftest import Desk


def _text(made: bytes) -> str:
    with pypdfium2.PdfDocument(made) as document:
        assert len(document) == 1
        return str(document[0].get_textpage().get_text_range())


def test_a_company_reads_its_tax_invoice_on_the_invoices_page_and_as_the_lawful_form(desk: Desk) -> None:
    browser = desk.office.browser(desk.owner)
    assert "아직 발행한 세금계산서가 없습니다" in browser.get("/tax-invoices").text
    part = f"/invoices/{desk.invoice.id}/tax-invoice"
    paper = desk.ask()
    assert "발행 대기" in browser.get(part, headers={"HX-Request": "true", "HX-Target": "tax_invoice"}).text
    assert browser.get(f"/tax-invoices/{paper.id}.pdf").status_code == 404
    paper = desk.work(paper)
    assert paper.approval_number in browser.get(part).text
    assert paper.approval_number in browser.get("/tax-invoices").text
    text = _text(browser.get(f"/tax-invoices/{paper.id}.pdf").data)
    for words in (
        "전자세금계산서",
        "공급자 보관용",
        "공급받는자 보관용",
        "124-81-00998",
        "한빛종합건설",
        "12,000",
        "13,200",
        "청구",
    ):
        assert words in text, words
    assert browser.get(f"/tax-invoices/{paper.id + 1}.pdf").status_code == 404


def test_staff_release_what_was_held_and_amend_what_was_filed(desk: Desk) -> None:
    desk.outside.post("/_control/business", json={"number": "1248100998", "state": "closed", "end_dt": "20261001"})
    paper = desk.work(desk.ask())
    staff = desk.office.browser(BILL)
    assert "보류" in staff.get("/staff/tax-invoices?show=stopped").text
    page = f"/staff/tax-invoices/{paper.id}"
    assert "폐업" in staff.get(page).text
    desk.outside.delete("/_control/business")
    assert staff.post(f"{page}/try-again").status_code == 303
    desk.work(paper)
    assert "전자세금계산서" in _text(staff.get(f"{page}.pdf").data)
    assert staff.post(f"{page}/send-now").status_code == 303
    desk.until_filed(paper)
    assert "10원 단위" in staff.post(f"{page}/amend", data={"code": "2", "supply": "-1,005"}).text
    assert "숫자로" in staff.post(f"{page}/amend", data={"code": "2", "supply": "천원"}).text
    assert staff.post(f"{page}/amend", data={"code": "2", "supply": "-1,000"}).status_code == 303
    assert [row.total for row in desk.papers()] == [13_200, -1_100]


def test_a_company_without_tax_invoices_reads_why(desk: Desk) -> None:
    browser = desk.office.browser(desk.owner)
    assert "카드 매출전표가 증빙" in browser.get(f"/invoices/{desk.invoice.id}/tax-invoice").text
    billing.void(BILL, desk.invoice.id, "잘못")
    service.heard_voided(str(uuid4()), desk.invoice.id)
    assert browser.get(f"/invoices/{desk.invoice.id}/tax-invoice").status_code == 200


def test_the_months_board_takes_a_company_from_the_bill_to_the_filed_tax_invoice(desk: Desk) -> None:
    staff = desk.office.browser(BILL)

    def lanes() -> dict[str, str]:
        board = staff.get("/staff/billing/close?month=2026-10").text
        found = re.findall(r'<section class="lane" aria-label="(.+?)">(.+?)</section>', board, re.DOTALL)
        return {name: " ".join(re.sub(r"<[^>]+>", " ", inside).split()) for name, inside in found}

    def where() -> list[str]:
        return [name for name, inside in lanes().items() if "한빛종합건설" in inside]

    assert list(lanes()) == ["집계", "청구", "수납", "세금계산서"]
    assert where() == ["청구"]
    assert "증빙 발행 대기" in lanes()["청구"]
    desk.outside.post("/_control/business", json={"number": "1248100998", "state": "closed", "end_dt": "20261001"})
    paper = desk.work(desk.ask())
    board = staff.get("/staff/billing/close?month=2026-10").text
    stuck = re.search(r'aria-label="멈춘 곳">.+?</section>', board, re.DOTALL)
    assert stuck is not None, "what stopped is on top"
    assert "폐업" in stuck[0]
    assert f"/staff/tax-invoices/{paper.id}" in stuck[0]
    assert where() == ["청구"], "it counts where its money is"
    desk.outside.delete("/_control/business")
    staff.post(f"/staff/tax-invoices/{paper.id}/try-again")
    desk.work(paper)
    with write() as session:
        receivables.record_payment(session, desk.invoice.id, 13_200, "charge:1")
    assert where() == ["수납"], "paid, not yet with the tax office"
    desk.until_filed(paper)
    assert where() == ["세금계산서"]
    assert "전송 완료" in lanes()["세금계산서"]
    assert "멈춘 곳" not in staff.get("/staff/billing/close?month=2026-10").text


def test_an_invoice_is_proved_only_when_all_its_papers_are_through(desk: Desk) -> None:
    paper = desk.until_filed(desk.work(desk.ask()))
    first, second = desk.amended(paper, 1)
    with write() as session:
        receivables.record_payment(session, desk.invoice.id, 13_200, "charge:1")
    proof = service.proofs_of([desk.invoice])[desk.invoice.id]
    assert (proof.done, proof.stopped, proof.paper) == (True, "", second)
    with write() as session:
        one = session.get_one(TaxInvoice, first.id)
        one.state, one.failure_message = TaxInvoiceState.REJECTED, "등록번호가 틀립니다"
    proof = service.proofs_of([desk.invoice])[desk.invoice.id]
    assert (proof.done, proof.stopped) == (False, "등록번호가 틀립니다")


def test_what_is_paid_by_card_alone_is_proved_by_its_slip(desk: Desk) -> None:
    with write() as session:
        session.get_one(BillingProfile, desk.owner.tenant_id).evidence = Evidence.CARD_SLIP_ONLY
        receivables.record_payment(session, desk.invoice.id, 13_200, "charge:1")
    board = desk.office.browser(BILL).get("/staff/billing/close?month=2026-10").text
    lane = board[board.index('aria-label="세금계산서"') :]
    assert "한빛종합건설" in lane
    assert "카드전표" in lane
