"""How fast usage comes in: the door as it is, with its key, verdicts and roll-up, beside one that writes row by row.

Each engine gets a database of its own, which goes away again. Requests go through the whole app in this process, so the
figures are of the portal and its database and not of a web server. The row-by-row door does the same for each event in a
transaction of its own, as one writes it at first: look for it, insert it, add to the day.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from statistics import median
from typing import Any
from uuid import uuid4

import msgspec
from flask import Flask, Response, jsonify, request
from flask.testing import FlaskClient
from sqlalchemy import create_engine, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from portal import create_app
from portal.accounts.models import Person
from portal.core import clock, ids, migrate
from portal.core.db import db, dispose, write
from portal.core.gate import access
from portal.metering.models import UsageDaily, UsageEvent
from portal.metering.rules import Request, Sent, read
from portal.tenants import keys
from portal.tenants.models import Mode, Tenant, TenantState

DOOR, ROWS = "/api/v1/usage/events", "/api/v1/usage/events-by-row"
RUNS = 5
#: Events of one run: enough to take a good part of a second.
EVENTS = {1: 200, 100: 4_000, 1000: 8_000}
ROW_EVENTS = 400


def run(postgres_url: str = "") -> dict[str, Any]:
    """{"rows": [{name, unit, median, runs}], "ratios": [{of, to, value}]}; PostgreSQL too where its URL is given."""
    rows: list[dict[str, Any]] = []
    with _app() as app:
        rows += _measure("sqlite", app)
    if postgres_url:
        with _database(postgres_url) as url, _app(DATABASE_URL=url) as app:
            rows += _measure("postgresql", app)
    found = {row["name"]: row["median"] for row in rows}
    pairs = [(f"{name} batch 100", f"{name} row by row") for name in ("sqlite", "postgresql")]
    pairs += [(f"{name} batch 1000", f"{name} batch 1") for name in ("sqlite", "postgresql")]
    ratios = [
        {"of": of, "to": to, "value": round(found[of] / found[to], 1)}
        for of, to in pairs
        if of in found and to in found
    ]
    return {"rows": rows, "ratios": ratios}


def _measure(name: str, app: Flask) -> list[dict[str, Any]]:
    with app.app_context():
        tenant_id, key = _company()
    client = app.test_client()
    plans: list[tuple[str, str, int, int]] = [(f"batch {size}", DOOR, size, count) for size, count in EVENTS.items()]
    plans.append(("row by row", ROWS, 100, ROW_EVENTS))
    return [
        _row(f"{name} {what}", lambda url=url, size=size, count=count: _rate(client, key, url, tenant_id, size, count))  # type: ignore[misc]  # a lambda's defaults
        for what, url, size, count in plans
    ]


def _row(name: str, measure: Callable[[], float]) -> dict[str, Any]:
    measure()  # the first one warms the caches
    runs = [round(measure()) for _ in range(RUNS)]
    return {"name": name, "unit": "events/s", "median": median(runs), "runs": runs}


def _rate(client: FlaskClient, key: str, url: str, tenant_id: int, size: int, count: int) -> float:  # noqa: PLR0913 - what is measured
    at = (clock.now() - timedelta(minutes=1)).isoformat()
    bodies = [
        msgspec.json.encode({"events": [_event(tenant_id, at) for _ in range(size)]}) for _ in range(count // size)
    ]
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    begun = time.perf_counter()
    for body in bodies:
        answer = client.post(url, data=body, headers=headers)
        if answer.status_code != 200 or b"rejected" in answer.data:  # noqa: PLR2004 - OK
            raise SystemExit(answer.text)
    return count / (time.perf_counter() - begun)


def _event(tenant_id: int, at: str) -> dict[str, object]:
    return {"id": uuid4().hex, "tenant": tenant_id, "meter": "drawing_views", "quantity": 1, "at": at, "properties": {}}


@access("key", roles={"usage"})
def row_by_row() -> Response:
    """The door as one writes it at first."""
    events = read(msgspec.json.decode(request.get_data(cache=False), type=Request).events)
    told = [{"id": sent.id, "verdict": _one(sent), "reason": ""} for sent in events if isinstance(sent, Sent)]
    return jsonify(results=told)


def _one(sent: Sent) -> str:
    tenant_id, day = int(sent.tenant or 0), sent.at.astimezone(clock.SEOUL).date()
    with write() as session:
        known = select(UsageEvent.id).where(UsageEvent.tenant_id == tenant_id, UsageEvent.event_id == sent.id)
        if session.scalar(known) is not None:
            return "duplicate"
        session.add(
            UsageEvent(
                tenant_id=tenant_id,
                event_id=sent.id,
                meter=sent.meter,
                at=sent.at,
                quantity=sent.quantity,
                key="",
                properties=sent.properties,
                digest="",
                source="bench",
                received_at=clock.now(),
            )
        )
        total = session.get(UsageDaily, (tenant_id, sent.meter, day), with_for_update=True)
        if total is None:
            total = UsageDaily(tenant_id=tenant_id, meter=sent.meter, day=day, events=0, quantity=0, largest=0)
            session.add(total)
        total.events += 1
        total.quantity += sent.quantity
        total.largest = max(total.largest, sent.quantity)
    return "accepted"


def _company() -> tuple[int, str]:
    """A company, and a key that may speak of any."""
    moment = clock.now()
    with write() as session:
        owner = Person(
            email="bench@example.com", name="시험", phone="", staff_roles=[], state="active", created_at=moment
        )
        session.add(owner)
        session.flush()
        tenant = Tenant(
            key=ids.company_key(),
            name="시험",
            business_number="1248100998",
            state=TenantState.TRIAL,
            mode=Mode.OPEN,
            mode_reason="",
            owner_id=owner.id,
            schema_revision="",
            created_at=moment,
            state_since=moment,
        )
        session.add(tenant)
        session.flush()
        _, secret = keys.create(session, "usage", tenant_id=None, label="시험", by="bench")
        return tenant.id, secret


@contextmanager
def _app(**settings: str) -> Iterator[Flask]:
    """The portal on an empty platform in a folder that goes away, with the row-by-row door beside the real one."""
    with tempfile.TemporaryDirectory(prefix="planroom-bench-") as folder:
        environ = {"DATA_DIR": folder, "SECRET_KEY": "b" * 40, "SESSION_STORE": "memory"}
        app = create_app({**environ, "REDIS_URL": f"unix://{folder}/none", **settings})
        app.add_url_rule(ROWS, view_func=row_by_row, methods=["POST"])
        with app.app_context():
            migrate.upgrade(db.engine, migrate.PLATFORM)
        yield app
        dispose(app)


@contextmanager
def _database(server_url: str) -> Iterator[str]:
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
