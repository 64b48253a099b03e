"""The destruction of a company: step by step, each of which may be repeated, and at the end a scan and a certificate.

What belongs to the company was worked out before the first step and travels sealed with the case, so that a killed worker's
successor knows what to look for although the rows that told it are gone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import Table, delete, select, update
from sqlalchemy.orm import Session

from portal.core import audit, sessions
from portal.core.blobs import blobs
from portal.core.clock import fresh, now, today
from portal.core.db import Platform, company_engines, db, write
from portal.core.errors import Refusal
from portal.core.korea import particle
from portal.core.numbers import next_number
from portal.core.seal import seal, unseal
from portal.core.settings import settings
from portal.payments import service as payments
from portal.retention import forgetting, scan
from portal.retention.models import CASE, Case, CaseState, Certificate, KeptRecord
from portal.retention.rules import POLICIES, Fate
from portal.retention.scope import Scope, count, rows_of, scope_of, tables
from portal.tenants import service as tenants
from portal.tenants.databases import server_of
from portal.tenants.models import Tenant
from portal.work import service as work

LEASE = timedelta(minutes=5)
BY = "destruction"
PURPOSE = "scope of a destruction"
KEPT_PURPOSE = "kept records"
ITEM = "retention"


class Residue(RuntimeError):  # noqa: N818 - what is left over, told to a person
    """Something of the company is still there after all steps."""


def destroy(case_id: int) -> None:
    """Take a destruction as far as it goes. May run twice; a second one at once finds the lease and leaves."""
    with write() as session:
        case = session.get(Case, case_id, with_for_update=True, populate_existing=True)
        moment = fresh()
        if case is None or case.state != CaseState.DESTROYING:
            return
        if case.lease_until is not None and case.lease_until > moment:
            return
        case.lease_until = moment + LEASE
    try:
        for name, step in STEPS:
            _do(case_id, name, step)
        _certify(case_id)
        _enter_number(case_id)
    except Residue as left:
        _ask_staff(case_id, str(left))
    finally:
        with write() as session:
            session.get_one(Case, case_id, with_for_update=True, populate_existing=True).lease_until = None


def finished(case_id: int) -> bool:
    """Whether there is a certificate now."""
    return db.session.get_one(Case, case_id, populate_existing=True).state == CaseState.DESTROYED


def _do(case_id: int, name: str, step: Callable[[Case, Scope], dict[str, Any]]) -> None:
    case = db.session.get_one(Case, case_id, populate_existing=True)
    if name in case.done:
        return
    found = step(case, _scope(case))
    with write() as session:
        case = session.get_one(Case, case_id, with_for_update=True, populate_existing=True)
        case.done = [*case.done, name]
        case.inventory = {**found, **case.inventory}  # done anew, a step finds less than it did first


def _scope(case: Case) -> Scope:
    """The scope as it was before the first step."""
    sealed = case.inventory.get("scope")
    if sealed is None:
        return scope_of(db.session(), case.tenant)
    said = json.loads(unseal(sealed, PURPOSE))
    return msgspec.convert(said, Scope)


# ----- the steps -----------------------------------------------------------------------------------------------------


def _take_stock(case: Case, scope: Scope) -> dict[str, Any]:
    """What there is, in numbers: for the certificate, and for whoever goes on after a kill."""
    said = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in asdict(scope).items()}
    rows: dict[str, int] = {}
    for table, _policy in tables():
        condition = rows_of(table, scope)
        if condition is not None and (number := count(db.session(), table, condition)):
            rows[table.name] = number
    keys = list(blobs().keys(scope.key))
    return {
        "scope": seal(json.dumps(said, ensure_ascii=False), PURPOSE),
        "rows": rows,
        "files": len(keys),
        "file_bytes": sum(blobs().size(key) for key in keys),
        "files_digest": hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest(),
        "people": len(scope.people),
        "databases": sum(thing.key == scope.key for thing in server_of(case.tenant).found())
        if case.tenant.server
        else 0,
        "server": case.tenant.server or "",
    }


def _forget_cards(case: Case, _scope: Scope) -> dict[str, Any]:
    """Have the payment company forget every card."""
    with write() as session:
        payments.let_go_all(session, case.tenant_id, BY)
    left = payments.forget_cards(case.tenant_id)
    if left:
        raise Residue(f"결제사가 카드 {left}장을 아직 지우지 않았습니다. 잠시 뒤 다시 시도합니다.")
    return {}


def _set_apart(_case: Case, scope: Scope) -> dict[str, Any]:
    """Seal what another law wants kept, one record a class."""
    apart = {}
    with write() as session:
        for record_class, policy in POLICIES.items():
            if policy.fate is not Fate.SET_APART:
                continue
            found = {
                table.name: [dict(row) for row in session.execute(select(table).where(condition)).mappings()]
                for table, own in tables()
                if own is policy and (condition := rows_of(table, scope)) is not None
            }
            found = {name: rows for name, rows in found.items() if rows}
            known = session.scalar(
                select(KeptRecord).where(KeptRecord.company_key == scope.key, KeptRecord.record_class == record_class)
            )
            if known is not None:
                apart[record_class] = known.rows  # by a worker that died before it could say so
            if not found or known is not None:
                continue
            text = json.dumps(found, ensure_ascii=False, sort_keys=True, default=str)
            number = sum(len(rows) for rows in found.values())
            session.add(
                KeptRecord(
                    company_key=scope.key,
                    record_class=record_class,
                    law=policy.law,
                    keep_until=today() + timedelta(days=policy.days),
                    rows=number,
                    sealed=seal(text, KEPT_PURPOSE),
                    digest=hashlib.sha256(text.encode()).hexdigest(),
                    made_at=now(),
                )
            )
            apart[record_class] = number
    return {"set_apart": apart}


def _drop_database(case: Case, scope: Scope) -> dict[str, Any]:
    """The company's own database and role, wherever they lie. How many there were was counted with the stock."""
    tenant = case.tenant
    if tenant.server is None:
        return {}
    server = server_of(tenant)
    if tenant.database is not None and tenant.role_password is not None:
        company_engines().forget(server.url(tenants.place_of(tenant)))
    for thing in sorted(server.found(), key=lambda one: one.kind != "database"):
        if thing.key == scope.key:
            server.remove(thing)
    return {}


def _delete_files(_case: Case, scope: Scope) -> dict[str, Any]:
    """Originals and renders."""
    blobs().delete_company(scope.key)
    return {}


def _forget_backups(case: Case, scope: Scope) -> dict[str, Any]:
    """The company's dumps and files in every backup, and its name on the list of those that no restore brings back."""
    try:
        return forgetting.forget(settings().backup_dir, scope.key, today(), case.asked_by, case.agreed_by)
    except (OSError, ValueError, Refusal) as error:
        told = error.strerror if isinstance(error, OSError) else str(error)
        raise Residue(f"백업 폴더에서 지우지 못했습니다({told}). BACKUP_DIR에 쓸 수 있는지 확인해 주십시오.") from error


def _delete_rows(_case: Case, scope: Scope) -> dict[str, Any]:
    """The platform's rows, by what each table declares: deleted, emptied or made nameless; all in one transaction."""
    with write() as session:
        for table, policy in tables():
            condition = rows_of(table, scope)
            if condition is None or policy.fate is Fate.STAY or table.name == "audit_entry":
                continue
            if table.name in NAMELESS:
                values = {name: value(scope, table) for name, value in NAMELESS[table.name].items()}
                session.execute(update(table).where(condition).values(**values))
            elif table.name == "audit_personal":
                session.execute(update(table).where(condition).values(body=None))
            else:
                session.execute(delete(table).where(condition))
        session.expire_all()
    return {}


#: Rows that others point to: they stay, without anything that tells who it was.
NAMELESS: dict[str, dict[str, Callable[[Scope, Table], Any]]] = {
    "tenant": {
        "name": lambda scope, _table: f"파기된 고객사 {scope.key}",
        "business_number": lambda _scope, _table: "",
        "mode_reason": lambda _scope, _table: "",
        "role_password": lambda _scope, _table: None,
        "database": lambda _scope, _table: None,
        "migration_error": lambda _scope, _table: None,
        "application_id": lambda _scope, _table: None,
    },
    "person": {
        "name": lambda _scope, _table: "파기된 사람",
        "email": lambda _scope, table: "destroyed-" + db.cast(table.c.id, db.String),
        "phone": lambda _scope, _table: "",
        "password_hash": lambda _scope, _table: None,
        "totp_secret": lambda _scope, _table: None,
        "state": lambda _scope, _table: "disabled",
    },
    # Staff's own traces: the law wants them for two years. Ids stay, words that somebody wrote go.
    "acting_grant": {"reason": lambda _scope, _table: ""},
    "staff_access": {"reason": lambda _scope, _table: ""},
}


def _forget_sessions(_case: Case, scope: Scope) -> dict[str, Any]:
    """Whatever session names the company or its people."""
    return {"sessions": sessions.forget([*scope.words, scope.key])}


def _empty_journal(_case: Case, _scope: Scope) -> dict[str, Any]:
    """SQLite overwrites what is deleted in its file; its journal, which holds the pages as they were, is emptied here."""
    if db.engine.dialect.name != "sqlite":
        return {}
    db.session.rollback()
    raw = db.engine.raw_connection()
    try:
        busy, *_pages = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        raw.close()
    if busy:
        raise Residue("데이터베이스의 기록 파일을 아직 비우지 못했습니다. 잠시 뒤 다시 시도합니다.")
    return {}


def _look_again(case: Case, scope: Scope) -> dict[str, Any]:
    """Look for the company everywhere; anything found stops the certificate, and is deleted the next time."""
    found = scan.residues(db.session(), scope)
    left = {place: number for place, number in found.items() if number}
    if left:
        with write() as session:
            found_case = session.get_one(Case, case.id, with_for_update=True, populate_existing=True)
            found_case.done = [name for name in found_case.done if name in KEEPING]
        raise Residue("남은 것이 있습니다: " + ", ".join(f"{place} {number}건" for place, number in left.items()))
    return {"scanned": sorted(found)}


#: Steps that look at or set apart what is to be deleted; the others are done anew when something was found after them.
KEEPING = frozenset({"stock", "cards", "apart"})
STEPS: tuple[tuple[str, Callable[[Case, Scope], dict[str, Any]]], ...] = (
    ("stock", _take_stock),
    ("cards", _forget_cards),
    ("apart", _set_apart),
    ("database", _drop_database),
    ("files", _delete_files),
    ("backups", _forget_backups),
    ("rows", _delete_rows),
    ("sessions", _forget_sessions),
    ("journal", _empty_journal),
    ("scan", _look_again),
)


# ----- the proof -----------------------------------------------------------------------------------------------------


def _certify(case_id: int) -> None:
    with write() as session:
        case = session.get_one(Case, case_id, with_for_update=True, populate_existing=True)
        if case.state != CaseState.DESTROYING:
            return
        tenant = session.get_one(Tenant, case.tenant_id, with_for_update=True, populate_existing=True)
        stock = {name: value for name, value in case.inventory.items() if name != "scope"}
        document = {
            "company": tenant.key,
            "opened": case.opened_at.isoformat(),
            "asked_by": case.asked_by,
            "agreed_by": case.agreed_by,
            "destroyed": fresh().isoformat(),
            "method": "데이터베이스 삭제, 파일 삭제, 백업에서 삭제, 행 삭제와 이름 지움, 봉인 보관",
            "laws": {name: policy.law for name, policy in POLICIES.items() if policy.fate is not Fate.STAY},
            **stock,
        }
        digest = hashlib.sha256(json.dumps(document, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
        year = today().year
        session.add(
            Certificate(
                number=f"D{year}-{next_number(session, f'destruction:{year}'):06d}",
                case_id=case.id,
                company_key=tenant.key,
                document=document,
                digest=digest,
                issued_at=fresh(),
            )
        )
        case.inventory = stock
        tenants.finish_purge(session, tenant.id, BY)
        CASE.move(session, case, "finish", by=BY, state_since=now(), lease_until=None)
        audit.record(
            session,
            "destruction.certify",
            actor=BY,
            subject=f"retention_case:{case.id}",
            tenant_id=tenant.id,
            digest=digest,
        )
        _close_item(session, case)


def _enter_number(case_id: int) -> None:
    """The certificate's number beside the company in the backups' register; the next backup enters it if this fails."""
    if finished(case_id):
        with suppress(OSError, ValueError, Refusal):
            forgetting.complete(settings().backup_dir)


def _ask_staff(case_id: int, body: str) -> None:
    with write() as session:
        case = session.get_one(Case, case_id)
        work.open_item(
            session,
            kind=ITEM,
            subject=f"destruction:{case.id}",
            title=f"파기 건 {case.id}{particle(str(case.id), '을/를')} 마치지 못했습니다",
            body=body,
            url=f"/staff/retention/{case.id}",
            roles=("admin", "support"),
        )


def _close_item(session: Session, case: Case) -> None:
    work.close_item(session, kind=ITEM, subject=f"destruction:{case.id}", by=BY)


def platform_tables() -> list[str]:
    """All tables of the platform, for checks that none is forgotten."""
    return sorted(Platform.metadata.tables)
