"""Hashing of passwords: argon2id, few at a time, and the same work whether or not anybody has that address."""

from __future__ import annotations

import threading
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.accounts.rules import canonical_password
from portal.core.errors import Unavailable

#: 19 MiB, two passes, one lane: the floor of OWASP's password storage advice, and what two cores bear beside pages.
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16)
#: So many hashes at once in one process; the next ones wait, so that a burst of sign-ins does not starve the pages.
AT_ONCE = 2
LONGEST_WAIT_SECONDS = 5

_turns = threading.BoundedSemaphore(AT_ONCE)


def hash_of(password: str) -> str:
    """The argon2id hash of a password, parameters and salt within."""
    with _Turn():
        return HASHER.hash(canonical_password(password))


def fits(password: str, hashed: str | None) -> bool:
    """Whether a password fits a hash. Without a hash the same work is done against a hash that nothing fits."""
    with _Turn():
        try:
            HASHER.verify(hashed or _nobody(), canonical_password(password))
        except (VerificationError, InvalidHashError):
            return False
    return hashed is not None


def outdated(hashed: str) -> bool:
    """Whether a hash was made with other parameters than are in use now."""
    return HASHER.check_needs_rehash(hashed)


@lru_cache(maxsize=1)
def _nobody() -> str:
    return HASHER.hash("no password is this one: it is compared when nobody has the address")


class _Turn:
    """One of the few turns at hashing. Raises Unavailable when none came free in time."""

    def __enter__(self) -> None:
        if not _turns.acquire(timeout=LONGEST_WAIT_SECONDS):
            raise Unavailable("지금 로그인이 몰리고 있습니다.", "잠시 뒤 다시 시도해 주십시오.")

    def __exit__(self, *_error: object) -> None:
        _turns.release()
