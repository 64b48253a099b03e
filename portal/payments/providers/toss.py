"""Toss Payments: billing keys over its wire format (api.tosspayments.com, version 2022-11-16).

It sends nothing when a charge is done, so the answer, or a query by order, is the only truth. An answer is replayed for
15 days under its idempotency key, errors too: a lost answer wants the same key, a new attempt a new one. The body is no
part of that, so every answer is checked to be about what was asked.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from portal.core.calls import Heard, Silence, call
from portal.core.settings import Settings
from portal.payments.providers import (
    Cancelled,
    CardWindow,
    Charged,
    Declined,
    Deleted,
    IssuedKey,
    Kind,
    NotThere,
    Then,
    Unknown,
)
from portal.payments.providers.toss_codes import Meaning, meaning

ANSWER_SECONDS = 60.0
LONGEST_ORDER_NAME, LONGEST_REASON, LONGEST_MESSAGE = 100, 200, 300
_KINDS = {
    Meaning.FUNDS_OR_LIMIT: Kind.SOFT,
    Meaning.ISSUER_DECLINE: Kind.SOFT,
    Meaning.USER_ABORT: Kind.SOFT,
    Meaning.CARD_DEAD: Kind.HARD,
    Meaning.CANCEL_FINAL: Kind.HARD,
    Meaning.MERCHANT_BUG: Kind.OURS,
    Meaning.MERCHANT_CONFIG: Kind.OURS,
}
_GONE = {"ALREADY_REMOVED_BILLING_KEY", "NOT_FOUND_BILLING"}
_PAID = {"DONE", "CANCELED", "PARTIAL_CANCELED"}
_OVER = {"ABORTED", "EXPIRED"}

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Toss:
    """One merchant at Toss. `headers` go with every call (its test environment takes an error to play that way)."""

    base_url: str
    sdk_url: str
    client_key: str
    secret_key: str = field(repr=False)
    seconds: float = ANSWER_SECONDS
    headers: Mapping[str, str] = field(default_factory=dict)

    def window(
        self, customer_key: str, success_url: str, fail_url: str, *, email: str = "", name: str = ""
    ) -> CardWindow:
        """The card window, which comes back to `success_url?customerKey=&authKey=` or `fail_url?code=&message=`."""
        options = {
            "method": "CARD",
            "successUrl": success_url,
            "failUrl": fail_url,
            "customerEmail": email,
            "customerName": name,
        }
        if not urlsplit(self.sdk_url).path.endswith("/window"):
            return CardWindow("", self.sdk_url, self.client_key, {"customerKey": customer_key, **options})
        query = urlencode({"clientKey": self.client_key, "customerKey": customer_key, **options})
        return CardWindow(f"{self.sdk_url}?{query}", "", self.client_key, {"customerKey": customer_key, **options})

    def issue(self, auth_key: str, customer_key: str, *, idempotency_key: str) -> IssuedKey | Declined | Unknown:
        """The billing key for the window's one-time key."""
        body = {"authKey": auth_key, "customerKey": customer_key}
        said = self._call("POST", "/v1/billing/authorizations/issue", body, idempotency_key)
        if isinstance(said, Unknown | Declined):
            return said
        issued = _read(_issued, said)
        if isinstance(issued, IssuedKey) and issued.customer_key != customer_key:
            return Unknown("다른 고객의 카드라는 답이 왔습니다.")
        return issued

    def charge(  # noqa: PLR0913 - what a charge is made of
        self,
        billing_key: str,
        *,
        customer_key: str,
        order_id: str,
        order_name: str,
        won: int,
        idempotency_key: str,
        email: str = "",
        name: str = "",
    ) -> Charged | Declined | Unknown:
        """Take `won` from a card. `order_id` has 6 to 64 of `[A-Za-z0-9_-]` and is new for each attempt."""
        body: dict[str, Any] = {
            "customerKey": customer_key,
            "amount": won,
            "orderId": order_id,
            "orderName": order_name[:LONGEST_ORDER_NAME],
        }
        body |= {key: value for key, value in (("customerEmail", email), ("customerName", name)) if value}
        # The key ends with `=` and may hold other letters that mean something in an address.
        said = self._call("POST", f"/v1/billing/{quote(billing_key, safe='')}", body, idempotency_key)
        if isinstance(said, Unknown | Declined):
            return said
        found = _outcome(said)
        if isinstance(found, Charged) and (found.order_id, found.won) != (order_id, won):
            return Unknown(f"다른 주문의 답이 왔습니다: {found.order_id}")
        return found

    def find(self, order_id: str) -> Charged | Declined | NotThere | Unknown:
        """What became of an order. Asking changes nothing and may be done as often as needed."""
        heard = self._heard("GET", f"/v1/payments/orders/{quote(order_id, safe='')}")
        if isinstance(heard, Silence):
            return Unknown(heard.reason, sent=heard.sent)
        if _code(heard) == "NOT_FOUND_PAYMENT":
            return NotThere()
        said = self._judged(heard)
        if isinstance(said, Unknown | Declined):
            # A refusal to tell says nothing of the order itself.
            return Unknown(said.message if isinstance(said, Declined) else said.reason, said.code)
        return _outcome(said)

    def cancel(
        self, payment_key: str, *, reason: str, idempotency_key: str, won: int | None = None
    ) -> Cancelled | Declined | Unknown:
        """Give back `won` of a charge, or all that is left of it."""
        body: dict[str, Any] = {"cancelReason": reason[:LONGEST_REASON]}
        if won is not None:
            body["cancelAmount"] = won
        said = self._call("POST", f"/v1/payments/{quote(payment_key, safe='')}/cancel", body, idempotency_key)
        if isinstance(said, Unknown | Declined):
            return said
        charged = _outcome(said)
        if not isinstance(charged, Charged) or not charged.cancels:
            return Unknown("취소되었는지 답에 없습니다.")
        last = charged.cancels[-1]
        return last if won in {None, last.won} else Unknown(f"다른 금액이 취소되었다는 답이 왔습니다: {last.won:,}원")

    def delete(self, billing_key: str) -> Deleted | Declined | Unknown:
        """Let the company forget a card. One that is gone already is gone."""
        said = self._call("DELETE", f"/v1/billing/{quote(billing_key, safe='')}")
        if isinstance(said, Declined) and said.code in _GONE:
            return Deleted()
        return said if isinstance(said, Unknown | Declined) else Deleted()

    def refusal(self, code: str, message: str) -> Declined | Unknown:
        """What an error code means, also one that the window came back with."""
        found = meaning(code)
        kind = _KINDS.get(found)
        if kind is None:
            then = Then.SAME_AGAIN if found is Meaning.IN_PROGRESS else Then.ASK
            return Unknown(message[:LONGEST_MESSAGE], code, then)
        return Declined(code, message[:LONGEST_MESSAGE], kind, once_more=found is Meaning.ISSUER_DECLINE)

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, idempotency_key: str = ""
    ) -> dict[str, Any] | Declined | Unknown:
        heard = self._heard(method, path, body, idempotency_key)
        if isinstance(heard, Silence):
            return Unknown(heard.reason, sent=heard.sent)
        return self._judged(heard)

    def _heard(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, idempotency_key: str = ""
    ) -> Heard | Silence:
        credentials = base64.b64encode(f"{self.secret_key}:".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}", **self.headers}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        return call(method, f"{self.base_url}{path}", body=body, headers=headers, seconds=self.seconds)

    def _judged(self, heard: Heard) -> dict[str, Any] | Declined | Unknown:
        """The body of an answer that is a yes; by its code what is none."""
        code = _code(heard)
        if code:
            return self.refusal(code, str(heard.body.get("message") or ""))
        if heard.status != 200:  # noqa: PLR2004 - the only yes of this company
            return Unknown(f"까닭을 적지 않은 답이 왔습니다(HTTP {heard.status}).")
        return heard.body


def of(settings: Settings) -> Toss | None:
    """The payment company by the settings; None where cards are not set up."""
    if not settings.cards_set_up:
        return None
    return Toss(settings.toss_base_url, settings.toss_sdk_url, settings.toss_client_key, settings.toss_secret_key)


def _code(heard: Heard) -> str:
    code = heard.body.get("code")
    return code if isinstance(code, str) else ""


def _outcome(payment: dict[str, Any]) -> Charged | Declined | Unknown:
    """What a Payment says of the money."""
    status = payment.get("status")
    if status in _OVER:
        failure = payment.get("failure")
        told: dict[str, Any] = failure if isinstance(failure, dict) else {}
        code = str(told.get("code") or status)
        # It is over and nothing was taken, so a passing trouble is a certain no as well.
        kind = _KINDS.get(meaning(code), Kind.SOFT)
        once_more = meaning(code) is Meaning.ISSUER_DECLINE
        return Declined(code, str(told.get("message") or "")[:LONGEST_MESSAGE], kind, once_more=once_more)
    if status not in _PAID:
        return Unknown(f"결제가 아직 끝나지 않았습니다({status}).")
    return _read(_charged, payment)


def _read(shape: Callable[[dict[str, Any]], Value], said: dict[str, Any]) -> Value | Unknown:
    """An answer in our words; one that lacks what we must know is no answer."""
    try:
        return shape(said)
    except (KeyError, TypeError, ValueError, AttributeError):
        return Unknown("답에 있어야 할 값이 없습니다.")


def _issued(said: dict[str, Any]) -> IssuedKey:
    card = said["card"]
    return IssuedKey(
        billing_key=_words(said["billingKey"]),
        customer_key=_words(said["customerKey"]),
        company=str(said.get("cardCompany") or ""),
        number=str(card.get("number") or said.get("cardNumber") or ""),
        owner_type=str(card.get("ownerType") or ""),
        registered_at=datetime.fromisoformat(said["authenticatedAt"]),
    )


def _charged(payment: dict[str, Any]) -> Charged:
    card, receipt = payment.get("card") or {}, payment.get("receipt") or {}
    balance = _whole(payment["totalAmount"])
    cancels = []
    for told in payment.get("cancels") or ():
        balance -= _whole(told["cancelAmount"])
        cancels.append(_cancelled(_words(payment["paymentKey"]), told, balance))
    return Charged(
        payment_key=_words(payment["paymentKey"]),
        order_id=_words(payment["orderId"]),
        won=_whole(payment["totalAmount"]),
        balance=_whole(payment["balanceAmount"]),
        approval_number=str(card.get("approveNo") or ""),
        receipt_url=str(receipt.get("url") or ""),
        at=datetime.fromisoformat(payment["approvedAt"]),
        cancels=tuple(cancels),
    )


def _cancelled(payment_key: str, told: dict[str, Any], balance: int) -> Cancelled:
    return Cancelled(
        payment_key=payment_key,
        won=_whole(told["cancelAmount"]),
        balance=balance,
        reason=str(told.get("cancelReason") or ""),
        at=datetime.fromisoformat(told["canceledAt"]),
        transaction_key=str(told.get("transactionKey") or ""),
    )


def _whole(value: object) -> int:
    if type(value) is not int:
        message = "an amount of money is an int"
        raise TypeError(message)
    return value


def _words(value: object) -> str:
    if not isinstance(value, str) or not value:
        message = "a name is a text"
        raise TypeError(message)
    return value
