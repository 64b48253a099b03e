"""The gallery, served on a free port while its tests run."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest
from werkzeug.serving import make_server

from tests.design.gallery_app import create_gallery


@pytest.fixture(scope="session")
def gallery() -> Iterator[str]:
    """The gallery's address."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, create_gallery(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(timeout=5)
    server.server_close()
