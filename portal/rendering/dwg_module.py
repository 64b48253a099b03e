"""Which WebAssembly module reads DWG files, and the machine code made of it. Imports nothing heavy: cell.py asks it.

Machine code is run as it is: it is taken only from a file and a folder that nobody but this user could have written.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import stat
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE: Final = Path(__file__).resolve().parent
SOURCE: Final = HERE / "vendor" / "dwgdxf_bg.wasm"
SHA256: Final = "f2daf01c1873e82d4bcae3da82b26ac9a92e916affd767a2babbe1443793f728"
COMPILE_SECONDS: Final = 120.0


class Unusable(Exception):  # noqa: N818 - reads as what happened
    """The machine code is damaged or was made for another processor or runtime."""


def prepared() -> Path | None:
    """Give the machine code for the child, made when it is missing; None when there is no safe place to keep it.

    Without it the child compiles for itself, half a second each time.
    """
    try:
        code = kept()
        if trusted(code):
            return code
        _owned(code.parent)
        with _alone_in(code.parent):
            if not trusted(code):  # another process may have made it meanwhile
                code.unlink(missing_ok=True)
                _make(code)
    except (OSError, subprocess.SubprocessError) as error:
        logging.getLogger(__name__).warning("the machine code of the DWG reader cannot be kept: %s", error)
        return None
    return code if trusted(code) else None


def kept() -> Path:
    """Where the machine code of this module for this version of wasmtime lies, in a folder of the owner's alone."""
    try:
        runtime = version("wasmtime")
    except PackageNotFoundError:
        runtime = "none"
    cache = os.environ.get("XDG_CACHE_HOME", "").strip()
    folder = (Path(cache) if cache else Path(tempfile.gettempdir())) / f"planroom-{os.geteuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"dwgdxf-{SHA256[:12]}-{runtime}.bin"


def trusted(code: Path) -> bool:
    """Whether a file of machine code is there and nobody but this user could have written it or its folder."""
    try:
        _owned(code.parent)
        return stat.S_ISREG(code.lstat().st_mode) and _alone(code.lstat())
    except OSError:
        return False


def _owned(folder: Path) -> None:
    """Raise PermissionError for a folder that is a link, or that another user owns or may write into."""
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or not _alone(facts):
        raise PermissionError(f"{folder} is not this user's alone")


def _alone(facts: os.stat_result) -> bool:
    return facts.st_uid == os.geteuid() and not facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process makes machine code in a folder: it costs seconds of CPU, and one is enough."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _make(code: Path) -> None:
    """Compile in a process of its own: it takes 170 MB, which the caller would keep for good."""
    subprocess.run(
        [sys.executable, "-I", str(HERE / "child.py")],
        input=json.dumps({"compile": str(code)}).encode(),
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        capture_output=True,
        check=True,
        timeout=COMPILE_SECONDS,
    )
