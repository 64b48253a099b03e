"""A mail that waits lies sealed: a copy of the database gives nobody the links in it."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import text

from portal.core import mail
from portal.core.clock import now
from portal.core.db import db, write
from portal.core.mail import Mail, MailState

LINK = "https://portal.example/password/reset/a-word-that-signs-in"


def _waiting() -> int:
    with write() as session:
        row = Mail(
            recipient="alice@example.com", template="reset", subject="새 비밀번호", body=f"{LINK}\n", attempts=0,
            state=MailState.QUEUED, created_at=now(), next_try_at=now(),
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def test_what_waits_is_read_by_the_portal_and_not_in_the_database(core_app: Flask) -> None:
    mail_id = _waiting()
    (kept,) = db.session.execute(text("SELECT body FROM mail")).one()
    assert "reset" not in kept
    assert db.session.get_one(Mail, mail_id, populate_existing=True).body == f"{LINK}\n"


def test_a_mail_sealed_with_another_key_is_given_up_and_said_so(core_app: Flask) -> None:
    mail_id = _waiting()
    with write() as session:
        session.execute(text("UPDATE mail SET body = 'sealed by somebody else'"))
    mail.deliver(mail_id)
    row = db.session.get_one(Mail, mail_id, populate_existing=True)
    assert (row.state, "SECRET_KEY" in (row.error or "")) == (MailState.FAILED, True)
