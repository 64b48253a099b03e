"""The ledger: double entry, append-only, every booking once. Debit is positive, credit negative, a booking adds up to zero."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.billing.models import LedgerEntry
from portal.core.clock import SEOUL, now
from portal.core.db import db
from portal.core.money import whole

#: Account -> what it is. Cash accounts take what came in, receivable is what customers owe.
ACCOUNTS: dict[str, str] = {
    "receivable": "외상매출금",
    "revenue": "매출",
    "vat": "부가세 예수금",
    "cash_card": "카드 입금",
    "cash_bank": "통장 입금",
    "bad_debt": "대손",
}


def book(
    session: Session, source: str, tenant_id: int, sides: Mapping[str, int], invoice_id: int | None = None
) -> bool:
    """Book `sides` (account -> won, adding up to zero) once for `source`, inside write(). False when it is booked already."""
    if sum(whole(won) for won in sides.values()) != 0 or not set(sides) <= set(ACCOUNTS):
        message = f"{source}: a booking adds up to zero over known accounts"
        raise ValueError(message)
    session.flush()
    if session.scalar(select(LedgerEntry.id).where(LedgerEntry.source == source).limit(1)) is not None:
        return False
    moment = now()
    for account, won in sides.items():
        if won:
            session.add(
                LedgerEntry(
                    at=moment,
                    on=moment.astimezone(SEOUL).date(),
                    tenant_id=tenant_id,
                    source=source,
                    account=account,
                    won=won,
                    invoice_id=invoice_id,
                )
            )
    session.flush()
    return True


def balance(account: str, *, tenant_id: int | None = None, invoice_id: int | None = None) -> int:
    """What stands on an account, of one company or one invoice when named."""
    query = select(func.sum(LedgerEntry.won)).where(LedgerEntry.account == account)
    if tenant_id is not None:
        query = query.where(LedgerEntry.tenant_id == tenant_id)
    if invoice_id is not None:
        query = query.where(LedgerEntry.invoice_id == invoice_id)
    return int(db.session.scalar(query) or 0)


def crooked() -> list[str]:
    """Sources whose sides do not add up to zero; empty in a ledger that was only written here."""
    query = select(LedgerEntry.source).group_by(LedgerEntry.source).having(func.sum(LedgerEntry.won) != 0)
    return list(db.session.scalars(query))


def entries(invoice_id: int) -> list[LedgerEntry]:
    """All that was booked on an invoice, in order."""
    return list(
        db.session.scalars(select(LedgerEntry).where(LedgerEntry.invoice_id == invoice_id).order_by(LedgerEntry.id))
    )


def day_of_last_booking(tenant_id: int) -> date | None:
    """The Seoul day of a company's newest booking: what its five years are counted from."""
    return db.session.scalar(select(func.max(LedgerEntry.on)).where(LedgerEntry.tenant_id == tenant_id))
