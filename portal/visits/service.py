"""Counting visitors without knowing them: a salted key per day, kept no longer than it takes to see a path.

Counting never costs a visitor anything: a busy database is waited for a tenth of a second and then left alone.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from portal.core.clock import now, today
from portal.core.db import BUSY_SECONDS, db, write
from portal.visits.models import FUNNEL, LABELS, Seen, Visit, VisitSalt
from portal.visits.rules import Look, by_day, by_source, days_until, key_of

log = logging.getLogger("planroom.visits")

PATIENCE_MS = 100
SALT_BYTES = 32
KEPT = timedelta(days=400)
#: The same page again so soon is the same look, in a journey.
SAME_LOOK = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a visitor's way to the application."""

    label: str
    at: datetime
    source: str


def visitor_key(address: str, agent: str) -> str:
    """The visitor's key for today; empty when it cannot be had just now."""
    try:
        return key_of(_salt(today()), address, agent)
    except SQLAlchemyError as error:
        log.warning("no key for a visitor: %s", type(error).__name__)
        return ""


def record(page: Seen, *, address: str, agent: str, source: str) -> bool:
    """Count one look. False when the database had no time for it; that is no error."""
    key = visitor_key(address, agent)
    return bool(key) and reached(page, key, source)


def reached(page: Seen, key: str, source: str = "") -> bool:
    """Count that the visitor behind `key` got this far, whoever did it: approving is a reviewer's act."""
    try:
        with _quick() as connection:
            connection.execute(insert(Visit).values(key=key, page=page, source=source, day=today(), at=now()))
    except SQLAlchemyError as error:
        log.info("a visit was not counted: %s", type(error).__name__)
        return False
    return True


def approved(key: str) -> None:
    """An application of the visitor behind `key` was approved; counted once, however often it is told."""
    if not key:
        return
    with write() as session:
        if session.scalar(select(Visit.id).where(Visit.key == key, Visit.page == Seen.APPROVED)) is None:
            session.add(Visit(key=key, page=Seen.APPROVED, source="", day=today(), at=now()))


def journey(key: str) -> list[Step]:
    """The visitor's way on the day of `key`, first step first; looking again at the same page is one step.

    The approval is left out: it is counted under the visitor's key, but was a reviewer's act.
    """
    steps: list[Step] = []
    last: Visit | None = None
    looks = select(Visit).where(Visit.key == key, Visit.page != Seen.APPROVED).order_by(Visit.at, Visit.id)
    for visit in db.session.scalars(looks):
        if last is None or visit.page != last.page or visit.at - last.at > SAME_LOOK:
            steps.append(Step(LABELS[visit.page], visit.at, visit.source))
        last = visit
    return steps


@dataclass(frozen=True, slots=True)
class Funnel:
    """Visitors by day and stage, in all, and by where they came from. Counts are different visitors a day."""

    days: list[date]
    rows: list[dict[str, int]]
    totals: dict[str, int]
    sources: list[dict[str, int | str]]


def funnel(count: int) -> Funnel:
    """The last `count` days until today."""
    days = days_until(today(), count)
    query = select(Visit.key, Visit.page, Visit.source, Visit.day, Visit.at).where(
        Visit.day >= days[0], Visit.day <= days[-1]
    )
    looks = [Look(*row) for row in db.session.execute(query)]
    rows = by_day(looks, days, FUNNEL)
    totals = {stage: sum(row[stage] for row in rows) for stage in ("visitors", *FUNNEL)}
    return Funnel(days, rows, totals, by_source(looks))


def tidy() -> None:
    """Destroy the salts of days that are over, and looks of more than a year ago; for the schedule."""
    old = db.session.scalar(select(VisitSalt.day).where(VisitSalt.day < today()).limit(1))
    ancient = db.session.scalar(select(Visit.id).where(Visit.day < today() - KEPT).limit(1))
    if old is None and ancient is None:
        return
    with write() as session:
        session.execute(delete(VisitSalt).where(VisitSalt.day < today()))
        session.execute(delete(Visit).where(Visit.day < today() - KEPT))


def _salt(day: date) -> bytes:
    """The salt of a day, made by whoever needs it first; yesterday's goes then."""
    with db.engine.connect() as connection:
        found: bytes | None = connection.scalar(select(VisitSalt.salt).where(VisitSalt.day == day))
    if found is not None:
        return found
    with _quick() as connection:
        found = connection.scalar(select(VisitSalt.salt).where(VisitSalt.day == day))
        if found is None:
            found = secrets.token_bytes(SALT_BYTES)
            connection.execute(insert(VisitSalt).values(day=day, salt=found))
            connection.execute(delete(VisitSalt).where(VisitSalt.day < day))
    return found


@contextmanager
def _quick() -> Iterator[Connection]:
    """A write on a connection of its own that gives up soon, instead of holding a visitor's page."""
    with db.engine.connect().execution_options(planroom_write=True) as connection:
        lite = connection.dialect.name == "sqlite"
        raw = connection.connection.dbapi_connection
        if lite and raw is not None:
            raw.cursor().execute(f"PRAGMA busy_timeout={PATIENCE_MS}")
        try:
            with connection.begin():
                if not lite:
                    connection.exec_driver_sql(f"SET LOCAL statement_timeout = {PATIENCE_MS}")
                yield connection
        finally:
            if lite and raw is not None:
                raw.cursor().execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
