"""Usage events into the database: each once, rolled up by Seoul day in the same transaction, whatever comes twice.

One statement writes the events of a batch and tells which of them are new; only those are rolled up. Rows are written in one
order by everybody, so two batches never wait for each other in a circle. The batch travels as one JSON text: a statement with
a parameter for each value took three times as long for 1,000 events on PostgreSQL.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import Date, bindparam, select, text, tuple_
from sqlalchemy.orm import Session

from portal.core.clock import now
from portal.core.db import db
from portal.core.outbox import publish, told
from portal.metering.models import Meter, UsageEvent


@dataclass(frozen=True)
class Event:
    """One thing that was used: `id` is the sender's own, unique in the company; `at` aware; `quantity` in base units."""

    id: str
    tenant_id: int
    meter: str
    quantity: int
    at: datetime
    key: str = ""
    properties: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """Tells whether the same id came with other content."""
        said = [self.meter, self.quantity, self.at.astimezone(UTC), self.key, self.properties]
        return hashlib.sha256(_JSON.encode(said)).hexdigest()

    @cached_property
    def day(self) -> date:
        """The Seoul day it belongs to. Korea keeps one offset all year, so this is plain addition."""
        return (self.at + (SEOUL_OFFSET - (self.at.utcoffset() or timedelta()))).date()


_JSON = msgspec.json.Encoder(order="deterministic")
SEOUL_OFFSET = timedelta(hours=9)
#: Any constant: where the ids of `once_id` begin.
_USES = UUID("8a1d7f2e-5c1b-4a53-9d0e-2f6f4be0c7a1")
#: The columns of an event in the order in which `_row` gives them, with PostgreSQL's types.
_COLUMNS = {
    "tenant_id": "integer",
    "event_id": "text",
    "meter": "text",
    "at": "timestamp",
    "quantity": "bigint",
    "key": "text",
    "properties": "json",
    "digest": "text",
    "source": "text",
    "received_at": "timestamp",
}
_INTO = f"INSERT INTO usage_event ({', '.join(_COLUMNS)})"
_FROM_LIST = ", ".join(f"json_extract(value, '$[{place}]')" for place in range(len(_COLUMNS)))
_FROM_ARRAY = ", ".join(f"CAST(value->>{place} AS {kind})" for place, kind in enumerate(_COLUMNS.values()))
_NEW_ONES = "ON CONFLICT DO NOTHING RETURNING tenant_id, event_id"
#: Made of the names above only; the rows are a parameter.
_STATEMENTS = {
    # Without WHERE, SQLite reads ON as a join's.
    "sqlite": text(f"{_INTO} SELECT {_FROM_LIST} FROM json_each(:rows) WHERE true {_NEW_ONES}"),  # noqa: S608 - our own names
    "postgresql": text(f"{_INTO} SELECT {_FROM_ARRAY} FROM json_array_elements(CAST(:rows AS json)) {_NEW_ONES}"),  # noqa: S608
}

#: Written out, because building this anew for each request took as long as the database needs to carry it out.
_ADD_TO_DAY = text(
    "INSERT INTO usage_daily (tenant_id, meter, day, events, quantity, largest)"
    " VALUES (:tenant_id, :meter, :day, :events, :quantity, :largest)"
    " ON CONFLICT (tenant_id, meter, day) DO UPDATE SET events = usage_daily.events + excluded.events,"
    " quantity = usage_daily.quantity + excluded.quantity,"
    " largest = CASE WHEN usage_daily.largest > excluded.largest THEN usage_daily.largest ELSE excluded.largest END"
).bindparams(bindparam("day", type_=Date))
_SEEN = text(
    "INSERT INTO usage_unique (tenant_id, meter, day, key) VALUES (:tenant_id, :meter, :day, :key) ON CONFLICT DO NOTHING"
).bindparams(bindparam("day", type_=Date))
_METERS = select(Meter).order_by(Meter.position, Meter.key)

#: Verdicts of `take`.
ACCEPTED, DUPLICATE, CONFLICT = "accepted", "duplicate", "conflict"


def meters(*, retired: bool = False) -> dict[str, Meter]:
    """All meters by key, in their order; the retired ones only when asked for."""
    return {row.key: row for row in db.session.scalars(_METERS) if retired or row.retired_at is None}


def note_usage(  # noqa: PLR0913 - what an event is
    session: Session, tenant_id: int, meter: str, quantity: int = 1, key: str = "", *, once: str | None = None
) -> None:
    """Say, inside a company's write(), that something was used; a job counts it on the platform.

    `once` is an id of the caller's making (`once_id`): what was said under it before is not said again.
    """
    publish(session, "usage.happened", tenant_id, meter, quantity, now().isoformat(), key, message_id=once)


def once_id(*parts: object) -> str:
    """The same id for the same parts: of a use that counts once however often it happens."""
    return str(uuid5(_USES, "|".join(str(part) for part in parts)))


def noted(session: Session, once: str) -> bool:
    """Whether this was said already: a look at one row by its key, for pages that only read."""
    return told(session, once)


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


def _write(session: Session, batch: Sequence[Event], source: str) -> set[tuple[int, str]]:
    """Write what is not there yet; the keys of what was new."""
    if not batch:
        return set()
    received = _stored(now())
    rows = [_row(event, source, received) for event in batch]
    statement = _STATEMENTS[session.get_bind().dialect.name]
    written = session.execute(statement, {"rows": _JSON.encode(rows).decode()})
    return {(tenant_id, event_id) for tenant_id, event_id in written}


def _row(event: Event, source: str, received: str) -> list[object]:
    properties = _JSON.encode(event.properties).decode()
    at = _stored(event.at)
    return [
        event.tenant_id,
        event.id,
        event.meter,
        at,
        event.quantity,
        event.key,
        properties,
        event.digest,
        source,
        received,
    ]


def _stored(instant: datetime) -> str:
    """An instant as the column type `Instant` keeps it on SQLite; PostgreSQL reads it too."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


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
    session.execute(_ADD_TO_DAY, [dict(zip(names, (*key, *row), strict=True)) for key, row in sorted(sums.items())])
    if seen:
        session.execute(
            _SEEN, [dict(zip(("tenant_id", "meter", "day", "key"), one, strict=True)) for one in sorted(seen)]
        )


def _digests(session: Session, keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], str]:
    if not keys:
        return {}
    query = select(UsageEvent.tenant_id, UsageEvent.event_id, UsageEvent.digest)
    rows = session.execute(query.where(tuple_(UsageEvent.tenant_id, UsageEvent.event_id).in_(keys)))
    return {(tenant_id, event_id): digest for tenant_id, event_id, digest in rows}
