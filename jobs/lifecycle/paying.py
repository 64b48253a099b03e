"""The life of a customer: a plan, a card, a month's use, the close, invoice, tax invoice, and the card charged on the due day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import httpx
from sqlalchemy import select

from jobs.lifecycle import sums
from jobs.lifecycle.opening import Company
from jobs.lifecycle.people import Person
from jobs.lifecycle.record import digest
from jobs.lifecycle.visitor import Visitor
from portal.billing.models import Evidence, PayBy, Subscription
from portal.core.clock import SEOUL
from portal.core.db import db

PLAN = "team"
GB = 1_000_000_000
#: What the customer's own program sends: looks on every day, and files that lie there from a day on.
VIEWS_A_DAY, STORED, STORED_FROM = 1234, 420 * GB, 10


@dataclass(frozen=True, slots=True)
class Billed:
    """The invoice of the month."""

    invoice_id: int
    number: str
    total: int


def choose_plan(company: Company) -> None:
    """The owner chooses a plan and says whom the invoices are for."""
    walk, browser = company.walk, company.owner.browser
    walk.begin()
    page = browser.go(browser.go("/plans").link(f"/plans/{PLAN}"))
    details = {
        "address": company.address,
        "business_type": "건설업",
        "business_class": "건축설계",
        "pay_by": PayBy.CARD.value,
        "evidence": Evidence.TAX_INVOICE_FIRST.value,
    }
    page = browser.send(page, f"/plans/{PLAN}/convert", details)
    walk.must(page.url.endswith("/payment-methods"), f"the plan was not begun: {page.text[:300]}")
    with company.house.app.app_context():
        subscription = db.session.scalars(select(Subscription).where(Subscription.tenant_id == company.tenant_id)).one()
        walk.must(subscription.state == "active", f"the agreement is {subscription.state}")
        version = subscription.phases[-1].plan_version
        ids = {"subscription": subscription.id, "plan_version": version.id}
        facts = {"plan": PLAN, "version": version.number, "from": str(subscription.converted_on)}
    walk.done("converted", ids=ids, facts=facts)


def register_card(company: Company) -> None:
    """In the payment company's own window; the portal only gets a key from it."""
    walk, browser = company.walk, company.owner.browser
    window = browser.send(browser.go("/payment-methods"), "/payment-methods/card")
    walk.must("/sandbox/toss/window" in window.url, f"the window did not open: {window.url}")
    page = browser.send(window, "/toss/window", {"choice": "card:"})
    walk.must("/payment-methods" in page.url, f"the window came back to {page.url}")
    shown = company.house.wait(lambda: _card_on(browser), "the card is registered")
    walk.done("card", facts={"card": shown})


def _card_on(browser: Visitor) -> str:
    """The masked number on the page of payment methods, once the card there can be removed again."""
    page = browser.go("/payment-methods")
    if not page.has_form(r"/payment-methods/card/\d+/remove"):
        return ""
    shown = re.search(r"\d{4}[\d* -]+\*", page.text)
    return shown[0] if shown else ""


def send_usage(company: Company, month: date) -> None:
    """The customer's own program reports a month's use under a key, one event sent twice."""
    walk, browser = company.walk, company.owner.sign_in()
    walk.begin()
    page = browser.send(browser.go("/keys"), "/keys", {"label": "현장 서버"})
    secret = next(code.strip() for code in page.codes if code.strip().startswith("plr_"))
    days = [month + timedelta(days=number) for number in range(1, 30)]
    events = [_event(f"views-{day}", "drawing_views", VIEWS_A_DAY, day) for day in days]
    events.append(_event("stored", "stored_bytes", STORED, month.replace(day=STORED_FROM), time()))
    told = _post(company, secret, [*events, events[0]])
    verdicts = [row["verdict"] for row in told]
    walk.must(verdicts == ["accepted"] * len(events) + ["duplicate"], f"the verdicts were {set(verdicts)}")
    usage = browser.go("/usage")
    walk.must("도면 열람" in usage.text, "the page of usage does not tell the views")
    facts = {
        "drawing_views": VIEWS_A_DAY * len(days),
        "stored_bytes": STORED,
        "stored_from": str(month.replace(day=STORED_FROM)),
        "accepted": len(events),
        "duplicate": 1,
    }
    walk.done("usage", facts=facts)


def _event(name: str, meter: str, quantity: int, day: date, at: time = time(12)) -> dict[str, Any]:
    moment = datetime.combine(day, at, SEOUL).isoformat()
    return {"id": name, "meter": meter, "quantity": quantity, "at": moment}


def _post(company: Company, secret: str, events: list[dict[str, Any]]) -> list[dict[str, str]]:
    answer = httpx.post(
        f"{company.house.url}/api/v1/usage/events",
        json={"events": events},
        headers={"Authorization": f"Bearer {secret}", "Idempotency-Key": f"walk-{company.key}"},
        timeout=30,
        trust_env=False,
    )
    results: list[dict[str, str]] = answer.raise_for_status().json()["results"]
    return results


def close_month(company: Company, biller: Person, month: date) -> Billed:
    """Staff begin the close, twice; the company gets one statement and one invoice with a number."""
    walk, staff = company.walk, biller.sign_in()
    owner = company.owner.sign_in()
    walk.begin()
    label, board = f"{month:%Y-%m}", f"/staff/billing/close?month={month:%Y-%m}"
    first = staff.go(board)
    staff.send(first, "/staff/billing/close")
    staff.send(first, "/staff/billing/close")
    address = company.house.wait(lambda: _invoice_on(owner), "the month is closed")
    invoice = owner.go(address)
    with company.house.app.app_context():
        told = sums.invoice(company.tenant_id)
    walk.must(told.won["total"] > 0, "the month cost nothing")
    walk.must(f"{told.won['total']:,}" in invoice.text, "the invoice's page says another total")
    statement = owner.go(f"/statements/{told.ids['statement']}.pdf")
    walk.done(
        "closed",
        ids={"statement": told.ids["statement"]},
        won={"lines": told.won["lines"]},
        sha256={"statement.pdf": digest(statement.body), "statement": told.digest},
        facts={"period": label, "usage": told.usage, "seats": told.seats},
    )
    pdf = owner.go(f"{address}.pdf")
    walk.must(pdf.body.startswith(b"%PDF"), "the invoice is no PDF")
    company.owner.mail(link=told.number)
    walk.done("invoiced", ids=told.ids, won=told.won, sha256={"invoice.pdf": digest(pdf.body)}, facts=told.facts())
    return Billed(told.ids["invoice"], told.number, told.won["total"])


def _invoice_on(owner: Visitor) -> str:
    page = owner.go("/invoices")
    return page.link(r"/invoices/\d+") if page.has_link(r"/invoices/\d+") else ""


def issue_tax_invoice(company: Company, billed: Billed) -> None:
    """Issued because the invoice was; lawful from now on, not yet at the tax office."""
    house, walk = company.house, company.walk
    paper = house.wait(lambda: _paper(company, billed, "발행"), "the tax invoice is issued")
    pdf = company.owner.browser.go(f"{paper}.pdf")
    with house.app.app_context():
        told = sums.tax_invoice(billed.invoice_id)
    walk.done(
        "tax_invoice_issued", ids=told["ids"], won=told["won"], sha256={"tax-invoice.pdf": digest(pdf.body)},
        facts=told["facts"],
    )  # fmt: skip


def follow_tax_invoice(company: Company, billed: Billed) -> None:
    """The business day after: the tax office has it, and its approval number stands."""
    company.owner.sign_in()
    company.walk.begin()
    company.house.wait(lambda: _paper(company, billed, "전송 완료"), "the tax invoice is filed")
    with company.house.app.app_context():
        told = sums.tax_invoice(billed.invoice_id)
    walk = company.walk
    walk.must(told["facts"]["approval_number"], "it has no approval number")
    walk.done("tax_invoice_filed", ids=told["ids"], won=told["won"], facts=told["facts"])


def _paper(company: Company, billed: Billed, word: str) -> str:
    page = company.owner.browser.go(f"/invoices/{billed.invoice_id}/tax-invoice")
    return page.link(r"/tax-invoices/\d+") if word in page.text and page.has_link(r"/tax-invoices/\d+") else ""


def be_charged(company: Company, billed: Billed) -> None:
    """The due day: the card is charged by itself, and the receipt is there."""
    house, walk = company.house, company.walk
    owner = company.owner.sign_in()
    walk.begin()
    page = house.wait(lambda: _paid(owner, billed), "the card is charged")
    receipt = owner.go(page)
    with house.app.app_context():
        told = sums.payment(billed.invoice_id)
    walk.must(f"{told['won']['charged']:,}" in receipt.text, "the receipt says another amount")
    walk.done("charged", ids=told["ids"], won=told["won"], sha256={"receipt.html": digest(receipt.body)})


def _paid(owner: Visitor, billed: Billed) -> str:
    page = owner.go(f"/invoices/{billed.invoice_id}/pay")
    return page.link(r".*/toss/receipt/.*") if "모두 냈습니다" in page.text else ""


def settle(company: Company, billed: Billed) -> None:
    """All books side by side: whatever differs by a won fails the walk."""
    outside = {"toss": company.house.outside("toss"), "popbill": company.house.outside("popbill")}
    with company.house.app.app_context():
        told, wrong = sums.compare(company.tenant_id, billed.invoice_id, outside)
    company.walk.must(not wrong, "; ".join(wrong))
    company.walk.done("settled", ids={"invoice": billed.invoice_id}, won=told, facts={"agree": True})


def be_billed_again(company: Company, before: Billed) -> None:
    """The next month is closed, billed and proved by the schedule alone."""
    walk, house = company.walk, company.house
    walk.begin()

    def issued() -> bool:
        with house.app.app_context():
            newest = sums.invoice(company.tenant_id).ids["invoice"]
            return newest != before.invoice_id and sums.tax_invoice_is(newest, "issued")

    house.wait(issued, "the next month's tax invoice is issued")
    with house.app.app_context():
        told = sums.invoice(company.tenant_id)
    walk.done("next_month", ids=told.ids, won=told.won, facts=told.facts())


def be_at_rest(company: Company) -> None:
    """Its tax invoice is at the tax office too: nothing of the company moves any more."""
    walk, house = company.walk, company.house
    walk.begin()

    def filed() -> bool:
        with house.app.app_context():
            return sums.tax_invoice_is(sums.invoice(company.tenant_id).ids["invoice"], "filed")

    house.wait(filed, "the next month's tax invoice is filed")
    with house.app.app_context():
        told = sums.tax_invoice(sums.invoice(company.tenant_id).ids["invoice"])
    walk.done("next_month_filed", ids=told["ids"], won=told["won"], facts=told["facts"])
