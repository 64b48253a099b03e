"""Whose turn it is: a periodic job belongs to the process that claims its row first, however many clocks run."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import String, or_, update
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import now
from portal.core.db import Model, db, retained, write


class Turn(Model):
    """When a periodic job was last begun."""

    __tablename__ = "turn"
    __table_args__ = ({"info": retained("operations", None)},)

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    taken_at: Mapped[datetime]


def take(name: str, every: timedelta) -> bool:
    """True for one caller per `every`. A clock that was moved back does not stop the schedule."""
    moment = now()
    row = db.session.get(Turn, name)
    if row is not None and moment - every < row.taken_at <= moment + every:
        return False
    with write() as session:
        if session.get(Turn, name) is None:
            session.add(Turn(name=name, taken_at=moment))
            return True
        due = or_(Turn.taken_at <= moment - every, Turn.taken_at > moment + every)
        result = session.execute(update(Turn).where(Turn.name == name, due).values(taken_at=moment))
        return bool(getattr(result, "rowcount", 0))
