"""Redis away for half a minute, before the web server as it runs in production: two processes, real requests."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from jobs.ports import free_port
from portal import create_app
from portal.core import db
from portal.core.migrate import PLATFORM, upgrade
from tests.accounts.conftest import SECRET, WORD, add_person, environment
from tests.engines import RedisServer, start_tethered, stop, wait_for

ROOT = Path(__file__).resolve().parents[2]
AWAY_SECONDS = 30
#: Nobody waits longer for Redis: a page's own time, as it was before, comes on top of it.
LONGEST_WAIT = 1.0


@dataclass
class Watch:
    """Somebody who looks at one page all the time."""

    client: httpx.Client
    path: str
    before: float = 0.0
    away: float = 0.0
    statuses: list[int] = field(default_factory=list)

    def look(self, over: threading.Event, is_away: threading.Event) -> None:
        while not over.is_set():
            gone, begun = is_away.is_set(), time.monotonic()
            self.statuses.append(self.client.get(self.path).status_code)
            taken = time.monotonic() - begun
            if gone:
                self.away = max(self.away, taken)
            elif not is_away.is_set():
                self.before = max(self.before, taken)
            over.wait(0.1)


@contextmanager
def served(folder: Path, redis_url: str) -> Iterator[str]:
    """The address of the portal behind two web processes."""
    port = free_port()
    environ = environment(folder, redis_url) | {"PUBLIC_URL": f"http://localhost:{port}"}
    app = create_app(environ)
    with app.app_context():
        upgrade(db.db.engine, PLATFORM)
    add_person(app, "alice")
    add_person(app, "rita", secret=SECRET)
    db.dispose(app)
    command = [
        str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "2", "--blocking-threads", "32", "--no-ws", "--log-level", "error", "wsgi:app",
    ]  # fmt: skip
    with (folder / "web.log").open("ab") as log:
        process = start_tethered(command, cwd=ROOT, env=os.environ | environ, stdout=log, stderr=log)
    url = f"http://localhost:{port}"
    try:
        wait_for(lambda: _answers(url), f"the portal answers; see {folder / 'web.log'}", 90)
        yield url
    finally:
        stop(process)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def _sign_in(client: httpx.Client, name: str) -> tuple[httpx.Response, float]:
    begun = time.monotonic()
    answer = client.post("/sign-in", data={"email": f"{name}@a.example", "password": WORD})
    return answer, time.monotonic() - begun


@pytest.mark.slow
@pytest.mark.parametrize("how", ["killed", "hanging"])
def test_with_redis_away_for_half_a_minute_sign_in_says_so_and_nobody_waits_a_second_for_it(
    tmp_path: Path, engine_folder: Path, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server = RedisServer(engine_folder / f"away-{how}").start()
    try:
        with served(tmp_path, server.url) as url, ExitStack() as ends:
            _half_a_minute(lambda: ends.enter_context(httpx.Client(base_url=url, timeout=30)), server, how, capsys)
    finally:
        _come_back(server, how)
        server.stop()


def _half_a_minute(
    browser: Callable[[], httpx.Client], server: RedisServer, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    alice = browser()
    assert _sign_in(alice, "alice")[0].status_code == 303
    watches = [Watch(alice, "/me"), Watch(browser(), "/"), Watch(browser(), "/sign-in"), Watch(browser(), "/terms")]
    over, is_away = threading.Event(), threading.Event()
    threads = [threading.Thread(target=watch.look, args=(over, is_away)) for watch in watches]
    for thread in threads:
        thread.start()
    usual = max(taken for _, taken in _sign_ins(browser))
    is_away.set()
    _go_away(server, how)
    told = _sign_ins(browser)
    _come_back(server, how)
    over.set()
    for thread in threads:
        thread.join(30)
    wait_for(lambda: _sign_in(browser(), "rita")[0].status_code == 303, "who signs in comes in again", 20)
    slowest = max(taken for _, taken in told)
    looks = ", ".join(f"{watch.path} {watch.away:.2f} s (before {watch.before:.2f})" for watch in watches)
    with capsys.disabled():
        sys.stdout.write(
            f"\nRedis {how} for {AWAY_SECONDS} s: sign-in {slowest:.2f} s (usually {usual:.2f}), {looks}\n"
        )
    for watch in watches:
        assert set(watch.statuses) == {200}, watch.path
        assert watch.away <= watch.before + LONGEST_WAIT, watch.path
    assert {answer.status_code for answer, _ in told} == {503}
    assert all("로그인을 끝낼 수 없습니다" in answer.text for answer, _ in told)
    assert slowest <= usual + LONGEST_WAIT


def _sign_ins(browser: Callable[[], httpx.Client]) -> list[tuple[httpx.Response, float]]:
    """For half a minute, somebody with a second factor signs in every five seconds."""
    until, found = time.monotonic() + AWAY_SECONDS, []
    while time.monotonic() < until:
        found.append(_sign_in(browser(), "rita"))
        time.sleep(5)  # more often is more than the limit of an address lets through
    return found


def _go_away(server: RedisServer, how: str) -> None:
    if how == "killed":
        server.stop(signal.SIGKILL)
    else:
        assert server.process is not None
        server.process.send_signal(signal.SIGSTOP)


def _come_back(server: RedisServer, how: str) -> None:
    if how == "killed" and server.process is None:
        server.start()
    elif server.process is not None:
        server.process.send_signal(signal.SIGCONT)
