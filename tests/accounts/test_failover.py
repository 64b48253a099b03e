"""The master of Redis is killed under load: nobody's page fails, nobody is signed out, and what was lost is counted."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from portal import create_app
from portal.core import db, queue, sessions
from portal.core.redis import REST_SECONDS, connect
from portal.core.settings import Settings
from tests.accounts.conftest import add_person, carry, sign_in
from tests.engines import Sentinels, wait_for

PEOPLE = 3


def _environment(folder: Path, sentinels: Sentinels) -> dict[str, str]:
    return {"DATA_DIR": str(folder), "SECRET_KEY": "k" * 40, "REDIS_SENTINELS": sentinels.setting}


@pytest.fixture
def servers(tmp_path: Path, sentinels: Sentinels) -> Iterator[list[Flask]]:
    """Two servers of one portal, with the settings of production for Redis."""
    made = [create_app(_environment(tmp_path, sentinels)) for _ in range(2)]
    with made[0].app_context():
        db.db.create_all()
    yield made
    for app in made:
        db.dispose(app)


@dataclass(slots=True)
class Load:
    """People who look at pages on both servers, and somebody who writes sessions and notes what was acknowledged."""

    servers: list[Flask]
    answers: list[int] = field(default_factory=list)
    slowest: float = 0.0
    acknowledged: dict[str, bytes] = field(default_factory=dict)
    pause: float = 0.0
    over: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def begin(self) -> None:
        for number in range(PEOPLE):
            add_person(self.servers[0], f"p{number}")
            first = self.servers[0].test_client()
            assert sign_in(first, f"p{number}") == 303
            there = carry(first, self.servers[1])
            key = first.get_cookie("planroom-key")
            assert key is not None
            there.set_cookie("planroom-key", key.value)
            self.threads.append(threading.Thread(target=self._look, args=([first, there],)))
        self.threads.append(threading.Thread(target=self._write))
        for thread in self.threads:
            thread.start()

    def _look(self, clients: list[object]) -> None:
        while not self.over.is_set():
            for client in clients:
                begun = time.monotonic()
                self.answers.append(client.get("/me").status_code)  # type: ignore[attr-defined]  # a test client
                self.slowest = max(self.slowest, time.monotonic() - begun)
            self.over.wait(0.02)

    def _write(self) -> None:
        store = self.servers[0].session_interface.store  # type: ignore[attr-defined]  # ours
        last = time.monotonic()
        number = 0
        while not self.over.is_set():
            number += 1
            key = f"{id(self)}-{number}"
            try:
                if store.create(key, b"value"):
                    self.acknowledged[key] = b"value"
            except sessions.StoreGone:
                self.over.wait(0.02)
                continue
            self.pause = max(self.pause, time.monotonic() - last)
            last = time.monotonic()
            self.over.wait(0.002)

    def end(self) -> int:
        """Stop. How many acknowledged writes the master does not have."""
        self.over.set()
        for thread in self.threads:
            thread.join(30)
        store = self.servers[0].session_interface.store  # type: ignore[attr-defined]  # ours
        return sum(store.read(key) != value for key, value in self.acknowledged.items())


def kill(sentinels: Sentinels) -> None:
    """kill -9 of the master; the dead server comes back by the house's rule."""
    old = sentinels.master()
    old.stop(signal.SIGKILL)
    wait_for(lambda: sentinels.agreed_on(old), "every sentinel names the same new master")
    sentinels.bring_back(old)


def report(load: Load, kills: int, lost: int) -> None:
    sys.stdout.write(
        f"{kills} kills: {len(load.answers)} pages, {sum(status != 200 for status in load.answers)} failed, slowest "
        f"{load.slowest:.2f} s; longest pause of session writes {load.pause:.2f} s; "
        f"{len(load.acknowledged)} writes acknowledged, {lost} of them lost\n"
    )


def test_one_kill_of_the_master_fails_no_page_and_signs_nobody_out(servers: list[Flask], sentinels: Sentinels) -> None:
    load = Load(servers)
    load.begin()
    try:
        kill(sentinels)
    finally:
        lost = load.end()
    report(load, 1, lost)
    assert set(load.answers) == {200}
    assert load.pause < 15  # 4.4 s on a quiet machine


@pytest.mark.slow
def test_twenty_kills_of_the_master_fail_no_page_and_sign_nobody_out(
    servers: list[Flask], sentinels: Sentinels
) -> None:
    load = Load(servers)
    load.begin()
    try:
        for _ in range(20):
            kill(sentinels)
            time.sleep(1)
    finally:
        lost = load.end()
    report(load, 20, lost)
    assert set(load.answers) == {200}
    assert load.pause <= 6


def test_an_answer_that_came_too_late_is_not_given_to_the_next_question(sentinels: Sentinels) -> None:
    client = connect(Settings.read({"REDIS_SENTINELS": sentinels.setting}))
    client.mset({"mine": "mine", "yours": "yours"})
    process = sentinels.master().process
    assert process
    process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(RedisTimeoutError):
            client.get("yours")
    finally:
        process.send_signal(signal.SIGCONT)
    time.sleep(REST_SECONDS)  # until then nobody is made to wait again
    assert [client.get("mine") for _ in range(3)] == [b"mine"] * 3
    client.close()


def test_a_worker_goes_on_through_a_failover_with_the_same_client(sentinels: Sentinels) -> None:
    """RQ stands on the patient client: its queue outlasts the master."""
    connection = connect(Settings.read({"REDIS_SENTINELS": sentinels.setting}), patient=True)
    work = queue.queue(connection, queue.WORK)
    job = work.enqueue("jobs.mail.deliver", "event", 1, job_id="kept")
    assert connection.wait(2, 5000) == 2
    old = sentinels.master()
    old.stop(signal.SIGKILL)
    assert work.fetch_job(job.id) is not None  # waits for the new master, and asks for it
    assert work.enqueue("jobs.mail.deliver", "event", 2, job_id="after").id == "after"
    assert sentinels.master().port != old.port
    connection.close()


@pytest.mark.slow
def test_what_was_connected_to_the_dead_master_goes_to_the_new_one_also_when_the_dead_one_is_back(
    sentinels: Sentinels,
) -> None:
    connection = connect(Settings.read({"REDIS_SENTINELS": sentinels.setting}))
    connection.set("before", 1)
    old = sentinels.master()
    old.stop(signal.SIGKILL)
    wait_for(lambda: sentinels.agreed_on(old), "every sentinel names the same new master")
    sentinels.bring_back(old)

    def written() -> bool:
        try:
            return bool(connection.set("after", 2))
        except RedisError:
            return False

    wait_for(written, "the same client writes again")
    with connect(Settings.read({"REDIS_URL": sentinels.master().url})) as master:
        assert master.get("after") == b"2"
    assert is_replica(old.said("replication"))
    connection.close()


def is_replica(said: str) -> bool:
    return "role:slave" in said
