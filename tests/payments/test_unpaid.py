"""Who is told when no money comes: the company by mail and on its pages, staff by one item of their inbox."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

from sqlalchemy import select

from portal.billing import service as billing
from portal.billing.models import PayBy
from portal.core.db import db, write
from portal.core.mail import Mail
from portal.payments import cards, charges, dunning
from portal.work.models import WorkItem
from tests.billing.office import BILL, DETAILS
from tests.payments.conftest import Till

MISSING = "등록된 카드가 없습니다. 카드를 등록하셔야"


def _mail(template: str) -> str:
    query = select(Mail).where(Mail.template == template).order_by(Mail.id.desc())
    return db.session.scalars(query.limit(1)).one().body


def _item() -> tuple[str, str, int] | None:
    item = db.session.scalar(
        select(WorkItem).where(WorkItem.kind == "unpaid").execution_options(populate_existing=True)
    )
    return (item.state, item.title, item.openings) if item is not None else None


def _issue(till: Till) -> None:
    dunning.open_for(str(uuid4()), till.invoice.id)


def _wait(till: Till, *days: int) -> None:
    assert till.invoice.due_on is not None
    for count in days:
        till.desk.at(till.invoice.due_on + timedelta(days=count))
        billing.fall_due()
        dunning.step_due()


def _paid(till: Till, won: int) -> None:
    with write() as session:
        billing.record_payment(session, till.invoice.id, won, f"transfer-allocation:{uuid4()}")
    dunning.settled(str(uuid4()), till.invoice.id)


def test_who_pays_by_card_and_has_none_is_told_so_by_mail(till: Till) -> None:
    account = till.invoice.parties["supplier"]["bank_account"]
    for template, days in (("invoice_issued", ()), ("invoice_reminder", (0, 1))):
        _wait(till, *days)
        body = _mail(template)
        assert "등록된 카드가 없어" in body, template
        assert "/payment-methods" in body, template
        assert account in body, template
        assert "따로 하실 일은 없습니다" not in body


def test_who_has_a_card_or_pays_by_transfer_is_not_asked_for_one(till: Till) -> None:
    till.register()
    _issue(till)
    assert "등록하신 카드로 결제합니다" in _mail("invoice_issued")
    billing.update_profile(till.owner, replace(DETAILS, pay_by=PayBy.TRANSFER))
    _issue(till)
    assert "카드" not in _mail("invoice_issued")


def test_pages_ask_for_a_card_until_there_is_one(till: Till) -> None:
    browser = till.desk.client(till.owner)
    for page in ("/plans", "/invoices"):
        assert MISSING in browser.get(page).text
    till.register()
    for page in ("/plans", "/invoices"):
        assert MISSING not in browser.get(page).text


def test_a_company_limited_for_an_invoice_is_one_item_of_staff_until_it_pays(till: Till) -> None:
    _wait(till, 0, 1, 3, 7)
    assert _item() is None
    _wait(till, 14)
    dunning.step_due()
    state, title, openings = _item() or ("", "", 0)
    assert (state, openings) == ("open", 1)
    assert "13,200원을 받지 못했습니다" in title
    inbox = till.desk.browser(BILL).get("/staff/work").text
    assert "미납" in inbox
    assert title in inbox
    _paid(till, 13_200)
    assert (_item() or ("",))[0] == "done"


def test_a_card_declined_for_good_is_told_to_staff_and_a_cancelled_invoice_no_more(till: Till) -> None:
    till.register("INVALID_STOPPED_CARD")
    charges.perform(till.collect().id)
    assert (_item() or ("",))[0] == "open"
    billing.void(BILL, till.invoice.id, "잘못 청구함")
    dunning.voided(str(uuid4()), till.invoice.id)
    assert (_item() or ("",))[0] == "done"


def test_a_decline_that_is_tried_again_is_not_told_to_staff(till: Till) -> None:
    till.register("EXCEED_MAX_AMOUNT")
    charges.perform(till.collect().id)
    assert _item() is None
    assert _mail("charge_declined").startswith("이회계 님, 안녕하십니까.")


def test_a_limited_company_is_led_to_its_invoices_and_only_it_is_promised_to_be_let_go(till: Till) -> None:
    _wait(till, 0, 1)
    browser = till.desk.browser(till.owner)
    assert "바로 풀립니다" not in browser.get("/invoices").text
    _wait(till, 3, 7, 14)
    page = browser.get("/me").text
    assert '결제하시면 바로 풀립니다. <a href="/invoices">청구서 보기</a>' in page
    assert "이용 제한이 바로 풀립니다" in browser.get("/invoices").text
    viewer = replace(till.owner, role="viewer", read_only=f"제한. {dunning.REASON}")
    assert "청구서 보기" not in till.desk.client(viewer).get("/me").text


def test_cards_are_not_asked_for_where_nobody_takes_them(till: Till) -> None:
    assert cards.missing(till.owner.tenant_id)
    assert not cards.missing(till.desk.paying(name="대한정밀", since=date(2026, 11, 4)).tenant_id)
