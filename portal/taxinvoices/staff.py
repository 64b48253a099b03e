"""The billing staff's board of tax invoices: by state, with deadlines, and what to do about those that stopped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_sqlalchemy.pagination import SelectPagination
from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from portal.billing.pages import a_file, a_pdf
from portal.core import ids
from portal.core.clock import SEOUL, today
from portal.core.db import db
from portal.core.errors import NotFound, Refusal
from portal.core.exports import Cell, as_csv, as_xlsx
from portal.core.gate import Caller, access, caller
from portal.core.page import page, see_other
from portal.core.states import Look
from portal.payments.forms import WonField
from portal.taxinvoices import pdf, rules, service
from portal.taxinvoices.models import TAX_INVOICE, TaxInvoice, TaxInvoiceState
from portal.taxinvoices.watching import cost_of_lateness
from portal.tenants.models import Tenant

taxinvoices_staff = Blueprint("taxinvoices_staff", __name__, url_prefix="/staff")
BILLING = frozenset({"billing", "admin"})
PER_PAGE = 50
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEAD = (
    "청구서", "고객사", "작성일자", "구분", "수정사유", "공급가액", "세액", "합계", "상태", "승인번호", "발행 기한", "발행일",
    "전송일", "사유", "문서번호",
)  # fmt: skip
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


@taxinvoices_staff.get("/tax-invoices")
@access("staff", roles=BILLING)
def board() -> ResponseReturnValue:
    show = request.args.get("show", "")
    pages = SelectPagination(
        select=_chosen(show), session=db.session, page=ids.whole(request.args.get("page")) or 1, per_page=PER_PAGE,
        error_out=False,
    )  # fmt: skip
    counts = service.counts()
    chips = [("", "모두", sum(counts.values()))]
    chips += [(name, word, sum(counts.get(state, 0) for state in states)) for name, (word, states) in GROUPS.items()]
    rows, day = list(pages.items), today()
    return page(
        "taxinvoices/board.html", rows=rows, pages=pages, chips=chips, show=show, machine=TAX_INVOICE,
        deadlines={row.id: _deadline(row, day) for row in rows}, names=_names({row.tenant_id for row in rows}),
    )  # fmt: skip


@taxinvoices_staff.get("/tax-invoices.csv")
@access("staff", roles=BILLING)
def board_csv() -> ResponseReturnValue:
    return a_file(as_csv(HEAD, _columns()), "세금계산서.csv", "text/csv; charset=utf-8")


@taxinvoices_staff.get("/tax-invoices.xlsx")
@access("staff", roles=BILLING)
def board_xlsx() -> ResponseReturnValue:
    return a_file(as_xlsx("세금계산서", HEAD, _columns()), "세금계산서.xlsx", XLSX)


@taxinvoices_staff.get("/tax-invoices/<int:paper_id>")
@access("staff", roles=BILLING)
def paper(paper_id: int) -> ResponseReturnValue:
    return _paper(paper_id)


@taxinvoices_staff.get("/tax-invoices/<int:paper_id>.pdf")
@access("staff", roles=BILLING)
def paper_pdf(paper_id: int) -> ResponseReturnValue:
    row = service.paper_with(paper_id)
    if not row.document:
        raise NotFound
    return a_pdf(pdf.form(row), f"세금계산서-{row.invoice.number}-{row.position}")


@taxinvoices_staff.post("/tax-invoices/<int:paper_id>/try-again")
@access("staff", roles=BILLING)
def try_again(paper_id: int) -> ResponseReturnValue:
    service.try_again(caller(), paper_id)
    return see_other(url_for(".paper", paper_id=paper_id), "다시 발행합니다.")


@taxinvoices_staff.post("/tax-invoices/<int:paper_id>/send-now")
@access("staff", roles=BILLING)
def send_now(paper_id: int) -> ResponseReturnValue:
    service.send_now(caller(), paper_id)
    return see_other(url_for(".paper", paper_id=paper_id), "국세청에 바로 전송하도록 요청했습니다.")


@taxinvoices_staff.post("/tax-invoices/<int:paper_id>/amend")
@access("staff", roles=BILLING)
def amend(paper_id: int) -> ResponseReturnValue:
    """Amend for a lawful reason; only the reasons that concern a part ask for an amount."""
    code, written = request.form.get("code", ""), request.form.get("supply", "").strip()
    try:
        supply = WonField.whole(written) if written else 0
        made = service.amend(caller(), paper_id, ids.whole(code) or 0, supply)
    except ValueError as wrong:
        return _paper(paper_id, problem=str(wrong), status=422)
    except Refusal as refusal:
        if refusal.status != 422:  # noqa: PLR2004 - whatever is no matter of the form
            raise
        return _paper(paper_id, problem=f"{refusal.message} {refusal.next_step}", status=422)
    return see_other(url_for(".paper", paper_id=made.id), "수정세금계산서를 발행합니다.")


def _paper(paper_id: int, problem: str = "", status: int = 200) -> Response:
    row, day = service.paper_with(paper_id), today()
    return page(
        "taxinvoices/paper_staff.html", status=status, row=row, tenant=db.session.get_one(Tenant, row.tenant_id),
        machine=TAX_INVOICE, amendments=rules.AMENDMENTS, choices=rules.CHOICES, problem=problem,
        others=[each for each in service.papers_of(row.invoice_id) if each.id != row.id],
        deadline=_deadline(row, day), penalty=cost_of_lateness(row, day), chosen=request.form,
    )  # fmt: skip


def _chosen(show: str) -> Select[Any]:
    query = select(TaxInvoice).options(joinedload(TaxInvoice.invoice)).order_by(TaxInvoice.id.desc())
    return query.where(TaxInvoice.state.in_(GROUPS[show][1])) if show in GROUPS else query


def _columns() -> Iterator[tuple[Cell, ...]]:
    """The board's rows for a file: all of them, not only the page that is seen."""
    rows = list(db.session.scalars(_chosen(request.args.get("show", ""))))
    names = _names({row.tenant_id for row in rows})
    for row in rows:
        amendment = rules.AMENDMENTS[row.modify_code].word if row.modify_code else ""
        yield (
            row.invoice.number, names[row.tenant_id], row.write_date, row.purpose, amendment, row.supply, row.vat,
            row.total, TAX_INVOICE.look(row.state).word, row.approval_number, row.issue_by, _day(row.issued_at),
            _day(row.filed_at), row.failure_message, row.management_key,
        )  # fmt: skip


def _names(tenant_ids: set[int]) -> dict[int, str]:
    rows = db.session.execute(select(Tenant.id, Tenant.name).where(Tenant.id.in_(tenant_ids)))
    return {int(row[0]): str(row[1]) for row in rows}


def _deadline(row: TaxInvoice, day: date) -> Look | None:
    """How its last day of issue stands out: close, or passed with what that costs; nothing when all is well."""
    if row.issued_at is not None or row.state == X.CANCELLED or day < rules.warn_on(row.issue_by):
        return None
    if day <= row.issue_by:
        return Look("기한 임박", "amber", "clock", "기한까지 발행하면 가산세가 없습니다.")
    cost = cost_of_lateness(row, day)
    return Look(
        f"기한 지남 · 가산세 {cost:,}원" if cost else "기한 지남", "red", "warn", "하루라도 빨리 발행해 주십시오."
    )


def _day(instant: datetime | None) -> date | None:
    return instant.astimezone(SEOUL).date() if instant is not None else None
