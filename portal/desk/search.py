"""Search everywhere: one word, and what of everything that the caller may see bears it. Reads only.

Each group asks as its own page does, so that search shows nothing that the caller could not have found by looking.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import url_for
from sqlalchemy import ColumnElement, or_, select

from portal.billing import listing as bills
from portal.billing.models import INVOICE, NUMBERED, Invoice
from portal.core import gate, korea
from portal.core.db import db
from portal.core.gate import Caller
from portal.core.money import won
from portal.core.states import Look
from portal.drawings import listing as drawings
from portal.drawings.models import drawing_machine
from portal.drawings.rules import LOOKS
from portal.quality.change_models import REQUEST, ChangeRequest
from portal.tenants.models import TENANT, Tenant
from portal.tenants.rules import RIGHTS, Right
from portal.trials import review
from portal.trials.models import APPLICATION

#: Lines of a group; its own page shows the rest.
MOST = 8
LONGEST = 60
#: Staff who see companies.
COMPANIES = frozenset({"reviewer", "billing", "support", "admin"})


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found: its name, its page, and a line that tells it from its like."""

    name: str
    url: str
    detail: str = ""
    look: Look | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Things of one kind; `total` may be more than are shown, all of them at `more_url`."""

    name: str
    icon: str
    total: int
    more_url: str
    hits: list[Hit] = field(default_factory=list)


def words_of(typed: str) -> str:
    """What is looked for: one line, no double blanks, no NUL (which a database refuses), not endless."""
    return " ".join(typed.replace("\0", " ").split())[:LONGEST]


def of_member(who: Caller, words: str) -> list[Group]:
    """Drawings with the texts in them, invoices and change requests of the caller's own company."""
    groups = []
    if who.role in LOOKS:
        groups.append(_drawings(who, words))
        groups.append(_own_requests(who, words))
    if who.role in RIGHTS[Right.BILLING]:
        groups.append(_own_invoices(who, words))
    return [group for group in groups if group.total]


def of_staff(words: str) -> list[Group]:
    """Companies, applications, invoices and change requests of all companies, each for those whom its own page lets in."""
    places = {
        "desk_staff.companies": _companies,
        "trials_staff.applications": _applications,
        "billing_staff.invoices": _invoices,
        "requests_staff.requests": _requests,
    }
    groups = [look(words) for endpoint, look in places.items() if gate.may_open(endpoint)]
    return [group for group in groups if group.total]


def company_matches(text: str) -> ColumnElement[bool]:
    """Companies by name, key, or the digits of their business number."""
    conditions = [Tenant.name.contains(text, autoescape=True), Tenant.key == text]
    if digits := _digits(text):
        conditions.append(Tenant.business_number.contains(digits))
    return or_(*conditions)


def _drawings(who: Caller, words: str) -> Group:
    found = drawings.listing(who, drawings.Asked(words=words))
    hits = [
        Hit(
            f"{row.number} {row.title}".strip(),
            url_for("drawings.drawing", drawing_id=row.id),
            found.found.get(row.id) or (row.newest.file_name if row.newest else ""),
            drawing_machine.look(row.state),
        )
        for row in found.page.items[:MOST]
    ]
    return Group("도면", "drawing", found.page.total or 0, url_for("drawings.drawings", q=words), hits)


def _own_invoices(who: Caller, words: str) -> Group:
    mine = (Invoice.tenant_id == who.tenant_id, Invoice.state.in_(NUMBERED))
    query = select(Invoice).where(*mine, Invoice.number.contains(words, autoescape=True)).order_by(Invoice.id.desc())
    rows = list(db.session.scalars(query))
    hits = [_invoice(row, url_for("billing.invoice", invoice_id=row.id), "") for row in rows[:MOST]]
    return Group("청구서", "invoice", len(rows), url_for("billing.invoices"), hits)


def _own_requests(who: Caller, words: str) -> Group:
    mine = ChangeRequest.tenant_id == who.tenant_id
    rows = _change_requests(words, mine)
    hits = [
        Hit(row.title, url_for("change_requests.change_request", request_id=row.id), "", REQUEST.look(row.state))
        for row in rows[:MOST]
    ]
    return Group("수정요청", "request", len(rows), url_for("change_requests.requests"), hits)


def _companies(words: str) -> Group:
    rows = list(db.session.scalars(select(Tenant).where(company_matches(words)).order_by(Tenant.id.desc())))
    hits = [
        Hit(
            row.name,
            url_for("desk_staff.tenant", tenant_id=row.id),
            korea.business_number_words(row.business_number),
            TENANT.look(row.state),
        )
        for row in rows[:MOST]
    ]
    return Group("고객사", "company", len(rows), url_for("desk_staff.companies", q=words), hits)


def _applications(words: str) -> Group:
    rows = review.find(words)
    hits = [
        Hit(
            row.company,
            url_for("trials_staff.application", application_id=row.id),
            f"{row.applicant} · {row.email}",
            APPLICATION.look(row.state),
        )
        for row in rows[:MOST]
    ]
    return Group("신청", "application", len(rows), url_for("trials_staff.applications", q=words), hits)


def _invoices(words: str) -> Group:
    found = bills.invoices("", words, "-number", 1)
    hits = [
        _invoice(row, url_for("billing_staff.invoice", invoice_id=row.id), row.tenant.name)
        for row in found.items[:MOST]
    ]
    return Group("청구서", "invoice", found.total or 0, url_for("billing_staff.invoices", q=words), hits)


def _requests(words: str) -> Group:
    rows = _change_requests(words)
    hits = [
        Hit(
            row.title,
            url_for("requests_staff.change_request", request_id=row.id),
            row.tenant.name,
            REQUEST.look(row.state),
        )
        for row in rows[:MOST]
    ]
    return Group("수정요청", "request", len(rows), url_for("requests_staff.requests"), hits)


def _change_requests(words: str, *conditions: ColumnElement[bool]) -> list[ChangeRequest]:
    said = or_(
        ChangeRequest.title.icontains(words, autoescape=True), ChangeRequest.body.icontains(words, autoescape=True)
    )
    return list(db.session.scalars(select(ChangeRequest).where(said, *conditions).order_by(ChangeRequest.id.desc())))


def _invoice(row: Invoice, url: str, company: str) -> Hit:
    detail = " · ".join(part for part in (company, won(row.total)) if part)
    return Hit(str(row.number), url, detail, INVOICE.look(row.state))


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())
