"""What a drawing names is looked up among the company's files, and remembered at its revision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portal.core.db import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("revision", sa.Column("given", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("revision", sa.Column("given_key", sa.String(length=12), server_default="", nullable=False))
    op.create_table(
        "reference_name",
        sa.Column("render_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["render_id"], ["render.id"], name=op.f("fk_reference_name_render_id")),
        sa.PrimaryKeyConstraint("render_id", "key", name=op.f("pk_reference_name")),
        info={"record_class": "customer_content", "subject": None},
    )
    with op.batch_alter_table("reference_name", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reference_name_key"), ["key"], unique=False)
    op.create_table(
        "reference_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("folder_id", sa.Integer(), nullable=True),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("received_by", sa.Integer(), nullable=False),
        sa.Column("received_by_name", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["folder_id"], ["folder.id"], name=op.f("fk_reference_file_folder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_file")),
        info={"record_class": "customer_content", "subject": None},
    )
    with op.batch_alter_table("reference_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reference_file_key"), ["key"], unique=False)
        batch_op.create_index(batch_op.f("ix_reference_file_sha256"), ["sha256"], unique=False)


def downgrade() -> None:
    op.drop_table("reference_file")
    op.drop_table("reference_name")
    with op.batch_alter_table("revision", schema=None) as batch_op:
        batch_op.drop_column("given_key")
        batch_op.drop_column("given")
