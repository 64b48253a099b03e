"""What every test may ask for: the engines (tests/engines.py), and to be skipped where the machine lacks something."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ("tests.caches", "tests.capabilities", "tests.engines", "tests.thrift")

# No test asserts a time: a machine that is busy with others is slow, not wrong.
settings.register_profile("planroom", deadline=None)
settings.load_profile("planroom")

HERE = Path(__file__).parent
#: Files that take longest. They go first: one that began last would be all that still runs at the end. Of those that need
#: the sample company's first start, only one is among the first, so that nobody else stands and waits for it.
LONGEST = (
    "journey/test_pages_look.py",
    "tenants/test_faults.py",
    "house/test_lifecycle.py",
    "journey/test_main_way.py",
    "design/test_gallery.py",
    "house/test_access.py",
    "retention/test_backups.py",
    "retention/test_destruction.py",
    "ops/test_start.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {HERE / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(LONGEST)))
