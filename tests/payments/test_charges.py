"""An invoice is charged once, whatever becomes of the answer; what is declined says why and what comes next."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from portal.billing import ledger
from portal.billing import service as billing
from portal.billing.models import InvoiceState
from portal.core.db import db, write
from portal.core.errors import Refusal
from portal.core.mail import Mail
from portal.payments import cards, charges, dunning, refunds, service, webhooks
from portal.payments.models import CardState, Charge, ChargeState, RefundState
from portal.tenants.models import Tenant, TenantState
from portal.work.models import WorkItem, WorkState
from tests.billing.office import BILL
from tests.payments.conftest import Till

LOSING = ("answer-lost", "500-after-commit", "half-json", "500", "refuse")


def _mails(template: str) -> int:
    return db.session.scalar(select(func.count()).select_from(Mail).where(Mail.template == template)) or 0


def _items(kind: str) -> list[WorkItem]:
    return list(db.session.scalars(select(WorkItem).where(WorkItem.kind == kind, WorkItem.state == WorkState.OPEN)))


def test_a_registered_card_pays_and_no_secret_of_it_lies_in_the_database(till: Till) -> None:
    card = till.register()
    assert card.state == CardState.ACTIVE
    assert card.number.startswith("433012")
    assert "8877" not in card.number
    charge = till.collect()
    charges.perform(charge.id)
    assert till.invoice.state == InvoiceState.PAID
    assert (charge.state, bool(charge.approval_number)) == (ChargeState.SUCCEEDED, True)
    assert till.taken() == [13_200]
    assert (ledger.balance("receivable"), ledger.balance("cash_card"), ledger.crooked()) == (0, 13_200, [])
    assert _mails("charge_succeeded") == 1


@pytest.mark.parametrize("fault", LOSING)
def test_a_lost_answer_is_asked_for_and_the_card_is_charged_once(till: Till, fault: str) -> None:
    till.register()
    till.outside.fault("toss", fault, path="/v1/billing/", count=1)
    charge = till.collect()
    charges.perform(charge.id)
    assert db.session.get_one(Charge, charge.id, populate_existing=True).state == ChargeState.UNKNOWN
    done = till.until_known(charge)
    assert (done.state, till.taken()) == (ChargeState.SUCCEEDED, [13_200])
    assert till.invoice.state == InvoiceState.PAID


def test_a_worker_that_died_between_asking_and_hearing_leaves_one_charge(till: Till) -> None:
    till.register()
    charge = till.collect()
    charges._claim(charge.id)
    charges.perform(charge.id)
    assert db.session.get_one(Charge, charge.id).state == ChargeState.REQUESTED
    assert till.until_known(charge).state == ChargeState.SUCCEEDED
    assert till.taken() == [13_200]


def test_while_an_outcome_is_unknown_no_other_charge_begins(till: Till) -> None:
    till.register()
    till.outside.fault("toss", "answer-lost", path="/v1/billing/", count=1)
    charge = till.collect()
    charges.perform(charge.id)
    with write() as session:
        assert charges.collect(session, till.invoice.id) is None
    with pytest.raises(Refusal, match="이미 결제하고"):
        service.pay_now(till.owner, till.invoice.id)


def test_after_many_questions_without_an_answer_a_person_is_told(till: Till) -> None:
    till.register()
    till.outside.fault("toss", "500", count=None)
    charge = till.collect()
    assert till.until_known(charge).state == ChargeState.UNKNOWN
    assert "결제를 확인해" in _items("charge")[0].title
    till.outside.fault("toss", None)
    assert till.until_known(charge).state == ChargeState.SUCCEEDED
    assert _items("charge") == []


def test_a_soft_decline_is_tried_again_on_its_day_and_a_hard_one_is_not(till: Till) -> None:
    assert till.invoice.due_on is not None
    till.register("EXCEED_MAX_AMOUNT")
    till.desk.at(till.invoice.due_on)
    dunning.step_due()
    first = charges.charges_of(till.invoice.id)[0]
    charges.perform(first.id)
    assert (first.state, first.hard) == (ChargeState.DECLINED, False)
    assert _mails("charge_declined") == 1
    dunning.step_due()
    assert len(charges.charges_of(till.invoice.id)) == 1
    till.desk.at(till.invoice.due_on + timedelta(days=1))
    dunning.step_due()
    second = charges.charges_of(till.invoice.id)[0]
    assert (second.attempt, second.order_id != first.order_id) == (2, True)
    charges.perform(second.id)
    till.register("INVALID_STOPPED_CARD")
    till.desk.at(till.invoice.due_on + timedelta(days=3))
    dunning.step_due()
    third = charges.charges_of(till.invoice.id)[0]
    charges.perform(third.id)
    assert (third.attempt, third.hard) == (3, True)
    till.desk.at(till.invoice.due_on + timedelta(days=7))
    dunning.step_due()
    assert len(charges.charges_of(till.invoice.id)) == 3
    assert _mails("invoice_reminder") == 1


def test_two_weeks_of_nothing_limit_the_use_and_a_payment_lifts_it(till: Till) -> None:
    assert till.invoice.due_on is not None
    tenant = db.session.get_one(Tenant, till.owner.tenant_id)
    for days in (0, 1, 3, 7):
        till.desk.at(till.invoice.due_on + timedelta(days=days))
        billing.fall_due()
        dunning.step_due()
    assert tenant.state == TenantState.ACTIVE
    till.desk.at(till.invoice.due_on + timedelta(days=14))
    dunning.step_due()
    dunning.step_due()
    assert db.session.get_one(Tenant, tenant.id, populate_existing=True).state == TenantState.SUSPENDED
    assert _mails("use_limited") == 1
    till.register()
    charge = service.pay_now(till.owner, till.invoice.id)
    charges.perform(charge.id)
    dunning.settled(str(uuid4()), till.invoice.id)
    assert db.session.get_one(Tenant, tenant.id, populate_existing=True).state == TenantState.ACTIVE


def test_an_invoice_paid_by_transfer_meanwhile_is_not_charged(till: Till) -> None:
    till.register()
    charge = till.collect()
    with write() as session:
        billing.record_payment(session, till.invoice.id, 13_200, "transfer-allocation:7")
    charges.perform(charge.id)
    assert (charge.state, charge.failure_code, till.taken()) == (ChargeState.DECLINED, charges.CHANGED, [])


def test_money_that_came_twice_goes_back_once_two_people_agree(till: Till) -> None:
    till.register()
    till.outside.fault("toss", "answer-lost", path="/v1/billing/", count=1)
    charge = till.collect()
    charges.perform(charge.id)
    with write() as session:
        billing.record_payment(session, till.invoice.id, 13_200, "transfer-allocation:7")
    assert till.until_known(charge).state == ChargeState.SUCCEEDED
    assert ledger.balance("receivable") == -13_200
    refund = refunds.refunds_of(charge.id)[0]
    refunds.agree(BILL, refund.id)
    refunds.perform(refund.id)
    assert (refund.state, till.taken(), ledger.balance("receivable")) == (RefundState.SUCCEEDED, [], 0)
    assert db.session.get_one(Charge, charge.id, populate_existing=True).state == ChargeState.CANCELLED


@pytest.mark.parametrize("fault", ["answer-lost", "500-after-commit", "half-json"])
def test_a_refund_is_asked_by_one_agreed_by_another_and_done_once(till: Till, fault: str) -> None:
    till.register()
    charge = till.collect()
    charges.perform(charge.id)
    refund = refunds.ask(BILL, charge.id, 3_200, "할인 약속")
    with pytest.raises(Refusal, match="요청한 사람은"):
        refunds.agree(BILL, refund.id)
    with pytest.raises(Refusal, match="10,000원"):
        refunds.ask(BILL, charge.id, 10_001, "너무 많음")
    second = type(BILL)(person_id=901, staff_roles=frozenset({"billing"}))
    refunds.agree(second, refund.id)
    till.outside.fault("toss", fault, path="/cancel", count=1)
    refunds.perform(refund.id)
    assert refund.state == RefundState.UNKNOWN
    refunds.perform(refund.id)
    assert (refund.state, till.taken()) == (RefundState.SUCCEEDED, [10_000])
    assert (till.invoice.state, till.invoice.open_won) == (InvoiceState.FINALISED, 3_200)
    assert ledger.crooked() == []


def test_a_card_that_is_replaced_is_forgotten_by_the_payment_company(till: Till) -> None:
    first = till.register()
    second = till.register()
    cards.delete(first.id)
    assert (first.state, first.billing_key, second.state) == (CardState.DELETED, None, CardState.ACTIVE)
    cards.remove(till.owner, second.id)
    cards.delete(second.id)
    assert cards.active(till.owner.tenant_id) is None


def test_a_lost_answer_of_a_registration_gives_the_same_card(till: Till) -> None:
    till.outside.fault("toss", "answer-lost", path="/authorizations/issue", count=1)
    card = till.register()
    assert card.state == CardState.RETURNED
    cards.register(card.id)
    assert db.session.get_one(type(card), card.id, populate_existing=True).state == CardState.ACTIVE


def test_a_webhook_is_never_believed_it_only_makes_us_ask(till: Till) -> None:
    till.register()
    charge = till.collect()
    forged = {"eventType": "PAYMENT_STATUS_CHANGED", "data": {"orderId": charge.order_id, "status": "DONE"}}
    assert webhooks.hear("t-1", forged)
    assert not webhooks.hear("t-1", forged)
    assert charge.state == ChargeState.CREATED
    assert till.invoice.paid == 0


def test_a_foreign_card_is_as_absent_as_one_that_never_was(till: Till) -> None:
    till.desk.at(date(2026, 11, 4))
    stranger = till.desk.paying(name="대한정밀", since=date(2026, 11, 4))
    card = till.register()
    for card_id in (card.id, 10**6):
        with pytest.raises(Refusal, match="찾으시는 것이 없습니다"):
            cards.card_for(stranger, card_id)


def test_what_a_refund_left_open_can_be_paid_by_card_again(till: Till) -> None:
    till.register()
    charge = till.collect()
    charges.perform(charge.id)
    refund = refunds.ask(BILL, charge.id, 3_200, "할인 약속")
    refunds.agree(type(BILL)(person_id=901, staff_roles=frozenset({"billing"})), refund.id)
    refunds.perform(refund.id)
    assert till.invoice.open_won == 3_200
    dunning.step_due()
    assert till.taken() == [10_000], "what was given back is not taken again by itself"
    second = till.collect()
    with write() as session:
        assert charges.collect(session, till.invoice.id) is None, "one at a time"
    charges.perform(second.id)
    assert (second.won, till.invoice.state, sorted(till.taken())) == (3_200, InvoiceState.PAID, [3_200, 10_000])
    assert ledger.crooked() == []
