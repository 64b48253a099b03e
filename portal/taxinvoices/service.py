"""The door of tax invoices: loaders, and what staff do by hand. Issuing and following stand in `issuing`."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from portal.billing import service as billing
from portal.core import audit
from portal.core.db import db, write
from portal.core.errors import Forbidden, NotFound, Refusal
from portal.core.gate import Caller
from portal.core.outbox import later
from portal.core.settings import settings
from portal.taxinvoices import writing
from portal.taxinvoices.issuing import move_on
from portal.taxinvoices.models import TAX_INVOICE, TaxInvoice, TaxInvoiceState
from portal.taxinvoices.proofs import proofs_of
from portal.taxinvoices.providers import Done, Rejected, popbill
from portal.taxinvoices.watching import JOB, settle, sweep, watch_deadlines
from portal.taxinvoices.writing import heard_finalised, heard_voided, papers_of
from portal.tenants import rules as tenant_rules

X = TaxInvoiceState


def paper_for(who: Caller, paper_id: int) -> TaxInvoice:
    """The caller's own issued tax invoice; NotFound when it is foreign, absent or not issued yet."""
    _only_payers(who)
    mine = (TaxInvoice.id == paper_id, TaxInvoice.tenant_id == who.tenant_id, TaxInvoice.issued_at.is_not(None))
    paper = db.session.scalar(select(TaxInvoice).options(joinedload(TaxInvoice.invoice)).where(*mine))
    if paper is None:
        raise NotFound
    return paper


def papers_for(who: Caller) -> list[TaxInvoice]:
    """The caller's own issued tax invoices, the newest first."""
    _only_payers(who)
    mine = (TaxInvoice.tenant_id == who.tenant_id, TaxInvoice.issued_at.is_not(None))
    query = select(TaxInvoice).options(joinedload(TaxInvoice.invoice)).where(*mine)
    return list(db.session.scalars(query.order_by(TaxInvoice.id.desc())))


def papers_of_invoice_for(who: Caller, invoice_id: int) -> list[TaxInvoice]:
    """All tax invoices of the caller's own invoice, also those on their way."""
    return papers_of(billing.invoice_for(who, invoice_id).id)


def paper_with(paper_id: int) -> TaxInvoice:
    """A tax invoice for staff; NotFound when there is none."""
    paper = db.session.get(TaxInvoice, paper_id)
    if paper is None:
        raise NotFound
    return paper


def counts() -> dict[str, int]:
    """How many tax invoices stand in each state."""
    rows = db.session.execute(select(TaxInvoice.state, func.count()).group_by(TaxInvoice.state))
    return {str(row[0]): int(row[1]) for row in rows}


def try_again(who: Caller, paper_id: int) -> TaxInvoice:
    """Issue what was held or refused, after its reason was mended."""
    return _by_hand(who, paper_id, {X.HELD: "release", X.REJECTED: "retry"})


def amend(who: Caller, paper_id: int, code: int, change: int = 0) -> TaxInvoice:
    """Amend a filed paper for a lawful reason; the first of the papers made.

    `change` is the supply that changes, for reasons that concern a part (negative: less).
    """
    _only_billing(who)
    with write() as session:
        return writing.amend(session, _locked(paper_id), code, change, who.actor)[0]


def send_now(who: Caller, paper_id: int) -> None:
    """Have an issued paper filed now instead of on the next business day."""
    _only_billing(who)
    paper, provider = paper_with(paper_id), popbill.of(settings())
    if paper.state != X.ISSUED or provider is None:
        raise Refusal("발행되어 전송을 기다리는 세금계산서만 보낼 수 있습니다.", "지금 상태를 확인해 주십시오.")
    answer = provider.send_now(paper.management_key)
    if not isinstance(answer, Done):
        said = answer.message if isinstance(answer, Rejected) else answer.reason
        raise Refusal("전송을 요청하지 못했습니다.", said, 503)
    with write() as session:
        audit.record(
            session,
            "tax_invoice.send_now",
            actor=who.actor,
            subject=f"tax_invoice:{paper_id}",
            tenant_id=paper.tenant_id,
        )
        later(session, JOB, paper_id)


def _by_hand(who: Caller, paper_id: int, verbs: dict[TaxInvoiceState, str]) -> TaxInvoice:
    _only_billing(who)
    with write() as session:
        paper = _locked(paper_id)
        verb = verbs.get(paper.state)
        if verb is None:
            raise Refusal("지금은 다시 발행할 수 없는 상태입니다.", "화면을 새로 고쳐 상태를 확인해 주십시오.")
        TAX_INVOICE.move(session, paper, verb, by=who.actor, failure_code="", failure_message="", lease_until=None)
        settle(session, paper, who.actor)
        later(session, JOB, paper.id)
        return paper


def _locked(paper_id: int) -> TaxInvoice:
    paper = db.session.get(TaxInvoice, paper_id, with_for_update=True, populate_existing=True)
    if paper is None:
        raise NotFound
    return paper


def _only_payers(who: Caller) -> None:
    if not tenant_rules.may(who.role, tenant_rules.Right.BILLING):
        raise Forbidden


def _only_billing(who: Caller) -> None:
    if not who.staff_roles & {"billing", "admin"}:
        raise Forbidden


__all__ = [
    "amend",
    "counts",
    "heard_finalised",
    "heard_voided",
    "move_on",
    "paper_for",
    "paper_with",
    "papers_for",
    "papers_of",
    "papers_of_invoice_for",
    "proofs_of",
    "send_now",
    "sweep",
    "try_again",
    "watch_deadlines",
]
