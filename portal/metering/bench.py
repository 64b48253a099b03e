"""How fast usage comes in: the door as it is, with its key, verdicts and roll-up, beside one that writes row by row.

Each engine gets a database of its own, which goes away again. Requests go through the whole app in this process, so the
figures are of the portal and its database and not of a web server. The row-by-row door does the same for each event in a
transaction of its own, as one writes it at first: look for it, insert it, add to the day.
"""

from __future__ import annotations

import time
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import msgspec
from flask import Flask, Response, jsonify, request
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.core import clock
from portal.core.db import write
from portal.core.gate import access
from portal.metering.models import UsageDaily, UsageEvent
from portal.metering.rules import Request, Sent, read
from portal.tenants import bench, keys

DOOR, ROWS = "/api/v1/usage/events", "/api/v1/usage/events-by-row"
#: Events of one run: enough to take a good part of a second.
EVENTS = {1: 200, 100: 4_000, 1000: 8_000}
ROW_EVENTS = 400


def run(postgres_url: str = "") -> dict[str, Any]:
    """{"rows": [{name, unit, median, runs}], "ratios": [{of, to, value}]}; PostgreSQL too where its URL is given."""
    rows: list[dict[str, Any]] = []
    with bench.app() as app:
        rows += _measure("sqlite", app)
    if postgres_url:
        with bench.database(postgres_url) as url, bench.app(DATABASE_URL=url) as app:
            rows += _measure("postgresql", app)
    pairs = [(f"{name} batch 100", f"{name} row by row") for name in ("sqlite", "postgresql")]
    pairs += [(f"{name} batch 1000", f"{name} batch 1") for name in ("sqlite", "postgresql")]
    return {"rows": rows, "ratios": bench.ratios(rows, pairs)}


def _measure(name: str, app: Flask) -> list[dict[str, Any]]:
    app.add_url_rule(ROWS, view_func=row_by_row, methods=["POST"])
    with app.app_context():
        tenant_id, key = bench.company(), _key()
    client = app.test_client()
    plans: list[tuple[str, str, int, int]] = [(f"batch {size}", DOOR, size, count) for size, count in EVENTS.items()]
    plans.append(("row by row", ROWS, 100, ROW_EVENTS))
    return [
        bench.row(
            f"{name} {what}",
            "events/s",
            partial(_rate, client, key, url, tenant_id, size, count),
        )
        for what, url, size, count in plans
    ]


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


def _key() -> str:
    """A key that may speak of any company."""
    with write() as session:
        return keys.create(session, "usage", tenant_id=None, label="시험", by="bench")[1]
