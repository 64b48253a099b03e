"""Two real companies, each full of words found nowhere else: one goes its way to destruction, the other must not notice."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import uuid4

import msgspec
import pytest
from redis import Redis
from sqlalchemy import select, text

from portal.accounts.models import Person
from portal.billing import service as billing
from portal.billing.models import Subscription
from portal.core import clock
from portal.core.blobs import blobs
from portal.core.clock import SEOUL
from portal.core.db import Platform, Tenanted, db, write
from portal.core.gate import Caller
from portal.core.redis import connect
from portal.core.sessions import PREFIX
from portal.core.settings import settings
from portal.drawings import receiving, renders
from portal.drawings.models import Revision
from portal.retention import service
from portal.retention.models import Case, CaseState
from portal.retention.scope import rows_of, scope_of, tables
from portal.tenants import service as tenants
from portal.tenants.models import Tenant, TenantState
from tests.house.cast import drawing_with
from tests.tenants.conftest import on_postgres, on_sqlite  # noqa: F401 - fixtures
from tests.tenants.premises import Premises, open_company

BEGUN = date(2026, 9, 1)
ASKER = Caller(person_id=801, person_name="요청", staff_roles=frozenset({"support"}))
OTHER = Caller(person_id=802, person_name="승인", staff_roles=frozenset({"admin"}))


@dataclass
class World:
    """The doomed company and its neighbour; `day` moves the clock and lets the schedule look."""

    place: Premises
    doomed: Tenant
    neighbour: Tenant
    canary: str

    def at(self, day: date, hour: time = time(12)) -> None:
        clock.set_to(datetime.combine(day, hour, SEOUL))

    def case(self) -> Case:
        return db.session.scalars(
            select(Case)
            .where(Case.tenant_id == self.doomed.id)
            .order_by(Case.id.desc())
            .execution_options(populate_existing=True)
        ).first()  # type: ignore[return-value]  # there is one

    def lapse(self) -> Case:
        """The trial ends and nobody converts."""
        self.at(BEGUN + timedelta(days=31))
        assert billing.end_due() == 2
        service.heard_ended(str(uuid4()), self.doomed.id)
        return self.case()

    def until_sealed(self) -> Case:
        case = self.lapse()
        self.at(case.lock_on)
        service.step_due()
        self.at(case.due_on)
        service.step_due()
        service.ask(ASKER, case.id, self.doomed.name)
        service.agree(OTHER, case.id)
        return self.case()

    def until_destroying(self) -> Case:
        case = self.until_sealed()
        assert case.destroy_on is not None
        self.at(case.destroy_on)
        assert service.step_due() == 1
        return self.case()

    def hits(self) -> list[str]:
        """Where the canary is still found: in any row of the platform, in files and their names, in Redis, in databases."""
        found = []
        escaped = self.canary.encode()
        for table in Platform.metadata.tables.values():
            for row in db.session.execute(table.select()):
                if self.canary in str(tuple(row)):
                    found.append(table.name)  # noqa: PERF401 - a loop of loops reads better
        for key in blobs().keys(""):
            with blobs().open(key) as stream:
                if escaped in key.encode() or escaped in stream.read():
                    found.append(key)
        for path in self.place.folder.rglob("*"):
            # Raw, so that free pages and the journal of SQLite are looked into as well.
            if path.is_file() and (escaped in path.read_bytes() or escaped in path.name.encode()):
                found.append(path.name)  # noqa: PERF401
        with Redis.from_url(self.place.environ["REDIS_URL"]) as client:
            found += [f"Redis {key!r}" for key in client.scan_iter() if escaped in key + (client.dump(key) or b"")]
        return found

    def digest_of_neighbour(self) -> str:
        """A digest of everything of the neighbour: its rows on the platform and in its own database, its files."""
        said = hashlib.sha256()
        scope = scope_of(db.session(), db.session.get_one(Tenant, self.neighbour.id))
        for table, _policy in tables():
            condition = rows_of(table, scope)
            for row in db.session.execute(select(table).where(condition)) if condition is not None else ():
                said.update(repr(tuple(row)).encode())
        session = tenants.session_by_id(self.neighbour.id)
        for table in Tenanted.metadata.sorted_tables:
            for row in session.execute(text(f"SELECT * FROM {table.name} ORDER BY 1")):
                said.update(repr(tuple(row)).encode())
        session.rollback()
        for key in sorted(blobs().keys(self.neighbour.key)):
            with blobs().open(key) as stream:
                said.update(stream.read())
        return said.hexdigest()


def _fill(tenant: Tenant, canary: str) -> None:
    person = db.session.get_one(Person, tenant.owner_id)
    who = Caller(
        person_id=person.id, person_name=person.name, tenant_id=tenant.id, tenant_name=tenant.name, role="owner",
        email=person.email,
    )  # fmt: skip
    receiving.receive(who, [receiving.Sent(f"{canary}.dxf", io.BytesIO(drawing_with(canary)))], receiving.Place())
    session = tenants.session_by_id(tenant.id)
    for revision_id in session.scalars(select(Revision.id)).all():
        renders.render(tenant.id, revision_id)
    tenants.rename(who, f"{canary}건설 주식회사")
    with connect(settings(), patient=True) as client:
        client.set(f"{PREFIX}{canary}", msgspec.msgpack.encode({"choice": f"{canary}건설 주식회사"}))


@pytest.fixture(params=["sqlite", "postgres"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    place: Premises = request.getfixturevalue(f"on_{request.param}")
    with place.app.app_context():
        clock.set_to(datetime.combine(BEGUN, time(9), SEOUL))
        made = []
        for canary in ("CANARYDOOMED", "CANARYNEIGHBOUR"):
            tenant = open_company(f"{canary} 종합건설", f"{canary.lower()}@example.com")
            billing.open_trial(str(uuid4()), tenant.id)
            _fill(tenant, canary)
            made.append(tenant)
        yield World(place, made[0], made[1], "CANARYDOOMED")
        db.session.rollback()


def live(tenant: Tenant) -> str:
    return str(db.session.get_one(Tenant, tenant.id, populate_existing=True).state)


__all__ = ["CaseState", "Subscription", "TenantState", "World", "live", "write"]
