"""The workshop of the Assistant's tests: every schema made into code once."""

from __future__ import annotations

import pytest

from tests.assistant.workshop import FILES, Made, make
from tests.desk.office import Office, office

__all__ = ["Office", "office"]


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> list[Made]:
    return make(FILES, tmp_path_factory.mktemp("workshop"))
