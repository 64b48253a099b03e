"""Read, a request that changes nothing, a request that changes something: median microseconds of each, in process.

Every store is measured in each of the runs, so that a machine that grew busy shows as two runs that differ.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SessionInterface, SessionMixin

from jobs.contest import web
from jobs.contest.grounds import Grounds, every_core, grounds, one_core
from jobs.contest.stores import CONTESTANTS, COOKIE, Contestant, Entry

RUNS = 2
#: A measure goes on for so long, within these bounds.
SECONDS, LEAST, MOST = 0.4, 150, 4000
WARMING = 30
READ, UNMODIFIED, MODIFIED = MEASURES = ("read", "unmodified", "modified")
#: What a signed-in person's session holds.
VALUES = {"person": 4711, "device": 815, "stamp": 3, "seen": 1_790_000_000.5, "tenant": 42}

#: (of, to, at least): how many times the second the first must be.
BARS = (
    ("Flask-Session Redis TCP: unmodified", "ours near cache: unmodified", 8.0),
    ("lean PostgreSQL: unmodified", "ours near cache: unmodified", 3.0),
    ("lean PostgreSQL: modified", "ours near cache: modified", 3.0),
)
#: (of, to, at most)
CEILING = (
    ("ours near cache: read", "Flask-Session memory: read", 1.5),
    ("ours near cache: read", "ours memory: read", 1.5),
)
#: "Redis with Sentinel is faster by +300 %": than what?
CLAIM = (
    ("+300 %, read against the ORM default", "Flask-Session PostgreSQL", "Flask-Session Redis Sentinel"),
    ("+300 %, read against lean SQL", "lean PostgreSQL", "Flask-Session Redis Sentinel"),
)
#: From the store that was slow to ours, step by step: what each step takes away.
STEPS = (
    ("no ORM, no transaction and no write on a page that changes nothing", "Flask-Session PostgreSQL", "lean PostgreSQL"),
    ("Redis instead of a table", "lean PostgreSQL", "ours Redis TCP"),
    ("the near cache instead of a round trip", "ours Redis TCP", "ours near cache"),
)  # fmt: skip


def contest(
    tell: Callable[[str], None],
    runs: int = RUNS,
    seconds: float = SECONDS,
    least: int = LEAST,
    *,
    over_http: bool = False,
) -> dict[str, Any]:
    """{"rows": [{name, unit, median, runs}], "ratios": [{of, to, value, bar, ok}], "claim", "steps", "http", "core"}."""
    found: dict[str, list[float]] = {}
    with one_core() as core, grounds() as places:
        for run in range(runs):
            for contestant in CONTESTANTS:
                if contestant.needs in places.missing:
                    continue
                tell(f"{run + 1}/{runs} {contestant.name}")
                for measure, value in _measured(contestant, places, seconds, least).items():
                    found.setdefault(f"{contestant.name}: {measure}", []).append(value)
        answers = _over_http(tell, places, runs) if over_http else []
        rows = [_row(contestant, measure, found, places) for contestant in CONTESTANTS for measure in MEASURES]
    medians = {row["name"]: row["median"] for row in rows}
    return {
        "rows": rows,
        "ratios": _ratios(medians),
        "claim": _claim(medians),
        "steps": _steps(medians),
        "http": answers,
        "core": core,
    }


def _over_http(tell: Callable[[str], None], places: Grounds, runs: int) -> list[dict[str, Any]]:
    """Rows of whole answers behind two web processes; on all cores, as those processes would be.

    A store that two processes cannot open at once, or that does not answer, is a row that says so.
    """
    found: dict[str, list[float]] = {}
    failed: dict[str, str] = {}
    with every_core():
        for run in range(runs):
            for contestant in filter(web.takes_part, CONTESTANTS):
                if contestant.needs in places.missing:
                    continue
                tell(f"HTTP {run + 1}/{runs} {contestant.name}")
                try:
                    for measure, value in web.measured(contestant, places).items():
                        found.setdefault(f"HTTP {contestant.name}: {measure}", []).append(round(value, 1))
                except OSError as error:
                    failed[f"HTTP {contestant.name}"] = f"{type(error).__name__}: {error}"
    rows = [
        {"name": name, "unit": "us", "median": round(median(told), 1), "runs": told} for name, told in found.items()
    ]
    return rows + [
        {"name": name, "unit": "us", "median": None, "runs": [], "missing": why} for name, why in failed.items()
    ]


def _row(contestant: Contestant, measure: str, found: dict[str, list[float]], places: Grounds) -> dict[str, Any]:
    name = f"{contestant.name}: {measure}"
    runs = [round(value, 2) for value in found.get(name, [])]
    row = {"name": name, "unit": "us", "median": round(median(runs), 2) if runs else None, "runs": runs}
    return row if runs else row | {"missing": places.missing[contestant.needs]}


def _measured(contestant: Contestant, places: Grounds, seconds: float, least: int) -> dict[str, float]:
    with contestant.enter(places) as entry, entry.app.app_context():
        sid = _signed_in(entry)
        return {measure: _median(entry, sid, verb, seconds, least) for measure, verb in VERBS.items()}


def _signed_in(entry: Entry) -> str:
    """A session that is in the store; the value of its cookie."""
    app, interface = entry.app, entry.interface
    session: Any = interface.open_session(app, _request(app, ""))
    session.update(VALUES)
    answer = Response()
    interface.save_session(app, session, answer)
    _over(entry)
    return answer.headers["Set-Cookie"].split("=", 1)[1].split(";", 1)[0]


def _request(app: Flask, sid: str) -> Request:
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/drawings", "SERVER_NAME": "localhost", "SERVER_PORT": "80"}
    return app.request_class(environ | {"wsgi.url_scheme": "http", "HTTP_COOKIE": f"{COOKIE}={sid}"})


def _over(entry: Entry) -> None:
    if entry.after is not None:
        entry.after()


def _open(app: Flask, interface: SessionInterface, request: Request) -> SessionMixin:
    session = interface.open_session(app, request)
    if session is None or session["person"] != VALUES["person"]:
        raise AssertionError("the session is not the one that was kept")
    return session


def _read(app: Flask, interface: SessionInterface, request: Request, _answer: Response) -> None:
    _open(app, interface, request)


def _unmodified(app: Flask, interface: SessionInterface, request: Request, answer: Response) -> None:
    interface.save_session(app, _open(app, interface, request), answer)


def _modified(app: Flask, interface: SessionInterface, request: Request, answer: Response) -> None:
    session = _open(app, interface, request)
    session["seen"] = time.time()
    interface.save_session(app, session, answer)


VERBS = {READ: _read, UNMODIFIED: _unmodified, MODIFIED: _modified}


def _median(entry: Entry, sid: str, verb: Callable[..., None], seconds: float, least: int) -> float:
    """Microseconds of one request. Making the request itself is not counted; reading its cookie is, for all alike."""
    app, interface = entry.app, entry.interface
    taken: list[int] = []
    until = time.perf_counter() + seconds
    while len(taken) < WARMING + least or (time.perf_counter() < until and len(taken) < MOST):
        request, answer = _request(app, sid), Response()
        begun = time.perf_counter_ns()
        verb(app, interface, request, answer)
        _over(entry)
        taken.append(time.perf_counter_ns() - begun)
    return median(taken[WARMING:]) / 1000


def _ratios(medians: dict[str, float | None]) -> list[dict[str, Any]]:
    ratios = []
    for bars, holds in ((BARS, float.__ge__), (CEILING, float.__le__)):
        for of, to, bar in bars:
            one, other = medians[of], medians[to]
            if one and other:
                value = one / other
                ratios.append({"of": of, "to": to, "value": round(value, 2), "bar": bar, "ok": holds(value, bar)})
    return ratios


def _claim(medians: dict[str, float | None]) -> list[dict[str, Any]]:
    """How many percent more requests the second store serves in the time that the first needs."""
    rows = []
    for name, slow, fast in CLAIM:
        for measure in (UNMODIFIED, MODIFIED):
            one, other = medians[f"{slow}: {measure}"], medians[f"{fast}: {measure}"]
            if one and other:
                rows.append({"name": f"{name}: {measure}", "percent": round((one / other - 1) * 100)})
    return rows


def _steps(medians: dict[str, float | None]) -> list[dict[str, Any]]:
    """Of a request that changes nothing: microseconds that each step takes away, and its part of all that is gained."""
    first, last = (medians[f"{name}: {UNMODIFIED}"] for name in (STEPS[0][1], STEPS[-1][2]))
    if not first or not last:
        return []
    rows = []
    for name, before, after in STEPS:
        gained = (medians[f"{before}: {UNMODIFIED}"] or 0) - (medians[f"{after}: {UNMODIFIED}"] or 0)
        rows.append({"name": name, "us": round(gained, 1), "percent": round(gained / (first - last) * 100, 1)})
    return rows
