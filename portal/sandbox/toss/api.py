"""The calls the portal makes: issue a billing key, charge it, query, cancel, delete."""

from __future__ import annotations

import re
import secrets
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from portal.sandbox.toss.book import LEAST_WON, Book, Order, Refused
from portal.sandbox.toss.news import News
from portal.sandbox.toss.once import Once, check_key, check_wanted_error
from portal.sandbox.world import World

CUSTOMER_KEY = re.compile(r"[A-Za-z0-9\-_=.,@]{2,300}")
_ORDER_ID = re.compile(r"[A-Za-z0-9_-]{6,64}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LONGEST_NAME, _LONGEST_REASON, _LONGEST_AUTH_KEY, _MOST_MONTHS = 100, 200, 300, 12
#: How long a slow card takes when it does not say so itself ("slow:0.5").
SLOW_SECONDS = 3.0
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def blueprint(world: World, book: Book, news: News, prefix: str) -> Blueprint:
    api = Blueprint("api", __name__, url_prefix=prefix)
    once = Once(world, book)

    @api.before_request
    def check() -> None:
        check_key(world.settings.toss_secret_key, world.settings.toss_client_key)

    @api.errorhandler(Refused)
    def refused(error: Refused) -> ResponseReturnValue:
        return error.body, error.status

    @api.after_request
    def trace(response: Response) -> Response:
        response.headers["x-tosspayments-trace-id"] = secrets.token_hex(16)
        return response

    _billing(api, world, book, news, once)
    _payments(api, book, news, once)

    @api.route("/<path:_elsewhere>", methods=_METHODS)
    def elsewhere(_elsewhere: str) -> ResponseReturnValue:
        raise Refused("NOT_FOUND_HTTP_METHOD")

    return api


def _billing(api: Blueprint, world: World, book: Book, news: News, once: Once) -> None:
    @api.post("/billing/authorizations/issue")
    def issue() -> ResponseReturnValue:
        def work() -> dict[str, Any]:
            check_wanted_error()
            sent = _sent()
            auth_key, customer_key = _text(sent, "authKey", _LONGEST_AUTH_KEY), _customer_key(sent)
            return book.issue(auth_key, customer_key)

        return once.answer(work)

    @api.post("/billing/<billing_key>")
    def charge(billing_key: str) -> ResponseReturnValue:
        def work() -> dict[str, Any]:
            check_wanted_error()
            order = _order(_sent())
            word, _, seconds = book.behaviour(billing_key).partition(":")
            if word == "slow":
                world.faults.closing.wait(float(seconds or SLOW_SECONDS))
            return book.charge(billing_key, order)

        return once.answer(work)

    @api.delete("/billing/<billing_key>")
    def remove(billing_key: str) -> ResponseReturnValue:
        check_wanted_error()
        news.tell("BILLING_DELETED", str(book.remove(billing_key)))
        return {}

    @api.post("/billing/authorizations/card")
    def card() -> ResponseReturnValue:
        """Closed to new contracts, as outside: card numbers are typed into the window only."""
        raise Refused("FORBIDDEN_REQUEST")


def _payments(api: Blueprint, book: Book, news: News, once: Once) -> None:
    @api.get("/payments/<payment_key>")
    def payment(payment_key: str) -> ResponseReturnValue:
        check_wanted_error()
        return book.find(payment_key=payment_key)

    @api.get("/payments/orders/<order_id>")
    def order(order_id: str) -> ResponseReturnValue:
        check_wanted_error()
        return book.find(order_id=order_id)

    @api.post("/payments/<payment_key>/cancel")
    def cancel(payment_key: str) -> ResponseReturnValue:
        def work() -> dict[str, Any]:
            check_wanted_error()
            sent = _sent()
            won = _whole(sent, "cancelAmount") if sent.get("cancelAmount") is not None else None
            reason = _text(sent, "cancelReason", _LONGEST_REASON)
            done = book.cancel(payment_key, won, reason, _whole(sent, "taxFreeAmount", 0))
            news.tell("PAYMENT_STATUS_CHANGED", payment_key)
            return done

        return once.answer(work)


def _sent() -> dict[str, Any]:
    sent: Any = request.get_json(force=True, silent=True)
    if not isinstance(sent, dict):
        raise Refused("INVALID_REQUEST")
    return sent


def _order(sent: dict[str, Any]) -> Order:
    if sent.get("amount") is None:
        raise Refused("INVALID_REQUIRED_PARAM")
    won = _whole(sent, "amount")
    order_id, order_name = sent.get("orderId"), sent.get("orderName")
    if not isinstance(order_id, str) or not _ORDER_ID.fullmatch(order_id):
        raise Refused("INVALID_ORDER_ID")
    if not isinstance(order_name, str) or not 0 < len(order_name) <= _LONGEST_NAME:
        raise Refused("INVALID_ORDER_NAME")
    email = sent.get("customerEmail")
    if email is not None and (not isinstance(email, str) or not _EMAIL.fullmatch(email)):
        raise Refused("INVALID_EMAIL")
    months = _whole(sent, "cardInstallmentPlan", 0)
    if months == 1 or months > _MOST_MONTHS:
        raise Refused("INVALID_CARD_INSTALLMENT_PLAN")
    if won < LEAST_WON:
        raise Refused("BELOW_MINIMUM_AMOUNT")
    tax_free, exempt = _whole(sent, "taxFreeAmount", 0), _whole(sent, "taxExemptionAmount", 0)
    if tax_free + exempt > won:
        raise Refused("INVALID_REQUEST")
    return Order(_customer_key(sent), order_id, order_name, won, tax_free, exempt, months)


def _customer_key(sent: dict[str, Any]) -> str:
    key = sent.get("customerKey")
    if key is None:
        raise Refused("INVALID_REQUIRED_PARAM")
    if not isinstance(key, str) or not CUSTOMER_KEY.fullmatch(key):
        raise Refused("INVALID_CUSTOMER_KEY")
    return key


def _text(sent: dict[str, Any], name: str, longest: int) -> str:
    value = sent.get(name)
    if value is None or value == "":
        raise Refused("INVALID_REQUIRED_PARAM")
    if not isinstance(value, str) or len(value) > longest:
        raise Refused("INVALID_REQUEST")
    return value


def _whole(sent: dict[str, Any], name: str, default: int | None = None) -> int:
    """A whole number of won from 0; a fraction, a text or a truth is none."""
    value = sent.get(name, default)
    if type(value) is not int or value < 0:
        raise Refused("INVALID_REQUEST")
    return value
