"""Real engines for tests: Redis, Redis with Sentinel, PostgreSQL, an S3 server, Chromium.

Each starts when the first test asks for it, keeps its data in a temporary folder outside the checkout, and is ended with
the run: by the fixture, and by the kernel when the run itself is killed. The servers themselves are in jobs/servers.py.
"""

from __future__ import annotations

import json
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from jobs.servers import PostgresServer, RedisServer, Sentinels, start_tethered, stop
from tests.capabilities import chromium_path, need

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

PATIENCE = 30


def wait_for(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Return when `condition()` is true; fail the test with `what` when it is not after `seconds`.

    Looking takes at most half of the time, and ever less: whoever looks at a page all the time keeps a core from those
    who are waited for.
    """
    begun = time.monotonic()
    while not _holds(condition):
        waited = time.monotonic() - begun
        if waited > seconds:
            pytest.fail(f"waited {seconds:g} s in vain until {what}")
        time.sleep(min(max(0.02, waited / 10), 1.0))


def _holds(condition: Callable[[], bool]) -> bool:
    begun = time.monotonic()
    found = condition()
    if not found:
        time.sleep(min(time.monotonic() - begun, 1.0))
    return found


@pytest.fixture(scope="session")
def engine_folder() -> Iterator[Path]:
    """A folder with a short name, because a socket's path may have 107 letters at most."""
    with tempfile.TemporaryDirectory(prefix="planroom-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


# ----- Redis -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def redis_server(engine_folder: Path) -> Iterator[RedisServer]:
    """The run's Redis; a test that kills one starts its own `RedisServer`."""
    server = RedisServer(engine_folder / "redis").start()
    yield server
    server.stop()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The address of an empty Redis."""
    with Redis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url


@pytest.fixture
def sentinels(engine_folder: Path) -> Iterator[Sentinels]:
    """A Redis that survives the loss of its master; the test may kill what it likes."""
    group = Sentinels(Path(tempfile.mkdtemp(prefix="sentinels-", dir=engine_folder)))
    try:
        yield group.start()
    finally:
        group.stop()


@pytest.fixture
def cut_off(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Call it, and this process has no Redis any more."""

    def gone(*_words: object, **_named: object) -> None:
        raise RedisConnectionError

    def cut() -> None:
        for way in ("redis.client.Redis.execute_command", "redis.client.Pipeline.execute", "portal.core.lane.Lane.ask"):
            monkeypatch.setattr(way, gone)

    return cut


# ----- PostgreSQL ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres(engine_folder: Path) -> Iterator[PostgresServer]:
    """The run's PostgreSQL; a test that kills one starts its own `PostgresServer`."""
    server = PostgresServer(engine_folder / "postgres").start()
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """The superuser's URL; databases and roles that the test leaves behind are dropped after it."""
    before = _databases_and_roles(postgres)
    yield postgres.url
    databases, roles = (now - then for now, then in zip(_databases_and_roles(postgres), before, strict=True))
    with postgres.connect() as connection:
        for name in databases:
            connection.execute(f'ALTER DATABASE "{name}" IS_TEMPLATE false')
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        for name in roles:
            connection.execute(f'DROP OWNED BY "{name}"')
            connection.execute(f'DROP ROLE "{name}"')


def _databases_and_roles(postgres: PostgresServer) -> tuple[set[str], set[str]]:
    with postgres.connect() as connection:
        databases = connection.execute("SELECT datname FROM pg_database").fetchall()
        roles = connection.execute("SELECT rolname FROM pg_roles").fetchall()
    return {str(row[0]) for row in databases}, {str(row[0]) for row in roles}


# ----- S3 --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address, `http://127.0.0.1:port`, of an S3 server that takes any key."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - takes half a second, and few tests ask for it

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_url(s3_server: str) -> str:
    """A BLOB_URL with an empty bucket of its own."""
    import boto3  # noqa: PLC0415 - see s3_server

    bucket = f"planroom-{secrets.token_hex(6)}"
    client = boto3.client(
        "s3", endpoint_url=s3_server, aws_access_key_id="key", aws_secret_access_key="secret", region_name="us-east-1"
    )
    client.create_bucket(Bucket=bucket)
    return f"s3://key:secret@{s3_server.removeprefix('http://')}/{bucket}"


# ----- browser ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the run; each test opens a `tab`."""
    need("chromium")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - not there where `needs` says so

    with sync_playwright() as playwright:
        # Root has no user namespaces to put the browser's own sandbox in; it only sees pages of this run.
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A Korean reader's browser window of 1440 x 900, which fails the test for a console error or a CSP report."""
    context = browser.new_context(locale="ko-KR", timezone_id="Asia/Seoul", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    # A refused form (422) or a lost race (409) is an answer like others; Chromium writes an error line for it all the same.
    # So it does when it takes up a connection that the server is just closing; it asks again by itself.
    answers = ("status of 422", "status of 409", "net::ERR_SOCKET_NOT_CONNECTED")
    page.on("console", lambda said: complaints.append(said.text) if _is_error(said, answers) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert not complaints, complaints


def _is_error(said: ConsoleMessage, answers: tuple[str, ...]) -> bool:
    return said.type == "error" and not any(answer in said.text for answer in answers)


def print_on_both(measure: Callable[[str], object]) -> None:
    """Print as JSON what `measure` finds out, given the URL of a PostgreSQL server that is there only for it."""
    with tempfile.TemporaryDirectory(prefix="planroom-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        server = PostgresServer(Path(name) / "postgres").start()
        try:
            sys.stdout.write(json.dumps(measure(server.url), ensure_ascii=False) + "\n")
        finally:
            server.stop()


__all__ = [
    "PATIENCE",
    "PostgresServer",
    "RedisServer",
    "Sentinels",
    "print_on_both",
    "start_tethered",
    "stop",
    "wait_for",
]
