"""A platform with two companies, for tests of metering: keys, events, and the requests that carry them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from flask import Flask
from sqlalchemy import select

from portal.core.clock import now
from portal.core.db import db, write
from portal.core.gate import Caller
from portal.metering.models import UsageDaily, UsageEvent
from portal.tenants import keys
from tests.billing.office import Office


@dataclass
class Meterhouse:
    """Two companies by their owners, and a program with a key for each, and one of the house."""

    desk: Office
    alice: Caller
    charlie: Caller

    @property
    def app(self) -> Flask:
        return self.desk.app

    def key(self, tenant_id: int | None = None, scope: str = "usage") -> str:
        with write() as session:
            return keys.create(session, scope, tenant_id=tenant_id, label="시험", by="test")[1]

    def event(self, name: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON can hold
        event = {
            "id": name,
            "tenant": self.alice.tenant_id,
            "meter": "drawing_views",
            "quantity": 1,
            "at": (now() - timedelta(hours=1)).isoformat(),
        }
        return event | changes

    def send(self, key: str, events: object, once: str = "") -> Any:  # noqa: ANN401 - werkzeug's TestResponse
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        if once:
            headers["Idempotency-Key"] = once
        body = events if isinstance(events, bytes) else msgspec.json.encode({"events": events})
        return self.app.test_client().post("/api/v1/usage/events", data=body, headers=headers)

    def verdicts(self, key: str, *events: dict[str, Any]) -> list[tuple[str, str]]:
        answer = self.send(key, events)
        assert answer.status_code == 200, answer.text
        return [(row["verdict"], row["reason"]) for row in answer.json["results"]]


def raw() -> dict[tuple[int, str, str], tuple[int, int, int]]:
    """The roll-up as the events say it: (company, meter, Seoul day) -> (events, sum, largest)."""
    db.session.rollback()
    found: dict[tuple[int, str, str], tuple[int, int, int]] = {}
    for tenant_id, meter, at, quantity in db.session.execute(
        select(UsageEvent.tenant_id, UsageEvent.meter, UsageEvent.at, UsageEvent.quantity)
    ):
        key = (tenant_id, meter, seoul_day(at))
        events, total, largest = found.get(key, (0, 0, quantity))
        found[key] = (events + 1, total + quantity, max(largest, quantity))
    return found


def rolled() -> dict[tuple[int, str, str], tuple[int, int, int]]:
    """The roll-up as it is written."""
    db.session.rollback()
    rows = db.session.execute(
        select(
            UsageDaily.tenant_id,
            UsageDaily.meter,
            UsageDaily.day,
            UsageDaily.events,
            UsageDaily.quantity,
            UsageDaily.largest,
        )
    )
    return {
        (tenant_id, meter, day.isoformat()): (events, total, largest)
        for tenant_id, meter, day, events, total, largest in rows
    }


def seoul_day(at: datetime) -> str:
    return (at.replace(tzinfo=None) + timedelta(hours=9)).date().isoformat()
