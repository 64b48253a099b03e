"""What comes in on invoices, what is late, what is taken back. Every payment is booked once, by what it came from."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.billing import ledger
from portal.billing.models import (
    INVOICE,
    SUBSCRIPTION,
    UNPAID,
    CreditNote,
    Invoice,
    InvoiceLine,
    InvoiceState,
    LedgerEntry,
    Subscription,
    SubscriptionState,
)
from portal.core import audit
from portal.core.clock import now, today
from portal.core.db import db, write
from portal.core.errors import Forbidden, NotFound, Refusal
from portal.core.gate import Caller
from portal.core.korea import particle
from portal.core.numbers import next_number
from portal.core.outbox import publish

I = InvoiceState  # noqa: E741 - a column of the table
#: Where the money of a source lies: "charge:12" came by card, everything else by bank.
BY_CARD = "charge"


def open_invoices(tenant_id: int | None = None) -> list[Invoice]:
    """Invoices that wait for money, of one company or of all; the oldest due first."""
    query = select(Invoice).where(Invoice.state.in_(UNPAID))
    if tenant_id is not None:
        query = query.where(Invoice.tenant_id == tenant_id)
    return list(db.session.scalars(query.order_by(Invoice.due_on, Invoice.id)))


def record_payment(session: Session, invoice_id: int, won: int, source: str) -> bool:
    """Book money that came in for an invoice, inside write(). False when this source was booked already.

    The invoice is paid once all of it is in. A payment for a cancelled invoice is refused, for an uncollectible one taken.
    """
    invoice = _locked(session, invoice_id)
    if invoice.state in {I.DRAFT, I.VOID}:
        raise Refusal(
            f"청구서 {invoice.number or ''}{particle(invoice.number or '', '은/는')} 받을 것이 없습니다.",
            "다른 청구서를 골라 주십시오.",
        )
    cash = "cash_card" if source.partition(":")[0] == BY_CARD else "cash_bank"
    against = "bad_debt" if invoice.state == I.UNCOLLECTIBLE else "receivable"
    if won <= 0 or won > invoice.open_won:
        if _booked(session, source):
            return False
        raise Refusal(
            f"청구서 {invoice.number}에 남은 금액은 {invoice.open_won:,}원입니다.", "금액을 다시 확인해 주십시오.", 422
        )
    if not ledger.book(session, source, invoice.tenant_id, {cash: won, against: -won}, invoice.id):
        return False
    invoice.paid += won
    session.flush()
    if invoice.open_won == 0:
        verb = "settle_late" if invoice.state == I.UNCOLLECTIBLE else "settle"
        INVOICE.move(session, invoice, verb, by=source, settled_at=now(), state_since=now())
        publish(session, "invoice.paid", invoice.id)
        _catch_up(session, invoice.tenant_id)
    return True


def reverse_payment(session: Session, invoice_id: int, won: int, source: str) -> bool:
    """Take a payment back: a refund, or a deposit that was another's. Once for each `source`, e.g. "refund:3"."""
    invoice = _locked(session, invoice_id)
    by_card = source.partition(":")[0] == "refund"
    if won <= 0 or won > invoice.paid:
        if _booked(session, source):
            return False
        raise Refusal("받은 금액보다 많이 되돌릴 수 없습니다.", "금액을 다시 확인해 주십시오.", 422)
    sides = {"receivable": won, ("cash_card" if by_card else "cash_bank"): -won}
    if not ledger.book(session, source, invoice.tenant_id, sides, invoice.id):
        return False
    invoice.paid -= won
    session.flush()
    if invoice.state == I.PAID:
        INVOICE.move(session, invoice, "unsettle", by=source, settled_at=None, state_since=now())
    return True


def book_surplus(session: Session, tenant_id: int, won: int, source: str, invoice_id: int) -> bool:
    """Book money that came by card for nothing: it is the customer's until it is given back."""
    return ledger.book(session, source, tenant_id, {"cash_card": won, "receivable": -won}, invoice_id)


def return_surplus(session: Session, tenant_id: int, won: int, source: str, invoice_id: int) -> bool:
    """Book that such money was given back."""
    return ledger.book(session, source, tenant_id, {"receivable": won, "cash_card": -won}, invoice_id)


def fall_due() -> int:
    """Mark what was not paid by its due day; for the schedule. Returns how many."""
    late = select(Invoice.id).where(Invoice.state == I.FINALISED, Invoice.due_on < today())
    count = 0
    for invoice_id in list(db.session.scalars(late)):
        with write() as session:
            invoice = _locked(session, invoice_id)
            if invoice.state != I.FINALISED or invoice.due_on is None or invoice.due_on >= today():
                continue
            INVOICE.move(session, invoice, "fall_due", by="schedule", state_since=now())
            _fall_behind(session, invoice.tenant_id)
            publish(session, "invoice.overdue", invoice.id)
            count += 1
    return count


def give_up(who: Caller, invoice_id: int, reason: str) -> Invoice:
    """Stop waiting for an overdue invoice; what is open becomes bad debt."""
    _only_billing(who)
    with write() as session:
        invoice = _locked(session, invoice_id)
        INVOICE.move(session, invoice, "give_up", by=who.actor, state_since=now())
        ledger.book(
            session,
            f"bad_debt:{invoice.id}",
            invoice.tenant_id,
            {"bad_debt": invoice.open_won, "receivable": -invoice.open_won},
            invoice.id,
        )
        _note(session, who, invoice, "give_up", reason)
        return invoice


def void(who: Caller, invoice_id: int, reason: str) -> CreditNote:
    """Cancel an invoice by a credit note of all its lines; what it asked for can be billed again."""
    _only_billing(who)
    with write() as session:
        invoice = _locked(session, invoice_id)
        if invoice.paid and invoice.state != I.PAID and INVOICE.allows(invoice.state, "void"):
            raise Refusal("일부가 입금된 청구서입니다.", "입금을 먼저 되돌린 뒤 취소해 주십시오.")
        INVOICE.move(session, invoice, "void", by=who.actor, state_since=now())
        day = today()
        number = next_number(session, f"credit_note:{day.year}")
        lines = session.scalars(select(InvoiceLine).where(InvoiceLine.invoice_id == invoice.id))
        note = CreditNote(
            tenant_id=invoice.tenant_id,
            invoice_id=invoice.id,
            number=f"C{day.year}-{number:06d}",
            reason=reason[:200],
            supply=invoice.supply,
            vat=invoice.vat,
            total=invoice.total,
            lines=[{"line_key": line.line_key, "won": line.won} for line in lines],
            issued_on=day,
            created_at=now(),
            created_by=who.actor,
        )
        session.add(note)
        session.flush()
        ledger.book(
            session,
            f"credit_note:{note.id}",
            invoice.tenant_id,
            {"receivable": -invoice.total, "revenue": invoice.supply, "vat": invoice.vat},
            invoice.id,
        )
        _note(session, who, invoice, "void", reason, credit_note=note.number)
        _catch_up(session, invoice.tenant_id)
        publish(session, "invoice.voided", invoice.id, note.id)
        return note


def _locked(session: Session, invoice_id: int) -> Invoice:
    invoice = session.get(Invoice, invoice_id, with_for_update=True, populate_existing=True)
    if invoice is None:
        raise NotFound
    return invoice


def _booked(session: Session, source: str) -> bool:
    return session.scalar(select(LedgerEntry.id).where(LedgerEntry.source == source).limit(1)) is not None


def _fall_behind(session: Session, tenant_id: int) -> None:
    subscription = _of(session, tenant_id)
    if subscription is not None and SUBSCRIPTION.allows(subscription.state, "fall_behind"):
        SUBSCRIPTION.move(session, subscription, "fall_behind", by="schedule", state_since=now())


def _catch_up(session: Session, tenant_id: int) -> None:
    """Nothing overdue any more: the agreement is in order again."""
    session.flush()
    late = select(func.count()).select_from(Invoice).where(Invoice.tenant_id == tenant_id, Invoice.state == I.OVERDUE)
    subscription = _of(session, tenant_id)
    if subscription is not None and subscription.state == SubscriptionState.PAST_DUE and not session.scalar(late):
        SUBSCRIPTION.move(session, subscription, "catch_up", by="payment", state_since=now())


def _of(session: Session, tenant_id: int) -> Subscription | None:
    query = select(Subscription).where(
        Subscription.tenant_id == tenant_id, Subscription.state != SubscriptionState.ENDED
    )
    return session.scalar(query)


def _only_billing(who: Caller) -> None:
    if not who.staff_roles & {"billing", "admin"}:
        raise Forbidden


def _note(session: Session, who: Caller, invoice: Invoice, verb: str, reason: str, **details: str) -> None:
    said = {"reason": reason[:200], **details}
    audit.record(
        session,
        f"invoice.{verb}_reason",
        actor=who.actor,
        subject=f"invoice:{invoice.id}",
        tenant_id=invoice.tenant_id,
        personal=said,
    )
