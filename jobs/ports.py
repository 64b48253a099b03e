"""Ports for servers that tests and measurements start: each process has its own, below those of calls going out.

A port that is only asked of the kernel can be taken by another test process, or by a call, before its server listens.
"""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import Iterator

FIRST, SLICES = 10_000, 220
#: So many ports lie between two that are given: a portal also takes ones above its own, for the sandbox and its mail.
APART = 4
PER_SLICE = 25


def _candidates() -> Iterator[int]:
    own = os.getpid() * 97 % SLICES * PER_SLICE
    for number in itertools.count():
        yield FIRST + (own + number) % (SLICES * PER_SLICE) * APART


_NEXT = _candidates()


def free_port() -> int:
    """A TCP port of the loopback address on which nothing listens, nor on the three above it; never given twice."""
    for port in itertools.islice(_NEXT, SLICES * PER_SLICE):
        if all(_free(port + above) for above in range(APART)):
            return port
    raise AssertionError("no port is free")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
