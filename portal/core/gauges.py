"""What a web process measures of itself: how long its session store and its pages take, what the near cache knew, how
busy it is, and when the store was away.

Measuring costs no round trip. What was measured is laid beside that of the other processes by portal/core/board.py.
"""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

from flask import Flask, Response, current_app, g
from redis import Redis

from portal.core.histogram import Histogram
from portal.core.redis import masters_seen
from portal.core.session_stores import Store, StoreGone
from portal.core.settings import Settings

if TYPE_CHECKING:
    from portal.core.near import Near

#: The figures that people read are of the last five minutes.
WINDOW_SECONDS = 300.0
#: A store that was away for less was a retry, and nobody saw it.
SHORTEST_PAUSE_SECONDS = 0.2
#: Pauses that wait to be told while Redis is away.
MOST_PAUSES = 50

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Pause:
    """For so long, until `at` (Unix seconds), the session store gave this process no answer."""

    at: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Reading:
    """All counters of a process at one moment (seconds of its own clock that only goes on)."""

    at: float
    reads: list[int]
    writes: list[int]
    pages: list[int]
    hits: int
    misses: int
    cpu_seconds: float

    def since(self, earlier: Reading) -> Reading:
        """What came in between; `at` is how many seconds that is."""
        return Reading(
            self.at - earlier.at,
            _less(self.reads, earlier.reads),
            _less(self.writes, earlier.writes),
            _less(self.pages, earlier.pages),
            self.hits - earlier.hits,
            self.misses - earlier.misses,
            self.cpu_seconds - earlier.cpu_seconds,
        )


def _less(now: list[int], before: list[int]) -> list[int]:
    return [one - other for one, other in zip(now, before, strict=True)]


class Gauges:
    """The counters of this process."""

    def __init__(self, client: Redis | None) -> None:
        """`client`: that of the session store, where it is on Redis; its fail-overs are counted."""
        self.reads, self.writes, self.pages = Histogram(), Histogram(), Histogram()
        self.near: Near | None = None
        self.gone = 0
        self.pauses: deque[Pause] = deque(maxlen=MOST_PAUSES)
        self.paused = 0
        self.longest_pause = 0.0
        self.started = time.time()
        self._client = client
        self._gone_since: float | None = None
        self._readings: deque[Reading] = deque([self.read()])

    @property
    def name(self) -> str:
        """Of the process, for people: its machine and number."""
        return f"{socket.gethostname()}:{os.getpid()}"

    @property
    def on_redis(self) -> bool:
        """Whether sessions are there: then Redis's answer to anything says that their store is back."""
        return self._client is not None

    @property
    def failovers(self) -> int:
        """How often this process has found another server to be the master."""
        return 0 if self._client is None else max(0, masters_seen(self._client) - 1)

    @property
    def away(self) -> bool:
        """Whether the store does not answer now."""
        return self._gone_since is not None

    def store_gone(self, begun: float) -> None:
        """A verb that began then (monotonic seconds) got no answer."""
        self.gone += 1
        if self._gone_since is None:
            self._gone_since = begun

    def store_answered(self) -> None:
        """The store is there; if it was away, that was a pause."""
        since, self._gone_since = self._gone_since, None
        if since is None:
            return
        seconds = time.monotonic() - since
        if seconds >= SHORTEST_PAUSE_SECONDS:
            self.paused += 1
            self.longest_pause = max(self.longest_pause, seconds)
            self.pauses.append(Pause(time.time(), seconds))

    def read(self) -> Reading:
        near = self.near
        return Reading(
            time.monotonic(),
            list(self.reads.counts),
            list(self.writes.counts),
            list(self.pages.counts),
            0 if near is None else near.hits,
            0 if near is None else near.misses,
            time.process_time(),
        )

    def window(self) -> Reading:
        """What was measured in the last minutes; remembers this moment for the next ones."""
        now = self.read()
        while len(self._readings) > 1 and now.at - self._readings[1].at >= WINDOW_SECONDS:
            self._readings.popleft()
        self._readings.append(now)
        return now.since(self._readings[0])


class Watched:
    """A store whose answers are timed and whose silence is noted."""

    def __init__(self, store: Store, gauges: Gauges) -> None:
        self._store, self._gauges = store, gauges

    def read(self, key: str) -> bytes | None:
        return self._timed(self._gauges.reads, lambda: self._store.read(key))

    def create(self, key: str, value: bytes) -> bool:
        return self._timed(self._gauges.writes, lambda: self._store.create(key, value))

    def swap(self, key: str, was: bytes, value: bytes) -> bytes | None:
        return self._timed(self._gauges.writes, lambda: self._store.swap(key, was, value))

    def delete(self, key: str) -> None:
        self._timed(self._gauges.writes, lambda: self._store.delete(key))

    def rows(self) -> Iterator[tuple[str, bytes]]:
        return self._store.rows()

    def _timed(self, histogram: Histogram, verb: Callable[[], Answer]) -> Answer:
        begun = time.perf_counter_ns()
        try:
            answer = verb()
        except StoreGone:
            self._gauges.store_gone(time.monotonic() - (time.perf_counter_ns() - begun) / 1e9)
            raise
        histogram.note(time.perf_counter_ns() - begun)
        if self._gauges.away:
            self._gauges.store_answered()
        return answer


def init_app(app: Flask, settings: Settings, sessions_client: Redis) -> None:
    """Before every other hook of the app, so that a page's time is all of it."""
    app.extensions["planroom.gauges"] = Gauges(sessions_client if settings.session_store == "redis" else None)
    app.before_request(_begin)
    app.after_request(_end)


def gauges(app: Flask | None = None) -> Gauges:
    """Of the app that runs, or of this one."""
    return cast("Gauges", (app or current_app).extensions["planroom.gauges"])


def _begin() -> None:
    g.gauge_begun = time.perf_counter_ns()


def _end(response: Response) -> Response:
    begun = g.pop("gauge_begun", None)
    if begun is not None:
        gauges().pages.note(time.perf_counter_ns() - begun)
    return response
