"""What the clock and the inbox know of tax invoices: who is looked at when, and what staff are asked for."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.core.clock import now, today
from portal.core.db import db, write
from portal.core.korea import particle
from portal.core.outbox import later
from portal.taxinvoices import rules
from portal.taxinvoices.models import TaxInvoice, TaxInvoiceState
from portal.work import service as work

X = TaxInvoiceState
ITEM = "tax_invoice"
JOB = "taxinvoices.move_on"
BY = "taxinvoices"
SERVICE = "tax_invoice:service"
#: States in which a worker has something to do; in the hurried ones it waits for the issuing service only.
HURRIED = (X.WAITING, X.REQUESTED, X.UNKNOWN)
MOVING = (*HURRIED, X.ISSUED, X.FILING)
#: Holidays make ten days of three business days.
LONGEST_WARNING = timedelta(days=14)


def sweep() -> int:
    """Nudge whatever is due; for the schedule. Returns how many."""
    moment = now()
    due = (
        TaxInvoice.state.in_(MOVING),
        or_(TaxInvoice.lease_until.is_(None), TaxInvoice.lease_until < moment),
        or_(TaxInvoice.look_at.is_(None), TaxInvoice.look_at <= moment),
    )
    query = select(TaxInvoice).where(*due).order_by(TaxInvoice.look_at)
    if db.session.scalars(query.limit(1)).first() is None:
        return 0
    with write() as session:
        rows = session.scalars(query.limit(500)).all()
        for paper in rows:
            put_off(paper)
            later(session, JOB, paper.id)
        return len(rows)


def put_off(paper: TaxInvoice) -> None:
    """Set when it is looked at again: the longer it has waited, the later. Inside write()."""
    moment = now()
    hurried = paper.state in HURRIED
    since = paper.created_at if hurried else (paper.issued_at or paper.created_at)
    paper.look_at = moment + rules.pause(moment - since, hurried=hurried)


def watch_deadlines() -> int:
    """Ask for attention to what is not issued shortly before, or after, its last lawful day; for the schedule."""
    day = today()
    query = select(TaxInvoice).where(
        TaxInvoice.state.in_((*HURRIED, X.HELD, X.REJECTED)),
        TaxInvoice.issued_at.is_(None),
        TaxInvoice.issue_by <= day + LONGEST_WARNING,
    )
    late = [paper for paper in db.session.scalars(query) if day >= rules.warn_on(paper.issue_by)]
    if not late:
        return 0
    with write() as session:
        for found in late:
            paper = session.get_one(TaxInvoice, found.id, with_for_update=True, populate_existing=True)
            if paper.issued_at is not None:
                continue  # by a worker, meanwhile
            why = f"{paper.failure_message} " if paper.failure_message else ""
            body = f"{why}발행 기한은 {paper.issue_by:%Y.%m.%d}입니다."
            cost = cost_of_lateness(paper, day)
            if cost:
                body += f" 지금 발행하면 가산세가 {cost:,}원입니다."
            ask_staff(session, paper, body)
    return len(late)


def cost_of_lateness(paper: TaxInvoice, day: date) -> int:
    """The penalty in won if it were issued on `day`; nothing once it is issued, or when it bears its original's day."""
    if paper.issued_at is not None:
        return 0
    if paper.modify_code is not None and rules.AMENDMENTS[paper.modify_code].original_date:
        return 0
    return rules.penalty(paper.write_date, day, paper.supply)


def ask_staff(session: Session, paper: TaxInvoice, body: str) -> None:
    """A line in the inbox of the billing staff, inside write()."""
    work.open_item(
        session,
        kind=ITEM,
        subject=_subject(paper),
        title=f"세금계산서 {paper.invoice.number}{particle(paper.invoice.number or '', '을/를')} 확인해 주십시오",
        body=body,
        url=f"/staff/tax-invoices/{paper.id}",
        tenant_id=paper.tenant_id,
        roles=("billing",),
    )


def settle(session: Session, paper: TaxInvoice, by: str) -> None:
    """What staff were asked about it is done, inside write()."""
    work.close_item(session, kind=ITEM, subject=_subject(paper), by=by)


def ask_about_service(session: Session, said: str) -> None:
    """One line for all papers when the issuing service refuses us and not the paper, inside write()."""
    work.open_item(
        session,
        kind=ITEM,
        subject=SERVICE,
        title="세금계산서 발행 대행사가 우리 회사의 요청을 받지 않습니다",
        body=f"{said} 인증 정보, 계약, 포인트를 확인해 주십시오. 고치면 기다리던 세금계산서를 저절로 발행합니다.",
        url="/staff/tax-invoices?show=moving",
        roles=("billing",),
    )


def service_answers(session: Session) -> None:
    """The issuing service takes our papers again, inside write()."""
    work.close_item(session, kind=ITEM, subject=SERVICE, by=BY)


def _subject(paper: TaxInvoice) -> str:
    return f"tax_invoice:{paper.id}"
