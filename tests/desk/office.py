"""The staff and a portal of their own in this process, for tests of work, trials and desk.

Rita reviews, Bill bills, Sam supports; Alice applies and Charlie is a customer of another company. The caller of a
request is whoever the header X-As names.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from sqlalchemy import select

from portal import create_app
from portal.accounts import service as accounts
from portal.core import clock, db, korea
from portal.core.db import write
from portal.core.gate import Caller
from portal.core.mail import Mail
from portal.trials import service as trials
from portal.trials.models import Application

NUMBERS = [f"12481{index:04}" for index in range(100, 130)]


@dataclass
class Office:
    """A portal with its staff; every block of `at_work` is a request or job of its own."""

    app: Flask
    people: dict[str, Caller]

    @contextmanager
    def at_work(self) -> Iterator[None]:
        with self.app.app_context():
            yield

    def client(self, who: str = "") -> FlaskClient:
        client = self.app.test_client()
        if who:
            client.environ_base["HTTP_X_AS"] = who
        return client

    def apply(self, index: int = 0, **changes: str) -> tuple[int, str]:
        """Send an application in; gives its id and the token of its status page."""
        with self.at_work():
            application, token = trials.submit(submission(index, **changes))
            return application.id, token

    def application(self, application_id: int) -> Application:
        row = db.db.session.get_one(Application, application_id)
        db.db.session.refresh(row)
        return row

    def mails(self, template: str) -> list[Mail]:
        return list(db.db.session.scalars(select(Mail).where(Mail.template == template).order_by(Mail.id)))

    def later(self, **span: float) -> None:
        """Move everybody's clock on."""
        with self.at_work():
            clock.set_to(clock.now() + timedelta(**span))


def number(index: int) -> str:
    """The index-th valid business number."""
    return NUMBERS[index] + str(korea.business_check_digit(NUMBERS[index]))


def submission(index: int = 0, **changes: str) -> trials.Submission:
    values = {
        "form_key": f"form-{index}",
        "company": f"회사 {index}",
        "business_number": number(index),
        "ceo": "이대표",
        "industry": "construction",
        "people": "6-20",
        "purpose": "현장 도면을 나눕니다.",
        "applicant": "Alice",
        "email": f"alice{index}@a{index}.example",
        "phone": "010-1234-5678",
    }
    return trials.Submission(**{**values, **changes})


def form(index: int = 0, **changes: str) -> dict[str, str]:
    """What a browser sends for `submission(index)`."""
    sent = submission(index)
    names = (
        "form_key",
        "company",
        "business_number",
        "ceo",
        "industry",
        "people",
        "purpose",
        "applicant",
        "email",
        "phone",
    )
    return {name: getattr(sent, name) for name in names} | {"terms": "y"} | changes


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    app = create_app(
        {
            "DATA_DIR": str(tmp_path),
            "SECRET_KEY": "o" * 40,
            "SESSION_STORE": "memory",
            "REDIS_URL": f"unix://{tmp_path}/none",
        }
    )
    people: dict[str, Caller] = {}
    app.extensions["planroom.identify"] = lambda: people.get(request.headers.get("X-As", ""), Caller())
    with app.app_context():
        db.db.create_all()
        with write() as session:
            for name, role in (
                ("rita", "reviewer"),
                ("roy", "reviewer"),
                ("bill", "billing"),
                ("sam", "support"),
                ("anna", "admin"),
            ):
                person = accounts.ensure_person(session, email=f"{name}@planroom.example", name=name.title())
                person.staff_roles = [role]
                people[name] = Caller(person.id, person.name, person.email, staff_roles=frozenset({role}))
            charlie = accounts.ensure_person(session, email="charlie@b.example", name="Charlie")
            people["charlie"] = Caller(charlie.id, charlie.name, charlie.email, tenant_id=77, role="owner", companies=1)
    yield Office(app, people)
    db.dispose(app)
