"""How a company pays: its card, and the account to transfer to; and what the payment company's window comes back with."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit
from uuid import uuid4

from flask import Blueprint, make_response, request, url_for
from flask import session as browser_session
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from portal.billing import service as billing
from portal.core import headers, ids
from portal.core.gate import Caller, access, caller
from portal.core.page import page, see_other
from portal.core.settings import settings
from portal.payments import rules, service, webhooks
from portal.payments.models import CARD, CHARGE, Card, CardState
from portal.tenants.rules import RIGHTS, Right

payments = Blueprint("payments", __name__)
PAYERS = RIGHTS[Right.BILLING]
#: What a browser is registering: [the card's id, the id of the invoice that it came from or None], until its end was told.
REGISTERING = "registering"


@payments.app_context_processor
def asked_by_other_pages() -> dict[str, Callable[[], bool]]:
    """What pages of the rooms below, which know no cards, ask about the caller's company."""
    return {
        "card_missing": lambda: service.missing(caller().tenant_id),
        "lifted_by_paying": lambda: service.limited(caller()) and caller().role in PAYERS,
    }


@payments.get("/payment-methods")
@access("member", roles=PAYERS, when_closed=True)
def methods() -> ResponseReturnValue:
    """The card that is charged, and the account that transfers go to."""
    who = caller()
    card, pending = _cards(who)
    return page(
        "payments/methods.html",
        card=card,
        pending=pending,
        registered=_told_once(card),
        machine=CARD,
        cards_set_up=service.cards_set_up(),
        supplier=settings().supplier,
        profile=billing.profile_of(who.tenant_id),
    )


@payments.post("/payment-methods/card")
@access("member", roles=PAYERS, when_closed=True)
def open_card() -> ResponseReturnValue:
    """Open the payment company's window: a page of its own, or its script on a page of ours.

    Whoever comes from an invoice is led back to it.
    """
    invoice_id = None
    if wanted := request.form.get("invoice"):
        invoice_id = billing.invoice_for(caller(), ids.whole(wanted) or 0).id
    back = f"{settings().public_url}/payment-methods/card/{{card}}"
    if urlsplit(settings().public_url).netloc != request.host and settings().embedded:
        back = f"{request.scheme}://{request.host}/payment-methods/card/{{card}}"
    card, window = service.open_window(caller(), f"c-{uuid4().hex}", f"{back}/back", f"{back}/failed")
    browser_session[REGISTERING] = [card.id, invoice_id]
    if window.url:
        return see_other(window.url)
    script = urlsplit(window.script)
    origin = f"{script.scheme}://{script.netloc}"
    answer = make_response(page("payments/window.html", window=window, card=card, back=_whence(card.id)))
    answer.headers["Content-Security-Policy"] = headers.widened(
        script_src=f"'self' {origin}", frame_src="https:", connect_src="'self' https:", form_action="'self' https:"
    )
    answer.headers["Cross-Origin-Opener-Policy"] = "same-origin-allow-popups"
    return answer


@payments.get("/payment-methods/card/<int:card_id>/back")
@access("member", roles=PAYERS, when_closed=True)
def card_back(card_id: int) -> ResponseReturnValue:
    """The window gave a one-time key. A GET, because that is how a browser comes back from another origin."""
    service.come_back(caller(), card_id, request.args.get("customerKey", ""), request.args.get("authKey", ""))
    return see_other(_whence(card_id))


@payments.get("/payment-methods/card/<int:card_id>/failed")
@access("member", roles=PAYERS, when_closed=True)
def card_failed(card_id: int) -> ResponseReturnValue:
    service.gave_up(caller(), card_id, request.args.get("code", ""), request.args.get("message", ""))
    return see_other(_whence(card_id))


@payments.post("/payment-methods/card/<int:card_id>/remove")
@access("member", roles=PAYERS, when_closed=True)
def remove_card(card_id: int) -> ResponseReturnValue:
    service.remove(caller(), card_id)
    return see_other(url_for("payments.methods"), "카드를 지웠습니다. 다음 청구서부터 이 카드로 결제하지 않습니다.")


@payments.get("/invoices/<int:invoice_id>/pay")
@access("member", roles=PAYERS, when_closed=True)
def pay(invoice_id: int) -> ResponseReturnValue:
    """How to pay one invoice, and what was tried; a block of the invoice's page, and a page without JavaScript."""
    return _pay(invoice_id)


@payments.post("/invoices/<int:invoice_id>/pay")
@access("member", roles=PAYERS, when_closed=True)
def pay_now(invoice_id: int) -> ResponseReturnValue:
    service.pay_now(caller(), invoice_id)
    return see_other(url_for("payments.pay", invoice_id=invoice_id))


@payments.post("/webhooks/toss")
@access("webhook")
def toss_webhook() -> ResponseReturnValue:
    """What the payment company tells unasked; always taken, never believed."""
    told = webhooks.read(request.get_data(cache=False))
    webhooks.hear(request.headers.get("tosspayments-webhook-transmission-id") or str(uuid4()), told)
    return "", 200


def _pay(invoice_id: int) -> Response:
    who = caller()
    invoice = billing.invoice_for(who, invoice_id)
    rows = service.charges_of(invoice.id)
    card, pending = _cards(who)
    if pending is not None and pending.state != CardState.RETURNED and not _told_once(pending):
        pending = None  # an old end of a registration belongs to the page of means of payment
    profile = billing.profile_of(who.tenant_id)
    return page(
        "payments/pay.html",
        invoice=invoice,
        charges=rows,
        machine=CHARGE,
        under_way=bool(rows) and rows[0].state in {"created", "requested", "unknown"},
        card=card,
        pending=pending,
        registered=_told_once(card),
        refused=service.refused(rows, card),
        cards_set_up=service.cards_set_up(),
        note=rules.payer_note(profile.name if profile else who.tenant_name, invoice.number or ""),
        supplier=settings().supplier,
    )


def _cards(who: Caller) -> tuple[Card | None, Card | None]:
    """The card that is charged, and the registration that is under way or failed last."""
    rows = service.cards_of(who)
    card = next((row for row in rows if row.state == CardState.ACTIVE), None)
    return card, next((row for row in rows if row.state != CardState.ACTIVE), None)


def _whence(card_id: int) -> str:
    """Where a browser goes that comes back from the window: to the invoice that it came from, if any."""
    mine, invoice_id = browser_session.get(REGISTERING, (None, None))
    if mine == card_id and invoice_id is not None:
        return url_for("payments.pay", invoice_id=invoice_id)
    return url_for("payments.methods")


def _told_once(card: Card | None) -> bool:
    """Whether this browser registered the card and has not been told how that ended; it is told now."""
    mine, _invoice_id = browser_session.get(REGISTERING, (None, None))
    if card is None or mine != card.id:
        return False
    browser_session.pop(REGISTERING)
    return True
