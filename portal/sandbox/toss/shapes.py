"""How the payment company tells of a card and of a payment: every field of its documentation, in its order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from portal.core.clock import SEOUL
from portal.sandbox.toss.codes import CODES

MERCHANT = "tplanroom"
VERSION = "2022-11-16"


def billing(card: dict[str, Any]) -> dict[str, Any]:
    """The Billing. `billingKey` is the card's number in the book, until the answer leaves."""
    return {
        "mId": MERCHANT,
        "customerKey": card["customer_key"],
        "authenticatedAt": seoul(card["registered_at"]),
        "method": "카드",
        "billingKey": card["id"],
        "card": {
            "issuerCode": card["issuer"],
            "acquirerCode": card["issuer"],
            "number": card["number"],
            "cardType": "신용",
            "ownerType": card["owner"],
        },
        "cardCompany": card["company"],
        "cardNumber": card["number"],
    }


def payment(
    row: dict[str, Any], card: dict[str, Any], cancels: list[dict[str, Any]], public_url: str
) -> dict[str, Any]:
    """The Payment, every field of it."""
    supplied, vat = split(row["balance"], row["tax_free"] + row["exempt"])
    failed = row["failure"]
    base = f"{public_url}/sandbox/toss/receipt/{row['payment_key']}"
    return {
        "mId": MERCHANT,
        "version": VERSION,
        "paymentKey": row["payment_key"],
        "type": "BILLING",
        "status": row["status"],
        "lastTransactionKey": row["transaction_key"],
        "orderId": row["order_id"],
        "orderName": row["order_name"],
        "requestedAt": seoul(row["requested_at"]),
        "approvedAt": seoul(row["approved_at"]),
        "useEscrow": False,
        "cultureExpense": False,
        "card": _card_of(row, card),
        **dict.fromkeys(("virtualAccount", "transfer", "mobilePhone", "giftCertificate", "cashReceipt")),
        **dict.fromkeys(("cashReceipts", "discount")),
        "cancels": [_cancel(cancel) for cancel in cancels] or None,
        "secret": None,
        "easyPay": None,
        "country": "KR",
        "failure": {"code": failed, "message": CODES[failed][1]} if failed else None,
        "isPartialCancelable": True,
        "receipt": None if failed else {"url": base},
        "checkout": {"url": base},
        "currency": "KRW",
        "totalAmount": row["won"],
        "balanceAmount": row["balance"],
        "suppliedAmount": supplied,
        "vat": vat,
        "taxFreeAmount": row["tax_free"],
        "taxExemptionAmount": row["exempt"],
        "metadata": None,
        "method": "카드",
    }


def _card_of(row: dict[str, Any], card: dict[str, Any]) -> dict[str, Any]:
    return {
        "issuerCode": card["issuer"],
        "acquirerCode": card["issuer"],
        "number": card["number"],
        "installmentPlanMonths": row["months"],
        "isInterestFree": False,
        "interestPayer": None,
        "approveNo": row["approval"],
        "useCardPoint": False,
        "cardType": "신용",
        "ownerType": card["owner"],
        "acquireStatus": "READY" if row["balance"] else "CANCELED",
        "amount": row["won"],
    }


def _cancel(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "cancelAmount": row["won"],
        "cancelReason": row["reason"],
        "taxFreeAmount": row["tax_free"],
        "taxExemptionAmount": 0,
        "refundableAmount": row["left_won"],
        "easyPayDiscountAmount": 0,
        "canceledAt": seoul(row["at"]),
        "transactionKey": row["transaction_key"],
        "receiptKey": None,
        "cancelStatus": "DONE",
        "cancelRequestId": None,
    }


def split(won: int, untaxed: int) -> tuple[int, int]:
    """Supply and tax as this company works them back from a total: a tax of a rounded eleventh."""
    taxed = max(won - untaxed, 0)
    vat = (2 * taxed + 11) // 22
    return taxed - vat, vat


def masked_card(number: str) -> str:
    """4330123412341234 -> 43301234****123*."""
    return f"{number[:8]}{'*' * (len(number) - 12)}{number[-4:-1]}*"


def seoul(at: str | None) -> str | None:
    """ISO 8601 with +09:00, whole seconds."""
    return datetime.fromisoformat(at).astimezone(SEOUL).isoformat(timespec="seconds") if at else None
