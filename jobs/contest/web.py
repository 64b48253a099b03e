"""The same stores over HTTP, behind two web processes as in production: what a whole answer takes.

No bar is set on these: most of an answer is the web server's, and on a busy machine the same store differs by half between
runs. They show that a session made in one process is good in the other, and which differences are still seen from outside.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median

from flask import Flask, session

from jobs.contest.grounds import Grounds
from jobs.contest.stores import CONTESTANTS, COOKIE, Contestant
from jobs.ports import free_port
from jobs.servers import PostgresServer, RedisServer, Sentinels, start_tethered, stop, wait_until

WHO, WHERE = "PLANROOM_CONTESTANT", "PLANROOM_GROUNDS"
#: Connections, so that the kernel gives some to each process.
CONNECTIONS = 6
REQUESTS, WARMING = 240, 30
PROCESSES = 2


def takes_part(contestant: Contestant) -> bool:
    """What is in one process's memory is unknown to the other."""
    return "memory" not in contestant.name


# ----- in a web process --------------------------------------------------------------------------------------------------


def app() -> Flask:
    """The app of one web process: three pages on the store that the environment names."""
    grounds = _told(json.loads(os.environ[WHERE]))
    contestant = next(one for one in CONTESTANTS if one.name == os.environ[WHO])
    held = contestant.enter(grounds)  # until the process ends: let go of, it would close what it opened
    entry = held.__enter__()
    made: Flask = entry.app
    made.extensions["contest"] = held
    made.session_interface = entry.interface

    @made.get("/in")
    def come_in() -> str:
        session["person"] = 4711
        return "in"

    @made.get("/unmodified")
    def unmodified() -> str:
        return str(session.get("person"))

    @made.get("/modified")
    def modified() -> str:
        session["seen"] = time.time()
        return str(session.get("person"))

    return made


def _told(places: dict[str, str]) -> Grounds:
    made = Grounds(Path(places["folder"]))
    if "redis" in places:
        made.redis = RedisServer(made.folder / "redis", port=int(places["redis"]))
    if "sentinels" in places:
        watchers = [RedisServer(made.folder, port=int(port)) for port in places["sentinels"].split()]
        made.sentinels = Sentinels(made.folder, watchers=watchers)
    if "postgres" in places:
        made.postgres = PostgresServer(made.folder, port=int(places["postgres"]), password=places["password"])
    return made


# ----- outside -----------------------------------------------------------------------------------------------------------


def measured(contestant: Contestant, places: Grounds) -> dict[str, float]:
    """Median microseconds of a whole answer, by measure."""
    with _served(contestant, places) as port, ExitStack() as ends:
        lines = [http.client.HTTPConnection("127.0.0.1", port, timeout=30) for _ in range(CONNECTIONS)]
        for line in lines:
            ends.callback(line.close)
        cookie = _signed_in(lines[0])
        return {measure: _median(lines, f"/{measure}", cookie) for measure in ("unmodified", "modified")}


def _signed_in(line: http.client.HTTPConnection) -> str:
    line.request("GET", "/in")
    answer = line.getresponse()
    answer.read()
    value = answer.headers["Set-Cookie"].split("=", 1)[1].split(";", 1)[0]
    return f"{COOKIE}={value}"


def _median(lines: list[http.client.HTTPConnection], path: str, cookie: str) -> float:
    taken = []
    for number in range(WARMING + REQUESTS):
        line = lines[number % len(lines)]
        begun = time.perf_counter_ns()
        line.request("GET", path, headers={"Cookie": cookie})
        said = line.getresponse().read()
        taken.append(time.perf_counter_ns() - begun)
        if said != b"4711":
            raise AssertionError(f"{path} answered {said[:80]!r}: the session is not the one that was kept")
    return median(taken[WARMING:]) / 1000


@contextmanager
def _served(contestant: Contestant, places: Grounds) -> Iterator[int]:
    """The port of two web processes on the contestant's store."""
    port = free_port()
    command = [
        str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--factory", "--host", "127.0.0.1",
        "--port", str(port), "--workers", str(PROCESSES), "--blocking-threads", "8", "--log-level", "error",
        "jobs.contest.web:app",
    ]  # fmt: skip
    environ = os.environ | {WHO: contestant.name, WHERE: json.dumps(_addresses(places))}
    root = Path(__file__).resolve().parents[2]
    quiet = subprocess.DEVNULL
    process = start_tethered(command, cwd=root, env=environ, start_new_session=True, stdout=quiet, stderr=quiet)
    try:
        wait_until(lambda: all(_answers(port) for _ in range(2 * CONNECTIONS)), f"{contestant.name} is served by all")
        yield port
    finally:
        stop(process)
        with suppress(ProcessLookupError):  # a worker that was just being started outlives its parent
            os.killpg(process.pid, signal.SIGKILL)


def _addresses(places: Grounds) -> dict[str, str]:
    told = {"folder": str(places.folder)}
    if "redis" not in places.missing:
        told["redis"] = str(places.redis.port)
    if "sentinels" not in places.missing:
        told["sentinels"] = " ".join(str(watcher.port) for watcher in places.sentinels.watchers)
    if "postgres" not in places.missing:
        told |= {"postgres": str(places.postgres.port), "password": places.postgres.password}
    return told


def _answers(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request("GET", "/unmodified")
        return line.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        line.close()
