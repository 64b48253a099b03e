"""Issue a tax invoice once, and follow it until the tax office has taken it.

The row and its management key come first; no answer makes it `unknown`, which asking by that key resolves. Even a refusal is
asked after, because an issuing service may refuse the repetition of what it has done.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from portal.billing import service as billing
from portal.billing.models import Evidence, Invoice, InvoiceState
from portal.core.clock import SEOUL, fresh, now, today
from portal.core.db import db, write
from portal.core.outbox import later, once, publish
from portal.core.settings import settings
from portal.taxinvoices import rules
from portal.taxinvoices.models import TAX_INVOICE, TaxInvoice, TaxInvoiceState
from portal.taxinvoices.providers import (
    Done,
    Issued,
    Line,
    NotThere,
    Paper,
    Party,
    Progress,
    Rejected,
    Standing,
    popbill,
)
from portal.tenants.databases import installation
from portal.trials import business_status
from portal.work import service as work

X = TaxInvoiceState
ITEM = "tax_invoice"
JOB = "taxinvoices.move_on"
LEASE = timedelta(seconds=90)
#: How long after a step the next one is nudged: waiting and unknown ones soon, issued ones as the tax office works.
SOON, FOLLOW = timedelta(seconds=20), timedelta(minutes=10)
BY = "taxinvoices"
#: States in which a worker has something to do.
MOVING = (X.WAITING, X.REQUESTED, X.UNKNOWN, X.ISSUED, X.FILING)


def heard_finalised(event_id: str, invoice_id: int) -> None:
    """A numbered invoice is to be proved by a tax invoice, unless the company takes the card slip as its proof."""
    with write() as session:
        if not once(session, event_id, "taxinvoices.invoice_finalised"):
            return
        invoice = session.get_one(Invoice, invoice_id)
        profile = billing.profile_of(invoice.tenant_id)
        if profile is not None and profile.evidence == Evidence.TAX_INVOICE_FIRST:
            _new(session, invoice)


def heard_voided(event_id: str, invoice_id: int) -> None:
    """A cancelled invoice takes its tax invoice back: before filing by cancelling it, afterwards by an amendment."""
    with write() as session:
        if not once(session, event_id, "taxinvoices.invoice_voided"):
            return
        for paper in papers_of(invoice_id):
            if paper.state == X.FILED:
                _amend_if_void(session, paper)
            elif paper.state in {X.HELD, X.REJECTED}:
                TAX_INVOICE.move(session, paper, "cancel_unissued", by=BY)
            else:
                later(session, JOB, paper.id)


def papers_of(invoice_id: int) -> list[TaxInvoice]:
    """All tax invoices of an invoice, the first first."""
    query = select(TaxInvoice).where(TaxInvoice.invoice_id == invoice_id).order_by(TaxInvoice.position)
    return list(db.session.scalars(query))


def move_on(paper_id: int) -> None:
    """Take a tax invoice as far as it goes now. May run twice and at once."""
    with write() as session:
        paper = _claimed(session, paper_id)
        if paper is None:
            return
        invoice = session.get_one(Invoice, paper.invoice_id)
        state, key, document = paper.state, paper.management_key, paper.document
        gone = invoice.state == InvoiceState.VOID and paper.original_id is None
    if state == X.WAITING and gone:
        _end(paper_id, "cancel_unissued")
    elif state == X.WAITING:
        _issue(paper_id)
    elif gone and state == X.ISSUED:
        _take_back(paper_id, key)
    else:
        _hear(paper_id, key, document)
    _release(paper_id)


def sweep() -> int:
    """Nudge whatever is due; for the schedule. Returns how many."""
    moment = now()
    free = or_(TaxInvoice.lease_until.is_(None), TaxInvoice.lease_until < moment)
    quick = TaxInvoice.state.in_((X.WAITING, X.REQUESTED, X.UNKNOWN)) & _nudged_before(moment - SOON)
    slow = TaxInvoice.state.in_((X.ISSUED, X.FILING)) & _nudged_before(moment - FOLLOW)
    query = select(TaxInvoice).where(free, or_(quick, slow))
    if db.session.scalars(query.limit(1)).first() is None:
        return 0
    with write() as session:
        rows = session.scalars(query.limit(500)).all()
        for paper in rows:
            paper.nudged_at = moment
            later(session, JOB, paper.id)
        return len(rows)


def watch_deadlines() -> int:
    """Ask for attention to what is not issued shortly before, or after, its last lawful day; for the schedule."""
    day = today()
    query = select(TaxInvoice).where(
        TaxInvoice.state.in_((X.WAITING, X.REQUESTED, X.UNKNOWN, X.HELD, X.REJECTED)),
        TaxInvoice.issue_by <= day + timedelta(days=10),
    )
    late = [paper for paper in db.session.scalars(query) if day >= rules.warn_on(paper.write_date)]
    if not late:
        return 0
    with write() as session:
        for paper in late:
            cost = rules.penalty(paper.write_date, day, paper.supply)
            body = f"발행 기한은 {paper.issue_by:%Y.%m.%d}입니다."
            if cost:
                body += f" 지금 발행하면 가산세가 {cost:,}원입니다."
            ask_staff(session, paper, body)
    return len(late)


def new_amendment(session: Session, original: TaxInvoice, code: int, supply: int, vat: int) -> TaxInvoice:
    """The paper that amends `original`, inside write(): `supply` and `vat` as they stand on it, negative to take back."""
    amendment = rules.AMENDMENTS[code]
    written = rules.amended_date(amendment, original.write_date, today())
    invoice = session.get_one(Invoice, original.invoice_id)
    return _paper(session, invoice, written, supply, vat, original=original, code=code)


def ask_staff(session: Session, paper: TaxInvoice, body: str) -> None:
    """A line in the inbox of the billing staff, inside write()."""
    work.open_item(
        session,
        kind=ITEM,
        subject=f"tax_invoice:{paper.id}",
        title=f"세금계산서 {paper.invoice.number}을(를) 확인해 주십시오",
        body=body,
        url=f"/staff/tax-invoices/{paper.id}",
        tenant_id=paper.tenant_id,
        roles=("billing",),
    )


# ----- rows ----------------------------------------------------------------------------------------------------------


def _new(session: Session, invoice: Invoice) -> TaxInvoice | None:
    known = select(TaxInvoice.id).where(TaxInvoice.invoice_id == invoice.id).limit(1)
    if session.scalar(known) is not None:
        return None
    return _paper(session, invoice, rules.write_date(invoice.period_to), invoice.supply, invoice.vat)


def _paper(  # noqa: PLR0913 - what a tax invoice is made of
    session: Session,
    invoice: Invoice,
    written: Any,  # noqa: ANN401 - a date
    supply: int,
    vat: int,
    *,
    original: TaxInvoice | None = None,
    code: int | None = None,
) -> TaxInvoice:
    query = select(func.max(TaxInvoice.position)).where(TaxInvoice.invoice_id == invoice.id)
    position = (session.scalar(query) or 0) + 1
    paper = TaxInvoice(
        tenant_id=invoice.tenant_id,
        invoice_id=invoice.id,
        position=position,
        original_id=original.id if original is not None else None,
        modify_code=code,
        management_key=rules.management_key(installation(), invoice.number or str(invoice.id), position),
        state=X.WAITING,
        purpose="영수" if invoice.state == InvoiceState.PAID and original is None else "청구",
        write_date=written,
        issue_by=rules.issue_by(written),
        supply=supply,
        vat=vat,
        total=supply + vat,
        document={},
        created_at=now(),
        nudged_at=now(),
    )
    session.add(paper)
    session.flush()
    later(session, JOB, paper.id)
    return paper


def _claimed(session: Session, paper_id: int) -> TaxInvoice | None:
    paper = session.get(TaxInvoice, paper_id, with_for_update=True, populate_existing=True)
    moment = fresh()
    leased = paper is not None and paper.lease_until is not None and paper.lease_until > moment
    if paper is None or leased or paper.state not in MOVING:
        return None
    if paper.state == X.REQUESTED:
        # Whoever asked is gone: from here on it is asked for, not issued.
        TAX_INVOICE.move(session, paper, "lose", by=BY)
    paper.lease_until, paper.nudged_at = moment + LEASE, moment
    session.flush()
    return paper


def _release(paper_id: int) -> None:
    with write() as session:
        session.get_one(TaxInvoice, paper_id, with_for_update=True, populate_existing=True).lease_until = None


# ----- issuing -------------------------------------------------------------------------------------------------------


def _issue(paper_id: int) -> None:
    provider = popbill.of(settings())
    paper = db.session.get_one(TaxInvoice, paper_id)
    if provider is None:
        _hold(paper_id, "발행 대행사가 설정되어 있지 않습니다. POPBILL_로 시작하는 설정을 적어 주십시오.")
        return
    number = str(paper.invoice.parties["customer"]["business_number"])
    status = business_status.ask(number)
    if status.status == business_status.Standing.CLOSED:
        _hold(paper_id, f"공급받는 회사가 폐업했습니다({status.note}). 고객에게 확인해 주십시오.")
        return
    document = provider.document(_written(paper))
    with write() as session:
        row = session.get_one(TaxInvoice, paper_id, with_for_update=True, populate_existing=True)
        if row.state != X.WAITING:
            return
        TAX_INVOICE.move(session, row, "request", by=BY, document=document, requested_at=fresh())
    answer = provider.issue(document)
    if isinstance(answer, Issued):
        _issued(paper_id, answer.approval_number)
        return
    found = provider.find(paper.management_key) if isinstance(answer, Rejected) else answer
    if isinstance(found, Standing):
        _stands(paper_id, found)
    elif isinstance(answer, Rejected) and isinstance(found, NotThere):
        _rejected(paper_id, answer)
    else:
        _end(paper_id, "lose")


def _written(paper: TaxInvoice) -> Paper:
    parties, invoice = paper.invoice.parties, paper.invoice
    supplier, customer = parties["supplier"], parties["customer"]
    original = paper.original
    name = f"도면실 이용료 {invoice.period_from:%Y년 %-m월}분"
    return Paper(
        management_key=paper.management_key,
        write_date=paper.write_date,
        purpose=paper.purpose,
        supplier=_party(supplier, supplier["email"]),
        customer=_party(customer, (customer["emails"] or [""])[0], customer["contact_name"]),
        # One line: tax is cut for each line, and the sum of cut taxes is not the tax of the sum.
        lines=(Line(paper.write_date, name, paper.supply, paper.vat, remark=f"청구서 {invoice.number}"),),
        remark=f"당초 작성일자 {original.write_date:%Y-%m-%d}" if original is not None else "",
        modify_code=paper.modify_code,
        original_approval_number=(original.approval_number or "") if original is not None else "",
        late=today() > paper.issue_by,
    )


def _party(values: dict[str, Any], email: str, contact: str = "") -> Party:
    return Party(
        business_number=values["business_number"],
        name=values["name"],
        ceo=values["ceo"],
        address=values["address"],
        business_type=values["business_type"],
        business_class=values["business_class"],
        contact=contact,
        email=email,
        phone=values["phone"],
    )


# ----- what is heard -------------------------------------------------------------------------------------------------


def _hear(paper_id: int, key: str, document: dict[str, Any]) -> None:
    """Ask how far it has come."""
    provider = popbill.of(settings())
    if provider is None:
        return
    found = provider.find(key)
    if isinstance(found, Standing):
        _stands(paper_id, found)
    elif isinstance(found, NotThere) and document:
        _end(paper_id, "retry_unissued")


def _stands(paper_id: int, found: Standing) -> None:
    if found.progress in {Progress.ISSUED, Progress.FILING, Progress.FILED, Progress.FAILED}:
        _issued(paper_id, found.approval_number)
    with write() as session:
        paper = _locked(session, paper_id)
        paper.asked_at, paper.state_code = fresh(), found.state_code[:10]
        if found.progress == Progress.FILING and paper.state == X.ISSUED:
            TAX_INVOICE.move(session, paper, "file", by=BY)
        elif found.progress == Progress.FILED and paper.state in {X.ISSUED, X.FILING}:
            filed = found.filed_at or fresh()
            TAX_INVOICE.move(session, paper, "accept", by=BY, filed_at=filed, failure_code="", failure_message="")
            work.close_item(session, kind=ITEM, subject=f"tax_invoice:{paper.id}", by=BY)
            publish(session, "tax_invoice.filed", paper.id)
            _amend_if_void(session, paper)
        elif found.progress == Progress.FAILED and paper.state in {X.ISSUED, X.FILING}:
            TAX_INVOICE.move(
                session, paper, "refuse", by=BY, failure_code=found.failure_code[:60],
                failure_message=found.failure_message[:300],
            )  # fmt: skip
            ask_staff(session, paper, f"국세청이 받지 않았습니다: {found.failure_code} {found.failure_message}")
        elif found.progress == Progress.CANCELLED and paper.state == X.ISSUED:
            TAX_INVOICE.move(session, paper, "cancel", by=BY)


def _issued(paper_id: int, approval_number: str) -> None:
    with write() as session:
        paper = _locked(session, paper_id)
        if paper.state in {X.REQUESTED, X.UNKNOWN}:
            moment = fresh()
            TAX_INVOICE.move(
                session,
                paper,
                "issue",
                by=BY,
                approval_number=approval_number or paper.approval_number,
                issued_at=moment,
                file_by=rules.file_by(moment.astimezone(SEOUL).date()),
                failure_code="",
                failure_message="",
            )
            work.close_item(session, kind=ITEM, subject=f"tax_invoice:{paper.id}", by=BY)


def _rejected(paper_id: int, no: Rejected) -> None:
    with write() as session:
        paper = _locked(session, paper_id)
        TAX_INVOICE.move(session, paper, "reject", by=BY, failure_code=no.code[:60], failure_message=no.message[:300])
        ask_staff(session, paper, f"발행 대행사가 받지 않았습니다: {no.message} 고친 뒤 다시 발행해 주십시오.")


def _take_back(paper_id: int, key: str) -> None:
    """The invoice was cancelled before its tax invoice was filed: it is cancelled there, or amended when that is too late."""
    provider = popbill.of(settings())
    if provider is None:
        return
    answer = provider.cancel_issue(key, "청구서를 취소했습니다.")
    if isinstance(answer, Done):
        _end(paper_id, "cancel")
    else:
        _hear(paper_id, key, {})


def _amend_if_void(session: Session, paper: TaxInvoice) -> None:
    """What is filed can only be amended: a cancelled invoice's paper gets its opposite, once."""
    invoice = session.get_one(Invoice, paper.invoice_id)
    amended = select(TaxInvoice.id).where(TaxInvoice.original_id == paper.id).limit(1)
    if invoice.state == InvoiceState.VOID and paper.original_id is None and session.scalar(amended) is None:
        new_amendment(session, paper, rules.CANCELLED, -paper.supply, -paper.vat)


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


def _nudged_before(moment: Any) -> Any:  # noqa: ANN401 - an instant in, a condition out
    return or_(TaxInvoice.nudged_at.is_(None), TaxInvoice.nudged_at < moment)


def _locked(session: Session, paper_id: int) -> TaxInvoice:
    return session.get_one(TaxInvoice, paper_id, with_for_update=True, populate_existing=True)
