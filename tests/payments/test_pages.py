"""The till's pages: a customer registers a card and pays, staff take deposits in and give money back."""

from __future__ import annotations

import io
from uuid import uuid4

from sqlalchemy import select

from portal.billing.models import InvoiceState
from portal.core.db import db
from portal.payments import cards, charges, refunds
from portal.payments.models import Card, CardState, Charge, ChargeState, Transfer
from tests.billing.office import BILL
from tests.payments.conftest import Till
from tests.sandbox.cards import auth_key

HEAD = "거래일시,입금자명,입금액,메모\n"


def test_a_customer_registers_a_card_in_the_window_and_pays_an_invoice_with_it(till: Till) -> None:
    browser = till.desk.browser(till.owner)
    assert "등록된 카드가 없습니다" in browser.get("/payment-methods").text
    opened = browser.post("/payment-methods/card")
    assert opened.status_code == 303
    assert opened.headers["Location"].startswith("/sandbox/toss/window?")
    card = db.session.scalars(select(Card)).one()
    back = f"/payment-methods/card/{card.id}/back?customerKey={card.customer_key}"
    back += f"&authKey={auth_key(till.outside, card.customer_key)}"
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 303
    assert "확인하고 있습니다" in browser.get("/payment-methods").text
    cards.register(card.id)
    assert "4330-12" in browser.get("/payment-methods").text
    page = f"/invoices/{till.invoice.id}/pay"
    assert "13,200원" in browser.get(page).text
    assert browser.post(page).status_code == 303
    assert "결제하고 있습니다" in browser.get(page).text
    charges.perform(charges.charges_of(till.invoice.id)[0].id)
    assert "모두 냈습니다" in browser.get(page).text


def test_a_window_that_was_closed_says_so_and_a_foreign_key_opens_nothing(till: Till) -> None:
    browser = till.desk.browser(till.owner)
    browser.post("/payment-methods/card")
    card = db.session.scalars(select(Card)).one()
    assert browser.get(f"/payment-methods/card/{card.id}/back?customerKey=other&authKey=x").status_code == 404
    browser.get(f"/payment-methods/card/{card.id}/failed?code=PAY_PROCESS_CANCELED&message=사용자가 닫았습니다.")
    assert "사용자가 닫았습니다" in browser.get("/payment-methods").text
    assert db.session.get_one(Card, card.id, populate_existing=True).state == CardState.FAILED


def test_the_fragment_is_the_same_block_that_the_page_has(till: Till) -> None:
    browser = till.desk.browser(till.owner)
    part = browser.get(f"/invoices/{till.invoice.id}/pay", headers={"HX-Request": "true", "HX-Target": "pay"}).text
    assert part.lstrip().startswith('<section id="pay"')
    assert "<html" not in part


def test_staff_take_a_list_in_and_place_what_is_doubtful(till: Till) -> None:
    browser = till.desk.browser(BILL)
    assert "확인할 입금이 없습니다" in browser.get("/staff/payments/transfers").text
    wrong = browser.post("/staff/payments/transfers", data={"files": (io.BytesIO(b"<html>"), "x.xls")})
    assert (wrong.status_code, "xlsx" in wrong.text) == (415, True)
    body = (HEAD + "2026-11-05 10:00:00,김아무개,13200,\n").encode()
    assert browser.post("/staff/payments/transfers", data={"files": (io.BytesIO(body), "입금.csv")}).status_code == 303
    assert "김아무개" in browser.get("/staff/payments/transfers").text
    transfer = db.session.scalars(select(Transfer)).one()
    page = f"/staff/payments/transfers/{transfer.id}"
    assert "금액이 같음" in browser.get(page).text
    assert browser.post(f"{page}/allocate", data={"invoice": 2**63, "won": 1}).status_code == 422
    assert browser.post(f"{page}/allocate", data={"invoice": till.invoice.id}).status_code == 303
    db.session.refresh(till.invoice)
    assert till.invoice.state == InvoiceState.PAID
    assert browser.post(f"{page}/undo").status_code == 303
    db.session.refresh(till.invoice)
    assert till.invoice.state == InvoiceState.FINALISED


def test_a_refund_needs_a_second_member_of_staff(till: Till) -> None:
    till.register()
    charge = till.collect()
    charges.perform(charge.id)
    browser = till.desk.browser(BILL)
    page = f"/staff/payments/charges/{charge.id}"
    assert "결제됨" in browser.get(page).text
    assert "금액을 원 단위" in browser.post(f"{page}/refund", data={"won": "삼천", "reason": "x"}).text
    assert browser.post(f"{page}/refund", data={"won": "3,200원", "reason": "할인"}).status_code == 303
    refund = refunds.refunds_of(charge.id)[0]
    assert browser.post(f"/staff/payments/refunds/{refund.id}/agree").status_code == 403
    second = till.desk.browser(type(BILL)(person_id=901, person_name="이청구", staff_roles=frozenset({"billing"})))
    assert second.post(f"/staff/payments/refunds/{refund.id}/agree").status_code == 303
    refunds.perform(refund.id)
    assert "환불됨" in second.get(page).text
    assert db.session.get_one(Charge, charge.id, populate_existing=True).state == ChargeState.SUCCEEDED


def test_a_webhook_is_taken_whatever_it_says(till: Till) -> None:
    browser = till.desk.app.test_client()
    for body in (b"", b"[]", b"{", b'{"eventType": 1, "data": []}', b'{"data": {"orderId": {}}}'):
        answer = browser.post(
            "/webhooks/toss",
            data=body,
            content_type="application/json",
            headers={"tosspayments-webhook-transmission-id": str(uuid4())},
        )
        assert answer.status_code == 200
