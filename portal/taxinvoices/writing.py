"""What tax invoices there are, and what each says: the first one of an invoice, and those that amend it.

Rows are made here inside the caller's write() with the nudge that sends a worker; what is put on paper is read from them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.billing import service as billing
from portal.billing.models import CreditNote, Evidence, Invoice, InvoiceState
from portal.core import audit
from portal.core.clock import now, today
from portal.core.db import db, write
from portal.core.errors import Refusal
from portal.core.outbox import later, once
from portal.core.settings import settings
from portal.taxinvoices import rules
from portal.taxinvoices.models import TAX_INVOICE, TaxInvoice, TaxInvoiceState
from portal.taxinvoices.providers import Line, Paper, Party
from portal.taxinvoices.watching import BY, JOB, ask_staff, settle
from portal.tenants.databases import installation

X = TaxInvoiceState
#: Nothing more comes of them by itself, or only by a person's doing.
STOPPED = frozenset({X.HELD, X.REJECTED})


def heard_finalised(event_id: str, invoice_id: int) -> None:
    """A numbered invoice is to be proved by a tax invoice, unless the company takes the card slip as its proof."""
    with write() as session:
        if not once(session, event_id, "taxinvoices.invoice_finalised"):
            return
        invoice = session.get_one(Invoice, invoice_id, with_for_update=True)
        profile = billing.profile_of(invoice.tenant_id)
        wanted = profile is not None and profile.evidence == Evidence.TAX_INVOICE_FIRST
        if wanted and invoice.supply and not papers_of(invoice_id):
            _first(session, invoice)


def heard_voided(event_id: str, invoice_id: int) -> None:
    """A cancelled invoice takes its tax invoice back: before filing by cancelling it, afterwards by an amendment."""
    with write() as session:
        if not once(session, event_id, "taxinvoices.invoice_voided"):
            return
        for paper in papers_of(invoice_id):
            if paper.state not in STOPPED:
                later(session, JOB, paper.id)
            elif paper.issued_at is None:
                TAX_INVOICE.move(session, paper, "cancel_unissued", by=BY)
                settle(session, paper, BY)
            else:
                ask_staff(
                    session, paper, "청구서가 취소되었습니다. 다시 전송하면 취소하는 세금계산서를 이어서 발행합니다."
                )
        take_back_if_void(session, invoice_id)


def papers_of(invoice_id: int) -> list[TaxInvoice]:
    """All tax invoices of an invoice, the first first."""
    query = select(TaxInvoice).where(TaxInvoice.invoice_id == invoice_id).order_by(TaxInvoice.position)
    return list(db.session.scalars(query))


def amend(session: Session, paper: TaxInvoice, code: int, change: int, by: str) -> list[TaxInvoice]:
    """The papers that amend `paper` for a lawful reason, inside write(). `change` is the part that changes, with its sign."""
    session.get_one(Invoice, paper.invoice_id, with_for_update=True)
    papers = [each for each in papers_of(paper.invoice_id) if each.state != X.CANCELLED]
    if code not in rules.CHOICES or paper.state != X.FILED or paper is not _standing(papers):
        raise Refusal("전송이 끝나 지금 유효한 세금계산서만 수정할 수 있습니다.", "전송이 끝난 뒤 다시 해 주십시오.")
    if any(each.state != X.FILED for each in papers):
        raise Refusal("앞서 발행한 수정세금계산서의 전송이 끝나지 않았습니다.", "전송이 끝난 뒤 다시 해 주십시오.")
    if rules.CHOICES[code].partly and change % 10:
        raise Refusal("바뀌는 공급가액을 10원 단위로 적어 주십시오.", "줄어드는 금액은 빼기(-)로 적습니다.", 422)
    supply, vat = _left(papers)
    if supply <= 0 or supply + change < 0:
        raise Refusal("남아 있는 공급가액보다 많이 줄일 수 없습니다.", f"남은 공급가액은 {supply:,}원입니다.", 422)
    amounts = (paper.supply, paper.vat) if code == rules.CORRECTION else (supply, vat)
    try:
        planned = rules.plan(code, paper.write_date, amounts, today(), change)
    except ValueError:
        raise Refusal(
            "바뀌는 공급가액을 10원 단위로 적어 주십시오.", "줄어드는 금액은 빼기(-)로 적습니다.", 422
        ) from None
    invoice = session.get_one(Invoice, paper.invoice_id)
    return [_row(session, invoice, one, original=paper, code=code, by=by) for one in planned]


def take_back_if_void(session: Session, invoice_id: int) -> None:
    """What is filed can only be amended: what still stands of a cancelled invoice's papers gets its opposite, once."""
    invoice = session.get_one(Invoice, invoice_id, with_for_update=True, populate_existing=True)
    if invoice.state != InvoiceState.VOID:
        return
    papers = [paper for paper in papers_of(invoice_id) if paper.state != X.CANCELLED]
    standing = _standing(papers)
    if standing is None or any(paper.state != X.FILED for paper in papers) or _left(papers)[0] <= 0:
        return
    reason = session.scalar(select(CreditNote.reason).where(CreditNote.invoice_id == invoice_id).limit(1)) or ""
    amend(session, standing, rules.code_of(reason), 0, BY)


def written(paper: TaxInvoice) -> Paper:
    """The whole of what is sent. An amendment names its parties as its original did, unless it is what corrects them."""
    invoice, original = paper.invoice, paper.original
    supplier, customer = _parties(paper)
    kept_day = paper.modify_code is not None and not rules.AMENDMENTS[paper.modify_code].original_date
    return Paper(
        management_key=paper.management_key,
        write_date=paper.write_date,
        purpose=paper.purpose,
        supplier=supplier,
        customer=customer,
        # One line: tax is cut for each line, and the sum of cut taxes is not the tax of the sum. Details: the statement.
        lines=(
            Line(
                paper.write_date,
                f"도면실 이용료 {invoice.period_from:%Y년 %-m월}분",
                paper.supply,
                paper.vat,
                remark=f"청구서 {invoice.number}",
            ),
        ),
        remark=f"당초 작성일자 {original.write_date:%Y-%m-%d}" if original is not None and kept_day else "",
        modify_code=paper.modify_code,
        original_approval_number=(original.approval_number or "") if original is not None else "",
        late=original is None and today() > paper.issue_by,
    )


def _first(session: Session, invoice: Invoice) -> TaxInvoice:
    day = rules.write_date(invoice.period_to)
    return _row(session, invoice, rules.Planned(rules.Sheet.FIRST, day, invoice.supply, invoice.vat))


def _row(  # noqa: PLR0913 - what a tax invoice is made of
    session: Session,
    invoice: Invoice,
    planned: rules.Planned,
    *,
    original: TaxInvoice | None = None,
    code: int | None = None,
    by: str = BY,
) -> TaxInvoice:
    query = select(func.max(TaxInvoice.position)).where(TaxInvoice.invoice_id == invoice.id)
    position = (session.scalar(query) or 0) + 1
    paid = invoice.state == InvoiceState.PAID and original is None
    paper = TaxInvoice(
        tenant_id=invoice.tenant_id,
        invoice_id=invoice.id,
        position=position,
        original_id=original.id if original is not None else None,
        modify_code=code,
        sheet=planned.sheet,
        management_key=rules.management_key(installation(), invoice.number or str(invoice.id), position),
        state=X.WAITING,
        purpose="영수" if paid else "청구",
        write_date=planned.write_date,
        # An amendment that bears its original's day is due from today, when its reason was found.
        issue_by=rules.issue_by(planned.write_date if original is None else today()),
        supply=planned.supply,
        vat=planned.vat,
        total=planned.supply + planned.vat,
        document={},
        created_at=now(),
        look_at=now() + rules.SOON,
    )
    session.add(paper)
    session.flush()
    if original is not None:
        _note(session, paper, by)
    later(session, JOB, paper.id)
    return paper


def _note(session: Session, paper: TaxInvoice, by: str) -> None:
    audit.record(
        session,
        "tax_invoice.amend",
        actor=by,
        subject=f"tax_invoice:{paper.original_id}",
        tenant_id=paper.tenant_id,
        code=paper.modify_code,
        amendment=paper.id,
    )


def _standing(papers: list[TaxInvoice]) -> TaxInvoice | None:
    """The paper that the next amendment amends: the last one that bears a whole supply."""
    whole = [paper for paper in papers if paper.sheet in rules.WHOLE]
    return whole[-1] if whole else None


def _left(papers: list[TaxInvoice]) -> tuple[int, int]:
    """Supply and tax that all papers together still say."""
    return sum(paper.supply for paper in papers), sum(paper.vat for paper in papers)


def _parties(paper: TaxInvoice) -> tuple[Party, Party]:
    """Supplier and customer as they are known now, so that a mended mistake counts; what takes back names them as sent."""
    if paper.original is not None and paper.sheet not in rules.WHOLE:
        document = paper.original.document
        return _as_sent(document["invoicer"], ""), _as_sent(document["invoicee"], "1")
    customer = dict(paper.invoice.parties["customer"])
    profile = billing.profile_of(paper.tenant_id)
    if profile is not None:
        customer |= {name: getattr(profile, name) for name in customer}
    ours = settings().supplier
    return _party(ours.as_dict(), ours.email), _party(
        customer, (customer["emails"] or [""])[0], customer["contact_name"]
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


def _as_sent(values: dict[str, Any], number: str) -> Party:
    return Party(
        business_number=values["CorpNum"],
        name=values["CorpName"],
        ceo=values["CEOName"],
        address=values["Addr"],
        business_type=values["BizType"],
        business_class=values["BizClass"],
        contact=values[f"ContactName{number}"],
        email=values[f"Email{number}"],
        phone=values[f"TEL{number}"],
    )
