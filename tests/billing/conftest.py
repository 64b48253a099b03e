"""The office on SQLite, and where engines differ on PostgreSQL too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.billing.office import Office, office


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def each_desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    if request.param == "sqlite":
        with office(tmp_path) as made:
            yield made
        return
    url = request.getfixturevalue("postgres_url")
    name = f"billing_{uuid4().hex[:8]}"
    server = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    with office(tmp_path, DATABASE_URL=url.rpartition("/")[0] + f"/{name}") as made:
        yield made
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
