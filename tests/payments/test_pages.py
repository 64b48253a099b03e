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
    assert browser.post("/payment-methods/card", data={"invoice": 2**63}).status_code == 404
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
    page = browser.get("/payment-methods").text
    assert "카드 등록을 마치지 않으셨습니다" in page
    assert "사용자가 닫았습니다" not in page
    assert "callout red" not in page
    assert db.session.get_one(Card, card.id, populate_existing=True).state == CardState.FAILED


def test_a_refused_registration_is_told_until_another_one_follows_it(till: Till) -> None:
    browser = till.desk.client(till.owner)
    browser.post("/payment-methods/card")
    refused = db.session.scalars(select(Card)).one()
    browser.get(f"/payment-methods/card/{refused.id}/failed?code=REJECT_CARD_COMPANY&message=카드사가 거절했습니다.")
    assert "카드를 등록하지 못했습니다. 카드사가 거절했습니다." in browser.get("/payment-methods").text
    cards.remove(till.owner, till.register().id)
    page = browser.get("/payment-methods").text
    assert "등록하지 못했습니다" not in page
    assert "등록된 카드가 없습니다" in page


def test_who_registers_a_card_from_an_invoice_comes_back_to_it_and_is_told_once(till: Till) -> None:
    browser = till.desk.client(till.owner)
    pay = f"/invoices/{till.invoice.id}/pay"
    assert browser.post("/payment-methods/card", data={"invoice": 10**6}).status_code == 404
    assert f'name="invoice" value="{till.invoice.id}"' in browser.get(pay).text
    browser.post("/payment-methods/card", data={"invoice": till.invoice.id})
    left = db.session.scalars(select(Card)).one()
    assert browser.get(f"/payment-methods/card/{left.id}/failed?code=PAY_PROCESS_CANCELED").headers["Location"] == pay
    assert "마치지 않으셨습니다" in browser.get(pay).text
    browser.post("/payment-methods/card", data={"invoice": till.invoice.id})
    card = db.session.scalars(select(Card).order_by(Card.id.desc())).first()
    assert card is not None
    back = f"/payment-methods/card/{card.id}/back?customerKey={card.customer_key}"
    back += f"&authKey={auth_key(till.outside, card.customer_key)}"
    assert browser.get(back).headers["Location"] == pay
    part = browser.get(pay, headers={"HX-Request": "true", "HX-Target": "pay"}).text
    assert "카드를 확인하고 있습니다" in part
    assert 'hx-trigger="load delay:1s"' in part
    assert "카드로 지금 결제" not in part
    cards.register(card.id)
    told = "카드를 등록했습니다. 이제 13,200원을 결제해 주십시오."
    part = browser.get(pay, headers={"HX-Request": "true", "HX-Target": "pay"}).text
    assert told in part
    assert "카드로 지금 결제" in part
    assert told not in browser.get(pay).text


def test_a_plain_registration_is_told_on_the_page_of_means(till: Till) -> None:
    browser = till.desk.client(till.owner)
    browser.post("/payment-methods/card")
    card = db.session.scalars(select(Card)).one()
    back = f"/payment-methods/card/{card.id}/back?customerKey={card.customer_key}"
    back += f"&authKey={auth_key(till.outside, card.customer_key)}"
    assert browser.get(back).headers["Location"] == "/payment-methods"
    cards.register(card.id)
    page = browser.get("/payment-methods").text
    assert "카드를 등록했습니다. 납부기한에" in page
    assert "자동결제가 멈춥니다" in page
    assert "카드를 등록했습니다" not in browser.get("/payment-methods").text


def test_a_declined_card_says_why_above_what_can_be_done(till: Till) -> None:
    browser = till.desk.client(till.owner)
    till.register("INVALID_STOPPED_CARD")
    charge = till.collect()
    charges.perform(charge.id)
    page = browser.get(f"/invoices/{till.invoice.id}/pay").text
    assert f"카드로 결제하지 못했습니다. {charge.failure_message}" in page
    assert page.index("callout red") < page.index("카드로 지금 결제") < page.index("다른 카드로 바꾸기")
    till.register()
    page = browser.get(f"/invoices/{till.invoice.id}/pay").text
    assert "카드로 결제하지 못했습니다" not in page
    assert "다른 카드로 바꾸기" not in page


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
