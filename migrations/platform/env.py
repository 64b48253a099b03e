"""Alembic's entry for the platform database; core/migrate.py hands the connection in."""

from alembic import context

from portal.core.db import Platform
from portal.core.migrate import render_item

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Platform.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    render_item=render_item,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
