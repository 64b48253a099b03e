"""Rows are the truth, jobs are nudges: what must happen next is written beside the row, in the same transaction.

Every database, the platform's and each company's, has its own outbox. The relay reads unsent rows after commit and tells
RQ; it is woken through Redis and looks by itself when Redis was silent. A message may arrive twice: the receiver checks
the state of its row, or asks `once()`. Payloads are ids only.

A lost job is found by the rows it should have changed (each room's sweep). An event has no such row: it is told again
until the job has left its receipt, which the worker writes when the job did not itself.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from flask import current_app
from redis.exceptions import RedisError
from sqlalchemy import JSON, String, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, declared_attr, mapped_column

from portal.core.clock import now
from portal.core.db import Model, Tenanted, after_commit, db, retained, write
from portal.core.redis import redis

log = logging.getLogger("planroom.outbox")

#: Redis list on which a commit wakes the relay; the value names the database ("platform", or a tenant's id).
WAKE = "planroom:outbox:wake"
PLATFORM = "platform"
#: Receipts outlive any message that could still be told again.
KEPT = timedelta(days=14)
#: An event is told again to a job that did not take it in for so long, and not after the other.
PATIENCE, TOLD_AGAIN_FOR = timedelta(seconds=45), timedelta(days=7)

Id = int | str


class _Message:
    """One thing to tell after commit."""

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))  # "job": one job by name; "event": whoever subscribes
    name: Mapped[str] = mapped_column(String(80))
    args: Mapped[list[Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None] = mapped_column(index=True)

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805 - a class-level attribute by SQLAlchemy's convention
        return "outbox"

    @declared_attr.directive
    def __table_args__(cls) -> tuple[dict[str, Any]]:  # noqa: N805
        return ({"info": retained("operations", None)},)


class _Receipt:
    """An event that a job of this database has taken in; the pair is unique, so taking it twice fails."""

    event_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    job: Mapped[str] = mapped_column(String(80), primary_key=True)
    at: Mapped[datetime]

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805
        return "receipt"

    @declared_attr.directive
    def __table_args__(cls) -> tuple[dict[str, Any]]:  # noqa: N805
        return ({"info": retained("operations", None)},)


class Message(_Message, Model): ...


class Receipt(_Receipt, Model): ...


class CompanyMessage(_Message, Tenanted): ...


class CompanyReceipt(_Receipt, Tenanted): ...


def later(session: Session, job: str, *args: Id) -> None:
    """Have `jobs.<job>(event_id, *args)` run after this write commits, e.g. `later(s, "tenants.provision", 7)`."""
    _put(session, "job", job, args)


def publish(session: Session, event: str, *args: Id, message_id: str | None = None) -> None:
    """Tell every feature that subscribes to `event` (see `Feature.subscriptions`) after this write commits.

    Under a `message_id` of the caller's own (36 letters at most) it is told once, however often it is published.
    """
    _put(session, "event", event, args, message_id)


def told(session: Session, message_id: str) -> bool:
    """Whether something was published under this id, as long as messages are kept."""
    model = model_of(session)
    return session.scalar(select(model.id).where(model.id == message_id)) is not None


def once(session: Session, event_id: str, job: str) -> bool:
    """Take an event in, inside the write that acts on it. False when this job already did."""
    model = receipt_of(session)
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {"event_id": event_id, "job": job, "at": now()}
    result = session.execute(insert(model).values(**values).on_conflict_do_nothing())
    return bool(getattr(result, "rowcount", 0))


def model_of(session: Session) -> type[Message | CompanyMessage]:
    """The outbox of the database that `session` is on."""
    return CompanyMessage if "company_url" in session.info else Message


def receipt_of(session: Session) -> type[Receipt | CompanyReceipt]:
    """The receipts of the database that `session` is on."""
    return CompanyReceipt if "company_url" in session.info else Receipt


def _put(session: Session, kind: str, name: str, args: tuple[Id, ...], message_id: str | None = None) -> None:
    if not session.info.get("writing"):
        message = f"{name}: the outbox is written inside write()"
        raise RuntimeError(message)
    model = model_of(session)
    values = {"kind": kind, "name": name, "args": list(args), "created_at": now(), "sent_at": None}
    if message_id is None:
        session.add(model(id=str(uuid4()), **values))
    else:
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        session.execute(insert(model).values(id=message_id, **values).on_conflict_do_nothing())
    database = session.info.get("company_id", PLATFORM)
    wakes: dict[str, Any] = current_app.extensions.setdefault("planroom.wakes", {})
    after_commit(session, wakes.setdefault(str(database), _Wake(str(database))))


class _Wake:
    """Tells the relay that a database has news. Losing it costs a second, never a message."""

    def __init__(self, database: str) -> None:
        self.database = database

    def __call__(self) -> None:
        try:
            redis().rpush(WAKE, self.database)
        except RedisError:
            log.warning("the relay could not be woken; it looks by itself")


def unsent(session: Session, limit: int = 200) -> list[Message] | list[CompanyMessage]:
    """The messages of one database still to be told, oldest first."""
    model = model_of(session)
    query = select(model).where(model.sent_at.is_(None)).order_by(model.created_at, model.id).limit(limit)
    return list(session.scalars(query))  # type: ignore[return-value]  # one of the two, by the session's database


def mark_sent(session: Session, ids: list[str]) -> None:
    """Remember that these were told. Telling again after a crash between the two is what receivers are built for."""
    model = model_of(session)
    with write(session) as writing:
        writing.execute(update(model).where(model.id.in_(ids)).values(sent_at=now()))


def unheard(
    session: Session, event: str, job: str, limit: int = 100, past: int = 0
) -> list[Message] | list[CompanyMessage]:
    """The events of one database that were told to a job and not taken in by it: their worker died, or Redis lost them.

    The longest told first; those after the first `past`.
    """
    model, receipt = model_of(session), receipt_of(session)
    moment = now()
    heard = select(receipt.event_id).where(receipt.event_id == model.id, receipt.job == job)
    query = select(model).where(
        model.kind == "event",
        model.name == event,
        model.sent_at <= moment - PATIENCE,
        model.sent_at >= moment - TOLD_AGAIN_FOR,
        ~heard.exists(),
    )
    return list(session.scalars(query.order_by(model.sent_at, model.id).offset(past).limit(limit)))  # type: ignore[return-value]  # as above


def tidy(session: Session) -> int:
    """Forget one database's messages told, and receipts taken, longer ago than anything is told twice. How many."""
    before = now() - KEPT
    model, receipt = model_of(session), receipt_of(session)
    with write(session) as writing:
        gone = writing.execute(delete(model).where(model.sent_at < before))
        writing.execute(delete(receipt).where(receipt.at < before))
    return int(getattr(gone, "rowcount", 0))


def tidy_platform() -> None:
    """The same for the platform's own."""
    tidy(db.session())


def backlog(session: Session) -> int:
    """How many messages wait to be told."""
    model = model_of(session)
    return session.scalar(select(func.count()).select_from(model).where(model.sent_at.is_(None))) or 0


def oldest_untold(session: Session) -> datetime | None:
    """Since when the oldest message waits to be told; None when none does."""
    model = model_of(session)
    return session.scalar(select(func.min(model.created_at)).where(model.sent_at.is_(None)))
