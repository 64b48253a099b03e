"""The patience with an unpaid invoice: the card on the due day, retries, reminders, and at last a limit on use.

One row for each numbered invoice says which day brings the next step; a day's step is done in one transaction, so a killed
worker repeats nothing.
"""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.billing import service as billing
from portal.billing.models import UNPAID, Invoice, PayBy
from portal.core.clock import now, today
from portal.core.db import db, write
from portal.core.errors import Refusal
from portal.core.gate import Caller
from portal.core.outbox import once
from portal.payments import cards, charges, refunds, rules, unpaid
from portal.payments.models import Dunning
from portal.tenants import service as tenants
from portal.tenants.models import Tenant, TenantState

BY = "dunning"
REASON = "납부기한이 지난 청구서가 있습니다. 결제하시면 바로 풀립니다."


def open_for(event_id: str, invoice_id: int) -> None:
    """A numbered invoice is to be paid: its days begin, and whom it is for is told."""
    with write() as session:
        if not once(session, event_id, "payments.open_dunning"):
            return
        invoice = session.get_one(Invoice, invoice_id)
        if session.get(Dunning, invoice_id) is None and invoice.due_on is not None:
            session.add(Dunning(invoice_id=invoice.id, tenant_id=invoice.tenant_id, next_on=invoice.due_on, tries=0))
        _tell(session, invoice, "invoice_issued")


def settled(event_id: str, invoice_id: int) -> None:
    """The invoice is paid or cancelled: no further step, and the limit is lifted when nothing else is owed for long."""
    with write() as session:
        if once(session, event_id, "payments.close_dunning"):
            _close(session, invoice_id)


def voided(event_id: str, invoice_id: int) -> None:
    """The invoice was cancelled: no further step, and what was paid goes back."""
    with write() as session:
        if once(session, event_id, "payments.invoice_voided"):
            _close(session, invoice_id)
            refunds.voided(session, invoice_id)


def step_due() -> int:
    """Do the steps that today brings; for the schedule. Returns how many invoices were looked at."""
    due = select(Dunning.invoice_id).where(Dunning.closed_at.is_(None), Dunning.next_on <= today())
    ids = list(db.session.scalars(due.order_by(Dunning.next_on, Dunning.invoice_id).limit(500)))
    for invoice_id in ids:
        with write() as session:
            _step(session, invoice_id)
    return len(ids)


def limited(who: Caller) -> bool:
    """Whether the caller's company may only look because an invoice of it is not paid."""
    return REASON in who.read_only


def _step(session: Session, invoice_id: int) -> None:
    row = session.get_one(Dunning, invoice_id, with_for_update=True, populate_existing=True)
    invoice = session.get_one(Invoice, invoice_id, with_for_update=True, populate_existing=True)
    day = today()
    if row.closed_at is not None or row.next_on is None or row.next_on > day or invoice.due_on is None:
        return
    if invoice.state not in UNPAID:
        row.next_on = None
        return
    card = cards.active(invoice.tenant_id) if _by_card(invoice.tenant_id) else None
    declined = charges.last_decline(session, invoice.id, card.id) if card is not None else None
    hard = declined is not None and declined.hard
    todo = rules.dun(invoice.due_on, max(row.next_on, invoice.due_on), by_card=card is not None, hard=hard)
    if todo.charge and charges.collect(session, invoice.id) is not None:
        row.tries += 1
    if todo.remind:
        _tell(session, invoice, "invoice_reminder")
        row.reminded_on = day
    if rules.dun(invoice.due_on, day, by_card=card is not None, hard=hard).limit and row.limited_at is None:
        _limit(session, row)
    row.next_on = rules.next_day(invoice.due_on, day)


def _by_card(tenant_id: int) -> bool:
    profile = billing.profile_of(tenant_id)
    return profile is not None and profile.pay_by == PayBy.CARD


def _limit(session: Session, row: Dunning) -> None:
    """Limit the use once for this invoice. A company that is limited already, or ended, stays as it is."""
    row.limited_at = now()
    tenant = session.get_one(Tenant, row.tenant_id)
    if tenant.state == TenantState.ACTIVE:
        tenants.suspend(session, row.tenant_id, BY, REASON)
        _tell(session, session.get_one(Invoice, row.invoice_id), "use_limited")
    unpaid.look_again(session, row.tenant_id, BY)


def _close(session: Session, invoice_id: int) -> None:
    row = session.get(Dunning, invoice_id, with_for_update=True, populate_existing=True)
    if row is None or row.closed_at is not None:
        return
    row.closed_at, row.next_on = now(), None
    unpaid.look_again(session, row.tenant_id, BY)
    if row.limited_at is None:
        return
    others = (
        select(func.count())
        .select_from(Dunning)
        .where(Dunning.tenant_id == row.tenant_id, Dunning.limited_at.is_not(None), Dunning.closed_at.is_(None))
    )
    tenant = session.get_one(Tenant, row.tenant_id)
    if not session.scalar(others) and tenant.state == TenantState.SUSPENDED and tenant.mode_reason == REASON:
        try:
            tenants.resume(session, tenant.id, BY)
        except Refusal:
            return


def _tell(session: Session, invoice: Invoice, template: str) -> None:
    profile = billing.profile_of(invoice.tenant_id)
    if profile is None:
        return
    values = {
        "invoice": invoice,
        "note": rules.payer_note(profile.name, invoice.number or ""),
        "charged": profile.pay_by == PayBy.CARD and cards.active(invoice.tenant_id) is not None,
        "card_missing": cards.missing(invoice.tenant_id),
    }
    billing.tell_payer(session, invoice.tenant_id, template, **values)
