"""What was lost comes back from a backup, all of it and nothing twice, and what was destroyed does not."""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, select

from portal.billing import service as billing
from portal.core import audit, mail
from portal.core.blobs import blobs
from portal.core.clock import SEOUL, fresh, set_to, today
from portal.core.db import Platform, Tenanted, db, write
from portal.core.gate import Caller
from portal.core.mail import Mail, MailState
from portal.core.settings import settings
from portal.drawings import receiving
from portal.drawings.models import Text
from portal.retention import backups, checking, forgetting, making, pdf, restoring, service
from portal.retention.models import CaseState, Certificate
from portal.tenants import service as tenants
from portal.tenants.databases import servers
from portal.tenants.models import Tenant
from tests.engines import PostgresServer
from tests.house.cast import drawing_with
from tests.retention.conftest import ASKER, BEGUN, OTHER, World, _fill, live
from tests.tenants.premises import ROOT, Premises, open_company, premises, request_company

WORDS = ("CANARYDOOMED", "CANARYNEIGHBOUR")


@dataclass
class Engines:
    """Where portals are opened, one after the other, with the same secret and the same folder of backups."""

    folder: Path
    redis_url: str
    server: PostgresServer | None = None
    secret: str = ""

    @contextmanager
    def portal(self, engine: str, name: str, **settings: str) -> Iterator[Premises]:
        server = self.server if engine == "postgres" else None
        known = {"SECRET_KEY": self.secret, "BACKUP_DIR": str(self.folder / "backups")} | settings
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
        made.append(tenant)
    _fill(made[0], WORDS[0])
    owner = Caller(person_id=made[1].owner_id, person_name="이웃", tenant_id=made[1].id, role="owner")
    receiving.receive(owner, [receiving.Sent("이웃.dxf", io.BytesIO(drawing_with(WORDS[1])))], receiving.Place())
    request_company("여는 중 주식회사")
    with write() as session:
        mail.post(
            session,
            f"{WORDS[1].lower()}@example.com",
            "retention_locked",
            tenant=made[1],
            lock_on=today(),
            due_on=today(),
        )
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


@pytest.mark.parametrize(
    ("before", "after"), [("sqlite", "postgres"), pytest.param("postgres", "postgres", marks=pytest.mark.slow)]
)
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


DEATHS = """
import os, signal, sys
from importlib import import_module
from portal import create_app
from portal.core import db

def killed(app, moments, verb):
    for moment in moments.split():
        child = os.fork()
        if child == 0:
            module, _, name = f"portal.retention.{moment}".rpartition(".")
            setattr(import_module(module), name, lambda *_words, **_named: os.kill(os.getpid(), signal.SIGKILL))
            with app.app_context():
                verb()
            os._exit(0)
        print(os.WTERMSIG(os.waitpid(child, 0)[1]), flush=True)

from portal.retention import backups, making, restoring
lost = create_app()
killed(lost, sys.argv[1], making.create)
with lost.app_context():
    print(len(backups.whole()), len(list(backups.root().glob("*.partial"))), flush=True)
    name = making.create().name
db.dispose(lost)
new = create_app(os.environ | {"DATA_DIR": sys.argv[2]})
killed(new, sys.argv[3], lambda: restoring.restore(backups.find(name)))
"""


def test_killed_runs_leave_no_half_backup_and_no_half_portal(engines: Engines) -> None:
    making_dies = "making._described making._copy_files making.fingerprint forgetting.locked"
    restoring_dies = "restoring._files restoring._settle_places aftermath.ask_staff"
    with engines.portal("sqlite", "lost") as place:
        live_in()
        expected = digest()
        db.session.remove()
        assert flask(place, "backup", "restore", "20261126T000000Z")[0] == 2
        command = [sys.executable, "-c", DEATHS, making_dies, str(engines.folder / "new"), restoring_dies]
        environ = os.environ | place.environ
        died = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)
        # Killed by SIGKILL each time; no whole backup, one begun (each run tidied what the one before it had left).
        assert died.stdout.split() == [*["9"] * 4, "0", "1", *["9"] * 3], died.stderr
        assert len(backups.whole()) == 1
        assert list(backups.root().glob("*.partial")) == []
        assert checking.verify(backups.whole()[0]) == []
    with engines.portal("sqlite", "new"):
        assert db.session.scalars(select(Tenant)).all() == []
        db.session.rollback()
        assert restoring.restore(backups.whole()[0]).problems == []
        found = digest()
        assert {name for name in expected | found if expected.get(name) != found.get(name)} <= {"installation"}


def test_what_is_damaged_is_found_and_what_does_not_fit_is_refused(engines: Engines) -> None:
    with engines.portal("sqlite", "lost") as place:
        tenant = live_in()[0]
        line = backups.check()
        assert (line["ok"], line["unused"]) == (True, True), "embedded mode needs none"
        name = making.create().name
        backup = backups.root() / name
        assert flask(place, "backup", "restore", name)[0] == 3
        assert "0시간" in backups.check()["message"]
        files = [backup / "platform.jsonl.gz", *sorted((backup / "tenants").iterdir()), backup / "manifest.json"]
        files += [next((backups.root() / "blobs" / tenant.key).iterdir())]
        for path in files:
            whole = path.read_bytes()
            middle = len(whole) // 2
            path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
            code, document, _ = flask(place, "backup", "verify", name)
            told = document["backups"][0]["problems"]
            # A bit of the manifest may be one of a number that nothing is compared with.
            assert (code == 1 and told) or path.name == "manifest.json", path
            if path.name != "manifest.json":
                path.unlink()
                assert flask(place, "backup", "verify", name)[0] == 1, path
            path.write_bytes(whole)
        assert flask(place, "backup", "verify", name)[0] == 0
        later(seconds=2)
        session = tenants.session_by_id(tenant.id)
        with write(session):
            session.execute(delete(Text))
        blobs().delete(next(key for key in blobs().keys(tenant.key) if key.count("/") == 1))
        assert making.create(keep=1).removed == [name]
        later(seconds=2)
        newest = making.create(keep=1)
        assert [path.name for path in backups.whole()] == [newest.name]
        listed = {
            one.sha256
            for path in backups.whole()
            for one in backups.files_of(path / "tenants" / f"{tenant.key}.files.gz")
        }
        assert {path.name for path in (backups.root() / "blobs" / tenant.key).iterdir()} == listed
        code, document, _ = flask(place, "backup", "verify", "--all")
        assert (code, "개정" in document["backups"][0]["problems"][0]) == (1, True)
        later(hours=27)
        assert "하루에 한 번" in backups.check()["message"]
    with engines.portal("sqlite", "other", SECRET_KEY="another" * 8) as place:
        code, _, said = flask(place, "backup", "restore", newest.name)
        assert (code, "SECRET_KEY" in said) == (3, True)
    manifest = json.loads((backups_of(engines) / newest.name / "manifest.json").read_text())
    manifest["revisions"]["platform"] = "9999"
    (backups_of(engines) / newest.name / "manifest.json").write_text(json.dumps(manifest))
    with engines.portal("sqlite", "new") as place:
        code, _, said = flask(place, "backup", "restore", newest.name)
        assert (code, "9999" in said) == (3, True)
        assert db.session.scalars(select(Tenant)).all() == []


def backups_of(engines: Engines) -> Path:
    return engines.folder / "backups"


def test_a_destroyed_company_goes_out_of_the_backups_and_never_comes_back(engines: Engines) -> None:
    with engines.portal("sqlite", "lost") as place:
        set_to(datetime.combine(BEGUN, time(9), SEOUL))
        doomed, neighbour = live_in()
        key, other = doomed.key, neighbour.key
        world = World(place, doomed, neighbour, WORDS[0])
        case = world.until_sealed()
        name = making.create().name
        assert forgetting.left(backups.root(), key) > 2
        assert case.destroy_on is not None
        world.at(case.destroy_on)
        assert service.step_due() == 1
        service.destroy(case.id)
        assert world.case().state == CaseState.DESTROYED, world.case().done
        assert forgetting.left(backups.root(), key) == 0
        assert forgetting.left(backups.root(), other) > 2
        assert backups.manifest_of(backups.root() / name)["companies"][key]["state"] == "destroyed"
        assert checking.verify(backups.root() / name) == []
        made = db.session.scalars(select(Certificate)).one()
        until = case.destroy_on + timedelta(days=backups.KEEP)
        assert (made.document["backups"], made.document["backup_rows_until"]) == (1, until.isoformat())
        assert made.document["scanned"].count("백업") == 1
        assert pdf.certificate(made, settings().supplier).startswith(b"%PDF")
        entry = forgetting.register(backups.root())[key]
        assert entry == {
            "certificate": made.number, "day": case.destroy_on.isoformat(),
            "asked_by": ASKER.actor, "agreed_by": OTHER.actor,
        }  # fmt: skip
        shutil.copytree(backups.root() / name, engines.folder / "elsewhere")
        world.at(until)
        assert making.create(keep=100).removed == [name]  # the day that the certificate names
        (engines.folder / "elsewhere").rename(backups.root() / name)
    with engines.portal("sqlite", "new") as place:
        set_to(datetime.combine(until, time(13), SEOUL))
        done = restoring.restore(backups.root() / name)
        assert (done.companies, done.destroyed_again, done.problems) == (1, [key], [])
        world = World(place, db.session.scalars(select(Tenant).where(Tenant.key == key)).one(), neighbour, WORDS[0])
        assert (world.case().state, live(world.doomed)) == (CaseState.DESTROYED, "purged")
        assert world.hits() == []
        again = db.session.scalars(select(Certificate)).one()
        assert (again.number, again.document["again_after"]) == ("D2026-000002", "D2026-000001")
        assert list(blobs().keys(key)) == []
        assert list(blobs().keys(other)) != []
        assert audit.verify(db.session()) is None


def _drop_companies(place: Premises) -> None:
    """The loss of the companies' servers."""
    db.session.remove()
    for server in servers().values():
        for thing in sorted(server.found(), key=lambda one: one.kind == "role"):
            if thing.kind != "template":
                server.remove(thing)
