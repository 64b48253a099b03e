"""Deposits: a bank's list comes in, each deposit is matched to what waits, the doubtful ones wait for a person.

A deposit is known by its fingerprint, so overlapping lists count it once. What is matched is booked in the same transaction;
a wrong match is undone by a booking of its own, never by deleting.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.billing import service as billing
from portal.billing.models import UNPAID, BillingProfile, Invoice
from portal.core import audit
from portal.core.clock import now
from portal.core.db import db, write
from portal.core.errors import Forbidden, NotFound, Refusal
from portal.core.gate import Caller
from portal.payments import deposit_lists, rules
from portal.payments.deposit_lists import Deposit
from portal.payments.models import TRANSFER, DepositList, Transfer, TransferAllocation, TransferState
from portal.tenants.models import Tenant
from portal.work import service as work

ITEM = "transfer"
IMPORTER = "import"


def import_list(who: Caller, file_name: str, body: bytes) -> tuple[DepositList, Counter[str]]:
    """Take a list in whole or not at all. Returns it, and how many deposits were matched, doubtful, partly, or known."""
    _only_billing(who)
    deposits = deposit_lists.read(body)
    sha256 = hashlib.sha256(body).hexdigest()
    with write() as session:
        known = session.scalar(select(DepositList).where(DepositList.sha256 == sha256))
        if known is not None:
            return known, Counter(known=known.rows)
        listed = DepositList(
            sha256=sha256,
            file_name=file_name[:200],
            rows=len(deposits),
            imported_at=now(),
            imported_by=who.person_id,
        )
        session.add(listed)
        session.flush()
        counts: Counter[str] = Counter()
        for deposit, fingerprint in zip(deposits, fingerprints(deposits), strict=True):
            counts[_take_in(session, listed, deposit, fingerprint)] += 1
        audit.record(
            session,
            "deposit_list.import",
            actor=who.actor,
            subject=f"deposit_list:{listed.id}",
            sha256=sha256,
            rows=len(deposits),
        )
        return listed, counts


def fingerprints(deposits: Sequence[Deposit]) -> list[str]:
    """What tells a deposit in any list: when, who, how much, and the how manyth of its like on that instant."""
    seen: Counter[str] = Counter()
    found = []
    for deposit in deposits:
        said = f"{deposit.at.isoformat()}|{deposit.payer}|{deposit.memo}|{deposit.won}"
        seen[said] += 1
        found.append(hashlib.sha256(f"{said}|{seen[said]}".encode()).hexdigest())
    return found


def transfers(show: str = "doubtful", limit: int = 200) -> list[Transfer]:
    """Deposits of one state, or all with show="all"; the newest first."""
    query = select(Transfer).order_by(Transfer.deposited_at.desc(), Transfer.id.desc()).limit(limit)
    if show in set(TransferState):
        query = query.where(Transfer.state == show)
    return list(db.session.scalars(query))


def counts() -> dict[str, int]:
    """How many deposits stand in each state."""
    rows = db.session.execute(select(Transfer.state, func.count()).group_by(Transfer.state))
    return {str(row[0]): int(row[1]) for row in rows}


def transfer_with(transfer_id: int) -> Transfer:
    """A deposit for staff; NotFound when there is none."""
    transfer = db.session.get(Transfer, transfer_id)
    if transfer is None:
        raise NotFound
    return transfer


def proposals(transfer: Transfer) -> list[Invoice]:
    """Invoices a deposit could be for: those of the company it may be of first, then those of its amount, then the oldest."""
    waiting = billing.open_invoices()
    left = transfer.won - transfer.allocated
    return sorted(
        waiting,
        key=lambda row: (
            row.tenant_id != transfer.tenant_id,
            row.open_won != left,
            row.due_on or row.created_at.date(),
        ),
    )


def allocate(who: Caller, transfer_id: int, invoice_id: int, won: int | None = None) -> Transfer:
    """Say which invoice a deposit pays, and how much of it; as much as fits when no amount is named."""
    _only_billing(who)
    with write() as session:
        transfer = _locked(session, transfer_id)
        invoice = session.get(Invoice, invoice_id, with_for_update=True, populate_existing=True)
        if invoice is None or invoice.state not in UNPAID:
            raise NotFound
        left = transfer.won - transfer.allocated
        amount = min(left, invoice.open_won) if won is None else won
        if not 0 < amount <= min(left, invoice.open_won):
            raise Refusal(
                f"이 입금에서 그 청구서에 쓸 수 있는 금액은 {min(left, invoice.open_won):,}원까지입니다.",
                "금액을 고쳐 주십시오.",
                422,
            )
        transfer.tenant_id = invoice.tenant_id
        _pay(session, transfer, [(invoice.id, amount)], who.actor, "직원이 골랐습니다.")
        return transfer


def ignore(who: Caller, transfer_id: int, reason: str) -> Transfer:
    """The deposit is not for us, or not for an invoice."""
    _only_billing(who)
    with write() as session:
        transfer = _locked(session, transfer_id)
        TRANSFER.move(session, transfer, "ignore", by=who.actor, why=reason[:200] or "우리 입금이 아닙니다.")
        _close_item(session, transfer, who.actor)
        return transfer


def undo(who: Caller, transfer_id: int) -> Transfer:
    """Take a match back: the invoices wait for their money again, and a person has to say whose the deposit is."""
    _only_billing(who)
    with write() as session:
        transfer = _locked(session, transfer_id)
        for part in transfer.allocations:
            if part.undone_at is None:
                billing.reverse_payment(session, part.invoice_id, part.won, f"transfer-undo:{part.id}")
                part.undone_at = now()
        TRANSFER.move(session, transfer, "undo", by=who.actor, allocated=0, why="맞춤을 되돌렸습니다.")
        _ask(session, transfer)
        return transfer


def try_again() -> int:
    """Match doubtful deposits anew, since new invoices may wait for them; for the schedule. Returns how many found theirs."""
    waiting = select(Transfer.id).where(Transfer.state == TransferState.DOUBTFUL, Transfer.why.not_like("맞춤을%"))
    found = 0
    for transfer_id in list(db.session.scalars(waiting)):
        with write() as session:
            transfer = _locked(session, transfer_id)
            if transfer.state == TransferState.DOUBTFUL:
                match = rules.match(transfer.payer, transfer.memo, transfer.won, _waiting(session))
                if match.parts:
                    transfer.tenant_id = match.tenant_id
                    _pay(session, transfer, list(match.parts), IMPORTER, match.why)
                    found += 1
    return found


def _take_in(session: Session, listed: DepositList, deposit: Deposit, fingerprint: str) -> str:
    if session.scalar(select(Transfer.id).where(Transfer.fingerprint == fingerprint)) is not None:
        return "known"
    match = rules.match(deposit.payer, deposit.memo, deposit.won, _waiting(session))
    transfer = Transfer(
        list_id=listed.id,
        tenant_id=match.tenant_id,
        fingerprint=fingerprint,
        deposited_at=deposit.at,
        payer=deposit.payer,
        memo=deposit.memo,
        won=deposit.won,
        allocated=0,
        state=TransferState.DOUBTFUL,
        why=match.why,
    )
    session.add(transfer)
    session.flush()
    if match.parts:
        _pay(session, transfer, list(match.parts), IMPORTER, match.why)
    else:
        _ask(session, transfer)
    return str(transfer.state)


def _pay(session: Session, transfer: Transfer, parts: list[tuple[int, int]], by: str, why: str) -> None:
    for invoice_id, won in parts:
        part = TransferAllocation(
            transfer_id=transfer.id, invoice_id=invoice_id, won=won, created_at=now(), created_by=by
        )
        session.add(part)
        session.flush()
        billing.record_payment(session, invoice_id, won, f"transfer-allocation:{part.id}")
    allocated = transfer.allocated + sum(won for _, won in parts)
    verb = "match" if allocated == transfer.won else "match_partly"
    TRANSFER.move(session, transfer, verb, by=by, allocated=allocated, why=why)
    session.expire(transfer, ["allocations"])
    if transfer.state == TransferState.MATCHED:
        _close_item(session, transfer, by)
    else:
        _ask(session, transfer)


def _waiting(session: Session) -> list[rules.Open]:
    rows = session.execute(
        select(Invoice, Tenant.name, BillingProfile.name, BillingProfile.ceo)
        .join(Tenant, Tenant.id == Invoice.tenant_id)
        .outerjoin(BillingProfile, BillingProfile.tenant_id == Invoice.tenant_id)
        .where(Invoice.state.in_(UNPAID))
        .order_by(Invoice.due_on, Invoice.id)
    )
    return [
        rules.Open(
            invoice.id,
            invoice.tenant_id,
            invoice.number or "",
            invoice.open_won,
            tuple(name for name in (company, billed, ceo) if name),
        )
        for invoice, company, billed, ceo in rows
    ]


def _ask(session: Session, transfer: Transfer) -> None:
    left = transfer.won - transfer.allocated
    work.open_item(
        session,
        kind=ITEM,
        subject=f"transfer:{transfer.id}",
        title=f"입금 {left:,}원의 청구서를 골라 주십시오 ({transfer.payer or '이름 없음'})",
        body=transfer.why,
        url=f"/staff/payments/transfers/{transfer.id}",
        tenant_id=transfer.tenant_id,
        roles=("billing",),
    )


def _close_item(session: Session, transfer: Transfer, by: str) -> None:
    work.close_item(session, kind=ITEM, subject=f"transfer:{transfer.id}", by=by)


def _locked(session: Session, transfer_id: int) -> Transfer:
    transfer = session.get(Transfer, transfer_id, with_for_update=True, populate_existing=True)
    if transfer is None:
        raise NotFound
    return transfer


def _only_billing(who: Caller) -> None:
    if not who.staff_roles & {"billing", "admin"}:
        raise Forbidden
