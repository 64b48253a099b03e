"""What pages of billing read: lists of invoices, statements, credit notes, what came in, names for numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_sqlalchemy.pagination import SelectPagination
from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import joinedload

from portal.accounts.models import Person
from portal.billing import ledger
from portal.billing.models import (
    NUMBERED,
    CreditNote,
    Invoice,
    InvoiceLine,
    InvoiceState,
    Plan,
    PlanVersion,
    Statement,
    Subscription,
    SubscriptionPhase,
    SubscriptionState,
)
from portal.billing.rules.explaining import Shown, people_of, shown
from portal.billing.rules.terms import Line
from portal.core.clock import today
from portal.core.db import db
from portal.core.errors import Forbidden, NotFound
from portal.core.gate import Caller
from portal.tenants import rules as tenant_rules
from portal.tenants.models import Tenant

PER_PAGE = 50
SORTS: dict[str, Any] = {
    "number": Invoice.id,
    "-number": Invoice.id.desc(),
    "total": Invoice.total,
    "-total": Invoice.total.desc(),
    "due": Invoice.due_on,
    "-due": Invoice.due_on.desc(),
}
#: What a booking on a cash account came from, by the first word of its source.
SOURCES: dict[str, str] = {
    "charge": "카드 결제",
    "transfer-allocation": "계좌 입금",
    "transfer-undo": "입금 되돌림",
    "refund": "카드 환불",
}
CASH = {"cash_card": "카드", "cash_bank": "계좌"}


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that came in on an invoice, or went back (less than nothing)."""

    on: date
    word: str
    won: int


# ----- words for numbers ---------------------------------------------------------------------------------------------


def in_words(lines: Iterable[Line]) -> list[Shown]:
    """Lines with the sentences behind their amounts; plans and people by their names."""
    lines = list(lines)
    return shown(lines, plan_names(), people(people_of(lines)))


def plan_names() -> dict[str, str]:
    """Plan key -> its name."""
    return {key: name for key, name in db.session.execute(select(Plan.key, Plan.name))}  # noqa: C416 - rows are not pairs to mypy


def people(named: Iterable[str]) -> dict[str, str]:
    """The names of those who are called "person:7"."""
    ids = [int(number) for kind, _, number in (who.partition(":") for who in named) if kind == "person"]
    if not ids:
        return {}
    rows = db.session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    return {f"person:{person_id}": name for person_id, name in rows}


def line_from(kept: dict[str, Any]) -> Line:
    """A line of a statement's document as the rules know it."""
    dates = {name: date.fromisoformat(kept[name]) for name in ("period_from", "period_to")}
    return Line(**{**kept, **dates})


# ----- one company's -------------------------------------------------------------------------------------------------


def statement_for(who: Caller, statement_id: int) -> Statement:
    """The caller's own statement; NotFound when it is foreign or absent."""
    if not tenant_rules.may(who.role, tenant_rules.Right.BILLING):
        raise Forbidden
    row = db.session.scalar(select(Statement).where(Statement.id == statement_id, Statement.tenant_id == who.tenant_id))
    if row is None:
        raise NotFound
    return row


def credit_note_for(who: Caller, note_id: int) -> CreditNote:
    """The caller's own credit note; NotFound when it is foreign or absent."""
    if not tenant_rules.may(who.role, tenant_rules.Right.BILLING):
        raise Forbidden
    query = select(CreditNote).options(joinedload(CreditNote.invoice))
    row = db.session.scalar(query.where(CreditNote.id == note_id, CreditNote.tenant_id == who.tenant_id))
    if row is None:
        raise NotFound
    return row


def invoices_of(statement_id: int) -> list[Invoice]:
    """The numbered invoices that were made from a statement."""
    query = select(Invoice).where(Invoice.statement_id == statement_id, Invoice.state.in_(NUMBERED))
    return list(db.session.scalars(query.order_by(Invoice.id)))


def billed_in(tenant_id: int, first_day: date) -> int:
    """What a company's invoices of the month that begins then come to, in won, VAT included."""
    query = select(func.sum(Invoice.total)).where(
        Invoice.tenant_id == tenant_id,
        Invoice.period_from == first_day,
        Invoice.state.in_([state for state in NUMBERED if state != InvoiceState.VOID]),
    )
    return int(db.session.scalar(query) or 0)


def receipts(invoice_id: int) -> list[Receipt]:
    """What came in on an invoice and what went back, in order."""
    return [
        Receipt(entry.on, SOURCES.get(entry.source.partition(":")[0], CASH[entry.account]), entry.won)
        for entry in ledger.entries(invoice_id)
        if entry.account in CASH
    ]


# ----- all companies' ------------------------------------------------------------------------------------------------


def numbered_invoice(invoice_id: int) -> Invoice:
    """Any company's numbered invoice with its lines, for staff."""
    query = select(Invoice).options(joinedload(Invoice.lines), joinedload(Invoice.tenant))
    found = db.session.scalars(query.where(Invoice.id == invoice_id, Invoice.state.in_(NUMBERED))).unique().first()
    if found is None:
        raise NotFound
    return found


def credit_note_with(note_id: int) -> CreditNote:
    """Any company's credit note, for staff."""
    row = db.session.get(CreditNote, note_id)
    if row is None:
        raise NotFound
    return row


def statement_with(statement_id: int) -> Statement:
    """Any company's statement, for staff."""
    row = db.session.get(Statement, statement_id)
    if row is None:
        raise NotFound
    return row


def invoices(state: str, text: str, sort: str, number: int) -> SelectPagination:
    """A page of all companies' numbered invoices."""
    return SelectPagination(
        select=_invoices(state, text, sort), session=db.session, page=number, per_page=PER_PAGE, error_out=False
    )


def all_invoices(state: str, text: str, sort: str) -> Sequence[Invoice]:
    """The same without pages, for files."""
    return db.session.scalars(_invoices(state, text, sort)).unique().all()


def sums(state: str, text: str) -> tuple[int, int, int, int]:
    """Supply, VAT, total, and what is open of those that wait, over the whole list."""
    chosen = _invoices(state, text, "").order_by(None).with_only_columns(Invoice.id)
    waits = Invoice.state.in_((InvoiceState.FINALISED, InvoiceState.OVERDUE))
    owed = func.sum(Invoice.total - Invoice.paid).filter(waits)
    row = db.session.execute(
        select(func.sum(Invoice.supply), func.sum(Invoice.vat), func.sum(Invoice.total), owed).where(
            Invoice.id.in_(chosen)
        )
    ).one()
    return tuple(int(value or 0) for value in row)  # type: ignore[return-value]  # four columns are asked for


def counts() -> dict[str, int]:
    """How many numbered invoices there are of each state."""
    rows = db.session.execute(
        select(Invoice.state, func.count()).where(Invoice.state.in_(NUMBERED)).group_by(Invoice.state)
    )
    return {str(state): count for state, count in rows}


def versions(plan_key: str) -> list[PlanVersion]:
    """All versions of a plan, the newest first."""
    query = select(PlanVersion).join(Plan).options(joinedload(PlanVersion.plan)).where(Plan.key == plan_key)
    return list(db.session.scalars(query.order_by(PlanVersion.number.desc())))


def all_plans() -> list[Plan]:
    """Every plan in the order of the price list, the trial among them."""
    return list(db.session.scalars(select(Plan).order_by(Plan.position, Plan.id)))


def users(version_ids: Sequence[int]) -> dict[int, int]:
    """Plan version -> how many companies' agreements hold it today."""
    day = today()
    live = Subscription.state != SubscriptionState.ENDED
    newest = (
        select(SubscriptionPhase.subscription_id, func.max(SubscriptionPhase.from_on).label("day"))
        .join(Subscription, Subscription.id == SubscriptionPhase.subscription_id)
        .where(live, SubscriptionPhase.from_on <= day)
        .group_by(SubscriptionPhase.subscription_id)
        .subquery()
    )
    holds = (SubscriptionPhase.subscription_id == newest.c.subscription_id, SubscriptionPhase.from_on == newest.c.day)
    query = select(SubscriptionPhase.plan_version_id, func.count()).join(newest, and_(*holds))
    rows = db.session.execute(
        query.where(SubscriptionPhase.plan_version_id.in_(version_ids)).group_by(SubscriptionPhase.plan_version_id)
    )
    return {version_id: count for version_id, count in rows}  # noqa: C416 - rows are not pairs to mypy


def lines_of(note: CreditNote) -> list[tuple[str, int]]:
    """(name, won taken back) of a credit note, in the order of its invoice."""
    lines = db.session.scalars(select(InvoiceLine).where(InvoiceLine.invoice_id == note.invoice_id))
    known = {line.line_key: (line.position, line.name) for line in lines}
    taken = [(*known[line["line_key"]], -int(line["won"])) for line in note.lines]
    return [(name, won) for _position, name, won in sorted(taken)]


def _invoices(state: str, text: str, sort: str) -> Select[Any]:
    query = select(Invoice).join(Tenant).options(joinedload(Invoice.tenant)).where(Invoice.state.in_(NUMBERED))
    if state in NUMBERED:
        query = query.where(Invoice.state == state)
    if text:
        digits = "".join(letter for letter in text if letter.isdigit())
        found = [Tenant.name.contains(text, autoescape=True), Invoice.number.contains(text, autoescape=True)]
        if digits:
            found.append(Tenant.business_number.contains(digits))
        query = query.where(or_(*found))
    return query.order_by(SORTS.get(sort, SORTS["-number"]), Invoice.id.desc())
