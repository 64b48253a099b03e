"""How often somebody may try: counted in Redis for all servers, before any password is hashed.

Keys are keyed digests, so that Redis holds neither addresses nor e-mails. Without Redis each process counts for itself.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import math
import threading
import time
from dataclasses import dataclass

from redis.exceptions import RedisError

from portal.core.errors import Refusal
from portal.core.redis import redis
from portal.core.settings import settings

log = logging.getLogger("planroom.accounts")

PREFIX = "planroom:limit:"
MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` attempts in `seconds`, counted from the first."""

    name: str
    most: int
    seconds: int


#: Wrong sign-ins from one address, whatever the account.
ADDRESS = Limit("address", 20, 60)
#: Wrong passwords of one account from one network, or from one browser that the account knows.
ACCOUNT_FROM = Limit("account-from", 5, 900)
#: Wrong passwords of one account from everywhere but the browsers it knows.
ACCOUNT = Limit("account", 100, 3600)
#: Wrong second factors of one person.
CODE = Limit("code", 5, 900)
#: Wrong current passwords where one is asked again.
CONFIRM = Limit("confirm", 5, 900)
#: Asked-for reset mails, from one address and for one account.
FORGOT_ADDRESS = Limit("forgot-address", 10, 900)
FORGOT_ACCOUNT = Limit("forgot-account", 3, 3600)
#: Keys of devices that open nothing, from one address.
WRONG_KEY = Limit("wrong-key", 20, 60)
#: Sessions made anew from one device's key.
REBUILD = Limit("rebuild", 30, 600)


class TooMany(Refusal):
    """Tried too often. `retry_after` is in seconds."""

    status = 429

    def __init__(self, retry_after: int) -> None:
        self.retry_after = max(retry_after, 1)
        minutes = math.ceil(self.retry_after / 60)
        wait = f"{minutes}분" if self.retry_after > 60 else f"{self.retry_after}초"  # noqa: PLR2004 - a minute
        super().__init__(
            "여러 번 맞지 않아 잠시 막았습니다.", f"{wait} 뒤 다시 시도하시거나 비밀번호를 새로 정해 주십시오."
        )


def take(limit: Limit, *who: str) -> None:
    """Count one attempt of `who`. Raises TooMany when there were enough; atomic over all servers."""
    key = _key(limit, who)
    try:
        pipe = redis().pipeline(transaction=True)
        pipe.set(key, 0, ex=limit.seconds, nx=True)
        pipe.incr(key)
        pipe.ttl(key)
        _, count, left = pipe.execute()
    except RedisError:
        log.warning("limits are counted by each process alone: Redis does not answer")
        count, left = _alone.count(key, limit.seconds)
    if count > limit.most:
        raise TooMany(left)


def give_back(limit: Limit, *who: str) -> None:
    """Take one attempt off again: it was a right one."""
    key = _key(limit, who)
    try:
        pipe = redis().pipeline(transaction=True)
        pipe.decr(key)
        pipe.expire(key, limit.seconds, nx=True)
        pipe.execute()
    except RedisError:
        _alone.give_back(key)


def clear(limit: Limit, *who: str) -> None:
    """Forget the attempts of `who`."""
    key = _key(limit, who)
    try:
        redis().delete(key)
    except RedisError:
        _alone.clear(key)


def _key(limit: Limit, who: tuple[str, ...]) -> str:
    digest = hmac.new(settings().secret_key.encode(), "\0".join((limit.name, *who)).encode(), hashlib.sha256)
    return f"{PREFIX}{limit.name}:{digest.hexdigest()[:32]}"


class _Alone:
    """The counts of one process, for while Redis is away. Bounded: the oldest are forgotten first."""

    def __init__(self) -> None:
        self._counts: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def count(self, key: str, seconds: int) -> tuple[int, int]:
        """(attempts with this one, seconds until they are forgotten)."""
        moment = time.monotonic()
        with self._lock:
            count, until = self._counts.pop(key, (0, 0.0))
            if until <= moment:
                count, until = 0, moment + seconds
            self._counts[key] = (count + 1, until)
            while len(self._counts) > MOST_REMEMBERED:
                self._counts.pop(next(iter(self._counts)))
        return count + 1, math.ceil(until - moment)

    def give_back(self, key: str) -> None:
        with self._lock:
            if key in self._counts:
                count, until = self._counts[key]
                self._counts[key] = (count - 1, until)

    def clear(self, key: str) -> None:
        with self._lock:
            self._counts.pop(key, None)


_alone = _Alone()
