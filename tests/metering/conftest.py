"""The platform with two companies on SQLite, and where engines differ on PostgreSQL too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.billing.office import Office, office
from tests.metering.world import Meterhouse


def _furnish(desk: Office) -> Meterhouse:
    return Meterhouse(desk, desk.company("한빛종합건설"), desk.company("대성정밀"))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Meterhouse]:
    with office(tmp_path) as desk:
        yield _furnish(desk)


@pytest.fixture(params=["sqlite", "postgresql"])
def each_house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Meterhouse]:
    if request.param == "sqlite":
        with office(tmp_path) as desk:
            yield _furnish(desk)
        return
    url = request.getfixturevalue("postgres_url")
    name = f"metering_{uuid4().hex[:8]}"
    server = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    with office(tmp_path, DATABASE_URL=url.rpartition("/")[0] + f"/{name}") as desk:
        yield _furnish(desk)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
