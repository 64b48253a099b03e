"""The door of tax invoices: loaders, and what staff do by hand. Issuing and following stand in `issuing`."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from portal.billing import service as billing
from portal.core.db import db, write
from portal.core.errors import Forbidden, NotFound, Refusal
from portal.core.gate import Caller
from portal.core.outbox import later
from portal.core.settings import settings
from portal.taxinvoices import rules
from portal.taxinvoices.issuing import (
    ITEM,
    JOB,
    heard_finalised,
    heard_voided,
    move_on,
    new_amendment,
    papers_of,
    sweep,
    watch_deadlines,
)
from portal.taxinvoices.models import TAX_INVOICE, TaxInvoice, TaxInvoiceState
from portal.taxinvoices.providers import Done, Rejected, popbill
from portal.tenants import rules as tenant_rules
from portal.work import service as work

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


def hold(who: Caller, paper_id: int, reason: str) -> TaxInvoice:
    """Do not issue it for now."""
    _only_billing(who)
    with write() as session:
        paper = _locked(paper_id)
        TAX_INVOICE.move(session, paper, "hold", by=who.actor, failure_message=reason[:300])
        return paper


def amend(who: Caller, paper_id: int, code: int, supply: int = 0) -> TaxInvoice:
    """Amend a filed paper for a lawful reason. `supply` is the change for reasons that concern a part (negative: less)."""
    _only_billing(who)
    amendment = rules.AMENDMENTS.get(code)
    with write() as session:
        original = _locked(paper_id)
        if amendment is None or original.state != X.FILED or original.original_id is not None:
            raise Refusal("전송이 끝난 세금계산서만 수정할 수 있습니다.", "전송이 끝난 뒤 다시 해 주십시오.")
        change = -original.supply if amendment.whole else supply
        if change == 0 or change % 10 or (code == 3 and change > 0):  # noqa: PLR2004 - goods that came back are negative
            raise Refusal("바뀌는 공급가액을 10원 단위로 적어 주십시오.", "줄어드는 금액은 빼기(-)로 적습니다.", 422)
        made = new_amendment(session, original, code, change, change // 10)
        if code == 1:
            new_amendment(session, original, code, original.supply, original.vat)
        return made


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
        later(session, JOB, paper_id)


def _by_hand(who: Caller, paper_id: int, verbs: dict[TaxInvoiceState, str]) -> TaxInvoice:
    _only_billing(who)
    with write() as session:
        paper = _locked(paper_id)
        verb = verbs.get(paper.state)
        if verb is None:
            raise Refusal("지금은 다시 발행할 수 없는 상태입니다.", "화면을 새로 고쳐 상태를 확인해 주십시오.")
        TAX_INVOICE.move(session, paper, verb, by=who.actor, failure_code="", failure_message="", lease_until=None)
        work.close_item(session, kind=ITEM, subject=f"tax_invoice:{paper.id}", by=who.actor)
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
    "hold",
    "move_on",
    "paper_for",
    "paper_with",
    "papers_for",
    "papers_of_invoice_for",
    "send_now",
    "sweep",
    "try_again",
    "watch_deadlines",
]
