"""Reports of one build and one job that come at the same moment, where writers do not wait for each other by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal import create_app
from portal.accounts import service as accounts
from portal.core import db
from portal.core.db import write
from portal.core.gate import KeyHolder
from portal.quality import service
from portal.quality.models import Build, Item, ItemEvent, ReportFile
from portal.quality.service import BuildFacts, Sent
from portal.work.models import WorkItem
from tests.quality.conftest import junit

TABLES = (Build, ReportFile, Item, WorkItem)


@pytest.fixture
def app(tmp_path: Path, postgres_url: str) -> Iterator[Flask]:
    made = create_app(
        {
            "DATA_DIR": str(tmp_path),
            "SECRET_KEY": "o" * 40,
            "SESSION_STORE": "memory",
            "REDIS_URL": f"unix://{tmp_path}/none",
            "DATABASE_URL": postgres_url,
        }
    )
    with made.app_context():
        db.db.create_all()
        with write() as session:
            person = accounts.ensure_person(session, email="dana@planroom.example", name="Dana")
            person.staff_roles = ["developer"]
    yield made
    with made.app_context():
        db.db.session.remove()
        db.db.drop_all()
    db.dispose(made)


def test_eight_at_once_make_one_build_one_item_and_one_recurrence(app: Flask) -> None:
    def send(number: int, case: str) -> service.Answer:
        with app.app_context():
            return service.take_in(
                KeyHolder(1, "reports"), BuildFacts("planroom", number), [Sent("a.xml", junit(case))]
            )

    with ThreadPoolExecutor(8) as pool:
        red = list(pool.map(lambda _n: send(1, "-a"), range(8)))
        closed = [answer.closed for answer in pool.map(lambda n: send(n, "+a"), (2, 3, 4, 2, 3, 4))]
        again = list(pool.map(lambda _n: send(5, "-a"), range(8)))
    assert red == [red[0]] * 8
    assert [item for answer in closed for item in answer].count(red[0].opened[0]) >= 1
    assert again == [again[0]] * 8
    assert again[0].reopened == red[0].opened
    with app.app_context():
        counts = {
            table.__tablename__: db.db.session.scalar(select(func.count()).select_from(table)) for table in TABLES
        }
        assert counts == {"build": 5, "report_file": 5, "test_item": 1, "work_item": 1}
        verbs = db.db.session.scalars(select(ItemEvent.verb).order_by(ItemEvent.id)).all()
        assert verbs == ["opened", "resolved", "regressed"]
