"""The stream of a company tells every act that concerns it, with its amount, its number and the way to its page."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from portal.billing.models import INVOICE, SUBSCRIPTION, Invoice, InvoiceState, Subscription, SubscriptionState
from portal.core import audit, clock
from portal.core.db import write
from portal.core.states import Machine
from portal.desk.acts import KINDS, SILENT, WORDS
from portal.payments.models import CARD, CHARGE, REFUND, TRANSFER
from portal.quality.change_models import REQUEST
from portal.retention.models import CASE
from portal.taxinvoices.models import TAX_INVOICE
from portal.tenants.models import TENANT
from portal.trials.models import APPLICATION
from tests.desk.office import Office
from tests.desk.test_pages import opened

MACHINES: dict[str, Machine] = {
    "application": APPLICATION,
    "card": CARD,
    "change_request": REQUEST,
    "charge": CHARGE,
    "invoice": INVOICE,
    "refund": REFUND,
    "retention_case": CASE,
    "subscription": SUBSCRIPTION,
    "tax_invoice": TAX_INVOICE,
    "tenant": TENANT,
    "transfer": TRANSFER,
}
MOVES = {f"{noun}.{step.verb}" for noun, machine in MACHINES.items() for step in machine.steps}
PORTAL = Path(__file__).parents[2] / "portal"


@pytest.mark.parametrize("action", sorted(MOVES))
def test_every_step_of_what_a_company_has_is_told_or_left_out_on_purpose(action: str) -> None:
    assert (action in WORDS) != (action in SILENT)


def test_no_words_stand_for_acts_that_nobody_does() -> None:
    source = "\n".join(path.read_text("utf-8") for path in PORTAL.rglob("*.py") if path.parent.name != "desk")
    recorded = set(re.findall(r'"([a-z_]+\.[a-z_]+)"', source))
    noted = {"subscription.change_plan", "invoice.give_up_reason", "invoice.void_reason"}  # put together by a helper
    assert (set(WORDS) | SILENT) - MOVES - recorded == noted
    assert {kind for kind, *_ in WORDS.values()} <= set(KINDS)


def test_money_is_told_with_number_amount_and_a_way_to_its_page_for_those_who_may_see_it(office: Office) -> None:
    tenant_id = opened(office)
    with office.at_work(), write() as session:
        agreement = Subscription(
            tenant_id=tenant_id, state=SubscriptionState.ACTIVE, started_on=date(2026, 1, 1), state_since=clock.now(),
            created_at=clock.now(),
        )  # fmt: skip
        session.add(agreement)
        session.flush()
        bill = Invoice(
            tenant_id=tenant_id, subscription_id=agreement.id, period_from=date(2026, 1, 1), period_to=date(2026, 2, 1),
            state=InvoiceState.FINALISED, number="2026-000007", supply=50_000, vat=5_000, total=55_000,
            state_since=clock.now(), created_at=clock.now(), due_on=date(2026, 2, 15),
        )  # fmt: skip
        session.add(bill)
        session.flush()
        INVOICE.move(session, bill, "fall_due", by="schedule", state_since=clock.now())
        audit.record(
            session, "subscription.change_plan", actor=office.people["bill"].actor,
            subject=f"subscription:{agreement.id}", tenant_id=tenant_id, plan="Team",
        )  # fmt: skip
        invoice_id = bill.id
    page = office.client("bill").get(f"/staff/tenants/{tenant_id}?kind=money").text
    assert "납부기한이 지났습니다" in page
    assert "2026-000007 · 55,000원" in page
    assert f"/staff/billing/invoices/{invoice_id}" in page
    assert "요금제를 바꾸었습니다" in page
    assert "Team" in page
    reviewer = office.client("rita").get(f"/staff/tenants/{tenant_id}?kind=money").text
    assert "2026-000007 · 55,000원" in reviewer
    assert f"/staff/billing/invoices/{invoice_id}" not in reviewer
