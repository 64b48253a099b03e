"""The one way to reach Redis: timeouts, retries and Sentinel are set here once for web, worker and clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from flask import Flask, current_app
from redis import Connection, Redis, SSLConnection, UnixDomainSocketConnection
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelManagedConnection
from redis.utils import SENTINEL

from portal.core.settings import Settings

#: A page waits this long for Redis before it says so; redis-py's own default held pages for 3.6 s.
PAGE_SECONDS = 0.5
#: And then nobody of the process waits again for so long.
REST_SECONDS = 1.0
#: A worker or the clock goes on through a fail-over: this many tries, a second apart at most.
PATIENT_TRIES = 20
#: Unused for longer, a connection is tried before it is trusted.
CHECK_SECONDS = 30
#: RESP3: the only language in which Redis speaks unasked (portal/core/near.py).
PUSHES = 3
CHUNK = 65_536


class Rest:
    """Until when a Redis that has let a page wait in vain is not asked again by this process."""

    until = 0.0

    def check(self) -> None:
        if self.until and time.monotonic() < self.until:
            raise RedisTimeoutError("Redis has just let somebody wait; it is asked again in a moment")

    def begin(self) -> None:
        self.until = time.monotonic() + REST_SECONDS


#: Of each Redis that this process has pages wait for: all clients of it rest together, or a page that asks it for several
#: things (a sign-in: three limits and a session) would wait for each (4 s seen).
_rests: dict[str, Rest] = {}


class Resting(AbstractConnection):
    """A connection of pages: when one has waited in vain, all of them are told so at once for a second."""

    def __init__(self, *args: Any, rest: Rest | None = None, **options: Any) -> None:  # noqa: ANN401 - redis-py's
        self._rest = rest or Rest()
        super().__init__(*args, **options)

    def connect(self) -> None:
        self._rest.check()
        with self._waiting():
            super().connect()  # type: ignore[no-untyped-call]  # redis-py's own gap

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:  # noqa: ANN401, FBT001, FBT002 - redis-py's signature
        self._rest.check()
        with self._waiting():
            super().send_packed_command(command, check_health)  # type: ignore[no-untyped-call]  # the same

    def read_response(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever Redis answers
        with self._waiting():
            return super().read_response(*args, **options)

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        try:
            yield
        except RedisTimeoutError:
            self._rest.begin()
            raise

    def exchange(self, packed: bytes, take: Callable[[bytes], object]) -> None:
        """Send what is packed already, and hand what arrives to `take` until that says that it is all: past redis-py's own
        reader, which must have nothing left. Raises RedisTimeoutError, RedisConnectionError; the connection is then spent.
        """
        self._rest.check()
        wire: Any = self._sock
        if wire is None:
            raise RedisConnectionError("the connection was closed")
        try:
            wire.sendall(packed)
            while arrived := wire.recv(CHUNK):
                if take(arrived):
                    return
        except TimeoutError as error:
            self._rest.begin()
            raise RedisTimeoutError("Redis lets us wait") from error
        except OSError as error:
            raise RedisConnectionError(str(error)) from error
        raise RedisConnectionError("Redis has closed the connection")


class RestingTcp(Resting, Connection): ...


class RestingTls(Resting, SSLConnection): ...


class RestingUnix(Resting, UnixDomainSocketConnection): ...


class AskingConnection(Resting, SentinelManagedConnection):
    """A connection that asks the sentinels for the master each time it is made.

    redis-py's own asks at its first connect only: a retry of a command goes to the address of the dead master, or to the
    old master when it is back as something else, where what is written is lost (1,000 to 1,700 acknowledged writes in each
    of four measured fail-overs; none with this class. redis-py's issues 3874, 3560).

    And one that is closed when an answer did not come in time. redis-py's own stays open, and the late answer is then given
    to whoever asks next: one person's session to another's request (seen under load; only the seal kept it shut).
    """

    def _connect_retry(self) -> None:
        self.connect_check_health(check_health=self.connection_pool.check_connection, retry_socket_connect=False)

    def connect_check_health(self, check_health: bool = True, retry_socket_connect: bool = True) -> None:  # noqa: FBT001, FBT002 - redis-py's signature
        if self._sock is None:
            self.host, self.port = self.connection_pool.get_master_address()
            _note_master(self.connection_pool, (self.host, self.port))
        super().connect_check_health(check_health, retry_socket_connect)

    def read_response(
        self,
        disable_decoding: bool = False,  # noqa: FBT001, FBT002 - redis-py's signature
        *,
        timeout: float | object = SENTINEL,
        disconnect_on_error: bool | None = True,
        push_request: bool | None = False,
    ) -> Any:  # noqa: ANN401 - whatever Redis answers
        return super().read_response(
            disable_decoding,
            timeout=timeout,
            disconnect_on_error=disconnect_on_error,
            push_request=push_request,
        )


def _note_master(proxy: Any, address: tuple[str, int]) -> None:  # noqa: ANN401 - redis-py's, which carries no types
    """Remember, at the pool, which masters there were one after the other."""
    masters: list[tuple[str, int]] = proxy.__dict__.setdefault("planroom_masters", [])
    if masters[-1:] != [address]:
        masters.append(address)


def masters_seen(client: Redis) -> int:
    """How many masters, one after the other, this client has been led to by the sentinels; 0 without Sentinel."""
    return len(getattr(getattr(client.connection_pool, "proxy", None), "planroom_masters", ()))


def connect(settings: Settings, *, patient: bool = False, decode: bool = False, protocol: int | None = None) -> Redis:
    """A client for `settings`. `patient` clients (worker, clock) block on queues and outlast a fail-over."""
    options: dict[str, Any] = {
        "decode_responses": decode,
        "socket_connect_timeout": 2 if patient else PAGE_SECONDS,
        "socket_timeout": None if patient else PAGE_SECONDS,
        "socket_keepalive": True,
        "health_check_interval": CHECK_SECONDS,
        "retry": _patience() if patient else _one_more(),
    }
    if protocol is not None:
        options["protocol"] = protocol
    if not patient:
        where = ",".join(map(str, settings.redis_sentinels)) or settings.redis_url
        options["rest"] = _rests.setdefault(where, Rest())
    if settings.redis_sentinels:
        watchers = list(settings.redis_sentinels)
        sentinel: Any = Sentinel(watchers, sentinel_kwargs={"socket_timeout": PAGE_SECONDS, "retry": _one_more()})  # type: ignore[no-untyped-call]  # redis-py's own gap
        options["connection_class"] = AskingConnection
        return cast("Redis", sentinel.master_for(settings.redis_sentinel_master, **options))
    if settings.redis_url.startswith("unix:"):
        del options["socket_keepalive"]
    if not patient:
        options["connection_class"] = _RESTING[settings.redis_url.partition(":")[0]]
    return Redis.from_url(settings.redis_url, **options)


_RESTING = {"redis": RestingTcp, "rediss": RestingTls, "unix": RestingUnix}


def _patience() -> Retry:
    wait = ExponentialWithJitterBackoff(cap=1, base=0.05)
    return Retry(wait, PATIENT_TRIES, supported_errors=(RedisConnectionError, RedisTimeoutError))


def _one_more() -> Retry:
    """A page tries a connection that was cut once more, at once. What has timed out is not waited for a second time."""
    return Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))


def init_app(app: Flask, settings: Settings) -> None:
    app.extensions["planroom.redis"] = connect(settings)


def redis() -> Redis:
    """The page's client: short timeouts, raises `redis.RedisError` when Redis does not answer."""
    return cast("Redis", current_app.extensions["planroom.redis"])
