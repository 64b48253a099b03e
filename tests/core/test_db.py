"""write() is the one way to change rows, and loses none."""

from __future__ import annotations

import threading

import pytest
from flask import Flask

from portal.core import turns
from portal.core.clock import ClockShift, now
from portal.core.db import Platform, Tenanted, after_commit, db, write


def test_every_table_says_how_long_it_is_kept_and_whose_it_is() -> None:
    import portal  # noqa: F401, PLC0415 - registers every table

    silent = [
        table.name
        for base in (Platform, Tenanted)
        for table in base.metadata.tables.values()
        if not table.info.get("record_class")
        or "subject" not in table.info
        or (table.info["subject"] is not None and table.info["subject"] not in table.c)
    ]
    assert silent == []


def test_threads_that_read_and_write_lose_no_update(core_app: Flask) -> None:
    with write() as session:
        session.add(ClockShift(id=2, microseconds=0))

    def add_many() -> None:
        for _ in range(50):
            with core_app.app_context(), write() as session:
                session.get_one(ClockShift, 2).microseconds += 1

    threads = [threading.Thread(target=add_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db.session.get_one(ClockShift, 2, populate_existing=True).microseconds == 200


def test_what_was_read_before_is_read_again_under_the_lock(core_app: Flask) -> None:
    with write() as session:
        session.add(ClockShift(id=2, microseconds=0))
    mine = db.session.get_one(ClockShift, 2)
    assert mine.microseconds == 0
    with core_app.app_context(), write() as other:
        other.get_one(ClockShift, 2).microseconds = 9
    with write():
        assert mine.microseconds == 9


def test_a_nested_write_joins_the_outer_one(core_app: Flask) -> None:
    with pytest.raises(ZeroDivisionError), write() as session:
        with write() as inner:
            assert inner is session
            inner.add(ClockShift(id=3, microseconds=1))
        1 / 0  # noqa: B018 - the failure under test
    assert db.session.get(ClockShift, 3) is None


def test_changes_outside_a_write_are_refused(core_app: Flask) -> None:
    db.session.add(ClockShift(id=4, microseconds=1))
    with pytest.raises(RuntimeError), write():
        pass
    db.session.rollback()


def test_after_commit_runs_once_and_not_after_a_rollback(core_app: Flask) -> None:
    done: list[str] = []
    note = lambda: done.append("x")  # noqa: E731 - one object, given twice
    with write() as session:
        after_commit(session, note)
        after_commit(session, note)
        assert done == []
    assert done == ["x"]
    with pytest.raises(ZeroDivisionError), write() as session:
        after_commit(session, note)
        1 / 0  # noqa: B018
    assert done == ["x"]


def test_a_turn_goes_to_one_of_many(core_app: Flask) -> None:
    from datetime import timedelta  # noqa: PLC0415

    taken: list[bool] = []

    def ask() -> None:
        with core_app.app_context():
            taken.append(turns.take("sweep", timedelta(minutes=1)))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 5 + [True]


def test_the_clock_moves_for_everybody_and_stands_still_in_a_request(core_app: Flask) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415

    from portal.core import clock  # noqa: PLC0415

    clock.set_to(datetime(2027, 1, 31, 15, 0, tzinfo=UTC))
    with core_app.app_context():
        first = now()
        assert (first.year, first.month, first.day) == (2027, 1, 31)
        assert clock.today().isoformat() == "2027-02-01"
        assert now() == first
