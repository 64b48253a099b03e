"""The whole house with its cast: Alice (owner of company A), Bob (viewer in A), Charlie (owner of B), Rita, Bill.

Both companies are opened for real and hold a drawing each under the same number, with words found nowhere else in every
text and name, so that a leak can be told from its letters.
"""

from __future__ import annotations

import hashlib
import io
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

import ezdxf
import pyotp
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal import create_app
from portal.accounts import passwords
from portal.accounts import service as accounts
from portal.core import clock, db
from portal.core.db import write
from portal.core.gate import Caller
from portal.core.migrate import PLATFORM, upgrade
from portal.drawings import receiving, renders
from portal.drawings.models import Revision
from portal.tenants import service as tenants
from portal.tenants.models import Membership, Role, Tenant
from portal.tenants.provisioning import provision

PASSWORD = "우산-고래-연필-77"
SECRETS = {name: pyotp.random_base32() for name in ("rita", "bill", "sue", "dana", "ada", "vera")}
#: The other roles, for who asks for everybody (`hire`): in company A, and of the staff.
OTHER_MEMBERS = {"adam": Role.ADMIN, "erin": Role.EDITOR, "cora": Role.BILLING}
OTHER_STAFF = {"sue": "support", "vera": "support", "dana": "developer", "ada": "admin"}
CANARY = {"a": "CANARYALPHA", "b": "CANARYBRAVO"}


@dataclass
class House:
    """A running house in this process, on a folder of its own."""

    app: Flask
    folder: Path
    tenants: dict[str, int] = field(default_factory=dict)
    clients: dict[str, FlaskClient] = field(default_factory=dict)

    def client(self, who: str) -> FlaskClient:
        """A browser signed in as `who`; `nobody` is not signed in. Signed in once, because a code is taken once."""
        if who not in self.clients:
            client = self.app.test_client()
            if who != "nobody":
                answer = client.post("/sign-in", data={"email": f"{who}@example.com", "password": PASSWORD})
                assert answer.status_code == 303, answer.text
            if who in SECRETS:
                with self.app.app_context():
                    code = pyotp.TOTP(SECRETS[who]).at(clock.now())
                assert client.post("/sign-in/code", data={"code": code}).status_code == 303
            self.clients[who] = client
        return self.clients[who]

    def databases(self) -> list[Path]:
        return sorted([self.folder / "platform.db", *(self.folder / "companies").rglob("*.db")])


class Watch:
    """Notices any commit to any of the house's databases, but for lines of the staff's access log: those are meant to come."""

    LOG = "staff_access"

    def __init__(self, house: House) -> None:
        self._open = [sqlite3.connect(path) for path in house.databases()]
        self._read: list[tuple[int, str]] = [(0, "")] * len(self._open)
        self._seen = self._versions()

    def _versions(self) -> list[str]:
        self._read = [self._version(*each) for each in zip(self._open, self._read, strict=True)]
        return [version for _, version in self._read]

    def _version(self, connection: sqlite3.Connection, before: tuple[int, str]) -> tuple[int, str]:
        """(SQLite's own count, what it stands for): all rows are read where that moved and the log lies beside them."""
        count = connection.execute("PRAGMA data_version").fetchone()[0]
        if count == before[0]:
            return before
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        if self.LOG not in tables:
            return count, str(count)
        rows = [connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables if name != self.LOG]
        return count, hashlib.sha256(repr(rows).encode()).hexdigest()

    def changed(self) -> bool:
        """Whether anything was committed since the last time this was asked."""
        before, self._seen = self._seen, self._versions()
        return before != self._seen

    def close(self) -> None:
        for connection in self._open:
            connection.close()


def drawing_with(canary: str) -> bytes:
    """A DXF that says `canary` in a text, a layer and a block."""
    document = ezdxf.new("R2010")
    document.layers.add(f"{canary}-LAYER")
    block = document.blocks.new(f"{canary}-BLOCK")
    block.add_line((0, 0), (5, 5))
    space = document.modelspace()
    space.add_lwpolyline([(0, 0), (400, 0), (400, 300), (0, 300)], close=True, dxfattribs={"layer": f"{canary}-LAYER"})
    space.add_text(f"{canary} 거실", height=20).set_placement((50, 50))
    space.add_blockref(f"{canary}-BLOCK", (10, 10))
    text = io.StringIO()
    document.write(text)
    return text.getvalue().encode()


def build(folder: Path, redis_url: str, **settings: str) -> House:
    """Open the house on an empty folder, with its cast, two companies and their drawings."""
    app = create_app({"DATA_DIR": str(folder), "SECRET_KEY": "h" * 40, "REDIS_URL": redis_url, **settings})
    made = House(app, folder)
    with app.app_context():
        upgrade(db.db.engine, PLATFORM)
        _people()
        for name, owner in (("a", "alice"), ("b", "charlie")):
            made.tenants[name] = _company(name, owner)
    with app.app_context():
        _member("bob", made.tenants["a"], Role.VIEWER)
        for name, owner, count in (("a", "alice", 1), ("b", "charlie", 2)):
            _drawings(made.tenants[name], owner, CANARY[name], count)
    return made


def hire(house: House) -> None:
    """The rest of the roles: members of company A, and staff. Vera of support is in company A from her sign-in on."""
    with house.app.app_context():
        _people(tuple(OTHER_MEMBERS), OTHER_STAFF)
        for name, role in OTHER_MEMBERS.items():
            _member(name, house.tenants["a"], role)
    url = f"/staff/tenants/{house.tenants['a']}/enter"
    answer = house.client("vera").post(url, data={"reason": "문의 4711을 살펴봅니다"})
    assert answer.location == "/company", answer.text


def _people(members: tuple[str, ...] = ("alice", "bob", "charlie"), staff: dict[str, str] | None = None) -> None:
    with write() as session:
        for name in members:
            person = accounts.ensure_person(session, email=f"{name}@example.com", name=name.title())
            person.password_hash, person.password_changed_at = passwords.hash_of(PASSWORD), clock.now()
        for name, role in (staff or {"rita": "reviewer", "bill": "billing"}).items():
            accounts.make_staff(
                session,
                email=f"{name}@example.com",
                name=name.title(),
                roles=[role],
                password=PASSWORD,
                totp_secret=SECRETS[name],
            )


def _company(name: str, owner: str) -> int:
    with write() as session:
        person = accounts.person_by_email(f"{owner}@example.com")
        assert person is not None
        number = {"a": "1248100998", "b": "2208162517"}[name]
        tenant = tenants.open_trial(
            session, name=f"회사 {name}", business_number=number, owner=person, application_id=None
        )
        session.flush()
        tenant_id = tenant.id
    provision(tenant_id)
    return tenant_id


def _member(name: str, tenant_id: int, role: Role) -> None:
    person = accounts.person_by_email(f"{name}@example.com")
    assert person is not None
    with write() as session:
        session.add(Membership(person_id=person.id, tenant_id=tenant_id, role=role, created_at=clock.now()))


def _drawings(tenant_id: int, owner: str, canary: str, count: int) -> None:
    person = accounts.person_by_email(f"{owner}@example.com")
    tenant = db.db.session.get_one(Tenant, tenant_id)
    assert person is not None
    who = Caller(
        person_id=person.id, person_name=person.name, tenant_id=tenant_id, tenant_name=tenant.name, role="owner"
    )
    body = drawing_with(canary)
    for number in range(count):
        sent = receiving.Sent(f"{canary}-{number}.dxf", io.BytesIO(body + b"\n" * number))
        receiving.receive(who, [sent], receiving.Place())
    for revision_id in tenants.session_for(who).scalars(select(Revision.id)).all():
        renders.render(tenant_id, revision_id)
