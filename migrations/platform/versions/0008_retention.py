"""The end of a company: cases, holds, certificates, what the law wants kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portal.core.db import Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_key", sa.String(length=16), nullable=False),
        sa.Column("record_class", sa.String(length=20), nullable=False),
        sa.Column("law", sa.String(length=100), nullable=False),
        sa.Column("keep_until", sa.Date(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_record")),
    )
    with op.batch_alter_table("kept_record", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_kept_record_company_key"), ["company_key"], unique=False)
        batch_op.create_index("ix_kept_record_keep_until", ["keep_until"], unique=False)

    op.create_table(
        "legal_hold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("placed_by", sa.String(length=80), nullable=False),
        sa.Column("placed_at", Instant(), nullable=False),
        sa.Column("lifted_by", sa.String(length=80), nullable=True),
        sa.Column("lifted_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_legal_hold_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_hold")),
    )
    with op.batch_alter_table("legal_hold", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_legal_hold_tenant_id"), ["tenant_id"], unique=False)

    op.create_table(
        "retention_case",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("paid", sa.Boolean(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("lock_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("destroy_on", sa.Date(), nullable=True),
        sa.Column("noticed", sa.JSON(), nullable=False),
        sa.Column("asked_by", sa.String(length=80), nullable=True),
        sa.Column("agreed_by", sa.String(length=80), nullable=True),
        sa.Column("inventory", sa.JSON(), nullable=False),
        sa.Column("done", sa.JSON(), nullable=False),
        sa.Column("state_since", Instant(), nullable=False),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("nudged_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_retention_case_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_case")),
    )
    with op.batch_alter_table("retention_case", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_retention_case_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_retention_case_tenant_id"), ["tenant_id"], unique=False)
        batch_op.create_index(
            "uq_retention_case_live",
            ["tenant_id"],
            unique=True,
            sqlite_where=sa.text("state NOT IN ('destroyed', 'ended')"),
            postgresql_where=sa.text("state NOT IN ('destroyed', 'ended')"),
        )

    op.create_table(
        "destruction_certificate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("company_key", sa.String(length=16), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("issued_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["retention_case.id"], name=op.f("fk_destruction_certificate_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_destruction_certificate")),
        sa.UniqueConstraint("case_id", name=op.f("uq_destruction_certificate_case_id")),
        sa.UniqueConstraint("number", name=op.f("uq_destruction_certificate_number")),
    )


def downgrade() -> None:
    op.drop_table("destruction_certificate")
    with op.batch_alter_table("retention_case", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_retention_case_live",
            sqlite_where=sa.text("state NOT IN ('destroyed', 'ended')"),
            postgresql_where=sa.text("state NOT IN ('destroyed', 'ended')"),
        )
        batch_op.drop_index(batch_op.f("ix_retention_case_tenant_id"))
        batch_op.drop_index(batch_op.f("ix_retention_case_state"))

    op.drop_table("retention_case")
    with op.batch_alter_table("legal_hold", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_legal_hold_tenant_id"))

    op.drop_table("legal_hold")
    with op.batch_alter_table("kept_record", schema=None) as batch_op:
        batch_op.drop_index("ix_kept_record_keep_until")
        batch_op.drop_index(batch_op.f("ix_kept_record_company_key"))

    op.drop_table("kept_record")
