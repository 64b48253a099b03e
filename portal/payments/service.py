"""The door of payments: cards, charges, refunds, transfers, dunning."""

from __future__ import annotations

from portal.billing import service as billing
from portal.billing.models import Invoice
from portal.core.db import write
from portal.core.errors import Refusal
from portal.core.gate import Caller
from portal.payments.cards import (
    active,
    card_for,
    cards_of,
    cards_set_up,
    come_back,
    gave_up,
    let_go_all,
    missing,
    open_window,
    remove,
)
from portal.payments.cards import (
    forget_all as forget_cards,
)
from portal.payments.charges import charge_with, charges_of, collect, refused
from portal.payments.dunning import limited
from portal.payments.models import Charge
from portal.payments.refunds import agree, ask, drop, refunds_of
from portal.payments.transfers import (
    allocate,
    counts,
    ignore,
    import_list,
    proposals,
    transfer_with,
    transfers,
    undo,
)


def pay_now(who: Caller, invoice_id: int) -> Charge:
    """The customer has their own card charged for an invoice, before or after its day."""
    invoice = billing.invoice_for(who, invoice_id)
    with write() as session:
        charge = collect(session, invoice.id)
        if charge is None:
            raise Refusal(_why_not(session.get_one(Invoice, invoice.id)), "결제 수단과 청구서를 확인해 주십시오.")
        return charge


def _why_not(invoice: Invoice) -> str:
    if active(invoice.tenant_id) is None:
        return "등록된 카드가 없습니다."
    if invoice.open_won <= 0:
        return "더 낼 금액이 없는 청구서입니다."
    return "이미 결제하고 있습니다. 결과가 나올 때까지 기다려 주십시오."


__all__ = [
    "active",
    "agree",
    "allocate",
    "ask",
    "card_for",
    "cards_of",
    "cards_set_up",
    "charge_with",
    "charges_of",
    "collect",
    "come_back",
    "counts",
    "drop",
    "forget_cards",
    "gave_up",
    "ignore",
    "import_list",
    "let_go_all",
    "limited",
    "missing",
    "open_window",
    "pay_now",
    "proposals",
    "refunds_of",
    "refused",
    "remove",
    "transfer_with",
    "transfers",
    "undo",
]
