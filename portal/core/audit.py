"""Who did what to whom, append-only and chained by hash.

An entry holds ids and digests. What names a person lies in a row of its own, which destruction can empty without breaking
the chain: the entry keeps the digest of it. `verify` walks the chain and says where it first breaks.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.core.clock import now
from portal.core.db import Model, retained

#: Any constant: the advisory lock under which PostgreSQL appends to the chain (SQLite's write lock does it there).
CHAIN_LOCK = 7_304_481


class AuditEntry(Model):
    """One act. `hash` covers every other column and the hash before it."""

    __tablename__ = "audit_entry"
    __table_args__ = ({"info": retained("access_log", "tenant_id")},)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    action: Mapped[str] = mapped_column(String(80), index=True)
    actor: Mapped[str] = mapped_column(String(80))
    subject: Mapped[str] = mapped_column(String(120), index=True)
    tenant_id: Mapped[int | None] = mapped_column(index=True)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    personal_digest: Mapped[str | None] = mapped_column(String(64))
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditPersonal(Model):
    """The part of an entry that names a person; emptied by destruction. Salted, so that the digest does not tell it."""

    __tablename__ = "audit_personal"
    __table_args__ = ({"info": retained("personal", "entry_id")},)

    entry_id: Mapped[int] = mapped_column(ForeignKey(AuditEntry.id), primary_key=True)
    salt: Mapped[str] = mapped_column(String(32))
    body: Mapped[dict[str, Any] | None] = mapped_column(JSON)


def record(  # noqa: PLR0913 - a row has this many parts
    session: Session,
    action: str,
    *,
    actor: str,
    subject: str,
    tenant_id: int | None = None,
    personal: dict[str, Any] | None = None,
    **details: Any,  # noqa: ANN401 - any value that JSON, a template or a library may hold
) -> None:
    """Append an entry inside the write that does the act. `actor` and `subject` are words with an id: "person:7"."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CHAIN_LOCK})
    session.flush()
    previous = session.scalar(select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)) or ""
    salt = secrets.token_hex(16)
    entry = AuditEntry(
        at=now(),
        action=action,
        actor=actor,
        subject=subject,
        tenant_id=tenant_id,
        details=details,
        personal_digest=_digest(salt, personal) if personal else None,
        previous=previous,
        hash="",
    )
    entry.hash = _hash(entry)
    session.add(entry)
    session.flush()
    if personal:
        session.add(AuditPersonal(entry_id=entry.id, salt=salt, body=personal))


def personal_of(session: Session, entry_ids: list[int]) -> dict[int, dict[str, Any]]:
    """The parts of these entries that name people, as far as they were not emptied."""
    rows = session.scalars(select(AuditPersonal).where(AuditPersonal.entry_id.in_(entry_ids)))
    return {row.entry_id: row.body for row in rows if row.body is not None}


def verify(session: Session) -> int | None:
    """The id of the first entry that does not fit the chain, or None when all of it holds."""
    previous = ""
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id)).yield_per(500):
        if entry.previous != previous or not hmac.compare_digest(entry.hash, _hash(entry)):
            return entry.id
        personal = session.get(AuditPersonal, entry.id)
        if (
            personal is not None
            and personal.body is not None
            and _digest(personal.salt, personal.body) != entry.personal_digest
        ):
            return entry.id
        previous = entry.hash
    return None


def _digest(salt: str, personal: dict[str, Any]) -> str:
    return hashlib.sha256((salt + _canonical(personal)).encode()).hexdigest()


def _hash(entry: AuditEntry) -> str:
    body = [
        entry.at.isoformat(),
        entry.action,
        entry.actor,
        entry.subject,
        entry.tenant_id,
        entry.details,
        entry.personal_digest,
        entry.previous,
    ]
    return hashlib.sha256(_canonical(body).encode()).hexdigest()


def _canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
