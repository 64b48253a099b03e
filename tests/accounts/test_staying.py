"""Staying signed in while Redis is emptied, or away: the device's row lets a session be made anew."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from redis.exceptions import TimeoutError as RedisTimeoutError
from sqlalchemy import select, update

from portal import create_app
from portal.accounts import device_keys, limits, service
from portal.accounts.models import Device, DeviceKey
from portal.core import db, sessions
from portal.core.clock import now
from portal.core.db import write
from portal.core.redis import redis
from tests.accounts import conftest
from tests.accounts.conftest import NEW_WORD, SECRET, WORD, add_person, cookie, environment, is_in, sign_in
from tests.engines import RedisServer, wait_for


@pytest.fixture
def emptied(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        yield client


def key_of(client: FlaskClient) -> str:
    found = client.get_cookie("planroom-key")
    return found.value if found else ""


def carry(client: FlaskClient, app: Flask) -> FlaskClient:
    """The same browser at another server, or all its cookies in somebody else's hands."""
    other = conftest.carry(client, app)
    other.set_cookie("planroom-key", key_of(client))
    return other


def test_a_person_stays_signed_in_when_redis_is_emptied_on_every_server(
    client: FlaskClient, second_app: Flask, alice: int, emptied: Redis
) -> None:
    sign_in(client, "alice")
    before, key = cookie(client), key_of(client)
    emptied.flushall()
    assert is_in(client)
    assert cookie(client) != before
    assert key_of(client) != key
    assert is_in(carry(client, second_app))
    emptied.flushall()
    assert is_in(client)


def test_requests_at_once_get_one_session_and_one_key(
    client: FlaskClient, app: Flask, second_app: Flask, alice: int, emptied: Redis
) -> None:
    sign_in(client, "alice")
    emptied.flushall()
    browsers = [carry(client, server) for server in (app, second_app) * 4]
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(is_in, browsers))
    assert len({cookie(browser) for browser in browsers}) == 1
    assert len({key_of(browser) for browser in browsers}) == 1
    assert len(list(emptied.scan_iter(f"{sessions.PREFIX}*"))) == 1


def test_an_answer_that_never_arrived_signs_nobody_out(
    client: FlaskClient, app: Flask, alice: int, emptied: Redis
) -> None:
    sign_in(client, "alice")
    emptied.flushall()
    lost_answer = carry(client, app)
    assert is_in(lost_answer)  # its cookies never reach the browser
    emptied.flushall()
    assert is_in(client)
    assert key_of(client) == key_of(lost_answer)


def test_a_key_that_was_replaced_twice_opens_nothing(
    client: FlaskClient, app: Flask, alice: int, emptied: Redis
) -> None:
    sign_in(client, "alice")
    copied = carry(client, app)
    for _ in range(2):
        emptied.flushall()
        assert is_in(client)
    emptied.flushall()
    assert not is_in(copied)
    assert key_of(copied) == ""
    assert is_in(client)


def test_a_new_password_makes_copied_keys_worthless_and_keeps_its_own_device_in(
    client: FlaskClient, second_app: Flask, alice: int, emptied: Redis
) -> None:
    sign_in(client, "alice")
    copied = carry(client, second_app)
    answer = client.post("/me/password", data={"current": WORD, "password": NEW_WORD, "again": NEW_WORD})
    assert answer.status_code == 303
    assert not is_in(copied)
    emptied.flushall()
    assert is_in(client)


@pytest.mark.parametrize("end", ["sign out", "end from elsewhere", "disable", "idle", "too old", "another browser"])
def test_a_key_is_worth_no_more_than_its_device(  # noqa: PLR0913 - what it ends, and where
    app: Flask, client: FlaskClient, second_app: Flask, alice: int, emptied: Redis, end: str
) -> None:
    sign_in(client, "alice")
    copied = carry(client, second_app)
    with app.app_context():
        long_ago = now() - (sessions.IDLE if end == "idle" else sessions.ABSOLUTE) - timedelta(minutes=1)
        if end == "sign out":
            client.post("/sign-out")
            assert key_of(client) == ""
        elif end == "end from elsewhere":
            service.sign_out_others(alice, 0)
        elif end == "disable":
            with write() as session:
                service.disable(session, alice, by="person:9")
        elif end == "another browser":
            copied.set_cookie("planroom-device", "B" * 43)
        else:
            column = "seen_at" if end == "idle" else "created_at"
            with write() as session:
                session.execute(update(Device).values({column: long_ago}))
    emptied.flushall()
    assert not is_in(copied)


def test_a_remembered_device_outlives_idling_but_not_its_greatest_age(
    client: FlaskClient, app: Flask, alice: int, emptied: Redis
) -> None:
    client.post("/sign-in", data={"email": "alice@a.example", "password": WORD, "remember": "y"})
    emptied.flushall()  # what Redis does by itself to a session that idled
    with app.app_context(), write() as session:
        session.execute(update(Device).values(seen_at=now() - sessions.IDLE - timedelta(minutes=1)))
    assert is_in(client)
    for name in ("planroom", "planroom-key"):
        kept = client.get_cookie(name)
        assert kept is not None
        assert kept.max_age is not None or kept.expires is not None, name
    emptied.flushall()
    with app.app_context(), write() as session:
        session.execute(update(Device).values(created_at=now() - sessions.ABSOLUTE - timedelta(minutes=1)))
    assert not is_in(client)


def test_the_database_holds_no_key_only_its_digest(app: Flask, client: FlaskClient, alice: int) -> None:
    sign_in(client, "alice")
    secret = key_of(client).partition(".")[2]
    assert len(secret) == 43
    with app.app_context():
        row = db.db.session.scalars(select(DeviceKey)).one()
        assert secret not in str(row.__dict__)


@pytest.mark.parametrize(
    "key", ["", ".", "1", "1.", "1." + "A" * 43, "0.x", "99999999999.x", "가.나", "1." + "A" * 3000]
)
def test_a_made_up_key_is_anonymous_and_no_error(client: FlaskClient, alice: int, key: str) -> None:
    client.set_cookie("planroom-key", key)
    assert client.get("/me").status_code == 303
    assert client.get("/sign-in").status_code == 200


def test_made_up_keys_are_held_off(client: FlaskClient, alice: int) -> None:
    answers = []
    for _ in range(limits.WRONG_KEY.most + 1):
        client.set_cookie("planroom-key", "1." + "A" * 43)
        answers.append(client.get("/me").status_code)
    assert answers[-1] == 429
    assert set(answers[:-1]) == {303}


def test_a_device_that_makes_sessions_too_often_stays_in_without_one(
    client: FlaskClient, alice: int, emptied: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "REBUILD", limits.Limit("rebuild", 1, 600))
    sign_in(client, "alice")
    for expected in (1, 0):
        for key in emptied.scan_iter(f"{sessions.PREFIX}*"):
            emptied.delete(key)
        assert is_in(client)
        assert len(list(emptied.scan_iter(f"{sessions.PREFIX}*"))) == expected


def test_what_a_session_must_have_again_is_kept_with_the_device(
    app: Flask, client: FlaskClient, alice: int, emptied: Redis
) -> None:
    sign_in(client, "alice")
    with app.app_context():
        device_keys.keep(service.devices(alice)[0].id, tenant=42)
    emptied.flushall()
    assert is_in(client)
    with client.session_transaction() as kept:
        assert kept["tenant"] == 42


def test_redis_emptied_in_the_middle_of_traffic_signs_nobody_out_and_fails_no_page(
    app: Flask, second_app: Flask, alice: int, emptied: Redis
) -> None:
    people = [app.test_client() for _ in range(3)]
    for number, client in enumerate(people):
        add_person(app, f"p{number}")
        client.set_cookie("planroom-device", f"{number}" * 43)
        sign_in(client, f"p{number}")
    browsers = [carry(client, server) for client in people for server in (app, second_app)]
    answers: list[int] = []
    over = threading.Event()

    def look(client: FlaskClient) -> None:
        while not over.is_set():
            answers.append(client.get("/me").status_code)

    with ThreadPoolExecutor(len(browsers)) as pool:
        looking = [pool.submit(look, browser) for browser in browsers]
        for seen in (20, 60, 120):
            wait_for(lambda seen=seen: len(answers) >= seen, "there is traffic")
            emptied.flushall()
        wait_for(lambda: len(answers) >= 200, "it goes on")
        over.set()
        for one in looking:
            one.result()
    assert set(answers) == {200}


@pytest.fixture
def own_redis(engine_folder: Path) -> Iterator[RedisServer]:
    """One that the test may kill."""
    server = RedisServer(engine_folder / "staying").start()
    yield server
    server.stop()


@pytest.fixture
def own_app(tmp_path: Path, own_redis: RedisServer) -> Iterator[Flask]:
    made = create_app(environment(tmp_path, own_redis.url))
    with made.app_context():
        db.db.create_all()
    yield made
    db.dispose(made)


def test_with_redis_killed_people_stay_in_public_pages_go_on_and_nobody_waits(
    own_app: Flask, own_redis: RedisServer
) -> None:
    add_person(own_app, "alice")
    add_person(own_app, "rita", secret=SECRET)
    client, stranger = own_app.test_client(), own_app.test_client()
    sign_in(client, "alice")
    assert is_in(client)
    own_redis.stop(signal.SIGKILL)
    begun = time.monotonic()
    assert is_in(client)
    assert stranger.get("/sign-in").status_code == 200
    assert time.monotonic() - begun < 2  # two pages, and a wide margin for a busy machine
    assert sign_in(stranger, "rita") == 503  # the step between password and code needs a session
    assert (
        "로그인을 끝낼 수 없습니다"
        in stranger.post("/sign-in", data={"email": "rita@a.example", "password": WORD}).text
    )
    own_redis.start()
    wait_for(lambda: is_in(client), "the person is still in when Redis is back, and empty")
    assert cookie(client)


def test_a_redis_that_hangs_makes_nobody_wait_twice(own_app: Flask, own_redis: RedisServer) -> None:
    add_person(own_app, "alice")
    client = own_app.test_client()
    sign_in(client, "alice")
    assert own_redis.process
    own_redis.process.send_signal(signal.SIGSTOP)
    try:
        assert is_in(client)
        begun = time.monotonic()
        store = own_app.session_interface.store  # type: ignore[attr-defined]  # ours
        with pytest.raises(sessions.StoreGone):
            store.read("k")
        assert time.monotonic() - begun < 0.3
        begun = time.monotonic()
        with own_app.app_context():
            for _ in range(10):  # what a page may ask of it besides the session
                with pytest.raises(RedisTimeoutError):
                    redis().incr("limit")
                with pytest.raises(RedisTimeoutError), redis().pipeline() as several:
                    several.incr("limit")
                    several.execute()
        assert time.monotonic() - begun < 0.6  # the rest may just be over, once
    finally:
        own_redis.process.send_signal(signal.SIGCONT)
