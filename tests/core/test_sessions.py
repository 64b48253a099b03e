"""Sessions that stay dead, hold nothing executable, and hurry nobody when their store is gone. Same tests, every store."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.core import sessions
from portal.core.redis import connect
from portal.core.settings import Settings


@pytest.fixture(params=["memory", "database", "redis"])
def store(request: pytest.FixtureRequest, core_app: Flask) -> Iterator[sessions.Store]:
    if request.param == "memory":
        yield sessions.MemoryStore()
    elif request.param == "database":
        yield sessions.DatabaseStore()
    else:
        url = request.getfixturevalue("redis_url")
        client = connect(Settings.read({"REDIS_URL": url}))
        client.flushdb()
        yield sessions.RedisStore(client)


@pytest.fixture
def client(core_app: Flask, store: sessions.Store) -> FlaskClient:
    core_app.session_interface = sessions.StrictSessions(core_app, store)
    return core_app.test_client()


def cookie(client: FlaskClient) -> str:
    found = client.get_cookie("planroom")
    return found.value if found else ""


def test_what_was_put_is_there_in_the_next_request(client: FlaskClient) -> None:
    client.post("/put/한글")
    assert client.get("/get").text == "한글"


def test_signing_in_renews_the_id_and_the_old_one_is_dead(client: FlaskClient, core_app: Flask) -> None:
    client.post("/put/first")
    old = cookie(client)
    client.post("/put/second")
    assert cookie(client) != old
    thief = core_app.test_client()
    thief.set_cookie("planroom", old)
    assert thief.get("/get").text == "None"


def test_an_id_of_somebodys_own_choosing_is_not_adopted(client: FlaskClient) -> None:
    chosen = "A" * sessions.ID_LENGTH
    client.set_cookie("planroom", chosen)
    client.post("/put/x")
    assert cookie(client) != chosen


def test_a_request_in_flight_does_not_bring_an_ended_session_back(client: FlaskClient, core_app: Flask) -> None:
    client.post("/put/x")
    sid = cookie(client)
    interface = core_app.session_interface
    assert isinstance(interface, sessions.StrictSessions)
    slow = interface.open_session(
        core_app, core_app.request_class({"HTTP_COOKIE": f"planroom={sid}", "REQUEST_METHOD": "GET"})
    )
    slow["more"] = 1
    client.post("/end")
    with core_app.test_request_context():
        interface.save_session(core_app, slow, core_app.response_class())
    client.set_cookie("planroom", sid)
    assert client.get("/get").text == "None"


def test_reading_a_session_writes_nothing(client: FlaskClient) -> None:
    client.post("/put/x")
    assert "Set-Cookie" not in client.get("/get").headers


def test_the_store_never_sees_the_session_id(client: FlaskClient, store: sessions.Store) -> None:
    client.post("/put/x")
    assert store.read(cookie(client)) is None


def test_a_planted_pickle_is_not_run(client: FlaskClient, store: sessions.Store, core_app: Flask) -> None:
    client.post("/put/x")
    interface = core_app.session_interface
    assert isinstance(interface, sessions.StrictSessions)
    assert store.write(interface._get_store_id(cookie(client)), pickle.dumps({"value": "planted"}), "update")
    assert client.get("/get").text == "None"


def test_static_files_do_not_ask_the_store(
    client: FlaskClient, core_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post("/put/x")
    interface = core_app.session_interface
    assert isinstance(interface, sessions.StrictSessions)
    asked: list[str] = []
    monkeypatch.setattr(interface.store, "read", asked.append)
    assert client.get("/static/favicon.svg", buffered=True).status_code == 200
    assert asked == []


def test_with_redis_gone_open_pages_go_on_and_quickly(core_app: Flask, settings: Settings, tmp_path: object) -> None:
    gone = sessions.RedisStore(connect(Settings.read({"REDIS_URL": f"unix://{tmp_path}/nobody.sock"})))
    core_app.session_interface = sessions.StrictSessions(core_app, gone)
    client = core_app.test_client()
    client.set_cookie("planroom", "B" * sessions.ID_LENGTH)
    assert client.get("/open").status_code == 200
    answer = client.get("/rooms")
    assert answer.status_code == 503
    assert "잠시" in answer.text
