"""Everything a company has, as one ZIP that is made while it is sent: its files under their names, and lists of the rest."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from portal.core.blobs import blobs
from portal.core.db import db
from portal.core.exports import Cell, as_csv
from portal.drawings.models import Drawing, Folder, ReferenceFile, Revision
from portal.tenants import service as tenants
from portal.tenants.models import Membership, Tenant

CHUNK = 1024 * 1024
DRAWINGS_HEAD = ("폴더", "도면번호", "도면명", "개정", "파일", "크기", "SHA-256", "받은 때", "올린 사람")
MEMBERS_HEAD = ("이름", "메일", "역할", "들어온 때")


class _Pipe(io.RawIOBase):
    """What the ZIP writer writes into, and the sender takes out of. It cannot be wound back, so nothing is held."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # noqa: ANN401 - any buffer
        part = bytes(data)
        self._parts.append(part)
        self._written += len(part)
        return len(part)

    def tell(self) -> int:
        return self._written

    def take(self) -> bytes:
        taken, self._parts = b"".join(self._parts), []
        return taken


def everything(tenant: Tenant) -> Iterator[bytes]:
    """The ZIP in pieces. The company's database is read as it is when the sending begins."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as package:
        yield from _drawings(tenant, package, pipe)
        package.writestr("구성원.csv", _members(tenant))
        yield pipe.take()
    yield pipe.take()


def _drawings(tenant: Tenant, package: zipfile.ZipFile, pipe: _Pipe) -> Iterator[bytes]:
    session = tenants.session(tenant)
    folders = {row.id: row for row in session.scalars(select(Folder))}
    rows: list[list[Cell]] = []
    taken: set[str] = set()
    query = (
        select(Revision, Drawing).join(Drawing, Revision.drawing_id == Drawing.id).where(Drawing.deleted_at.is_(None))
    )
    for revision, drawing in session.execute(query.order_by(Drawing.id, Revision.position)).all():
        place = _path(folders, drawing.folder_id)
        name = _name("/".join(["도면", *place]), revision, taken)
        with (
            package.open(name, "w", force_zip64=True) as target,
            blobs().open(f"{tenant.key}/{revision.sha256}") as source,
        ):
            while part := source.read(CHUNK):
                target.write(part)
                yield pipe.take()
        rows.append(
            [
                "/".join(place), drawing.number, drawing.title, revision.letter, name, revision.bytes, revision.sha256,
                revision.received_at.isoformat(), revision.received_by_name,
            ]
        )  # fmt: skip
        yield pipe.take()
    for picture in session.scalars(select(ReferenceFile).order_by(ReferenceFile.id)):
        name = _free("/".join(["그림", *_path(folders, picture.folder_id), _safe(picture.file_name)]), taken)
        with (
            package.open(name, "w", force_zip64=True) as target,
            blobs().open(f"{tenant.key}/{picture.sha256}") as source,
        ):
            while part := source.read(CHUNK):
                target.write(part)
                yield pipe.take()
    package.writestr("도면목록.csv", as_csv(DRAWINGS_HEAD, rows))


def _path(folders: dict[int, Folder], folder_id: int | None) -> list[str]:
    path: list[str] = []
    while folder_id is not None and folder_id in folders and len(path) < len(folders):
        path.insert(0, _safe(folders[folder_id].name))
        folder_id = folders[folder_id].parent_id
    return path


def _name(place: str, revision: Revision, taken: set[str]) -> str:
    stem, dot, ending = _safe(revision.file_name).rpartition(".")
    return _free(f"{place}/{stem or ending} (개정 {revision.letter}){dot}{ending if stem else ''}", taken)


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number before its ending where it is taken."""
    stem, dot, ending = name.rpartition(".")
    if not dot or "/" in ending:
        stem, dot, ending = name, "", ""
    free, number = name, 2
    while free in taken:
        free, number = f"{stem} {number}{dot}{ending}", number + 1
    taken.add(free)
    return free


def _safe(name: str) -> str:
    """A name that stays inside its folder on every system."""
    kept = "".join("_" if letter in '/\\:*?"<>|' or not letter.isprintable() else letter for letter in name)
    return kept.strip(" .") or "이름 없음"


def _members(tenant: Tenant) -> bytes:
    query = select(Membership).where(Membership.tenant_id == tenant.id).order_by(Membership.id)
    found = db.session.scalars(query)
    return as_csv(
        MEMBERS_HEAD, ([row.person.name, row.person.email, row.role, row.created_at.isoformat()] for row in found)
    )
