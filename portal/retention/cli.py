"""`flask retention`: the days that are due, and the register; `flask tenants export`: all that a company has, as a file;
`flask backup`: all that the house has, and back.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

import click
from flask.cli import AppGroup
from sqlalchemy import select

from portal.core import audit
from portal.core.cli import CHECK_FAILED, REFUSED, ROW_ID, WRONG_USE, print_json
from portal.core.db import db, write
from portal.core.errors import NotFound, Refusal
from portal.core.settings import settings
from portal.retention import backups, checking, export, making, pdf, restoring, service
from portal.retention.models import Case, CaseState, Certificate
from portal.tenants.cli import tenants
from portal.tenants.models import Tenant

retention = AppGroup("retention", help="Keeping and destroying.")


@retention.command("run")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def run(*, as_json: bool) -> None:
    """Do now what the schedule and a worker would do: lock, notify, and destroy what two people have agreed to.

    Exits 1 when a destruction could not be finished; it goes on from its last step the next time.
    """
    moved = service.step_due()
    waiting = select(Case.id).where(Case.state == CaseState.DESTROYING).order_by(Case.id)
    done: list[int] = []
    left: list[int] = []
    for case_id in list(db.session.scalars(waiting)):
        db.session.rollback()
        service.destroy(case_id)
        db.session.rollback()
        state = db.session.get_one(Case, case_id, populate_existing=True).state
        (done if state == CaseState.DESTROYED else left).append(case_id)
    if as_json:
        print_json({"moved": moved, "destroyed": done, "unfinished": left})
    else:
        click.echo(f"{moved}건 진행, {len(done)}건 파기, {len(left)}건 남음")
    sys.exit(CHECK_FAILED if left else 0)


@retention.command("certificate")
@click.argument("number", default="")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the certificate here as a PDF.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def certificate(number: str, out: Path | None, *, as_json: bool) -> None:
    """Print certificate NUMBER (D2026-000001) and write its PDF; without a number, the whole register."""
    rows = [row for row in service.certificates() if number in {"", row.number}]
    if number and not rows:
        click.echo(f"{number} 증명서가 없습니다. 번호 없이 실행하면 모두 나옵니다.", err=True)
        sys.exit(WRONG_USE)
    if out is not None and (not number or not _written(out, pdf.certificate(rows[0], settings().supplier))):
        click.echo("PDF로 쓸 증명서의 번호와 쓸 수 있는 경로를 적어 주십시오.", err=True)
        sys.exit(WRONG_USE)
    if as_json:
        print_json([_as_json(row) for row in rows])
    else:
        for row in rows:
            click.echo(f"{row.number} {row.issued_at:%Y-%m-%d} {row.digest}")


@retention.command("kept")
@click.option("--open", "record_id", type=ROW_ID, help="Print this record's rows; needs --reason.")
@click.option("--reason", default="", help="Who asked, and why; goes into the audit.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def kept(record_id: int | None, reason: str, *, as_json: bool) -> None:
    """List what a law wants kept of companies that are gone, or open one record."""
    if record_id is not None:
        try:
            print_json(service.open_kept(record_id, reason, "command"))
        except (NotFound, Refusal) as refusal:
            click.echo(f"{refusal.message} {refusal.next_step}", err=True)
            sys.exit(WRONG_USE)
        return
    names = ("id", "company_key", "record_class", "law", "rows", "keep_until", "digest")
    rows = [{name: getattr(row, name) for name in names} for row in service.kept()]
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            click.echo(" ".join(str(row[name]) for name in names))


@tenants.command("export")
@click.argument("tenant_id", type=ROW_ID)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The ZIP to write.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def export_all(tenant_id: int, out: Path, *, as_json: bool) -> None:
    """Write all that company TENANT_ID has into a ZIP, as its owner can."""
    tenant = db.session.get(Tenant, tenant_id)
    if tenant is None or not tenant.has_database:
        click.echo(f"{tenant_id} 번 회사가 없거나 자료가 없습니다. 직원 화면의 고객사에서 확인해 주십시오.", err=True)
        sys.exit(WRONG_USE)
    partial = out.with_name(f"{out.name}.part")
    try:
        with partial.open("wb") as file:
            for piece in export.everything(tenant):
                file.write(piece)
        partial.replace(out)
    except OSError as error:
        partial.unlink(missing_ok=True)
        click.echo(f"파일을 쓸 수 없습니다: {out} ({error.strerror}).", err=True)
        sys.exit(WRONG_USE)
    with write() as session:
        audit.record(session, "data.export", actor="command", subject=f"tenant:{tenant_id}", tenant_id=tenant_id)
    if as_json:
        print_json({"tenant": tenant_id, "file": str(out), "bytes": out.stat().st_size})
    else:
        click.echo(f"{out} {out.stat().st_size:,} B")


backup = AppGroup("backup", help="Backups of all rows and files.")


@backup.command("create")
@click.option("--keep", type=click.IntRange(1, 3650), default=backups.KEEP, show_default=True, help="So many stay.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def create(keep: int, *, as_json: bool) -> None:
    """Make a backup in BACKUP_DIR, and let go of all but the newest. Exits 1 when a file could not be copied."""
    begun = time.monotonic()
    try:
        made = making.create(keep)
    except (Refusal, OSError) as no:
        _refused(no)
    document = asdict(made) | {"seconds": round(time.monotonic() - begun, 1)}
    words = f"{made.name}: 고객사 {made.companies}곳, {made.rows:,}행, 파일 {made.files:,}개 (새로 {made.copied:,}개), {made.bytes:,} B"
    _end(document, words, made.problems, as_json=as_json)


@backup.command("verify")
@click.argument("name", default="")
@click.option("--all", "every", is_flag=True, help="All backups, not only the newest.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def verify(name: str, *, every: bool, as_json: bool) -> None:
    """Read a backup whole (the newest without NAME): hashes, rows, counts, files. Exits 1 with what is wrong."""
    chosen = backups.whole() if every else [_backup(name)]
    verifier = checking.Verifier()
    found = {path.name: checking.verify(path, verifier) for path in chosen}
    problems = [f"{path}: {told}" for path, wrong in found.items() for told in wrong]
    if not chosen:
        problems = ["백업이 없습니다."]
    document = {"backups": [{"name": path, "problems": wrong} for path, wrong in found.items()]}
    words = "\n".join(f"{path}: {'온전합니다' if not wrong else '온전하지 않습니다'}" for path, wrong in found.items())
    _end(document, words, problems, as_json=as_json)


@backup.command("restore")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def restore(name: str, *, as_json: bool) -> None:
    """Bring backup NAME back onto an empty portal. Exits 3 when it does not fit, 1 when something is left to be done."""
    begun = time.monotonic()
    try:
        done = restoring.restore(_backup(name))
    except (Refusal, OSError) as no:
        _refused(no)
    document = asdict(done) | {"seconds": round(time.monotonic() - begun, 1)}
    words = f"{done.name}: 고객사 {done.companies}곳, {done.rows:,}행, 파일 {done.files:,}개를 되살렸습니다"
    _end(document, words, done.problems, as_json=as_json)


def _backup(name: str) -> Path:
    found = backups.find(name)
    if found is None:
        known = ", ".join(path.name for path in backups.whole()) or "없음"
        click.echo(f"{name or '그런'} 백업이 없습니다. 있는 것: {known}", err=True)
        sys.exit(WRONG_USE)
    return found


def _refused(no: Refusal | OSError) -> NoReturn:
    words = f"{no.message} {no.next_step}" if isinstance(no, Refusal) else f"{no.filename}: {no.strerror}"
    click.echo(words, err=True)
    sys.exit(REFUSED)


def _end(document: Mapping[str, object], words: str, problems: list[str], *, as_json: bool) -> NoReturn:
    """The document or its words on stdout, what is wrong on stderr, and the exit code."""
    for told in problems:
        click.echo(told, err=True)
    if as_json:
        print_json({"ok": not problems, **document})
    else:
        click.echo(words)
    sys.exit(CHECK_FAILED if problems else 0)


def _written(path: Path, body: bytes) -> bool:
    try:
        path.write_bytes(body)
    except OSError:
        return False
    return True


def _as_json(row: Certificate) -> dict[str, object]:
    said = {name: getattr(row, name) for name in ("number", "digest", "document")}
    return said | {"case": row.case_id, "issued_at": row.issued_at.isoformat()}
