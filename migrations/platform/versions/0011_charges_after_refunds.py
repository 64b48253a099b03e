"""A charge that is done leaves room for another of its invoice: for what is open after a refund."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

UNDER_WAY = sa.text("state IN ('created', 'requested', 'unknown')")


def upgrade() -> None:
    op.drop_index("uq_charge_live", "charge")
    op.create_index(
        "uq_charge_live", "charge", ["invoice_id"], unique=True, sqlite_where=UNDER_WAY, postgresql_where=UNDER_WAY
    )
