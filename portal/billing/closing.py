"""The month's close: every company's period rated, billed and numbered, one transaction each. Safe to start twice, and to kill.

The rows say who is still to be closed; jobs are nudges. What cannot be closed becomes a work item with the reason, and
closes it again once it worked.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Select, func, or_, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, joinedload

from portal.billing import invoicing
from portal.billing.models import CloseState, CloseStep, Invoice, Subscription, SubscriptionState
from portal.billing.rules.terms import Period
from portal.core.clock import fresh, now, today
from portal.core.db import db, write
from portal.core.errors import Refusal
from portal.core.outbox import later
from portal.tenants.models import Tenant
from portal.work import service as work

log = logging.getLogger("planroom.billing")

JOB = "billing.close_company"
ITEM = "billing"
#: A closed month is billed this many days into the next one: usage that came late is in it by then.
GRACE = timedelta(days=2)
#: A company is nudged again only after this long.
BETWEEN_NUDGES = timedelta(seconds=30)
#: The first half of the advisory lock under which one company is closed at a time; the second is its id.
LOCK = 7_304_483
BY = "close"


@dataclass(frozen=True, slots=True)
class Row:
    """One company of a month's close: how far that is, and the invoice that came of it."""

    tenant: Tenant
    step: CloseStep
    invoice: Invoice | None


def start(period: Period) -> int:
    """Write a row for every company that the period could cost something, and nudge each. Returns how many are open.

    Refusal for a period that is not over.
    """
    if period.to_date > today():
        raise Refusal("아직 끝나지 않은 달입니다.", f"{period.to_date:%Y.%m.%d}부터 마감할 수 있습니다.", 422)
    with write() as session:
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        for tenant_id in session.scalars(_billable(period)).all():
            row = {"period_from": period.from_date, "tenant_id": tenant_id, "state": CloseState.WAITING}
            blank = {"reason": "", "attempts": 0}
            session.execute(insert(CloseStep).values(**row, **blank).on_conflict_do_nothing())
        return _nudge(session, CloseStep.period_from == period.from_date)


def bills_on(period: Period) -> date:
    """The day on which a month is closed and its invoices go out, unless staff close it sooner."""
    return period.to_date + GRACE


def start_due() -> int:
    """Close the last month once its grace is over; for the schedule. Returns how many companies were nudged."""
    period = invoicing.month_before(invoicing.month(today()))
    if today() < bills_on(period):
        return sweep()
    begun = select(func.count()).select_from(CloseStep).where(CloseStep.period_from == period.from_date)
    return start(period) if missing(period) or not db.session.scalar(begun) else sweep()


def sweep() -> int:
    """Nudge again what waits although it was nudged; for the schedule."""
    waiting = select(CloseStep.id).where(CloseStep.state == CloseState.WAITING, _not_just_nudged())
    if db.session.scalars(waiting.limit(1)).first() is None:
        return 0
    with write() as session:
        return _nudge(session, CloseStep.state == CloseState.WAITING)


def close_company(period: Period, tenant_id: int) -> CloseStep | None:
    """Rate, bill and number one company's period. Does nothing when that is done, whoever did it."""
    try:
        with write() as session:
            step = _locked(session, period, tenant_id)
            if step is None or step.state == CloseState.CLOSED:
                return step
            step.attempts += 1
            step.invoice_id = _bill(session, period, tenant_id)
            step.state, step.reason, step.closed_at = CloseState.CLOSED, "", fresh()
            work.close_item(session, kind=ITEM, subject=_subject(period, tenant_id), by=BY)
            return step
    except Refusal as refusal:
        return _stuck(period, tenant_id, f"{refusal.message} {refusal.next_step}")
    except (ValueError, RuntimeError) as error:
        log.exception("company %s could not be closed", tenant_id)
        return _stuck(period, tenant_id, f"계산이 멈추었습니다: {error}. 개발 담당에게 알려 주십시오.")


def retry(period: Period, tenant_id: int) -> None:
    """Have a stuck company closed again, after its reason was mended. Refusal when it is not stuck."""
    with write() as session:
        step = _locked(session, period, tenant_id)
        if step is None or step.state != CloseState.STUCK:
            raise Refusal("멈춘 곳이 아닙니다.", "화면을 새로 고쳐 상태를 확인해 주십시오.")
        step.state, step.nudged_at = CloseState.WAITING, now()
        later(session, JOB, period.from_date.isoformat(), tenant_id)


def board(period: Period) -> list[Row]:
    """Every company of a month's close; stuck ones first, then by name."""
    query = (
        select(CloseStep, Tenant, Invoice)
        .join(Tenant, Tenant.id == CloseStep.tenant_id)
        .outerjoin(Invoice, Invoice.id == CloseStep.invoice_id)
        .where(CloseStep.period_from == period.from_date)
        .order_by(Tenant.name, Tenant.id)
    )
    rows = [Row(tenant, step, invoice) for step, tenant, invoice in db.session.execute(query)]
    return sorted(rows, key=lambda row: row.step.state != CloseState.STUCK)


def missing(period: Period) -> int:
    """How many companies the month could cost something and that its close has no row for yet."""
    begun = select(CloseStep.tenant_id).where(CloseStep.period_from == period.from_date)
    return len(set(db.session.scalars(_billable(period))) - set(db.session.scalars(begun)))


def periods() -> list[date]:
    """The first days of all months that were closed or begun, the newest first."""
    return list(db.session.scalars(select(CloseStep.period_from).distinct().order_by(CloseStep.period_from.desc())))


def _billable(period: Period) -> Select[int]:
    """Companies with an agreement that was paid for in the period, or in the months whose late usage is still looked at."""
    first = invoicing.month_before(period, invoicing.LATE_MONTHS).from_date
    return (
        select(Subscription.tenant_id)
        .where(
            Subscription.converted_on.is_not(None),
            Subscription.converted_on < period.to_date,
            or_(Subscription.ends_on.is_(None), Subscription.ends_on > first),
        )
        .distinct()
        .order_by(Subscription.tenant_id)
    )


def _bill(session: Session, period: Period, tenant_id: int) -> int | None:
    """The id of the new invoice; None when there is nothing to ask for."""
    query = (
        select(Subscription)
        .options(joinedload(Subscription.tenant))
        .where(
            Subscription.tenant_id == tenant_id,
            Subscription.converted_on < period.to_date,
            or_(Subscription.state != SubscriptionState.TRIALING, Subscription.converted_on.is_not(None)),
        )
        .order_by(Subscription.id.desc())
    )
    subscription = session.scalars(query.limit(1)).first()
    invoice = invoicing.draft(session, subscription, period) if subscription is not None else None
    if invoice is None:
        return None
    invoicing.finalise(session, invoice, BY)
    return invoice.id


def _locked(session: Session, period: Period, tenant_id: int) -> CloseStep | None:
    """The row of the close, alone: SQLite by its write lock, PostgreSQL by the row's and an advisory one."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:first, :second)"), {"first": LOCK, "second": tenant_id})
    query = select(CloseStep).where(CloseStep.period_from == period.from_date, CloseStep.tenant_id == tenant_id)
    return session.scalar(query.with_for_update().execution_options(populate_existing=True))


def _stuck(period: Period, tenant_id: int, reason: str) -> CloseStep | None:
    with write() as session:
        step = _locked(session, period, tenant_id)
        if step is None or step.state == CloseState.CLOSED:
            return step
        step.state, step.reason, step.attempts = CloseState.STUCK, reason, step.attempts + 1
        tenant = session.get_one(Tenant, tenant_id)
        work.open_item(
            session,
            kind=ITEM,
            subject=_subject(period, tenant_id),
            title=f"{tenant.name} {period.from_date:%Y년 %-m월} 청구서를 만들지 못했습니다",
            body=reason,
            url=f"/staff/billing/close?month={period.from_date:%Y-%m}",
            tenant_id=tenant_id,
            roles=("billing",),
        )
        return step


def _nudge(session: Session, which: ColumnElement[bool]) -> int:
    rows = session.scalars(
        select(CloseStep).where(which, CloseStep.state == CloseState.WAITING, _not_just_nudged()).limit(1000)
    ).all()
    for step in rows:
        step.nudged_at = now()
        later(session, JOB, step.period_from.isoformat(), step.tenant_id)
    return len(rows)


def _not_just_nudged() -> ColumnElement[bool]:
    return or_(CloseStep.nudged_at.is_(None), CloseStep.nudged_at < now() - BETWEEN_NUDGES)


def _subject(period: Period, tenant_id: int) -> str:
    return f"close:{period.from_date:%Y-%m}:{tenant_id}"
