"""The door of billing: plans, agreements, invoices, what comes in on them, the month's close."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.billing.closing import bills_on, board, close_company, start, start_due
from portal.billing.invoicing import as_line, expected, finalise, invoice_with, month, month_before, rated
from portal.billing.models import NUMBERED, CreditNote, Invoice
from portal.billing.plans import offers, terms_of, version_on
from portal.billing.receivables import (
    book_surplus,
    fall_due,
    give_up,
    open_invoices,
    record_payment,
    return_surplus,
    reverse_payment,
    void,
)
from portal.billing.subscriptions import (
    PAYING,
    Details,
    cancel,
    change_plan,
    convert,
    correct_profile,
    current_version,
    end_due,
    evidence_of,
    is_upgrade,
    keep,
    live,
    newest,
    next_version,
    open_trial,
    profile_of,
    tell_payer,
    update_profile,
)
from portal.core.db import db
from portal.core.errors import Forbidden, NotFound
from portal.core.gate import Caller
from portal.tenants import rules as tenant_rules


def invoice_for(who: Caller, invoice_id: int) -> Invoice:
    """The caller's own numbered invoice with its lines; NotFound when it is foreign, absent or not numbered yet."""
    _only_payers(who)
    query = select(Invoice).options(joinedload(Invoice.lines))
    mine = (Invoice.id == invoice_id, Invoice.tenant_id == who.tenant_id, Invoice.state.in_(NUMBERED))
    invoice = db.session.scalars(query.where(*mine)).unique().first()
    if invoice is None:
        raise NotFound
    return invoice


def invoices_for(who: Caller) -> list[Invoice]:
    """The caller's own numbered invoices, the newest first."""
    _only_payers(who)
    query = select(Invoice).where(Invoice.tenant_id == who.tenant_id, Invoice.state.in_(NUMBERED))
    return list(db.session.scalars(query.order_by(Invoice.id.desc())))


def credit_notes_of(invoice_id: int) -> list[CreditNote]:
    """What took an invoice back."""
    return list(db.session.scalars(select(CreditNote).where(CreditNote.invoice_id == invoice_id)))


def _only_payers(who: Caller) -> None:
    if not tenant_rules.may(who.role, tenant_rules.Right.BILLING):
        raise Forbidden


__all__ = [
    "PAYING",
    "Details",
    "as_line",
    "bills_on",
    "board",
    "book_surplus",
    "cancel",
    "change_plan",
    "close_company",
    "convert",
    "correct_profile",
    "credit_notes_of",
    "current_version",
    "end_due",
    "evidence_of",
    "expected",
    "fall_due",
    "finalise",
    "give_up",
    "invoice_for",
    "invoice_with",
    "invoices_for",
    "is_upgrade",
    "keep",
    "live",
    "month",
    "month_before",
    "newest",
    "next_version",
    "offers",
    "open_invoices",
    "open_trial",
    "profile_of",
    "rated",
    "record_payment",
    "return_surplus",
    "reverse_payment",
    "start",
    "start_due",
    "tell_payer",
    "terms_of",
    "update_profile",
    "version_on",
    "void",
]
