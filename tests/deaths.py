"""Deaths of real processes, planned by file: SIGKILL, which nothing can catch, at a moment that has a name.

A folder holds a file per death to come, named `<whose>.<spot>.<moment>`; it is renamed to `<name>.died` just before, so that
every death happens once. Moments: `before` what the spot does, `during` it (some milliseconds in), and `after` it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

from jobs import __main__ as processes
from portal import create_app

PR_SET_PDEATHSIG = 1
#: How far into a spot `during` is; CREATE DATABASE takes 25 to 100 ms.
DURING_SECONDS = 0.012


@dataclass(slots=True)
class Deaths:
    """The folder, and what became of the plans in it."""

    folder: Path

    def plan(self, names: Iterable[str]) -> None:
        self.folder.mkdir(exist_ok=True)
        for name in names:
            (self.folder / name).touch()

    def died(self) -> dict[str, float]:
        """Name -> when, in seconds since the epoch."""
        return {path.name.removesuffix(".died"): float(path.read_text()) for path in self.folder.glob("*.died")}

    def missed(self) -> set[str]:
        """Deaths still to come. `during` may be missed: what it should have hit was over already."""
        left = {path.name for path in self.folder.iterdir()} - {path.name for path in self.folder.glob("*.died")}
        return {name for name in left if not name.endswith(".during")}


class Mortal:
    """A process in which the deaths of a folder happen. `whose` is the id that plans of the running job bear."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.keeper, self.whose = folder, os.getpid(), "0"

    def die(self, name: str) -> None:
        """Now, when that is planned: this process, and the worker whose child it is."""
        try:
            (self.folder / name).rename(self.folder / f"{name}.died")
        except FileNotFoundError:
            return
        (self.folder / f"{name}.died").write_text(repr(time.time()))
        if os.getppid() != self.keeper:
            os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)

    def live_through(self, plan: str, act: Callable[[], Any], during: float = DURING_SECONDS) -> Any:  # noqa: ANN401 - whatever it answers
        """Do `act`, with the deaths that are planned before, during and after it."""
        self.die(f"{plan}.before")
        if (self.folder / f"{plan}.during").exists():
            threading.Timer(during, self.die, (f"{plan}.during",)).start()
        answer = act()
        self.die(f"{plan}.after")
        return answer

    def spot(self, spot: str, holder: object, name: str, during: float = DURING_SECONDS) -> None:
        """Make a function of a module or class a spot of the running job."""
        real: Callable[..., Any] = getattr(holder, name)

        @wraps(real)
        def mortal(*words: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the function takes and gives
            return self.live_through(f"{self.whose}.{spot}", lambda: real(*words, **named), during)

        setattr(holder, name, mortal)

    def keep_alive(self, *commands: list[str]) -> None:
        """`python -m jobs ...` for each command, and again when it dies; none outlives this process.

        This one only holds what is imported and the app, and forks, as a process manager would, without the seconds
        that building the house costs on a busy machine.
        """
        app = create_app()
        processes.create_app = lambda _environ=None: app
        alive = {_begin(command): command for command in commands}
        while True:
            died, _status = os.wait()
            command = alive.pop(died)
            alive[_begin(command)] = command


def _begin(command: list[str]) -> int:
    """Fork one process; its pid."""
    pid = os.fork()
    if pid == 0:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os._exit(processes.main(command))
    return pid
