"""Portals for the tests of people: one with sessions in memory, and pairs that share Redis and the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal import create_app
from portal.accounts import passwords, second_factor, service
from portal.accounts.models import Person
from portal.core import db
from portal.core.clock import now
from portal.core.db import write
from portal.core.mail import Mail

WORD = "참나무 아래 바위 셋"
NEW_WORD = "푸른 연필 일곱 자루"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def environment(folder: Path, redis_url: str) -> dict[str, str]:
    return {"DATA_DIR": str(folder), "SECRET_KEY": "k" * 40, "REDIS_URL": redis_url, "SESSION_STORE": "redis"}


@pytest.fixture
def app(tmp_path: Path, redis_url: str) -> Iterator[Flask]:
    """A portal with an empty database."""
    made = create_app(environment(tmp_path, redis_url))
    with made.app_context():
        db.db.create_all()
    yield made
    db.dispose(made)


@pytest.fixture
def second_app(app: Flask, tmp_path: Path, redis_url: str) -> Iterator[Flask]:
    """Another server of the same portal: own process state, the same database and Redis."""
    made = create_app(environment(tmp_path, redis_url))
    yield made
    db.dispose(made)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def add_person(app: Flask, name: str, *, roles: tuple[str, ...] = (), secret: str | None = None) -> int:
    """Somebody with the password WORD; the id."""
    with app.app_context():
        hashed = passwords.hash_of(WORD)
        with write() as session:
            made = service.ensure_person(session, email=f"{name}@a.example", name=name)
            made.password_hash, made.password_changed_at = hashed, now()
            if secret:
                made.totp_secret = second_factor.sealed(secret)
            session.flush()
            if roles:
                service.set_staff_roles(session, made.id, roles, by="test")
            return made.id


@pytest.fixture
def alice(app: Flask) -> int:
    return add_person(app, "alice")


@pytest.fixture
def rita(app: Flask) -> int:
    """A reviewer with a second factor."""
    return add_person(app, "rita", roles=("reviewer",), secret=SECRET)


def sign_in(client: FlaskClient, name: str, word: str = WORD, **options: object) -> int:
    """Sign in by the page; the status."""
    data = {"email": f"{name}@a.example", "password": word}
    return client.post("/sign-in", data=data, **options).status_code  # type: ignore[arg-type]


def is_in(client: FlaskClient) -> bool:
    return client.get("/me").status_code == 200


def cookie(client: FlaskClient) -> str:
    found = client.get_cookie("planroom")
    return found.value if found else ""


def carry(client: FlaskClient, app: Flask) -> FlaskClient:
    """The same browser at another server: its cookies go with it."""
    other = app.test_client()
    for name in ("planroom", "planroom-device"):
        found = client.get_cookie(name)
        if found is not None:
            other.set_cookie(name, found.value)
    return other


@pytest.fixture
def person_of(app: Flask) -> Callable[[int], Person]:
    def load(person_id: int) -> Person:
        with app.app_context():
            found = service.person(person_id)
            db.db.session.expunge(found)
            return found

    return load


def link_in(app: Flask, template: str, before: str) -> str:
    """The path of the link in the newest mail of a template."""
    with app.app_context():
        body = db.db.session.scalars(
            select(Mail.body).where(Mail.template == template).order_by(Mail.id.desc())
        ).first()
        assert body is not None
        return before + body.split(before)[1].split()[0]


def code_of(app: Flask, secret: str = SECRET) -> str:
    with app.app_context():
        return second_factor.code_at(secret, now())
