"""Everything that ever happened to a company, as one stream: where support starts looking. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from flask import url_for
from sqlalchemy import or_, select

from portal.accounts import service as accounts
from portal.accounts.models import Person
from portal.billing.models import Invoice
from portal.core import audit, gate
from portal.core.audit import AuditEntry
from portal.core.db import db
from portal.core.money import won
from portal.core.states import Tone
from portal.desk.acts import WORDS
from portal.payments.models import Charge, Refund
from portal.quality.change_models import ChangeRequest
from portal.taxinvoices.models import TaxInvoice
from portal.tenants.models import Membership, StepState, Tenant
from portal.tenants.provisioning import STAGE, steps_of
from portal.trials.models import Application, ApplicationMessage
from portal.visits import service as visits

#: Lines of the stream.
MOST = 400

MODES = {"open": "열림", "read_only": "보기만", "closed": "닫힘"}
ACTORS = {
    "applicant": "신청자",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the stream, as `p.timeline` shows it."""

    at: datetime
    kind: str
    text: str
    icon: str
    tone: Tone
    who: str = ""
    detail: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """What an act was about, and its page."""

    words: str = ""
    url: str = ""


def of_company(tenant: Tenant) -> list[Event]:
    """All that is known of a company, newest first; at most MOST lines."""
    application = db.session.get(Application, tenant.application_id) if tenant.application_id else None
    people = {person.id: person for person in people_of(tenant)}
    events = [*_acts(tenant, application), *_opening(tenant), *_sign_ins(people)]
    if application is not None:
        events += [*_journey(application), *_talk(application)]
    return sorted(events, key=lambda event: event.at, reverse=True)[:MOST]


def people_of(tenant: Tenant) -> list[Person]:
    """The people of a company, by name."""
    query = select(Person).join(Membership, Membership.person_id == Person.id).where(Membership.tenant_id == tenant.id)
    return list(db.session.scalars(query.order_by(Person.name, Person.id)))


def _acts(tenant: Tenant, application: Application | None) -> list[Event]:
    mine = [AuditEntry.tenant_id == tenant.id, AuditEntry.subject == f"tenant:{tenant.id}"]
    if application is not None:
        mine.append(AuditEntry.subject == f"application:{application.id}")
    known = AuditEntry.action.in_(WORDS)
    entries = list(
        db.session.scalars(select(AuditEntry).where(or_(*mine), known).order_by(AuditEntry.id.desc()).limit(MOST))
    )
    names, personal = _names(entries), audit.personal_of(db.session(), [entry.id for entry in entries])
    papers = _papers(entries)
    events = []
    for entry in entries:
        kind, words, icon, tone = WORDS[entry.action]
        who = names.get(entry.actor) or ("" if entry.actor.startswith("person:") else ACTORS.get(entry.actor, "도면실"))
        paper = papers.get(entry.subject, Paper())
        url = paper.url
        if kind == "decision" and application:
            url = url_for("trials_staff.application", application_id=application.id)
        detail = " · ".join(part for part in (paper.words, _detail(entry, names, personal)) if part)
        events.append(Event(entry.at, kind, words, icon, tone, who, detail, url))
    return events


def _papers(entries: Iterable[AuditEntry]) -> dict[str, Paper]:
    """What the entries' subjects are called and where they are shown, by "invoice:7"; one query for each kind there is."""
    wanted: dict[str, list[int]] = {}
    found: dict[str, Paper] = {}
    for subject in {entry.subject for entry in entries}:
        kind, _, number = subject.partition(":")
        if kind in SHOWN and number.isdigit():
            wanted.setdefault(kind, []).append(int(number))
        elif kind == "retention_case":  # a room above this one: only its page is known
            found[subject] = Paper("", _link("retention_staff.case", case_id=int(number)))
    for kind, ids in wanted.items():
        table, shown = SHOWN[kind]
        for row in db.session.scalars(select(table).where(table.id.in_(ids))):
            found[f"{kind}:{row.id}"] = shown(row)
    return found


def _link(endpoint: str, **values: int) -> str:
    """The address of a page, for those of the staff who may see it."""
    return url_for(endpoint, **cast("dict[str, Any]", values)) if gate.may_open(endpoint) else ""


def _invoice(row: Invoice) -> Paper:
    return Paper(f"{row.number} · {won(row.total)}", _link("billing_staff.invoice", invoice_id=row.id))


def _tax_invoice(row: TaxInvoice) -> Paper:
    number = f" · 승인번호 {row.approval_number}" if row.approval_number else ""
    return Paper(f"{won(row.total)}{number}", _link("taxinvoices_staff.paper", paper_id=row.id))


def _charge(row: Charge) -> Paper:
    return Paper(won(row.won), _link("payments_staff.charge", charge_id=row.id))


def _refund(row: Refund) -> Paper:
    return Paper(won(row.won), _link("payments_staff.charge", charge_id=row.charge_id))


def _request(row: ChangeRequest) -> Paper:
    return Paper(row.title, _link("requests_staff.change_request", request_id=row.id))


#: First word of a subject -> its table, and how its rows are called.
SHOWN: dict[str, tuple[Any, Callable[[Any], Paper]]] = {
    "invoice": (Invoice, _invoice),
    "tax_invoice": (TaxInvoice, _tax_invoice),
    "charge": (Charge, _charge),
    "refund": (Refund, _refund),
    "change_request": (ChangeRequest, _request),
}


def _detail(entry: AuditEntry, names: dict[str, str], personal: dict[int, dict[str, Any]]) -> str:
    said = entry.details | personal.get(entry.id, {})
    if entry.action == "tenant.set_mode":
        mode = MODES.get(str(said.get("after")), "")
        return " · ".join(part for part in (mode, str(said.get("reason") or "")) if part)
    if entry.action == "tenant.rename":
        return f"{said.get('before')} → {said.get('after')}"
    if entry.action.startswith(("membership.", "seat.")):
        return names.get(entry.subject, "")
    return str(said.get("plan") or said.get("reason") or "")


def _names(entries: Iterable[AuditEntry]) -> dict[str, str]:
    """Names by "person:7", for everybody who acts or is acted on."""
    words = {word for entry in entries for word in (entry.actor, entry.subject)}
    ids = [int(word[7:]) for word in words if word.startswith("person:") and word[7:].isdigit()]
    if not ids:
        return {}
    return {
        f"person:{person.id}": person.name for person in db.session.scalars(select(Person).where(Person.id.in_(ids)))
    }


def _opening(tenant: Tenant) -> list[Event]:
    events = []
    for row in steps_of(tenant.id):
        if row.state == StepState.DONE and row.finished_at and row.started_at:
            seconds = (row.finished_at - row.started_at).total_seconds()
            detail = f"{seconds:.1f}초" + (f" · {row.attempts}번 시도함" if row.attempts > 1 else "")
            events.append(
                Event(
                    row.finished_at,
                    "opening",
                    f"{STAGE[row.name].words}: 끝났습니다",
                    "database",
                    "grey",
                    "도면실",
                    detail,
                )
            )
    return events


def _sign_ins(people: dict[int, Person]) -> list[Event]:
    if not people:
        return []
    events = []
    for record in accounts.logins(people, limit=100):
        look, who = record.look, people[record.person_id].name if record.person_id in people else ""
        tone: Tone = "grey" if look.tone == "green" else look.tone
        events.append(
            Event(record.at, "sign_in", look.word, "sign-in", tone, who, f"{record.label} · {record.network}")
        )
    return events


def _journey(application: Application) -> list[Event]:
    if not application.journey_key:
        return []
    return [
        Event(step.at, "visit", f"둘러봄: {step.label}", "visit", "grey", "방문자", step.source)
        for step in visits.journey(application.journey_key)
    ]


def _talk(application: Application) -> list[Event]:
    query = select(ApplicationMessage).where(ApplicationMessage.application_id == application.id)
    rows = list(db.session.scalars(query))
    people = select(Person.id, Person.name).where(Person.id.in_({row.person_id for row in rows if row.person_id}))
    asking = {row.id: row.name for row in db.session.execute(people)}
    return [
        Event(
            row.at,
            "decision",
            "물은 말" if row.person_id else "답한 말",
            "mail",
            "grey",
            asking.get(row.person_id, "") if row.person_id else application.applicant,
            row.body,
        )
        for row in rows
    ]
