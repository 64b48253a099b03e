"""Sessions that stay dead, hold nothing executable, and hurry nobody when their store is gone. Same tests, every store."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.core import sessions
from portal.core.redis import PUSHES, connect
from portal.core.settings import Settings
from tests.engines import wait_for


@pytest.fixture(params=["memory", "database", "redis", "redis with a near cache"])
def interface(request: pytest.FixtureRequest, core_app: Flask, settings: Settings) -> Iterator[sessions.StrictSessions]:
    """Every store, and Redis with a near cache before it."""
    kind, _, cached = request.param.partition(" ")
    box, near = sessions.Box(settings.secret_key), None
    store: sessions.Store = sessions.MemoryStore() if kind == "memory" else sessions.DatabaseStore()
    if kind == "redis":
        url = Settings.read({"REDIS_URL": request.getfixturevalue("redis_url")})
        store = sessions.RedisStore(connect(url))
        near = sessions.Near(connect(url, protocol=PUSHES), sessions.PREFIX) if cached else None
    if near is not None:
        near.get("")  # from the first question on it has a line
        wait_for(lambda: near.listening, "the near cache has its line")
    core_app.session_interface = sessions.StrictSessions(core_app, store, box, near)
    yield core_app.session_interface
    if near is not None:
        near.close()


@pytest.fixture
def store(interface: sessions.StrictSessions) -> sessions.Store:
    return interface.store


@pytest.fixture
def client(core_app: Flask, interface: sessions.StrictSessions) -> FlaskClient:
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


def opened(core_app: Flask, interface: sessions.StrictSessions, sid: str) -> sessions.StrictSession:
    """The session of a request that is under way."""
    environ = {"HTTP_COOKIE": f"planroom={sid}", "REQUEST_METHOD": "GET"}
    return interface.open_session(core_app, core_app.request_class(environ))


def save(core_app: Flask, interface: sessions.StrictSessions, session: sessions.StrictSession) -> None:
    with core_app.test_request_context():
        interface.save_session(core_app, session, core_app.response_class())


def test_a_request_in_flight_does_not_bring_an_ended_session_back(
    client: FlaskClient, core_app: Flask, interface: sessions.StrictSessions
) -> None:
    client.post("/put/x")
    sid = cookie(client)
    slow = opened(core_app, interface, sid)
    slow["more"] = 1
    client.post("/end")
    save(core_app, interface, slow)
    client.set_cookie("planroom", sid)
    assert client.get("/get").text == "None"


def test_requests_at_once_that_change_different_things_lose_none(
    client: FlaskClient, core_app: Flask, interface: sessions.StrictSessions
) -> None:
    client.post("/put/x")
    sid = cookie(client)
    at_once = [opened(core_app, interface, sid) for _ in range(50)]
    for number, session in enumerate(at_once):
        session[f"key{number}"] = number
    at_once[0].pop("value")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda session: save(core_app, interface, session), at_once))
    kept = dict(opened(core_app, interface, sid))
    assert kept == {f"key{number}": number for number in range(50)}


def test_reading_a_session_writes_nothing(client: FlaskClient) -> None:
    client.post("/put/x")
    assert "Set-Cookie" not in client.get("/get").headers


def test_a_session_in_use_is_written_every_ten_minutes_so_that_it_does_not_idle(
    client: FlaskClient, core_app: Flask, interface: sessions.StrictSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post("/put/x")
    before = opened(core_app, interface, cookie(client)).stored
    client.get("/get")
    assert opened(core_app, interface, cookie(client)).stored == before
    monkeypatch.setattr(sessions, "TOUCH_SECONDS", -1)
    client.get("/get")
    after = opened(core_app, interface, cookie(client))
    assert after.stored is not None
    assert after.stored != before
    assert dict(after) == {"value": "x"}


def test_the_store_sees_neither_the_session_id_nor_what_it_holds(client: FlaskClient, store: sessions.Store) -> None:
    client.post("/put/김철수")
    assert store.read(cookie(client)) is None
    rows = dict(store.rows())
    assert len(rows) == 1
    assert cookie(client) not in rows
    assert "김철수".encode() not in next(iter(rows.values()))


def plant(interface: sessions.StrictSessions, sid: str, value: bytes) -> None:
    """Put bytes under a session's key, as somebody could who reaches the store."""
    key = interface._get_store_id(sid)
    was = interface.store.read(key)
    assert was is not None
    assert interface.store.swap(key, was, value) == value


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('the pickle was run')",)


@pytest.mark.parametrize("kind", ["pickle", "plain msgpack", "one bit", "cut", "empty"])
def test_planted_and_tampered_values_make_an_anonymous_session_and_no_error(
    client: FlaskClient, interface: sessions.StrictSessions, kind: str
) -> None:
    client.post("/put/x")
    real = dict(interface.store.rows())[interface._get_store_id(cookie(client))]
    planted = {
        "pickle": pickle.dumps(Bomb()),
        "plain msgpack": msgspec.msgpack.encode({"value": "planted"}),
        "one bit": real[:-1] + bytes([real[-1] ^ 1]),
        "cut": real[:-3],
        "empty": b"",
    }
    plant(interface, cookie(client), planted[kind])
    answer = client.get("/get")
    assert (answer.status_code, answer.text) == (200, "None")
    assert client.post("/put/anew").status_code == 200
    assert client.get("/get").text == "anew"


def test_another_sessions_bytes_do_not_open(
    client: FlaskClient, core_app: Flask, interface: sessions.StrictSessions
) -> None:
    victim = core_app.test_client()
    victim.post("/put/secret")
    client.post("/put/mine")
    plant(interface, cookie(client), dict(interface.store.rows())[interface._get_store_id(cookie(victim))])
    assert client.get("/get").text == "None"
    assert victim.get("/get").text == "secret"


def test_a_session_that_holds_a_word_is_found_and_ended(client: FlaskClient, core_app: Flask) -> None:
    other = core_app.test_client()
    client.post("/put/한빛건설")
    other.post("/put/other")
    assert sessions.forget(["한빛건설"]) == 1
    assert client.get("/get").text == "None"
    assert other.get("/get").text == "other"


def test_static_files_do_not_ask_the_store(
    client: FlaskClient, interface: sessions.StrictSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post("/put/x")
    asked: list[str] = []
    monkeypatch.setattr(interface.store, "read", asked.append)
    assert client.get("/static/favicon.svg", buffered=True).status_code == 200
    assert asked == []


def test_with_redis_gone_open_pages_go_on_and_quickly(core_app: Flask, settings: Settings, tmp_path: object) -> None:
    gone = sessions.RedisStore(connect(Settings.read({"REDIS_URL": f"unix://{tmp_path}/nobody.sock"})))
    core_app.session_interface = sessions.StrictSessions(core_app, gone, sessions.Box(settings.secret_key))
    client = core_app.test_client()
    client.set_cookie("planroom", "B" * sessions.ID_LENGTH)
    assert client.get("/open").status_code == 200
    answer = client.get("/rooms")
    assert answer.status_code == 503
    assert "잠시" in answer.text
