"""The payment company speaks its wire format, keeps its promises about repeating, and keeps no secret in the clear."""

from __future__ import annotations

import base64
import json
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest

from tests.sandbox.cards import BACK, FAILED, NUMBER, SECRET, asked, auth_key, press
from tests.sandbox.conftest import PLAIN

if TYPE_CHECKING:
    from tests.sandbox.conftest import Outside

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "korea.json"
CUSTOMER = "c-7d4f1d0a9e"


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def call(outside: Outside, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
    head = basic(f"{SECRET}:") | {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.request(method, f"{outside.url}/toss/v1{path}", json=body, headers=head, timeout=20, **PLAIN)


def billing(outside: Outside, customer: str = CUSTOMER, behaviour: str = "") -> str:
    body = {"authKey": auth_key(outside, customer, behaviour), "customerKey": customer}
    answer = call(outside, "POST", "/billing/authorizations/issue", body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["billingKey"])


def order(order_id: str, won: int = 11000, **other: object) -> dict[str, object]:
    return {"customerKey": CUSTOMER, "amount": won, "orderId": order_id, "orderName": "도면실 11월", **other}


def pay(outside: Outside, key: str, body: dict[str, object], **headers: str) -> httpx.Response:
    return call(outside, "POST", f"/billing/{quote(key, safe='')}", body, **headers)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_the_window_shows_who_asks_and_may_only_send_on_to_them(outside: Outside) -> None:
    page = outside.get("/toss/window", params=asked(CUSTOMER))
    assert "한빛건설" in page.text
    assert "한도 초과 카드" in page.text
    assert "form-action 'self' http://localhost:8000" in page.headers["Content-Security-Policy"]
    assert "<script src=" in page.text, "its one script sets the theme; the form needs none"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"clientKey": "x"}, "INVALID_CLIENT_KEY"),
        ({"customerKey": "한"}, "INVALID_CUSTOMER_KEY"),
        ({"successUrl": "javascript:alert(1)"}, "INVALID_REQUIRED_PARAM"),
        ({"method": "TRANSFER"}, "NOT_SUPPORTED_METHOD"),
    ],
)
def test_a_window_that_was_asked_for_wrongly_has_no_form(outside: Outside, wrong: dict[str, str], said: str) -> None:
    page = outside.get("/toss/window", params=asked(CUSTOMER, **wrong) | wrong)
    assert page.status_code == 400
    assert said in page.text
    assert "<form" not in page.text


def test_closing_the_window_or_failing_in_it_comes_back_with_the_code(outside: Outside) -> None:
    where, told = press(outside, CUSTOMER, "cancel")
    assert (where, told["code"]) == (FAILED, "PAY_PROCESS_CANCELED")
    assert "취소" in told["message"]
    assert press(outside, CUSTOMER, "abort")[1]["code"] == "PAY_PROCESS_ABORTED"
    assert outside.post("/toss/window", data=asked(CUSTOMER) | {"choice": "card:", "number": "12"}).status_code == 422


def test_an_auth_key_opens_once_and_only_for_its_customer(outside: Outside) -> None:
    auth = auth_key(outside, CUSTOMER)
    wrong = {"authKey": auth, "customerKey": "c-another"}
    assert code(call(outside, "POST", "/billing/authorizations/issue", wrong)) == (400, "NOT_MATCHES_CUSTOMER_KEY")
    right = {"authKey": auth, "customerKey": CUSTOMER}
    said = call(outside, "POST", "/billing/authorizations/issue", right).json()
    assert said["billingKey"].endswith("=")
    assert said["cardNumber"] == said["card"]["number"] == "43301299****123*"
    assert (said["cardCompany"], said["card"]["ownerType"], said["method"]) == ("국민", "법인", "카드")
    assert code(call(outside, "POST", "/billing/authorizations/issue", right)) == (400, "INVALID_BILLING_AUTH")


def test_a_charge_has_every_field_and_splits_the_tax_by_a_rounded_eleventh(outside: Outside) -> None:
    key = billing(outside)
    answer = pay(outside, key, order("inv-1-1", 15000))
    said = answer.json()
    assert answer.headers["x-tosspayments-trace-id"]
    assert (said["type"], said["status"], said["orderId"], said["method"]) == ("BILLING", "DONE", "inv-1-1", "카드")
    assert (said["totalAmount"], said["balanceAmount"]) == (15000, 15000)
    assert (said["suppliedAmount"], said["vat"]) == (13636, 1364)
    assert said["approvedAt"].endswith("+09:00")
    assert said["card"]["approveNo"]
    assert len(said) == 37
    for name in ("virtualAccount", "transfer", "cashReceipts", "cancels", "secret", "easyPay", "failure"):
        assert said[name] is None, name
    by_order = call(outside, "GET", "/payments/orders/inv-1-1").json()
    assert by_order == call(outside, "GET", f"/payments/{said['paymentKey']}").json() == said
    assert outside.get("/_control/toss").json()["messages"] == [], "a finished charge is not told"
    assert "inv-1-1" in outside.get("/toss").text
    assert "15,000원" in outside.get(f"/toss/receipt/{said['paymentKey']}").text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"amount": 99}, "BELOW_MINIMUM_AMOUNT"),
        ({"amount": None}, "INVALID_REQUIRED_PARAM"),
        ({"amount": 1000.5}, "INVALID_REQUEST"),
        ({"amount": "1000"}, "INVALID_REQUEST"),
        ({"orderId": "a b c d"}, "INVALID_ORDER_ID"),
        ({"orderId": "short"}, "INVALID_ORDER_ID"),
        ({"orderName": ""}, "INVALID_ORDER_NAME"),
        ({"orderName": "가" * 101}, "INVALID_ORDER_NAME"),
        ({"customerEmail": "nobody"}, "INVALID_EMAIL"),
        ({"customerKey": "c-another"}, "NOT_MATCHES_CUSTOMER_KEY"),
        ({"customerKey": None}, "INVALID_REQUIRED_PARAM"),
        ({"cardInstallmentPlan": 1}, "INVALID_CARD_INSTALLMENT_PLAN"),
    ],
)
def test_a_wrong_charge_is_refused_by_its_code(outside: Outside, change: dict[str, object], said: str) -> None:
    assert code(pay(outside, billing(outside), order("inv-1-1") | change)) == (400, said)


def test_keys_and_addresses_are_refused_as_outside(outside: Outside) -> None:
    url = f"{outside.url}/toss/v1/payments/orders/inv-1-1"

    def ask(headers: dict[str, str]) -> tuple[int, str]:
        return code(httpx.get(url, headers=headers, **PLAIN))

    assert ask({}) == (401, "UNAUTHORIZED_KEY")
    assert ask(basic("test_sk_other:")) == (401, "UNAUTHORIZED_KEY")
    assert ask(basic(SECRET)) == (403, "INCORRECT_BASIC_AUTH_FORMAT")
    assert ask(basic("test_ck_sandbox:")) == (400, "INVALID_API_KEY")
    assert ask(basic(f"{SECRET}:")) == (404, "NOT_FOUND_PAYMENT")
    assert code(call(outside, "GET", "/nowhere")) == (404, "NOT_FOUND_HTTP_METHOD")
    assert code(call(outside, "PUT", "/payments/x")) == (404, "NOT_FOUND_HTTP_METHOD")
    assert code(call(outside, "POST", "/billing/authorizations/card", {})) == (403, "FORBIDDEN_REQUEST")
    assert code(pay(outside, "nobody=", order("inv-1-1"))) == (404, "NOT_FOUND_BILLING")


def test_an_order_is_paid_once_and_a_declined_one_may_be_asked_for(outside: Outside) -> None:
    key, empty = billing(outside), billing(outside, behaviour="EXCEED_MAX_AMOUNT")
    assert code(pay(outside, empty, order("inv-1-1"))) == (400, "EXCEED_MAX_AMOUNT")
    tried = call(outside, "GET", "/payments/orders/inv-1-1").json()
    assert (tried["status"], tried["failure"]["code"], tried["balanceAmount"]) == ("ABORTED", "EXCEED_MAX_AMOUNT", 0)
    assert pay(outside, key, order("inv-1-1")).status_code == 200
    assert code(pay(outside, key, order("inv-1-1"))) == (400, "DUPLICATED_ORDER_ID")
    assert call(outside, "POST", "/_control/toss", None).status_code == 404
    told = outside.post("/_control/toss/card", json={"customerKey": CUSTOMER, "behaviour": "INVALID_STOPPED_CARD"})
    assert told.json() == {"cards": 2}
    assert code(pay(outside, key, order("inv-2-1"))) == (400, "INVALID_STOPPED_CARD")
    assert outside.post("/_control/toss/card", json={"customerKey": CUSTOMER, "behaviour": "no"}).status_code == 400


def test_the_same_key_gives_the_same_answer_also_a_declined_one(outside: Outside) -> None:
    key, empty = billing(outside), billing(outside, behaviour="REJECT_ACCOUNT_PAYMENT")
    first = pay(outside, key, order("inv-1-1"), Idempotency_Key="charge:1:1")
    again = pay(outside, key, order("inv-9-9", 500), Idempotency_Key="charge:1:1")
    assert (first.status_code, first.json()) == (200, again.json()), "the body is no part of the key"
    no = pay(outside, empty, order("inv-2-1"), Idempotency_Key="charge:2:1")
    outside.post("/_control/toss/card", json={"customerKey": CUSTOMER, "behaviour": ""})
    assert code(pay(outside, empty, order("inv-2-1"), Idempotency_Key="charge:2:1")) == code(no)
    assert pay(outside, empty, order("inv-2-2"), Idempotency_Key="charge:2:2").status_code == 200
    too_long = pay(outside, key, order("inv-3-1"), Idempotency_Key="x" * 301)
    assert code(too_long) == (400, "INVALID_IDEMPOTENCY_KEY")


def test_a_repeated_issue_gives_the_same_billing_key_though_none_is_stored(outside: Outside) -> None:
    body = {"authKey": auth_key(outside, CUSTOMER), "customerKey": CUSTOMER}
    path = "/billing/authorizations/issue"
    first, again = (call(outside, "POST", path, body, Idempotency_Key="card:1").json() for _ in range(2))
    assert first == again
    assert pay(outside, first["billingKey"], order("inv-1-1")).status_code == 200


def test_while_a_charge_is_at_work_its_key_is_busy(outside: Outside) -> None:
    key = billing(outside, behaviour="slow")
    outside.post("/_control/toss/card", json={"customerKey": CUSTOMER, "behaviour": "slow:0.8"})
    with ThreadPoolExecutor(4) as pool:
        tries = [pool.submit(pay, outside, key, order("inv-1-1"), Idempotency_Key="charge:1:1") for _ in range(4)]
        answers = [done.result() for done in tries]
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert {answer.json().get("code") for answer in answers} == {None, "IDEMPOTENT_REQUEST_PROCESSING"}
    assert pay(outside, key, order("inv-1-1"), Idempotency_Key="charge:1:1").status_code == 200
    assert len(outside.get("/_control/toss").json()["payments"]) == 1


@pytest.mark.skipif(not SHARED.exists(), reason="the shared vectors are not on this machine")
def test_a_test_code_plays_every_error_of_the_shared_table(outside: Outside) -> None:
    table = json.loads(SHARED.read_text())["toss_errors"]["codes"]
    wrong = []
    for row in table:
        answer = call(outside, "GET", "/payments/orders/inv-1-1", TossPayments_Test_Code=row["code"])
        if code(answer) != (row["http"] or 400, row["code"]) or not answer.json()["message"]:
            wrong.append(row["code"])
    assert wrong == []
    assert code(call(outside, "GET", "/payments/x", TossPayments_Test_Code="NO")) == (400, "INVALID_TEST_CODE")


def test_money_is_given_back_in_parts_until_nothing_is_left(outside: Outside) -> None:
    paid = pay(outside, billing(outside), order("inv-1-1", 11000)).json()
    path = f"/payments/{paid['paymentKey']}/cancel"
    part = call(outside, "POST", path, {"cancelReason": "감액", "cancelAmount": 4000}, Idempotency_Key="refund:1")
    same = call(outside, "POST", path, {"cancelReason": "감액", "cancelAmount": 4000}, Idempotency_Key="refund:1")
    assert part.json() == same.json()
    said = part.json()
    assert (said["status"], said["balanceAmount"], said["totalAmount"]) == ("PARTIAL_CANCELED", 7000, 11000)
    (cancel,) = said["cancels"]
    assert (cancel["cancelAmount"], cancel["refundableAmount"], cancel["cancelReason"]) == (4000, 7000, "감액")
    assert (said["suppliedAmount"], said["vat"]) == (6364, 636)
    assert code(call(outside, "POST", path, {"cancelAmount": 1})) == (400, "INVALID_REQUIRED_PARAM")
    more = call(outside, "POST", path, {"cancelReason": "x", "cancelAmount": 7001})
    assert code(more) == (403, "NOT_CANCELABLE_AMOUNT")
    rest = call(outside, "POST", path, {"cancelReason": "해지"}).json()
    assert (rest["status"], rest["balanceAmount"], len(rest["cancels"])) == ("CANCELED", 0, 2)
    assert code(call(outside, "POST", path, {"cancelReason": "x"})) == (400, "ALREADY_CANCELED_PAYMENT")


def test_a_deleted_billing_key_is_gone(outside: Outside) -> None:
    key = billing(outside)
    assert call(outside, "DELETE", f"/billing/{quote(key, safe='')}").status_code == 200
    assert code(call(outside, "DELETE", f"/billing/{quote(key, safe='')}")) == (400, "ALREADY_REMOVED_BILLING_KEY")
    assert code(pay(outside, key, order("inv-1-1"))) == (400, "ALREADY_REMOVED_BILLING_KEY")


class Listener(BaseHTTPRequestHandler):
    """The portal's ear, which is deaf at first."""

    heard: list[tuple[dict[str, str], dict[str, Any]]]
    answers: list[int]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.answers.pop(0) if self.answers else 200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass


def test_a_cancel_is_told_and_told_again_until_it_is_heard(outside: Outside) -> None:
    Listener.heard, Listener.answers = [], [500]
    server = HTTPServer(("127.0.0.1", 0), Listener)
    listening = threading.Thread(target=server.serve_forever)
    listening.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/webhooks/toss"
        assert outside.post("/_control/toss/target", json={"url": url}).json() == {"target": url}
        assert outside.post("/_control/toss/target", json={"url": "https://example.com"}).status_code == 400
        paid = pay(outside, billing(outside), order("inv-1-1")).json()
        call(outside, "POST", f"/payments/{paid['paymentKey']}/cancel", {"cancelReason": "해지"})
        outside.until(lambda: len(Listener.heard) == 1)
        outside.until(lambda: outside.get("/_control/toss").json()["messages"][0]["tried"] == 1)
        assert outside.post("/_control/toss/tick").json() == {"tried": 0, "delivered": 0}, "not due for a minute"
        with sqlite3.connect(outside.folder / "sandbox" / "sandbox.db") as rows:
            rows.execute("UPDATE toss_news SET next_at = made_at")
        rows.close()
        assert outside.post("/_control/toss/tick").json() == {"tried": 1, "delivered": 1}
        assert outside.post("/_control/toss/tick").json() == {"tried": 0, "delivered": 0}
    finally:
        server.shutdown()
        server.server_close()
        listening.join()
    (first, body), (second, _) = Listener.heard
    assert body["eventType"] == "PAYMENT_STATUS_CHANGED"
    assert (body["data"]["orderId"], body["data"]["status"]) == ("inv-1-1", "CANCELED")
    number = "tosspayments-webhook-transmission-id"
    assert first[number] == second[number]
    assert [head["tosspayments-webhook-transmission-retried-count"] for head in (first, second)] == ["0", "1"]


def test_no_secret_is_in_the_ledger_or_in_the_file(outside: Outside) -> None:
    auth = auth_key(outside, CUSTOMER)
    body = {"authKey": auth, "customerKey": CUSTOMER}
    key = call(outside, "POST", "/billing/authorizations/issue", body, Idempotency_Key="card:1").json()["billingKey"]
    pay(outside, key, order("inv-1-1"), Idempotency_Key="charge:1:1")
    call(outside, "POST", "/billing/authorizations/card", {"cardNumber": "4330129988771234", "cardPassword": "12"})
    call(outside, "DELETE", f"/billing/{quote(key, safe='')}")
    ledger = outside.get("/_control/ledger?service=toss").text
    kept = b"".join(path.read_bytes() for path in (outside.folder / "sandbox").iterdir())
    digits = NUMBER.replace(" ", "")
    coded = base64.b64encode(f"{SECRET}:".encode()).decode()
    for secret in (auth, key, quote(key, safe=""), digits, digits[:12], SECRET, coded, '"12"'):
        assert secret not in ledger, secret
        assert secret == '"12"' or secret.encode() not in kept, secret
    charges = [row for row in json.loads(ledger) if row["path"].startswith("/toss/v1/billing/sha256:")]
    assert [row["method"] for row in charges] == ["POST", "DELETE"]
    assert charges[0]["path"] == charges[1]["path"], "the same key has the same digest"


def test_the_window_leads_back_through_the_portals_address(outside: Outside) -> None:
    page = outside.get("/toss/window", params=asked(CUSTOMER), headers={"X-Forwarded-Prefix": "/sandbox"})
    assert 'action="/sandbox/toss/window"' in page.text
    assert BACK.replace("&", "&amp;") in page.text
