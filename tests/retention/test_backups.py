"""What was lost comes back from a backup, all of it and nothing twice, and what was destroyed does not."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from portal.billing import service as billing
from portal.core import audit, mail
from portal.core.blobs import blobs
from portal.core.clock import fresh, set_to, today
from portal.core.db import Platform, Tenanted, db, write
from portal.core.mail import Mail, MailState
from portal.retention import making
from portal.tenants import service as tenants
from portal.tenants.models import Tenant
from tests.engines import PostgresServer
from tests.retention.conftest import _fill
from tests.tenants.premises import Premises, open_company, premises, request_company

WORDS = ("CANARYDOOMED", "CANARYNEIGHBOUR")


@dataclass
class Engines:
    """Where portals are opened, one after the other, with the same secret and the same folder of backups."""

    folder: Path
    redis_url: str
    server: PostgresServer | None = None
    secret: str = ""

    @contextmanager
    def portal(self, engine: str, name: str) -> Iterator[Premises]:
        server = self.server if engine == "postgres" else None
        known = {"SECRET_KEY": self.secret, "BACKUP_DIR": str(self.folder / "backups")}
        (self.folder / name).mkdir(exist_ok=True)
        with premises(self.folder / name, self.redis_url, server, **known) as place:
            yield place


@pytest.fixture
def engines(tmp_path: Path, redis_url: str) -> Engines:
    return Engines(tmp_path, redis_url, secret=secrets.token_hex(20))


@pytest.fixture
def both(engines: Engines, postgres: PostgresServer, postgres_url: str) -> Engines:
    engines.server = postgres
    return engines


def live_in() -> list[Tenant]:
    """Two companies with drawings, one that is being opened, and a mail that waits."""
    made = []
    for word in WORDS:
        tenant = open_company(f"{word} 종합건설", f"{word.lower()}@example.com")
        billing.open_trial(str(uuid4()), tenant.id)
        _fill(tenant, word)
        made.append(tenant)
    request_company("여는 중 주식회사")
    with write() as session:
        mail.post(session, "late@example.com", "retention_locked", tenant=made[0], lock_on=today(), due_on=today())
    return made


#: What a restore changes on purpose; every other value of every row comes back as it was.
CHANGED: dict[str, set[str]] = {
    "tenant": {"server", "database", "role_password", "nudged_at"},
    "mail": {"state", "error"},
}
#: Tables to which a restore, or the life of the portal meanwhile, adds.
GROWN = {"audit_entry", "audit_personal", "work_item", "session", "turn"}


def digest() -> dict[str, str]:
    """A digest of each table of the platform and of each company, as the models read them, and of each file."""
    said = {}
    for table in Platform.metadata.sorted_tables:
        if table.name not in GROWN:
            said[table.name] = _digest(db.session(), table, CHANGED.get(table.name, set()))
    db.session.rollback()
    for tenant_id in tenants.ids_with_database():
        session = tenants.session_by_id(tenant_id)
        for table in Tenanted.metadata.sorted_tables:
            said[f"{tenant_id}.{table.name}"] = _digest(session, table, set())
        session.rollback()
    for key in blobs().keys(""):
        with blobs().open(key) as stream:
            said[key] = hashlib.sha256(stream.read()).hexdigest()
    return said


def _digest(session: Any, table: Any, changed: set[str]) -> str:  # noqa: ANN401 - either session, any table
    columns = [column for column in table.columns if column.name not in changed]
    rows = [tuple(row) for row in session.execute(select(*columns))]
    names = [json.dumps(row, default=str, sort_keys=True, ensure_ascii=False) for row in rows]
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()


def later(**time: float) -> None:
    set_to(fresh() + timedelta(**time))


def flask(place: Premises, *words: str) -> tuple[int, dict[str, Any], str]:
    """A command in the app's own process: exit code, its document, what it said on stderr."""
    result = place.app.test_cli_runner().invoke(args=[*words, "--json"], catch_exceptions=False)
    return result.exit_code, json.loads(result.stdout or "{}"), result.stderr


@pytest.mark.parametrize(("before", "after"), [("sqlite", "postgres"), ("postgres", "postgres")])
def test_everything_comes_back_on_an_empty_machine(both: Engines, before: str, after: str) -> None:
    with both.portal(before, "lost") as place:
        live_in()
        code, made, _ = flask(place, "backup", "create")
        assert (code, made["companies"], made["copied"]) == (0, 2, made["files"])
        expected = digest()
        assert len(expected) > 70
        later(seconds=2)
        assert making.create().copied == 0  # the second one copies no file anew
        if before == "postgres":
            _drop_companies(place)
    shutil.rmtree(both.folder / "lost")
    with both.portal(after, "new") as place:
        assert flask(place, "backup", "verify", "--all")[0] == 0
        code, done, said = flask(place, "backup", "restore", made["name"])
        assert (code, done["companies"], done["files"]) == (0, 2, made["files"]), said
        found = digest()
        assert {name for name in expected | found if expected.get(name) != found.get(name)} == set()
        assert audit.verify(db.session()) is None
        assert {row.state for row in db.session.scalars(select(Mail))} <= {MailState.FAILED, MailState.SENT}
        # The companies can be worked in, and the one that was being opened goes on.
        tenant = db.session.scalars(select(Tenant).order_by(Tenant.id)).first()
        assert tenant is not None
        _fill(tenant, "AFTERWARDS")
        opening = db.session.scalars(select(Tenant).where(Tenant.state == "requested")).one()
        tenants.provision(opening.id)
        assert db.session.get_one(Tenant, opening.id, populate_existing=True).state == "trial"
        assert making.create().problems == []


def _drop_companies(place: Premises) -> None:
    """The loss of the companies' servers."""
    from portal.tenants.databases import servers  # noqa: PLC0415 - the fixtures come first

    db.session.remove()
    for server in servers().values():
        for thing in sorted(server.found(), key=lambda one: one.kind == "role"):
            if thing.kind != "template":
                server.remove(thing)
