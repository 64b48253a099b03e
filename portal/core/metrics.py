"""`GET /metrics`: the figures of every web process, the queues and the checks, as Prometheus reads them.

For whoever holds a key of scope `metrics` (`flask keys create --scope metrics`). Any process answers for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from flask import Blueprint, Response
from redis.exceptions import RedisError

from portal.core import board, health, outbox
from portal.core.clock import now
from portal.core.db import db
from portal.core.errors import Forbidden
from portal.core.gate import access, key_holder
from portal.core.gauges import gauges
from portal.core.histogram import FINE, NANO
from portal.core.queue import Standing, standings
from portal.core.redis import redis

metrics = Blueprint("metrics", __name__)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
#: Buckets told: whole doublings from 8 microseconds to 8.6 seconds.
FIRST_BITS, LAST_BITS = 13, 33
HISTOGRAMS = (
    ("reads", "planroom_session_read_seconds", "Reads of a session from its store."),
    ("writes", "planroom_session_write_seconds", "Writes of a session to its store."),
    ("pages", "planroom_page_seconds", "Answers to requests."),
)

COUNTERS: tuple[tuple[str, str, str, Callable[[board.Process], float]], ...] = (
    ("planroom_near_hits_total", "counter", "Sessions that the near cache knew.", lambda one: one.total.hits),
    ("planroom_near_misses_total", "counter", "Sessions that it did not know.", lambda one: one.total.misses),
    ("planroom_near_listening", "gauge", "Whether the near cache hears of changes.", lambda one: one.listening),
    ("planroom_session_store_gone_total", "counter", "Questions that got no answer.", lambda one: one.gone),
    ("planroom_session_pauses_total", "counter", "Times that the session store was away.", lambda one: one.paused),
    ("planroom_failovers_total", "counter", "Times that Redis had another master.", lambda one: one.failovers),
    ("planroom_cpu_seconds_total", "counter", "Processor time used.", lambda one: one.total.cpu_seconds),
    ("planroom_started_seconds", "gauge", "When the process started, Unix time.", lambda one: one.started),
)
QUEUE_GAUGES: tuple[tuple[str, str, Callable[[Standing], float]], ...] = (
    ("planroom_queue_waiting", "Jobs that wait.", lambda one: one.waiting),
    ("planroom_queue_oldest_seconds", "How long the oldest has waited.", lambda one: one.oldest_seconds),
    ("planroom_queue_failed", "Jobs that failed in the last day.", lambda one: one.failed),
    ("planroom_queue_workers", "Workers that serve the queue.", lambda one: one.workers),
)

Sample = tuple[str, dict[str, str], float]
#: name, kind, help, samples (what is added to the name, labels, value)
Family = tuple[str, str, str, list[Sample]]


@metrics.get("/metrics")
@access("key", roles={"metrics"})
def told() -> Response:
    """All of it, in text. A company's key opens nothing here: these are figures of the house."""
    if key_holder().tenant_id is not None:
        raise Forbidden
    answer = Response("".join(_lines(families())), content_type=CONTENT_TYPE)
    answer.cache_control.no_store = True
    return answer


def families() -> Iterator[Family]:
    client = redis()
    try:
        processes = board.processes(client)
        yield from _of_queues(standings(client))
    except RedisError:
        processes = [board.this_one(gauges())]
    yield from _of_processes(processes)
    since = outbox.oldest_untold(db.session())
    age = 0.0 if since is None else max(0.0, (now() - since).total_seconds())
    yield _gauge(
        "planroom_outbox_waiting", "Messages of the platform's outbox not told yet.", outbox.backlog(db.session())
    )
    yield _gauge("planroom_outbox_oldest_seconds", "Age of the oldest of them.", age)
    checked: list[Sample] = [("", {"check": row["name"]}, float(row["ok"])) for row in health.checks()]
    yield "planroom_check_ok", "gauge", "Whether what the portal leans on is well.", checked


def _of_processes(processes: list[board.Process]) -> Iterator[Family]:
    for part, name, words in HISTOGRAMS:
        samples = [
            sample
            for one in processes
            for sample in _buckets(getattr(one.total, part), one.sums[part], {"process": one.name})
        ]
        yield name, "histogram", words, samples
    for name, kind, words, value in COUNTERS:
        yield name, kind, words, [("", {"process": one.name}, float(value(one))) for one in processes]


def _buckets(counts: Sequence[int], nanoseconds: int, labels: dict[str, str]) -> Iterator[Sample]:
    """Cumulative counts up to each bound, and their sum."""
    for bits in range(FIRST_BITS, LAST_BITS + 1):
        bound = {"le": repr((1 << bits) * NANO)}
        yield "_bucket", labels | bound, float(sum(counts[: (bits + 1) * FINE]))
    yield "_bucket", labels | {"le": "+Inf"}, float(sum(counts))
    yield "_sum", labels, nanoseconds * NANO
    yield "_count", labels, float(sum(counts))


def _of_queues(found: list[Standing]) -> Iterator[Family]:
    for name, words, value in QUEUE_GAUGES:
        yield name, "gauge", words, [("", {"queue": one.name}, float(value(one))) for one in found]


def _gauge(name: str, words: str, value: float) -> Family:
    return name, "gauge", words, [("", {}, float(value))]


def _lines(found: Iterator[Family]) -> Iterator[str]:
    for name, kind, words, samples in found:
        yield f"# HELP {name} {words}\n# TYPE {name} {kind}\n"
        for ending, labels, value in samples:
            told_of = ",".join(f'{label}="{_escaped(word)}"' for label, word in labels.items())
            yield f"{name}{ending}{{{told_of}}} {value:.17g}\n" if told_of else f"{name}{ending} {value:.17g}\n"


def _escaped(word: str) -> str:
    return word.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
