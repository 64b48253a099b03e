"""Runs one rendering in a limited child process, so that no file can hang, fill or crash the caller.

The child is a fresh interpreter running child.py without our environment, its own session and process group; it
limits itself (child.py) and is watched from here: wall clock and resident memory. Where bubblewrap is installed the
child also has no network and sees only the interpreter, its source file and its output folder.

A fork of a warmed process would save the imports, but would carry the caller's secrets, sockets and locked mutexes into
a process that reads hostile files; a fresh one is right from any thread and any forked worker.
"""

from __future__ import annotations

import codecs
import contextlib
import functools
import hashlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from portal.rendering import dwg_module, reasons
from portal.rendering.child import NO_MEMORY, NOT_WRITTEN, TOO_LARGE
from portal.rendering.paper import PLOT
from portal.rendering.result import MANIFEST, Rendering, Source
from portal.rendering.sniff import kind_of, readable_dwg, version_of

if TYPE_CHECKING:
    from portal.rendering.paper import Plot
    from portal.rendering.result import Limits

HERE: Final = Path(__file__).resolve().parent
EMPTY_FONTS: Final = '{"version": 2, "font-faces": []}'
WATCH_SECONDS: Final = 0.05
GRACE_SECONDS: Final = 5.0
COMPILE_SECONDS: Final = 120.0


def confined(  # noqa: PLR0913 - what to render, where to, and under which rules
    source: Path,
    out: Path,
    limits: Limits,
    encoding: str | None,
    version: str,
    name: str,
    plot: Plot | None = None,
) -> Rendering:
    """Render in a child and give its answer; one that was stopped or died is a refusal with the reason.

    Raises OSError when `source` cannot be read, `out` cannot be written or no process can be started, ValueError for
    an encoding nobody knows.
    """
    if encoding is not None and not known_encoding(encoding):
        raise ValueError(encoding)
    out.mkdir(parents=True, exist_ok=True)
    for left in (out / MANIFEST, out / PLOT, *out.glob("sheet-*.svg")):
        left.unlink(missing_ok=True)
    order = {
        "source": str(source.resolve()),
        "out": str(out.resolve()),
        "encoding": encoding,
        "version": version,
        "name": name,
        "plot": asdict(plot) if plot else None,
        "limits": asdict(limits),
    }
    compiled: str | None = None
    with source.open("rb") as stream:
        head = stream.read(4096)
    if kind_of(head) == "dwg" and readable_dwg(version_of(head, "dwg")):
        compiled = str(_compiled())
    order["compiled"] = compiled
    with tempfile.TemporaryDirectory(prefix="rendering-") as home:
        extra = [Path(file) for file in (plot.font, plot.bold) if file] if plot else []
        extra += [Path(compiled)] if compiled else []
        command = _command(Path(home), [source.resolve(), *extra], out.resolve())
        with (Path(home) / "log").open("wb") as log:
            started = time.monotonic()
            child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd=HERE,
                env=_environment(Path(home)),
                start_new_session=True,
                close_fds=True,
            )
            reason = _watched(child, json.dumps(order).encode(), limits, started)
        if not reason:
            try:
                return Rendering.read(out)
            except (OSError, ValueError, KeyError, TypeError):
                reason = _verdict(child.returncode, Path(home) / "log")
    return _refused(source, out, reason, version)


def _compiled() -> Path:
    """The machine code of the DWG reader, made when it is not there yet or cannot be trusted. Raises OSError."""
    code = dwg_module.kept()
    if not dwg_module.trusted(code):
        code.unlink(missing_ok=True)
        made = subprocess.run(
            [sys.executable, "-I", str(HERE / "child.py")],
            input=json.dumps({"compile": str(code)}).encode(), capture_output=True, check=False, timeout=COMPILE_SECONDS,
        )  # fmt: skip
        if made.returncode:
            raise OSError(made.stderr.decode("utf-8", "replace")[-500:])
    return code


def known_encoding(name: str) -> bool:
    """Tell whether `name` is a text encoding we can read a drawing in."""
    try:
        return codecs.lookup(name)._is_text_encoding  # noqa: SLF001 - the only way to tell rot13 from cp949
    except LookupError:
        return False


def _watched(child: subprocess.Popen[bytes], order: bytes, limits: Limits, started: float) -> str:
    """Wait for the child and stop it when it is over its wall clock or memory; give why, or an empty text."""
    with contextlib.suppress(BrokenPipeError):  # It died at once; its return code says more.
        if child.stdin is not None:
            child.stdin.write(order)
            child.stdin.close()
    reason = ""
    try:
        while child.poll() is None:
            if time.monotonic() - started > limits.wall:
                reason = "time"
            elif _resident(child.pid) > limits.memory:
                reason = "memory"
            if reason:
                break
            try:
                child.wait(WATCH_SECONDS)
            except subprocess.TimeoutExpired:
                continue
    finally:
        # Whatever happens here, even an exception in the caller's thread, nothing stays behind.
        _end(child)
    return reason


def _end(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # The group may be gone already.
        os.killpg(child.pid, signal.SIGKILL)
    child.wait(GRACE_SECONDS)


def _verdict(code: int | None, log: Path) -> str:
    """Say why a child left no manifest; raises OSError when it could not write one (a full disk, a lost folder)."""
    if code == NOT_WRITTEN:
        raise OSError(log.read_text(encoding="utf-8", errors="replace")[-500:])
    if code == NO_MEMORY:
        return "memory"
    if code in {TOO_LARGE, -signal.SIGXFSZ, 128 + signal.SIGXFSZ}:
        return "output-too-large"
    if code in {-signal.SIGXCPU, 128 + signal.SIGXCPU, -signal.SIGKILL, 128 + signal.SIGKILL}:
        return "time"
    logging.getLogger(__name__).error(
        "the rendering child died with %s: %s", code, log.read_text(encoding="utf-8", errors="replace")[-4000:]
    )
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


def _environment(home: Path) -> dict[str, str]:
    # An empty font list: letters are left to the browser, so scanning the machine's fonts would cost a second, write
    # a cache into someone's home, and make the same file look different on two machines.
    cache = home / "cache" / "ezdxf"
    cache.mkdir(parents=True)
    (cache / "font_manager_cache.json").write_text(EMPTY_FONTS, encoding="ascii")
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }


def _command(home: Path, readable: list[Path], out: Path) -> list[str]:
    run = [sys.executable, "-I", str(HERE / "child.py")]
    bubble = shutil.which("bwrap")
    if bubble is None or not _bubble_works(bubble):
        return run
    system = ("/usr", "/lib", "/lib64", "/bin", sys.prefix, sys.base_prefix)
    views = [part for path in system if Path(path).exists() for part in ("--ro-bind", path, path)]
    files = [part for file in readable for part in ("--ro-bind", str(file), str(file))]
    return [
        bubble, "--unshare-all", "--die-with-parent", "--proc", "/proc", "--dev", "/dev",
        *views, "--ro-bind", str(HERE), str(HERE), *files,
        "--bind", str(home), str(home), "--bind", str(out), str(out), "--chdir", str(HERE), *run,
    ]  # fmt: skip


@functools.cache
def _bubble_works(bubble: str) -> bool:
    """Tell whether this machine lets bubblewrap make its namespaces (some containers do not)."""
    trial = [bubble, "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "/bin/true"]
    return subprocess.run(trial, check=False, capture_output=True, timeout=10).returncode == 0
