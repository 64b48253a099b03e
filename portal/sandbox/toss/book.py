"""What the payment company remembers: cards, payments, cancels, and the shapes in which it tells of them.

No card number is kept, only the masked one; no authKey and no billing key either, only their digests: a billing key is
worked out again from the card's number in the book and the secret key whenever an answer must name it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import sqlite3
from dataclasses import dataclass
from typing import Any

from portal.sandbox.toss import shapes
from portal.sandbox.toss.codes import CODES
from portal.sandbox.world import World

LEAST_WON = 100
#: First digits of a card number -> issuer's code and name; every other number is of the first.
ISSUERS = {
    "": ("61", "현대"),
    "4330": ("11", "국민"),
    "4579": ("41", "신한"),
    "5310": ("51", "삼성"),
    "9430": ("W1", "우리"),
}
SCHEMA = """
CREATE TABLE IF NOT EXISTS toss_card (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_key TEXT NOT NULL,
    auth_digest TEXT NOT NULL UNIQUE,
    auth_used INTEGER NOT NULL DEFAULT 0,
    billing_digest TEXT UNIQUE,
    salt TEXT NOT NULL,
    number TEXT NOT NULL,
    issuer TEXT NOT NULL,
    company TEXT NOT NULL,
    owner TEXT NOT NULL,
    behaviour TEXT NOT NULL,
    registered_at TEXT,
    removed_at TEXT
);
CREATE TABLE IF NOT EXISTS toss_payment (
    payment_key TEXT PRIMARY KEY,
    order_id TEXT NOT NULL UNIQUE,
    order_name TEXT NOT NULL,
    card_id INTEGER NOT NULL,
    status TEXT NOT NULL,
    won INTEGER NOT NULL,
    balance INTEGER NOT NULL,
    tax_free INTEGER NOT NULL,
    exempt INTEGER NOT NULL,
    months INTEGER NOT NULL,
    requested_at TEXT NOT NULL,
    approved_at TEXT,
    approval TEXT NOT NULL,
    transaction_key TEXT NOT NULL,
    failure TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS toss_cancel (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    payment_key TEXT NOT NULL,
    won INTEGER NOT NULL,
    reason TEXT NOT NULL,
    tax_free INTEGER NOT NULL,
    left_won INTEGER NOT NULL,
    at TEXT NOT NULL,
    transaction_key TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS toss_once (
    digest TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    status INTEGER,
    answer TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS toss_news (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    about TEXT NOT NULL,
    made_at TEXT NOT NULL,
    tried INTEGER NOT NULL DEFAULT 0,
    next_at TEXT,
    delivered_at TEXT
);
CREATE TABLE IF NOT EXISTS toss_target (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    url TEXT NOT NULL
);
"""


class Refused(Exception):  # noqa: N818 - an answer of this service, not an error of ours
    """The answer is this code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def status(self) -> int:
        return CODES[self.code][0]

    @property
    def body(self) -> dict[str, str]:
        return {"code": self.code, "message": CODES[self.code][1]}


@dataclass(frozen=True, slots=True)
class Order:
    """What a charge asks for, checked for its form."""

    customer_key: str
    order_id: str
    order_name: str
    won: int
    tax_free: int
    exempt: int
    months: int


class Book:
    """Reads and writes the payment company's rows. Every verb is one transaction."""

    def __init__(self, world: World) -> None:
        self._store, self._settings = world.store, world.settings

    # ----- cards -----

    def hand_out(self, customer_key: str, number: str, owner: str, behaviour: str) -> str:
        """Keep a card as the window saw it. Returns its authKey, which will do once. `number` is all of its digits."""
        auth_key = secrets.token_urlsafe(32)
        issuer, company = next(ISSUERS[first] for first in sorted(ISSUERS, reverse=True) if number.startswith(first))
        values = (
            customer_key,
            digest(auth_key),
            secrets.token_hex(16),
            shapes.masked_card(number),
            issuer,
            company,
            owner,
        )
        with self._store.open() as rows:
            rows.execute(
                "INSERT INTO toss_card (customer_key, auth_digest, salt, number, issuer, company, owner, behaviour)"
                " VALUES (?,?,?,?,?,?,?,?)",
                (*values, behaviour),
            )
        return auth_key

    def issue(self, auth_key: str, customer_key: str) -> dict[str, Any]:
        """The Billing of a card that came out of the window; its key stands for itself (see `opened`)."""
        with self._store.open() as rows:
            card = one(rows, "SELECT * FROM toss_card WHERE auth_digest = ?", digest(auth_key))
            if card is None or card["auth_used"]:
                raise Refused("INVALID_BILLING_AUTH")
            if card["customer_key"] != customer_key:
                raise Refused("NOT_MATCHES_CUSTOMER_KEY")
            at = self._store.stamp()
            rows.execute(
                "UPDATE toss_card SET auth_used = 1, registered_at = ?, billing_digest = ? WHERE id = ?",
                (at, digest(self.billing_key(card)), card["id"]),
            )
            return shapes.billing(card | {"registered_at": at})

    def remove(self, billing_key: str) -> int:
        """Forget a billing key. Returns the number of its card in the book."""
        with self._store.open() as rows:
            card = self._card(rows, billing_key)
            rows.execute("UPDATE toss_card SET removed_at = ? WHERE id = ?", (self._store.stamp(), card["id"]))
            return int(card["id"])

    def behave(self, customer_key: str, behaviour: str) -> int:
        """From now on the cards of this customer do so. Returns how many there are."""
        with self._store.open() as rows:
            done = rows.execute("UPDATE toss_card SET behaviour = ? WHERE customer_key = ?", (behaviour, customer_key))
            return done.rowcount

    def behaviour(self, billing_key: str) -> str:
        found = self._store.rows("SELECT behaviour FROM toss_card WHERE billing_digest = ?", digest(billing_key))
        return str(found[0]["behaviour"]) if found else ""

    def cards(self) -> list[dict[str, Any]]:
        return self._store.rows("SELECT * FROM toss_card WHERE registered_at IS NOT NULL ORDER BY id DESC LIMIT 50")

    def billing_key(self, card: dict[str, Any]) -> str:
        """44 letters, the last an `=`, as outside: whoever puts it into an address must escape it."""
        told = f"billing:{card['id']}:{card['salt']}"
        made = hmac.new(self._settings.toss_secret_key.encode(), told.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(made.digest()).decode()

    def opened(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The answer with the billing key in the place of the card that stands for it."""
        if not isinstance(answer.get("billingKey"), int):
            return answer
        (card,) = self._store.rows("SELECT * FROM toss_card WHERE id = ?", answer["billingKey"])
        return answer | {"billingKey": self.billing_key(card)}

    def _card(self, rows: sqlite3.Connection, billing_key: str) -> dict[str, Any]:
        card = one(rows, "SELECT * FROM toss_card WHERE billing_digest = ?", digest(billing_key))
        if card is None:
            raise Refused("NOT_FOUND_BILLING")
        if card["removed_at"]:
            raise Refused("ALREADY_REMOVED_BILLING_KEY")
        return card

    # ----- payments -----

    def charge(self, billing_key: str, order: Order) -> dict[str, Any]:
        """Take the money, once per order. A declined try is kept as ABORTED with its reason and may be asked for."""
        with self._store.open() as rows:
            card = self._card(rows, billing_key)
            if card["customer_key"] != order.customer_key:
                raise Refused("NOT_MATCHES_CUSTOMER_KEY")
            before = one(rows, "SELECT * FROM toss_payment WHERE order_id = ?", order.order_id)
            if before is not None and before["status"] != "ABORTED":
                raise Refused("DUPLICATED_ORDER_ID")
            rows.execute("DELETE FROM toss_payment WHERE order_id = ?", (order.order_id,))
            declined = card["behaviour"] if card["behaviour"] in CODES else ""
            payment = self._written(rows, card, order, declined)
            answer = self._payment(rows, payment)
        if declined:
            raise Refused(declined)
        return answer

    def _written(self, rows: sqlite3.Connection, card: dict[str, Any], order: Order, declined: str) -> dict[str, Any]:
        at = self._store.stamp()
        payment: dict[str, Any] = {
            "payment_key": f"tplan{secrets.token_hex(16)}",
            "order_id": order.order_id,
            "order_name": order.order_name,
            "card_id": card["id"],
            "status": "ABORTED" if declined else "DONE",
            "won": order.won,
            "balance": 0 if declined else order.won,
            "tax_free": order.tax_free,
            "exempt": order.exempt,
            "months": order.months,
            "requested_at": at,
            "approved_at": None if declined else at,
            "approval": "" if declined else f"{secrets.randbelow(10**8):08}",
            "transaction_key": secrets.token_hex(16).upper(),
            "failure": declined,
        }
        marks = ", ".join(f":{name}" for name in payment)
        rows.execute(f"INSERT INTO toss_payment ({', '.join(payment)}) VALUES ({marks})", payment)  # noqa: S608 - our own names
        return payment

    def cancel(self, payment_key: str, won: int | None, reason: str, tax_free: int) -> dict[str, Any]:
        """Give back `won`, or all that is left."""
        with self._store.open() as rows:
            payment = one(rows, "SELECT * FROM toss_payment WHERE payment_key = ?", payment_key)
            if payment is None:
                raise Refused("NOT_FOUND_PAYMENT")
            if payment["status"] == "CANCELED":
                raise Refused("ALREADY_CANCELED_PAYMENT")
            if payment["status"] not in {"DONE", "PARTIAL_CANCELED"}:
                raise Refused("NOT_CANCELABLE_PAYMENT")
            given = payment["balance"] if won is None else won
            if not 0 < given <= payment["balance"] or tax_free > payment["tax_free"]:
                raise Refused("NOT_CANCELABLE_AMOUNT")
            left, key = payment["balance"] - given, secrets.token_hex(16).upper()
            rows.execute(
                "INSERT INTO toss_cancel (payment_key, won, reason, tax_free, left_won, at, transaction_key)"
                " VALUES (?,?,?,?,?,?,?)",
                (payment_key, given, reason, tax_free, left, self._store.stamp(), key),
            )
            changed = payment | {
                "status": "PARTIAL_CANCELED" if left else "CANCELED",
                "balance": left,
                "tax_free": payment["tax_free"] - tax_free,
                "transaction_key": key,
            }
            rows.execute(
                "UPDATE toss_payment SET status = :status, balance = :balance, tax_free = :tax_free,"
                " transaction_key = :transaction_key WHERE payment_key = :payment_key",
                changed,
            )
            return self._payment(rows, changed)

    def find(self, *, payment_key: str = "", order_id: str = "") -> dict[str, Any]:
        """The Payment by either of its names."""
        with self._store.open() as rows:
            payment = one(
                rows, "SELECT * FROM toss_payment WHERE payment_key = ? OR order_id = ?", payment_key, order_id
            )
            if payment is None:
                raise Refused("NOT_FOUND_PAYMENT")
            return self._payment(rows, payment)

    def payments(self) -> list[dict[str, Any]]:
        """The last hundred, newest first, for the page that shows them."""
        return self._store.rows(
            "SELECT p.*, c.number, c.company FROM toss_payment p JOIN toss_card c ON c.id = p.card_id"
            " ORDER BY p.requested_at DESC LIMIT 100"
        )

    def _payment(self, rows: sqlite3.Connection, payment: dict[str, Any]) -> dict[str, Any]:
        card = one(rows, "SELECT * FROM toss_card WHERE id = ?", payment["card_id"]) or {}
        found = rows.execute("SELECT * FROM toss_cancel WHERE payment_key = ? ORDER BY id", (payment["payment_key"],))
        return shapes.payment(payment, card, [dict(row) for row in found], self._settings.public_url)


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def one(rows: sqlite3.Connection, query: str, *values: object) -> dict[str, Any] | None:
    found = rows.execute(query, values).fetchone()
    return dict(found) if found else None
