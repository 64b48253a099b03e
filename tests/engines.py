"""Real engines for tests: Redis, Redis with Sentinel, PostgreSQL, an S3 server, Chromium.

Each starts when the first test asks for it, keeps its data in a temporary folder outside the checkout, and is ended with
the run: by the fixture, and by the kernel when the run itself is killed (`start_tethered`).
"""

from __future__ import annotations

import contextlib
import json
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from redis import Redis
from redis.exceptions import RedisError

from jobs import engines
from jobs import postgres as postgresql
from tests.capabilities import chromium_path, need
from tests.ports import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

PATIENCE = 30


def wait_for(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Return when `condition()` is true; fail the test with `what` when it is not after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:g} s in vain until {what}")
        time.sleep(0.02)


def start_tethered(
    command: list[str],
    *,
    end: signal.Signals = signal.SIGTERM,
    **options: Any,  # noqa: ANN401 - whatever Popen takes
) -> subprocess.Popen[bytes]:
    """Start `command` so that the kernel sends it `end` when this run dies, however that happens."""
    return subprocess.Popen(engines.tethered(command, end), **options)


def stop(process: subprocess.Popen[bytes], end: signal.Signals = signal.SIGTERM) -> None:
    """End a process started by `start_tethered`; with force when it takes longer than 10 s."""
    if process.poll() is None:
        process.send_signal(end)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def engine_folder() -> Iterator[Path]:
    """A folder with a short name, because a socket's path may have 107 letters at most."""
    with tempfile.TemporaryDirectory(prefix="planroom-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


# ----- Redis -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class RedisServer:
    """One server of the kind that `make run` starts, on a loopback port. `folder` keeps its data over a restart."""

    folder: Path
    port: int = field(default_factory=free_port)
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> RedisServer:
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [
            str(engines.redis_binary()),
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(self.folder),
        ]
        with (self.folder / "log").open("ab") as log:
            self.process = start_tethered([*command, "--save", "", *self.options], stdout=log, stderr=log)
        wait_for(self.answers, f"Redis answers on port {self.port}")
        return self

    def answers(self) -> bool:
        with contextlib.suppress(RedisError), Redis(port=self.port, socket_timeout=1) as client:
            return bool(client.ping())
        return False

    def said(self, section: str) -> str:
        """The text of INFO's section."""
        with Redis(port=self.port, decode_responses=True) as client:
            client.set_response_callback("INFO", str)
            return str(client.execute_command("INFO", section))

    def stop(self, end: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None:
            stop(self.process, end)
            self.process = None


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


@dataclass(slots=True)
class Sentinels:
    """One master, two replicas, three sentinels, with the settings that lost nothing in the measured fail-overs."""

    folder: Path
    master_name: str = "planroom"
    servers: list[RedisServer] = field(default_factory=list)
    watchers: list[RedisServer] = field(default_factory=list)

    @property
    def setting(self) -> str:
        """The value of REDIS_SENTINELS."""
        return ",".join(f"127.0.0.1:{watcher.port}" for watcher in self.watchers)

    def master(self) -> RedisServer:
        """The server that the sentinels name now."""
        with Redis(port=self.watchers[0].port, decode_responses=True) as client:
            _, port = client.execute_command("SENTINEL", "get-master-addr-by-name", self.master_name)
        return next(server for server in self.servers if server.port == int(port))

    def start(self) -> Sentinels:
        first = RedisServer(self.folder / "server0", options=("--appendonly", "yes")).start()
        follow = ("--appendonly", "yes", "--replicaof", "127.0.0.1", str(first.port))
        self.servers = [first, *(RedisServer(self.folder / f"server{n}", options=follow).start() for n in (1, 2))]
        self.watchers = [self._watcher(number, first.port) for number in range(3)]
        wait_for(self._all_known, "every sentinel knows the replicas and the other sentinels")
        return self

    def _watcher(self, number: int, master_port: int) -> RedisServer:
        folder = self.folder / f"sentinel{number}"
        folder.mkdir(parents=True)
        rules = folder / "sentinel.conf"
        rules.write_text(
            f"sentinel monitor {self.master_name} 127.0.0.1 {master_port} 2\n"
            f"sentinel down-after-milliseconds {self.master_name} 3000\n"
            f"sentinel failover-timeout {self.master_name} 10000\n"
        )
        watcher = RedisServer(folder)
        command = [str(engines.redis_binary()), str(rules), "--sentinel", "--port", str(watcher.port)]
        with (folder / "log").open("ab") as log:
            watcher.process = start_tethered(
                [*command, "--bind", "127.0.0.1", "--dir", str(folder)], stdout=log, stderr=log
            )
        wait_for(watcher.answers, "a sentinel answers")
        return watcher

    def _all_known(self) -> bool:
        for watcher in self.watchers:
            with Redis(port=watcher.port, decode_responses=True) as client:
                said = client.execute_command("SENTINEL", "master", self.master_name)
                facts = said if isinstance(said, dict) else dict(zip(said[::2], said[1::2], strict=True))
            if (int(facts["num-slaves"]), int(facts["num-other-sentinels"])) != (2, 2):
                return False
        return all("master_link_status:up" in server.said("replication") for server in self.servers[1:])

    def stop(self) -> None:
        for server in (*self.watchers, *self.servers):
            server.stop(signal.SIGKILL)


@pytest.fixture
def sentinels(engine_folder: Path) -> Iterator[Sentinels]:
    """A Redis that survives the loss of its master; the test may kill what it likes."""
    group = Sentinels(Path(tempfile.mkdtemp(prefix="sentinels-", dir=engine_folder)))
    try:
        yield group.start()
    finally:
        group.stop()


# ----- PostgreSQL ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class PostgresServer:
    """A PostgreSQL on a loopback port, with passwords asked of everybody, as in production."""

    folder: Path
    port: int = field(default_factory=free_port)
    password: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """SQLAlchemy's URL of the superuser on database `postgres`."""
        return f"postgresql+psycopg://postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", password=self.password, dbname=database, autocommit=True
        )

    def start(self) -> PostgresServer:
        programs = postgresql.programs(self.folder.parent)
        if not (self.folder / "PG_VERSION").exists():
            postgresql.create(self.folder, programs, self.password)
        command = postgresql.command(self.folder, programs, self.port)
        with (self.folder.parent / "postgres.log").open("ab") as log:
            self.process = start_tethered(command, end=signal.SIGINT, stdout=log, stderr=log, **postgresql.as_nobody())
        wait_for(self.answers, f"PostgreSQL answers; see {self.folder.parent / 'postgres.log'}")
        return self

    def answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError), self.connect():
            return True
        return False

    def stop(self, end: signal.Signals = signal.SIGINT) -> None:
        """SIGINT is PostgreSQL's word for a fast and clean end."""
        if self.process is not None:
            stop(self.process, end)
            self.process = None


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
    answers = ("status of 422", "status of 409")
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
