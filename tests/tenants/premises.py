"""A portal of its own on either engine, with the real processes that open companies."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from portal import create_app
from portal.accounts import service as accounts
from portal.core import db
from portal.core.db import write
from portal.core.migrate import PLATFORM, upgrade
from portal.tenants import service as tenants
from portal.tenants.models import Tenant
from tests.engines import PostgresServer, start_tethered, stop

ROOT = Path(__file__).resolve().parents[2]
NUMBER = "1248100998"


@dataclass
class Premises:
    """An app on an empty platform, and the environment that makes the same one in another process."""

    environ: dict[str, str]
    app: Flask

    @property
    def folder(self) -> Path:
        return Path(self.environ["DATA_DIR"])

    @contextmanager
    def process(self, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        """`python -m ...` of this checkout on this portal, ended with the block."""
        with (self.folder / "processes.log").open("ab") as log:
            environ = os.environ | self.environ
            process = start_tethered([sys.executable, "-m", *command], env=environ, cwd=ROOT, stdout=log, stderr=log)
        try:
            yield process
        finally:
            stop(process)


def request_company(name: str = "한빛건설", owner: str = "") -> int:
    """Approve a company, in an app context: its row and its nudge. Returns its id."""
    with write() as session:
        person = accounts.ensure_person(session, email=owner or f"{secrets.token_hex(6)}@example.com", name="김한빛")
        tenant = tenants.open_trial(session, name=name, business_number=NUMBER, owner=person, application_id=None)
        return tenant.id


def open_company(name: str = "한빛건설", owner: str = "") -> Tenant:
    """A company that is open, in an app context, without a worker."""
    tenant_id = request_company(name, owner)
    tenants.provision(tenant_id)
    return db.db.session.get_one(Tenant, tenant_id)


@contextmanager
def premises(
    folder: Path, redis_url: str, postgres: PostgresServer | None = None, **settings: str
) -> Iterator[Premises]:
    """On SQLite in `folder`, or with platform and companies on `postgres`; with these further settings."""
    environ = {"DATA_DIR": str(folder), "SECRET_KEY": secrets.token_hex(20), "REDIS_URL": redis_url} | settings
    if postgres is not None:
        platform = f"platform_{secrets.token_hex(6)}"
        with postgres.connect() as connection:
            connection.execute(f"CREATE DATABASE {platform}")
        environ |= {
            "DATABASE_URL": postgres.url.removesuffix("postgres") + platform,
            "TENANT_DATABASE_URLS": postgres.url,
        }
    app = create_app(environ)
    with app.app_context():
        upgrade(db.db.engine, PLATFORM)
        yield Premises(environ, app)
        db.db.session.remove()
    db.dispose(app)
