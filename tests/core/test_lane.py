"""The short way to Redis: the same answers and errors as redis-py's, and nobody gets what was meant for another."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import NoScriptError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from portal.core import lane as lanes
from portal.core.lane import Lane
from portal.core.redis import PUSHES, REST_SECONDS, connect
from portal.core.settings import Settings
from tests.engines import RedisServer


@pytest.fixture(params=["pages", "pages, in RESP3", "worker"])
def client(request: pytest.FixtureRequest, redis_url: str) -> Iterator[Redis]:
    kind = request.param
    made = connect(
        Settings.read({"REDIS_URL": redis_url}), patient=kind == "worker", protocol=PUSHES if "RESP3" in kind else None
    )
    yield made
    made.close()


def connections(client: Redis) -> set[str]:
    """Everybody's, also what earlier tests may have left."""
    return {one["id"] for one in client.client_list()}


def test_answers_are_what_redis_py_gives(client: Redis) -> None:
    lane = Lane(client)
    large = os.urandom(300_000)
    assert lane.ask("SET", "large", large) in (b"OK", True)  # the one that redis-py makes something else of
    for words in (
        ("GET", "large"),
        ("GET", "nothing"),
        ("EXISTS", "large"),
        ("MGET", "large", "nothing"),
        ("STRLEN", "large"),
    ):
        assert lane.ask(*words) == client.execute_command(*words)
    assert lane.ask("GET", b"large") == large


def test_errors_are_redis_py_s_own_and_the_next_question_has_its_own_answer(client: Redis) -> None:
    lane = Lane(client)
    client.set("word", "said")
    with pytest.raises(NoScriptError):
        lane.ask("EVALSHA", "0" * 40, 0)
    with pytest.raises(ResponseError):
        lane.ask("INCR", "word")
    assert lane.ask("GET", "word") == b"said"


def test_a_connection_is_held_and_after_a_cut_one_asks_again(client: Redis) -> None:
    lane = Lane(client)
    client.set("word", "said")
    before = connections(client)
    for _ in range(50):
        assert lane.ask("GET", "word") == b"said"
    assert len(connections(client) - before) <= 1
    for _ in range(3):
        client.client_kill_filter(_type="normal", skipme=True)
        assert [lane.ask("GET", "word") for _ in range(3)] == [b"said"] * 3
    client.connection_pool.disconnect()
    assert lane.ask("GET", "word") == b"said"


def test_many_threads_each_get_their_own_answer(client: Redis) -> None:
    lane = Lane(client)
    client.mset({f"word {at}": f"{at}" * (1 + at * 900) for at in range(16)})

    def asked(at: int) -> bool:
        return all(lane.ask("GET", f"word {at}") == (f"{at}" * (1 + at * 900)).encode() for _ in range(200))

    before = connections(client)
    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(asked, range(16)))
    assert len(connections(client) - before) <= 16


def test_one_unused_for_long_or_to_another_master_is_not_trusted(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = Lane(client)
    client.set("word", "said")
    assert lane.ask("GET", "word") == b"said"
    monkeypatch.setattr(lanes, "CHECK_SECONDS", 0.0)
    assert lane.ask("GET", "word") == b"said"
    monkeypatch.undo()
    monkeypatch.setattr(type(client.connection_pool), "owns_connection", lambda _pool, _connection: False)
    assert [lane.ask("GET", "word") for _ in range(3)] == [b"said"] * 3


def test_a_forked_process_has_its_own(client: Redis) -> None:
    lane = Lane(client)
    client.mset({"mine": "mine", "yours": "yours"})
    assert lane.ask("GET", "mine") == b"mine"
    if not (child := os.fork()):
        right = False
        try:
            right = all(lane.ask("GET", "yours") == b"yours" for _ in range(500))
        finally:
            os._exit(0 if right else 1)
    assert all(lane.ask("GET", "mine") == b"mine" for _ in range(500))
    assert os.waitpid(child, 0)[1] == 0


def test_what_comes_too_late_is_nobodys_answer_and_all_of_the_process_rest(engine_folder: Path, tmp_path: Path) -> None:
    server = RedisServer(engine_folder / f"late-{tmp_path.name[-3:]}").start()
    client = connect(Settings.read({"REDIS_URL": server.url}))
    lane, other = Lane(client), Lane(client)
    client.mset({"mine": "mine", "yours": "yours"})
    assert (lane.ask("GET", "mine"), other.ask("GET", "yours")) == (b"mine", b"yours")
    assert server.process
    server.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(RedisTimeoutError):
            lane.ask("GET", "yours")
        begun = time.monotonic()
        with pytest.raises(RedisTimeoutError):
            other.ask("GET", "yours")
        assert time.monotonic() - begun < REST_SECONDS / 2, "the other one has waited, too"
    finally:
        server.process.send_signal(signal.SIGCONT)
    time.sleep(REST_SECONDS)
    assert [lane.ask("GET", "mine") for _ in range(3)] == [b"mine"] * 3
    client.close()
    server.stop()
