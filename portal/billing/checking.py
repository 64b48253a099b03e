"""A month's bills as one document, and whether all bills still add up: for auditors, migrations and tests. Reads only.

The document holds no ids and no instants, so that the same usage, rated again elsewhere, gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from portal.billing import invoicing, ledger
from portal.billing.models import NUMBERED, CreditNote, Invoice, InvoiceState, LedgerEntry, Statement
from portal.billing.rules.terms import Period
from portal.core.db import db
from portal.core.numbers import Counter
from portal.tenants.models import Tenant, TenantState


def dump(period: Period) -> dict[str, Any]:
    """All bills of a month, by company: {period, invoices, sums, ledger, digest}; `digest` is of the document without it."""
    query = (
        select(Invoice)
        .join(Tenant)
        .where(Invoice.period_from == period.from_date, Invoice.state.in_(NUMBERED))
        .options(joinedload(Invoice.lines), joinedload(Invoice.tenant))
        .order_by(Tenant.key, Invoice.position)
    )
    rows = list(db.session.scalars(query).unique())
    document: dict[str, Any] = {
        "period": f"{period.from_date:%Y-%m}",
        "invoices": [_invoice(row) for row in rows],
        "sums": {name: sum(getattr(row, name) for row in rows) for name in ("supply", "vat", "total", "paid")},
        "ledger": _booked([row.id for row in rows]),
    }
    return document | {"digest": digest(document)}


def digest(document: object) -> str:
    """SHA-256 of a document's JSON with sorted keys."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def checks() -> list[dict[str, Any]]:
    """[{name, ok, message}]: what must always hold of all that was ever billed."""
    return [
        _check("sums", _wrong_sums(), "청구서의 합계가 항목과 다릅니다"),
        _check("ledger", ledger.crooked(), "차변과 대변이 다릅니다"),
        _check("receivable", _wrong_receivables(), "장부의 잔액이 청구서의 미납액과 다릅니다"),
        _check("numbers", _wrong_numbers(), "청구서 번호가 이어지지 않습니다"),
    ]


def _check(name: str, wrong: list[str], words: str) -> dict[str, Any]:
    shown = ", ".join(wrong[:5]) + (f" 외 {len(wrong) - 5}건" if len(wrong) > 5 else "")  # noqa: PLR2004
    return {"name": name, "ok": not wrong, "message": f"{words}: {shown}" if wrong else "맞습니다."}


def _invoice(row: Invoice) -> dict[str, Any]:
    notes = db.session.scalars(select(CreditNote).where(CreditNote.invoice_id == row.id).order_by(CreditNote.id))
    statement = db.session.get(Statement, row.statement_id) if row.statement_id else None
    return {
        "tenant": row.tenant.key,
        "number": row.number,
        "state": str(row.state),
        "from": row.period_from.isoformat(),
        "to": row.period_to.isoformat(),
        "issued_on": row.issued_on.isoformat() if row.issued_on else None,
        "due_on": row.due_on.isoformat() if row.due_on else None,
        "supply": row.supply,
        "vat": row.vat,
        "total": row.total,
        "paid": row.paid,
        "statement": statement.digest if statement else None,
        "lines": [
            {"key": line.line_key, "name": line.name, "quantity": line.quantity, "unit": line.unit, "won": line.won}
            for line in row.lines
        ],
        "credit_notes": [{"number": note.number, "total": note.total, "lines": note.lines} for note in notes],
    }


def _booked(invoice_ids: list[int]) -> dict[str, int]:
    """Account -> what stands on it of these invoices."""
    query = select(LedgerEntry.account, func.sum(LedgerEntry.won)).where(LedgerEntry.invoice_id.in_(invoice_ids))
    rows = db.session.execute(query.group_by(LedgerEntry.account).order_by(LedgerEntry.account))
    return {account: int(won) for account, won in rows}


def _numbered() -> Iterable[Invoice]:
    query = select(Invoice).where(Invoice.state.in_(NUMBERED)).options(selectinload(Invoice.lines)).order_by(Invoice.id)
    return db.session.scalars(query.execution_options(yield_per=500))


def _wrong_sums() -> list[str]:
    wrong = []
    for row in _numbered():
        foot = invoicing.foot_of(row)
        lines = sum(line.won for line in row.lines)
        if (foot.supply, foot.vat, foot.total) != (row.supply, row.vat, row.total) or lines != row.supply:
            wrong.append(str(row.number))
    return wrong


def _wrong_receivables() -> list[str]:
    query = select(LedgerEntry.invoice_id, func.sum(LedgerEntry.won)).where(LedgerEntry.account == "receivable")
    rows = db.session.execute(query.group_by(LedgerEntry.invoice_id))
    stands: dict[int | None, int] = {invoice_id: int(won) for invoice_id, won in rows}
    settled = {InvoiceState.VOID, InvoiceState.UNCOLLECTIBLE}
    return [
        str(row.number) for row in _numbered() if row.state not in settled and stands.get(row.id, 0) != row.open_won
    ]


def _wrong_numbers() -> list[str]:
    """Numbers that a year should have given and no bill bears. No bill bears one twice: the database sees to that."""
    # What the law keeps of a destroyed company lies apart, its numbers with it.
    destroyed = select(Tenant.id).where(Tenant.state.in_((TenantState.PURGING, TenantState.PURGED))).limit(1)
    if db.session.scalar(destroyed) is not None:
        return []
    borne = set(db.session.scalars(select(Invoice.number).where(Invoice.number.is_not(None))))
    given = db.session.execute(select(Counter.series, Counter.last).where(Counter.series.like("invoice:%")))
    names = (
        f"{series.removeprefix('invoice:')}-{number:06d}" for series, last in given for number in range(1, last + 1)
    )
    return [name for name in names if name not in borne]
