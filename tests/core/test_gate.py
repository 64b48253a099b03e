"""The gate refuses what is not granted, to whoever asks and however it is asked."""

from __future__ import annotations

import pytest
from flask import Flask, request

from portal.core import asked, gate

ALICE = {"X-Role": "owner"}
VERA = {"X-Role": "viewer"}
RITA = {"X-Staff": "reviewer"}
BILL = {"X-Staff": "billing"}

WHO = {"nobody": {}, "owner": ALICE, "viewer": VERA, "reviewer": RITA, "billing": BILL}
MAY = {
    "/open": {"nobody", "owner", "viewer", "reviewer", "billing"},
    "/me": {"owner", "viewer", "reviewer", "billing"},
    "/rooms": {"owner", "viewer"},
    "/owners": {"owner"},
    "/staff": {"reviewer", "billing"},
    "/bills": {"billing"},
    "/api": set(),
}


@pytest.mark.parametrize("path", MAY)
@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_only_those_granted_come_in(core_app: Flask, path: str, who: str, method: str) -> None:
    answer = core_app.test_client().open(path, method=method, headers=WHO[who])
    assert (answer.status_code == 200) == (who in MAY[path])
    if who not in MAY[path]:
        assert answer.status_code in {303, 401, 403}
        assert "in as" not in answer.text


def test_an_anonymous_page_leads_to_sign_in_and_back(core_app: Flask) -> None:
    answer = core_app.test_client().get("/rooms?q=1")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/sign-in?next=%2Frooms%3Fq%3D1"


def test_an_anonymous_fragment_sends_the_whole_browser_to_sign_in(core_app: Flask) -> None:
    answer = core_app.test_client().get("/rooms", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == "/sign-in"


def test_a_key_opens_what_its_scope_names(core_app: Flask) -> None:
    client = core_app.test_client()
    assert client.post("/api", headers={"Authorization": "Bearer good-key"}).status_code == 200
    assert client.post("/api", headers={"Authorization": "Bearer bad-key"}).status_code == 401
    assert client.post("/api", headers={"Authorization": "Basic good-key"}).status_code == 401


def test_a_company_that_may_only_look_may_not_change_but_may_export(core_app: Flask) -> None:
    client, looking = core_app.test_client(), ALICE | {"X-Read-Only": "이용이 제한되었습니다."}
    assert client.get("/rooms", headers=looking).status_code == 200
    refused = client.post("/rooms", headers=looking)
    assert refused.status_code == 403
    assert "이용이 제한되었습니다." in refused.text
    assert client.post("/export", headers=looking).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://localhost"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403),
    ],
)
def test_what_another_site_makes_a_browser_send_is_refused(
    core_app: Flask, headers: dict[str, str], status: int
) -> None:
    assert core_app.test_client().post("/me", headers=ALICE | headers).status_code == status


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "8.8.8.8", "a..b", "[::1", "x" * 70])
def test_a_host_of_somebody_elses_choosing_is_refused(core_app: Flask, host: str) -> None:
    assert core_app.test_client().get("/open", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "192.168.0.7:8000", "[::1]:8000"])
def test_embedded_answers_on_this_machine_and_its_network(core_app: Flask, host: str) -> None:
    assert core_app.test_client().get("/open", headers={"Host": host}).status_code == 200


def test_a_route_that_says_nothing_stops_the_start(core_app: Flask) -> None:
    app = Flask("silent")
    app.add_url_rule("/silent", "silent", lambda: "x")
    with pytest.raises(RuntimeError, match="silent"):
        gate.check_complete(app)


def test_two_routes_for_one_request_stop_the_start() -> None:
    app = Flask("twice", static_folder=None)
    for name in ("first", "second"):
        app.add_url_rule("/room", name, gate.access("public")(lambda: "x"), methods=["POST"])
    with pytest.raises(RuntimeError, match="POST /room"):
        gate.check_complete(app)


def test_the_access_table_lists_every_route_and_method(core_app: Flask) -> None:
    rows = gate.rules(core_app)
    assert {"rule": "/bills", "method": "POST", "endpoint": "bills", "access": "staff", "roles": ["billing"]} in rows
    assert {row["rule"] for row in rows} == {rule.rule for rule in core_app.url_map.iter_rules()}


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"a=" + b"b" * (3 * 1024 * 1024), 413), (b"a&" * 100_000, 413), (b"a=" + b"b" * 100_000, 200)],
)
def test_a_plain_form_is_short_also_where_large_files_may_come(core_app: Flask, body: bytes, status: int) -> None:
    """It is read whole, and each of its fields costs; files come in parts."""
    core_app.request_class = asked.Request

    @core_app.post("/files")
    @gate.access("public", largest=1024**3)
    def files() -> str:
        return str(len(request.form))

    answer = core_app.test_client().post("/files", data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == status
