"""5,000 wrong sign-ins in a minute, the client on the same cores: `make bench WHAT=signin`.

Four attacks on a portal of two web processes, each a minute long, at an even pace that waits for nobody: from one address on
one account; from one address on as many accounts; from everywhere on one account; from everywhere on as many accounts, which
no count of address or account holds off. Meanwhile pages are asked for, public and signed-in, and the owner signs in: with
the browser the account knows, and with a new one from elsewhere, again and again until she is in. Then, on a quiet portal,
how long a wrong password takes for accounts there are and for such as there are not, in turns.
Every client has an address of its own in 127.0.0.0/8. A word after the command measures only the attacks with it in the name.
Prints {"rows": [{name, unit, median, runs}], "ratios": [...]}; exit 1 when a bar is missed.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlencode

import psutil

from jobs.ports import free_port
from portal import create_app
from portal.accounts import passwords, service
from portal.core import db
from portal.core.clock import now
from portal.core.db import write
from portal.core.migrate import PLATFORM, upgrade
from tests.engines import RedisServer, start_tethered, stop

ROOT = Path(__file__).resolve().parents[2]
WORD = "참나무 아래 바위 셋"
ATTEMPTS, SECONDS = 5_000, 60
#: The bars: pages in a minute of attack (ms), and known beside unknown accounts (ms).
PAGE_P95, APART = 1_000.0, 20.0
PAIRS = 60
GIVE_UP = 30.0
PEOPLE = 200


@dataclass(slots=True)
class Answer:
    status: int
    cookies: dict[str, str] = field(default_factory=dict)
    milliseconds: float = 0.0


@dataclass(slots=True)
class Browser:
    """One client: its address, its cookies."""

    port: int
    address: str = "127.0.0.1"
    cookies: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, **form: str) -> Answer:
        """One request on a connection of its own; status 0 when none came of it."""
        began = time.perf_counter()
        answer = Answer(0)
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            async with asyncio.timeout(GIVE_UP):
                answer = await self._exchange(method, path, urlencode(form).encode())
        answer.milliseconds = (time.perf_counter() - began) * 1000
        self.cookies |= answer.cookies
        return answer

    async def _exchange(self, method: str, path: str, body: bytes) -> Answer:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(self.address, 0))
        try:
            said = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            head = f"{method} {path} HTTP/1.1\r\nHost: localhost:{self.port}\r\nConnection: close\r\n"
            head += f"Cookie: {said}\r\n" if said else ""
            if method == "POST":
                head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
            writer.write(head.encode() + b"\r\n" + body)
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            await reader.read()
            answer = Answer(int(lines[0].split()[1]))
            for line in lines:
                if line.lower().startswith("set-cookie:"):
                    name, _, value = line.partition(":")[2].strip().partition(";")[0].partition("=")
                    answer.cookies[name] = value
            return answer
        finally:
            writer.close()


def sign_in(browser: Browser, email: str, word: str) -> Any:  # noqa: ANN401 - a coroutine
    return browser.ask("POST", "/sign-in", email=email, password=word)


def anywhere(chance: random.Random) -> str:
    return f"127.{chance.randint(1, 250)}.{chance.randint(0, 255)}.{chance.randint(1, 250)}"


ATTACKS: dict[str, Callable[[random.Random, int], tuple[str, str]]] = {
    "one address, one account": lambda _chance, _count: ("127.9.9.9", "owner@a.example"),
    "one address, many accounts": lambda _chance, count: ("127.9.9.9", f"person{count % (2 * PEOPLE)}@a.example"),
    "everywhere, one account": lambda chance, _count: (anywhere(chance), "owner@a.example"),
    "everywhere, many accounts": lambda chance, count: (anywhere(chance), f"person{count}@a.example"),
}


@dataclass(slots=True)
class Seen:
    """What one attack came to."""

    statuses: Counter[int] = field(default_factory=Counter)
    public: list[float] = field(default_factory=list)
    inside: list[float] = field(default_factory=list)
    known: list[float] = field(default_factory=list)
    new: list[float] = field(default_factory=list)
    tries: int = 0


async def attack(port: int, name: str, inside: Browser, owner: Browser) -> Seen:
    """`inside` is signed in already; `owner` is a browser that the owner's account knows."""
    marks = {name: value for name, value in owner.cookies.items() if "device" in name}
    seen, chance, over = Seen(), random.Random(7), asyncio.Event()

    async def one(count: int) -> None:
        address, email = ATTACKS[name](chance, count)
        seen.statuses[(await sign_in(Browser(port, address), email, f"wrong {count}")).status] += 1

    async def look(path: str, taken: list[float], browser: Browser) -> None:
        while not over.is_set():
            answer = await browser.ask("GET", path)
            taken.append(answer.milliseconds if answer.status == 200 else GIVE_UP * 1000)
            await asyncio.sleep(0.1)

    async def owners_way(browser: Callable[[], Browser], taken: list[float]) -> None:
        """Sign in every five seconds, trying again until in; a try that was answered 503 or 429 is told to come back."""
        while not over.is_set():
            began, one_browser = time.perf_counter(), browser()
            while not over.is_set():
                seen.tries += 1
                if (await sign_in(one_browser, "owner@a.example", WORD)).status == 303:
                    taken.append((time.perf_counter() - began) * 1000)
                    break
                await asyncio.sleep(1)
            await asyncio.sleep(5)

    beside = [
        asyncio.create_task(look("/", seen.public, Browser(port, "127.1.1.1"))),
        asyncio.create_task(look("/me", seen.inside, inside)),
        asyncio.create_task(owners_way(lambda: Browser(port, owner.address, marks), seen.known)),
        asyncio.create_task(owners_way(lambda: Browser(port, anywhere(random.Random())), seen.new)),
    ]
    began, running = time.monotonic(), set()
    for count in range(ATTEMPTS):
        await asyncio.sleep(max(0.0, began + count * SECONDS / ATTEMPTS - time.monotonic()))
        task = asyncio.create_task(one(count))
        running.add(task)
        task.add_done_callback(running.discard)
    over.set()
    await asyncio.gather(*running, *beside)
    return seen


async def apart(port: int) -> tuple[list[float], list[float]]:
    """Milliseconds of a wrong password for accounts there are and there are not, in turns, each from an address of its own."""
    known, unknown = [], []
    for count in range(PAIRS):
        for prefix, taken in (("person", known), ("nobody", unknown)):
            browser = Browser(port, f"127.200.{count}.{1 if prefix == 'person' else 2}")
            answer = await sign_in(browser, f"{prefix}{count}@a.example", "wrong")
            assert answer.status == 422, answer.status
            taken.append(answer.milliseconds)
    return known, unknown


@contextmanager
def portal(folder: Path) -> Iterator[int]:
    """A portal of two web processes with its people; the port."""
    server = RedisServer(folder / "redis").start()
    port = free_port()
    environ = {"DATA_DIR": str(folder / "data"), "SECRET_KEY": "k" * 40, "REDIS_URL": server.url, "PORT": str(port)}
    app = create_app(environ)
    with app.app_context():
        upgrade(db.db.engine, PLATFORM)
        hashed = passwords.hash_of(WORD)
        with write() as session:
            for name in ("owner", *(f"person{count}" for count in range(PEOPLE))):
                made = service.ensure_person(session, email=f"{name}@a.example", name=name)
                made.password_hash, made.password_changed_at = hashed, now()
    db.dispose(app)
    web = ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", str(port), "--workers", "2",
           "--blocking-threads", "256", "--no-ws", "--log-level", "error", "wsgi:app"]  # fmt: skip
    with (folder / "web.log").open("wb") as log:
        process = start_tethered(
            [str(Path(sys.executable).parent / web[0]), *web[1:]],
            cwd=ROOT,
            env=os.environ | environ,
            stdout=log,
            stderr=log,
        )
    try:
        yield port
    finally:
        stop(process, signal.SIGTERM)
        server.stop()


async def until_it_answers(port: int) -> None:
    for _ in range(1200):
        if (await Browser(port).ask("GET", "/healthz")).status:
            return
        await asyncio.sleep(0.1)
    raise SystemExit("the portal did not start")


def cpu_of_web(port: int) -> float:
    """CPU seconds that the web processes took so far: what an attack costs, however busy the machine is besides."""
    ours = [one for one in psutil.process_iter(["cmdline"]) if str(port) in (one.info["cmdline"] or [])]
    family = {each.pid: each for one in ours for each in (one, *one.children(recursive=True))}
    return sum(sum(each.cpu_times()[:2]) for each in family.values())


def p95(taken: list[float]) -> float:
    return quantiles(taken, n=20)[-1] if len(taken) > 1 else GIVE_UP * 1000


def told(name: str, taken: list[float]) -> dict[str, Any]:
    runs = [round(one, 1) for one in taken]
    return {"name": name, "unit": "ms", "median": round(median(runs), 1) if runs else None, "p95": round(p95(runs), 1),
            "runs": len(runs)}  # fmt: skip


async def measure(port: int, word: str) -> tuple[list[dict[str, Any]], list[str]]:
    await until_it_answers(port)
    rows, missed = [], []
    known, unknown = await apart(port)
    difference = abs(median(known) - median(unknown))
    rows += [told("wrong password, account there is", known), told("wrong password, account there is not", unknown)]
    if difference > APART:
        missed.append(f"known and unknown accounts are {difference:.0f} ms apart")
    inside, owner = Browser(port, "127.1.1.1"), Browser(port, "127.1.2.1")
    for browser, email in ((inside, "person0@a.example"), (owner, "owner@a.example")):
        assert (await sign_in(browser, email, WORD)).status == 303
    for name in ATTACKS:
        if word not in name:
            continue
        print(f"attacking: {name}", file=sys.stderr, flush=True)
        before = cpu_of_web(port)
        seen = await attack(port, name, inside, owner)
        cores = (cpu_of_web(port) - before) / SECONDS
        rows.append({"name": f"{name}: web processes", "unit": "cores", "median": round(cores, 2), "runs": 1})
        answers = {str(status or "none"): count for status, count in sorted(seen.statuses.items())}
        print(f"load {os.getloadavg()[0]:.0f}, answers {answers}", file=sys.stderr, flush=True)
        rows.append({"name": f"{name}: wrong sign-ins", "unit": "answers", "median": ATTEMPTS, "answers": answers})
        for what, taken in (("public page", seen.public), ("signed-in page", seen.inside)):
            rows.append(told(f"{name}: {what}", taken))
            if p95(taken) > PAGE_P95:
                missed.append(f"{name}: {what} p95 {p95(taken):.0f} ms")
        rows.append(told(f"{name}: the owner, known browser", seen.known))
        rows.append(told(f"{name}: the owner, new browser elsewhere", seen.new))
        if not seen.known:
            missed.append(f"{name}: the owner did not get in")
        await asyncio.sleep(5)
    return rows, missed


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="planroom-") as name, portal(Path(name)) as port:
        rows, missed = asyncio.run(measure(port, sys.argv[1] if sys.argv[1:] else ""))
    print(json.dumps({"rows": rows, "ratios": [], "missed": missed}, ensure_ascii=False, indent=1))
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
