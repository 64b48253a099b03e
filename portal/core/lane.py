"""The short way to Redis, for what every page asks: one command, one answer, on a connection that redis-py has made.

Of a session's read redis-py's own way takes five sixths, of its write two thirds (docs/sessions.md): reading the options of
a call, taking a connection out of the pool, counting, timing, putting it back. Here a connection stays out of the pool for
as long as all goes well. Whatever does not, an error in the answer, too, goes redis-py's way from the start: with its tries,
its sentinels and its errors. So a command may come to Redis twice, and only such as may are asked this way.
"""

from __future__ import annotations

import os
import time
from typing import Any, Final

import hiredis
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from portal.core.redis import CHECK_SECONDS, Resting

#: What the reader says when an answer is not there as a whole; nothing that Redis could answer.
PART: Final = object()


class _Line:
    """A connection of the pool's that is held here."""

    __slots__ = ("_answer", "_reader", "connection", "used")

    def __init__(self, connection: Resting) -> None:
        self.connection, self.used = connection, time.monotonic()
        self._reader, self._answer = hiredis.Reader(notEnoughData=PART), PART

    def ask(self, packed: bytes) -> Any:  # noqa: ANN401 - whatever Redis answers
        """Give the answer, or an error that is one. Raises what `exchange` does, and HiredisError for what is no answer."""
        self.connection.exchange(packed, self._take)
        self.used = time.monotonic()
        return self._answer

    def _take(self, arrived: bytes) -> bool:
        self._reader.feed(arrived)
        while (answer := self._reader.gets()) is not PART:
            if not isinstance(answer, hiredis.PushNotification):
                self._answer = answer
                return True
        return False


class Lane:
    """Asks through `client`. Where that one's connections are not of pages (`Resting`), all goes redis-py's way."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # redis-py's own types say less than it does
        self._pool: Any = client.connection_pool
        self._short = issubclass(self._pool.connection_class, Resting)
        self._lines: list[_Line] = []
        self._pid = os.getpid()

    def ask(self, *words: bytes | str | int) -> Any:  # noqa: ANN401 - whatever Redis answers
        """Give what Redis answers to a command that may come to it twice. Raises RedisError."""
        line = self._take() if self._short else None
        if line is not None:
            try:
                answer = line.ask(hiredis.pack_command(words))  # type: ignore[arg-type]  # it means any number of them
            except (RedisConnectionError, hiredis.HiredisError):
                self._give_up(line)
            except BaseException:  # waited in vain, or stopped by the server: what is still to come is nobody's answer
                self._give_up(line)
                raise
            else:
                if not isinstance(answer, hiredis.ReplyError):
                    self._lines.append(line)
                    return answer
                self._give_up(line)
        return self._client.execute_command(*words)

    def _take(self) -> _Line | None:
        """A line that was good the last time; a new one, when there is none."""
        if self._pid != os.getpid():  # forked: these are the parent's
            self._lines, self._pid = [], os.getpid()
        try:
            line = self._lines.pop()
        except IndexError:
            return _Line(self._pool.get_connection())
        if time.monotonic() - line.used < CHECK_SECONDS and self._pool.owns_connection(line.connection):
            return line
        self._give_up(line)  # too long unused to be trusted, or to a Redis that is the master no more
        return None

    def _give_up(self, line: _Line) -> None:
        line.connection.disconnect()  # type: ignore[no-untyped-call]  # redis-py's own gap
        self._pool.release(line.connection)
