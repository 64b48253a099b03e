"""A month becomes one invoice: rated, cut to ten won, numbered without gaps, booked, and never asked for twice."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select

from portal.billing import closing, invoicing, ledger
from portal.billing import service as billing
from portal.billing.models import CloseState, Invoice, InvoiceState, LedgerEntry
from portal.billing.rules.terms import Period
from portal.core.db import db, write
from portal.core.errors import NotFound, Refusal
from portal.core.outbox import Message
from tests.billing.office import BILL, DETAILS, Office

OCTOBER = Period(date(2026, 10, 1), date(2026, 11, 1))
NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 1))
GB = 1_000_000_000


def _close(desk: Office, period: Period, on: date | None = None) -> Invoice | None:
    desk.at(on or period.to_date.replace(day=3))
    closing.start(period)
    for row in closing.board(period):
        closing.close_company(period, row.tenant.id)
    found = select(Invoice).where(Invoice.period_from == period.from_date).order_by(Invoice.id.desc())
    return db.session.scalars(found).first()


def test_a_month_of_one_seat_storage_and_views_comes_to_what_a_person_works_out(each_desk: Office) -> None:
    owner = each_desk.paying("team")
    each_desk.use(owner.tenant_id, "stored_bytes", 250 * GB, date(2026, 9, 30))
    each_desk.use(owner.tenant_id, "drawing_views", 4001, date(2026, 10, 7))
    invoice = _close(each_desk, OCTOBER)
    assert invoice is not None
    # 12,000 x 1 + (250 - 100) GB x 200 + (4,001 - 3,000) x 5 = 47,005, cut to 47,000
    assert [(line.name, line.won) for line in invoice.lines] == [
        ("이용권", 12_000),
        ("저장 용량", 30_000),
        ("도면 열람", 5_005),
        ("10원 미만 절사", -5),
    ]
    assert (invoice.supply, invoice.vat, invoice.total) == (47_000, 4_700, 51_700)
    assert (invoice.state, invoice.number) == (InvoiceState.FINALISED, "2026-000001")
    assert invoice.due_on == date(2026, 11, 17)
    assert invoice.parties["customer"]["business_number"] == "1248100998"
    assert ledger.balance("receivable", invoice_id=invoice.id) == 51_700
    assert ledger.crooked() == []
    told = select(func.count()).select_from(Message).where(Message.name == "invoice.finalised")
    assert db.session.scalar(told) == 1


def test_closing_again_finds_nothing_to_do(desk: Office) -> None:
    desk.paying()
    first = _close(desk, OCTOBER)
    assert first is not None
    _close(desk, OCTOBER)
    assert db.session.scalar(select(func.count()).select_from(Invoice)) == 1
    with write() as session:
        subscription = billing.newest(first.tenant_id)
        assert subscription is not None
        assert invoicing.still_to_bill(session, subscription, OCTOBER)[1] == []


def test_usage_that_comes_late_is_a_line_of_the_next_bill_that_names_its_own_month(desk: Office) -> None:
    owner = desk.paying()
    _close(desk, OCTOBER)
    desk.use(owner.tenant_id, "drawing_views", 3_100, date(2026, 10, 20))
    invoice = _close(desk, NOVEMBER)
    assert invoice is not None
    late = [line for line in invoice.lines if line.line_key.startswith("2026-10|")]
    assert [(line.won, line.period_from) for line in late] == [(500, date(2026, 10, 1))]


def test_a_cancelled_invoice_can_be_billed_again_and_leaves_no_money_on_the_books(desk: Office) -> None:
    owner = desk.paying()
    first = _close(desk, OCTOBER)
    assert first is not None
    note = billing.void(BILL, first.id, "상호를 잘못 적음")
    assert (note.total, note.number) == (first.total, "C2026-000001")
    with pytest.raises(Refusal, match="취소"):
        billing.void(BILL, first.id, "한 번 더 누름")
    assert ledger.balance("receivable", tenant_id=owner.tenant_id) == 0
    with write() as session:
        subscription = billing.newest(owner.tenant_id)
        assert subscription is not None
        again = invoicing.draft(session, subscription, OCTOBER)
        assert again is not None
        invoicing.finalise(session, again, "test")
        assert (again.total, again.position, again.number) == (first.total, 2, "2026-000002")


def test_a_month_without_billing_details_is_stuck_with_the_reason_and_goes_on_once_they_are_there(desk: Office) -> None:
    owner = desk.paying()
    profile = billing.profile_of(owner.tenant_id)
    with write() as session:
        session.delete(profile)
    assert _close(desk, OCTOBER) is None
    step = closing.board(OCTOBER)[0].step
    assert step.state == CloseState.STUCK
    assert "청구 정보" in step.reason
    billing.update_profile(owner, DETAILS)
    closing.retry(OCTOBER, owner.tenant_id)
    closing.close_company(OCTOBER, owner.tenant_id)
    (row,) = closing.board(OCTOBER)
    assert (row.step.state, row.invoice is not None) == (CloseState.CLOSED, True)


def test_a_trial_costs_nothing_and_is_not_closed(desk: Office) -> None:
    desk.at(date(2026, 9, 1))
    desk.company()
    assert _close(desk, OCTOBER) is None
    assert closing.board(OCTOBER) == []


def test_a_running_month_cannot_be_closed(desk: Office) -> None:
    desk.paying()
    with pytest.raises(Refusal, match="아직 끝나지 않은"):
        closing.start(OCTOBER)


def test_the_schedule_closes_a_month_after_its_grace(desk: Office) -> None:
    desk.paying()
    desk.at(date(2026, 11, 2))
    assert closing.start_due() == 0
    desk.at(date(2026, 11, 3))
    assert closing.start_due() == 1
    assert closing.start_due() == 0


def test_money_is_booked_once_by_its_source_and_settles_the_invoice(desk: Office) -> None:
    owner = desk.paying()
    invoice = _close(desk, OCTOBER)
    assert invoice is not None
    with write() as session:
        assert billing.record_payment(session, invoice.id, 1_000, "transfer-allocation:1")
        assert not billing.record_payment(session, invoice.id, 1_000, "transfer-allocation:1")
    with write() as session:
        assert billing.record_payment(session, invoice.id, invoice.open_won, "charge:1")
        assert not billing.record_payment(session, invoice.id, 12_200, "charge:1")
    assert invoice.state == InvoiceState.PAID
    assert ledger.balance("receivable", tenant_id=owner.tenant_id) == 0
    with pytest.raises(Refusal, match="0원"), write() as session:
        billing.record_payment(session, invoice.id, 1, "transfer-allocation:2")
    with write() as session:
        assert billing.reverse_payment(session, invoice.id, 1_000, "refund:1")
    assert (invoice.state, invoice.open_won) == (InvoiceState.FINALISED, 1_000)
    assert db.session.scalar(select(func.sum(LedgerEntry.won))) == 0


def test_an_invoice_falls_overdue_after_its_day_and_the_agreement_catches_up_when_it_is_paid(desk: Office) -> None:
    owner = desk.paying()
    invoice = _close(desk, OCTOBER)
    assert invoice is not None
    assert invoice.due_on is not None
    desk.at(invoice.due_on)
    assert billing.fall_due() == 0
    desk.at(date(2026, 11, 18))
    assert billing.fall_due() == 1
    subscription = billing.live(owner.tenant_id)
    assert subscription is not None
    assert (invoice.state, subscription.state) == ("overdue", "past_due")
    with write() as session:
        billing.record_payment(session, invoice.id, invoice.total, "charge:9")
    assert (invoice.state, subscription.state) == ("paid", "active")


def test_an_invoice_is_its_companys_own(desk: Office) -> None:
    owner = desk.paying()
    invoice = _close(desk, OCTOBER)
    stranger = desk.paying(name="대한정밀", since=date(2026, 11, 3))
    assert invoice is not None
    assert billing.invoice_for(owner, invoice.id).id == invoice.id
    for who in (stranger,):
        with pytest.raises(NotFound):
            billing.invoice_for(who, invoice.id)
        with pytest.raises(NotFound):
            billing.invoice_for(who, 10**6)
