"""What the portal asks of a payment company, in our words. One file per company beside this one; none knows a database.

Every verb answers with a value and never raises for what the other side does. `Unknown` is an answer too: it may have
been done, so it is asked for, or repeated under the same idempotency key, and never tried anew before that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Kind(StrEnum):
    """What a refusal means for the next try."""

    SOFT = "soft"  #: another day may do: limits, balance, an issuer who says no, a service that is being mended
    HARD = "hard"  #: never again this way: another card, or for a refund another way to pay back
    OURS = "ours"  #: our keys, our contract or our call are wrong: staff are told, the customer is not


class Then(StrEnum):
    """How an unknown outcome is found out."""

    ASK = "ask"  #: by order
    SAME_AGAIN = "same_again"  #: the same call under the same idempotency key: it is still at work over there


@dataclass(frozen=True, slots=True)
class CardWindow:
    """Where a card is registered. `url` is a page to go to; without one, `script` opens the window with `options`."""

    url: str
    script: str
    client_key: str
    options: dict[str, str]


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A registered card. The billing key cannot be asked for again: seal and keep it before anything else."""

    billing_key: str = field(repr=False)
    customer_key: str
    company: str
    number: str
    owner_type: str
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Money given back: `won` this time, `balance` is what is left of the charge."""

    payment_key: str
    won: int
    balance: int
    reason: str
    at: datetime
    transaction_key: str


@dataclass(frozen=True, slots=True)
class Charged:
    """Money taken. `balance` is `won` less all `cancels`."""

    payment_key: str
    order_id: str
    won: int
    balance: int
    approval_number: str
    receipt_url: str
    at: datetime
    cancels: tuple[Cancelled, ...] = ()


@dataclass(frozen=True, slots=True)
class Deleted:
    """The billing key is gone, now or before."""


@dataclass(frozen=True, slots=True)
class Declined:
    """A certain no: nothing was done. `code` and `message` are the company's."""

    code: str
    message: str
    kind: Kind
    once_more: bool = False
    """An issuer's no without a reason: at most one later try."""


@dataclass(frozen=True, slots=True)
class NotThere:
    """The company knows no such order: the call never arrived."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been done. `reason` is a Korean sentence for staff; `sent` false when the call never arrived."""

    reason: str
    code: str = ""
    then: Then = Then.ASK
    sent: bool = True


class Provider(Protocol):
    """A payment company. Amounts are won with tax; idempotency keys come from the caller's row."""

    def window(
        self, customer_key: str, success_url: str, fail_url: str, *, email: str = "", name: str = ""
    ) -> CardWindow: ...

    def issue(self, auth_key: str, customer_key: str, *, idempotency_key: str) -> IssuedKey | Declined | Unknown: ...

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
    ) -> Charged | Declined | Unknown: ...

    def find(self, order_id: str) -> Charged | Declined | NotThere | Unknown: ...

    def cancel(
        self, payment_key: str, *, reason: str, idempotency_key: str, won: int | None = None
    ) -> Cancelled | Declined | Unknown: ...

    def delete(self, billing_key: str) -> Deleted | Declined | Unknown: ...

    def refusal(self, code: str, message: str) -> Declined | Unknown: ...
