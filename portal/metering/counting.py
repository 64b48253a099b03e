"""Usage events into the database: each once, rolled up by Seoul day in the same transaction, whatever comes twice.

One statement writes the events of a batch and tells which of them are new; only those are rolled up. Rows are written in one
order by everybody, so two batches never wait for each other in a circle.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import case, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.core.clock import SEOUL, now
from portal.core.db import db
from portal.core.outbox import publish
from portal.metering.models import Meter, UsageDaily, UsageEvent, UsageUnique


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that was used: `id` is the sender's own, unique in the company; `at` aware; `quantity` in base units."""

    id: str
    tenant_id: int
    meter: str
    quantity: int
    at: datetime
    key: str = ""
    properties: dict[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Tells whether the same id came with other content."""
        said = [self.meter, self.quantity, self.at.isoformat(), self.key, self.properties]
        return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()

    @property
    def day(self) -> date:
        return self.at.astimezone(SEOUL).date()


#: Verdicts of `take`.
ACCEPTED, DUPLICATE, CONFLICT = "accepted", "duplicate", "conflict"


def meters(*, retired: bool = False) -> dict[str, Meter]:
    """All meters by key, in their order; the retired ones only when asked for."""
    query = select(Meter).order_by(Meter.position, Meter.key)
    return {row.key: row for row in db.session.scalars(query) if retired or row.retired_at is None}


def note_usage(session: Session, tenant_id: int, meter: str, quantity: int = 1, key: str = "") -> None:
    """Say, inside a company's write(), that something was used; a job counts it on the platform."""
    publish(session, "usage.happened", tenant_id, meter, quantity, now().isoformat(), key)


def take(session: Session, events: Sequence[Event], source: str) -> list[str]:
    """Count events inside write(). Returns ACCEPTED, DUPLICATE or CONFLICT for each, in their order.

    An id that comes twice in one batch counts once; meters and companies must exist.
    """
    first: dict[tuple[int, str], Event] = {}
    for event in events:
        first.setdefault((event.tenant_id, event.id), event)
    batch = sorted(first.values(), key=lambda event: (event.tenant_id, event.id))
    new = _write(session, batch, source)
    _roll_up(session, [event for event in batch if (event.tenant_id, event.id) in new])
    known = _digests(session, [key for key in first if key not in new])
    verdicts = []
    told: set[tuple[int, str]] = set()
    for event in events:
        key = (event.tenant_id, event.id)
        digest = first[key].digest if key in new else known.get(key, "")
        if event.digest != digest:
            verdicts.append(CONFLICT)
        elif key in new and key not in told:
            verdicts.append(ACCEPTED)
        else:
            verdicts.append(DUPLICATE)
        told.add(key)
    return verdicts


def _insert(session: Session) -> Any:  # noqa: ANN401 - one of two functions of the same shape
    return postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert


def _write(session: Session, batch: Sequence[Event], source: str) -> set[tuple[int, str]]:
    """Write what is not there yet; the keys of what was new."""
    if not batch:
        return set()
    moment = now()
    rows = [
        {
            "tenant_id": event.tenant_id,
            "event_id": event.id,
            "meter": event.meter,
            "at": event.at,
            "quantity": event.quantity,
            "key": event.key,
            "properties": event.properties,
            "digest": event.digest,
            "source": source,
            "received_at": moment,
        }
        for event in batch
    ]
    statement = _insert(session)(UsageEvent).values(rows).on_conflict_do_nothing()
    written = session.execute(statement.returning(UsageEvent.tenant_id, UsageEvent.event_id))
    return {(tenant_id, event_id) for tenant_id, event_id in written}


def _roll_up(session: Session, events: Iterable[Event]) -> None:
    sums: dict[tuple[int, str, date], list[int]] = {}
    seen: set[tuple[int, str, date, str]] = set()
    for event in events:
        row = sums.setdefault((event.tenant_id, event.meter, event.day), [0, 0, event.quantity])
        row[0] += 1
        row[1] += event.quantity
        row[2] = max(row[2], event.quantity)
        if event.key:
            seen.add((event.tenant_id, event.meter, event.day, event.key))
    if not sums:
        return
    names = ("tenant_id", "meter", "day", "events", "quantity", "largest")
    values = [dict(zip(names, (*key, *row), strict=True)) for key, row in sorted(sums.items())]
    statement = _insert(session)(UsageDaily).values(values)
    given = statement.excluded
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "meter", "day"],
            set_={
                "events": UsageDaily.events + given.events,
                "quantity": UsageDaily.quantity + given.quantity,
                "largest": case((UsageDaily.largest > given.largest, UsageDaily.largest), else_=given.largest),
            },
        )
    )
    if seen:
        keys = [dict(zip(("tenant_id", "meter", "day", "key"), one, strict=True)) for one in sorted(seen)]
        session.execute(_insert(session)(UsageUnique).values(keys).on_conflict_do_nothing())


def _digests(session: Session, keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], str]:
    if not keys:
        return {}
    query = select(UsageEvent.tenant_id, UsageEvent.event_id, UsageEvent.digest)
    rows = session.execute(query.where(tuple_(UsageEvent.tenant_id, UsageEvent.event_id).in_(keys)))
    return {(tenant_id, event_id): digest for tenant_id, event_id, digest in rows}
