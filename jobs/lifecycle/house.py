"""A whole portal of its own for one run: folder, ports, engines, the Procfile's processes, and the hand on its clock."""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from string import Template
from typing import Any, Protocol, TypeVar

import httpx
import psycopg
from flask import Flask

from jobs import checks, postgres
from jobs.engines import redis_binary, tethered
from jobs.lifecycle.forked import Forked
from jobs.lifecycle.record import StepFailed
from jobs.lifecycle.visitor import Visitor
from jobs.manager import ROOT, procfile
from jobs.start import MARK, end_strays, surroundings
from portal import create_app
from portal.core import clock, db
from portal.core.migrate import PLATFORM, upgrade
from portal.core.settings import NAMES

SQLITE, POSTGRESQL = "sqlite", "postgresql"
ENGINES = (SQLITE, POSTGRESQL)
#: Nothing of a walk takes this long, not on a busy machine either; whoever waits longer waits in vain.
PATIENCE = 120.0
STARTS_WITHIN = 60.0
#: Looking costs the same cores that do what is waited for, so the looks grow rarer.
TICK, LONGEST_TICK = 0.05, 0.3
Found = TypeVar("Found")
#: Outside, in this order: what the others need comes first.
FIRST = ("redis", "sandbox")


class Process(Protocol):
    """A process of the house, started or forked."""

    def poll(self) -> int | None:
        """Its exit code, None while it runs."""

    def send_signal(self, sig: int, /) -> None:
        """Tell it to end."""

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code once it has ended; TimeoutExpired when it takes longer."""


@dataclass(slots=True)
class House:
    """A running portal: where it answers, the app of this process on the same data, its processes by name."""

    folder: Path
    engine: str
    environ: dict[str, str]
    app: Flask
    processes: dict[str, Process] = field(default_factory=dict)
    browsers: list[Visitor] = field(default_factory=list)
    #: One for all looks: a client for each would read the certificates each time, and that costs more than the look.
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=10, trust_env=False))

    @property
    def data(self) -> Path:
        return Path(self.environ["DATA_DIR"])

    @property
    def url(self) -> str:
        return self.environ["PUBLIC_URL"]

    def browser(self) -> Visitor:
        """A browser for one person; all of them end with the house."""
        self.browsers.append(Visitor(self.url))
        return self.browsers[-1]

    def now(self) -> datetime:
        """The portal's instant."""
        with self.app.app_context():
            return clock.now()

    def set_clock(self, moment: datetime) -> None:
        """Move the clock of every process, as `flask clock set` does."""
        with self.app.app_context():
            clock.set_to(moment)

    def outside(self, path: str, **params: str) -> Any:  # noqa: ANN401 - whatever JSON the sandbox tells
        """What the sandbox tells under `/_control/`."""
        address = f"http://127.0.0.1:{self.environ['SANDBOX_PORT']}/_control/{path}"
        return self.client.get(address, params=params).raise_for_status().json()

    def wait(self, look: Callable[[], Found], what: str, seconds: float = PATIENCE) -> Found:
        """The first true answer of `look`, asked again and again. Raises StepFailed when there is none in time."""
        deadline, pause = time.monotonic() + seconds, TICK
        while True:
            if found := look():
                return found
            if time.monotonic() > deadline:
                raise StepFailed(f"waited {seconds:g} s in vain: {what}. {self.complaints()}")
            for name, process in self.processes.items():
                if process.poll() is not None:
                    raise StepFailed(f"the process {name} ended while waiting: {what}. {self.complaints()}")
            time.sleep(pause)
            pause = min(pause * 1.3, LONGEST_TICK)

    def complaints(self) -> str:
        """The last lines of the logs that tell of trouble."""
        told = []
        for log in sorted((self.data / "logs").glob("*.log")):
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            told += [f"{log.stem}: {line}" for line in lines if "ERROR" in line or "Error" in line][-3:]
        return " | ".join(told[-8:])

    def start(self, name: str, command: list[str], **options: Any) -> None:  # noqa: ANN401 - whatever Popen takes
        """Start a process that dies with this one; what it says goes into its log."""
        with (self.folder / f"{name}.log" if options else self.data / "logs" / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                tethered(command), env=self.environ, cwd=ROOT, stdout=log, stderr=log, **options
            )

    def fork(self, name: str, words: list[str]) -> None:
        """`python -m jobs ...` as a child of this process, which has loaded the house already."""
        db.dispose(self.app)
        self.processes[name] = Forked.begin(self.data / "logs" / f"{name}.log", self.environ, words)


@contextmanager
def open_house(engine: str) -> Iterator[House]:
    """A portal on an engine, empty and answering; gone with everything it wrote at the end of the block.

    Raises EngineMissingError (with what to install) when the machine has no such engine, StartRefused for a bad folder.
    """
    redis_binary()
    folder = Path(tempfile.mkdtemp(prefix="planroom-"))
    folder.chmod(0o755)  # PostgreSQL may have to run as another user
    data = folder / "data"
    app: Flask | None = None
    house: House | None = None
    try:
        checks.folder(data)
        data.chmod(0o700)
        (data / "run").mkdir()
        port, sandbox_port = _ports()
        environ = surroundings(data, port, sandbox_port, _bare(os.environ)) | {"WEB_WORKERS": "1"}
        password = secrets.token_hex(16)
        cluster = _cluster(folder, password) if engine == POSTGRESQL else None
        if cluster is not None:
            server = f"postgresql+psycopg://postgres:{password}@127.0.0.1:{cluster.port}/"
            environ |= {"DATABASE_URL": f"{server}platform", "TENANT_DATABASE_URLS": f"{server}postgres"}
        app = create_app(environ)
        house = House(folder, engine, environ, app)
        _start(house, cluster)
        yield house
    finally:
        if house is not None:
            _end(house)
        if app is not None:
            db.dispose(app)
        shutil.rmtree(folder, ignore_errors=True)


def _bare(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without any setting of a portal: the run must not reach anybody's data."""
    ours = {*NAMES, MARK}
    return {name: value for name, value in environ.items() if name not in ours and not name.startswith("FLASK_")}


def _ports() -> tuple[int, int]:
    """A free port for the pages, and one for the sandbox with a free one above it for its mail."""
    while True:
        with socket.socket() as pages, socket.socket() as outside:
            pages.bind(("127.0.0.1", 0))
            outside.bind(("127.0.0.1", 0))
            port, sandbox_port = pages.getsockname()[1], outside.getsockname()[1]
        above = sandbox_port + 1
        if above != port and above < 2**16 and checks.free(above):
            return port, sandbox_port


@dataclass(frozen=True, slots=True)
class Cluster:
    """A PostgreSQL that is about to start."""

    folder: Path
    programs: Path
    port: int
    password: str = field(repr=False)

    def answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError), self.connect():
            return True
        return False

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user="postgres",
            password=self.password,
            dbname="postgres",
            autocommit=True,
        )


def _cluster(folder: Path, password: str) -> Cluster:
    programs = postgres.programs(folder)
    postgres.create(folder / "postgres", programs, password)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Cluster(folder / "postgres", programs, probe.getsockname()[1], password)


def _start(house: House, cluster: Cluster | None) -> None:
    """Engines and the outside world first, then the schema, then everything that leans on it."""
    if cluster is not None:
        house.start(
            "postgres", postgres.command(cluster.folder, cluster.programs, cluster.port), **postgres.as_nobody()
        )
        house.wait(cluster.answers, "PostgreSQL answers", STARTS_WITHIN)
        with cluster.connect() as connection:
            connection.execute("CREATE DATABASE platform")
    programs = {name: _words(command, house.environ) for name, command in procfile().items()}
    for name in FIRST:
        house.start(name, programs[name])
    with house.app.app_context():
        upgrade(db.db.engine, PLATFORM)
    for name, words in programs.items():
        if words[:3] == [sys.executable, "-m", "jobs"]:
            house.fork(name, words[3:])
        elif name not in FIRST:
            house.start(name, words)
    house.wait(lambda: _answers(house, f"{house.url}/healthz"), "the portal answers", STARTS_WITHIN)
    outside = f"http://127.0.0.1:{house.environ['SANDBOX_PORT']}/_control/mail"
    house.wait(lambda: _answers(house, outside), "the sandbox answers", STARTS_WITHIN)


def _words(command: str, environ: dict[str, str]) -> list[str]:
    words = shlex.split(Template(command).substitute(environ))
    return [sys.executable, *words[1:]] if words[0] == "python" else words


def _answers(house: House, url: str) -> bool:
    try:
        return house.client.get(url, timeout=3).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _end(house: House) -> None:
    """End what was started, the database last, and whatever any of it left."""
    house.client.close()
    for browser in house.browsers:
        browser.close()
    last = {"postgres": signal.SIGINT}
    for names in (house.processes.keys() - last.keys(), last.keys() & house.processes.keys()):
        for name in names:
            house.processes[name].send_signal(last.get(name, signal.SIGTERM))
        for name in names:
            with contextlib.suppress(subprocess.TimeoutExpired):
                house.processes[name].wait(3)
    for process in house.processes.values():
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
    end_strays(house.data)
