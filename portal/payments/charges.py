"""Charges: one attempt to collect one invoice, asked for once, its outcome found out however often it takes.

The row is written first, with the order and the idempotency key that follow from it. No answer makes it `unknown`, which is
resolved by asking for the order; only an order that never arrived is sent again, under the same key.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from portal.billing import service as billing
from portal.billing.models import UNPAID, Invoice
from portal.core.clock import fresh, now
from portal.core.db import db, write
from portal.core.errors import NotFound
from portal.core.outbox import later, publish
from portal.core.seal import unseal
from portal.payments import cards, refunds, rules, unpaid
from portal.payments.models import CHARGE, PENDING, Card, Charge, ChargeState
from portal.payments.providers import Charged, Declined, Kind, NotThere, Then, Unknown
from portal.tenants.databases import installation
from portal.tenants.models import Tenant
from portal.work import service as work

H = ChargeState
JOB = "payments.charge"
ITEM = "charge"
#: Longer than the payment company takes to answer; a job that died meanwhile is taken over afterwards.
LEASE = timedelta(seconds=90)
FIRST_ASK, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=30)
#: After so many questions without an answer a person is told; the asking goes on.
TELL_AFTER = 5
BY = "payments"
#: Our own reason, in the place of the payment company's: the invoice was paid or changed before the card was asked.
CHANGED = "INVOICE_CHANGED"


def collect(session: Session, invoice_id: int) -> Charge | None:
    """Decide to charge the company's card for what is open on an invoice, inside write(). None when that makes no sense.

    At most one charge of an invoice is under way; the database holds that too. One that is done has paid its part, or goes
    back: what is open after it, because of a refund or a deposit, is paid by another.
    """
    invoice = session.get(Invoice, invoice_id, with_for_update=True, populate_existing=True)
    if invoice is None or invoice.state not in UNPAID or invoice.open_won <= 0:
        return None
    card = cards.active(invoice.tenant_id)
    under_way = select(Charge.id).where(Charge.invoice_id == invoice.id, Charge.state.in_(PENDING))
    if card is None or session.scalar(under_way) is not None:
        return None
    attempt = (session.scalar(select(func.max(Charge.attempt)).where(Charge.invoice_id == invoice.id)) or 0) + 1
    order = rules.order_id(installation(), invoice.number or str(invoice.id), attempt)
    charge = Charge(
        tenant_id=invoice.tenant_id,
        invoice_id=invoice.id,
        card_id=card.id,
        attempt=attempt,
        won=invoice.open_won,
        order_id=order,
        idempotency_key=rules.idempotency_key(order),
        state=H.CREATED,
        created_at=now(),
        nudged_at=now(),
    )
    session.add(charge)
    session.flush()
    later(session, JOB, charge.id)
    return charge


def perform(charge_id: int) -> None:
    """Take a charge as far as it goes now: ask for it, or find out what became of it. May run twice and at once."""
    claimed = _claim(charge_id)
    if claimed is None:
        return
    charge, card = claimed
    company = cards.provider()
    if charge.state == H.REQUESTED:
        answer: Charged | Declined | NotThere | Unknown = _send(charge, card)
    else:
        answer = company.find(charge.order_id)
        if isinstance(answer, NotThere):
            young = charge.requested_at is not None and fresh() - charge.requested_at < rules.RESEND_WITHIN
            answer = (
                _send(charge, card) if young else Declined("NOT_ARRIVED", "요청이 결제사에 닿지 않았습니다.", Kind.SOFT)
            )
    if isinstance(answer, Unknown) and answer.then is Then.SAME_AGAIN:
        answer = _send(charge, card)
    _settle(charge.id, answer)


def sweep() -> int:
    """Nudge charges whose next step is due; for the schedule. Returns how many."""
    moment = now()
    due = or_(Charge.lease_until.is_(None), Charge.lease_until < moment)
    query = select(Charge).where(Charge.state.in_(PENDING), due, Charge.nudged_at < moment - FIRST_ASK)
    if db.session.scalars(query.limit(1)).first() is None:
        return 0
    with write() as session:
        rows = session.scalars(query.limit(500)).all()
        for charge in rows:
            charge.nudged_at = moment
            later(session, JOB, charge.id)
        return len(rows)


def charges_of(invoice_id: int) -> list[Charge]:
    """Every attempt at an invoice, the newest first."""
    return list(db.session.scalars(select(Charge).where(Charge.invoice_id == invoice_id).order_by(Charge.id.desc())))


def charge_with(charge_id: int) -> Charge:
    """A charge for staff; NotFound when there is none."""
    charge = db.session.get(Charge, charge_id)
    if charge is None:
        raise NotFound
    return charge


def refused(rows: Sequence[Charge], card: Card | None) -> Charge | None:
    """The newest of an invoice's attempts, when `card` is what declined it: a card in its place has not been tried yet."""
    newest = rows[0] if rows else None
    if newest is None or card is None or newest.card_id != card.id:
        return None
    return newest if newest.state == H.DECLINED and newest.failure_code != CHANGED else None


def last_decline(session: Session, invoice_id: int, card_id: int) -> Charge | None:
    """The newest declined attempt at an invoice with this card."""
    query = select(Charge).where(Charge.invoice_id == invoice_id, Charge.card_id == card_id, Charge.state == H.DECLINED)
    return session.scalars(query.order_by(Charge.id.desc()).limit(1)).first()


# ----- steps ---------------------------------------------------------------------------------------------------------


def _claim(charge_id: int) -> tuple[Charge, Card] | None:
    """Take the charge for this job: its state says what to do next. None when there is nothing to do, or another does it."""
    with write() as session:
        charge = _locked(session, charge_id)
        moment = fresh()
        if charge is None or charge.state not in PENDING:
            return None
        if charge.lease_until is not None and charge.lease_until > moment:
            return None
        if charge.state == H.CREATED:
            if _stale(session, charge):
                CHARGE.move(session, charge, "decline", by=BY, failure_code=CHANGED, resolved_at=moment)
                return None
            CHARGE.move(session, charge, "request", by=BY, requested_at=moment, lease_until=moment + LEASE)
        elif charge.state == H.REQUESTED:
            # Whoever asked is gone: from here on it is asked for, not sent.
            CHARGE.move(session, charge, "lose", by=BY, lease_until=moment + LEASE)
        else:
            charge.lease_until = moment + LEASE
        session.flush()
        card = session.get_one(Card, charge.card_id)
    return charge, card


def _stale(session: Session, charge: Charge) -> bool:
    invoice = session.get_one(Invoice, charge.invoice_id, with_for_update=True, populate_existing=True)
    card = session.get_one(Card, charge.card_id)
    return invoice.state not in UNPAID or invoice.open_won != charge.won or card.billing_key is None


def _send(charge: Charge, card: Card) -> Charged | Declined | Unknown:
    if card.billing_key is None:
        return Declined("NO_BILLING_KEY", "등록된 카드가 없습니다.", Kind.HARD)
    tenant = db.session.get_one(Tenant, charge.tenant_id)
    return cards.provider().charge(
        unseal(card.billing_key, cards.PURPOSE),
        customer_key=card.customer_key,
        order_id=charge.order_id,
        order_name=f"도면실 이용료 {charge.invoice.number}",
        won=charge.won,
        idempotency_key=charge.idempotency_key,
        name=tenant.name,
    )


def _settle(charge_id: int, answer: Charged | Declined | NotThere | Unknown) -> None:
    with write() as session:
        # The invoice first, then what hangs on it, then the audit: the order of everybody who touches both.
        bill = select(Invoice.id).join(Charge, Charge.invoice_id == Invoice.id).where(Charge.id == charge_id)
        session.execute(bill.with_for_update(of=Invoice))
        charge = _locked(session, charge_id)
        if charge is None or charge.state not in {H.REQUESTED, H.UNKNOWN}:
            return
        if isinstance(answer, Charged):
            _succeed(session, charge, answer)
        elif isinstance(answer, Declined):
            _decline(session, charge, answer)
        else:
            _wait(session, charge, answer.reason if isinstance(answer, Unknown) else "")


def _succeed(session: Session, charge: Charge, paid: Charged) -> None:
    CHARGE.move(
        session,
        charge,
        "succeed",
        by=BY,
        payment_key=paid.payment_key,
        approval_number=paid.approval_number[:20],
        receipt_url=paid.receipt_url[:300],
        failure_code="",
        failure_message="",
        resolved_at=fresh(),
        lease_until=None,
    )
    invoice = session.get_one(Invoice, charge.invoice_id, with_for_update=True, populate_existing=True)
    if invoice.state in UNPAID and invoice.open_won >= charge.won:
        billing.record_payment(session, invoice.id, charge.won, f"charge:{charge.id}")
        _tell(session, charge, "charge_succeeded")
    else:
        # Paid otherwise while the card was asked: the money goes back, with the agreement of two people.
        billing.book_surplus(session, charge.tenant_id, charge.won, f"charge:{charge.id}", invoice.id)
        refunds.open_surplus(session, charge)
    work.close_item(session, kind=ITEM, subject=f"charge:{charge.id}", by=BY)
    publish(session, "charge.succeeded", charge.id)


def _decline(session: Session, charge: Charge, no: Declined) -> None:
    spent = no.once_more and charge.attempt > 1
    hard = no.kind is Kind.HARD or spent
    CHARGE.move(
        session,
        charge,
        "decline",
        by=BY,
        hard=hard,
        failure_code=no.code[:60],
        failure_message=no.message[:300],
        resolved_at=fresh(),
        lease_until=None,
    )
    work.close_item(session, kind=ITEM, subject=f"charge:{charge.id}", by=BY)
    if no.kind is Kind.OURS:
        _ask_staff(session, charge, f"결제사가 우리 쪽 설정을 거절했습니다: {no.code} {no.message}")
    else:
        _tell(session, charge, "charge_declined")
    if hard:
        unpaid.look_again(session, charge.tenant_id, BY)
    publish(session, "charge.declined", charge.id)


def _wait(session: Session, charge: Charge, reason: str) -> None:
    """No answer: ask again, a little later each time."""
    pause: timedelta = min(FIRST_ASK * 2 ** min(charge.asked, 10), LONGEST_WAIT)
    until: datetime = fresh() + pause
    if charge.state == H.REQUESTED:
        CHARGE.move(session, charge, "lose", by=BY, lease_until=until, failure_message=reason[:300])
    else:
        charge.lease_until, charge.failure_message = until, reason[:300]
    charge.asked += 1
    if charge.asked == TELL_AFTER:
        _ask_staff(
            session, charge, f"결제 결과를 아직 알 수 없습니다: {reason} 결제사 관리자 화면에서 주문을 확인해 주십시오."
        )


def _ask_staff(session: Session, charge: Charge, body: str) -> None:
    work.open_item(
        session,
        kind=ITEM,
        subject=f"charge:{charge.id}",
        title=f"청구서 {charge.invoice.number} 결제를 확인해 주십시오",
        body=body,
        url=f"/staff/payments/charges/{charge.id}",
        tenant_id=charge.tenant_id,
        roles=("billing",),
    )


def _tell(session: Session, charge: Charge, template: str) -> None:
    parts = {"charge": charge, "invoice": charge.invoice, "card": charge.card}
    billing.tell_payer(session, charge.tenant_id, template, **parts)


def _locked(session: Session, charge_id: int) -> Charge | None:
    return session.get(Charge, charge_id, with_for_update=True, populate_existing=True)
