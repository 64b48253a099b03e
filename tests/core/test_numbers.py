"""Numbers have no gaps, whoever asks at once and whatever is rolled back."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from flask import Flask

from portal.core.db import db, write
from portal.core.numbers import Counter, next_number


def test_a_rolled_back_number_is_given_again(core_app: Flask) -> None:
    with core_app.app_context():
        Counter.__table__.create(db.engine, checkfirst=True)  # type: ignore[attr-defined]
        with write() as session:
            assert next_number(session, "invoice:2026") == 1
        with pytest.raises(ZeroDivisionError), write() as session:
            assert next_number(session, "invoice:2026") == 2
            raise ZeroDivisionError
        with write() as session:
            assert next_number(session, "invoice:2026") == 2
            assert next_number(session, "invoice:2027") == 1


def test_eight_threads_with_rollbacks_leave_no_gap(core_app: Flask) -> None:
    given: list[int] = []

    def take(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(15):
            with core_app.app_context(), suppress(ZeroDivisionError):
                with write() as session:
                    number = next_number(session, "busy")
                    if chance.random() < 0.25:
                        raise ZeroDivisionError
                given.append(number)

    with core_app.app_context():
        Counter.__table__.create(db.engine, checkfirst=True)  # type: ignore[attr-defined]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take, range(8)))
    assert sorted(given) == list(range(1, len(given) + 1))
