"""The applicant's verbs: submit, confirm the mail address, answer, withdraw. The reviewers' are in review.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.core import audit, ids, korea, mail
from portal.core.clock import now
from portal.core.db import db, write
from portal.core.errors import NotFound, Refusal
from portal.core.outbox import later, publish
from portal.tenants.models import Tenant, TenantState
from portal.trials import rules
from portal.trials.links import CONFIRM, STATUS, confirm_url, link_token, status_url
from portal.trials.models import APPLICATION, UNDECIDED, Application, ApplicationMessage, ApplicationState
from portal.work import service as work

#: The terms of /terms that an applicant agrees to.
TERMS_VERSION = "2026-11-01"
ITEM = "trial"
APPLICANT = "applicant"
#: The mail with the link that confirms the applicant's address.
RECEIVED = "application_received"


@dataclass(frozen=True, slots=True)
class Submission:
    """An application as it comes in; the business number in any way of writing it."""

    form_key: str
    company: str
    business_number: str
    ceo: str
    industry: str
    people: str
    purpose: str
    applicant: str
    email: str
    phone: str
    advertising: bool = False
    journey_key: str = ""


class AlreadyApplied(Refusal):
    """The same company is waiting for a decision already; its applicant has got the link to the status page again."""

    def __init__(self) -> None:
        super().__init__(
            "이 사업자등록번호로 검토 중인 신청이 있습니다.",
            "먼저 신청하신 분의 메일로 진행 상황 주소를 다시 보내 드렸습니다.",
        )


class MailedOften(Refusal):
    """The confirmation mail was sent often enough for now; the page that says so leads back to the status page."""

    status = 429

    def __init__(self, application: Application) -> None:
        super().__init__("확인 메일을 이미 여러 번 보냈습니다.", "한 시간 뒤 다시 보내실 수 있습니다.")
        self.way = ("진행 상황으로", status_url(application.link_nonce))


def submit(submission: Submission) -> tuple[Application, str]:
    """Take an application in. Gives it with the token of its status page.

    The same form sent twice is one application. Raises AlreadyApplied while another application of the same company is
    undecided, unless that one's mail address was never confirmed: then this one takes its place.
    """
    number = korea.normalise_business_number(submission.business_number)
    same_form = select(Application).where(Application.form_key == submission.form_key)
    try:
        with write() as session:
            application = session.scalar(same_form) or _take_in(session, submission, number)
    except IntegrityError:  # PostgreSQL: another process took in this company, or this very form, at the same moment
        application = db.session.scalar(same_form)
    if application is None:
        raise AlreadyApplied
    return application, link_token(STATUS, application.link_nonce)


def application_for(token: str) -> Application:
    """The application that a status link leads to; NotFound for any other token."""
    application = db.session.scalar(select(Application).where(Application.status_digest == ids.digest(token)))
    if application is None:
        raise NotFound("이 주소로는 신청을 찾을 수 없습니다.", "신청 접수 메일의 주소를 그대로 열어 주십시오.")
    return application


def messages(application_id: int) -> list[ApplicationMessage]:
    """Questions and answers, oldest first."""
    query = (
        select(ApplicationMessage)
        .where(ApplicationMessage.application_id == application_id)
        .order_by(ApplicationMessage.id)
    )
    return list(db.session.scalars(query))


def application_to_confirm(token: str) -> Application:
    """The application whose mail address a confirmation link belongs to; NotFound for any other token."""
    application = db.session.scalar(select(Application).where(Application.confirm_digest == ids.digest(token)))
    if application is None:
        raise NotFound("이 주소로는 메일을 확인할 수 없습니다.", "신청 접수 메일의 주소를 그대로 열어 주십시오.")
    return application


def place_of(application: Application) -> str:
    """How far the company's environment is: "" before approval, then making, ready or failed."""
    if application.tenant_id is None:
        return ""
    tenant = db.session.get(Tenant, application.tenant_id)
    if tenant is None or tenant.state == TenantState.FAILED:
        return "failed"
    return "making" if tenant.state in {TenantState.REQUESTED, TenantState.PROVISIONING} else "ready"


def confirm_email(token: str) -> tuple[Application, str]:
    """The applicant reads mail at the address that was given. Following the link twice changes nothing.

    Gives the application with the token of its status page.
    """
    with write() as session:
        application = application_to_confirm(token)
        if application.email_confirmed_at is None:
            application.email_confirmed_at = now()
            audit.record(session, "application.confirm", actor=APPLICANT, subject=f"application:{application.id}")
        nonce = application.link_nonce
    return application, link_token(STATUS, nonce)


def send_confirmation_again(token: str) -> Application:
    """Mail the link that confirms the address once more. Refused once it is confirmed or decided, and when asked too often."""
    with write() as session:
        application = application_for(token)
        if not awaits_confirmation(application):
            raise Refusal("확인 메일이 더는 필요하지 않습니다.", "진행 상황 화면에서 지금 상태를 확인해 주십시오.")
        _not_mailed_too_often(session, application)
        _mail_confirmation(session, application)
        return application


def awaits_confirmation(application: Application) -> bool:
    """Whether the applicant still has to follow the link in the mail."""
    return application.email_confirmed_at is None and application.state in UNDECIDED


def answer_info(token: str, body: str) -> Application:
    """The applicant answers the reviewer's question: it is the reviewers' turn again."""
    with write() as session:
        application = application_for(token)
        APPLICATION.move(session, application, "answer", by=APPLICANT, asked_at=None)
        session.add(
            ApplicationMessage(application_id=application.id, person_id=None, body=body, at=now(), mail_id=None)
        )
        ask_reviewers(session, application, f"{application.company} 보완 답변이 왔습니다")
        return application


def withdraw(token: str) -> Application:
    """The applicant takes the application back."""
    with write() as session:
        application = application_for(token)
        _withdraw(session, application, APPLICANT)
        return application


def expire() -> int:
    """Let lapse what nobody answered: questions, and addresses that were never confirmed. For the schedule; gives how many."""
    before = now() - rules.LAPSE
    forgotten = select(Application).where(
        or_(
            (Application.state == ApplicationState.NEEDS_INFO) & (Application.asked_at <= before),
            (Application.state == ApplicationState.SUBMITTED)
            & Application.email_confirmed_at.is_(None)
            & (Application.submitted_at <= before),
        )
    )
    if db.session.scalars(forgotten.limit(1)).first() is None:
        return 0
    with write() as session:
        rows = list(session.scalars(forgotten.limit(100)))
        for application in rows:
            APPLICATION.move(session, application, "expire", by="schedule", decided_at=now(), decided_by="schedule")
            work.close_item(session, kind=ITEM, subject=f"application:{application.id}", by="schedule")
            mail.post(session, application.email, "application_expired", application=application)
        return len(rows)


def ask_reviewers(session: Session, application: Application, title: str) -> None:
    """Put the application into the reviewers' inbox, inside the write that gives them their turn."""
    work.open_item(
        session,
        kind=ITEM,
        subject=f"application:{application.id}",
        title=title,
        url=f"/staff/applications/{application.id}",
        body=application.purpose[:200],
        due_at=rules.answer_due(now()),
        roles=("reviewer",),
    )


def _take_in(session: Session, submission: Submission, number: str) -> Application | None:
    """Add the application; None, and a mail to its applicant, when the same company waits for a decision already."""
    _not_too_often(session, submission.journey_key)
    query = (
        select(Application)
        .where(Application.business_number == number, Application.state.in_(UNDECIDED))
        .with_for_update()
    )
    present = session.scalar(query)
    if present is not None:
        if present.email_confirmed_at is not None or present.state != ApplicationState.SUBMITTED:
            link = status_url(present.link_nonce)
            mail.post(session, present.email, "application_link", application=present, status_url=link)
            return None
        _withdraw(session, present, "newer application")
    return _add(session, submission, number)


def _add(session: Session, submission: Submission, number: str) -> Application:
    nonce = ids.token()
    application = Application(
        form_key=submission.form_key,
        state=ApplicationState.SUBMITTED,
        company=submission.company,
        business_number=number,
        ceo=submission.ceo,
        industry=submission.industry,
        people=submission.people,
        purpose=submission.purpose,
        applicant=submission.applicant,
        email=submission.email.lower(),
        phone=korea.normalise_phone(submission.phone),
        terms_version=TERMS_VERSION,
        advertising=submission.advertising,
        link_nonce=nonce,
        status_digest=ids.digest(link_token(STATUS, nonce)),
        confirm_digest=ids.digest(link_token(CONFIRM, nonce)),
        journey_key=submission.journey_key,
        submitted_at=now(),
    )
    session.add(application)
    session.flush()
    audit.record(
        session,
        "application.submit",
        actor=APPLICANT,
        subject=f"application:{application.id}",
        personal={"applicant": application.applicant, "email": application.email},
        terms=TERMS_VERSION,
        advertising=application.advertising,
    )
    ask_reviewers(session, application, f"{application.company} 체험 신청을 검토해 주십시오")
    _mail_confirmation(session, application)
    later(session, "trials.check_business", application.id)
    publish(session, "application.submitted", application.id)
    return application


def _mail_confirmation(session: Session, application: Application) -> None:
    mail.post(
        session,
        application.email,
        RECEIVED,
        application=application,
        confirm_url=confirm_url(application.link_nonce),
        status_url=status_url(application.link_nonce),
    )


def _withdraw(session: Session, application: Application, by: str) -> None:
    APPLICATION.move(session, application, "withdraw", by=by, decided_at=now(), decided_by=by)
    work.close_item(session, kind=ITEM, subject=f"application:{application.id}", by=by)


def _not_too_often(session: Session, journey_key: str) -> None:
    if not journey_key:
        return
    lately = (Application.journey_key == journey_key) & (Application.submitted_at >= now() - timedelta(hours=1))
    query = select(func.count()).select_from(Application).where(lately)
    if (session.scalar(query) or 0) >= rules.MOST_AN_HOUR:
        raise Refusal("신청이 너무 잦습니다.", "한 시간 뒤 다시 신청해 주십시오.", 429)


def _not_mailed_too_often(session: Session, application: Application) -> None:
    """One address is written to a few times an hour, whoever asks: it may be somebody else's."""
    lately = (mail.Mail.recipient == application.email) & (mail.Mail.created_at >= now() - timedelta(hours=1))
    query = select(func.count()).select_from(mail.Mail).where(lately, mail.Mail.template == RECEIVED)
    if (session.scalar(query) or 0) >= rules.MOST_MAILS_AN_HOUR:
        raise MailedOften(application)
