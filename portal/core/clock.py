"""One clock for all processes.

Production reads the machine's clock. In embedded mode and in tests a row of the platform database shifts it, so that a
lifecycle test moves web, worker and sandbox together. It is read once per request or job: time stands still within one.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import g, has_app_context
from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Model, db, retained, write
from portal.core.settings import settings

SEOUL = ZoneInfo("Asia/Seoul")


class ClockShift(Model):
    """How far the clock is moved, in microseconds. One row, id 1; none means not at all."""

    __tablename__ = "clock_shift"
    __table_args__ = ({"info": retained("operations", None)},)

    id: Mapped[int] = mapped_column(primary_key=True)
    microseconds: Mapped[int] = mapped_column(BigInteger)


def now() -> datetime:
    """The instant this request or job takes place: aware, UTC, whole microseconds."""
    if not has_app_context():
        return datetime.now(UTC)
    if "now" not in g:
        shift = timedelta()
        if settings().embedded:
            with db.engine.connect() as connection:
                row = connection.execute(db.select(ClockShift.microseconds)).first()
            shift = timedelta(microseconds=row[0] if row else 0)
        g.clock_shift = shift
        g.now = datetime.now(UTC) + shift
    instant: datetime = g.now
    return instant


def fresh() -> datetime:
    """The instant right now, for work that lasts: deadlines inside a long job."""
    now()
    shift: timedelta = g.clock_shift
    return datetime.now(UTC) + shift


def today() -> date:
    """The date on a wall in Seoul."""
    return now().astimezone(SEOUL).date()


def set_to(instant: datetime) -> None:
    """Move the clock of every process to `instant` (aware). Refused in production."""
    if not settings().embedded:
        message = "the clock can only be moved in embedded mode"
        raise PermissionError(message)
    shift = (instant - datetime.now(UTC)) // timedelta(microseconds=1)
    with write() as session:
        session.merge(ClockShift(id=1, microseconds=shift))
    g.pop("now", None)


def set_back() -> None:
    """Let the clock of every process go with the machine's again. Refused in production."""
    set_to(datetime.now(UTC))
