"""A company's tax invoices: the list, the form, and the part of an invoice's page that tells how far its own has come."""

from __future__ import annotations

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from portal.billing.pages import a_pdf
from portal.core.gate import access, caller
from portal.core.page import page
from portal.taxinvoices import pdf, service
from portal.taxinvoices.models import TAX_INVOICE
from portal.taxinvoices.rules import AMENDMENTS
from portal.tenants.rules import RIGHTS, Right

taxinvoices = Blueprint("taxinvoices", __name__)
PAYERS = RIGHTS[Right.BILLING]


@taxinvoices.get("/tax-invoices")
@access("member", roles=PAYERS, when_closed=True)
def papers() -> ResponseReturnValue:
    return page(
        "taxinvoices/papers.html", rows=service.papers_for(caller()), machine=TAX_INVOICE, amendments=AMENDMENTS
    )


@taxinvoices.get("/tax-invoices/<int:paper_id>")
@access("member", roles=PAYERS, when_closed=True)
def paper(paper_id: int) -> ResponseReturnValue:
    row = service.paper_for(caller(), paper_id)
    others = [each for each in service.papers_of(row.invoice_id) if each.id != row.id and each.issued_at is not None]
    return page("taxinvoices/paper.html", row=row, others=others, machine=TAX_INVOICE, amendments=AMENDMENTS)


@taxinvoices.get("/tax-invoices/<int:paper_id>.pdf")
@access("member", roles=PAYERS, when_closed=True)
def paper_pdf(paper_id: int) -> ResponseReturnValue:
    paper = service.paper_for(caller(), paper_id)
    return a_pdf(pdf.form(paper), f"세금계산서-{paper.invoice.number}-{paper.position}")


@taxinvoices.get("/invoices/<int:invoice_id>/tax-invoice")
@access("member", roles=PAYERS, when_closed=True)
def of_invoice(invoice_id: int) -> ResponseReturnValue:
    return page(
        "taxinvoices/of_invoice.html",
        rows=service.papers_of_invoice_for(caller(), invoice_id),
        machine=TAX_INVOICE,
        amendments=AMENDMENTS,
        invoice_url=url_for("billing.invoice", invoice_id=invoice_id),
    )
