"""Servers on loopback ports for the tests and for `flask sessions bench`: Redis, Redis with Sentinel, PostgreSQL.

Each keeps its data in a folder of its caller's, and is ended by `stop`, or by the kernel when the caller is killed.
"""

from __future__ import annotations

import contextlib
import secrets
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from redis import Redis
from redis.exceptions import RedisError

from jobs import engines
from jobs import postgres as postgresql
from jobs.ports import free_port

PATIENCE = 30
#: How long a master is silent before each of the sentinels takes it for dead. At 300 to 1000 ms, false fail-overs lost
#: acknowledged writes. They differ: three that notice in the same 10 ms each vote for themselves, nobody is elected, and the
#: next election is 20 s later (twice `failover-timeout`; seen in one to two of 20 kills on a busy machine).
DOWN_AFTER_MS = (2700, 3000, 3300)


def wait_until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Return when `condition()` is true. Raises TimeoutError that says `what` was waited for."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s in vain until {what}")
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
        wait_until(self.answers, f"Redis answers on port {self.port}")
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

    def agreed_on(self, other_than: RedisServer) -> bool:
        """Whether every sentinel names one and the same new master, and it says so itself."""
        named = set()
        for watcher in self.watchers:
            with Redis(port=watcher.port, decode_responses=True) as client:
                _, port = client.execute_command("SENTINEL", "get-master-addr-by-name", self.master_name)
                named.add(int(port))
        if len(named) > 1 or other_than.port in named:
            return False
        return "role:master" in self.master().said("replication")

    def bring_back(self, server: RedisServer) -> None:
        """Start a dead server again by the house's rule: once there is a new master, and as its replica.

        One that came back as the master it was took acknowledged writes along in each of four measured fail-overs.
        """
        server.options = ("--appendonly", "yes", "--replicaof", "127.0.0.1", str(self.master().port))
        server.start()
        wait_until(self.whole, "every sentinel sees the server follow the master")

    def start(self) -> Sentinels:
        first = RedisServer(self.folder / "server0", options=("--appendonly", "yes")).start()
        follow = ("--appendonly", "yes", "--replicaof", "127.0.0.1", str(first.port))
        self.servers = [first, *(RedisServer(self.folder / f"server{n}", options=follow).start() for n in (1, 2))]
        self.watchers = [self._watcher(number, first.port) for number in range(3)]
        wait_until(self.whole, "every sentinel knows the replicas and the other sentinels")
        return self

    def _watcher(self, number: int, master_port: int) -> RedisServer:
        folder = self.folder / f"sentinel{number}"
        folder.mkdir(parents=True)
        rules = folder / "sentinel.conf"
        rules.write_text(
            f"sentinel monitor {self.master_name} 127.0.0.1 {master_port} 2\n"
            f"sentinel down-after-milliseconds {self.master_name} {DOWN_AFTER_MS[number]}\n"
            f"sentinel failover-timeout {self.master_name} 10000\n"
        )
        watcher = RedisServer(folder)
        command = [str(engines.redis_binary()), str(rules), "--sentinel", "--port", str(watcher.port)]
        with (folder / "log").open("ab") as log:
            watcher.process = start_tethered(
                [*command, "--bind", "127.0.0.1", "--dir", str(folder)], stdout=log, stderr=log
            )
        wait_until(watcher.answers, "a sentinel answers")
        return watcher

    def whole(self) -> bool:
        """Whether every sentinel knows the other two and two replicas that follow: then a master may be lost."""
        for watcher in self.watchers:
            with Redis(port=watcher.port, decode_responses=True) as client:
                master = _facts(client.execute_command("SENTINEL", "master", self.master_name))
                replicas = [_facts(one) for one in client.execute_command("SENTINEL", "replicas", self.master_name)]
            follow = [one for one in replicas if one["flags"] == "slave" and one["master-link-status"] == "ok"]
            if (len(follow), int(master["num-other-sentinels"]), master["flags"]) != (2, 2, "master"):
                return False
        return True

    def stop(self) -> None:
        for server in (*self.watchers, *self.servers):
            server.stop(signal.SIGKILL)


def _facts(said: Any) -> dict[str, str]:  # noqa: ANN401 - a list of pairs, or a dictionary, by the protocol's version
    """What a sentinel says of a server."""
    return said if isinstance(said, dict) else dict(zip(said[::2], said[1::2], strict=True))


@dataclass(slots=True)
class PostgresServer:
    """A PostgreSQL on a loopback port, with passwords asked of everybody, as in production."""

    folder: Path
    port: int = field(default_factory=free_port)
    password: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    durable: bool = False
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
        command = postgresql.command(self.folder, programs, self.port, durable=self.durable)
        with (self.folder.parent / "postgres.log").open("ab") as log:
            self.process = start_tethered(command, end=signal.SIGINT, stdout=log, stderr=log, **postgresql.as_nobody())
        wait_until(self.answers, f"PostgreSQL answers; see {self.folder.parent / 'postgres.log'}")
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
