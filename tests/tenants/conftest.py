"""The portal on SQLite, and on both engines in turn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.tenants.premises import Premises, premises

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines import PostgresServer


@pytest.fixture
def on_sqlite(tmp_path: Path, redis_url: str) -> Iterator[Premises]:
    with premises(tmp_path, redis_url) as made:
        yield made


@pytest.fixture
def on_postgres(tmp_path: Path, redis_url: str, postgres: PostgresServer, postgres_url: str) -> Iterator[Premises]:
    with premises(tmp_path, redis_url, postgres) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgres"])
def portal(request: pytest.FixtureRequest) -> Premises:
    """The portal on each engine in turn; the app's context is entered."""
    made: Premises = request.getfixturevalue(f"on_{request.param}")
    return made
