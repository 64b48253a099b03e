"""월 마감: a month's companies on a board, from 집계 to 청구 to 수납 to 세금계산서, with what stopped on top."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from portal.billing import closing
from portal.billing import service as billing
from portal.billing.models import INVOICE, CloseState, Invoice, InvoiceState
from portal.billing.rules.terms import Period
from portal.billing.staff import BILLERS
from portal.core.clock import today
from portal.core.errors import NotFound
from portal.core.gate import access
from portal.core.page import page, see_other
from portal.taxinvoices import service as taxinvoices
from portal.taxinvoices.proofs import Proof

month_close = Blueprint("month_close", __name__, url_prefix="/staff/billing/close")
#: The board's columns from left to right: what a company's money does there.
COLUMNS = {"rated": "집계", "billed": "청구", "paid": "수납", "proved": "세금계산서", "nothing": "청구 없음"}


@dataclass(frozen=True, slots=True)
class Card:
    """One company on the board: its close, and how its invoice is proved once there is one."""

    row: closing.Row
    proof: Proof | None

    @property
    def column(self) -> str:
        """stuck, or one of COLUMNS: what is paid moves on to the last one when its proof is through."""
        step, invoice = self.row.step, self.row.invoice
        if step.state != CloseState.CLOSED:
            return "stuck" if step.state == CloseState.STUCK else "rated"
        if invoice is None or invoice.state == InvoiceState.VOID:
            return "nothing"
        if invoice.state != InvoiceState.PAID:
            return "billed"
        return "proved" if self.proof is not None and self.proof.done else "paid"


@dataclass(slots=True)
class Column:
    """A stage of the close: its companies, and what their invoices come to."""

    word: str
    cards: list[Card] = field(default_factory=list)

    def sum(self, name: str) -> int:
        asked = [card.row.invoice for card in self.cards if card.column != "nothing"]
        return sum(getattr(invoice, name) for invoice in asked if isinstance(invoice, Invoice))


@month_close.get("")
@access("staff", roles=BILLERS)
def board() -> ResponseReturnValue:
    period = _month(request.args.get("month", ""))
    rows = closing.board(period)
    proofs = taxinvoices.proofs_of(row.invoice for row in rows if row.invoice is not None)
    cards = [Card(row, proofs.get(row.invoice.id) if row.invoice else None) for row in rows]
    columns = {name: Column(word) for name, word in COLUMNS.items()}
    for card in cards:
        if card.column != "stuck":
            columns[card.column].cards.append(card)
    return page(
        "desk/close.html",
        period=period,
        label=f"{period.from_date:%Y-%m}",
        over=period.to_date <= today(),
        missing=closing.missing(period),
        count=len(cards),
        stuck=[card for card in cards if card.column == "stuck"],
        unproved=[card for card in cards if card.proof is not None and card.proof.stopped],
        columns=columns,
        total=Column("모두", [card for column in columns.values() for card in column.cards]),
        waiting=any(row.step.state == CloseState.WAITING for row in rows),
        machine=INVOICE,
        months=_months(period),
        before=billing.month_before(period).from_date,
        after=period.to_date,
    )


@month_close.post("")
@access("staff", roles=BILLERS)
def start() -> ResponseReturnValue:
    """Begin the close of a month, or go on with it; safe to press twice."""
    period = _month(request.form.get("month", ""))
    count = closing.start(period)
    return _to_board(period, f"{period.from_date:%Y년 %-m월} 마감을 시작했습니다. {count:,}곳을 차례로 처리합니다.")


@month_close.post("/<int:tenant_id>/again")
@access("staff", roles=BILLERS)
def again(tenant_id: int) -> ResponseReturnValue:
    """Close one stuck company again, after its reason was mended."""
    period = _month(request.form.get("month", ""))
    if tenant_id not in {row.tenant.id for row in closing.board(period)}:
        raise NotFound
    closing.retry(period, tenant_id)
    return _to_board(period, "다시 처리하고 있습니다.")


def _month(text: str) -> Period:
    """The month that was asked for as 2026-11; the last one that is over when none was."""
    if not text:
        return billing.month_before(billing.month(today()))
    if not re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", text):
        raise NotFound
    return billing.month(date(int(text[:4]), int(text[5:]), 1))


def _months(period: Period) -> list[tuple[str, str]]:
    """Months to choose from: those that were begun, the last one that is over, and the one that is shown."""
    last = billing.month_before(billing.month(today())).from_date
    found = sorted({*closing.periods(), last, period.from_date}, reverse=True)[:24]
    return [(f"{day:%Y-%m}", f"{day:%Y년 %-m월}") for day in found]


def _to_board(period: Period, notice: str) -> ResponseReturnValue:
    return see_other(url_for("month_close.board", month=f"{period.from_date:%Y-%m}"), notice)
