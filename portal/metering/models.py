"""Meters, what was used, and what a company may use: events, their roll-up by Seoul day, seats, entitlements.

The events are the truth; the roll-up is written in the same statement's transaction, so the two never differ. Quantities are
whole numbers in the meter's base unit (bytes, sheets, times).
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.accounts.models import Person
from portal.core.db import Model, retained
from portal.tenants.models import Tenant

#: Events outgrow 32 bits; SQLite numbers rows by itself only under the plain type.
LONG_ID = BigInteger().with_variant(Integer, "sqlite")


class Aggregation(StrEnum):
    """How the events of a period become one number."""

    COUNT = "count"  #: how many events
    SUM = "sum"  #: their quantities added
    MAX = "max"  #: the largest quantity
    LATEST = "latest"  #: the last quantity
    UNIQUE = "unique"  #: how many different keys
    WEIGHTED = "weighted"  #: events are changes (+/-) of a level; its mean over the period, by time


class Meter(Model):
    """Something that is counted. Meters are data: a new one needs no release.

    `scale` base units are one of `unit` on a page and in a price (1,000,000,000 bytes are one GB).
    """

    __tablename__ = "meter"
    __table_args__ = ({"info": retained("operations", None)},)

    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    unit: Mapped[str] = mapped_column(String(20))
    scale: Mapped[int] = mapped_column(BigInteger, default=1)
    aggregation: Mapped[Aggregation] = mapped_column(String(10))
    position: Mapped[int]
    retired_at: Mapped[datetime | None]


class UsageEvent(Model):
    """One thing that was used. A company sends each under an id of its own once; `digest` tells whether it is the same."""

    __tablename__ = "usage_event"
    __table_args__ = (
        UniqueConstraint("tenant_id", "event_id"),
        Index("ix_usage_event_tenant_id_meter_at", "tenant_id", "meter", "at"),
        {"info": retained("usage", "tenant_id")},
    )

    id: Mapped[int] = mapped_column(LONG_ID, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey(Tenant.id))
    event_id: Mapped[str] = mapped_column(String(80))
    meter: Mapped[str] = mapped_column(ForeignKey(Meter.key))
    at: Mapped[datetime]
    quantity: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[str] = mapped_column(String(80), default="")
    properties: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    digest: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(String(20))
    """Where it came from: "product", or "api_key:7"."""
    received_at: Mapped[datetime]


class UsageDaily(Model):
    """The roll-up: what one company used of one meter on one Seoul day."""

    __tablename__ = "usage_daily"
    __table_args__ = ({"info": retained("usage", "tenant_id")},)

    tenant_id: Mapped[int] = mapped_column(ForeignKey(Tenant.id), primary_key=True)
    meter: Mapped[str] = mapped_column(ForeignKey(Meter.key), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    events: Mapped[int]
    quantity: Mapped[int] = mapped_column(BigInteger)
    largest: Mapped[int] = mapped_column(BigInteger)


class UsageUnique(Model):
    """A key that was seen on a day, for meters that count different ones (they do not add up over days)."""

    __tablename__ = "usage_unique"
    __table_args__ = ({"info": retained("usage", "tenant_id")},)

    tenant_id: Mapped[int] = mapped_column(ForeignKey(Tenant.id), primary_key=True)
    meter: Mapped[str] = mapped_column(ForeignKey(Meter.key), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(80), primary_key=True)


class IngestReply(Model):
    """The first answer under an Idempotency-Key, given again to whoever asks again with the same body."""

    __tablename__ = "ingest_reply"
    __table_args__ = (UniqueConstraint("key_id", "idempotency_key"), {"info": retained("operations", None)})

    id: Mapped[int] = mapped_column(primary_key=True)
    key_id: Mapped[int]
    idempotency_key: Mapped[str] = mapped_column(String(300))
    request_digest: Mapped[str] = mapped_column(String(64))
    answer: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(index=True)


class Seat(Model):
    """A licence in somebody's name, over a half-open span of time. At most one open seat a person and company."""

    __tablename__ = "seat"
    __table_args__ = (
        Index(
            "uq_seat_open",
            "tenant_id",
            "person_id",
            unique=True,
            sqlite_where=text("released_at IS NULL"),
            postgresql_where=text("released_at IS NULL"),
        ),
        {"info": retained("usage", "tenant_id")},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey(Tenant.id))
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id), index=True)
    assigned_at: Mapped[datetime]
    assigned_by: Mapped[str] = mapped_column(String(80))
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None] = mapped_column(String(80))


class Entitlement(Model):
    """What a company may use: `limit_value` in the limit's base unit, None without end. Rooms above ask by `key`."""

    __tablename__ = "entitlement"
    __table_args__ = (UniqueConstraint("tenant_id", "key"), {"info": retained("contract", "tenant_id")})

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey(Tenant.id))
    key: Mapped[str] = mapped_column(String(40))
    limit_value: Mapped[int | None] = mapped_column(BigInteger)
    source: Mapped[str] = mapped_column(String(80))
    """What gave it: "trial", or "subscription:3"."""
    since: Mapped[datetime]


class LimitNotice(Model):
    """The owner was told that so many percent of a limit are used. A changed limit is another one."""

    __tablename__ = "limit_notice"
    __table_args__ = ({"info": retained("usage", "tenant_id")},)

    tenant_id: Mapped[int] = mapped_column(ForeignKey(Tenant.id), primary_key=True)
    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    limit_value: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    percent: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
