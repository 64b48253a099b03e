"""Web servers for the portal: `make bench WHAT=servers` (needs `wrk` from apt).

Each serves tests/bench/target.py with two processes (waitress: one). Measured: what a healthy visitor waits for a page of
20 ms of work alone, beside 200 clients that send their headers slowly, beside 200 that send a body slowly, and beside 20
open event streams; pages and 200-KB files per second; memory; whether a request in flight survives SIGTERM; what is left
after kill -9 of the parent. Loopback only, every loop is bounded. docs/decisions/001-web-server.md tells the figures.
A word after the command measures only the servers that have it in their name.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

import psutil

from jobs.ports import free_port
from tests.bench.candidates import candidates

PINS = (
    "flask==3.1.3", "granian==2.8.7", "gunicorn==27.0.1", "gevent==26.9.0", "waitress==3.0.2", "uvicorn==0.54.0",
    "a2wsgi==1.10.10", "packaging==26.3",
)  # fmt: skip
APP = "tests.bench.target:app"
ROOT = Path(__file__).resolve().parents[2]
SLOW_CLIENTS = 200
STREAMS = 20
PHASE_SECONDS = 5
GIVE_UP_SECONDS = 5.0


def commands(port: int) -> dict[str, list[str]]:
    """Command line of each server."""
    gunicorn = [
        "gunicorn",
        "--no-control-socket",
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "2",
        "--log-level",
        "error",
    ]
    granian = ["granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "2"]
    return {
        "granian, 16 threads": [*granian, "--blocking-threads", "16", "--log-level", "error", APP],
        "granian, 256 threads": [*granian, "--blocking-threads", "256", "--log-level", "error", APP],
        "gunicorn gthread, 16 threads": [*gunicorn, "-k", "gthread", "--threads", "16", APP],
        "gunicorn gevent": [*gunicorn, "-k", "gevent", APP],
        "waitress, 32 threads": [
            "waitress-serve", f"--listen=127.0.0.1:{port}", "--threads=32", "--connection-limit=2000", APP,
        ],
        "uvicorn + a2wsgi": [
            "uvicorn", "--interface", "wsgi", "--port", str(port), "--workers", "2", "--log-level", "error", APP,
        ],
    }  # fmt: skip


def healthy(port: int, seconds: float = PHASE_SECONDS) -> list[float]:
    """Milliseconds that one page after the other took, each on its own connection; given up after 5 s."""
    taken, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=GIVE_UP_SECONDS)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/page")
            connection.getresponse().read()
        connection.close()
        taken.append((time.perf_counter() - began) * 1000)
        time.sleep(0.02)
    return taken


async def _slowly(port: int, opening: bytes, drip: bytes, stop: threading.Event) -> None:
    with contextlib.suppress(OSError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(opening)
        while not stop.is_set():
            await writer.drain()
            with contextlib.suppress(TimeoutError):
                if not await asyncio.wait_for(reader.read(65536), 1):
                    break
            if drip:
                writer.write(drip)
        writer.close()


@contextlib.contextmanager
def beside(port: int, count: int, opening: bytes, drip: bytes) -> Iterator[None]:
    """`count` clients that send `opening`, then `drip` every second, until the block ends."""
    stop = threading.Event()

    async def crowd() -> None:
        await asyncio.gather(*(_slowly(port, opening, drip, stop) for _ in range(count)))

    thread = threading.Thread(target=lambda: asyncio.run(crowd()))
    thread.start()
    time.sleep(1.5)
    yield
    stop.set()
    thread.join()


def per_second(port: int, path: str) -> float:
    """Answers per second to 16 connections."""
    said = subprocess.run(
        ["wrk", "-t1", "-c16", "-d4", f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    return float(found[1]) if found else 0.0


def family(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def start(programs: Path, command: list[str], port: int) -> subprocess.Popen[bytes]:
    environ = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [programs / command[0], *command[1:]], cwd=ROOT, env=environ, start_new_session=True, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 20
    while min(healthy(port, 0.01)) > GIVE_UP_SECONDS * 900 or not _listens(port):
        if time.monotonic() > deadline:
            process.kill()
            raise TimeoutError(f"{command[0]} did not start")
    return process


def _listens(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    with contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/page")
        return connection.getresponse().status == http.client.OK
    return False


def ends(process: subprocess.Popen[bytes], port: int) -> tuple[bool, float]:
    """Whether a request in flight at SIGTERM is answered, and seconds until every process has ended."""
    answered = []

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/slow")
            answered.append(connection.getresponse().read() == b"slow")

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.3)
    everybody, began = family(process.pid), time.monotonic()
    process.send_signal(signal.SIGTERM)
    thread.join()
    threading.Thread(target=process.wait, daemon=True).start()
    psutil.wait_procs(everybody, timeout=15)
    for left in everybody:
        with contextlib.suppress(psutil.NoSuchProcess):
            left.kill()
    return answered == [True], time.monotonic() - began


def left_after_kill(process: subprocess.Popen[bytes]) -> int:
    """How many worker processes live on 3 s after kill -9 of their parent."""
    everybody = family(process.pid)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(everybody[1:], timeout=3)
    for left in alive:
        left.kill()
    return len(alive)


def measure(programs: Path, name: str) -> list[dict[str, object]]:
    """All figures of one server."""
    port = free_port()
    process = start(programs, commands(port)[name], port)
    head = b"GET /page HTTP/1.1\r\nHost: localhost\r\n"
    body = b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
    stream = b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"
    waits = {"alone": healthy(port)}
    for label, count, opening, drip in (
        ("200 slow headers", SLOW_CLIENTS, head, b"X-A: b\r\n"),
        ("200 slow bodies", SLOW_CLIENTS, body, b"0123456789"),
        ("20 event streams", STREAMS, stream, b""),
    ):
        with beside(port, count, opening, drip):
            waits[label] = healthy(port)
        time.sleep(1)
    figures: list[tuple[str, str, float]] = []
    for label, taken in waits.items():
        figures += [
            (f"{label}: p50", "ms", median(taken)),
            (f"{label}: p99", "ms", quantiles([*taken, taken[-1]], n=100)[-1]),
        ]
    figures += [("pages", "1/s", per_second(port, "/page")), ("files of 200 KB", "1/s", per_second(port, "/file"))]
    figures.append(("memory", "MB", sum(one.memory_info().rss for one in family(process.pid)) / 1e6))
    answered, seconds = ends(process, port)
    figures += [("request in flight survives SIGTERM", "yes=1", float(answered)), ("SIGTERM to end", "s", seconds)]
    process = start(programs, commands(port)[name], port)
    figures.append(("left after kill -9 of the parent", "processes", float(left_after_kill(process))))
    return [{"name": f"{name}: {what}", "unit": unit, "median": round(value, 2), "runs": [round(value, 2)]}
            for what, unit, value in figures]  # fmt: skip


def main() -> None:
    programs = candidates("servers", *PINS)
    rows = []
    for name in commands(0):
        if sys.argv[1:] and sys.argv[1] not in name:
            continue
        print(f"measuring {name}", file=sys.stderr, flush=True)
        try:
            rows += measure(programs, name)
        except (TimeoutError, subprocess.CalledProcessError) as failure:
            rows.append({"name": f"{name}: {failure}", "unit": "", "median": None, "runs": []})
    print(json.dumps({"rows": rows, "ratios": []}, indent=1))


if __name__ == "__main__":
    main()
