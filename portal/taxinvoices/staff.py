"""The billing staff's board of tax invoices: by state, with deadlines, and what to do about those that stopped."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_sqlalchemy.pagination import SelectPagination
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from portal.billing.pages import a_pdf
from portal.core.clock import today
from portal.core.db import db
from portal.core.errors import NotFound, Refusal
from portal.core.gate import Caller, access, caller
from portal.core.page import page, see_other
from portal.payments.forms import WonField
from portal.taxinvoices import pdf, rules, service
from portal.taxinvoices.models import TAX_INVOICE, TaxInvoice, TaxInvoiceState
from portal.tenants.models import Tenant

taxinvoices_staff = Blueprint("taxinvoices_staff", __name__, url_prefix="/staff/tax-invoices")
BILLING = frozenset({"billing", "admin"})
PER_PAGE = 50
X = TaxInvoiceState
GROUPS: dict[str, tuple[str, tuple[TaxInvoiceState, ...]]] = {
    "stopped": ("멈춤", (X.HELD, X.REJECTED)),
    "moving": ("발행 중", (X.WAITING, X.REQUESTED, X.UNKNOWN)),
    "issued": ("전송 전", (X.ISSUED, X.FILING)),
    "filed": ("전송 완료", (X.FILED,)),
    "cancelled": ("취소", (X.CANCELLED,)),
}


def stopped_count(_who: Caller) -> int:
    """How many tax invoices stopped: the number in the rail."""
    counts = service.counts()
    return sum(counts.get(state, 0) for state in GROUPS["stopped"][1])


@taxinvoices_staff.get("")
@access("staff", roles=BILLING)
def board() -> ResponseReturnValue:
    show = request.args.get("show", "")
    query = select(TaxInvoice).options(joinedload(TaxInvoice.invoice)).order_by(TaxInvoice.id.desc())
    if show in GROUPS:
        query = query.where(TaxInvoice.state.in_(GROUPS[show][1]))
    pages = SelectPagination(
        select=query, session=db.session, page=request.args.get("page", 1, type=int), per_page=PER_PAGE, error_out=False
    )
    counts = service.counts()
    chips = [("", "모두", sum(counts.values()))]
    chips += [(name, word, sum(counts.get(state, 0) for state in states)) for name, (word, states) in GROUPS.items()]
    rows = list(pages.items)
    names = db.session.execute(select(Tenant.id, Tenant.name).where(Tenant.id.in_({row.tenant_id for row in rows})))
    return page(
        "taxinvoices/board.html", rows=rows, pages=pages, chips=chips, show=show, machine=TAX_INVOICE, today=today(),
        names={int(row[0]): str(row[1]) for row in names},
    )  # fmt: skip


@taxinvoices_staff.get("/<int:paper_id>")
@access("staff", roles=BILLING)
def paper(paper_id: int) -> ResponseReturnValue:
    return _paper(paper_id)


@taxinvoices_staff.get("/<int:paper_id>.pdf")
@access("staff", roles=BILLING)
def paper_pdf(paper_id: int) -> ResponseReturnValue:
    row = service.paper_with(paper_id)
    if not row.document:
        raise NotFound
    return a_pdf(pdf.form(row), f"세금계산서-{row.invoice.number}-{row.position}")


@taxinvoices_staff.post("/<int:paper_id>/try-again")
@access("staff", roles=BILLING)
def try_again(paper_id: int) -> ResponseReturnValue:
    service.try_again(caller(), paper_id)
    return see_other(url_for(".paper", paper_id=paper_id), "다시 발행합니다.")


@taxinvoices_staff.post("/<int:paper_id>/send-now")
@access("staff", roles=BILLING)
def send_now(paper_id: int) -> ResponseReturnValue:
    service.send_now(caller(), paper_id)
    return see_other(url_for(".paper", paper_id=paper_id), "국세청에 바로 전송하도록 요청했습니다.")


@taxinvoices_staff.post("/<int:paper_id>/amend")
@access("staff", roles=BILLING)
def amend(paper_id: int) -> ResponseReturnValue:
    """Amend for a lawful reason; only the reasons that concern a part ask for an amount."""
    code, written = request.form.get("code", ""), request.form.get("supply", "").strip()
    try:
        supply = WonField.whole(written) if written else 0
        made = service.amend(caller(), paper_id, int(code) if code.isdecimal() else 0, supply)
    except ValueError as wrong:
        return _paper(paper_id, problem=str(wrong), status=422)
    except Refusal as refusal:
        if refusal.status != 422:  # noqa: PLR2004 - whatever is no matter of the form
            raise
        return _paper(paper_id, problem=f"{refusal.message} {refusal.next_step}", status=422)
    return see_other(url_for(".paper", paper_id=made.id), "수정세금계산서를 발행합니다.")


def _paper(paper_id: int, problem: str = "", status: int = 200) -> Response:
    row = service.paper_with(paper_id)
    return page(
        "taxinvoices/paper_staff.html", status=status, row=row, tenant=db.session.get_one(Tenant, row.tenant_id),
        machine=TAX_INVOICE, amendments=rules.AMENDMENTS, problem=problem, today=today(),
        penalty=rules.penalty(row.write_date, today(), row.supply) if row.issued_at is None else 0,
    )  # fmt: skip
