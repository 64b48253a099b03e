"""Hashing of passwords: argon2id, few at a time, and the same work whether or not anybody has that address.

Browsers that an account does not know stand in a line of their own, a short one: whoever finds it full is told so before
anything is looked up or hashed. A flood of wrong passwords from everywhere, which no count of accounts and addresses can hold
off, takes a quarter of one core of a process then, and never a turn from people who sign in with a browser of theirs.
"""

from __future__ import annotations

import threading
import time
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
#: Strangers who may be in the line of one process, the one at its head included.
LONGEST_LINE = 4
COME_BACK_SECONDS = 2
#: After a stranger's hash the line rests so many times as long as it took.
RESTS = 3

_turns = threading.BoundedSemaphore(AT_ONCE)


class Crowded(Unavailable):
    """The line of strangers is full. `retry_after` is in seconds; the next try has as good a chance as anybody's."""

    def __init__(self) -> None:
        self.retry_after = COME_BACK_SECONDS
        super().__init__("지금 로그인이 몰리고 있습니다.", "몇 초 뒤 다시 눌러 주십시오. 틀린 횟수로 세지 않습니다.")


def hash_of(password: str) -> str:
    """The argon2id hash of a password, parameters and salt within."""
    with _Turn():
        return HASHER.hash(canonical_password(password))


def fits(password: str, hashed: str | None, *, stranger: bool = False) -> bool:
    """Whether a password fits a hash. Without a hash the same work is done against a hash that nothing fits.

    A `stranger` waits in line; raises Crowded when that is full.
    """
    with _line if stranger else _Turn():
        try:
            HASHER.verify(hashed or _nobody(), canonical_password(password))
        except (VerificationError, InvalidHashError):
            return False
    return hashed is not None


def ask_for_room() -> None:
    """Raises Crowded when a stranger would find the line full: asked before anything else is done for them."""
    _line.ask_for_room()


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


class _Line:
    """Strangers, one after the other, with a rest after each."""

    def __init__(self) -> None:
        self._inside = 0
        self._count = threading.Lock()
        self._turn = threading.Lock()
        self._began = self._rested = 0.0

    def ask_for_room(self) -> None:
        if self._inside >= LONGEST_LINE:
            raise Crowded

    def __enter__(self) -> None:
        with self._count:
            self.ask_for_room()
            self._inside += 1
        self._turn.acquire()
        time.sleep(max(0.0, self._rested - time.monotonic()))
        self._began = time.monotonic()

    def __exit__(self, *_error: object) -> None:
        ended = time.monotonic()
        self._rested = ended + RESTS * (ended - self._began)
        self._turn.release()
        with self._count:
            self._inside -= 1


_line = _Line()
