"""Alembic in two trees: migrations/platform for the platform, migrations/tenant for every company's database."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine

from portal.core.db import Instant, Platform, Tenanted

TREES = Path(__file__).resolve().parents[2] / "migrations"
PLATFORM = "platform"
TENANT = "tenant"


def config(tree: str) -> Config:
    made = Config()
    made.set_main_option("script_location", str(TREES / tree))
    return made


def upgrade(engine: Engine, tree: str) -> None:
    """Bring a database to the newest schema of its tree, in one transaction where the engine can."""
    made = config(tree)
    with engine.connect().execution_options(planroom_write=True) as connection, connection.begin():
        made.attributes["connection"] = connection
        command.upgrade(made, "head")


def head(tree: str) -> str:
    """The newest revision of a tree."""
    return ScriptDirectory.from_config(config(tree)).get_current_head() or ""


def current(engine: Engine) -> str:
    """The revision a database is at; empty when it has none."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def revise(tree: str, message: str) -> None:
    """Write the next revision of a tree from what the models have that the newest schema has not."""
    with _scratch(tree) as connection:
        made = config(tree)
        made.attributes["connection"] = connection
        command.revision(
            made, message, autogenerate=True, rev_id=f"{len(list((TREES / tree / 'versions').glob('*.py'))) + 1:04d}"
        )


def missing(tree: str) -> list[Any]:
    """What the models of a tree have that its newest schema has not, or the other way round; empty when they agree."""
    metadata = (Platform if tree == PLATFORM else Tenanted).metadata
    with _scratch(tree) as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))


@contextmanager
def _scratch(tree: str) -> Iterator[Connection]:
    """A connection to an empty database of its own, brought to the newest schema."""
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/scratch.db")
        upgrade(engine, tree)
        with engine.connect() as connection:
            yield connection
        engine.dispose()


def render_item(kind: str, item: object, _context: object) -> str | Literal[False]:
    """How autogenerate writes our own column type."""
    return "Instant()" if kind == "type" and isinstance(item, Instant) else False
