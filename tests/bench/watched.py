"""What a rendering costs, seen from outside: CPU and the peak of resident memory of the limited child, also of one that is stopped."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOOK = 0.01
TICKS = os.sysconf("SC_CLK_TCK")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of CPU and of the clock, bytes, and the seconds that the child was ready and the machine had no processor for it."""

    cpu: float = 0.0
    wall: float = 0.0
    memory: int = 0
    waited: float = 0.0

    def beside(self, other: Cost) -> Cost:
        """The worse of two in each."""
        return Cost(
            max(self.cpu, other.cpu),
            max(self.wall, other.wall),
            max(self.memory, other.memory),
            max(self.waited, other.waited),
        )


def watched(act: Callable[[], Answer]) -> tuple[Answer, Cost]:
    """Do what renders one file, and give its answer and what the child cost; who was there before, a browser, is none."""
    ended = threading.Event()
    costs: dict[int, Cost] = {}
    watcher = threading.Thread(target=_watch, args=(ended, costs, frozenset(_grandchildren())))
    start = time.monotonic()
    watcher.start()
    try:
        answer = act()
    finally:
        wall = time.monotonic() - start
        ended.set()
        watcher.join()
    cpu = sum(cost.cpu for cost in costs.values())
    waited = sum(cost.waited for cost in costs.values())
    return answer, Cost(cpu, wall, max((cost.memory for cost in costs.values()), default=0), waited)


def _watch(ended: threading.Event, costs: dict[int, Cost], others: frozenset[int]) -> None:
    while not ended.wait(LOOK):
        for pid in set(_grandchildren()) - others:
            seen = _cost(pid)
            costs[pid] = costs.get(pid, Cost()).beside(seen)


def _cost(pid: int) -> Cost:
    """CPU and peak of a process until now; nothing for one that is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        waited = int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[1])
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return Cost()
    peak = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)
    return Cost((int(fields[11]) + int(fields[12])) / TICKS, 0.0, peak << 10, waited / 1e9)


def _grandchildren() -> Iterator[int]:
    """The processes that our children started: the children of the renderer's warmed parent, or what is in a bubble."""
    for child in _children(os.getpid()):
        level = list(_children(child))
        while level:
            yield from level
            level = [grandchild for one in level for grandchild in _children(one)]


def _children(pid: int) -> Iterator[int]:
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            yield from map(int, (task / "children").read_text(encoding="ascii").split())
    except OSError:
        return  # It ended meanwhile.
