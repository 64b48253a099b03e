"""The worker and the clock killed for real at every moment of the month: one invoice, one tax invoice, one charge a company."""

from __future__ import annotations

from collections import Counter as Tally
from datetime import date

import pytest
from sqlalchemy import func, select

from portal.billing.models import Invoice, InvoiceState
from portal.core.db import db
from portal.core.mail import Mail
from portal.core.outbox import Message
from portal.payments.models import Charge, ChargeState, Dunning
from portal.taxinvoices.models import TaxInvoice, TaxInvoiceState
from tests.faults.conftest import Site
from tests.faults.wholeness import every, troubles

SINCE, CLOSED, DUE = date(2026, 10, 1), date(2026, 11, 3), date(2026, 11, 17)
TOTAL = 13_200
#: The moments of each part, in order. A company dies once in each part; the lists need not be of one length.
CLOSE = ("close.before", "bill.before", "draft.after", "number.after", "publish.after", "bill.after", "close.after")
ISSUE = (
    "hear.before", "hear.after", "move.before", "take.after", "issue.before", "issue.during", "issue.after", "note.after",
    "issued.after", "move.after", "filed.before", "filed.after",
)  # fmt: skip
CHARGE = (
    "pay.before", "claim.before", "claim.after", "charge.before", "charge.during", "charge.after", "record.after",
    "settle.before", "settle.after", "pay.after",
)  # fmt: skip
#: Of the clock: while the close is begun, between telling a job and noting it, while cards are to be charged.
CLOCK = ("start.before", "nudge.after", "start.after", "told.before", "collect.after")
#: Before and after each effect outside, and inside the transactions that count.
DECISIVE = (
    ("number.after", "bill.after", "close.after"),
    ("issue.before", "issue.after", "issued.after"),
    ("charge.during", "charge.after", "record.after"),
    ("nudge.after", "told.before"),
)  # fmt: skip


def _plan(site: Site, parts: tuple[tuple[str, ...], ...]) -> list[str]:
    """Companies enough for the longest part, each with its deaths; returns the names of all deaths."""
    *rooms, clock = parts
    names = [f"0.{moment}" for moment in clock]
    for number in range(max(map(len, rooms))):
        owner = site.paying_by_card(f"회사 {number}", SINCE)
        names += [f"{owner.tenant_id}.{part[number]}" for part in rooms if number < len(part)]
    site.deaths.plan(names)
    return names


def _count(table: type[Invoice | Charge | TaxInvoice], state: str) -> int:
    return db.session.scalar(select(func.count()).select_from(table).where(table.state == state)) or 0


def _quiet() -> bool:
    unsent = select(func.count()).select_from(Message).where(Message.sent_at.is_(None))
    open_days = select(func.count()).select_from(Dunning).where(Dunning.closed_at.is_(None))
    return not db.session.scalar(unsent) and not db.session.scalar(open_days)


def _walk(site: Site, companies: int) -> None:
    """The month's close, the tax invoices, their filing and the charges, by the real clock and worker."""
    for service, path in (("toss", "/v1/billing/"), ("popbill", "/Taxinvoice")):
        site.outside.fault(service, "slow", path=path, seconds=0.2, count=None)
    site.office.at(CLOSED)
    with site.alive():
        site.live_on(lambda: _count(TaxInvoice, TaxInvoiceState.ISSUED) == companies, "all are issued")
        site.office.at(DUE)
        site.live_on(
            lambda: (
                _count(TaxInvoice, TaxInvoiceState.FILED) == companies
                and _count(Charge, ChargeState.SUCCEEDED) == companies
                and _quiet()
                and not site.deaths.missed()
            ),
            "all are filed and paid",
        )


def _check(site: Site, companies: int) -> None:
    assert troubles(site) == []
    assert [(row.state, row.total, row.paid) for row in every(Invoice)] == [
        (InvoiceState.PAID, TOTAL, TOTAL)
    ] * companies
    charges, papers = every(Charge), every(TaxInvoice)
    assert len({row.invoice_id for row in charges}) == len({row.invoice_id for row in papers}) == companies
    over_there = {row["order_id"]: (row["status"], row["won"], row["balance"]) for row in site.payments()}
    assert over_there == {row.order_id: ("DONE", TOTAL, TOTAL) for row in charges}
    assert len(site.payments()) == companies
    assert sorted(str(row["invoicerMgtKey"]) for row in site.tax_invoices()) == sorted(
        row.management_key for row in papers
    )
    events = Tally(row.name for row in every(Message) if row.kind == "event")
    assert [events[name] for name in ("invoice.paid", "charge.succeeded", "tax_invoice.filed")] == [companies] * 3
    # Those of the close are weeks old when the charges are due, and may be forgotten by then.
    assert events["invoice.finalised"] in {0, companies}
    mails = Tally(row.template for row in every(Mail))
    assert (mails["invoice_issued"], mails["charge_succeeded"]) == (companies, companies)


@pytest.mark.parametrize("at", ["sqlite"], indirect=True)
def test_workers_killed_around_what_they_do_outside_leave_one_of_each(at: Site) -> None:
    _plan(at, DECISIVE)
    _walk(at, 3)
    _check(at, 3)


@pytest.mark.slow
@pytest.mark.parametrize("at", ["sqlite", "postgres"], indirect=True)
def test_workers_and_clocks_killed_at_any_moment_of_a_month_leave_one_of_each(at: Site) -> None:
    _plan(at, (CLOSE, ISSUE, CHARGE, CLOCK))
    _walk(at, len(ISSUE))
    _check(at, len(ISSUE))
