"""Money as the staff of billing see it: every company's invoices."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from portal.billing import ledger, listing, pdf
from portal.billing import service as billing
from portal.billing.forms import ReasonForm, VoidForm
from portal.billing.models import INVOICE, InvoiceState
from portal.billing.pages import HEAD, a_file, a_pdf, in_columns, invoice_values, spans, statement_values
from portal.core import ids
from portal.core.exports import as_csv, as_xlsx
from portal.core.gate import access, caller
from portal.core.korea import particle
from portal.core.page import page, see_other

billing_staff = Blueprint("billing_staff", __name__, url_prefix="/staff/billing")
BILLERS = frozenset({"billing", "admin"})
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LABELS = {
    "": "모두",
    InvoiceState.FINALISED: "청구",
    InvoiceState.OVERDUE: "연체",
    InvoiceState.PAID: "수납",
    InvoiceState.UNCOLLECTIBLE: "회수 불능",
    InvoiceState.VOID: "취소",
}
ALL_HEAD = ("고객사", *HEAD)


# ----- invoices ------------------------------------------------------------------------------------------------------


@billing_staff.get("/invoices")
@access("staff", roles=BILLERS)
def invoices() -> ResponseReturnValue:
    state, text, sort = _asked()
    pages = listing.invoices(state, text, sort, ids.whole(request.args.get("page")) or 1)
    counts = listing.counts()
    chips = [(name, word, counts.get(name, 0) if name else sum(counts.values())) for name, word in LABELS.items()]
    rows = list(pages.items)
    return page(
        "billing/all_invoices.html",
        pages=pages,
        rows=rows,
        spans=spans(rows),
        sums=listing.sums(state, text),
        state=state,
        q=text,
        chips=chips,
        machine=INVOICE,
    )


@billing_staff.get("/invoices.csv")
@access("staff", roles=BILLERS)
def invoices_csv() -> ResponseReturnValue:
    return a_file(as_csv(ALL_HEAD, _columns()), "청구서.csv", "text/csv; charset=utf-8")


@billing_staff.get("/invoices.xlsx")
@access("staff", roles=BILLERS)
def invoices_xlsx() -> ResponseReturnValue:
    return a_file(as_xlsx("청구서", ALL_HEAD, _columns()), "청구서.xlsx", XLSX)


@billing_staff.get("/invoices/<int:invoice_id>")
@access("staff", roles=BILLERS)
def invoice(invoice_id: int) -> ResponseReturnValue:
    return _invoice(invoice_id, None, ReasonForm())


@billing_staff.get("/invoices/<int:invoice_id>.pdf")
@access("staff", roles=BILLERS)
def invoice_pdf(invoice_id: int) -> ResponseReturnValue:
    row = listing.numbered_invoice(invoice_id)
    return a_pdf(pdf.invoice(row), f"청구서-{row.number}")


@billing_staff.get("/credit-notes/<int:note_id>.pdf")
@access("staff", roles=BILLERS)
def credit_note_pdf(note_id: int) -> ResponseReturnValue:
    note = listing.credit_note_with(note_id)
    return a_pdf(pdf.credit_note(note, listing.lines_of(note)), f"수정청구서-{note.number}")


@billing_staff.get("/statements/<int:statement_id>")
@access("staff", roles=BILLERS)
def statement(statement_id: int) -> ResponseReturnValue:
    row = listing.statement_with(statement_id)
    return page("billing/statement.html", **statement_values(row))


@billing_staff.post("/invoices/<int:invoice_id>/void")
@access("staff", roles=BILLERS)
def void(invoice_id: int) -> ResponseReturnValue:
    row = listing.numbered_invoice(invoice_id)
    form = VoidForm(request.form, wanted=row.number or "")
    if not form.validate():
        return _invoice(invoice_id, form, ReasonForm(), status=422)
    note = billing.void(caller(), invoice_id, str(form.reason.data))
    return see_other(
        url_for("billing_staff.invoice", invoice_id=invoice_id),
        f"청구서 {row.number}{particle(row.number or '', '을/를')} 수정 청구서 {note.number}{particle(note.number, '으로/로')} 취소했습니다.",
    )


@billing_staff.post("/invoices/<int:invoice_id>/give-up")
@access("staff", roles=BILLERS)
def give_up(invoice_id: int) -> ResponseReturnValue:
    listing.numbered_invoice(invoice_id)
    form = ReasonForm(request.form)
    if not form.validate():
        return _invoice(invoice_id, None, form, status=422)
    row = billing.give_up(caller(), invoice_id, str(form.reason.data))
    return see_other(
        url_for("billing_staff.invoice", invoice_id=invoice_id),
        f"청구서 {row.number}{particle(row.number or '', '을/를')} 회수 불능으로 정리했습니다.",
    )


# ----- parts ---------------------------------------------------------------------------------------------------------


def _invoice(
    invoice_id: int, void_form: VoidForm | None, reason_form: ReasonForm, status: int = 200
) -> ResponseReturnValue:
    row = listing.numbered_invoice(invoice_id)
    return page(
        "billing/invoice_staff.html",
        status=status,
        tenant=row.tenant,
        bookings=ledger.entries(row.id),
        accounts=ledger.ACCOUNTS,
        sources=listing.SOURCES | {"invoice": "청구", "credit_note": "청구 취소", "bad_debt": "회수 불능 정리"},
        can_void=INVOICE.allows(row.state, "void"),
        can_give_up=INVOICE.allows(row.state, "give_up"),
        void_form=void_form or VoidForm(wanted=row.number or ""),
        reason_form=reason_form,
        **invoice_values(row),
    )


def _asked() -> tuple[str, str, str]:
    state = request.args.get("state", "")
    return (
        state if state in LABELS else "",
        request.args.get("q", "").strip()[:60],
        request.args.get("sort", "-number"),
    )


def _columns() -> list[tuple[Any, ...]]:
    rows = list(listing.all_invoices(*_asked()))
    names = [row.tenant.name for row in rows]
    return [(name, *cells) for name, cells in zip(names, in_columns(rows), strict=True)]
