"""The queue: RQ over Redis, JSON only, ids only. Losing all of it loses nothing, because the rows stay.

Two queues, one worker process each (RQ moves a job atomically only when a worker listens to one queue): `work` for short
jobs, `render` for drawings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from flask import Flask, current_app
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

WORK = "work"
RENDER = "render"
QUEUES = (WORK, RENDER)
#: A job's time before RQ ends it; renders have their own, shorter limits inside.
LONGEST = {WORK: 300, RENDER: 600}


#: A job that was told is believed to wait for so long; then it may be told again, should it have been lost.
WAITING_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Who listens to which event, and which jobs go to a queue other than `work`."""

    events: dict[str, list[str]] = field(default_factory=dict)
    queues: dict[str, str] = field(default_factory=dict)


def init_app(app: Flask, subscriptions: Subscriptions) -> None:
    app.extensions["planroom.subscriptions"] = subscriptions


def queue(connection: Redis, name: str) -> Queue:
    return Queue(name, connection=connection, serializer=JSONSerializer, default_timeout=LONGEST[name])


def enqueue(connection: Redis, event_id: str, kind: str, name: str, args: list[int | str]) -> int:
    """Tell RQ what an outbox message asks for. Returns how many jobs that were.

    A job that waits already, with the same ids, is not told again: it will read the newest rows when its turn comes.
    Without that, sweeps would bury a slow worker under nudges. An event is always told: each one is another fact.
    """
    subscriptions = cast("Subscriptions", current_app.extensions["planroom.subscriptions"])
    jobs = [name] if kind == "job" else subscriptions.events.get(name, [])
    told = 0
    for job in jobs:
        waiting = _waiting(f"jobs.{job}", args)
        if kind == "job" and connection.exists(waiting):
            continue
        target = queue(connection, subscriptions.queues.get(job, WORK))
        job_id = f"{event_id}-{job.replace('.', '-')}"
        with connection.pipeline() as both:
            target.enqueue(
                f"jobs.{job}", event_id, *args, job_id=job_id, result_ttl=0, failure_ttl=86_400, pipeline=both
            )
            both.set(waiting, 1, ex=WAITING_SECONDS)
            both.execute()
        told += 1
    return told


def begun(connection: Redis, function: str, args: Sequence[int | str]) -> None:
    """A job's turn has come: from now on it may be told again, because it may have read its rows already."""
    connection.delete(_waiting(function, args))


def _waiting(function: str, args: Sequence[int | str]) -> str:
    return ":".join(("planroom", "waiting", function, *map(str, args)))
