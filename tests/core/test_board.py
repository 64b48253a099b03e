"""What web processes measure, how they lay it beside each other, and how Prometheus reads it."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis

from portal import create_app
from portal.core import board, db, gauges, sessions
from portal.core.db import write
from portal.core.gauges import Gauges, Watched
from portal.core.histogram import quantile
from portal.core.redis import connect
from portal.core.session_stores import StoreGone
from portal.core.settings import Settings
from portal.tenants import keys
from tests.engines import RedisServer, wait_for


class Fickle(sessions.MemoryStore):
    """A store that is away when told so."""

    away = False

    def read(self, key: str) -> bytes | None:
        if self.away:
            raise StoreGone
        return super().read(key)


@pytest.fixture
def client(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as made:
        yield made


@pytest.fixture
def app(tmp_path: Path, redis_url: str) -> Iterator[Flask]:
    made = create_app({"DATA_DIR": str(tmp_path), "SECRET_KEY": "k" * 40, "REDIS_URL": redis_url})
    with made.app_context():
        db.db.create_all()
    yield made
    db.dispose(made)


def test_every_answer_of_a_store_is_timed_and_its_silence_is_a_pause() -> None:
    found, store = Gauges(None), Fickle()
    watched = Watched(store, found)
    watched.create("k", b"1")
    watched.swap("k", b"1", b"2")
    assert watched.read("k") == b"2"
    assert (sum(found.reads.counts), sum(found.writes.counts)) == (1, 2)
    store.away = True
    with pytest.raises(StoreGone):
        watched.read("k")
    time.sleep(gauges.SHORTEST_PAUSE_SECONDS)
    with pytest.raises(StoreGone):
        watched.read("k")
    store.away = False
    watched.delete("k")
    watched.read("k")
    assert (found.gone, found.paused, found.away) == (2, 1, False)
    assert gauges.SHORTEST_PAUSE_SECONDS <= found.longest_pause < 5


def test_a_silence_that_nobody_could_notice_is_no_pause() -> None:
    found, store = Gauges(None), Fickle()
    watched = Watched(store, found)
    store.away = True
    with pytest.raises(StoreGone):
        watched.read("k")
    store.away = False
    watched.read("k")
    assert (found.gone, found.paused) == (1, 0)


def test_the_window_holds_what_came_since_the_earliest_reading_within_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Gauges(None)
    found.reads.note(1_000_000)
    assert sum(found.window().reads) == 1
    found.reads.note(1_000_000)
    assert sum(found.window().reads) == 2
    monkeypatch.setattr(gauges, "WINDOW_SECONDS", 0.0)
    assert sum(found.window().reads) == 0


def test_each_process_sees_the_figures_of_all(client: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = Gauges(None), Gauges(None)
    monkeypatch.setattr(Gauges, "name", property(lambda self: "a:1" if self is here else "b:2"))
    here.reads.note(3_000_000)
    there.pages.note(5_000_000)
    assert board.lay_down(here, client)
    assert board.lay_down(there, client)
    one, other = board.processes(client)
    assert (one.name, one.host, other.name) == ("a:1", "a", "b:2")
    assert quantile(one.window.reads, 0.5) == pytest.approx(0.003, rel=0.26)
    assert sum(other.total.pages) == 1


def test_a_process_that_is_silent_for_half_a_minute_is_gone_from_the_board(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.lay_down(Gauges(None), client)
    assert len(board.processes(client)) == 1
    monkeypatch.setattr(board, "GONE_SECONDS", -1)
    assert board.processes(client) == []
    assert client.hlen(board.BOARD) == 0


def test_a_pause_is_told_once_and_when_redis_is_back(engine_folder: Path) -> None:
    server = RedisServer(engine_folder / "board").start()
    client = connect(Settings.read({"REDIS_URL": server.url}))
    found = Gauges(client)
    watched = Watched(sessions.RedisStore(client), found)
    try:
        server.stop(signal.SIGKILL)
        with pytest.raises(StoreGone):
            watched.read("k")
        time.sleep(gauges.SHORTEST_PAUSE_SECONDS)
        assert not board.lay_down(found, client)
        server.start()
        wait_for(lambda: board.lay_down(found, client), "the board answers")  # nobody asks the store meanwhile
        assert (found.away, found.paused) == (False, 1)
        board.lay_down(found, client)
        board.lay_down(found, client)
        ((pause, who),) = board.pauses(client)
        assert (pause.seconds, who) == (found.longest_pause, found.name)
        assert not found.pauses
    finally:
        client.close()
        server.stop()


def test_a_page_costs_no_more_round_trips_for_being_measured(app: Flask, cut_off: Callable[[], None]) -> None:
    client = app.test_client()
    client.get("/sign-in")

    cut_off()
    before = sum(app.extensions["planroom.gauges"].pages.counts)
    assert client.get("/sign-in").status_code == 200
    assert sum(app.extensions["planroom.gauges"].pages.counts) == before + 1


def test_a_server_publishes_from_its_first_request_on(app: Flask, client: Redis) -> None:
    board.publish(app)
    assert client.hlen(board.BOARD) == 0
    app.test_client().get("/sign-in")
    wait_for(lambda: client.hlen(board.BOARD) == 1, "this process is on the board", 10)
    (one,) = board.processes(client)
    assert one.name == app.extensions["planroom.gauges"].name


LINE = re.compile(r'^[a-z_]+(\{([a-z]+="[^"\n]*",?)+\})? -?[0-9][0-9.e+-]*$')


def _key(app: Flask, scope: str) -> dict[str, str]:
    with app.app_context(), write() as session:
        _row, secret = keys.create(session, scope, tenant_id=None, label="감시", by="test")
    return {"Authorization": f"Bearer {secret}"}


def test_metrics_are_for_whoever_holds_a_key_for_them(app: Flask, client: Redis) -> None:
    browser = app.test_client()
    assert browser.get("/metrics").status_code == 401
    assert browser.get("/metrics", headers=_key(app, "usage")).status_code == 403
    board.lay_down(app.extensions["planroom.gauges"], client)
    answer = browser.get("/metrics", headers=_key(app, "metrics"))
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    assert all(LINE.match(line) for line in lines), [line for line in lines if not LINE.match(line)]
    assert any(line.startswith('planroom_check_ok{check="database"} 1') for line in lines)
    assert any(line.startswith('planroom_queue_waiting{queue="render"} 0') for line in lines)
    assert "planroom_outbox_waiting 0" in lines


def test_buckets_grow_to_the_count_and_each_name_is_told_of_once(app: Flask, client: Redis) -> None:
    found = app.extensions["planroom.gauges"]
    for nanoseconds in (5_000, 300_000, 2_000_000, 20_000_000_000):
        found.reads.note(nanoseconds)
    board.lay_down(found, client)
    text = app.test_client().get("/metrics", headers=_key(app, "metrics")).text
    named = re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)
    assert len(named) == len(set(named))
    buckets = [
        int(float(one)) for one in re.findall(r"^planroom_session_read_seconds_bucket\S+ (\S+)$", text, re.MULTILINE)
    ]
    assert buckets == sorted(buckets)
    assert (buckets[0], buckets[-2], buckets[-1]) == (1, 3, 4)


def test_metrics_of_this_process_are_told_while_redis_is_away(app: Flask, cut_off: Callable[[], None]) -> None:
    key = _key(app, "metrics")

    cut_off()
    text = app.test_client().get("/metrics", headers=key).text
    assert 'planroom_check_ok{check="redis"} 0' in text
    assert "planroom_page_seconds_count" in text
    assert "planroom_queue_waiting" not in text
