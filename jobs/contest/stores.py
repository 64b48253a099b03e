"""Who takes part: Flask-Session's own stores, a lean PostgreSQL one, and ours.

Each is a Flask app with its session interface, made as its documentation says. `after` is what the store does when a
request is over and Flask would do it for it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
from cachelib import SimpleCache
from flask import Flask
from flask.sessions import SessionInterface
from flask_session import Session as FlaskSession
from flask_session.base import ServerSideSession, ServerSideSessionInterface
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from redis.sentinel import Sentinel
from sqlalchemy import event

from jobs.contest.grounds import Grounds
from portal.core import db as platform
from portal.core.near import Near
from portal.core.redis import PUSHES, connect
from portal.core.sessions import PREFIX, Box, DatabaseStore, MemoryStore, RedisStore, SessionRow, Store, StrictSessions
from portal.core.settings import Settings

#: What SQLite does where nobody has said anything.
SQLITE_DEFAULTS = ("journal_mode=DELETE", "synchronous=FULL", "secure_delete=OFF")
COOKIE = "planroom"
LINE_SECONDS = 5


@dataclass(slots=True)
class Entry:
    """A store ready to be measured."""

    app: Flask
    interface: SessionInterface
    after: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Contestant:
    """A row of the table. `needs` names the engine that must be there."""

    name: str
    needs: str
    enter: Callable[[Grounds], Any] = field(repr=False)


def _app(**config: object) -> Flask:
    app = Flask("contest")
    app.config.update(SECRET_KEY=secrets.token_hex(), SESSION_COOKIE_NAME=COOKIE, **config)
    return app


def _theirs(app: Flask, **config: object) -> Entry:
    app.config.update(config)
    FlaskSession(app)
    return Entry(app, app.session_interface)


# ----- Flask-Session's own -----------------------------------------------------------------------------------------


@contextmanager
def theirs_in_memory(_grounds: Grounds) -> Iterator[Entry]:
    yield _theirs(_app(), SESSION_TYPE="cachelib", SESSION_CACHELIB=SimpleCache())


@contextmanager
def theirs_on_redis(grounds: Grounds) -> Iterator[Entry]:
    with Redis.from_url(grounds.redis.url) as client:
        yield _theirs(_app(), SESSION_TYPE="redis", SESSION_REDIS=client)


@contextmanager
def theirs_on_a_socket(grounds: Grounds) -> Iterator[Entry]:
    with Redis.from_url(f"unix://{grounds.socket}") as client:
        yield _theirs(_app(), SESSION_TYPE="redis", SESSION_REDIS=client)


@contextmanager
def theirs_on_sentinel(grounds: Grounds) -> Iterator[Entry]:
    group = grounds.sentinels
    watchers: Any = Sentinel([("127.0.0.1", watcher.port) for watcher in group.watchers])  # type: ignore[no-untyped-call]  # redis-py's own gap
    with watchers.master_for(group.master_name) as client:
        yield _theirs(_app(), SESSION_TYPE="redis", SESSION_REDIS=client)


@contextmanager
def _theirs_in_sql(url: str, *, as_sqlite_is: bool = False) -> Iterator[Entry]:
    app = _app(SQLALCHEMY_DATABASE_URI=url)
    database = SQLAlchemy(app)
    with app.app_context():
        engine = database.engine
        if as_sqlite_is:  # our own rooms have asked for WAL on every SQLite of this process
            event.listen(engine, "connect", _as_sqlite_is)
        entry = _theirs(app, SESSION_TYPE="sqlalchemy", SESSION_SQLALCHEMY=database)
        entry.after = database.session.remove
        yield entry
        database.session.remove()
        engine.dispose()


def _as_sqlite_is(connection: Any, _record: object) -> None:  # noqa: ANN401 - a connection of the driver's
    for pragma in SQLITE_DEFAULTS:
        connection.execute(f"PRAGMA {pragma}")


@contextmanager
def theirs_in_postgresql(grounds: Grounds) -> Iterator[Entry]:
    with _theirs_in_sql(grounds.postgres.url) as entry:
        yield entry


@contextmanager
def theirs_in_sqlite(grounds: Grounds) -> Iterator[Entry]:
    with _theirs_in_sql(f"sqlite:///{grounds.folder / 'theirs.db'}", as_sqlite_is=True) as entry:
        yield entry


# ----- a lean PostgreSQL store ---------------------------------------------------------------------------------------


class LeanSessions(ServerSideSessionInterface):  # type: ignore[misc]  # the library carries no types
    """Sessions in PostgreSQL as lean as they can be: no ORM, one prepared statement a verb, written only when changed."""

    session_class = ServerSideSession

    def __init__(self, app: Flask, connection: psycopg.Connection[Any]) -> None:
        super().__init__(app, key_prefix="")
        self._connection = connection

    def should_set_storage(self, app: Flask, session: ServerSideSession) -> bool:  # noqa: ARG002 - the library's signature
        return bool(session.modified)

    def _retrieve_session_data(self, store_id: str) -> dict[str, Any] | None:
        query = "SELECT value FROM lean WHERE key = %s AND expires_at > now()"
        row = self._connection.execute(query, (store_id,), prepare=True).fetchone()
        return None if row is None else self.serializer.decode(row[0])

    def _upsert_session(self, session_lifetime: timedelta, session: ServerSideSession, store_id: str) -> None:
        self._connection.execute(
            "INSERT INTO lean (key, value, expires_at) VALUES (%s, %s, now() + %s) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at",
            (store_id, self.serializer.encode(session), session_lifetime),
            prepare=True,
        )

    def _delete_session(self, store_id: str) -> None:
        self._connection.execute("DELETE FROM lean WHERE key = %s", (store_id,))


@contextmanager
def _lean(grounds: Grounds, waiting: str) -> Iterator[Entry]:
    with grounds.postgres.connect() as connection:
        connection.execute(f"SET synchronous_commit = {waiting}")
        with suppress(psycopg.errors.UniqueViolation):  # the other web process has just made it
            connection.execute(
                "CREATE TABLE IF NOT EXISTS lean "
                "(key text PRIMARY KEY, value bytea NOT NULL, expires_at timestamptz NOT NULL)"
            )
        app = _app()
        yield Entry(app, LeanSessions(app, connection))


@contextmanager
def lean(grounds: Grounds) -> Iterator[Entry]:
    with _lean(grounds, "on") as entry:
        yield entry


@contextmanager
def lean_that_does_not_wait(grounds: Grounds) -> Iterator[Entry]:
    with _lean(grounds, "off") as entry:
        yield entry


# ----- ours ----------------------------------------------------------------------------------------------------------


def _ours(store: Store, near: Near | None = None, app: Flask | None = None) -> Entry:
    app = app or _app()
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    return Entry(app, StrictSessions(app, store, Box("b" * 40), near))


def _on_redis(grounds: Grounds, kind: str) -> dict[str, str]:
    """The portal's settings for one way to reach Redis."""
    if kind == "sentinel":
        return {"REDIS_SENTINELS": grounds.sentinels.setting}
    return {"REDIS_URL": grounds.redis.url if kind == "tcp" else f"unix://{grounds.socket}"}


def on_redis(kind: str, *, near: bool = False) -> Callable[[Grounds], Any]:
    @contextmanager
    def enter(grounds: Grounds) -> Iterator[Entry]:
        settings = Settings.read(_on_redis(grounds, kind))
        cache = Near(connect(settings, protocol=PUSHES), PREFIX) if near else None
        with connect(settings) as client:
            if cache is not None:
                _wait_for_line(cache)
            yield _ours(RedisStore(client), cache)
        if cache is not None:
            cache.close()

    return enter


def _wait_for_line(cache: Near) -> None:
    deadline = time.monotonic() + LINE_SECONDS
    cache.get("")
    while not cache.listening:
        if time.monotonic() > deadline:
            raise TimeoutError("the near cache got no line to Redis")
        time.sleep(0.01)


@contextmanager
def ours_in_memory(_grounds: Grounds) -> Iterator[Entry]:
    yield _ours(MemoryStore())


@contextmanager
def _ours_in_sql(url: str) -> Iterator[Entry]:
    app = _app()
    # As in production: the clock that tests move is a row, and would be read too.
    app.extensions["planroom.settings"] = Settings.read({"PORTAL_ENV": "production", "DATABASE_URL": url})
    platform.init_app(app, url)
    with app.app_context():
        SessionRow.__table__.create(platform.db.engine, checkfirst=True)  # type: ignore[attr-defined]  # SQLAlchemy's
        yield _ours(DatabaseStore(), app=app)
    platform.dispose(app)


@contextmanager
def ours_in_postgresql(grounds: Grounds) -> Iterator[Entry]:
    with _ours_in_sql(grounds.postgres.url) as entry:
        yield entry


@contextmanager
def ours_in_sqlite(grounds: Grounds) -> Iterator[Entry]:
    with _ours_in_sql(f"sqlite:///{grounds.folder / 'ours.db'}") as entry:
        yield entry


CONTESTANTS = (
    Contestant("Flask-Session PostgreSQL", "postgres", theirs_in_postgresql),
    Contestant("Flask-Session SQLite", "", theirs_in_sqlite),
    Contestant("Flask-Session Redis TCP", "redis", theirs_on_redis),
    Contestant("Flask-Session Redis unix", "redis", theirs_on_a_socket),
    Contestant("Flask-Session Redis Sentinel", "sentinels", theirs_on_sentinel),
    Contestant("Flask-Session memory", "", theirs_in_memory),
    Contestant("lean PostgreSQL", "postgres", lean),
    Contestant("lean PostgreSQL, commit not waited for", "postgres", lean_that_does_not_wait),
    Contestant("ours PostgreSQL", "postgres", ours_in_postgresql),
    Contestant("ours SQLite", "", ours_in_sqlite),
    Contestant("ours Redis TCP", "redis", on_redis("tcp")),
    Contestant("ours Redis unix", "redis", on_redis("unix")),
    Contestant("ours Redis Sentinel", "sentinels", on_redis("sentinel")),
    Contestant("ours memory", "", ours_in_memory),
    Contestant("ours near cache", "redis", on_redis("tcp", near=True)),
)
