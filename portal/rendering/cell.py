"""Runs one rendering in a limited child process, so that no file can hang, fill or crash the caller.

The child (births.py) is forked from a warmed parent that has none of our environment, sockets or memory; it binds itself
(confinement.py) and is watched from here: wall clock and resident memory.
"""

from __future__ import annotations

import codecs
import errno
import hashlib
import logging
import os
import shutil
import signal
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from portal.rendering import dwg_module, reasons
from portal.rendering.births import Lost, born
from portal.rendering.child import NO_MEMORY, NOT_WRITTEN, TOO_LARGE, UNUSABLE_CODE
from portal.rendering.paper import PLOT
from portal.rendering.result import MANIFEST, Rendering, Source
from portal.rendering.sniff import kind_of, readable_dwg, version_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.rendering.paper import Plot
    from portal.rendering.result import Limits

WATCH_SECONDS: Final = 0.05
#: Why a child's answer never came whose parent was killed.
LOST: Final = "crashed"
#: A child that died where less is left died of that, whatever it could still write into its log.
ROOM: Final = 1024 * 1024


def confined(  # noqa: PLR0913 - what to render, where to, and under which rules
    source: Path,
    out: Path,
    limits: Limits,
    encoding: str | None,
    version: str,
    name: str,
    plot: Plot | None = None,
    references: Mapping[str, Path] | None = None,
    *,
    index: bool = False,
) -> Rendering:
    """Render in a child and give its answer; one that was stopped or died is a refusal with the reason.

    Raises OSError when `source` or a reference cannot be read, `out` cannot be written or no process can be started,
    ValueError for an encoding nobody knows or more references than the limits allow.
    """
    references = references or {}
    if len(references) > limits.references:
        raise ValueError(len(references))
    if encoding is not None and not known_encoding(encoding):
        raise ValueError(encoding)
    out.mkdir(parents=True, exist_ok=True)
    for left in (out / MANIFEST, out / PLOT, *out.glob("sheet-*.svg")):
        left.unlink(missing_ok=True)
    dwg = any(_is_readable_dwg(file) for file in (source, *references.values()))
    handed = {name: str(file.resolve(strict=True)) for name, file in references.items()}
    order: dict[str, Any] = {
        "source": str(source.resolve()),
        "out": str(out.resolve()),
        "encoding": encoding,
        "version": version,
        "name": name,
        "plot": asdict(plot) if plot else None,
        "index": index,
        "limits": asdict(limits),
        "webassembly": dwg,
        "references": handed,
    }
    readable = [order["source"], *handed.values()]
    readable += [file for file in (plot.font, plot.bold, plot.rest) if file] if plot else []
    with tempfile.TemporaryDirectory(prefix="rendering-") as home:
        code, reason = _run(order | _reading(readable, dwg=dwg), Path(home), limits)
        if code == UNUSABLE_CODE or reason == LOST:
            if code == UNUSABLE_CODE:
                dwg_module.kept().unlink(missing_ok=True)
            code, reason = _run(order | _reading(readable, dwg=dwg), Path(home), limits)
        if not reason:
            try:
                return Rendering.read(out)
            except (OSError, ValueError, KeyError, TypeError):
                reason = _verdict(code, Path(home) / "log")
    return _refused(source, out, reason, version)


def _is_readable_dwg(file: Path) -> bool:
    with file.open("rb") as stream:
        head = stream.read(4096)
    return kind_of(head) == "dwg" and readable_dwg(version_of(head, "dwg"))


def _reading(files: list[str], *, dwg: bool) -> dict[str, Any]:
    """The part of an order that says what may be read, with the machine code of the DWG reader where it is needed."""
    code = dwg_module.prepared() if dwg else None
    compiled = [str(code)] if code else []
    return {"compiled": compiled[0] if compiled else None, "readable": [*files, *compiled]}


def _run(order: dict[str, Any], home: Path, limits: Limits) -> tuple[int | None, str]:
    """Run a child on its order: how it ended, and why it was stopped, if it was."""
    with (home / "log").open("wb") as log:
        child = born({**order, "home": str(home)}, log)
        started = time.monotonic()
        reason = ""
        try:
            while not reason and child.wait(WATCH_SECONDS) is None:
                if time.monotonic() - started > limits.wall:
                    reason = "time"
                elif _resident(child.pid) > limits.memory:
                    reason = "memory"
        except Lost:
            reason = LOST
        finally:
            # Whatever happens here, even an exception in the caller's thread, nothing stays behind.
            code = child.end()
    return code, reason


def known_encoding(name: str) -> bool:
    """Tell whether `name` is a text encoding we can read a drawing in."""
    try:
        return codecs.lookup(name)._is_text_encoding  # noqa: SLF001 - the only way to tell rot13 from cp949
    except LookupError:
        return False


def _verdict(code: int | None, log: Path) -> str:
    """Say why a child left no manifest; raises OSError when it could not write one (a full disk, a lost folder)."""
    said = log.read_text(encoding="utf-8", errors="replace")[-4000:]
    if os.strerror(errno.ENOSPC) in said or shutil.disk_usage(log.parent).free < ROOM:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(log.parent))
    if code == NOT_WRITTEN:
        raise OSError(said[-500:])
    if code == NO_MEMORY:
        return "memory"
    if code in {TOO_LARGE, -signal.SIGXFSZ, 128 + signal.SIGXFSZ}:
        return "output-too-large"
    if code in {-signal.SIGXCPU, 128 + signal.SIGXCPU, -signal.SIGKILL, 128 + signal.SIGKILL}:
        return "time"
    logging.getLogger(__name__).error("the rendering child died with %s: %s", code, said)
    return "crashed"


def _refused(source: Path, out: Path, reason: str, version: str) -> Rendering:
    for left in out.glob("sheet-*.svg"):
        left.unlink(missing_ok=True)
    with source.open("rb") as stream:
        head = stream.read(4096)
        stream.seek(0)
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    facts = Source(kind_of(head), "", "", source.stat().st_size, digest)
    answer = Rendering("refused", reason, reasons.sentence(reason), facts, version)
    answer.write(out)
    return answer


def _resident(pid: int) -> int:
    """Give the resident memory in bytes of a process and its children (bubblewrap stands between us and the child)."""
    total = 0
    for member in _family(pid):
        try:
            pages = int(Path(f"/proc/{member}/statm").read_text(encoding="ascii").split()[1])
        except (OSError, IndexError, ValueError):
            continue  # It ended between the look at the list and this one.
        total += pages * os.sysconf("SC_PAGESIZE")
    return total


def _family(pid: int) -> list[int]:
    members = [pid]
    for member in members:
        try:
            children = Path(f"/proc/{member}/task/{member}/children").read_text(encoding="ascii")
        except OSError:
            continue
        members += [int(child) for child in children.split()]
    return members
