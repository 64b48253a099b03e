"""State machines refuse what their table does not have, and give a step to one of two."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from portal.core.audit import AuditEntry
from portal.core.db import db, write
from portal.core.errors import Refusal
from portal.core.mail import Mail, MailState
from portal.core.states import Look, Machine, step

MAILS = Machine(
    "메일",
    {
        MailState.QUEUED: Look("보내는 중", "blue", "clock", "곧 보냅니다."),
        MailState.SENT: Look("보냄", "green", "check", "새 메일을 쓰십시오."),
        MailState.FAILED: Look("실패", "red", "warn", "주소를 확인하십시오."),
    },
    (
        step(MailState.QUEUED, "send", MailState.SENT, "worker"),
        step((MailState.QUEUED, MailState.FAILED), "fail", MailState.FAILED, "worker"),
    ),
)


@pytest.fixture
def mail(core_app: Flask) -> Mail:
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    with write() as session:
        row = Mail(
            recipient="a@b",
            template="t",
            subject="s",
            body="b",
            state=MailState.QUEUED,
            created_at=moment,
            next_try_at=moment,
        )
        session.add(row)
    return row


def test_a_step_changes_the_state_and_leaves_an_audit_row(mail: Mail) -> None:
    with write() as session:
        MAILS.move(session, mail, "send", by="person:1", error="none")
    assert mail.state == MailState.SENT
    assert mail.error == "none"
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.subject, entry.details["after"]) == ("mail.send", f"mail:{mail.id}", "sent")


def test_a_verb_outside_the_table_is_refused_with_what_to_do(mail: Mail) -> None:
    with write() as session:
        MAILS.move(session, mail, "send", by="x")
    with pytest.raises(Refusal) as refused, write() as session:
        MAILS.move(session, mail, "send", by="x")
    assert "보냄" in refused.value.message
    assert refused.value.next_step == "새 메일을 쓰십시오."


def test_of_two_who_saw_the_same_state_one_succeeds(mail: Mail, core_app: Flask) -> None:
    seen = db.session.get_one(Mail, mail.id)
    assert seen.state == MailState.QUEUED
    with write() as session:
        session.execute(Mail.__table__.update().values(state=MailState.SENT))
        seen.__dict__["state"] = MailState.QUEUED  # what a second server had read before
        with pytest.raises(Refusal):
            MAILS.move(session, seen, "fail", by="x")
