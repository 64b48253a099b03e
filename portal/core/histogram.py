"""How long something takes, kept as counts: four steps to each doubling, so a figure read from them is off by 25 % at most.

Counts of several processes, or of the same one at two moments, are added and subtracted as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

#: Steps within a doubling are told apart by so many bits.
FINE_BITS = 2
FINE = 1 << FINE_BITS
#: Longer than 2^35 ns (34 s) is counted as that.
MOST_BITS = 35
LONGEST = (1 << MOST_BITS) - 1
PLACES = (MOST_BITS + 1) * FINE
NANO = 1e-9


def place(nanoseconds: int) -> int:
    """Where so long is counted."""
    nanoseconds = min(max(nanoseconds, 1), LONGEST)
    bits = nanoseconds.bit_length()
    if bits <= FINE_BITS:
        return 0
    return bits * FINE + ((nanoseconds >> (bits - 1 - FINE_BITS)) & (FINE - 1))


def upper(where: int) -> float:
    """The longest that is counted there, in seconds."""
    bits, fine = divmod(where, FINE)
    if bits <= FINE_BITS:
        return (1 << FINE_BITS) * NANO
    return ((FINE + fine + 1) << (bits - 1 - FINE_BITS)) * NANO


class Histogram:
    """Counts since the start of this process. Two threads that count at the same instant may lose one of the two, which
    is cheaper than a lock on every read of a session.
    """

    __slots__ = ("counts", "nanoseconds")

    def __init__(self) -> None:
        self.counts = [0] * PLACES
        self.nanoseconds = 0

    def note(self, nanoseconds: int) -> None:
        self.counts[place(nanoseconds)] += 1
        self.nanoseconds += nanoseconds


def quantile(counts: Sequence[int], share: float) -> float | None:
    """Seconds within which so large a share stayed; None when nothing was counted."""
    wanted = sum(counts) * share
    if not wanted:
        return None
    passed = 0
    for where, count in enumerate(counts):
        passed += count
        if passed >= wanted:
            return upper(where)
    return upper(PLACES - 1)


def added(many: Iterable[Sequence[int]]) -> list[int]:
    """The counts of all of them together."""
    return [sum(column) for column in zip([0] * PLACES, *many, strict=True)]


def sparse(counts: Sequence[int]) -> dict[str, int]:
    """Only the places where something was counted, as JSON can carry it."""
    return {str(where): count for where, count in enumerate(counts) if count}


def whole(counts: dict[str, int]) -> list[int]:
    """The opposite of `sparse`."""
    return [counts.get(str(where), 0) for where in range(PLACES)]
