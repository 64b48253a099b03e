"""A person's mistake and a bug get different pages, and neither tells what is inside."""

from __future__ import annotations

import re

from flask import Flask


def test_a_refusal_says_what_to_do(core_app: Flask) -> None:
    answer = core_app.test_client().get("/refused")
    assert answer.status_code == 409
    assert "그렇게는 할 수 없습니다." in answer.text
    assert "다르게 해 주십시오." in answer.text


def test_a_bug_shows_a_number_that_is_in_the_log_and_nothing_else(core_app: Flask, caplog: object) -> None:
    answer = core_app.test_client().get("/bug")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    number = re.search(r"<code>([0-9a-f]{8})</code>", answer.text)
    assert number
    assert number[1] in caplog.text  # type: ignore[attr-defined]


def test_a_fragment_gets_a_fragment(core_app: Flask) -> None:
    answer = core_app.test_client().get("/refused", headers={"HX-Request": "true", "HX-Target": "div#x"})
    assert "<html" not in answer.text
    assert "그렇게는 할 수 없습니다." in answer.text


def test_a_machine_gets_json(core_app: Flask) -> None:
    answer = core_app.test_client().get("/refused", headers={"Accept": "application/json"})
    assert answer.json["error"] == "그렇게는 할 수 없습니다."


def test_a_machine_gets_json_at_its_own_door_whatever_it_accepts(core_app: Flask) -> None:
    answer = core_app.test_client().get("/api/v1/absent", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json["error"]) == (404, "찾으시는 것이 없습니다.")


def test_every_answer_carries_the_headers(core_app: Flask) -> None:
    client = core_app.test_client()
    for path in ("/open", "/bug", "/refused", "/absent", "/static/favicon.svg"):
        headers = client.get(path, buffered=True).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in policy


def test_signed_in_pages_are_not_kept(core_app: Flask) -> None:
    answer = core_app.test_client().get("/me", headers={"X-Role": "owner"})
    assert answer.headers["Cache-Control"] == "no-store"
