"""An office for tests of billing: the platform with a company in its trial, without a database of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import uuid4

import pyotp
from flask import Flask, request
from flask.testing import FlaskClient
from sqlalchemy import create_engine

from portal import create_app
from portal.accounts import passwords
from portal.accounts import service as accounts
from portal.accounts.models import Person
from portal.billing import service as billing
from portal.billing.models import Evidence, PayBy
from portal.core import clock
from portal.core.clock import SEOUL
from portal.core.db import db, dispose, write
from portal.core.gate import Caller
from portal.core.ids import company_key, token
from portal.core.migrate import PLATFORM, upgrade
from portal.metering import service as metering
from portal.metering.models import Seat
from portal.tenants.models import Membership, Mode, Role, Tenant, TenantState

PASSWORD = "우산-고래-연필-77"
BILL = Caller(person_id=900, person_name="박필", staff_roles=frozenset({"billing"}))
DETAILS = billing.Details(
    name="한빛종합건설 주식회사",
    business_number="1248100998",
    ceo="김서연",
    address="06236 서울특별시 강남구 테헤란로 1",
    business_type="건설업",
    business_class="종합건설",
    contact_name="이회계",
    emails=("tax@hanbit.example",),
    phone="02-555-0100",
    evidence=Evidence.TAX_INVOICE_FIRST,
    pay_by=PayBy.TRANSFER,
)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=SEOUL)


@dataclass
class Office:
    """The app with its clock: `at(day)` moves it, `company()` opens a trial, `use()` counts usage."""

    app: Flask

    def at(self, day: date) -> None:
        clock.set_to(noon(day))

    def company(self, name: str = "한빛종합건설", opened: date = date(2026, 9, 1)) -> Caller:
        """A company in its trial since `opened`; returns its owner."""
        with write() as session:
            email = f"{token()[:8].lower()}@example.com"
            owner = accounts.ensure_person(session, email=email, name=f"{name} 소유자")
            session.flush()
            tenant = Tenant(
                key=company_key(), name=name, business_number="1248100998", state=TenantState.TRIAL, mode=Mode.OPEN,
                mode_reason="", owner_id=owner.id, schema_revision="", created_at=noon(opened), opened_at=noon(opened),
                trial_ends_at=noon(opened) + timedelta(days=30), state_since=noon(opened),
            )  # fmt: skip
            session.add(tenant)
            session.flush()
            session.add(Membership(person_id=owner.id, tenant_id=tenant.id, role=Role.OWNER, created_at=noon(opened)))
            tenant_id, person_id = tenant.id, owner.id
        billing.open_trial(str(uuid4()), tenant_id)
        return Caller(person_id=person_id, person_name="소유자", tenant_id=tenant_id, tenant_name=name, role="owner")

    def use(self, tenant_id: int, meter: str, quantity: int, day: date, name: str = "") -> None:
        event = metering.Event(name or token(), tenant_id, meter, quantity, noon(day))
        with write() as session:
            assert metering.take(session, [event], "test") == ["accepted"]

    def seat(self, tenant_id: int, person_id: int, since: date, until: date | None = None) -> None:
        with write() as session:
            session.add(
                Seat(
                    tenant_id=tenant_id, person_id=person_id, assigned_at=noon(since), assigned_by="test",
                    released_at=noon(until) if until else None,
                )
            )  # fmt: skip

    def paying(self, plan: str = "team", since: date = date(2026, 10, 1), name: str = "한빛종합건설") -> Caller:
        """A company that pays for `plan` since a day, with one seat of its owner."""
        self.at(since)
        owner = self.company(name, since)
        billing.convert(owner, plan, DETAILS)
        self.seat(owner.tenant_id, owner.person_id, since)
        return owner

    def client(self, who: Caller) -> FlaskClient:
        """A browser whose caller is handed in: nobody signs in, so it is quick and outlives jumps of the clock."""
        identify = self.app.extensions["planroom.identify"]
        name = token()
        self.app.extensions["planroom.identify"] = lambda: who if request.headers.get("X-As") == name else identify()
        client = self.app.test_client()
        client.environ_base["HTTP_X_AS"] = name
        return client

    def browser(self, who: Caller) -> FlaskClient:
        """A browser signed in as a company's person, or for staff (`BILL`) as a member of staff made for it."""
        secret = pyotp.random_base32()
        with write() as session:
            if who.staff_roles:
                email = f"staff{who.person_id}@planroom.example"
                if accounts.person_by_email(email) is None:
                    accounts.make_staff(
                        session, email=email, name=who.person_name or "직원", roles=sorted(who.staff_roles),
                        password=PASSWORD, totp_secret=secret,
                    )  # fmt: skip
            else:
                person = session.get_one(Person, who.person_id)
                person.password_hash, person.password_changed_at = passwords.hash_of(PASSWORD), clock.now()
                email = person.email
        client = self.app.test_client()
        assert client.post("/sign-in", data={"email": email, "password": PASSWORD}).status_code == 303
        if who.staff_roles:
            code = pyotp.TOTP(secret).at(clock.now())
            assert client.post("/sign-in/code", data={"code": code}).status_code == 303
        return client


@cache
def _migrated() -> bytes:
    """A platform database of the newest schema as a file's bytes: made once a run, because every test wants one."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "platform.db")
        engine = create_engine(f"sqlite:///{path}")
        upgrade(engine, PLATFORM)
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        engine.dispose()
        return path.read_bytes()


@contextmanager
def office(folder: Path, **settings: str) -> Iterator[Office]:
    """The portal on an empty folder, its context entered; on SQLite unless DATABASE_URL names another engine."""
    if "DATABASE_URL" not in settings:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "platform.db").write_bytes(_migrated())
    app = create_app({"DATA_DIR": str(folder), "SECRET_KEY": "b" * 40, "SESSION_STORE": "memory", **settings})
    with app.app_context():
        if "DATABASE_URL" in settings:
            upgrade(db.engine, PLATFORM)
        yield Office(app)
        db.session.rollback()
    dispose(app)
