"""The databases: one platform database through Flask-SQLAlchemy, and one per company through its own metadata root.

`write()` is the one way to change rows. On SQLite it begins IMMEDIATE, so nothing is read before the lock is held
(two threads lost 300 of 600 updates by read-then-write in a deferred transaction); on PostgreSQL it is an ordinary
transaction. Nested calls join the outer one, and what was sent to the outbox wakes the relay after commit.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, current_app, g
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Engine, MetaData, TypeDecorator, create_engine, event
from sqlalchemy.engine import URL, Connection, Dialect, make_url
from sqlalchemy.orm import DeclarativeBase, Session, registry, scoped_session
from sqlalchemy.pool import NullPool

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
BUSY_SECONDS = 10
#: Engines of companies kept open by one process; the least lately used one is closed first.
COMPANY_ENGINES = 64


class Instant(TypeDecorator[datetime]):
    """A point in time: aware UTC in Python, without offset in the database, the same on both engines."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        if value is None:
            return None
        if value.tzinfo is None:
            message = "an instant needs a time zone"
            raise ValueError(message)
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.replace(tzinfo=UTC)


class Platform(DeclarativeBase):
    """Root of the platform's tables. Flask-SQLAlchemy copies it, so what is its own is said in the registry."""

    registry = registry(metadata=MetaData(naming_convention=NAMING), type_annotation_map={datetime: Instant()})


class Tenanted(DeclarativeBase):
    """Root of the tables in every company's own database."""

    registry = registry(metadata=MetaData(naming_convention=NAMING), type_annotation_map={datetime: Instant()})


db = SQLAlchemy(model_class=Platform, disable_autonaming=True)

if TYPE_CHECKING:

    class Model(Platform):
        """What platform tables are subclasses of, as a type checker can see it."""

        __abstract__ = True
else:
    Model = db.Model


def retained(record_class: str, subject: str | None) -> dict[str, str | None]:
    """What a table says of itself for `retention`: its record class, and the column that names whose data it is."""
    return {"record_class": record_class, "subject": subject}


def engine_options(url: str | URL) -> dict[str, Any]:
    """How to connect to `url`: the same for the platform, companies and migrations.

    A statement that fails is logged without its values: they are customers' words, and a log outlives its company.
    """
    if make_url(url).get_backend_name() == "sqlite":
        options: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}}
    else:
        options = {"pool_pre_ping": True, "pool_recycle": 1800, "connect_args": {"connect_timeout": 5}}
    return options | {"hide_parameters": True}


@event.listens_for(Engine, "connect")
def _prepare(connection: Any, _record: Any) -> None:  # noqa: ANN401 - any value that JSON, a template or a library may hold
    """SQLite: WAL, foreign keys, and no transactions begun behind our back."""
    if isinstance(connection, sqlite3.Connection):
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_SECONDS * 1000}",
            # What is deleted is overwritten in the file: a destroyed company is not to be read out of its free pages.
            "secure_delete=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        writing = connection.get_execution_options().get("planroom_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def write(session: Session | scoped_session[Any] | None = None) -> Iterator[Session]:
    """One transaction that changes rows of the platform, or of the company whose `session` is given.

    What was read before is read again under the lock, so decisions belong inside the block. Commits at the end of the
    outermost block; any exception rolls all of it back.
    """
    if session is None:
        session = db.session
    real: Session = session() if isinstance(session, scoped_session) else session
    if real.info.get("writing"):
        yield real
        return
    if real.new or real.dirty or real.deleted:
        message = "rows were changed outside write()"
        raise RuntimeError(message)
    real.rollback()
    real.connection(execution_options={"planroom_write": True})
    real.info["writing"] = True
    try:
        yield real
        real.commit()
    except BaseException:
        real.rollback()
        raise
    finally:
        real.info["writing"] = False
        after = real.info.pop("after_commit", [])
    for act in after:
        act()


def after_commit(session: Session, act: Callable[[], None]) -> None:
    """Call `act` once the running write has been committed; never when it was rolled back."""
    acts = session.info.setdefault("after_commit", [])
    if act not in acts:
        acts.append(act)


class CompanyEngines:
    """A bounded cache of engines of company databases, safe for threads. Keyed by URL; a fork starts empty."""

    def __init__(self, size: int = COMPANY_ENGINES) -> None:
        self._size = size
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, url: str) -> Engine:
        """The engine for `url`, made at first use."""
        with self._lock:
            engine = self._engines.pop(url, None)
            if engine is None:
                options = engine_options(url)
                if make_url(url).get_backend_name() != "sqlite":
                    # One server carries hundreds of companies: a process keeps no idle connection to each of them.
                    options |= {"poolclass": NullPool}
                    options.pop("pool_recycle")
                    options.pop("pool_pre_ping")
                engine = create_engine(url, **options)
            self._engines[url] = engine
            closed = self._engines.popitem(last=False)[1] if len(self._engines) > self._size else None
        if closed is not None:
            closed.dispose()
        return engine

    def forget(self, url: str) -> None:
        """Close everything that is open on `url`: it is about to move or to be destroyed."""
        with self._lock:
            engine = self._engines.pop(url, None)
        if engine is not None:
            engine.dispose()

    def dispose(self, *, close: bool = True) -> None:
        """Drop all engines; `close=False` after a fork, where the connections belong to the parent."""
        with self._lock:
            engines, self._engines = list(self._engines.values()), OrderedDict()
        for engine in engines:
            engine.dispose(close=close)


def company_engines() -> CompanyEngines:
    return cast("CompanyEngines", current_app.extensions["planroom.company_engines"])


def company_session(url: str, tenant_id: int) -> Session:
    """The session on one company's database for the rest of this request or job; the same one each time.

    Only `tenants.session` calls this: it is the place where a company's address is known to be the caller's own.
    """
    sessions: dict[str, Session] = g.setdefault("company_sessions", {})
    if url not in sessions:
        sessions[url] = Session(company_engines().get(url), info={"company_url": url, "company_id": tenant_id})
    return sessions[url]


def init_app(app: Flask, database_url: str) -> None:
    app.config["SQLALCHEMY_DATABASE_URI"] = database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(database_url)
    db.init_app(app)
    app.extensions["planroom.company_engines"] = CompanyEngines()

    @app.teardown_appcontext
    def close(_error: BaseException | None) -> None:
        for session in g.pop("company_sessions", {}).values():
            session.close()


def give_back() -> None:
    """End whatever transactions this request or job still has open, after something failed in one of them."""
    db.session.rollback()
    for session in g.get("company_sessions", {}).values():
        session.rollback()


def dispose(app: Flask, *, close: bool = True) -> None:
    """Give back every connection of this process; before a fork (`close=True`) or right after one (`close=False`)."""
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose(close=close)
        company_engines().dispose(close=close)
