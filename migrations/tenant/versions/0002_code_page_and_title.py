"""A person may choose the code page that a revision's letters are read in; a sheet keeps its title block and blocks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("revision", sa.Column("code_page", sa.String(length=20), server_default="", nullable=False))
    for name in ("title", "blocks"):
        op.add_column("sheet", sa.Column(name, sa.JSON(), server_default=sa.text("'{}'"), nullable=False))


def downgrade() -> None:
    op.drop_column("sheet", "blocks")
    op.drop_column("sheet", "title")
    op.drop_column("revision", "code_page")
