"""From usage to a numbered invoice: rate a period, keep the statement, take off what was billed, number what is left.

Every period that is still open for late usage is rated anew with each bill; a difference comes as a line that names its own
period. Running it again with nothing new gives no line and no invoice.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from portal.billing import ledger, plans
from portal.billing import subscriptions as agreements
from portal.billing.models import (
    INVOICE,
    CreditNote,
    Invoice,
    InvoiceLine,
    InvoiceState,
    Statement,
    Subscription,
)
from portal.billing.rules.difference import bill
from portal.billing.rules.rating import projected, rate
from portal.billing.rules.runs import runs_of
from portal.billing.rules.terms import Line, Period, Seat, Totals, Usage
from portal.billing.rules.totals import cut_line, totals
from portal.core import workdays
from portal.core.clock import now, today
from portal.core.db import db
from portal.core.errors import Refusal
from portal.core.numbers import next_number
from portal.core.outbox import publish
from portal.core.settings import settings
from portal.metering import service as metering

#: So many months before the billed one are rated anew for usage that came late.
LATE_MONTHS = 2
#: Days from issue to the due day; it moves to a business day.
DUE_AFTER = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Rated:
    """A period by what is known now: the lines it should have, and what they were worked out from."""

    period: Period
    lines: list[Line]
    usage: list[Usage]
    seats: list[Seat]


def month(day: date) -> Period:
    """The calendar month that `day` is in."""
    first = day.replace(day=1)
    return Period(first, agreements.first_of_next(first))


def month_before(period: Period, count: int = 1) -> Period:
    """The calendar month `count` months earlier."""
    for _ in range(count):
        period = month(period.from_date - timedelta(days=1))
    return period


# ----- rating --------------------------------------------------------------------------------------------------------


def rated(subscription: Subscription, period: Period, *, closes: bool) -> Rated:
    """A company's period as it should be billed. Each plan version is asked only for what was used while it held."""
    phases = agreements.phases(subscription)
    usage = [usage_of(subscription.tenant_id, run.span.from_date, run.span.to_date) for run in runs_of(phases, period)]
    return _rated(subscription, period, usage, closes=closes)


def expected(subscription: Subscription, day: date) -> Rated:
    """The running month carried on at its pace until its end: what the next bill will come to."""
    period = month(day)
    until = min(day + timedelta(days=1), period.to_date)
    measures = plans.measures()
    usage = []
    for run in runs_of(agreements.phases(subscription), period):
        begins, ends = run.span.from_date, run.span.to_date
        if begins < until:
            so_far = usage_of(subscription.tenant_id, begins, min(ends, until))
            usage.append(projected(so_far, (ends - begins).days, measures))
    return _rated(subscription, period, usage, closes=True)


def _rated(subscription: Subscription, period: Period, usage: list[Usage], *, closes: bool) -> Rated:
    seats = [
        Seat(f"person:{span.person_id}", span.from_date, span.to_date)
        for span in metering.seat_history(subscription.tenant_id, period.from_date, period.to_date)
    ]
    lines = rate(agreements.phases(subscription), usage, seats, period, closes=closes, measures=plans.measures())
    return Rated(period, lines, usage, seats)


def usage_of(tenant_id: int, from_date: date, to_date: date) -> Usage:
    """What a company used on the days [from_date, to_date), for rating."""
    found = metering.totals(tenant_id, from_date, to_date)
    return Usage(
        from_date,
        to_date,
        {key: total.quantity for key, total in found.items()},
        {key: total.events for key, total in found.items()},
    )


def billed(session: Session, tenant_id: int, period: Period) -> dict[str, int]:
    """Line key -> won that numbered invoices of the company asked for in a period, less what was credited."""
    mine = InvoiceLine.line_key.startswith(f"{period.label}|", autoescape=True)
    rows = session.execute(
        select(InvoiceLine.line_key, func.sum(InvoiceLine.won))
        .join(Invoice)
        .where(Invoice.tenant_id == tenant_id, Invoice.state.not_in((InvoiceState.DRAFT, InvoiceState.VOID)), mine)
        .group_by(InvoiceLine.line_key)
    )
    found = {key: int(won) for key, won in rows}
    notes = session.scalars(
        select(CreditNote).join(Invoice).where(CreditNote.tenant_id == tenant_id, Invoice.state != InvoiceState.VOID)
    )
    for note in notes:
        for line in note.lines:
            if line["line_key"] in found:
                found[line["line_key"]] -= int(line["won"])
    return found


def still_to_bill(session: Session, subscription: Subscription, period: Period) -> tuple[Rated, list[Line]]:
    """The closed period and the late usage of those before it, minus what was billed. Lines of 0 won are left out."""
    here = rated(subscription, period, closes=True)
    lines: list[Line] = []
    first = subscription.converted_on or subscription.started_on
    for count in range(LATE_MONTHS, 0, -1):
        earlier = month_before(period, count)
        if earlier.to_date > first:
            asked = rated(subscription, earlier, closes=True)
            lines += bill(asked.lines, billed(session, subscription.tenant_id, earlier))
    lines += bill(here.lines, billed(session, subscription.tenant_id, period))
    return here, lines


# ----- invoices ------------------------------------------------------------------------------------------------------


def draft(session: Session, subscription: Subscription, period: Period) -> Invoice | None:
    """The invoice of a closed period, unnumbered, with its statement; None when there is nothing to ask for.

    What is less than nothing stays open and is set against the next bill. Inside write(), the company's row locked.
    """
    here, lines = still_to_bill(session, subscription, period)
    foot = totals(lines)
    statement = _statement(session, subscription, here)
    if foot.supply <= 0:
        return None
    position = _next_position(session, subscription.tenant_id, period)
    cut = cut_line(foot, period)
    invoice = Invoice(
        tenant_id=subscription.tenant_id,
        subscription_id=subscription.id,
        statement_id=statement.id,
        period_from=period.from_date,
        period_to=period.to_date,
        position=position,
        state=InvoiceState.DRAFT,
        supply=foot.supply,
        vat=foot.vat,
        total=foot.total,
        paid=0,
        parties={},
        state_since=now(),
        created_at=now(),
        lines=[_line(line, number) for number, line in enumerate([*lines, *([cut] if cut else [])], 1)],
    )
    session.add(invoice)
    session.flush()
    return invoice


def finalise(session: Session, invoice: Invoice, by: str) -> Invoice:
    """Number the invoice, book it, and tell whoever waits for it. From here on it is never edited."""
    _check(invoice)
    profile = agreements.profile_of(invoice.tenant_id)
    if profile is None:
        raise Refusal(
            "청구 정보가 없어 청구서를 만들 수 없습니다.", "고객사의 청구 정보를 받아 적은 뒤 다시 마감해 주십시오."
        )
    issued = today()
    number = next_number(session, f"invoice:{issued.year}")
    INVOICE.move(
        session,
        invoice,
        "finalise",
        by=by,
        number=f"{issued.year}-{number:06d}",
        issued_on=issued,
        due_on=workdays.this_or_next(issued + DUE_AFTER),
        finalised_at=now(),
        state_since=now(),
        parties={"supplier": settings().supplier.as_dict(), "customer": _customer(profile)},
    )
    ledger.book(
        session,
        f"invoice:{invoice.id}",
        invoice.tenant_id,
        {"receivable": invoice.total, "revenue": -invoice.supply, "vat": -invoice.vat},
        invoice.id,
    )
    publish(session, "invoice.finalised", invoice.id)
    return invoice


def foot_of(invoice: Invoice) -> Totals:
    """The foot worked out anew from the lines, for checks and pages."""
    return totals(as_line(line) for line in invoice.lines)


def invoice_with(invoice_id: int) -> Invoice | None:
    """An invoice with its lines."""
    query = select(Invoice).options(joinedload(Invoice.lines)).where(Invoice.id == invoice_id)
    return db.session.scalars(query).unique().first()


def _check(invoice: Invoice) -> None:
    foot = foot_of(invoice)
    cut = sum(line.won for line in invoice.lines) - foot.supply_before
    if (foot.supply, foot.vat, foot.total, foot.cut) != (invoice.supply, invoice.vat, invoice.total, cut):
        message = f"invoice {invoice.id} does not add up"
        raise RuntimeError(message)


def _customer(profile: Any) -> dict[str, Any]:  # noqa: ANN401 - a row, read by its columns
    left_out = {"tenant_id", "updated_at"}
    return {
        column.key: getattr(profile, column.key) for column in profile.__table__.columns if column.key not in left_out
    }


def _statement(session: Session, subscription: Subscription, here: Rated) -> Statement:
    document = {
        "usage": [_usage_document(part) for part in here.usage],
        "seats": [_dated(asdict(seat)) for seat in here.seats],
        "lines": [_dated(asdict(line)) for line in here.lines],
    }
    digest = hashlib.sha256(json.dumps(document, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
    same = select(Statement).where(
        Statement.tenant_id == subscription.tenant_id,
        Statement.period_from == here.period.from_date,
        Statement.digest == digest,
    )
    known = session.scalar(same)
    if known is not None:
        return known
    statement = Statement(
        tenant_id=subscription.tenant_id,
        subscription_id=subscription.id,
        period_from=here.period.from_date,
        period_to=here.period.to_date,
        document=document,
        digest=digest,
        rated_at=now(),
    )
    session.add(statement)
    session.flush()
    return statement


def _usage_document(part: Usage) -> dict[str, Any]:
    return {
        "from_date": part.from_date.isoformat(),
        "to_date": part.to_date.isoformat(),
        "totals": dict(part.totals),
        "events": dict(part.events),
    }


def _dated(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def _next_position(session: Session, tenant_id: int, period: Period) -> int:
    query = select(func.max(Invoice.position)).where(
        Invoice.tenant_id == tenant_id, Invoice.period_from == period.from_date
    )
    return (session.scalar(query) or 0) + 1


def _line(line: Line, position: int) -> InvoiceLine:
    return InvoiceLine(
        line_key=line.key,
        position=position,
        name=line.name,
        quantity=line.quantity,
        unit=line.unit,
        period_from=line.period_from,
        period_to=line.period_to,
        won=line.won,
        explain=line.explain,
    )


def as_line(row: InvoiceLine) -> Line:
    """A kept line as the rules know it."""
    return Line(
        row.line_key, row.name, "", row.period_from, row.period_to, row.quantity, row.unit, row.won, row.explain
    )
