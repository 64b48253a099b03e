"""The gallery, served on a free port while its tests run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.design.gallery_app import create_gallery
from tests.serving import answering


@pytest.fixture(scope="session")
def gallery() -> Iterator[str]:
    """The gallery's address."""
    with answering(create_gallery()) as address:
        yield address
