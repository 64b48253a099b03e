"""Which WebAssembly module reads DWG files, and where its machine code is kept. Imports nothing heavy: cell.py asks it."""

from __future__ import annotations

import os
import stat
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).resolve().parent / "vendor" / "dwgdxf_bg.wasm"
SHA256: Final = "f2daf01c1873e82d4bcae3da82b26ac9a92e916affd767a2babbe1443793f728"


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
        facts = [code.lstat(), code.parent.lstat()]
    except OSError:
        return False
    return stat.S_ISREG(facts[0].st_mode) and all(
        one.st_uid == os.geteuid() and not one.st_mode & (stat.S_IWGRP | stat.S_IWOTH) for one in facts
    )
