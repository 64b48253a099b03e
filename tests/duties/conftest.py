"""A portal with two companies and their people, and staff: Sue of support, Ada the admin, Bill of billing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from portal import create_app
from portal.accounts import passwords, second_factor
from portal.accounts import service as accounts
from portal.accounts.models import Person
from portal.core import clock, db
from portal.core.db import write
from portal.tenants.models import Membership, Role
from tests.tenants.premises import Premises, open_company, premises

if TYPE_CHECKING:
    from tests.engines import RedisServer

PASSWORD = "우산-고래-연필-77"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
STAFF = {"sue": ["support"], "ada": ["admin"], "bill": ["billing"]}
SignIn = Callable[[str], FlaskClient]


@pytest.fixture(scope="module")
def drawn_up(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> dict[str, str]:
    """The two companies and everybody, opened once: each test gets a copy. alice owns company 1, bob looks at it, charlie 2."""
    with premises(tmp_path_factory.mktemp("duties"), redis_server.url) as made:
        for name, owner in (("가나건설", "alice"), ("다라제철", "charlie")):
            open_company(name, f"{owner}@example.com")
        hashed = passwords.hash_of(PASSWORD)
        with write() as session:
            bob = accounts.ensure_person(session, email="bob@example.com", name="박보기")
            session.add(Membership(person_id=bob.id, tenant_id=1, role=Role.VIEWER, created_at=clock.now()))
            for name, roles in STAFF.items():
                member = accounts.ensure_person(session, email=f"{name}@example.com", name=name.title())
                member.totp_secret = second_factor.sealed(SECRET)
                accounts.set_staff_roles(session, member.id, roles, by="test")
            for person in session.scalars(select(Person)):
                person.password_hash, person.password_changed_at = hashed, clock.now()
        return made.environ


@pytest.fixture
def on_sqlite(drawn_up: dict[str, str], tmp_path: Path, redis_url: str) -> Iterator[Premises]:
    folder = tmp_path / "data"
    shutil.copytree(drawn_up["DATA_DIR"], folder)
    environ = drawn_up | {"DATA_DIR": str(folder), "REDIS_URL": redis_url}
    app = create_app(environ)
    with app.app_context():
        yield Premises(environ, app)
        db.db.session.remove()
    db.dispose(app)


@pytest.fixture
def sign_in(on_sqlite: Premises) -> Iterator[SignIn]:
    """Gives a browser signed in as one of them."""
    browsers: dict[str, FlaskClient] = {}

    def browser(who: str) -> FlaskClient:
        if who not in browsers:
            client = browsers[who] = on_sqlite.app.test_client()
            answer = client.post("/sign-in", data={"email": f"{who}@example.com", "password": PASSWORD})
            assert answer.status_code == 303, answer.text
            if who in STAFF:
                code = second_factor.code_at(SECRET, clock.now())
                assert client.post("/sign-in/code", data={"code": code}).status_code == 303
        return browsers[who]

    yield browser
    db.db.session.rollback()
