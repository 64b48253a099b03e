"""The near cache: no round trip on a hit, never a stale answer, and nothing from it while it cannot hear."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis.connection import AbstractConnection

from portal.core import near, sessions
from portal.core.redis import PUSHES, Resting, connect
from portal.core.session_box import Opened
from portal.core.session_stores import END, SWAP
from portal.core.settings import Settings
from tests.engines import RedisServer, wait_for

#: Seconds for which the kernel of a busy machine may hold one connection back and not the other (docs/decisions/012).
HELD_BACK = 0.05


class House:
    """A store, a near cache before it, and how often the store was asked."""

    def __init__(self, url: str, **bounds: float) -> None:
        settings = Settings.read({"REDIS_URL": url})
        self.client = connect(settings)
        self.store = sessions.RedisStore(self.client)
        self.box = sessions.Box("s" * 40)
        self.near = sessions.Near(connect(settings, protocol=PUSHES), sessions.PREFIX, **bounds)
        self.interface = sessions.StrictSessions(Flask("near"), self.store, self.box, self.near)
        self.near.get("")
        wait_for(lambda: self.near.listening, "the near cache has its line")

    def keep(self, key: str, value: object = 1) -> Opened:
        """A session in the store, read once through the cache."""
        new = self.box.seal(key, {"value": value})
        assert self.store.create(key, new.sealed)
        time.sleep(0.05)  # its own push has come by then, whether it was taken in or not
        return self.read(key)

    def read(self, key: str) -> Opened:
        if (known := self.near.get(key)) is not None:
            return known
        word = self.near.expect(key)
        sealed = self.store.read(key)
        assert sealed is not None
        found = self.box.open(key, sealed)
        assert found is not None
        self.near.keep(key, word, found)
        return found

    def change(self, key: str, was: bytes | None) -> bytes | None:
        """Change the session as a page does; what stands there afterwards."""
        if was is None:
            return None
        return self.interface._swap(key, Opened(was, b"", 0), self.box.seal(key, {"value": os.urandom(4)}))


@pytest.fixture
def house(redis_url: str) -> Iterator[House]:
    made = House(redis_url)
    yield made
    made.near.close()


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """One entry for each message that goes out to Redis."""
    sent: list[object] = []
    send, exchange = AbstractConnection.send_packed_command, Resting.exchange

    def counted(self: AbstractConnection, command: object, *args: object, **options: object) -> None:
        if threading.current_thread() is threading.main_thread():  # another keeps the line
            sent.append(command)
        send(self, command, *args, **options)

    def counted_too(self: Resting, packed: bytes, take: Callable[[bytes], object]) -> None:
        sent.append(packed)
        exchange(self, packed, take)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", counted)
    monkeypatch.setattr(Resting, "exchange", counted_too)
    return sent


@pytest.fixture
def client(core_app: Flask, house: House) -> FlaskClient:
    core_app.session_interface = sessions.StrictSessions(core_app, house.store, house.box, house.near)
    return core_app.test_client()


def settled(client: FlaskClient, house: House) -> None:
    """The session is in the store, and the push of its writing has been taken in."""
    client.post("/put/x")
    time.sleep(0.1)
    house.near.get("")


def test_a_page_costs_one_round_trip_when_unknown_none_when_known_and_one_more_when_changed_or_touched(
    client: FlaskClient, house: House, trips: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(client, house)
    client.get("/change")  # a server learns the swap by its first use
    settled(client, house)

    def of(path: str) -> int:
        trips.clear()
        assert client.get(path).status_code == 200
        return len(trips)

    assert of("/get") == 1  # not known to this process yet
    assert of("/get") == 0  # known
    assert of("/change") == 1  # known, and changed
    time.sleep(0.1)  # Redis has told of the change by now
    assert of("/get") == 0  # this process knows what it has written itself
    monkeypatch.setattr(sessions, "TOUCH_SECONDS", -1)
    assert of("/get") == 1  # known, and touched
    trips.clear()
    assert client.get("/static/favicon.svg", buffered=True).status_code == 200
    assert trips == []


def test_money_and_rights_always_ask_the_store(client: FlaskClient, house: House, trips: list[object]) -> None:
    settled(client, house)
    for path, headers, asked in (
        ("/get", {}, 1),
        ("/get", {}, 0),
        ("/often", {"X-Role": "viewer"}, 0),
        ("/rooms", {"X-Role": "viewer"}, 1),
        ("/owners", {"X-Role": "owner"}, 1),
        ("/me", {"X-Role": "viewer"}, 1),
        ("/bills", {"X-Staff": "billing"}, 1),
    ):
        trips.clear()
        assert client.get(path, headers=headers).status_code == 200
        assert len(trips) == asked, path
    trips.clear()
    assert client.post("/often", headers={"X-Role": "viewer"}).status_code == 200
    assert len(trips) == 1


def test_where_the_store_is_asked_a_session_that_has_ended_is_not_believed(
    client: FlaskClient, house: House, core_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The push of its end is held up on the way; the page of money does not wait for it."""
    settled(client, house)
    client.get("/get")
    known = dict(house.near._rows)
    house.client.flushall()
    monkeypatch.setattr(house.near, "get", lambda key: known[key][0])
    assert client.get("/get").text == "x"
    answer = client.post("/said")
    assert answer.text == "None"


def test_what_another_process_has_changed_is_not_answered_from_memory(house: House, redis_url: str) -> None:
    assert _stale(house, redis_url, 1_000, HELD_BACK) == 0


@pytest.mark.slow
def test_twenty_thousand_acknowledged_writes_of_another_process_leave_no_stale_answer(
    house: House, redis_url: str
) -> None:
    assert _stale(house, redis_url, 20_000) == 0


WRITER = """
import sys
from redis import Redis
client, key = Redis.from_url(sys.argv[1]), sys.argv[2]
for line in sys.stdin.buffer:
    client.set(key, bytes.fromhex(line.decode()))
    sys.stdout.buffer.write(b"done\\n")
    sys.stdout.buffer.flush()
"""


def _stale(house: House, url: str, writes: int, grace: float = 0.0) -> int:
    """How many of so many answers were older than what another process had been told is written, `grace` seconds ago."""
    house.keep("k", 0)
    command = [sys.executable, "-c", WRITER, url, sessions.PREFIX + "k"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdin
        assert writer.stdout
        stale = 0
        for number in range(writes):
            house.read("k")
            writer.stdin.write(house.box.seal("k", {"value": number}).sealed.hex().encode() + b"\n")
            writer.stdin.flush()
            assert writer.stdout.readline() == b"done\n"
            stale += not _comes(lambda number=number: house.read("k").values() == {"value": number}, grace)
        writer.stdin.close()
    return stale


def _comes(right: Callable[[], bool], grace: float) -> bool:
    """Whether it is right at once, or before so many seconds are over."""
    if right():
        return True
    if not grace:
        return False
    wait_for(right, "what was acknowledged is known", grace)
    return True


def test_what_another_process_has_changed_last_is_not_taken_for_ones_own_change(house: House, redis_url: str) -> None:
    assert _own_and_theirs(house, redis_url, 500, HELD_BACK) == 0


@pytest.mark.slow
def test_twenty_thousand_changes_of_two_processes_at_once_leave_no_stale_answer(house: House, redis_url: str) -> None:
    assert _own_and_theirs(house, redis_url, 20_000) == 0


CHANGER = """
import os, sys
from redis import Redis
from portal.core.sessions import RedisStore
store, key = RedisStore(Redis.from_url(sys.argv[1])), sys.argv[2]
for line in sys.stdin.buffer:
    number, verb = int(line.split()[0]), line.split()[1]
    while True:
        stands = store.read(key)
        if verb == b"end":
            store.delete(key)
            break
        new = os.urandom(12) + b"theirs %d" % number
        if stands is None or store.swap(key, stands, new) == new:
            break
    sys.stdout.buffer.write(b"done\\n")
    sys.stdout.buffer.flush()
"""


def _own_and_theirs(house: House, url: str, rounds: int, grace: float = 0.0) -> int:
    """This process and another change one session at the same time, and every tenth time the other ends it.

    How often, `grace` seconds after both had been told so, this process remembered anything but what the store had.
    """

    def agree() -> bool:
        known, stands = house.near.get(key), house.store.read(key)
        return known is None or known.sealed == stands

    key, stale = "k", 0
    command = [sys.executable, "-c", CHANGER, url, key]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin
        assert other.stdout
        for number in range(rounds):
            house.store.create(key, os.urandom(12) + b"new")
            stood = house.store.read(key)
            other.stdin.write(b"%d %s\n" % (number, b"end" if number % 10 == 0 else b"change"))
            other.stdin.flush()
            for _ in range(3):
                stood = house.change(key, stood)
            assert other.stdout.readline() == b"done\n"
            stale += not _comes(agree, grace)
        other.stdin.close()
    return stale


def test_of_a_change_and_an_end_that_redis_tells_at_once_the_end_is_not_missed(house: House) -> None:
    """Both in one turn of Redis's loop, as two processes' may be: one push, with each name once."""
    was = house.keep("k")
    mine = house.box.seal("k", {"value": "mine"})
    word = house.near.expect("k")
    for script in (SWAP, END):
        house.client.script_load(script)
    with house.client.pipeline(transaction=False) as both:
        store = sessions.RedisStore(house.client)
        store._redis = both
        store.swap("k", was.sealed, mine.sealed)
        store.delete("k")
        both.execute()
    house.near.keep("k", word, mine)
    assert house.near.get("k") is None


def test_an_answer_that_was_overtaken_by_a_change_is_not_kept(house: House) -> None:
    old = house.keep("k")
    word = house.near.expect("k")  # the store is asked, and answers with what it has now
    house.client.set(sessions.PREFIX + "k", b"newer")  # then it changes
    time.sleep(0.05)
    house.near.keep("k", word, old)
    assert house.near.get("k") is None


def test_emptying_redis_empties_it(house: House) -> None:
    house.keep("k")
    assert house.near.get("k") is not None
    house.client.flushall()
    # The push is put into the line while the command runs, so its answer may be read a breath before it.
    wait_for(lambda: house.near.get("k") is None, "the push is read", 1)


def test_it_is_bounded_in_size_and_age(redis_url: str) -> None:
    house = House(redis_url, most=2, longest=0.5)
    for key in ("one", "two", "three"):
        house.keep(key)
    assert house.near.get("one") is None
    assert house.near.get("three") is not None
    wait_for(lambda: house.near.get("three") is None, "its age is over")
    house.near.close()


def test_without_its_line_it_answers_nothing_and_hears_again_by_itself(engine_folder: Path) -> None:
    server = RedisServer(engine_folder / "near", options=("--appendonly", "yes")).start()
    try:
        house = House(server.url)
        house.keep("k")
        assert house.near.get("k") is not None
        server.stop(signal.SIGKILL)
        wait_for(lambda: house.near.get("k") is None, "nothing is answered without the line", 1)
        server.start()
        wait_for(lambda: house.near.listening, "it listens again", 10)
        assert house.near.get("k") is None
        assert house.read("k").values() == {"value": 1}
        assert house.near.get("k") is not None
        house.near.close()
    finally:
        server.stop()


def test_a_silent_line_is_taken_for_dead(engine_folder: Path) -> None:
    server = RedisServer(engine_folder / "silent").start()
    assert server.process
    try:
        house = House(server.url)
        house.keep("k")
        os.kill(server.process.pid, signal.SIGSTOP)
        wait_for(lambda: not house.near.listening, "silence is noticed", 10)
        house.near.close()
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
        server.stop()


def test_a_line_with_nothing_to_tell_is_tried_and_nothing_is_asked_on_it(house: House) -> None:
    """Redis tells of a change before it answers the one who made it, but for a line that has asked something itself."""
    house.keep("k")
    heard = house.near._heard
    wait_for(lambda: house.near._heard > heard + 2 * near.BEAT_SECONDS, "two beats are heard")
    assert house.near.get("k") is not None
    lines = [one for one in house.client.client_list() if "B" in one["flags"] and "t" in one["flags"]]
    assert lines
    assert {one["cmd"] for one in lines} == {"client|tracking"}
    assert house.client.keys(f"{sessions.PREFIX}*{near.BEAT}") == []


@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
def test_a_forked_child_has_a_line_of_its_own(house: House) -> None:
    house.keep("k")
    child = os.fork()
    if child == 0:
        before = house.near.get("k")
        deadline = time.monotonic() + 5
        while not house.near.listening and time.monotonic() < deadline:
            time.sleep(0.01)
        os._exit(0 if before is None and house.near.listening else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert house.near.get("k") is not None
