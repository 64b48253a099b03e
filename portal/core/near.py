"""The near cache: sessions that this process has read, as long as Redis has not said that they changed.

Redis tells each process of every session that is written or deleted, by its own push (CLIENT TRACKING in broadcasting
mode, docs/decisions/012), and to which value (`mark_of`), so that what this process has just written itself is kept. What
has arrived is taken in before any answer is given, so a process that has heard of a change by any other way has this one
behind it too. Bounded in age and size; when the line is cut, silent or not there yet, nothing is answered from here.

Nothing is ever asked on the line itself. Redis sends its pushes before the answer to whoever made the change, but not to one
that waits for an answer already: a PING that came in the same turn of its loop as the change would let the writer's answer
go first, and a busy machine may stop Redis right there, for 10 ms. So a silent line is tried by a change of no session's.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
import ssl
import threading
import time
import weakref
from typing import Any

import hiredis
from redis import Redis
from redis.exceptions import RedisError

from portal.core.session_box import Opened
from portal.core.session_stores import MARK, mark_of

log = logging.getLogger("planroom.sessions")

#: Should a push ever be lost, a stale session lives so long at most.
LONGEST_SECONDS = 30.0
MOST = 10_000
#: The line is emptied at least so often, also where nobody asks: Redis must not pile pushes up for us.
LISTEN_SECONDS = 0.05
#: When nothing was heard for so long, by any process, there is a change to be heard of.
BEAT_SECONDS = 1.0
BEAT = MARK + "beat"
#: Silent for longer, the line is taken for dead.
SILENCE_SECONDS = 2.5
AGAIN_SECONDS = 1.0
CHUNK = 65_536


#: Heard of a session that was changed by something that does not say to what.
NO_MARK = ""


class Word:
    """Given before the store is asked: what was heard of the session meanwhile."""

    __slots__ = ("heard",)

    def __init__(self) -> None:
        self.heard: set[str] = set()


class Near:
    """What this process has read under `prefix`. `client` makes the line; it must speak RESP3."""

    def __init__(self, client: Redis, prefix: str, *, most: int = MOST, longest: float = LONGEST_SECONDS) -> None:
        self._client, self._prefix = client, prefix
        self._most, self._longest = most, longest
        self.hits = self.misses = 0
        self.closed = False
        self._begin()
        os.register_at_fork(after_in_child=_Again(self))

    def _begin(self) -> None:
        """Nothing known, no line: as at the start, and in a forked child."""
        self._rows: dict[str, tuple[Opened, float]] = {}
        self._awaited: dict[str, Word] = {}
        self._lock = threading.Lock()
        self._line: socket.socket | None = None
        self._arrived = select.poll()
        self._reader = hiredis.Reader()
        self._heard = 0.0
        self._listener: threading.Thread | None = None

    @property
    def listening(self) -> bool:
        """Whether answers are given from here now."""
        return self._line is not None

    def get(self, key: str) -> Opened | None:
        """The session as it is in the store, when this process knows for sure."""
        with self._lock:
            if self._line is None:
                self._start()
                return None
            self._take_in()
            now = time.monotonic()
            if now - self._heard > SILENCE_SECONDS:
                self._hang_up()
            found = self._rows.get(key)
            if found is None or found[1] < now:
                self.misses += 1
                return None
            self.hits += 1
            return found[0]

    def expect(self, key: str) -> Word:
        """Say, before the store is asked for a session, or given one, that it is to be kept. Returns the word for `keep`."""
        word = Word()
        with self._lock:
            self._awaited[key] = word
        return word

    def keep(self, key: str, word: Word, found: Opened | None) -> None:
        """Keep what the store has now, unless it was told of another change since `word` was given."""
        with self._lock:
            if self._line is not None:
                self._take_in()
            if self._awaited.get(key) is not word:
                return
            del self._awaited[key]
            if found is None or self._line is None or word.heard - {mark_of(found.sealed)}:
                return
            self._rows.pop(key, None)
            self._rows[key] = (found, time.monotonic() + self._longest)
            while len(self._rows) > self._most:
                del self._rows[next(iter(self._rows))]

    def forget(self, key: str) -> None:
        """This process itself is about to change the session, or has ended it."""
        with self._lock:
            self._rows.pop(key, None)
            self._awaited.pop(key, None)

    def close(self) -> None:
        """Give the line up for good."""
        self.closed = True
        with self._lock:
            self._hang_up()

    # ---- the line ----

    def _start(self) -> None:
        """With the lock: have a thread that keeps a line open, from the first question on."""
        if self._listener is None and not self.closed:
            self._listener = threading.Thread(target=_listen, args=(weakref.ref(self),), name="near", daemon=True)
            self._listener.start()

    def _take_in(self) -> None:
        """With the lock: everything that has arrived on the line.

        The kernel is asked first whether anything has: a read of nothing costs four times as much as that.
        """
        if not self._arrived.poll(0):
            return
        try:
            while True:
                said = self._line.recv(CHUNK) if self._line else b""
                if not said:
                    self._hang_up()
                    return
                self._heard = time.monotonic()
                self._reader.feed(said)
                self._hear()
                if len(said) < CHUNK:
                    return
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except (OSError, hiredis.HiredisError):
            self._hang_up()

    def _hear(self) -> None:
        while (said := self._reader.gets()) is not False:
            if not isinstance(said, list) or said[0] != b"invalidate":
                continue
            if said[1] is None:  # FLUSHALL
                self._rows.clear()
                self._awaited.clear()
                continue
            for key, marks in self._by_session(said[1]).items():
                self._changed(key, marks)

    def _by_session(self, names: list[bytes]) -> dict[str, set[str]]:
        """Session -> the values it was changed to. All that happened in one turn of Redis's loop is told at once, each name
        once; a change by anybody who gives no mark has none.
        """
        told: dict[str, set[str]] = {}
        for name in names:
            key, _, mark = name.decode().removeprefix(self._prefix).partition(MARK)
            marks = told.setdefault(key, set())
            if mark:
                marks.add(mark)
        return told

    def _changed(self, key: str, marks: set[str]) -> None:
        row = self._rows.get(key)
        if row is not None and marks != {mark_of(row[0].sealed)}:
            del self._rows[key]
        word = self._awaited.get(key)
        if word is not None:
            word.heard |= marks or {NO_MARK}

    def _hang_up(self) -> None:
        """With the lock: the line is gone, and with it all that was known."""
        self._line = None
        self._rows.clear()
        self._awaited.clear()

    def _opened(self, line: socket.socket, reader: Any) -> None:  # noqa: ANN401 - hiredis carries no types
        with self._lock:
            self._rows.clear()
            self._awaited.clear()
            self._line, self._reader, self._heard = line, reader, time.monotonic()
            self._arrived = select.poll()
            self._arrived.register(line, select.POLLIN)

    def _attend(self) -> bool:
        """One look at the line by the listener. False when it is gone."""
        with self._lock:
            if self._line is not None:
                self._take_in()
            if self._line is not None and time.monotonic() - self._heard > SILENCE_SECONDS:
                self._hang_up()
            return self._line is not None

    def _beat(self) -> None:
        """Change something that every line hears of and nobody remembers."""
        with contextlib.suppress(RedisError):
            self._client.set(self._prefix + BEAT, b"", px=1)

    def _call_up(self) -> Any:  # noqa: ANN401 - redis-py's connection
        """A connection on which Redis says which sessions change. Raises RedisError, HiredisError or OSError."""
        connection: Any = self._client.connection_pool.make_connection()
        try:
            connection.connect()
            line: socket.socket = connection._sock  # noqa: SLF001 - its bytes are read here, without redis-py's parser
            self._opened(line, _subscribed(line, self._prefix))
        except BaseException:
            connection.disconnect()
            raise
        return connection


def _subscribed(line: socket.socket, prefix: str) -> Any:  # noqa: ANN401 - hiredis carries no types
    """Ask to be told of every change under `prefix`; the reader that goes on from there."""
    words: Any = (b"CLIENT", b"TRACKING", b"ON", b"BCAST", b"PREFIX", prefix.encode())
    line.sendall(hiredis.pack_command(words))
    reader = hiredis.Reader()
    while (answer := reader.gets()) is False:
        said = line.recv(CHUNK)
        if not said:
            raise ConnectionError("the line was cut")
        reader.feed(said)
    if isinstance(answer, Exception):
        raise answer
    line.setblocking(False)
    return reader


class _Again:
    """After a fork: the child has a line of its own. Holds the cache weakly, as hooks of a fork live for ever."""

    def __init__(self, near: Near) -> None:
        self._near = weakref.ref(near)

    def __call__(self) -> None:
        if (near := self._near()) is not None:
            near._begin()  # noqa: SLF001 - one module


def _listen(reference: weakref.ref[Near]) -> None:
    """Keep a line open for as long as the cache lives."""
    connection = None
    beaten = 0.0
    try:
        while (near := reference()) is not None and not near.closed:
            pause = LISTEN_SECONDS
            if connection is None:
                try:
                    connection = near._call_up()  # noqa: SLF001 - one module
                except (RedisError, hiredis.HiredisError, OSError) as error:
                    log.debug("no near cache for now: %s", error)
                    pause = AGAIN_SECONDS
            elif not near._attend():  # noqa: SLF001
                connection.disconnect()
                connection = None
            elif time.monotonic() - max(near._heard, beaten) > BEAT_SECONDS:  # noqa: SLF001
                beaten = time.monotonic()
                near._beat()  # noqa: SLF001
            del near
            time.sleep(pause)
    finally:
        if connection is not None:
            connection.disconnect()
