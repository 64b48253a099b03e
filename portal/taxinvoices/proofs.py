"""How each invoice is proved to the tax office: by which paper, how far that has come, or by the card's slip."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from portal.billing import service as billing
from portal.billing.models import Evidence, Invoice
from portal.core.db import db
from portal.core.states import Look
from portal.taxinvoices.models import TAX_INVOICE, TaxInvoice, TaxInvoiceState
from portal.taxinvoices.writing import STOPPED

BY_SLIP = Look("카드전표", "grey", "card", "카드전표가 증빙이 됩니다.")
NOT_NEEDED = Look("증빙 없음", "grey", "minus", "공급가액이 없어 증빙이 필요하지 않습니다.")
TO_COME = TAX_INVOICE.look(TaxInvoiceState.WAITING)


@dataclass(frozen=True, slots=True)
class Proof:
    """`done`: nothing is left to do for it. `stopped`: the reason why a person has to, or empty."""

    look: Look
    done: bool
    paper: TaxInvoice | None = None
    stopped: str = ""


def proofs_of(invoices: Iterable[Invoice]) -> dict[int, Proof]:
    """The proof of each invoice by its id; of several papers the first that is not through, or the newest."""
    rows = list(invoices)
    papers: dict[int, list[TaxInvoice]] = {}
    query = select(TaxInvoice).where(
        TaxInvoice.invoice_id.in_([row.id for row in rows]), TaxInvoice.state != TaxInvoiceState.CANCELLED
    )
    for paper in db.session.scalars(query.order_by(TaxInvoice.position)):
        papers.setdefault(paper.invoice_id, []).append(paper)
    evidence = billing.evidence_of({row.tenant_id for row in rows})
    return {row.id: _proof(row, papers.get(row.id, []), evidence.get(row.tenant_id)) for row in rows}


def _proof(invoice: Invoice, papers: list[TaxInvoice], evidence: Evidence | None) -> Proof:
    if not papers:
        if not invoice.supply:
            return Proof(NOT_NEEDED, done=True)
        if evidence == Evidence.CARD_SLIP_ONLY:
            return Proof(BY_SLIP, done=True)
        return Proof(TO_COME, done=False)
    stuck = [paper for paper in papers if paper.state in STOPPED]
    under_way = [paper for paper in papers if paper.state != TaxInvoiceState.FILED]
    paper = (stuck or under_way or papers[-1:])[0]
    look = TAX_INVOICE.look(paper.state)
    return Proof(look, not under_way, paper, (paper.failure_message or look.next) if stuck else "")
