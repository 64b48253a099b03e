"""What is written beside a row is told after commit, never without it, and taken in once."""

from __future__ import annotations

import pytest
from flask import Flask
from rq.job import Job
from sqlalchemy import select, update

from jobs.telling import relay_one, taken_in, tell_again
from portal.core import audit, clock, outbox, queue
from portal.core.db import db, write
from portal.core.redis import connect
from portal.core.settings import Settings


def test_nothing_is_told_when_the_write_fails(core_app: Flask) -> None:
    with pytest.raises(ZeroDivisionError), write() as session:
        outbox.later(session, "a.one", 1)
        1 / 0  # noqa: B018 - the failure under test
    assert outbox.backlog(db.session()) == 0


def test_the_outbox_is_written_inside_a_write_only(core_app: Flask) -> None:
    with pytest.raises(RuntimeError):
        outbox.later(db.session(), "a.one", 1)


def test_an_event_is_taken_in_once_by_each_job(core_app: Flask) -> None:
    with write() as session:
        assert outbox.once(session, "e1", "a.one")
        assert not outbox.once(session, "e1", "a.one")
        assert outbox.once(session, "e1", "b.two")


def test_the_relay_tells_every_subscriber_on_its_queue_and_only_once(core_app: Flask, redis_url: str) -> None:
    connection = connect(Settings.read({"REDIS_URL": redis_url}))
    connection.flushdb()
    assert core_app.test_client().post("/told").status_code == 200
    with core_app.app_context():
        assert relay_one(connection, outbox.PLATFORM) == 1
        assert relay_one(connection, outbox.PLATFORM) == 0
    work, render = queue.queue(connection, queue.WORK), queue.queue(connection, queue.RENDER)
    assert [job.func_name for job in work.jobs] == ["jobs.a.one"]
    assert [job.func_name for job in render.jobs] == ["jobs.b.two"]
    job = work.jobs[0]
    assert isinstance(job, Job)
    assert list(job.args)[1:] == [5]


def test_a_job_that_waits_already_is_not_told_again_until_its_turn_has_come(core_app: Flask, redis_url: str) -> None:
    connection = connect(Settings.read({"REDIS_URL": redis_url}))
    connection.flushdb()
    work = queue.queue(connection, queue.WORK)
    for times in (1, 1, 1):
        with write() as session:
            outbox.later(session, "a.one", 5)
        relay_one(connection, outbox.PLATFORM)
        assert len(work) == times
    with write() as session:
        outbox.later(session, "a.one", 6)
    relay_one(connection, outbox.PLATFORM)
    assert len(work) == 2
    queue.begun(connection, "jobs.a.one", [5])
    with write() as session:
        outbox.later(session, "a.one", 5)
    relay_one(connection, outbox.PLATFORM)
    assert len(work) == 3


def test_an_event_is_told_again_until_its_job_took_it_in(core_app: Flask, redis_url: str) -> None:
    connection = connect(Settings.read({"REDIS_URL": redis_url}))
    connection.flushdb()
    assert core_app.test_client().post("/told").status_code == 200
    work = queue.queue(connection, queue.WORK)
    relay_one(connection, outbox.PLATFORM)
    (lost,) = work.jobs
    connection.flushdb()
    assert tell_again(connection, outbox.PLATFORM) == 0, "a job has some time"
    with write() as session:
        session.execute(update(outbox.Message).values(sent_at=clock.now() - outbox.PATIENCE))
    assert tell_again(connection, outbox.PLATFORM) == 2
    assert tell_again(connection, outbox.PLATFORM) == 0, "it was told a moment ago"
    assert [job.id for job in work.jobs] == [lost.id]
    taken_in(work.jobs[0])
    connection.flushdb()
    assert tell_again(connection, outbox.PLATFORM) == 1, "the other job of the event"
    assert not work.jobs


def test_a_job_is_told_again_when_a_worker_took_it_along_but_not_while_it_waits(
    core_app: Flask, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = connect(Settings.read({"REDIS_URL": redis_url}))
    work = queue.queue(connection, queue.WORK)

    def nudge() -> int:
        with write() as session:
            outbox.later(session, "a.one", 5)
        relay_one(connection, outbox.PLATFORM)
        return len(work)

    assert nudge() == 1
    monkeypatch.setattr(queue, "WAITING_SECONDS", 0)
    assert nudge() == 1, "the queue is slow, and the job is in it"
    connection.lpop(work.key)  # as a worker does that dies before it begins
    monkeypatch.setattr(queue, "WAITING_SECONDS", 45)
    assert nudge() == 0, "it may be about to begin"
    monkeypatch.setattr(queue, "WAITING_SECONDS", 0)
    assert nudge() == 1


def test_how_the_queues_stand_is_told(core_app: Flask, redis_url: str) -> None:
    connection = connect(Settings.read({"REDIS_URL": redis_url}))
    with write() as session:
        outbox.later(session, "a.one", 5)
    assert outbox.oldest_untold(db.session()) is not None
    relay_one(connection, outbox.PLATFORM)
    assert outbox.oldest_untold(db.session()) is None
    work, render = queue.standings(connection)
    assert (work.name, work.waiting, work.failed, work.workers) == ("work", 1, 0, 0)
    assert 0 <= work.oldest_seconds < 60
    assert (render.waiting, render.oldest_seconds) == (0, 0.0)


def test_with_redis_gone_the_write_still_stands_and_is_told_later(core_app: Flask) -> None:
    with write() as session:
        outbox.later(session, "a.one", 1)
    assert outbox.backlog(db.session()) == 1


def test_the_audit_chain_holds_and_shows_where_it_was_touched(core_app: Flask) -> None:
    with write() as session:
        for number in range(3):
            audit.record(
                session,
                "thing.done",
                actor="person:1",
                subject=f"thing:{number}",
                personal={"name": "김서연"},
                why=number,
            )
    assert audit.verify(db.session()) is None
    with write() as session:
        session.get_one(audit.AuditPersonal, 2).body = None
    assert audit.verify(db.session()) is None, "emptying the personal part breaks nothing"
    with write() as session:
        second = session.scalars(select(audit.AuditEntry).where(audit.AuditEntry.id == 2)).one()
        second.details = {"why": "other"}
    assert audit.verify(db.session()) == 2
