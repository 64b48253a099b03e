"""What a company sees of its money: invoices and statements as pages and PDFs, and what the running month will cost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from flask import Blueprint, current_app, make_response, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from portal.billing import listing, pdf, usage_words
from portal.billing import service as billing
from portal.billing.forms import PAY_BY
from portal.billing.models import INVOICE, UNPAID, Invoice, InvoiceState, Statement, Subscription
from portal.billing.rules.explaining import span_words
from portal.billing.rules.terms import Period
from portal.billing.rules.totals import cut_line, totals
from portal.core import exports, money
from portal.core.clock import today
from portal.core.gate import access, caller
from portal.core.page import page
from portal.core.settings import settings
from portal.tenants.rules import RIGHTS, Right

billing_pages = Blueprint("billing", __name__)
PAYERS = RIGHTS[Right.BILLING]
#: Parts of an invoice's page that rooms above fill in, when they are there.
PARTS = {"pay": "payments.pay", "tax_invoice": "taxinvoices.of_invoice"}
HEAD = ("청구번호", "이용기간", "청구일", "납부기한", "공급가액", "부가세", "합계", "남은 금액", "상태")


@billing_pages.get("/invoices")
@access("member", roles=PAYERS, when_closed=True)
def invoices() -> ResponseReturnValue:
    rows = billing.invoices_for(caller())
    waiting = [row for row in rows if row.state in UNPAID]
    subscription = billing.live(caller().tenant_id)
    paying = subscription is not None and subscription.state in billing.PAYING
    return page(
        "billing/invoices.html",
        rows=rows,
        machine=INVOICE,
        spans=spans(rows),
        waiting=len(waiting),
        open_won=sum(row.open_won for row in waiting),
        overdue_won=sum(row.open_won for row in waiting if row.state == InvoiceState.OVERDUE),
        next_due=min((row.due_on for row in waiting if row.due_on), default=None),
        profile=billing.profile_of(caller().tenant_id),
        pay_by=PAY_BY,
        paying=paying,
        first_on=_first_bill(subscription) if subscription is not None and paying else None,
    )


@billing_pages.get("/invoices.csv")
@access("member", roles=PAYERS, when_closed=True)
def invoices_csv() -> ResponseReturnValue:
    return a_file(
        exports.as_csv(HEAD, in_columns(billing.invoices_for(caller()))), "청구서.csv", "text/csv; charset=utf-8"
    )


@billing_pages.get("/invoices/<int:invoice_id>")
@access("member", roles=PAYERS, when_closed=True)
def invoice(invoice_id: int) -> ResponseReturnValue:
    row = billing.invoice_for(caller(), invoice_id)
    return page(
        "billing/invoice.html",
        parts={name: _url(endpoint, row.id) for name, endpoint in PARTS.items()},
        **invoice_values(row),
    )


@billing_pages.get("/invoices/<int:invoice_id>.pdf")
@access("member", roles=PAYERS, when_closed=True)
def invoice_pdf(invoice_id: int) -> ResponseReturnValue:
    row = billing.invoice_for(caller(), invoice_id)
    return a_pdf(pdf.invoice(row), f"청구서-{row.number}")


@billing_pages.get("/credit-notes/<int:note_id>.pdf")
@access("member", roles=PAYERS, when_closed=True)
def credit_note_pdf(note_id: int) -> ResponseReturnValue:
    note = listing.credit_note_for(caller(), note_id)
    return a_pdf(pdf.credit_note(note, listing.lines_of(note)), f"수정청구서-{note.number}")


@billing_pages.get("/statements/<int:statement_id>")
@access("member", roles=PAYERS, when_closed=True)
def statement(statement_id: int) -> ResponseReturnValue:
    row = listing.statement_for(caller(), statement_id)
    return page("billing/statement.html", **statement_values(row))


@billing_pages.get("/statements/<int:statement_id>.pdf")
@access("member", roles=PAYERS, when_closed=True)
def statement_pdf(statement_id: int) -> ResponseReturnValue:
    row = listing.statement_for(caller(), statement_id)
    return a_pdf(_statement_pdf(row, caller().tenant_name), f"이용명세서-{row.period_from:%Y-%m}")


@billing_pages.get("/usage/estimate")
@access("member", roles=PAYERS, when_closed=True)
def estimate() -> ResponseReturnValue:
    """What the running month will come to at its pace; the page of usage asks for its block."""
    who, day = caller(), today()
    subscription = billing.live(who.tenant_id)
    expected = billing.expected(subscription, day) if subscription is not None else None
    lines = expected.lines if expected is not None else []
    foot = totals(lines)
    period = billing.month(day)
    cut = cut_line(foot, period)
    return page(
        "billing/estimate.html",
        subscription=subscription,
        period=period,
        day=day,
        lines=listing.in_words([*lines, *([cut] if cut else [])]),
        foot=foot,
        last=listing.billed_in(who.tenant_id, billing.month_before(period).from_date),
    )


# ----- parts, also of the staff's pages ------------------------------------------------------------------------------


def invoice_values(row: Invoice) -> dict[str, Any]:
    """What a page that shows an invoice needs."""
    foot = {"supply": row.supply, "vat": row.vat, "total": row.total}
    return {
        "invoice": row,
        "look": INVOICE.look(row.state),
        "lines": listing.in_words(billing.as_line(line) for line in row.lines),
        "foot": foot,
        "words": money.words(row.total),
        "span": span_words(row.period_from, row.period_to),
        "supplier": row.parties["supplier"],
        "customer": row.parties["customer"],
        "pay_by": PAY_BY[row.parties["customer"]["pay_by"]],
        "receipts": listing.receipts(row.id),
        "notes": billing.credit_notes_of(row.id),
        "waits": row.state in UNPAID,
    }


def statement_values(row: Statement) -> dict[str, Any]:
    """What a page that shows a statement needs."""
    lines = [listing.line_from(kept) for kept in row.document["lines"]]
    foot = totals(lines)
    period = Period(row.period_from, row.period_to)
    cut = cut_line(foot, period)
    return {
        "statement": row,
        "span": span_words(row.period_from, row.period_to),
        "days": period.days,
        "usage": usage_words.usage(row.document, period),
        "seats": usage_words.seats(row.document, period),
        "lines": listing.in_words([*lines, *([cut] if cut else [])]),
        "foot": foot,
        "invoices": listing.invoices_of(row.id),
        "machine": INVOICE,
    }


def spans(rows: list[Invoice]) -> dict[int, str]:
    """Invoice id -> its period in words."""
    return {row.id: span_words(row.period_from, row.period_to) for row in rows}


def in_columns(rows: list[Invoice]) -> Iterator[tuple[str | int | date | None, ...]]:
    """Invoices as the columns of HEAD."""
    for row in rows:
        yield (
            row.number or "",
            span_words(row.period_from, row.period_to),
            row.issued_on,
            row.due_on,
            row.supply,
            row.vat,
            row.total,
            row.open_won if row.state in UNPAID else 0,
            INVOICE.look(row.state).word,
        )


def _statement_pdf(row: Statement, company: str) -> bytes:
    values = statement_values(row)
    return pdf.statement(
        row, company, settings().supplier, values["usage"], values["seats"], values["lines"], values["foot"]
    )


def a_pdf(body: bytes, name: str) -> Response:
    """A PDF that a browser opens, under its name when it is kept."""
    return a_file(body, f"{name}.pdf", "application/pdf", "inline")


def a_file(body: bytes, name: str, kind: str, disposition: str = "attachment") -> Response:
    response = make_response(body)
    response.headers["Content-Type"] = kind
    response.headers["Content-Disposition"] = exports.disposition(name, disposition)
    return response


def _first_bill(subscription: Subscription) -> date:
    """The day of the first invoice of an agreement that has none yet."""
    begun = billing.bills_on(billing.month(subscription.converted_on or today()))
    return begun if begun >= today() else billing.bills_on(billing.month(today()))


def _url(endpoint: str, invoice_id: int) -> str | None:
    return url_for(endpoint, invoice_id=invoice_id) if endpoint in current_app.view_functions else None
