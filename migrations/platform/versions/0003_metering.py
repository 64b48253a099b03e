"""Meters, usage events and their roll-up, seats, entitlements."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portal.core.db import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ingest_reply",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=300), nullable=False),
        sa.Column("request_digest", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ingest_reply")),
        sa.UniqueConstraint("key_id", "idempotency_key", name=op.f("uq_ingest_reply_key_id_idempotency_key")),
    )
    with op.batch_alter_table("ingest_reply", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ingest_reply_at"), ["at"], unique=False)

    op.create_table(
        "meter",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("scale", sa.BigInteger(), nullable=False),
        sa.Column("aggregation", sa.String(length=10), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("retired_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meter")),
    )
    op.create_table(
        "entitlement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("limit_value", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_entitlement_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entitlement")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_entitlement_tenant_id_key")),
    )
    op.create_table(
        "limit_notice",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("limit_value", sa.BigInteger(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_limit_notice_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "key", "limit_value", "percent", name=op.f("pk_limit_notice")),
    )
    op.create_table(
        "seat",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("assigned_at", Instant(), nullable=False),
        sa.Column("assigned_by", sa.String(length=80), nullable=False),
        sa.Column("released_at", Instant(), nullable=True),
        sa.Column("released_by", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_seat_person_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_seat_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat")),
    )
    with op.batch_alter_table("seat", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_seat_person_id"), ["person_id"], unique=False)
        batch_op.create_index(
            "uq_seat_open",
            ["tenant_id", "person_id"],
            unique=True,
            sqlite_where=sa.text("released_at IS NULL"),
            postgresql_where=sa.text("released_at IS NULL"),
        )

    op.create_table(
        "usage_daily",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("meter", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("largest", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["meter"], ["meter.key"], name=op.f("fk_usage_daily_meter")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_usage_daily_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "meter", "day", name=op.f("pk_usage_daily")),
    )
    op.create_table(
        "usage_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.String(length=80), nullable=False),
        sa.Column("meter", sa.String(length=40), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("properties", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["meter"], ["meter.key"], name=op.f("fk_usage_event_meter")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_usage_event_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_event")),
        sa.UniqueConstraint("tenant_id", "event_id", name=op.f("uq_usage_event_tenant_id_event_id")),
    )
    with op.batch_alter_table("usage_event", schema=None) as batch_op:
        batch_op.create_index("ix_usage_event_tenant_id_meter_at", ["tenant_id", "meter", "at"], unique=False)

    op.create_table(
        "usage_unique",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("meter", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["meter"], ["meter.key"], name=op.f("fk_usage_unique_meter")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_usage_unique_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "meter", "day", "key", name=op.f("pk_usage_unique")),
    )
    _house_meters()


def _house_meters() -> None:
    """What the product itself counts. Staff add others."""
    names = ("key", "name", "unit", "scale", "aggregation")
    rows = (
        ("drawing_views", "도면 열람", "회", 1, "sum"),
        ("uploads", "도면 올리기", "건", 1, "sum"),
        ("renders", "도면 변환", "회", 1, "sum"),
        ("stored_bytes", "저장 용량", "GB", 1_000_000_000, "weighted"),
    )
    meter = sa.table("meter", *(sa.column(name) for name in (*names, "position")))
    op.bulk_insert(meter, [dict(zip((*names, "position"), (*row, n), strict=True)) for n, row in enumerate(rows)])


def downgrade() -> None:
    op.drop_table("usage_unique")
    with op.batch_alter_table("usage_event", schema=None) as batch_op:
        batch_op.drop_index("ix_usage_event_tenant_id_meter_at")

    op.drop_table("usage_event")
    op.drop_table("usage_daily")
    with op.batch_alter_table("seat", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_seat_open", sqlite_where=sa.text("released_at IS NULL"), postgresql_where=sa.text("released_at IS NULL")
        )
        batch_op.drop_index(batch_op.f("ix_seat_person_id"))

    op.drop_table("seat")
    op.drop_table("limit_notice")
    op.drop_table("entitlement")
    op.drop_table("meter")
    with op.batch_alter_table("ingest_reply", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ingest_reply_at"))

    op.drop_table("ingest_reply")
