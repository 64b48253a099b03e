"""Looks at rows as an auditor would, whoever died on the way: one of everything, no gap, no half, nothing waiting.

Each check answers with sentences about what is wrong; an empty list is a portal that is whole.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator
from typing import Any

from redis import Redis
from sqlalchemy import func, select

from portal.billing import ledger
from portal.billing.invoicing import foot_of
from portal.billing.models import CloseState, CloseStep, CreditNote, Invoice, InvoiceLine, LedgerEntry, Statement
from portal.core import audit, outbox
from portal.core.db import Platform, db
from portal.core.numbers import Counter
from portal.core.outbox import Message
from portal.core.queue import WORK, queue
from portal.duties import service as duties
from portal.payments.models import Charge, ChargeState
from portal.retention.models import Case, CaseState, Certificate
from portal.taxinvoices.models import TaxInvoice, TaxInvoiceState
from portal.work.models import WorkItem, WorkState
from tests.faults.conftest import Site


def every(table: type[Any]) -> list[Any]:
    return list(db.session.scalars(select(table).execution_options(populate_existing=True)))


def troubles(site: Site) -> list[str]:
    """Everything that is wrong on the platform, whatever was done on it."""
    return [*books(), *_waiting(), *_queue(site), *_said(site)]


def books() -> list[str]:
    """What is wrong with numbers, money, closes and the chain of the audit; also while work is still to be done."""
    db.session.rollback()
    broken = [] if audit.verify(db.session()) is None else ["the audit's chain is broken"]
    return [*_numbers(), *_ledger(), *_closes(), *_bereft(), *broken]


def _numbers() -> Iterator[str]:
    """Every series runs from 1 without a gap, up to where its counter stands."""
    taken = {
        "invoice": [row.number for row in every(Invoice) if row.number],
        "credit_note": [row.number for row in every(CreditNote)],
        "destruction": [row.number for row in every(Certificate)],
    }
    last = {row.series: row.last for row in every(Counter)}
    for kind, numbers in taken.items():
        found = sorted(int(number.rpartition("-")[2]) for number in numbers)
        if found != list(range(1, len(numbers) + 1)):
            yield f"{kind} numbers {found}"
        counted = sum(count for series, count in last.items() if series.partition(":")[0] == kind)
        if counted != len(numbers):
            yield f"the counter of {kind} stands at {counted}, and {len(numbers)} are there"


def _ledger() -> Iterator[str]:
    yield from (f"booking {source} is crooked" for source in ledger.crooked())
    twice = select(LedgerEntry.source, LedgerEntry.account).group_by(LedgerEntry.source, LedgerEntry.account)
    for source, account in db.session.execute(twice.having(func.count() > 1)):
        yield f"{source} is booked twice on {account}"
    booked = Tally(row.source for row in every(LedgerEntry) if row.account == "receivable")
    for invoice in every(Invoice):
        foot = foot_of(invoice)
        if (foot.supply, foot.vat, foot.total) != (invoice.supply, invoice.vat, invoice.total):
            yield f"invoice {invoice.id} does not add up"
        if invoice.number is None or not invoice.lines or booked[f"invoice:{invoice.id}"] != 1:
            yield f"invoice {invoice.id} is half: {invoice.number}, {len(invoice.lines)} lines"
        if ledger.balance("receivable", invoice_id=invoice.id) != invoice.open_won:
            yield f"the ledger of invoice {invoice.id} says otherwise than its row"


def _closes() -> Iterator[str]:
    asked = Tally((row.tenant_id, row.period_from, row.position) for row in every(Invoice))
    yield from (f"invoiced twice: {key}" for key, count in asked.items() if count > 1)
    for step in every(CloseStep):
        if step.state != CloseState.CLOSED or step.reason or step.closed_at is None:
            yield f"the close of {step.tenant_id} is {step.state}: {step.reason}"
    closed = {step.invoice_id for step in every(CloseStep)}
    yield from (f"invoice {row.id} belongs to no close" for row in every(Invoice) if row.id not in closed)


def _waiting() -> Iterator[str]:
    """Nothing is under way, claimed, untold, or asked of a person, but for the month's review, which always is."""
    for charge in every(Charge):
        if charge.state != ChargeState.SUCCEEDED or charge.lease_until is not None:
            yield f"charge {charge.id} is {charge.state} {charge.failure_code}"
    for paper in every(TaxInvoice):
        if paper.state != TaxInvoiceState.FILED or paper.lease_until is not None or not paper.approval_number:
            yield f"tax invoice {paper.id} is {paper.state}"
    for case in every(Case):
        if case.state != CaseState.DESTROYED or case.lease_until is not None:
            yield f"case {case.id} is {case.state} after {case.done}"
    for item in every(WorkItem):
        if item.state == WorkState.OPEN and item.kind != duties.ITEM:
            yield f"asked of a person: {item.title}: {item.body}"
    if outbox.backlog(db.session()):
        yield f"untold: {[row.name for row in every(Message) if row.sent_at is None]}"


def _bereft() -> Iterator[str]:
    """Rows whose parent is not there, in any table, and parts that nothing owns."""
    for table in Platform.metadata.sorted_tables:
        for column in table.columns:
            for pointer in column.foreign_keys:
                there = select(pointer.column)
                lost = select(func.count()).select_from(table).where(column.is_not(None), column.not_in(there))
                if count := db.session.scalar(lost):
                    yield f"{count} rows of {table.name} point to nothing by {column.name}"
    used = {row.statement_id for row in every(Invoice)}
    yield from (f"statement {row.id} belongs to no invoice" for row in every(Statement) if row.id not in used)
    owned = {row.id for row in every(Invoice)}
    yield from (f"line {row.id} belongs to no invoice" for row in every(InvoiceLine) if row.invoice_id not in owned)


def _queue(site: Site) -> Iterator[str]:
    with Redis.from_url(site.place.environ["REDIS_URL"]) as client:
        if waiting := queue(client, WORK).count:
            yield f"{waiting} jobs wait"


def _said(site: Site) -> Iterator[str]:
    """No process met a bug: what was killed says nothing, and what comes after it does not stumble."""
    lines = site.log().splitlines()
    yield from (line for line in lines if " ERROR " in line or line.startswith("Traceback"))
