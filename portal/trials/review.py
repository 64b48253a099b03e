"""The reviewers' verbs: take, ask, approve, reject; each may be undone where nothing has left the house yet."""

from __future__ import annotations

from dataclasses import dataclass

from flask_sqlalchemy.pagination import Pagination, SelectPagination
from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import Session

from portal.accounts import service as accounts
from portal.accounts.models import Person
from portal.core import mail
from portal.core.clock import now
from portal.core.db import db, write
from portal.core.errors import NotFound, Refusal
from portal.core.gate import Caller
from portal.core.mail import Mail, MailState
from portal.core.outbox import publish
from portal.tenants import service as tenants
from portal.tenants.models import Tenant
from portal.trials import business_status, rules
from portal.trials.links import status_url
from portal.trials.models import (
    APPLICATION,
    UNDECIDED,
    WITH_REVIEWERS,
    Application,
    ApplicationMessage,
    ApplicationState,
)
from portal.trials.service import ITEM, ask_reviewers
from portal.work import service as work

S = ApplicationState
#: Filter of the queue -> states it shows.
FILTERS: dict[str, tuple[ApplicationState, ...]] = {
    "waiting": WITH_REVIEWERS,
    "needs_info": (S.NEEDS_INFO,),
    "approved": (S.APPROVED,),
    "closed": (S.REJECTED, S.WITHDRAWN, S.EXPIRED),
}
SHOWN = frozenset(state for states in FILTERS.values() for state in states)
PAGE = 50


@dataclass(frozen=True, slots=True)
class Likeness:
    """Something that looks like the same company: another application, or a company of ours."""

    sort: str
    """What is alike: number, domain or name."""
    application: Application | None
    tenant: Tenant | None


def queue(show: str, text: str = "", page: int = 1) -> Pagination:
    """One page of the applications under a filter: those that wait longest first, decided ones by their decision."""
    query = select(Application).where(Application.state.in_(FILTERS[show]))
    if text:
        query = query.where(_matches(text))
    order = Application.submitted_at if show in {"waiting", "needs_info"} else Application.decided_at.desc()
    chosen = query.order_by(order, Application.id)
    return SelectPagination(select=chosen, session=db.session, page=page, per_page=PAGE, error_out=False)


def find(text: str) -> list[Application]:
    """Every application of a company, an applicant or a number, the newest first."""
    query = select(Application).where(_matches(text), Application.state.in_(SHOWN))
    return list(db.session.scalars(query.order_by(Application.id.desc())))


def counts() -> dict[str, int]:
    """How many applications stand under each filter."""
    rows = db.session.execute(select(Application.state, func.count()).group_by(Application.state))
    by_state: dict[str, int] = {state: number for state, number in rows}  # noqa: C416 - rows are not pairs to mypy
    return {name: sum(by_state.get(state, 0) for state in states) for name, states in FILTERS.items()}


def waiting_count(_who: Caller) -> int:
    """How many applications wait for a reviewer: the number in the rail."""
    return counts()["waiting"]


def application_with(application_id: int) -> Application:
    """The application for staff; NotFound when there is none."""
    application = db.session.get(Application, application_id)
    if application is None:
        raise NotFound
    return application


def alike(application: Application) -> list[Likeness]:
    """Other applications and companies with the same number, name or own mail domain; the weightiest first."""
    found: list[Likeness] = []
    others = select(Application).where(Application.id != application.id).order_by(Application.id.desc()).limit(5)
    companies = db.session.scalars(select(Tenant).where(Tenant.business_number == application.business_number))
    found += [Likeness("number", None, tenant) for tenant in companies if tenant.id != application.tenant_id]
    same_number = list(db.session.scalars(others.where(Application.business_number == application.business_number)))
    found += [Likeness("number", row, None) for row in same_number]
    seen = {row.id for row in same_number}
    domain = rules.company_domain(application.email)
    if domain:
        for row in db.session.scalars(others.where(Application.email.endswith(f"@{domain}", autoescape=True))):
            if row.id not in seen:
                found.append(Likeness("domain", row, None))
    return found


def assign(who: Caller, application_id: int) -> Application:
    """Take the application: its applicant sees that somebody is at it."""
    with write() as session:
        application = application_with(application_id)
        APPLICATION.move(session, application, "assign", by=who.actor, reviewer_id=who.person_id, assigned_at=now())
        return application


def release(who: Caller, application_id: int) -> Application:
    """Give the application back to the queue."""
    with write() as session:
        application = application_with(application_id)
        APPLICATION.move(session, application, "release", by=who.actor, reviewer_id=None, assigned_at=None)
        return application


def ask_info(who: Caller, application_id: int, question: str) -> Application:
    """Ask the applicant something. The mail waits a moment, so that the question can be taken back."""
    with write() as session:
        application = application_with(application_id)
        APPLICATION.move(session, application, "ask", by=who.actor, reviewer_id=who.person_id, asked_at=now())
        link = status_url(application.link_nonce)
        letter = mail.post(
            session,
            application.email,
            "application_question",
            application=application,
            question=question,
            status_url=link,
        )
        letter.next_try_at = now() + rules.UNDO
        session.add(
            ApplicationMessage(
                application_id=application.id, person_id=who.person_id, body=question, at=now(), mail_id=letter.id
            )
        )
        work.close_item(session, kind=ITEM, subject=f"application:{application.id}", by=who.actor)
        return application


def unask(who: Caller, application_id: int) -> Application:
    """Take the last question back. Refused once its mail has left."""
    with write() as session:
        application = application_with(application_id)
        question = _last_question(session, application.id)
        if question is None or not _unsent(session, question.mail_id):
            raise Refusal(
                "묻는 메일이 이미 나갔습니다.",
                "답이 오면 다시 검토할 수 있습니다. 지금 승인하거나 반려할 수도 있습니다.",
            )
        APPLICATION.move(session, application, "unask", by=who.actor, asked_at=None)
        session.execute(delete(Mail).where(Mail.id == question.mail_id))
        session.delete(question)
        ask_reviewers(session, application, f"{application.company} 체험 신청을 검토해 주십시오")
        return application


def can_unask(application: Application) -> bool:
    """Whether the last question can still be taken back."""
    if application.state != S.NEEDS_INFO:
        return False
    question = _last_question(db.session(), application.id)
    return question is not None and _unsent(db.session(), question.mail_id)


def approve(who: Caller, application_id: int) -> Application:
    """Open a company for the application. Two reviewers at once: one decision, one company; the slower one is refused."""
    with write() as session:
        application = application_with(application_id)
        APPLICATION.move(session, application, "approve", by=who.actor, **_decided(who))
        owner = accounts.ensure_person(
            session, email=application.email, name=application.applicant, phone=application.phone
        )
        if owner.state != "active":
            raise Refusal(
                "이 메일 주소의 계정은 막혀 있습니다.",
                "사람 화면에서 계정을 풀거나, 다른 메일로 다시 신청하도록 물어 주십시오.",
            )
        tenant = tenants.open_trial(
            session,
            name=application.company,
            business_number=application.business_number,
            owner=owner,
            application_id=application.id,
        )
        session.flush()
        application.tenant_id = tenant.id
        work.close_item(session, kind=ITEM, subject=f"application:{application.id}", by=who.actor)
        mail.post(
            session,
            application.email,
            "application_approved",
            application=application,
            status_url=status_url(application.link_nonce),
        )
        publish(session, "application.approved", application.id)
        return application


def reject(who: Caller, application_id: int, reason: str) -> Application:
    """Turn the application down; the reason is mailed as it is written."""
    with write() as session:
        application = application_with(application_id)
        APPLICATION.move(session, application, "reject", by=who.actor, reason=reason, **_decided(who))
        work.close_item(session, kind=ITEM, subject=f"application:{application.id}", by=who.actor)
        mail.post(session, application.email, "application_rejected", application=application, reason=reason)
        publish(session, "application.rejected", application.id)
        return application


def check_business(application_id: int) -> business_status.Answer:
    """Ask the tax office about the application's number; an answer is kept with its time, the lack of one is not.

    The call is made outside a write: it may take ten seconds.
    """
    application = application_with(application_id)
    known = application.business_checked_at is not None
    answer = business_status.ask(application.business_number)
    if known and answer.status == business_status.Standing.UNCHECKED:
        return answer
    found = {
        "business_status": str(answer.status),
        "business_note": answer.note[:200],
        "business_checked_at": answer.at,
    }
    with write() as session:
        session.execute(update(Application).where(Application.id == application_id).values(**found))
    return answer


def reviewers(ids: list[int]) -> dict[int, str]:
    """Names of the people with these ids."""
    wanted = [person_id for person_id in ids if person_id]
    if not wanted:
        return {}
    return {person.id: person.name for person in db.session.scalars(select(Person).where(Person.id.in_(wanted)))}


def undecided(application: Application) -> bool:
    return application.state in UNDECIDED


def _decided(who: Caller) -> dict[str, object]:
    return {"reviewer_id": who.person_id, "decided_at": now(), "decided_by": who.actor}


def _last_question(session: Session, application_id: int) -> ApplicationMessage | None:
    query = select(ApplicationMessage).where(ApplicationMessage.application_id == application_id)
    last = session.scalars(query.order_by(ApplicationMessage.id.desc()).limit(1)).first()
    return last if last is not None and last.person_id is not None else None


def _unsent(session: Session, mail_id: int | None) -> bool:
    letter = session.get(Mail, mail_id) if mail_id else None
    return letter is not None and letter.state == MailState.QUEUED and letter.attempts == 0


def _matches(text: str) -> ColumnElement[bool]:
    number = "".join(letter for letter in text if letter.isdigit())
    conditions = [
        Application.company.contains(text, autoescape=True),
        Application.applicant.contains(text, autoescape=True),
        Application.email.contains(text.lower(), autoescape=True),
    ]
    if number:
        conditions.append(Application.business_number.contains(number))
    return or_(*conditions)
