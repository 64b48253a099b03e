"""What a destruction does to backups: the company's dumps and files go out of all of them, and it never comes back by one.

BACKUP_DIR/destroyed.json names destroyed companies by their keys, with the certificate and who asked and agreed, as ids: a restore
of an older backup destroys them again. What the platform's dumps still hold of their rows goes with those backups, at the latest on
the day that the certificate names.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from portal.core.blobs import check_company
from portal.core.clock import SEOUL
from portal.core.db import db
from portal.core.errors import Refusal
from portal.retention.models import Certificate

REGISTER = "destroyed.json"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """While a backup gets its name, or a company is taken out: seconds. Other processes wait."""
    with (folder / ".changing").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def register(folder: Path) -> dict[str, dict[str, Any]]:
    """Destroyed companies by key. One that cannot be read stops everything: without it a restore would bring them back."""
    path = folder / REGISTER
    try:
        said: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError:
        raise Refusal(
            f"파기한 고객사의 목록({path})을 읽을 수 없습니다.", "다른 곳에 둔 사본에서 되살린 뒤 다시 실행해 주십시오."
        ) from None
    return said


def days(folder: Path) -> dict[str, str]:
    """Key -> the Seoul day on which the company was destroyed."""
    return {key: entry["day"] for key, entry in register(folder).items()}


def forget(folder: Path, key: str, day: date, asked_by: str | None, agreed_by: str | None) -> dict[str, Any]:
    """Take a company out of every backup, for good. May run again. Says of how many, and how long its rows are left in some."""
    check_company(key)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(folder):
        entries = register(folder)
        entry = entries.setdefault(key, {"certificate": None, "day": day.isoformat()})
        entry |= {"asked_by": asked_by, "agreed_by": agreed_by}
        _write(folder, entries)
        backups = [path for path in _whole(folder) if forget_in(path, key, entry["day"])]
        shutil.rmtree(folder / "blobs" / key, ignore_errors=True)
        for half in (folder / "blobs" / ".incoming").glob(f"{key}.*"):
            half.unlink(missing_ok=True)
    last = [_until(json.loads((path / "manifest.json").read_text(encoding="utf-8")), entry["day"]) for path in backups]
    return {"backups": len(backups), "backup_rows_until": max(last).isoformat() if last else None}


def left(folder: Path, key: str) -> int:
    """How many files of a company lie in backups."""
    names = folder.glob(f"*/tenants/{key}.*") if folder.is_dir() else ()
    return sum(1 for _ in names) + sum(1 for path in (folder / "blobs" / key).rglob("*") if path.is_file())


def forget_in(backup: Path, key: str, day: str) -> bool:
    """Take a company out of one backup, and note it in its manifest. False when it knows nothing of the company."""
    manifest = json.loads((backup / "manifest.json").read_text(encoding="utf-8"))
    company = manifest["companies"].get(key)
    if company is None:
        return False
    if company.get("destroyed") is None:
        manifest["companies"][key] = {"state": "destroyed", "destroyed": day}
        beside = backup / "manifest.json.new"
        beside.write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
        beside.replace(backup / "manifest.json")
    for path in (backup / "tenants").glob(f"{key}.*"):
        path.unlink(missing_ok=True)
    return True


def overdue(backup: Path, moment: datetime) -> bool:
    """Whether a backup has held rows of a destroyed company for as long as the certificate allows."""
    try:
        manifest = json.loads((backup / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False  # `verify` tells; what cannot be read is not thrown away for it
    gone = [one["destroyed"] for one in manifest["companies"].values() if one.get("destroyed")]
    today = moment.astimezone(SEOUL).date()
    return any(_until(manifest, day) <= today for day in gone)


def _until(manifest: dict[str, Any], day: str) -> date:
    """The Seoul day on which a backup with rows of a company destroyed on `day` is let go of."""
    return date.fromisoformat(day) + timedelta(days=int(manifest["keep"]))


def complete(folder: Path) -> None:
    """Write the numbers of certificates into the register, and whoever is missing there: a worker may have died in between."""
    issued = {row.company_key: row for row in db.session.scalars(select(Certificate).order_by(Certificate.id))}
    db.session.rollback()
    with locked(folder):
        entries = register(folder)
        before = json.dumps(entries)
        for key, row in issued.items():
            said = row.document
            day = datetime.fromisoformat(said["destroyed"]).astimezone(SEOUL).date().isoformat()
            entry = entries.setdefault(
                key, {"day": day, "asked_by": said.get("asked_by"), "agreed_by": said.get("agreed_by")}
            )
            entry["certificate"] = row.number
        if json.dumps(entries) != before:
            _write(folder, entries)


def _whole(folder: Path) -> list[Path]:
    return sorted(path.parent for path in folder.glob("*/manifest.json"))


def _write(folder: Path, entries: dict[str, dict[str, Any]]) -> None:
    beside = folder / f"{REGISTER}.new"
    with beside.open("w", encoding="utf-8") as file:
        json.dump(entries, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(folder / REGISTER)
