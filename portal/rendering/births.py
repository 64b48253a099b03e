"""Gets children from a warmed parent (zygote.py) of this process's own, or as fresh interpreters, and waits for them.

A zygote is started by the first rendering of a process and ends with it, however it ends. It has none of our
environment, descriptors or memory: children forked from it cannot give away what they never had.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import logging
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Protocol

from portal.rendering.confinement import landlock_version

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE: Final = Path(__file__).resolve().parent
NUMBER: Final = struct.Struct("=i")
WARM_SECONDS: Final = 60.0
GRACE_SECONDS: Final = 5.0


class Lost(Exception):  # noqa: N818 - reads as what happened
    """The parent of the children is gone, and nobody knows how this one ended."""


class Child(Protocol):
    """A child at work on its order."""

    pid: int

    def wait(self, seconds: float) -> int | None:
        """Give the return code as subprocess counts it, or None when it still works after `seconds`."""

    def end(self) -> int | None:
        """Stop it now, if it still works, with all that it started; give its return code."""


def born(order: Mapping[str, Any], log: IO[bytes]) -> Child:
    """Start a child on its order, its errors into `log`; raises OSError when there can be none."""
    bubble = shutil.which("bwrap")
    if bubble is not None and not landlock_version() and _bubble_works(bubble):
        return _Fresh(_in_bubble(bubble, order), order, log)
    for _ in range(2):
        with contextlib.suppress(Lost, BrokenPipeError, ConnectionError):
            return _Forked(_zygote(), order, log)
        _forget()
    raise OSError("no process can be started that draws")


class _Forked:
    """A child of the zygote, followed over a socket."""

    def __init__(self, zygote: socket.socket, order: Mapping[str, Any], log: IO[bytes]) -> None:
        self._report, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._code: int | None = None
        try:
            with theirs:
                socket.send_fds(zygote, [json.dumps(order).encode()], [theirs.fileno(), log.fileno()])
            self.pid = self._started()
        except BaseException:
            self._report.close()
            raise

    def _started(self) -> int:
        pid = self._told(WARM_SECONDS)
        if pid is None:
            raise Lost
        return pid

    def wait(self, seconds: float) -> int | None:
        if self._code is None:
            self._code = self._told(seconds)
        return self._code

    def end(self) -> int | None:
        try:
            if self._code is None:
                with contextlib.suppress(OSError):
                    self._report.shutdown(socket.SHUT_WR)
                self._code = self._told(GRACE_SECONDS)
        except Lost:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        finally:
            self._report.close()
        return self._code

    def _told(self, seconds: float) -> int | None:
        self._report.settimeout(seconds)
        try:
            message = self._report.recv(NUMBER.size)
        except TimeoutError:
            return None
        except ConnectionError as error:
            raise Lost from error
        if len(message) != NUMBER.size:
            raise Lost
        number: int = NUMBER.unpack(message)[0]
        return number


class _Fresh:
    """A fresh interpreter, followed as a process of our own."""

    def __init__(self, command: list[str], order: Mapping[str, Any], log: IO[bytes]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=log,
            cwd=HERE,
            env=_environment(),
            start_new_session=True,
            close_fds=True,
        )
        self.pid = self._process.pid
        with contextlib.suppress(BrokenPipeError):  # It died at once; its return code says more.
            if self._process.stdin is not None:
                self._process.stdin.write(json.dumps(order).encode())
                self._process.stdin.close()

    def wait(self, seconds: float) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def end(self) -> int | None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # The group may be gone already.
            os.killpg(self.pid, signal.SIGKILL)
        return self._process.wait(GRACE_SECONDS)


_lock = threading.Lock()
_kept: tuple[subprocess.Popen[bytes], socket.socket] | None = None


def _zygote() -> socket.socket:
    """Give the socket of this process's zygote, which is started when there is none."""
    global _kept  # noqa: PLW0603 - one a process
    with _lock:
        if _kept is not None:
            if _kept[0].poll() is None:
                return _kept[1]
            _kept[1].close()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-I", str(HERE / "child.py"), "serve"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                cwd=HERE,
                env=_environment(),
                start_new_session=True,
                close_fds=True,
            )
        _kept = (process, ours)
        return ours


@atexit.register
def _forget() -> None:
    """Let the zygote end, if there is one."""
    global _kept  # noqa: PLW0603 - one a process
    with _lock:
        if _kept is None:
            return
        process, control = _kept
        _kept = None
        control.close()
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            logging.getLogger(__name__).warning("the renderer's parent did not end by itself")
            process.kill()
            process.wait()


def _leave_to_the_parent() -> None:
    """In a fork of ours: the zygote belongs to the process that started it, which is not this one."""
    global _kept, _lock  # noqa: PLW0603 - one a process
    _lock = threading.Lock()
    if _kept is not None:
        process, control = _kept
        control.close()
        process.returncode = 0
        _kept = None


os.register_at_fork(after_in_child=_leave_to_the_parent)


def _environment() -> dict[str, str]:
    return {
        "PATH": "/usr/bin:/bin",
        "TMPDIR": tempfile.gettempdir(),
        "LANG": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }


def _in_bubble(bubble: str, order: Mapping[str, Any]) -> list[str]:
    system = ("/usr", "/lib", "/lib64", "/bin", sys.prefix, sys.base_prefix)
    views = [part for path in system if Path(path).exists() for part in ("--ro-bind", path, path)]
    files = [part for file in order["readable"] for part in ("--ro-bind", file, file)]
    folders = [part for folder in (order["home"], order["out"]) for part in ("--bind", folder, folder)]
    return [
        bubble, "--unshare-all", "--die-with-parent", "--proc", "/proc", "--dev", "/dev", *views,
        "--ro-bind", str(HERE), str(HERE), *files, *folders, "--chdir", str(HERE),
        sys.executable, "-I", str(HERE / "child.py"),
    ]  # fmt: skip


@functools.cache
def _bubble_works(bubble: str) -> bool:
    """Tell whether this machine lets bubblewrap make its namespaces (some containers do not)."""
    trial = [bubble, "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "/bin/true"]
    return subprocess.run(trial, check=False, capture_output=True, timeout=10).returncode == 0
