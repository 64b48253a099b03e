"""The engines of the contest, started for it and ended with it: Redis, Redis with Sentinel, PostgreSQL.

They stand as in production: Redis writes its log every second, PostgreSQL waits for the disk at each commit.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from jobs.engines import EngineMissingError
from jobs.servers import PostgresServer, RedisServer, Sentinels


@dataclass(slots=True)
class Grounds:
    """Where the stores of one run are. An engine that could not be started is not set; `missing` says why."""

    folder: Path
    redis: RedisServer = field(init=False)
    sentinels: Sentinels = field(init=False)
    postgres: PostgresServer = field(init=False)
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def socket(self) -> Path:
        return self.folder / "redis" / "r.sock"


@contextmanager
def grounds() -> Iterator[Grounds]:
    """Everything that this machine can start. What it cannot is a row that says so."""
    with tempfile.TemporaryDirectory(prefix="planroom-", ignore_cleanup_errors=True) as name, ExitStack() as ends:
        made = Grounds(Path(name))
        made.folder.chmod(0o755)
        for engine, start in (("redis", _redis), ("sentinels", _sentinels), ("postgres", _postgres)):
            try:
                start(made, ends)
            except (EngineMissingError, TimeoutError, OSError) as error:
                made.missing[engine] = str(error)
        yield made


def _redis(made: Grounds, ends: ExitStack) -> None:
    options = ("--unixsocket", str(made.socket), "--appendonly", "yes", "--appendfsync", "everysec")
    server = RedisServer(made.folder / "redis", options=options)
    ends.callback(server.stop)
    made.redis = server.start()


def _sentinels(made: Grounds, ends: ExitStack) -> None:
    group = Sentinels(made.folder / "sentinels")
    ends.callback(group.stop)
    made.sentinels = group.start()


def _postgres(made: Grounds, ends: ExitStack) -> None:
    server = PostgresServer(made.folder / "pg" / "data", durable=True)
    server.folder.parent.mkdir(mode=0o755)
    ends.callback(server.stop)
    made.postgres = server.start()


@contextmanager
def one_core() -> Iterator[int | None]:
    """This process, and what it starts meanwhile, on one core: the figures of two cores that share work do not repeat.

    The number of the core, or None where the system cannot do that.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield None
        return
    before = os.sched_getaffinity(0)
    core = max(before)
    os.sched_setaffinity(0, {core})
    try:
        yield core
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def every_core() -> Iterator[None]:
    """Meanwhile this process, and what it starts, may use all cores again."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
