"""Backups: all rows and files of the house in one folder, made whole or not at all, and let go of after some days.

    BACKUP_DIR/20261126T205000Z/      manifest.json, platform.jsonl.gz, tenants/<key>.jsonl.gz, tenants/<key>.files.gz
    BACKUP_DIR/blobs/<key>/<sha256>   what the lists of files name, once for all backups
    BACKUP_DIR/destroyed.json         the companies that no restore may bring back (`forgetting`)

No program of the database makes the dumps: one of another version than its server lost GitLab's backups without a word.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from portal.core import migrate
from portal.core.blobs import Folder
from portal.core.clock import fresh
from portal.core.errors import Refusal
from portal.core.settings import settings
from portal.retention import forgetting

FORMAT = 1
KEEP = 14
PARTIAL = ".partial"
STAMP = "%Y%m%dT%H%M%SZ"
PLATFORM = "platform.jsonl.gz"


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of a company: its key in the store, and what is in it."""

    key: str
    size: int
    sha256: str


# ----- the folder ----------------------------------------------------------------------------------------------------


def root() -> Path:
    """The folder of the backups, for the portal's own eyes only."""
    folder = settings().backup_dir
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def store() -> Folder:
    """The files of all backups, each under its digest."""
    return Folder(root() / "blobs")


def whole() -> list[Path]:
    """The backups that are whole, the oldest first. One appears under its name when nothing is missing any more."""
    folder = settings().backup_dir
    names = folder.iterdir() if folder.is_dir() else iter(())
    return sorted(path for path in names if not path.suffix and (path / "manifest.json").is_file())


def find(name: str) -> Path | None:
    """A whole backup by its name; the newest when there is no name."""
    found = [path for path in whole() if name in {"", path.name}]
    return found[-1] if found else None


def manifest_of(backup: Path) -> dict[str, Any]:
    """What a backup says of itself. OSError or ValueError when that cannot be read."""
    said = json.loads((backup / "manifest.json").read_text(encoding="utf-8"))
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        message = "not a manifest of this format"
        raise ValueError(message)
    return said


def files_of(path: Path) -> Iterator[Listed]:
    """The list of a company's files, as it was written."""
    with gzip.open(path, "rb") as lines:
        for line in lines:
            yield msgspec.json.decode(line, type=Listed)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def version() -> str:
    """The software's own version."""
    words = (migrate.TREES.parent / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(words)["project"]["version"])


@contextmanager
def only_one() -> Iterator[None]:
    """One process at a time makes backups or lets go of them. The system lets go of the lock of a killed one."""
    with (root() / ".making").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refusal("다른 백업이 돌고 있습니다.", "그 백업이 끝난 뒤 다시 실행해 주십시오.") from None
        yield


# ----- letting go ----------------------------------------------------------------------------------------------------


def prune(keep: int) -> list[str]:
    """Let go of all but the newest `keep`, of those that hold rows of a destroyed company too long, and of their files."""
    backups = whole()
    now = fresh()
    old = set(backups[:-keep])
    old |= {path for path in backups[:-1] if forgetting.overdue(path, now)}
    for path in sorted(old):
        going = path.with_name(f"{path.name}{PARTIAL}")  # a killed run leaves no half backup behind either
        path.rename(going)
        shutil.rmtree(going)
    if old:
        _drop_files()
    return sorted(path.name for path in old)


def _drop_files() -> None:
    """Files that no backup lists any more, company by company."""
    kept = store()
    backups = whole()
    for folder in sorted(kept.root.iterdir()):
        if folder.name.startswith("."):
            continue
        needed: set[str] = set()
        for backup in backups:
            listed = backup / "tenants" / f"{folder.name}.files.gz"
            if listed.is_file():
                needed |= {one.sha256 for one in files_of(listed)}
        for name in kept.keys(folder.name):
            if name.partition("/")[2] not in needed:
                kept.delete(name)


# ----- the doctor's line ---------------------------------------------------------------------------------------------

FRESH = timedelta(hours=26)


def check() -> dict[str, Any]:
    """How old the newest backup is. In embedded mode none is needed."""
    backups = whole()
    line: dict[str, Any] = {"name": "backup", "ok": settings().embedded}
    if not backups:
        return line | {
            "unused": line["ok"],
            "message": "백업이 없습니다. flask --app wsgi backup create 를 매일 실행해 주십시오.",
        }
    age = fresh() - datetime.strptime(backups[-1].name, STAMP).replace(tzinfo=UTC)
    hours = max(0, int(age.total_seconds() // 3600))
    told = f"마지막 백업은 {hours}시간 전에 만든 것입니다."
    if age > FRESH:
        return line | {"message": f"{told} 하루에 한 번 도는지 확인해 주십시오."}
    return line | {"ok": True, "message": told}
