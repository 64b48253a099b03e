"""Issue a tax invoice once, and follow it until the tax office has taken it.

The row and its management key come first; no answer makes it `unknown`, which asking by that key resolves. Even a refusal is
asked after, because an issuing service may refuse the repetition of what it has done.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from portal.billing.models import Invoice, InvoiceState
from portal.core.clock import SEOUL, fresh
from portal.core.db import db, write
from portal.core.outbox import publish
from portal.core.settings import settings
from portal.taxinvoices import rules
from portal.taxinvoices.models import TAX_INVOICE, TaxInvoice, TaxInvoiceState
from portal.taxinvoices.providers import Done, Issued, NotThere, Progress, Rejected, Standing, popbill
from portal.taxinvoices.watching import BY, MOVING, ask_about_service, ask_staff, put_off, service_answers, settle
from portal.taxinvoices.writing import take_back_if_void, written
from portal.trials import business_status

X = TaxInvoiceState
LEASE = timedelta(seconds=90)
_THERE = {Progress.ISSUED, Progress.FILING, Progress.FILED, Progress.FAILED}


def move_on(paper_id: int) -> None:
    """Take a tax invoice as far as it goes now. May run twice and at once."""
    with write() as session:
        paper = _claimed(session, paper_id)
        if paper is None:
            return
        state, key, issued = paper.state, paper.management_key, paper.issued_at is not None
        gone = session.get_one(Invoice, paper.invoice_id).state == InvoiceState.VOID and paper.original_id is None
    if state == X.WAITING and issued:
        _file_again(paper_id, key)
    elif state == X.WAITING and gone:
        _end(paper_id, "cancel_unissued")
    elif state == X.WAITING:
        _issue(paper_id)
    elif gone and state == X.ISSUED:
        _take_back(paper_id, key)
    else:
        _hear(paper_id, key)
    _release(paper_id)


def _claimed(session: Session, paper_id: int) -> TaxInvoice | None:
    paper = session.get(TaxInvoice, paper_id, with_for_update=True, populate_existing=True)
    moment = fresh()
    leased = paper is not None and paper.lease_until is not None and paper.lease_until > moment
    if paper is None or leased or paper.state not in MOVING:
        return None
    if paper.state == X.REQUESTED:
        # Whoever asked is gone: from here on it is asked for, not issued.
        TAX_INVOICE.move(session, paper, "lose", by=BY)
    paper.lease_until = moment + LEASE
    put_off(paper)
    session.flush()
    return paper


def _release(paper_id: int) -> None:
    with write() as session:
        _locked(session, paper_id).lease_until = None


# ----- asking for something ------------------------------------------------------------------------------------------


def _issue(paper_id: int) -> None:
    provider = popbill.of(settings())
    paper = db.session.get_one(TaxInvoice, paper_id)
    if provider is None:
        _hold(
            paper_id, "발행 대행사가 설정되어 있지 않습니다. POPBILL_로 시작하는 설정을 적은 뒤 다시 발행해 주십시오."
        )
        return
    said = written(paper)
    status = business_status.ask(said.customer.business_number)
    if status.status == business_status.Standing.CLOSED:
        _hold(
            paper_id,
            f"공급받는 회사가 폐업했습니다({status.note}). 고객에게 확인하고 청구 정보를 고친 뒤 다시 발행해 주십시오.",
        )
        return
    document = provider.document(said)
    with write() as session:
        row = _locked(session, paper_id)
        if row.state != X.WAITING:
            return
        TAX_INVOICE.move(session, row, "request", by=BY, document=document, requested_at=fresh())
    answer = provider.issue(document)
    if isinstance(answer, Issued):
        _issued(paper_id, answer.approval_number, fresh())
        return
    found = provider.find(said.management_key) if isinstance(answer, Rejected) else answer
    if isinstance(found, Standing):
        _stands(paper_id, found)
    elif isinstance(answer, Rejected) and not answer.ours and isinstance(found, NotThere):
        _rejected(paper_id, answer)
    else:
        _end(paper_id, "lose")
        if isinstance(answer, Rejected) and answer.ours:
            with write() as session:
                ask_about_service(session, f"{answer.message}({answer.code})")


def _file_again(paper_id: int, key: str) -> None:
    """It is issued for good, and the tax office had refused it: only the filing is repeated."""
    provider = popbill.of(settings())
    if provider is None:
        return
    answer = provider.send_now(key)
    if isinstance(answer, Done | Rejected):
        _end(paper_id, "file_again")
    if isinstance(answer, Rejected):
        # It may be on its way already, or be refused for another reason; the standing tells.
        _hear(paper_id, key)


def _take_back(paper_id: int, key: str) -> None:
    """Its invoice was cancelled before it was filed: it is cancelled at the service, or amended when that is too late."""
    provider = popbill.of(settings())
    if provider is None:
        return
    answer = provider.cancel_issue(key, "청구서를 취소했습니다.")
    if isinstance(answer, Done):
        _end(paper_id, "cancel")
    else:
        _hear(paper_id, key)


# ----- what is heard -------------------------------------------------------------------------------------------------


def _hear(paper_id: int, key: str) -> None:
    """Ask how far it has come. That there is none lets it be issued anew, and nothing else does."""
    provider = popbill.of(settings())
    if provider is None:
        return
    found = provider.find(key)
    if isinstance(found, Standing):
        _stands(paper_id, found)
    elif isinstance(found, NotThere):
        _end(paper_id, "retry_unissued")


def _stands(paper_id: int, found: Standing) -> None:
    if found.progress in _THERE:
        _issued(paper_id, found.approval_number, found.issued_at or fresh())
    with write() as session:
        paper = _locked(session, paper_id)
        paper.asked_at, paper.state_code = fresh(), found.state_code[:10]
        if found.progress == Progress.FILING and paper.state == X.ISSUED:
            TAX_INVOICE.move(session, paper, "file", by=BY)
        elif found.progress == Progress.FILED and paper.state in {X.ISSUED, X.FILING}:
            _filed(session, paper, found)
        elif found.progress == Progress.FAILED and paper.state in {X.ISSUED, X.FILING}:
            code, said = found.failure_code[:60], found.failure_message[:300]
            TAX_INVOICE.move(session, paper, "refuse", by=BY, failure_code=code, failure_message=said)
            advice = "까닭을 없앤 뒤 다시 발행을 누르면 같은 세금계산서를 다시 전송합니다."
            ask_staff(session, paper, f"국세청이 받지 않았습니다: {said}({code}) {advice}")
        elif found.progress == Progress.CANCELLED and paper.state == X.ISSUED:
            TAX_INVOICE.move(session, paper, "cancel", by=BY)
            settle(session, paper, BY)


def _filed(session: Session, paper: TaxInvoice, found: Standing) -> None:
    TAX_INVOICE.move(
        session,
        paper,
        "accept",
        by=BY,
        filed_at=found.filed_at or fresh(),
        approval_number=found.approval_number,
        failure_code="",
        failure_message="",
    )
    settle(session, paper, BY)
    publish(session, "tax_invoice.filed", paper.id)
    take_back_if_void(session, paper.invoice_id)


def _issued(paper_id: int, approval_number: str, at: datetime) -> None:
    with write() as session:
        paper = _locked(session, paper_id)
        if paper.state not in {X.REQUESTED, X.UNKNOWN}:
            return
        TAX_INVOICE.move(
            session,
            paper,
            "issue",
            by=BY,
            approval_number=approval_number or paper.approval_number,
            issued_at=at,
            file_by=rules.file_by(at.astimezone(SEOUL).date()),
            failure_code="",
            failure_message="",
        )
        put_off(paper)
        settle(session, paper, BY)
        service_answers(session)


def _rejected(paper_id: int, no: Rejected) -> None:
    with write() as session:
        paper = _locked(session, paper_id)
        if TAX_INVOICE.allows(paper.state, "reject"):
            code, said = no.code[:60], no.message[:300]
            TAX_INVOICE.move(session, paper, "reject", by=BY, failure_code=code, failure_message=said)
            advice = "고객사의 청구 정보를 고친 뒤 다시 발행해 주십시오."
            ask_staff(session, paper, f"발행 대행사가 받지 않았습니다: {said}({code}) {advice}")


def _hold(paper_id: int, reason: str) -> None:
    with write() as session:
        paper = _locked(session, paper_id)
        if paper.state == X.WAITING:
            TAX_INVOICE.move(session, paper, "hold", by=BY, failure_message=reason[:300])
            ask_staff(session, paper, reason)


def _end(paper_id: int, verb: str) -> None:
    with write() as session:
        paper = _locked(session, paper_id)
        if TAX_INVOICE.allows(paper.state, verb):
            TAX_INVOICE.move(session, paper, verb, by=BY)
            if paper.state == X.CANCELLED:
                settle(session, paper, BY)
            elif paper.state == X.WAITING:
                paper.look_at = fresh()


def _locked(session: Session, paper_id: int) -> TaxInvoice:
    return session.get_one(TaxInvoice, paper_id, with_for_update=True, populate_existing=True)
