"""`flask ingest bench`: how many usage events a second this machine takes in."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from portal.core.settings import settings

ingest_commands = AppGroup("ingest", help="Usage events from outside.")


@ingest_commands.command("bench")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--database-url", default="", help="A PostgreSQL server to measure on too; DATABASE_URL when it is one.")
def bench(database_url: str, *, as_json: bool) -> None:
    """Measure batches beside a door that writes row by row, on databases of its own."""
    from portal.metering import bench as measuring  # noqa: PLC0415 - it makes apps, and so leans on the whole house
    from portal.tenants.bench import show  # noqa: PLC0415

    own = settings().database_url
    show(measuring.run(database_url or (own if own.startswith("postgresql") else "")), as_json=as_json)
