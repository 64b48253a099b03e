"""Outbox messages on their way to RQ: told, told again when they were lost, and marked as taken in."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from redis import Redis
from rq.job import Job
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal.core import outbox, queue
from portal.core.db import db, write
from portal.core.errors import Refusal
from portal.core.outbox import CompanyMessage, Message
from portal.tenants import service as tenants

log = logging.getLogger("planroom.clock")

#: Of one event and job, so many are looked at in one round; the next one is half a minute later.
AT_ONCE, MOST_AGAIN = 500, 20_000


def relay_one(connection: Redis, database: str) -> int:
    """Tell RQ all that one database has to tell. Returns how many messages that were."""
    session = _session_of(database)
    told = 0
    while session is not None and (messages := outbox.unsent(session)):
        for message in messages:
            queue.enqueue(connection, message, database)
        outbox.mark_sent(session, [message.id for message in messages])
        told += len(messages)
    return told


def tell_again(connection: Redis, database: str) -> int:
    """Tell RQ anew of the events of one database that a job has not taken in. Returns how often that was."""
    session = _session_of(database)
    if session is None:
        return 0
    return sum(
        queue.tell(connection, message.id, job, message.args, database)
        for event, jobs in queue.subscriptions().events.items()
        for job in jobs
        for message in _all_unheard(session, event, job)
    )


def _all_unheard(session: Session, event: str, job: str) -> Iterator[Message | CompanyMessage]:
    """All of them, and not a hundred each time: a Redis that comes back empty has lost every one that waited."""
    for past in range(0, MOST_AGAIN, AT_ONCE):
        found = outbox.unheard(session, event, job, AT_ONCE, past)
        yield from found
        if len(found) < AT_ONCE:
            return


def taken_in(job: Job) -> None:
    """Leave the receipt of an event whose job was done, beside the event; without it the job is told again."""
    database = job.meta.get(queue.DATABASE)
    if not database:
        return
    try:
        session = _session_of(database)
        if session is not None:
            with write(session) as writing:
                outbox.once(writing, job.args[0], (job.func_name or "").removeprefix("jobs."))
    except (SQLAlchemyError, LookupError) as error:
        log.warning("no receipt of %s: %s", job.id, type(error).__name__)


def _session_of(database: str) -> Session | None:
    """None for a company whose database is not there any more: it has nothing to tell."""
    try:
        return db.session() if database == outbox.PLATFORM else tenants.session_by_id(int(database))
    except Refusal:
        return None
