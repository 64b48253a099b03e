"""What people see of the payment company: the card window, a receipt, and the list of what came so far.

The window stands for `requestBillingAuth`: a link with clientKey, customerKey, successUrl, failUrl, customerEmail,
customerName and method=CARD opens it, and it sends the browser on to successUrl with authKey, or to failUrl with code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.sandbox.toss.api import CUSTOMER_KEY
from portal.sandbox.toss.book import Book
from portal.sandbox.toss.codes import CODES
from portal.sandbox.world import World

ASKED = ("clientKey", "customerKey", "successUrl", "failUrl", "customerEmail", "customerName", "method")
SUGGESTED_NUMBER = "4330 1234 5678 9012"
_NUMBER = re.compile(r"[1-9][0-9]{13,18}")


@dataclass(frozen=True, slots=True)
class TestCard:
    """A button of the window: what a charge on this card will answer (a code, `slow`, or nothing: approved)."""

    behaviour: str
    label: str
    note: str


CARDS = (
    TestCard("", "승인되는 카드", "결제할 때마다 승인됩니다."),
    TestCard("EXCEED_MAX_AMOUNT", "한도 초과 카드", "등록은 되고, 결제는 한도 초과로 거절됩니다."),
    TestCard("REJECT_ACCOUNT_PAYMENT", "잔액 부족 카드", "등록은 되고, 결제는 잔액 부족으로 거절됩니다."),
    TestCard("REJECT_CARD_COMPANY", "카드사가 거절하는 카드", "등록은 되고, 카드사가 까닭 없이 거절합니다."),
    TestCard("INVALID_STOPPED_CARD", "정지 카드", "등록은 되고, 정지된 카드로 거절됩니다."),
    TestCard("INVALID_CARD_EXPIRATION", "유효기간이 지난 카드", "등록은 되고, 유효기간 만료로 거절됩니다."),
    TestCard("INVALID_CARD_LOST_OR_STOLEN", "분실·도난 카드", "등록은 되고, 분실·도난으로 거절됩니다."),
    TestCard("PROVIDER_ERROR", "카드사 장애", "등록은 되고, 결제는 일시 오류로 끝납니다."),
    TestCard("slow", "느린 카드", "3초 뒤에 승인됩니다."),
)
#: Buttons that end the window without a card -> what failUrl is told.
ENDINGS = {"cancel": "PAY_PROCESS_CANCELED", "abort": "PAY_PROCESS_ABORTED"}


def blueprint(world: World, book: Book) -> Blueprint:
    window = Blueprint("window", __name__, url_prefix="/toss")

    @window.route("/window", methods=["GET", "POST"])
    def card_window() -> ResponseReturnValue:
        asked = {name: request.values.get(name, "").strip() for name in ASKED}
        problem = _problem(asked, world.settings.toss_client_key)
        if problem:
            return render_template("toss/window.html", asked=asked, problem=CODES[problem][1], code=problem), 400
        number, wrong = re.sub(r"[\s-]", "", request.form.get("number", "")), ""
        choice = request.form.get("choice", "")
        if request.method == "POST" and choice in ENDINGS:
            code = ENDINGS[choice]
            return _sent_on(asked["failUrl"], code=code, message=CODES[code][1])
        if request.method == "POST" and choice.removeprefix("card:") in {card.behaviour for card in CARDS}:
            if _NUMBER.fullmatch(number):
                auth_key = book.hand_out(
                    asked["customerKey"], number, _owner(request.form.get("owner")), choice.removeprefix("card:")
                )
                return _sent_on(asked["successUrl"], customerKey=asked["customerKey"], authKey=auth_key)
            wrong = "카드번호는 숫자 14자리에서 19자리입니다. 다시 적어 주십시오."
        page = make_response(
            render_template("toss/window.html", asked=asked, cards=CARDS, number=SUGGESTED_NUMBER, wrong=wrong),
            422 if wrong else 200,
        )
        return _may_leave_for(page, asked)

    @window.get("")
    def payments() -> ResponseReturnValue:
        labels = {card.behaviour: card.label for card in CARDS}
        return render_template("toss/payments.html", payments=book.payments(), cards=book.cards(), labels=labels)

    @window.get("/receipt/<payment_key>")
    def receipt(payment_key: str) -> ResponseReturnValue:
        found = next((row for row in book.payments() if row["payment_key"] == payment_key), None)
        if found is None:
            abort(404)
        return render_template("toss/receipt.html", payment=found)

    return window


def _problem(asked: dict[str, str], client_key: str) -> str:
    """The code that the window shows instead of a form; empty when all was asked rightly."""
    if asked["clientKey"] != client_key:
        return "INVALID_CLIENT_KEY"
    if asked["method"] not in {"", "CARD"}:
        return "NOT_SUPPORTED_METHOD"
    if not CUSTOMER_KEY.fullmatch(asked["customerKey"]):
        return "INVALID_CUSTOMER_KEY"
    for name in ("successUrl", "failUrl"):
        parts = urlsplit(asked[name])
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            return "INVALID_REQUIRED_PARAM"
    return ""


def _owner(told: str | None) -> str:
    return "개인" if told == "개인" else "법인"


def _sent_on(url: str, **values: str) -> Response:
    parts = urlsplit(url)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *values.items()])
    return make_response(redirect(urlunsplit(parts._replace(query=query)), 303))


def _may_leave_for(page: Response, asked: dict[str, str]) -> Response:
    """A form's answer may only redirect to where the policy allows: the shop that opened the window."""
    origins = {f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, (asked["successUrl"], asked["failUrl"]))}
    page.headers["Content-Security-Policy"] = (
        f"default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' {' '.join(sorted(origins))}"
    )
    return page
