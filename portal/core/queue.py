"""The queue: RQ over Redis, JSON only, ids only. Losing all of it loses nothing, because the rows stay.

Two queues, one worker process each (RQ moves a job atomically only when a worker listens to one queue): `work` for short
jobs, `render` for drawings.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from flask import Flask, current_app
from redis import Redis
from redis.client import Pipeline
from rq import Queue, Worker
from rq.serializers import JSONSerializer

if TYPE_CHECKING:
    from portal.core.outbox import CompanyMessage, Message

WORK = "work"
RENDER = "render"
QUEUES = (WORK, RENDER)
#: A job's time before RQ ends it; renders have their own, shorter limits inside.
LONGEST = {WORK: 300, RENDER: 600}


#: A job that was told is believed to wait for so long. Then it is looked for in its queue, and told again when it is not
#: there: a worker that dies between taking a job and beginning it takes the job along. Short enough for whatever was lost
#: to have its effect within two minutes.
WAITING_SECONDS = 45
#: A queue that is slower than this has its jobs told twice, which does no harm.
REMEMBERED_SECONDS = 3600
#: Under this name a job of an event knows whose outbox the event is in.
DATABASE = "database"


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Who listens to which event, and which jobs go to a queue other than `work`."""

    events: dict[str, list[str]] = field(default_factory=dict)
    queues: dict[str, str] = field(default_factory=dict)


def init_app(app: Flask, found: Subscriptions) -> None:
    app.extensions["planroom.subscriptions"] = found


def queue(connection: Redis, name: str) -> Queue:
    return Queue(name, connection=connection, serializer=JSONSerializer, default_timeout=LONGEST[name])


def enqueue(connection: Redis, message: Message | CompanyMessage, database: str) -> int:
    """Tell RQ what an outbox message of a database asks for. Returns how many jobs that were.

    A job that waits already, with the same ids, is not told again: it will read the newest rows when its turn comes.
    Without that, sweeps would bury a slow worker under nudges. An event is always told: each one is another fact.
    """
    if message.kind == "event":
        jobs = subscriptions().events.get(message.name, [])
        return sum(tell(connection, message.id, job, message.args, database) for job in jobs)
    waiting = _waiting(f"jobs.{message.name}", message.args)
    if _still_waits(connection, waiting, _queue_of(message.name)):
        return 0
    with connection.pipeline() as both:
        job_id = _put(connection, both, message.id, message.name, message.args)
        both.set(waiting, f"{job_id} {time.time():.3f}", ex=REMEMBERED_SECONDS)
        both.execute()
    return 1


def tell(connection: Redis, event_id: str, job: str, args: list[int | str], database: str) -> bool:
    """Tell one job of an event, unless it was told a moment ago or waits yet."""
    waiting = _waiting(event_id, [job])
    if _still_waits(connection, waiting, _queue_of(job)):
        return False
    with connection.pipeline() as both:
        job_id = _put(connection, both, event_id, job, args, {DATABASE: database})
        both.set(waiting, f"{job_id} {time.time():.3f}", ex=REMEMBERED_SECONDS)
        both.execute()
    return True


def _still_waits(connection: Redis, waiting: str, name: str) -> bool:
    """Whether a job was told a moment ago, or is in its queue yet."""
    told = cast("bytes | None", connection.get(waiting))
    if told is None:
        return False
    job_id, _, at = told.decode().partition(" ")
    if time.time() - float(at) < WAITING_SECONDS:
        return True
    return connection.lpos(queue(connection, name).key, job_id) is not None


def _queue_of(job: str) -> str:
    return subscriptions().queues.get(job, WORK)


def _put(  # noqa: PLR0913 - a job has these parts
    connection: Redis,
    pipeline: Pipeline,
    event_id: str,
    job: str,
    args: list[int | str],
    meta: dict[str, str] | None = None,
) -> str:
    """Put a job at the end of its queue; its id."""
    target = queue(connection, _queue_of(job))
    job_id = f"{event_id}-{job.replace('.', '-')}"
    target.enqueue(
        f"jobs.{job}", event_id, *args, job_id=job_id, result_ttl=0, failure_ttl=86_400, meta=meta, pipeline=pipeline
    )
    return job_id


def subscriptions() -> Subscriptions:
    """Of the app that runs."""
    return cast("Subscriptions", current_app.extensions["planroom.subscriptions"])


def begun(connection: Redis, function: str, args: Sequence[int | str]) -> None:
    """A job's turn has come: from now on it may be told again, because it may have read its rows already."""
    connection.delete(_waiting(function, args))


def _waiting(function: str, args: Sequence[int | str]) -> str:
    return ":".join(("planroom", "waiting", function, *map(str, args)))


@dataclass(frozen=True, slots=True)
class Standing:
    """How a queue stands: jobs that wait and since when the oldest does (seconds), those that failed in the last day,
    and the workers that serve it.
    """

    name: str
    waiting: int
    oldest_seconds: float
    failed: int
    workers: int


def standings(connection: Redis) -> list[Standing]:
    """Of every queue. Raises RedisError."""
    return [_standing(queue(connection, name)) for name in QUEUES]


def _standing(asked: Queue) -> Standing:
    ids = asked.get_job_ids(0, 1)
    first = asked.fetch_job(ids[0]) if ids else None
    since = first.enqueued_at if first is not None else None
    return Standing(
        name=asked.name,
        waiting=asked.count,
        oldest_seconds=0.0 if since is None else max(0.0, time.time() - since.timestamp()),
        failed=asked.failed_job_registry.count,
        workers=Worker.count(queue=asked),
    )
