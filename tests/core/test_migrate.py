"""The two schemas are what the models say, on both engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, inspect
from sqlalchemy.pool import NullPool

import portal
from portal.core import migrate
from portal.core.db import Platform, Tenanted, engine_options

if TYPE_CHECKING:
    from pathlib import Path

TREES = [(migrate.PLATFORM, Platform), (migrate.TENANT, Tenanted)]


@pytest.fixture(autouse=True)
def every_table(tmp_path: Path) -> None:
    portal.create_app({"DATA_DIR": str(tmp_path)})


@pytest.mark.parametrize("tree", [migrate.PLATFORM, migrate.TENANT])
def test_the_models_have_nothing_that_the_newest_schema_has_not(tree: str) -> None:
    assert migrate.missing(tree) == []


@pytest.mark.parametrize(("tree", "base"), TREES)
def test_the_schema_is_made_on_postgresql_too_and_a_second_time_changes_nothing(
    tree: str, base: type[Platform], postgres_url: str
) -> None:
    from sqlalchemy import text  # noqa: PLC0415 - one statement

    server = create_engine(postgres_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE migrate_{tree}"))
    url = postgres_url.rpartition("/")[0] + f"/migrate_{tree}"
    engine = create_engine(url, **engine_options(url))
    migrate.upgrade(engine, tree)
    migrate.upgrade(engine, tree)
    assert set(base.metadata.tables) <= set(inspect(engine).get_table_names())
    assert migrate.current(engine) == migrate.head(tree) != ""
    engine.dispose()
    server.dispose()
