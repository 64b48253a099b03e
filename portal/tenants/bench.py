"""What the measuring commands share: a portal on an empty database that goes away again, and rows of figures."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any
from uuid import uuid4

import click
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from portal import create_app
from portal.accounts.models import Person
from portal.core import clock, ids, migrate
from portal.core.cli import print_json
from portal.core.db import db, dispose, write
from portal.tenants.models import Mode, Tenant, TenantState

RUNS = 5


def row(name: str, unit: str, measure: Callable[[], float], runs: int = RUNS) -> dict[str, Any]:
    """{name, unit, median, runs} of a figure, measured `runs` times after once to warm the caches."""
    measure()
    found = [round(measure(), 3) for _ in range(runs)]
    return {"name": name, "unit": unit, "median": median(found), "runs": found}


def ratios(rows: list[dict[str, Any]], pairs: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """[{of, to, value}] for those pairs of rows that were both measured: how many times the second the first is."""
    found = {row["name"]: row["median"] for row in rows}
    return [
        {"of": of, "to": to, "value": round(found[of] / found[to], 1)}
        for of, to in pairs
        if of in found and found.get(to)
    ]


def show(document: dict[str, Any], *, as_json: bool) -> None:
    """Print what was measured: one JSON document, or lines to read."""
    if as_json:
        print_json(document)
        return
    for one in document["rows"]:
        click.echo(f"{one['name']:34} {one['median']:>12,.1f} {one['unit']}")
    for ratio in document["ratios"]:
        click.echo(f"{ratio['of']} / {ratio['to']}: {ratio['value']}")


def company(state: TenantState = TenantState.TRIAL) -> int:
    """The id of a new company with an owner, which has no database of its own."""
    moment = clock.now()
    with write() as session:
        owner = Person(
            email=f"{uuid4().hex[:12]}@example.com", name="시험", phone="", staff_roles=[], state="active",
            created_at=moment,
        )  # fmt: skip
        session.add(owner)
        session.flush()
        tenant = Tenant(
            key=ids.company_key(), name="시험", business_number="1248100998", state=state, mode=Mode.OPEN,
            mode_reason="", owner_id=owner.id, schema_revision="", created_at=moment, opened_at=moment,
            trial_ends_at=moment, state_since=moment,
        )  # fmt: skip
        session.add(tenant)
        session.flush()
        return tenant.id


@contextmanager
def app(**settings: str) -> Iterator[Flask]:
    """The portal on an empty platform of the newest schema, in a folder that goes away."""
    with tempfile.TemporaryDirectory(prefix="planroom-bench-") as folder:
        environ = {"DATA_DIR": folder, "SECRET_KEY": "b" * 40, "SESSION_STORE": "memory"}
        made = create_app({**environ, "REDIS_URL": f"unix://{folder}/none", **settings})
        with made.app_context():
            migrate.upgrade(db.engine, migrate.PLATFORM)
        yield made
        dispose(made)


@contextmanager
def database(server_url: str) -> Iterator[str]:
    """A new database on a PostgreSQL server, dropped afterwards."""
    url = make_url(server_url)
    name = f"planroom_bench_{uuid4().hex[:8]}"
    server = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
