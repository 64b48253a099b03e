"""What no browser sends and somebody does: every answer is a sentence, and nothing falls over or opens."""

from __future__ import annotations

import re
from io import RawIOBase
from typing import TYPE_CHECKING

import pytest
from flask import request

from portal.core import gate

if TYPE_CHECKING:
    from tests.house.cast import House


class Endless(RawIOBase):
    """A body of zeros that never ends."""

    def __init__(self, head: bytes) -> None:
        self.head, self.read_bytes = head, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        assert self.read_bytes < 64 * 1024 * 1024, "this goes on for ever"
        count = min(len(buffer), 64 * 1024)
        buffer[:count] = (self.head + bytes(count))[:count]
        self.head = b""
        self.read_bytes += count
        return count


@pytest.mark.parametrize(
    "path",
    ["%2e%2e/_control/faults", "./_control/faults", "x/../_control/faults", "x%2f..%2f_control", "%2e/api/x", ".."],
)
def test_nobody_steers_the_outside_world_through_the_front_door(
    house: House, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("httpx.request", lambda method, url, **_: asked.append(f"{method} {url}"))
    answer = house.app.test_client().get(f"/sandbox/{path}")
    assert answer.status_code == 404
    assert asked == []


@pytest.mark.parametrize("number", ["9" * 20, "9" * 5000, "2147483648", "0", "-1", "%D9%A3"])
def test_a_number_no_row_can_have_is_absent_on_every_route(house: House, number: str) -> None:
    clients = {"member": house.client("alice"), "person": house.client("alice"), "staff": house.client("rita")}
    fell = []
    for rule in house.app.url_map.iter_rules():
        if "<int:" not in rule.rule:
            continue
        with house.app.app_context():
            kind = gate.access_of(house.app, rule.endpoint).kind  # type: ignore[union-attr]
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = clients[kind].open(re.sub(r"<int:\w+>", number, rule.rule), method=method)
            if answer.status_code not in {403, 404, 405}:
                fell.append((method, rule.rule, answer.status_code))
    assert fell == []


@pytest.mark.parametrize("written", ["9" * 30, "000000000001" + "9" * 4400, "\u0663", "\u00b2", "-5", "\x00"])
def test_numbers_in_a_query_may_be_anything(house: House, written: str) -> None:
    alice, rita = house.client("alice"), house.client("rita")
    query = dict.fromkeys(("page", "folder", "sheet", "before", "days", "version", "ids", "parent"), written)
    for client, path in (
        (alice, "/drawings"),
        (alice, "/drawings/1"),
        (alice, "/drawings/bin"),
        (alice, "/me/logins"),
        (alice, "/drawings/folders"),
        (rita, "/staff/applications"),
        (rita, "/staff/tenants"),
        (rita, "/staff/visits"),
        (rita, "/staff/work"),
    ):
        assert client.get(path, query_string=query).status_code == 200, path
    assert alice.post("/drawings/move", data={"ids": written, "to": written}).status_code == 422


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json"]
)
@pytest.mark.parametrize("path", ["/sign-in", "/apply", "/webhooks/toss", "/drawings/uploads", "/api/v1/usage/events"])
def test_strangers_are_not_read_megabytes_from(house: House, path: str, kind: str) -> None:
    sent = Endless(b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n')
    environ = {"wsgi.input": sent, "wsgi.input_terminated": True}  # as a chunked body comes
    answer = house.app.test_client().post(path, content_type=kind, environ_overrides=environ)
    assert answer.status_code in {200, 401, 413, 422}
    assert sent.read_bytes <= 2 * gate.LARGEST_FORM


def test_a_member_may_still_send_a_large_drawing(house: House) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="big.dxf"\r\n\r\n'
    body = head + b"A" * (gate.LARGEST_FORM + 1) + b"\r\n--x--\r\n"
    client = house.client("alice")
    answer = client.post("/drawings/uploads", data=body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 415, "read whole, and then found to be no drawing"


@pytest.mark.parametrize(
    "body",
    [
        b'{"eventType":"\\ud800","data":{"orderId":"\\ud800"}}',
        b'{"eventType":"\\u0000","data":{"orderId":"a\\u0000"}}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"data":{"orderId":{"a":1},"status":[1]}}',
        b'"\xff"',
        b"",
    ],
)
def test_the_webhook_takes_anything_and_believes_nothing(house: House, body: bytes) -> None:
    answer = house.app.test_client().post("/webhooks/toss", data=body, content_type="application/json")
    assert answer.status_code == 200


def test_a_nul_in_words_is_left_out_before_any_view_reads_them(house: House) -> None:
    with house.app.test_request_context("/?q=a%00b&ids=1&ids=%002", method="POST", data={"name\0": "x\0y", "z": "1"}):
        assert request.args.to_dict(flat=False) == {"q": ["ab"], "ids": ["1", "2"]}
        assert request.form.to_dict() == {"name": "xy", "z": "1"}
        assert request.values["q"] == "ab"


@pytest.mark.parametrize(
    "month", ["9999-12", "0001-01", "0000-00", "10000-01", "2026-13", "\u0662\u0660\u0662\u0666-01", "\0"]
)
def test_a_month_of_an_address_may_be_anything(house: House, month: str) -> None:
    alice, bill = house.client("alice"), house.client("bill")
    for client, path in (
        (alice, "/usage"),
        (alice, "/usage.csv"),
        (alice, "/usage/estimate"),
        (bill, "/staff/tenants/1/usage"),
        (bill, "/staff/billing/close"),
    ):
        assert client.get(path, query_string={"month": month}).status_code in {200, 404}, path
