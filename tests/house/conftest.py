"""The whole house with its cast, once for each file of tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from portal.core import db
from tests.house.cast import House, build

if TYPE_CHECKING:
    from tests.engines import RedisServer


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> Iterator[House]:
    made = build(tmp_path_factory.mktemp("house"), redis_server.url)
    yield made
    db.dispose(made.app)
