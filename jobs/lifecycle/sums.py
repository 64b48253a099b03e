"""The books of a walk, read from the rows, and laid beside what the outside world has in its own."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from portal.billing import service as billing
from portal.billing.models import Invoice, LedgerEntry, Statement
from portal.core.db import db
from portal.payments.models import Charge
from portal.taxinvoices.models import TaxInvoice


@dataclass(slots=True)
class Told:
    """An invoice so that a person can recompute it: lines with their formula, foot, and what they were worked out from."""

    ids: dict[str, int]
    won: dict[str, Any]
    number: str
    digest: str
    usage: list[dict[str, Any]]
    seats: list[dict[str, Any]]
    lines: list[dict[str, Any]] = field(default_factory=list)
    due_on: str = ""
    issued_on: str = ""

    def facts(self) -> dict[str, Any]:
        return {"number": self.number, "issued_on": self.issued_on, "due_on": self.due_on, "lines": self.lines}


def invoice(tenant_id: int) -> Told:
    """The company's newest invoice; in an app context."""
    newest = select(Invoice.id).where(Invoice.tenant_id == tenant_id).order_by(Invoice.id.desc()).limit(1)
    row = billing.invoice_with(db.session.scalars(newest).one())
    if row is None:
        raise LookupError(tenant_id)
    statement = db.session.get_one(Statement, row.statement_id)
    lines = [
        {"name": line.name, "quantity": line.quantity, "unit": line.unit, "won": line.won, "explain": line.explain}
        for line in row.lines
    ]
    cut = sum(line.won for line in row.lines if line.line_key.rpartition("|")[2] == "cut")
    won = {
        "lines": [line.won for line in row.lines if line.line_key.rpartition("|")[2] != "cut"],
        "cut": cut,
        "supply": row.supply,
        "vat": row.vat,
        "total": row.total,
        "receivable": ledger(row.id).get("receivable", 0),
    }
    return Told(
        ids={"invoice": row.id, "statement": statement.id},
        won=won,
        number=row.number or "",
        digest=statement.digest,
        usage=statement.document["usage"],
        seats=statement.document["seats"],
        lines=lines,
        due_on=str(row.due_on),
        issued_on=str(row.issued_on),
    )


def ledger(invoice_id: int) -> dict[str, int]:
    """Account -> won of all that was booked on an invoice."""
    found: dict[str, int] = defaultdict(int)
    for entry in db.session.scalars(select(LedgerEntry).where(LedgerEntry.invoice_id == invoice_id)):
        found[entry.account] += entry.won
    return dict(found)


def tax_invoice(invoice_id: int) -> dict[str, Any]:
    """The tax invoice of an invoice: ids, amounts, dates, numbers."""
    paper = db.session.scalars(select(TaxInvoice).where(TaxInvoice.invoice_id == invoice_id)).one()
    return {
        "ids": {"tax_invoice": paper.id, "management_key": paper.management_key},
        "won": {"supply": paper.supply, "vat": paper.vat, "total": paper.total},
        "facts": {
            "state": str(paper.state),
            "write_date": str(paper.write_date),
            "issue_by": str(paper.issue_by),
            "file_by": str(paper.file_by),
            "approval_number": paper.approval_number,
        },
    }


def tax_invoice_is(invoice_id: int, state: str) -> bool:
    """Whether the one tax invoice of an invoice has come to a state."""
    return list(db.session.scalars(select(TaxInvoice.state).where(TaxInvoice.invoice_id == invoice_id))) == [state]


def payment(invoice_id: int) -> dict[str, Any]:
    """The charge that paid an invoice, and how the books stand after it."""
    charge = db.session.scalars(select(Charge).where(Charge.invoice_id == invoice_id)).one()
    books = ledger(invoice_id)
    return {
        "ids": {"charge": charge.id, "order": charge.order_id, "approval": charge.approval_number},
        "won": {"charged": charge.won, "receivable": books["receivable"], "cash_card": books["cash_card"]},
    }


def compare(tenant_id: int, invoice_id: int, outside: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Every amount of one invoice in every book, and a sentence for each pair that differs."""
    told, paper, books = invoice(tenant_id).won, tax_invoice(invoice_id), ledger(invoice_id)
    charge = db.session.scalars(select(Charge).where(Charge.invoice_id == invoice_id)).one()
    taken = [row for row in outside["toss"]["payments"] if row["order_id"] == charge.order_id]
    key = paper["ids"]["management_key"]
    filed = [row for row in outside["popbill"]["invoices"] if row["invoicerMgtKey"] == key]
    seen = {
        "lines": sum(told["lines"]),
        "cut": told["cut"],
        "supply": told["supply"],
        "vat": told["vat"],
        "total": told["total"],
        "ledger": books,
        "charge": charge.won,
        "card_company": [row["won"] for row in taken],
        "tax_invoice": paper["won"],
        "tax_service": [{"supply": int(row["supplyCostTotal"]), "vat": int(row["taxTotal"])} for row in filed],
    }
    supply, vat, total = told["supply"], told["vat"], told["total"]
    pairs = [
        ("the lines and the cut", seen["lines"] + told["cut"], supply),
        ("the supply cut to ten won", seen["lines"] // 10 * 10, supply),
        ("a tenth of the supply", supply // 10, vat),
        ("supply and tax", supply + vat, total),
        ("the ledger", books, {"receivable": 0, "revenue": -supply, "vat": -vat, "cash_card": total}),
        ("the charge", charge.won, total),
        ("the card company", seen["card_company"], [total]),
        ("the card company's state", [row["status"] for row in taken], ["DONE"]),
        ("the tax invoice", paper["won"], {"supply": supply, "vat": vat, "total": total}),
        ("the tax service", seen["tax_service"], [{"supply": supply, "vat": vat}]),
        ("its approval number", [row["ntsconfirmNum"] for row in filed], [paper["facts"]["approval_number"]]),
    ]
    return seen, [f"{what}: {found} instead of {wanted}" for what, found, wanted in pairs if found != wanted]
