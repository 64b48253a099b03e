"""Electronic tax invoices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portal.core.db import Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tax_invoice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("original_id", sa.Integer(), nullable=True),
        sa.Column("modify_code", sa.Integer(), nullable=True),
        sa.Column("sheet", sa.String(length=10), nullable=False),
        sa.Column("management_key", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("purpose", sa.String(length=4), nullable=False),
        sa.Column("write_date", sa.Date(), nullable=False),
        sa.Column("issue_by", sa.Date(), nullable=False),
        sa.Column("file_by", sa.Date(), nullable=True),
        sa.Column("supply", sa.BigInteger(), nullable=False),
        sa.Column("vat", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("approval_number", sa.String(length=24), nullable=True),
        sa.Column("state_code", sa.String(length=10), nullable=False),
        sa.Column("failure_code", sa.String(length=60), nullable=False),
        sa.Column("failure_message", sa.String(length=300), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("requested_at", Instant(), nullable=True),
        sa.Column("issued_at", Instant(), nullable=True),
        sa.Column("filed_at", Instant(), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("look_at", Instant(), nullable=True),
        sa.Column("asked_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_tax_invoice_invoice_id")),
        sa.ForeignKeyConstraint(["original_id"], ["tax_invoice.id"], name=op.f("fk_tax_invoice_original_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_tax_invoice_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tax_invoice")),
        sa.UniqueConstraint("invoice_id", "position", name=op.f("uq_tax_invoice_invoice_id_position")),
        sa.UniqueConstraint("management_key", name=op.f("uq_tax_invoice_management_key")),
    )
    with op.batch_alter_table("tax_invoice", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tax_invoice_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_tax_invoice_tenant_id"), ["tenant_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("tax_invoice", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tax_invoice_tenant_id"))
        batch_op.drop_index(batch_op.f("ix_tax_invoice_state"))

    op.drop_table("tax_invoice")
