"""What a law wants kept of companies that are gone: listed for the staff, opened with a reason, forgotten after its last day."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from portal.core import audit
from portal.core.clock import today
from portal.core.db import db, write
from portal.core.errors import NotFound, Refusal
from portal.core.seal import unseal
from portal.retention.destruction import KEPT_PURPOSE
from portal.retention.models import KeptRecord


def kept() -> list[KeptRecord]:
    """All that lies apart, what may go first first."""
    return list(db.session.scalars(select(KeptRecord).order_by(KeptRecord.keep_until, KeptRecord.id)))


def open_kept(record_id: int, reason: str, by: str) -> dict[str, Any]:
    """The rows of a record by table. The opening is audited with its reason; Refusal without one, NotFound without the record."""
    if not reason.strip():
        raise Refusal("여는 까닭을 적어 주십시오.", "누가 왜 물었는지 한 줄로 적습니다.", 422)
    with write() as session:
        row = session.get(KeptRecord, record_id)
        if row is None:
            raise NotFound
        audit.record(
            session, "kept_record.open", actor=by, subject=f"kept_record:{row.id}", personal={"reason": reason[:200]}
        )
        document: dict[str, Any] = json.loads(unseal(row.sealed, KEPT_PURPOSE))
        return document


def forget_kept() -> int:
    """Take away what its law asks for no longer; for the schedule. Returns how many records went."""
    over = select(KeptRecord).where(KeptRecord.keep_until < today())
    if db.session.scalars(over.limit(1)).first() is None:
        return 0
    with write() as session:
        rows = list(session.scalars(over))
        for row in rows:
            audit.record(
                session,
                "kept_record.forget",
                actor="schedule",
                subject=f"kept_record:{row.id}",
                company=row.company_key,
                record_class=row.record_class,
                digest=row.digest,
            )
            session.delete(row)
        return len(rows)
