"""A child of this process that does `python -m jobs ...`: a process of its own, without loading the house once more.

Loading costs two to four seconds of a core for each of worker, render and clock, more than their whole work on a walk.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path

from jobs import __main__ as door

_PR_SET_PDEATHSIG = 1
_TICK = 0.02


class Forked:
    """Its process id, and the exit code once it is known; to be used like a Popen."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    @classmethod
    def begin(cls, log: Path, environ: Mapping[str, str], words: list[str]) -> Forked:
        """Fork; the child's words go to `log`. No connection may be open, nor a thread run."""
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            return cls(pid)
        code = 1
        try:
            _become(log, environ)
            code = door.main(words)
        except BaseException:  # noqa: BLE001 - the child must never come back into the parent's code
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)

    def poll(self) -> int | None:
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code

    def send_signal(self, sig: int, /) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def wait(self, timeout: float | None = None) -> int:
        deadline = time.monotonic() + (timeout if timeout is not None else float("inf"))
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
            time.sleep(_TICK)
        return code


def _become(log: Path, environ: Mapping[str, str]) -> None:
    """The kernel ends it with its parent; signals, environment and outputs are those of a fresh process."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(environ)
    with log.open("ab") as file:
        for output in (1, 2):
            os.dup2(file.fileno(), output)
