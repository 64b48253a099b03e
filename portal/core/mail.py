"""Mail as recorded intents: the row is written with what caused it, a job hands it to SMTP after commit.

The body is rendered when the row is written, sealed, and emptied once delivered: it may hold a link that signs somebody in,
which a copy of the database must not give away. The Message-ID comes from the row, so a mail sent twice (the answer was lost) is one mail to the reader's program.
"""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, parseaddr
from enum import StrEnum
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import render_template
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.core import clock
from portal.core.db import Model, retained, write
from portal.core.outbox import later
from portal.core.seal import Sealed
from portal.core.settings import settings

SENDER = ("도면실", "no-reply")
TIMEOUT_SECONDS = 20
#: After so many tries, or so long, a mail is given up and shows in the staff's system page.
MOST_ATTEMPTS = 12
#: SMTP answers from here on are final (RFC 5321, 4.2.1).
FIRST_FINAL_CODE = 500
FIRST_WAIT = timedelta(seconds=20)


class MailState(StrEnum):
    QUEUED = "queued"  #: waits for a worker, or for its next try
    SENT = "sent"  #: taken by the mail server
    FAILED = "failed"  #: refused for good, or tried too often


class Mail(Model):
    """One mail to one address."""

    __tablename__ = "mail"
    __table_args__ = ({"info": retained("personal", "recipient")},)

    id: Mapped[int] = mapped_column(primary_key=True)
    recipient: Mapped[str] = mapped_column(String(254), index=True)
    template: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Sealed("mails"))
    state: Mapped[MailState] = mapped_column(String(8), index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    next_try_at: Mapped[datetime] = mapped_column(index=True)
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(300))


def post(session: Session, to: str, template: str, **values: Any) -> Mail:  # noqa: ANN401 - any value that JSON, a template or a library may hold
    """Write a mail inside the write that causes it. The first line of templates/mail/<template>.txt is the subject."""
    text = render_template(f"mail/{template}.txt", public_url=settings().public_url, **values)
    subject, _, body = text.strip().partition("\n")
    moment = clock.now()
    mail = Mail(
        recipient=to,
        template=template,
        subject=" ".join(subject.split())[:200],
        body=body.strip() + "\n",
        state=MailState.QUEUED,
        attempts=0,
        created_at=moment,
        next_try_at=moment,
    )
    session.add(mail)
    session.flush()
    later(session, "mail.deliver", mail.id)
    return mail


def deliver(mail_id: int) -> None:
    """Hand one mail to the mail server. Safe to run twice and at once: the claim is a write of its own."""
    with write() as session:
        mail = session.get(Mail, mail_id, with_for_update=True)
        if mail is None or mail.state != MailState.QUEUED or mail.next_try_at > clock.now():
            return
        if not mail.body:
            mail.state, mail.error = MailState.FAILED, "본문을 열 수 없습니다. SECRET_KEY가 바뀌었는지 확인해 주십시오."
            return
        mail.attempts += 1
        mail.next_try_at = clock.now() + FIRST_WAIT * 2 ** min(mail.attempts - 1, 10)
        message = _message(mail)
    error, final = _send(message)
    with write() as session:
        mail = session.get_one(Mail, mail_id, with_for_update=True)
        if error is None:
            mail.state, mail.sent_at, mail.body, mail.error = MailState.SENT, clock.now(), "", None
        else:
            mail.error = error[:300]
            if final or mail.attempts >= MOST_ATTEMPTS:
                mail.state = MailState.FAILED


def nudge_waiting() -> int:
    """Nudge mails whose time has come, whatever became of their first nudge. Returns how many."""
    with write() as session:
        waiting = select(Mail.id).where(Mail.state == MailState.QUEUED, Mail.next_try_at <= clock.now()).limit(100)
        ids = list(session.scalars(waiting))
        for mail_id in ids:
            later(session, "mail.deliver", mail_id)
    return len(ids)


def failed(session: Session) -> list[Mail]:
    """Mails that nobody got, newest first."""
    return list(session.scalars(select(Mail).where(Mail.state == MailState.FAILED).order_by(Mail.id.desc()).limit(50)))


def _message(mail: Mail) -> EmailMessage:
    domain = urlsplit(settings().public_url).hostname or "localhost"
    message = EmailMessage()
    message["From"] = formataddr((SENDER[0], f"{SENDER[1]}@{domain}"))
    message["To"] = parseaddr(mail.recipient)[1]
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = f"<mail-{mail.id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body)
    return message


def _send(message: EmailMessage) -> tuple[str | None, bool]:
    """(None, _) when taken; else what went wrong, and whether trying again is of no use."""
    try:
        with _server() as server:
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        return _told(error, [code for code, _ in error.recipients.values()])
    except smtplib.SMTPResponseException as error:
        return _told(error, [error.smtp_code])
    except (OSError, smtplib.SMTPException) as error:
        return f"{type(error).__name__}: {error}", False
    return None, False


def _told(error: Exception, codes: list[int]) -> tuple[str, bool]:
    """What the server answered; its codes from 500 on are final."""
    return f"{type(error).__name__}: {codes}", all(code >= FIRST_FINAL_CODE for code in codes)


@contextmanager
def _server() -> Iterator[smtplib.SMTP]:
    url = urlsplit(settings().smtp_url)
    host, port = url.hostname or "", url.port or (465 if url.scheme == "smtps" else 25)
    kind = smtplib.SMTP_SSL if url.scheme == "smtps" else smtplib.SMTP
    with kind(host, port, timeout=TIMEOUT_SECONDS) as server:
        if url.scheme == "smtp" and not settings().embedded:
            server.starttls()
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        yield server
