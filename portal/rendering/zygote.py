"""The warmed parent of the limited children: has everything imported that drawing needs, and never reads a file itself.

Started by births.py through child.py with a socket as standard input. Each message on it is an order, with two descriptors: a
socket to report on, and the log. Reported are the number of the child and, when it has ended, its return code as
subprocess counts it. A report socket that its owner shuts down means that the child is to end at once; when the
standard input ends, everything ends.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import shutil
import signal
import socket
import struct
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from portal.rendering.child import furnish, perform

if TYPE_CHECKING:
    from collections.abc import Callable

ORDER: Final = 1 << 17
"""Bytes of an order at most: a file that is handed in takes a few hundred of them."""
NUMBER: Final = struct.Struct("=i")


def serve() -> int:
    """Warm up, then serve the orders on standard input until the caller is gone."""
    control = socket.socket(fileno=0)
    _warm()
    Nursery(control).serve()
    return 0


def _warm() -> None:
    """Import what drawing takes; what lives now is never looked at by the children's collector, so that it stays shared."""
    home = Path(tempfile.mkdtemp(prefix="rendering-"))
    try:
        furnish(home)
        import portal.rendering.dwg  # noqa: PLC0415 - ezdxf looks for its fonts in the furnished home
        import portal.rendering.pdf  # noqa: PLC0415
        import portal.rendering.work  # noqa: F401, PLC0415
    finally:
        shutil.rmtree(home, ignore_errors=True)
    gc.collect()
    gc.freeze()


class Nursery:
    """The children that live, each with the socket that its owner is told on."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._watch = selectors.DefaultSelector()
        self._living: set[int] = set()

    def serve(self) -> None:
        """Fork a child for each order, and report how each ends."""
        self._watch.register(self._control, selectors.EVENT_READ, self._ordered)
        while self._control.fileno() >= 0:
            for key, _ in self._watch.select():
                act: Callable[[], None] = key.data
                act()

    def _ordered(self) -> None:
        message, descriptors, _, _ = socket.recv_fds(self._control, ORDER, 2)
        if not message:
            for child in self._living:
                _kill(child)
            self._control.close()
            return
        report, log = descriptors
        child = os.fork()
        if child == 0:
            _be_born(json.loads(message), log)
        os.close(log)
        self._living.add(child)
        owner = socket.socket(fileno=report)
        ended = os.pidfd_open(child)
        self._watch.register(ended, selectors.EVENT_READ, lambda: self._buried(child, ended, owner))
        self._watch.register(owner, selectors.EVENT_READ, lambda: self._unwanted(child, owner))
        _tell(owner, child)

    def _unwanted(self, child: int, owner: socket.socket) -> None:
        self._watch.unregister(owner)
        _kill(child)

    def _buried(self, child: int, ended: int, owner: socket.socket) -> None:
        _kill(child)  # What it may have started; its own number stays taken until it is waited for.
        _, status = os.waitpid(child, 0)
        self._living.discard(child)
        self._watch.unregister(ended)
        os.close(ended)
        if owner in self._watch.get_map():
            self._watch.unregister(owner)
        _tell(owner, os.waitstatus_to_exitcode(status))
        owner.close()


def _be_born(order: dict[str, Any], log: int) -> None:
    """Be the child: nothing of the parent's is left open, and whatever happens this process ends here."""
    code = 1
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        os.dup2(log, 2)
        os.closerange(3, max(int(entry.name) for entry in Path("/proc/self/fd").iterdir()) + 1)
        code = perform(order)
    except BaseException:  # noqa: BLE001 - the log is where it belongs, and the parent's loop must never go on here
        traceback.print_exc()
    sys.stderr.flush()
    os._exit(code)


def _kill(child: int) -> None:
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        try:  # It has not left our group yet.
            os.kill(child, signal.SIGKILL)
        except ProcessLookupError:
            return


def _tell(owner: socket.socket, number: int) -> None:
    try:
        owner.send(NUMBER.pack(number))
    except OSError:
        return  # The owner is gone; its end of the socket has said so.
