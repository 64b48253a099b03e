"""Cards, charges, refunds, dunning, transfers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portal.core.db import Instant

revision = "0005"
down_revision = "0004a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deposit_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("imported_at", Instant(), nullable=False),
        sa.Column("imported_by", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deposit_list")),
        sa.UniqueConstraint("sha256", name=op.f("uq_deposit_list_sha256")),
    )
    op.create_table(
        "webhook_call",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("transmission_id", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("order_id", sa.String(length=64), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_call")),
        sa.UniqueConstraint("transmission_id", name=op.f("uq_webhook_call_transmission_id")),
    )
    op.create_table(
        "card",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("customer_key", sa.String(length=64), nullable=False),
        sa.Column("auth_key", sa.String(length=600), nullable=True),
        sa.Column("billing_key", sa.String(length=600), nullable=True),
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("owner_type", sa.String(length=10), nullable=False),
        sa.Column("opened_by", sa.Integer(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("registered_at", Instant(), nullable=True),
        sa.Column("failure_code", sa.String(length=60), nullable=False),
        sa.Column("failure_message", sa.String(length=300), nullable=False),
        sa.Column("state_since", Instant(), nullable=False),
        sa.Column("nudged_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_card_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card")),
        sa.UniqueConstraint("customer_key", name=op.f("uq_card_customer_key")),
    )
    with op.batch_alter_table("card", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_card_tenant_id"), ["tenant_id"], unique=False)
        batch_op.create_index(
            "uq_card_active",
            ["tenant_id"],
            unique=True,
            sqlite_where=sa.text("state = 'active'"),
            postgresql_where=sa.text("state = 'active'"),
        )

    op.create_table(
        "transfer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("deposited_at", Instant(), nullable=False),
        sa.Column("payer", sa.String(length=60), nullable=False),
        sa.Column("memo", sa.String(length=100), nullable=False),
        sa.Column("won", sa.BigInteger(), nullable=False),
        sa.Column("allocated", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["list_id"], ["deposit_list.id"], name=op.f("fk_transfer_list_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_transfer_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_transfer_fingerprint")),
    )
    with op.batch_alter_table("transfer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_transfer_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_transfer_tenant_id"), ["tenant_id"], unique=False)

    op.create_table(
        "charge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("card_id", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("won", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.String(length=64), nullable=False),
        sa.Column("idempotency_key", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("payment_key", sa.String(length=200), nullable=True),
        sa.Column("approval_number", sa.String(length=20), nullable=False),
        sa.Column("receipt_url", sa.String(length=300), nullable=False),
        sa.Column("hard", sa.Boolean(), nullable=False),
        sa.Column("failure_code", sa.String(length=60), nullable=False),
        sa.Column("failure_message", sa.String(length=300), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("requested_at", Instant(), nullable=True),
        sa.Column("resolved_at", Instant(), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("nudged_at", Instant(), nullable=True),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["card.id"], name=op.f("fk_charge_card_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_charge_invoice_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_charge_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charge")),
        sa.UniqueConstraint("invoice_id", "attempt", name=op.f("uq_charge_invoice_id_attempt")),
        sa.UniqueConstraint("order_id", name=op.f("uq_charge_order_id")),
    )
    with op.batch_alter_table("charge", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_charge_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_charge_tenant_id"), ["tenant_id"], unique=False)
        batch_op.create_index(
            "uq_charge_live",
            ["invoice_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('created', 'requested', 'unknown', 'succeeded')"),
            postgresql_where=sa.text("state IN ('created', 'requested', 'unknown', 'succeeded')"),
        )

    op.create_table(
        "dunning",
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reminded_on", sa.Date(), nullable=True),
        sa.Column("limited_at", Instant(), nullable=True),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_dunning_invoice_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_dunning_tenant_id")),
        sa.PrimaryKeyConstraint("invoice_id", name=op.f("pk_dunning")),
    )
    with op.batch_alter_table("dunning", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dunning_next_on"), ["next_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_dunning_tenant_id"), ["tenant_id"], unique=False)

    op.create_table(
        "transfer_allocation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("transfer_id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("won", sa.BigInteger(), nullable=False),
        sa.Column("undone_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_transfer_allocation_invoice_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_transfer_allocation_transfer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_allocation")),
    )
    with op.batch_alter_table("transfer_allocation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_transfer_allocation_invoice_id"), ["invoice_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_transfer_allocation_transfer_id"), ["transfer_id"], unique=False)

    op.create_table(
        "refund",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("charge_id", sa.Integer(), nullable=False),
        sa.Column("won", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("idempotency_key", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("requested_by", sa.String(length=80), nullable=False),
        sa.Column("approved_by", sa.String(length=80), nullable=True),
        sa.Column("surplus", sa.Boolean(), nullable=False),
        sa.Column("failure_code", sa.String(length=60), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("resolved_at", Instant(), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("nudged_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["charge_id"], ["charge.id"], name=op.f("fk_refund_charge_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_refund_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_refund_idempotency_key")),
    )
    with op.batch_alter_table("refund", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_refund_charge_id"), ["charge_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_refund_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_refund_tenant_id"), ["tenant_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("refund", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_refund_tenant_id"))
        batch_op.drop_index(batch_op.f("ix_refund_state"))
        batch_op.drop_index(batch_op.f("ix_refund_charge_id"))

    op.drop_table("refund")
    with op.batch_alter_table("transfer_allocation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_transfer_allocation_transfer_id"))
        batch_op.drop_index(batch_op.f("ix_transfer_allocation_invoice_id"))

    op.drop_table("transfer_allocation")
    with op.batch_alter_table("dunning", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dunning_tenant_id"))
        batch_op.drop_index(batch_op.f("ix_dunning_next_on"))

    op.drop_table("dunning")
    with op.batch_alter_table("charge", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_charge_live",
            sqlite_where=sa.text("state IN ('created', 'requested', 'unknown', 'succeeded')"),
            postgresql_where=sa.text("state IN ('created', 'requested', 'unknown', 'succeeded')"),
        )
        batch_op.drop_index(batch_op.f("ix_charge_tenant_id"))
        batch_op.drop_index(batch_op.f("ix_charge_state"))

    op.drop_table("charge")
    with op.batch_alter_table("transfer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_transfer_tenant_id"))
        batch_op.drop_index(batch_op.f("ix_transfer_state"))

    op.drop_table("transfer")
    with op.batch_alter_table("card", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_card_active", sqlite_where=sa.text("state = 'active'"), postgresql_where=sa.text("state = 'active'")
        )
        batch_op.drop_index(batch_op.f("ix_card_tenant_id"))

    op.drop_table("card")
    op.drop_table("webhook_call")
    op.drop_table("deposit_list")
