"""Whether a backup would come back: every hash, every row, every count, every file. A belief is not enough."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import MetaData

from portal.core.blobs import CHUNK, BlobError, Folder
from portal.core.db import Platform, Tenanted
from portal.retention import backups
from portal.retention.dumps import Broken, check_dump, rows_of_dump

#: Errors that a damaged file causes on its way through gzip and JSON.
UNREADABLE = (OSError, EOFError, ValueError, KeyError, TypeError, msgspec.MsgspecError)


class Verifier:
    """Checks backups one after the other; a file that several of them share is read once."""

    def __init__(self) -> None:
        self._store = backups.store()
        self._judged: dict[str, str] = {}

    def rows(self, backup: Path) -> list[str]:
        """What is wrong with the manifest and the dumps, as Korean sentences; none when all is well."""
        try:
            manifest = backups.manifest_of(backup)
            wrong = _dump(backup / backups.PLATFORM, manifest["platform"], Platform.metadata)
            for key, company in manifest["companies"].items():
                if "digest" in company:
                    wrong += _dump(backup / "tenants" / f"{key}.jsonl.gz", company, Tenanted.metadata)
        except UNREADABLE as error:
            return [f"{backup.name}/manifest.json: 읽을 수 없습니다 ({type(error).__name__})."]
        return wrong

    def files(self, backup: Path) -> list[str]:
        """What is wrong with the companies' files; called when the rows are well."""
        wrong: list[str] = []
        for key, company in backups.manifest_of(backup)["companies"].items():
            if "digest" in company:
                wrong += self._company(backup / "tenants", key, company["files"])
        return wrong

    def _company(self, folder: Path, key: str, said: dict[str, Any]) -> list[str]:
        listed = folder / f"{key}.files.gz"
        try:
            if backups.sha256_of(listed) != said["sha256"]:
                return [f"{listed.name}: 내용이 바뀌었습니다."]
            found = list(backups.files_of(listed))
        except UNREADABLE as error:
            return [f"{listed.name}: 읽을 수 없습니다 ({type(error).__name__})."]
        wrong = [told for one in found if (told := self._file(f"{key}/{one.sha256}", one.sha256))]
        named = {one.key for one in found}
        for table, row in rows_of_dump(folder / f"{key}.jsonl.gz", Tenanted.metadata):
            if table.name == "revision" and f"{key}/{row['sha256']}" not in named:
                wrong.append(f"{key}: 개정 {row['id']}의 파일이 백업에 없습니다.")
        return wrong

    def _file(self, key: str, sha256: str) -> str:
        if key not in self._judged:
            self._judged[key] = _judged(self._store, key, sha256)
        return self._judged[key]


def verify(backup: Path, verifier: Verifier | None = None) -> list[str]:
    """All that is wrong with a backup, as Korean sentences."""
    verifier = verifier or Verifier()
    return verifier.rows(backup) or verifier.files(backup)


def _dump(path: Path, said: dict[str, Any], metadata: MetaData) -> list[str]:
    try:
        if backups.sha256_of(path) != said["sha256"]:
            return [f"{path.name}: 내용이 바뀌었습니다."]
        contents = check_dump(path, metadata)
    except FileNotFoundError:
        return [f"{path.name}: 파일이 없습니다."]
    except Broken as broken:
        return [str(broken)]
    if contents.rows != said["rows"] or contents.digest != said["digest"]:
        return [f"{path.name}: 행의 수나 내용이 목록과 다릅니다."]
    return []


def _judged(store: Folder, key: str, sha256: str) -> str:
    digest = hashlib.sha256()
    try:
        with store.open(key) as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
    except (BlobError, OSError):
        return f"{key}: 파일이 없습니다."
    return "" if digest.hexdigest() == sha256 else f"{key}: 내용이 바뀌었습니다."
