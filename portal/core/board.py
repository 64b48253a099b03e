"""The board on which every web process lays its figures, so that a page of any of them shows all of them.

One hash of Redis with a field per process. A thread of each process writes its own every ten seconds; what is older than
half a minute belongs to a process that is gone. Pauses are kept for a month: the process that saw one may not live so long.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
import weakref
from dataclasses import dataclass
from typing import Any, cast

from flask import Flask
from redis import Redis
from redis.exceptions import RedisError

from portal.core.gauges import Gauges, Pause, Reading, gauges
from portal.core.histogram import sparse, whole

log = logging.getLogger("planroom.board")

BOARD = "planroom:gauges"
PAUSES = "planroom:gauges:pauses"
PUBLISH_SECONDS = 10.0
#: A process that has published nothing for so long is gone.
GONE_SECONDS = 30.0
PAUSES_KEPT, PAUSES_KEPT_SECONDS = 200, 30 * 86_400


@dataclass(frozen=True, slots=True)
class Process:
    """What a web process has laid on the board: its counters since its start, and of the last minutes."""

    name: str
    at: float
    started: float
    cores: int
    near: bool
    listening: bool
    failovers: int
    gone: int
    paused: int
    longest_pause: float
    sums: dict[str, int]  #: nanoseconds, by `reads`, `writes` and `pages`
    total: Reading
    window: Reading

    @property
    def host(self) -> str:
        return self.name.rpartition(":")[0]

    @property
    def busy(self) -> float:
        """The part of one core that it used in the last minutes."""
        return self.window.cpu_seconds / self.window.at if self.window.at else 0.0

    @property
    def known(self) -> float | None:
        """The part of all questions that the near cache had the answer to; None when it was asked nothing."""
        return hit_rate(self.window)


def hit_rate(window: Reading) -> float | None:
    asked = window.hits + window.misses
    return window.hits / asked if asked else None


# ----- a process lays down what it has ------------------------------------------------------------------------------


def publish(app: Flask) -> None:
    """Have this process publish from its first request on. For the web server: a command or a test has nothing to tell."""
    publisher = _Publisher(app)
    app.before_request(publisher.start)
    os.register_at_fork(after_in_child=publisher.forget)


class _Publisher:
    def __init__(self, app: Flask) -> None:
        self._app = weakref.ref(app)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=_go_on, args=(self._app,), name="gauges", daemon=True)
            self._thread.start()

    def forget(self) -> None:
        """After a fork: the thread is the parent's."""
        self._thread = None


def _go_on(reference: weakref.ref[Flask]) -> None:
    """Every ten seconds; every second while the store is away, so that its return is noticed where nobody asks it."""
    due = 0.0
    while (app := reference()) is not None:
        found, client = gauges(app), app.extensions["planroom.redis"]
        if found.away or time.monotonic() >= due:
            due = time.monotonic() + PUBLISH_SECONDS
            lay_down(found, client)
        del app, found, client
        time.sleep(1)


def lay_down(found: Gauges, client: Redis) -> bool:
    """Write this process's figures, and the pauses that are not told yet. False when Redis did not answer."""
    told = dict.fromkeys(list(found.pauses))
    rows = [json.dumps({"at": one.at, "seconds": one.seconds, "process": found.name}) for one in told]
    try:
        with client.pipeline(transaction=False) as all_at_once:
            all_at_once.hset(BOARD, found.name, json.dumps(_told(found)))
            all_at_once.expire(BOARD, PAUSES_KEPT_SECONDS)
            if rows:
                all_at_once.lpush(PAUSES, *rows)
                all_at_once.ltrim(PAUSES, 0, PAUSES_KEPT - 1)
                all_at_once.expire(PAUSES, PAUSES_KEPT_SECONDS)
            all_at_once.execute()
    except RedisError as error:
        log.debug("the board does not answer: %s", error)
        return False
    for one in told:
        found.pauses.remove(one)
    if found.away and found.on_redis:
        found.store_answered()
    return True


def _told(found: Gauges) -> dict[str, Any]:
    near = found.near
    return {
        "at": time.time(),
        "started": found.started,
        "cores": os.cpu_count() or 1,
        "near": near is not None,
        "listening": near is not None and near.listening,
        "failovers": found.failovers,
        "gone": found.gone,
        "paused": found.paused,
        "longest_pause": found.longest_pause,
        "sums": {name: getattr(found, name).nanoseconds for name in ("reads", "writes", "pages")},
        "total": _packed(found.read()),
        "window": _packed(found.window()),
    }


def _packed(reading: Reading) -> dict[str, Any]:
    return {
        "at": reading.at,
        "reads": sparse(reading.reads),
        "writes": sparse(reading.writes),
        "pages": sparse(reading.pages),
        "hits": reading.hits,
        "misses": reading.misses,
        "cpu_seconds": reading.cpu_seconds,
    }


# ----- and all of them are read --------------------------------------------------------------------------------------


def processes(client: Redis) -> list[Process]:
    """Every web process that lives, by name. Raises RedisError."""
    found = []
    rows = cast("dict[bytes, bytes]", client.hgetall(BOARD))
    for name, row in rows.items():
        told = json.loads(row)
        if time.time() - told["at"] > GONE_SECONDS:
            client.hdel(BOARD, name)
        else:
            found.append(_process(name.decode(), told))
    return sorted(found, key=lambda one: one.name)


def this_one(found: Gauges) -> Process:
    """This process alone: what is left to show when Redis does not answer."""
    return _process(found.name, _told(found))


def pauses(client: Redis) -> list[tuple[Pause, str]]:
    """The pauses of the last month with the process that saw each, the newest first. Raises RedisError."""
    told = [json.loads(row) for row in cast("list[bytes]", client.lrange(PAUSES, 0, -1))]
    return [(Pause(one["at"], one["seconds"]), one["process"]) for one in told]


def _process(name: str, told: dict[str, Any]) -> Process:
    readings: dict[str, Any] = {part: _unpacked(told[part]) for part in ("total", "window")}
    return Process(name=name, **(told | readings))


def _unpacked(told: dict[str, Any]) -> Reading:
    counts = {name: whole(told[name]) for name in ("reads", "writes", "pages")}
    return Reading(**(told | counts))
