"""A person at the card window: opens it as the portal links to it, presses a button, and comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from tests.sandbox.conftest import Outside

SECRET, CLIENT = "test_sk_sandbox", "test_ck_sandbox"
NUMBER = "4330 1299 8877 1234"
BACK, FAILED = "http://localhost:8000/cards/back?from=window", "http://localhost:8000/cards/failed"


def asked(customer_key: str, **other: str) -> dict[str, str]:
    return {
        "clientKey": CLIENT,
        "customerKey": customer_key,
        "successUrl": BACK,
        "failUrl": FAILED,
        "customerEmail": "alice@alpha.example",
        "customerName": "한빛건설",
        "method": "CARD",
        **other,
    }


def press(outside: Outside, customer_key: str, choice: str, **other: str) -> tuple[str, dict[str, str]]:
    """Where the window sends the browser: address without its query, and the query."""
    form = asked(customer_key) | {"choice": choice, "number": NUMBER} | other
    answer = outside.post("/toss/window", data=form)
    assert answer.status_code == 303, answer.text
    to = urlsplit(answer.headers["Location"])
    return f"{to.scheme}://{to.netloc}{to.path}", dict(parse_qsl(to.query))


def auth_key(outside: Outside, customer_key: str, behaviour: str = "") -> str:
    where, told = press(outside, customer_key, f"card:{behaviour}")
    assert where == BACK.partition("?")[0]
    assert (told["customerKey"], told["from"]) == (customer_key, "window")
    return told["authKey"]
