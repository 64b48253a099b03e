"""One session on two servers that share Redis and the database: what ends on one has ended on both."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts import service
from portal.core import sessions
from portal.core.db import write
from portal.core.gate import access
from tests.accounts.conftest import NEW_WORD, WORD, carry, cookie, is_in, sign_in


def test_a_sign_in_holds_on_every_server(client: FlaskClient, second_app: Flask, alice: int) -> None:
    sign_in(client, "alice")
    assert is_in(carry(client, second_app))


def test_a_sign_out_ends_the_session_on_every_server(client: FlaskClient, second_app: Flask, alice: int) -> None:
    sign_in(client, "alice")
    there = carry(client, second_app)
    assert is_in(there)
    client.post("/sign-out")
    assert not is_in(there)


def test_disabling_acts_at_once_on_every_server(app: Flask, client: FlaskClient, second_app: Flask, alice: int) -> None:
    sign_in(client, "alice")
    there = carry(client, second_app)
    with app.app_context(), write() as session:
        service.disable(session, alice, by="person:9")
    assert not is_in(client)
    assert not is_in(there)


def test_a_new_password_ends_other_devices_on_every_server_and_renews_this_one(
    app: Flask, client: FlaskClient, second_app: Flask, alice: int
) -> None:
    sign_in(client, "alice")
    other = second_app.test_client()
    sign_in(other, "alice")
    before = carry(client, app)
    answer = client.post("/me/password", data={"current": WORD, "password": NEW_WORD, "again": NEW_WORD})
    assert answer.status_code == 303
    assert is_in(client)
    assert not is_in(other)
    assert not is_in(before)
    assert cookie(client) != cookie(before)


def test_signing_out_elsewhere_keeps_only_this_device(
    app: Flask, client: FlaskClient, second_app: Flask, alice: int
) -> None:
    others = [server.test_client() for server in (app, second_app)]
    for other in others:
        sign_in(other, "alice")
    sign_in(client, "alice")
    client.post("/me/devices/end-others")
    assert is_in(client)
    assert not any(is_in(other) for other in others)


def test_changed_rights_renew_the_id_on_the_next_request_and_the_old_one_is_dead(
    app: Flask, client: FlaskClient, second_app: Flask, alice: int
) -> None:
    sign_in(client, "alice")
    old = carry(client, second_app)
    with app.app_context(), write() as session:
        service.rights_changed(session, alice)
    assert is_in(client)
    assert cookie(client) != cookie(old)
    assert not is_in(old)


def test_a_request_in_flight_does_not_bring_a_session_back(app: Flask, second_app: Flask, alice: int) -> None:
    """A slow request on one server changes the session while another server signs the person out."""
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        assert go_on.wait(10)
        sessions.current["late"] = "change"  # type: ignore[attr-defined]
        return "done"

    app.add_url_rule("/slow", view_func=access("person")(slow))
    client = app.test_client()
    sign_in(client, "alice")
    slow_client, ending = carry(client, app), carry(client, second_app)
    waiting = threading.Thread(target=slow_client.get, args=("/slow",))
    waiting.start()
    assert begun.wait(10)
    assert ending.post("/sign-out").status_code == 303
    go_on.set()
    waiting.join(10)
    assert not is_in(carry(client, app))
    assert not is_in(carry(client, second_app))
    assert not is_in(slow_client)


def _races(app: Flask, second_app: Flask, alice: int, rounds: int) -> int:
    """How many of so many sign-outs were undone by a request that was under way on another server."""
    here, there = app.session_interface, second_app.session_interface
    assert isinstance(here, sessions.StrictSessions)
    assert isinstance(there, sessions.StrictSessions)
    undone = 0
    with app.app_context(), ThreadPoolExecutor(2) as pool:
        for number in range(rounds):
            key = here._get_store_id(f"race{number}")
            new = here.box.seal(key, {"person": alice})
            assert here.store.create(key, new.sealed)
            slow = there.session_class({"person": alice, "late": number}, sid=f"race{number}")
            slow.stored, slow.modified = new, True
            late = pool.submit(_saved, second_app, there, slow, key)
            ended = pool.submit(here.store.delete, key)
            late.result(), ended.result()
            undone += here.store.read(key) is not None
    return undone


def _saved(app: Flask, interface: sessions.StrictSessions, session: sessions.StrictSession, key: str) -> None:
    with app.app_context():
        interface._upsert_session(sessions.ABSOLUTE, session, key)


def test_no_sign_out_is_undone_by_a_request_under_way(app: Flask, second_app: Flask, alice: int) -> None:
    assert _races(app, second_app, alice, 200) == 0


@pytest.mark.slow
def test_ten_thousand_sign_outs_are_not_undone_by_requests_under_way(app: Flask, second_app: Flask, alice: int) -> None:
    assert _races(app, second_app, alice, 10_000) == 0
