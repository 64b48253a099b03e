"""The one way to reach Redis: timeouts, retries and Sentinel are set here once for web, worker and clock."""

from __future__ import annotations

from typing import Any, cast

from flask import Flask, current_app
from redis import Redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from redis.sentinel import Sentinel

from portal.core.settings import Settings

#: A page waits this long for Redis before it says so; redis-py's own default held pages for 3.6 s.
PAGE_SECONDS = 0.5


def connect(settings: Settings, *, patient: bool = False, decode: bool = False) -> Redis:
    """A client for `settings`. `patient` clients (worker, clock) block on queues and outlast a fail-over."""
    options: dict[str, Any] = {
        "decode_responses": decode,
        "socket_connect_timeout": 2 if patient else PAGE_SECONDS,
        "socket_timeout": None if patient else PAGE_SECONDS,
        "health_check_interval": 30,
        "retry": Retry(ExponentialWithJitterBackoff(cap=1, base=0.05), 20 if patient else 1),
        "retry_on_error": [RedisConnectionError, RedisTimeoutError] if patient else [],
    }
    if settings.redis_sentinels:
        sentinel: Any = Sentinel(list(settings.redis_sentinels), socket_timeout=PAGE_SECONDS)  # type: ignore[no-untyped-call]  # redis-py's own gap
        return cast("Redis", sentinel.master_for(settings.redis_sentinel_master, **options))
    return Redis.from_url(settings.redis_url, **options)


def init_app(app: Flask, settings: Settings) -> None:
    app.extensions["planroom.redis"] = connect(settings)


def redis() -> Redis:
    """The page's client: short timeouts, raises `redis.RedisError` when Redis does not answer."""
    return cast("Redis", current_app.extensions["planroom.redis"])
