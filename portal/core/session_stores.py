"""Where sessions live: on Redis, in the platform database, or in this process. One contract, and the same tests, for all.

A key is the digest of a session id, a value is sealed bytes (session_box.py). A change names the value that it was made
from: the store puts the new one only while that one still stands, so that of two requests at once none loses what the
other wrote, and none brings back what a sign-out has deleted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from redis import Redis
from redis.commands.core import Script
from redis.exceptions import NoScriptError, RedisError
from sqlalchemy import LargeBinary, String, delete, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import clock
from portal.core.db import Model, db, retained, write
from portal.core.lane import Lane

PREFIX = "planroom:session:"
#: Unused this long, a session ends by itself.
IDLE = timedelta(hours=12)
IDLE_SECONDS = int(IDLE.total_seconds())


class StoreGone(Exception):  # noqa: N818 - it is the store that is gone
    """The store does not answer."""


class Store(Protocol):
    """A place for sessions. Every verb raises StoreGone when the place does not answer."""

    def read(self, key: str) -> bytes | None:
        """The value; nothing is written for it, not even the time."""

    def create(self, key: str, value: bytes) -> bool:
        """Keep a new session for IDLE; False when there is one under that key."""

    def swap(self, key: str, was: bytes, value: bytes) -> bytes | None:
        """Put `value`, for IDLE from now, where `was` stands. What stands there now: `value`, or what somebody else
        has put meanwhile, or None when the session has ended.
        """

    def delete(self, key: str) -> None:
        """Forget it; no error when it is gone already."""

    def rows(self) -> Iterator[tuple[str, bytes]]:
        """Every session there is, for the destruction of a company's traces."""


#: Swaps in one round trip. A value is never the same twice (its seal has a random part), so equal bytes mean untouched.
#: The second key is there for a moment only: Redis tells near caches the names that changed, and this one says to what.
SWAP = """
local now = redis.call('GET', KEYS[1])
if now == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
  redis.call('SET', KEYS[2], '')
  redis.call('DEL', KEYS[2])
  return ARGV[2]
end
return now
"""
#: An end is told like a change. Of one told by the session's name alone a near cache could not know that it came after a
#: change of its own, when Redis tells both at once.
END = """
redis.call('SET', KEYS[2], '')
redis.call('DEL', KEYS[2], KEYS[1])
"""
MARK, MARK_BYTES, ENDED = ":", 8, "end"


def mark_of(sealed: bytes) -> str:
    """What a value is called when near caches are told of it: the first letters of its random part."""
    return sealed[:MARK_BYTES].hex()


class RedisStore:
    """Sessions on Redis: one round trip to read, one to write. A read, a swap, an end may each come twice to the same end."""

    def __init__(self, client: Redis) -> None:
        self._redis, self._lane = client, Lane(client)
        self._swap, self._end = client.register_script(SWAP), client.register_script(END)

    def read(self, key: str) -> bytes | None:
        return cast("bytes | None", self._ask(self._lane.ask, "GET", PREFIX + key))

    def create(self, key: str, value: bytes) -> bool:
        return bool(self._ask(self._redis.set, PREFIX + key, value, ex=IDLE, nx=True))

    def swap(self, key: str, was: bytes, value: bytes) -> bytes | None:
        names = (PREFIX + key, PREFIX + key + MARK + mark_of(value))
        return cast("bytes | None", self._ask(self._run, self._swap, names, was, value, IDLE_SECONDS))

    def delete(self, key: str) -> None:
        self._ask(self._run, self._end, (PREFIX + key, PREFIX + key + MARK + ENDED))

    def _run(self, script: Script, names: tuple[str, str], *words: bytes | int) -> Any:  # noqa: ANN401 - what the script gave back
        try:
            return self._lane.ask("EVALSHA", script.sha, 2, *names, *words)
        except NoScriptError:  # another server than the last time
            return self._redis.eval(cast("str", script.script), 2, *names, *words)

    def rows(self) -> Iterator[tuple[str, bytes]]:
        for name in self._redis.scan_iter(f"{PREFIX}*", count=500):
            value = self._redis.get(name)
            if isinstance(value, bytes):
                yield name.decode().removeprefix(PREFIX), value

    def _ask(self, verb: Any, *values: Any, **options: Any) -> Any:  # noqa: ANN401 - redis-py's own
        try:
            return verb(*values, **options)
        except RedisError as error:
            raise StoreGone from error


class SessionRow(Model):
    """A session, where SESSION_STORE=database."""

    __tablename__ = "session"
    __table_args__ = ({"info": retained("operations", None)},)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class DatabaseStore:
    """Sessions in the platform database, for a portal without Redis for them."""

    def read(self, key: str) -> bytes | None:
        holds = (SessionRow.key == key, SessionRow.expires_at > clock.now())
        try:
            with db.engine.connect() as connection:
                found = connection.scalar(select(SessionRow.value).where(*holds))
        except OperationalError as error:
            raise StoreGone from error
        return None if found is None else bytes(found)

    def create(self, key: str, value: bytes) -> bool:
        try:
            return self._execute(insert(SessionRow).values(key=key, value=value, expires_at=clock.now() + IDLE)) == 1
        except IntegrityError:
            return False

    def swap(self, key: str, was: bytes, value: bytes) -> bytes | None:
        untouched = (SessionRow.key == key, SessionRow.value == was, SessionRow.expires_at > clock.now())
        changed = update(SessionRow).where(*untouched).values(value=value, expires_at=clock.now() + IDLE)
        return value if self._execute(changed) == 1 else self.read(key)

    def delete(self, key: str) -> None:
        self._execute(delete(SessionRow).where(SessionRow.key == key))

    def rows(self) -> Iterator[tuple[str, bytes]]:
        with db.engine.connect() as connection:
            for row in connection.execute(select(SessionRow.key, SessionRow.value)).all():
                yield row.key, bytes(row.value)

    def _execute(self, statement: Any) -> int:  # noqa: ANN401 - any statement of SQLAlchemy's
        try:
            with db.engine.connect().execution_options(planroom_write=True) as connection, connection.begin():
                return connection.execute(statement).rowcount
        except OperationalError as error:
            raise StoreGone from error


def tidy() -> None:
    """Forget the database's sessions whose time is over; Redis forgets its own."""
    with write() as session:
        session.execute(delete(SessionRow).where(SessionRow.expires_at <= clock.now()))


class MemoryStore:
    """Sessions in this process: for tests and for a portal of one process."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[bytes, float]] = {}
        self._lock = threading.Lock()

    def read(self, key: str) -> bytes | None:
        value, until = self._rows.get(key, (None, 0.0))
        if value is not None and until > time.monotonic():
            return value
        return None

    def create(self, key: str, value: bytes) -> bool:
        with self._lock:
            self._forget_old()
            if self.read(key) is not None:
                return False
            self._put(key, value)
            return True

    def swap(self, key: str, was: bytes, value: bytes) -> bytes | None:
        with self._lock:
            now = self.read(key)
            if now != was:
                return now
            self._put(key, value)
            return value

    def delete(self, key: str) -> None:
        with self._lock:
            self._rows.pop(key, None)

    def rows(self) -> Iterator[tuple[str, bytes]]:
        with self._lock:
            found = [(key, value) for key, (value, _until) in self._rows.items()]
        yield from found

    def _put(self, key: str, value: bytes) -> None:
        """At the end: what was written longest ago stands first."""
        self._rows.pop(key, None)
        self._rows[key] = (value, time.monotonic() + IDLE.total_seconds())

    def _forget_old(self) -> None:
        now = time.monotonic()
        while self._rows and next(iter(self._rows.values()))[1] <= now:
            self._rows.pop(next(iter(self._rows)))
