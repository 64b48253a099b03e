"""The one way to reach Redis: timeouts, retries and Sentinel are set here once for web, worker and clock."""

from __future__ import annotations

from typing import Any, cast

from flask import Flask, current_app
from redis import Redis
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelManagedConnection
from redis.utils import SENTINEL

from portal.core.settings import Settings

#: A page waits this long for Redis before it says so; redis-py's own default held pages for 3.6 s.
PAGE_SECONDS = 0.5
#: A worker or the clock goes on through a fail-over: this many tries, a second apart at most.
PATIENT_TRIES = 20
#: RESP3: the only language in which Redis speaks unasked (portal/core/near.py).
PUSHES = 3


class AskingConnection(SentinelManagedConnection):
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
        "health_check_interval": 30,
        "retry": _patience() if patient else _one_more(),
    }
    if protocol is not None:
        options["protocol"] = protocol
    if settings.redis_sentinels:
        watchers = list(settings.redis_sentinels)
        sentinel: Any = Sentinel(watchers, sentinel_kwargs={"socket_timeout": PAGE_SECONDS, "retry": _one_more()})  # type: ignore[no-untyped-call]  # redis-py's own gap
        options["connection_class"] = AskingConnection
        return cast("Redis", sentinel.master_for(settings.redis_sentinel_master, **options))
    if settings.redis_url.startswith("unix:"):
        del options["socket_keepalive"]
    return Redis.from_url(settings.redis_url, **options)


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
