"""Money given back on a charge: one member of staff asks, another agrees, a worker has it done once.

The payment company answers the same under the same idempotency key, so an unknown outcome is asked for by repeating it.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from portal.billing import service as billing
from portal.core.clock import fresh, now
from portal.core.db import db, write
from portal.core.errors import Forbidden, NotFound, Refusal
from portal.core.gate import Caller
from portal.core.outbox import later
from portal.payments import cards
from portal.payments.models import CHARGE, REFUND, Charge, ChargeState, Refund, RefundState
from portal.payments.providers import Cancelled, Declined
from portal.work import service as work

R = RefundState
ITEM = "charge"
LEASE = timedelta(seconds=90)
BY = "payments"
#: Refunds that count against what can still be given back.
COUNTED = (R.CREATED, R.REQUESTED, R.UNKNOWN, R.SUCCEEDED)


def refunds_of(charge_id: int) -> list[Refund]:
    return list(db.session.scalars(select(Refund).where(Refund.charge_id == charge_id).order_by(Refund.id.desc())))


def ask(who: Caller, charge_id: int, won: int, reason: str) -> Refund:
    """Ask for money to be given back; it waits until another member of staff agrees."""
    _only_billing(who)
    with write() as session:
        charge = session.get(Charge, charge_id, with_for_update=True, populate_existing=True)
        if charge is None:
            raise NotFound
        left = _left(session, charge)
        if charge.state != ChargeState.SUCCEEDED or not 0 < won <= left:
            raise Refusal(f"이 결제에서 돌려줄 수 있는 금액은 {max(left, 0):,}원입니다.", "금액을 고쳐 주십시오.", 422)
        return _open(session, charge, won, reason, who.actor, surplus=False)


def open_surplus(session: Session, charge: Charge) -> Refund:
    """A charge paid for nothing: its money is to go back, once somebody agrees. Inside write()."""
    return _open(session, charge, charge.won, "다른 방법으로 이미 낸 청구서입니다.", BY, surplus=True)


def agree(who: Caller, refund_id: int) -> Refund:
    """Agree to a refund that somebody else asked for; a worker has it done."""
    _only_billing(who)
    with write() as session:
        refund = _locked(session, refund_id)
        if refund.requested_by == who.actor:
            raise Refusal("환불을 요청한 사람은 승인할 수 없습니다.", "다른 직원에게 승인을 부탁해 주십시오.", 403)
        REFUND.move(session, refund, "request", by=who.actor, approved_by=who.actor, nudged_at=now())
        work.close_item(session, kind=ITEM, subject=f"refund:{refund.id}", by=who.actor)
        later(session, "payments.refund", refund.id)
        return refund


def drop(who: Caller, refund_id: int) -> Refund:
    """Do not give the money back after all."""
    _only_billing(who)
    with write() as session:
        refund = _locked(session, refund_id)
        REFUND.move(session, refund, "drop", by=who.actor, resolved_at=now())
        work.close_item(session, kind=ITEM, subject=f"refund:{refund.id}", by=who.actor)
        return refund


def perform(refund_id: int) -> None:
    """Have a refund done, or find out whether it was. May run twice and at once."""
    with write() as session:
        refund = _locked(session, refund_id)
        moment = fresh()
        leased = refund.lease_until is not None and refund.lease_until > moment
        if refund.state not in {R.REQUESTED, R.UNKNOWN} or leased:
            return
        refund.lease_until = moment + LEASE
        charge = session.get_one(Charge, refund.charge_id)
        asked = (charge.payment_key or "", refund.reason, refund.idempotency_key, refund.won)
    answer = cards.provider().cancel(asked[0], reason=asked[1], idempotency_key=asked[2], won=asked[3])
    with write() as session:
        refund = _locked(session, refund_id)
        if refund.state not in {R.REQUESTED, R.UNKNOWN}:
            return
        if isinstance(answer, Cancelled):
            _succeed(session, refund)
        elif isinstance(answer, Declined):
            REFUND.move(
                session, refund, "fail", by=BY, failure_code=answer.code[:60], resolved_at=fresh(), lease_until=None
            )
            _ask_staff(session, refund, f"결제사가 환불을 거절했습니다: {answer.message} 계좌로 돌려드려 주십시오.")
        elif refund.state == R.REQUESTED:
            REFUND.move(session, refund, "lose", by=BY, lease_until=None)


def voided(session: Session, invoice_id: int) -> None:
    """The invoice was cancelled: what was paid for it by card is to go back, what came by bank is for a person."""
    query = select(Charge).where(Charge.invoice_id == invoice_id, Charge.state == ChargeState.SUCCEEDED)
    for charge in session.scalars(query.order_by(Charge.id)).all():
        if (left := _left(session, charge)) > 0:
            _open(session, charge, left, "청구서를 취소했습니다.", BY, surplus=False)


def sweep() -> int:
    """Nudge refunds that wait for an answer; for the schedule."""
    moment = now()
    query = select(Refund).where(
        Refund.state.in_((R.REQUESTED, R.UNKNOWN)),
        or_(Refund.lease_until.is_(None), Refund.lease_until < moment),
        or_(Refund.nudged_at.is_(None), Refund.nudged_at < moment - timedelta(seconds=20)),
    )
    if db.session.scalars(query.limit(1)).first() is None:
        return 0
    with write() as session:
        rows = session.scalars(query.limit(200)).all()
        for refund in rows:
            refund.nudged_at = moment
            later(session, "payments.refund", refund.id)
        return len(rows)


def _open(session: Session, charge: Charge, won: int, reason: str, by: str, *, surplus: bool) -> Refund:  # noqa: PLR0913 - a refund has these parts
    count = session.scalar(select(func.count()).select_from(Refund).where(Refund.charge_id == charge.id)) or 0
    refund = Refund(
        tenant_id=charge.tenant_id,
        charge_id=charge.id,
        won=won,
        reason=reason[:200],
        idempotency_key=f"cancel-{charge.order_id}-{count + 1}",
        state=R.CREATED,
        requested_by=by,
        surplus=surplus,
        created_at=now(),
    )
    session.add(refund)
    session.flush()
    _ask_staff(session, refund, f"{refund.reason} 다른 직원이 승인하면 카드로 돌려드립니다.")
    return refund


def _succeed(session: Session, refund: Refund) -> None:
    REFUND.move(session, refund, "succeed", by=BY, resolved_at=fresh(), lease_until=None)
    charge = session.get_one(Charge, refund.charge_id, with_for_update=True, populate_existing=True)
    source = f"refund:{refund.id}"
    if refund.surplus:
        billing.return_surplus(session, charge.tenant_id, refund.won, source, charge.invoice_id)
    else:
        billing.reverse_payment(session, charge.invoice_id, refund.won, source)
    session.flush()
    if _given_back(session, charge) == charge.won:
        CHARGE.move(session, charge, "cancel", by=BY)
    work.close_item(session, kind=ITEM, subject=source, by=BY)


def _left(session: Session, charge: Charge) -> int:
    counted = select(func.sum(Refund.won)).where(Refund.charge_id == charge.id, Refund.state.in_(COUNTED))
    return charge.won - int(session.scalar(counted) or 0)


def _given_back(session: Session, charge: Charge) -> int:
    done = select(func.sum(Refund.won)).where(Refund.charge_id == charge.id, Refund.state == R.SUCCEEDED)
    return int(session.scalar(done) or 0)


def _ask_staff(session: Session, refund: Refund, body: str) -> None:
    work.open_item(
        session,
        kind=ITEM,
        subject=f"refund:{refund.id}",
        title=f"환불 {refund.won:,}원을 확인해 주십시오",
        body=body,
        url=f"/staff/payments/charges/{refund.charge_id}",
        tenant_id=refund.tenant_id,
        roles=("billing",),
    )


def _locked(session: Session, refund_id: int) -> Refund:
    refund = session.get(Refund, refund_id, with_for_update=True, populate_existing=True)
    if refund is None:
        raise NotFound
    return refund


def _only_billing(who: Caller) -> None:
    if not who.staff_roles & {"billing", "admin"}:
        raise Forbidden
