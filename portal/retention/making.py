"""The making of a backup: every database as one moment of it, every file once, and a name only when all of it is there."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from portal.core import migrate
from portal.core.blobs import BlobError, Folder, NoSpace, blobs
from portal.core.clock import fresh
from portal.core.db import Platform, Tenanted, company_engines, db
from portal.core.errors import Refusal
from portal.core.seal import fingerprint
from portal.retention import backups, forgetting
from portal.retention.backups import Listed
from portal.retention.dumps import Contents, snapshot, write_dump
from portal.tenants.databases import installation, place_of, server_of
from portal.tenants.models import WITH_DATABASE, Tenant, TenantState


@dataclass(slots=True)
class Made:
    """What one run made, copied and let go of. `problems` are Korean sentences; the backup is there all the same."""

    name: str
    companies: int = 0
    rows: int = 0
    files: int = 0
    copied: int = 0
    bytes: int = 0
    removed: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def create(keep: int = backups.KEEP) -> Made:
    """Make a backup, and let go of all but the newest `keep`. Raises Refusal while another is made."""
    with backups.only_one():
        _tidy()
        made = Made(fresh().astimezone(UTC).strftime(backups.STAMP))
        folder = backups.root() / f"{made.name}{backups.PARTIAL}"
        if (backups.root() / made.name).exists():
            raise Refusal("같은 때에 만든 백업이 있습니다.", "잠시 뒤 다시 실행해 주십시오.")
        (folder / "tenants").mkdir(parents=True, mode=0o700)
        manifest = _write(folder, made, keep)
        (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
        _sync(folder)
        with forgetting.locked(backups.root()):
            # A company that was destroyed while this ran is not brought into the next fortnight.
            for key, day in forgetting.days(backups.root()).items():
                forgetting.forget_in(folder, key, day)
                shutil.rmtree(backups.root() / "blobs" / key, ignore_errors=True)
            folder.rename(backups.root() / made.name)
            _sync_folder(backups.root())
        made.bytes = sum(path.stat().st_size for path in (backups.root() / made.name).rglob("*") if path.is_file())
        made.removed = backups.prune(keep)
        forgetting.complete(backups.root())
        return made


def _write(folder: Path, made: Made, keep: int) -> dict[str, Any]:
    """Companies first: what one of them told the platform meanwhile is then in both, and taken once; never in neither."""
    before = backups.whole()
    companies: dict[str, Any] = {}
    begun, name = fresh(), installation()  # its row is made here if there was none, so that the dump has it
    _write_companies(folder, companies, before[-1] if before else None, made)
    with snapshot(db.engine) as connection:
        platform = write_dump(connection, Platform.metadata, folder / backups.PLATFORM)
    db.session.rollback()
    _write_companies(folder, companies, None, made)  # those that were opened meanwhile
    made.companies = sum("digest" in company for company in companies.values())
    made.rows += platform.total
    return {
        "format": backups.FORMAT,
        "made_at": begun.isoformat(),
        "version": backups.version(),
        "revisions": {tree: migrate.head(tree) for tree in (migrate.PLATFORM, migrate.TENANT)},
        "sealed_with": fingerprint(),
        "installation": name,
        "keep": keep,
        "platform": _described(folder / backups.PLATFORM, platform),
        "companies": companies,
    }


def _write_companies(folder: Path, companies: dict[str, Any], last: Path | None, made: Made) -> None:
    going = select(Tenant.key).where(Tenant.state == TenantState.PURGING)
    for key in db.session.scalars(going):
        companies.setdefault(
            key, {"state": "purging"}
        )  # without a dump; noted, because the platform's still has its rows
    query = select(Tenant.key).where(Tenant.state.in_(WITH_DATABASE), Tenant.server.is_not(None)).order_by(Tenant.id)
    keys = [key for key in db.session.scalars(query) if key not in companies]
    db.session.rollback()  # others write meanwhile: hold no read transaction over all companies
    for key in keys:
        tenant = db.session.scalars(
            select(Tenant).where(Tenant.key == key).execution_options(populate_existing=True)
        ).one()
        if not tenant.has_database:
            continue  # its destruction began a moment ago
        state, revision = str(tenant.state), tenant.schema_revision
        companies[key] = {"state": state, "revision": revision}
        dump, listed = folder / "tenants" / f"{key}.jsonl.gz", folder / "tenants" / f"{key}.files.gz"
        try:
            engine = company_engines().get(server_of(tenant).url(place_of(tenant)))
            with snapshot(engine) as connection:
                contents = write_dump(connection, Tenanted.metadata, dump)
        except (SQLAlchemyError, LookupError) as error:
            # One that cannot be read, or whose schema is behind, keeps no other company out of the backup.
            made.problems.append(f"고객사 {key}의 데이터베이스를 읽지 못했습니다 ({type(error).__name__}).")
            dump.unlink(missing_ok=True)
            continue
        finally:
            db.session.rollback()
        companies[key] |= _described(dump, contents) | _copy_files(key, listed, last, made)
        made.rows += contents.total


def _described(path: Path, contents: Contents) -> dict[str, Any]:
    """`digest` is of the lines: the same for the same rows on either engine. `sha256` is of the file as it lies there."""
    return {"sha256": backups.sha256_of(path), "digest": contents.digest, "rows": contents.rows}


def _copy_files(key: str, listed: Path, last: Path | None, made: Made) -> dict[str, Any]:
    """List a company's files, and copy those that no backup has yet. What has the name of its digest is held to it."""
    target, known = backups.store(), _known(last, key)
    count = size_of_all = 0
    with gzip.open(listed, "xb") as lines:
        for name in blobs().keys(key):
            try:
                one = _copied(target, name, known, made)
            except NoSpace:
                raise Refusal(
                    "백업할 자리가 모자랍니다.", "BACKUP_DIR의 자리를 늘린 뒤 다시 실행해 주십시오."
                ) from None
            except BlobError as error:
                made.problems.append(f"{name} 파일을 읽지 못했습니다 ({type(error).__name__}).")
                continue
            own = name.removeprefix(f"{key}/")
            if len(own) == len(one.sha256) and own != one.sha256:
                made.problems.append(f"{name} 파일의 내용이 이름과 다릅니다. 이전 백업에서 되살려 주십시오.")
            lines.write(msgspec.json.encode(one) + b"\n")
            count, size_of_all = count + 1, size_of_all + one.size
    made.files += count
    return {"files": {"sha256": backups.sha256_of(listed), "count": count, "bytes": size_of_all}}


def _copied(target: Folder, name: str, known: dict[str, Listed], made: Made) -> Listed:
    """A file that the last backup lists with the same size is not read again: its key stands for its content."""
    company, _, own = name.partition("/")
    size = blobs().size(name)
    before = known.get(name)
    digest = before.sha256 if before is not None and before.size == size else own
    with suppress(BlobError):
        if target.size(f"{company}/{digest}") == size:
            return Listed(name, size, digest)
    with blobs().open(name) as stream:
        blob = target.put(company, stream, limit=None)
    made.copied += 1
    return Listed(name, blob.size, blob.sha256)


def _known(last: Path | None, key: str) -> dict[str, Listed]:
    """What the last backup listed of the same company."""
    if last is None:
        return {}
    try:
        return {one.key: one for one in backups.files_of(last / "tenants" / f"{key}.files.gz")}
    except (OSError, EOFError, msgspec.MsgspecError):
        return {}


def _tidy() -> None:
    """Take away what killed runs left. Nobody else is making anything: the caller holds the lock."""
    for left in backups.root().glob(f"*{backups.PARTIAL}"):
        shutil.rmtree(left)
    for half in (backups.root() / "blobs" / ".incoming").glob("*"):
        half.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Let a power cut after the renaming find every byte."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
    for path in (folder / "tenants", folder):
        _sync_folder(path)


def _sync_folder(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
