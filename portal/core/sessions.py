"""Flask-Session made strict: any server serves any session, and a dead one stays dead.

What differs from the library, each for a measured fault of it (facts in docs/sessions.md): no pickle on any path; the
session id is stored only as a digest; written only when changed; an update never re-creates what a logout deleted (a slow
request in flight would bring it back); static files never touch the store; a store that does not answer makes an
anonymous session marked `lost` instead of an error on every page.
"""

from __future__ import annotations

import hashlib
import threading
import time
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, cast

import msgspec
from flask import Flask, Request, current_app, session
from flask_session.base import Serializer, ServerSideSession, ServerSideSessionInterface
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import LargeBinary, String, delete, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import clock
from portal.core.db import Model, db, retained, write
from portal.core.settings import Settings

#: The session of this request, for services that must not see the request.
current = session

PREFIX = "planroom:session:"
#: Unused this long, a session ends by itself.
IDLE = timedelta(hours=12)
#: Signed in this long, a person signs in again however busy they were.
ABSOLUTE = timedelta(days=14)
ID_BYTES = 32
ID_LENGTH = 43  # of ID_BYTES in urlsafe base64

Mode = Literal["new", "update"]


class Store(Protocol):
    """Where sessions live. A key is the digest of a session id; a value is opaque bytes."""

    def read(self, key: str) -> bytes | None:
        """The value, whose idle time begins anew."""

    def write(self, key: str, value: bytes, mode: Mode) -> bool:
        """Keep the value: `new` never replaces, `update` never creates. False when it was not kept."""

    def delete(self, key: str) -> None:
        """Forget it; no error when it is gone already."""


class StoreGone(Exception):  # noqa: N818 - it is the store that is gone
    """The store does not answer."""


class RedisStore:
    """Sessions on Redis: one round trip to read, one to write."""

    def __init__(self, client: Redis) -> None:
        self._redis = client

    def read(self, key: str) -> bytes | None:
        try:
            return cast("bytes | None", self._redis.getex(PREFIX + key, ex=IDLE))
        except RedisError as error:
            raise StoreGone from error

    def write(self, key: str, value: bytes, mode: Mode) -> bool:
        try:
            return bool(self._redis.set(PREFIX + key, value, ex=IDLE, nx=mode == "new", xx=mode == "update"))
        except RedisError as error:
            raise StoreGone from error

    def delete(self, key: str) -> None:
        try:
            self._redis.delete(PREFIX + key)
        except RedisError as error:
            raise StoreGone from error


class SessionRow(Model):
    """A session, where SESSION_STORE=database."""

    __tablename__ = "session"
    __table_args__ = ({"info": retained("operations", None)},)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class DatabaseStore:
    """Sessions in the platform database, for a portal without Redis for them."""

    def read(self, key: str) -> bytes | None:
        try:
            with db.engine.connect() as connection:
                row = connection.execute(
                    select(SessionRow.value, SessionRow.expires_at).where(SessionRow.key == key)
                ).first()
        except OperationalError as error:
            raise StoreGone from error
        now = clock.now()
        if row is None or row.expires_at <= now:
            return None
        if row.expires_at - now < IDLE / 2:  # renewed at half time, so that reading is not writing
            self._execute(update(SessionRow).where(SessionRow.key == key).values(expires_at=now + IDLE))
        return bytes(row.value)

    def write(self, key: str, value: bytes, mode: Mode) -> bool:
        values = {"value": value, "expires_at": clock.now() + IDLE}
        if mode == "update":
            return self._execute(update(SessionRow).where(SessionRow.key == key).values(**values)) == 1
        try:
            return self._execute(insert(SessionRow).values(key=key, **values)) == 1
        except IntegrityError:
            return False

    def delete(self, key: str) -> None:
        self._execute(delete(SessionRow).where(SessionRow.key == key))

    def _execute(self, statement: Any) -> int:  # noqa: ANN401 - any value that JSON, a template or a library may hold
        try:
            with db.engine.connect().execution_options(planroom_write=True) as connection, connection.begin():
                return connection.execute(statement).rowcount
        except OperationalError as error:
            raise StoreGone from error


def tidy() -> None:
    """Forget the database's sessions whose time is over; Redis forgets its own."""
    with write() as session:
        session.execute(delete(SessionRow).where(SessionRow.expires_at <= clock.now()))


class MemoryStore:
    """Sessions in this process: for tests and for a portal of one process."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[bytes, float]] = {}
        self._lock = threading.Lock()

    def read(self, key: str) -> bytes | None:
        with self._lock:
            value, until = self._rows.get(key, (None, 0.0))
            if value is None or until <= time.monotonic():
                self._rows.pop(key, None)
                return None
            self._rows[key] = (value, time.monotonic() + IDLE.total_seconds())
            return value

    def write(self, key: str, value: bytes, mode: Mode) -> bool:
        with self._lock:
            if (key in self._rows) != (mode == "update"):
                return False
            self._rows[key] = (value, time.monotonic() + IDLE.total_seconds())
            return True

    def delete(self, key: str) -> None:
        with self._lock:
            self._rows.pop(key, None)


class StrictSession(ServerSideSession):  # type: ignore[misc]  # the library carries no types
    """A session that knows whether the store has it (`stored`) and whether the store failed (`lost`)."""

    stored = False
    lost = False

    def clear(self) -> None:
        """Empty it altogether; the library's own keeps a key, and so kept the session alive."""
        dict.clear(self)
        self.modified = self.accessed = True


class StrictSerializer(Serializer):  # type: ignore[misc]  # the library carries no types
    """msgpack of plain values, and nothing else: bytes that are anything else make an anonymous session."""

    def encode(self, session: ServerSideSession) -> bytes:
        return msgspec.msgpack.encode(dict(session))

    def decode(self, serialized_data: bytes) -> dict[str, Any]:
        return msgspec.msgpack.decode(serialized_data, type=dict[str, Any])


class StrictSessions(ServerSideSessionInterface):  # type: ignore[misc]  # the library carries no types
    """The session interface over any Store."""

    session_class = StrictSession
    ttl = True

    def __init__(self, app: Flask, store: Store) -> None:
        super().__init__(app, key_prefix="", permanent=False, sid_length=ID_BYTES)
        self.store = store
        self.serializer = StrictSerializer()

    def open_session(self, app: Flask, request: Request) -> StrictSession:
        fresh: StrictSession = self.session_class(sid=self._generate_sid(ID_BYTES))
        sid = request.cookies.get(app.config["SESSION_COOKIE_NAME"], "")
        if len(sid) != ID_LENGTH or request.path.startswith(("/static/", "/healthz")):
            return fresh
        try:
            data = self.store.read(self._get_store_id(sid))
            if data is None:
                return fresh
            session: StrictSession = self.session_class(self.serializer.decode(data), sid=sid)
        except StoreGone:
            fresh.lost = True
            return fresh
        except msgspec.DecodeError:
            app.logger.warning("a session could not be read; treated as signed out")
            return fresh
        session.stored = True
        return session

    def _get_store_id(self, sid: str) -> str:
        return hashlib.sha256(sid.encode()).hexdigest()

    def should_set_storage(self, app: Flask, session: StrictSession) -> bool:  # noqa: ARG002 - the library's signature
        return bool(session.modified)

    def save_session(self, app: Flask, session: StrictSession, response: Any) -> None:  # noqa: ANN401 - any value that JSON, a template or a library may hold
        try:
            super().save_session(app, session, response)
        except StoreGone:
            app.logger.warning("the session store does not answer; a change was not kept")

    def _upsert_session(self, session_lifetime: timedelta, session: StrictSession, store_id: str) -> None:  # noqa: ARG002
        value = self.serializer.encode(session)
        kept = self.store.write(store_id, value, "update" if session.stored else "new")
        if not kept:
            current_app.logger.info("a session ended while a request of it was under way; it stays ended")

    def _delete_session(self, store_id: str) -> None:
        self.store.delete(store_id)

    def _retrieve_session_data(self, store_id: str) -> dict[str, Any] | None:
        data = self.store.read(store_id)
        return None if data is None else self.serializer.decode(data)

    def renew(self, session: StrictSession) -> None:
        """Give the session a new id, and kill the old one now: at sign-in and at every change of right.

        Raises StoreGone when the old one could not be killed.
        """
        if session.stored:
            self.store.delete(self._get_store_id(session.sid))
        session.sid = self._generate_sid(ID_BYTES)
        session.stored = False
        session.modified = True


def init_app(app: Flask, settings: Settings, client: Redis) -> None:
    app.config.update(
        SESSION_COOKIE_NAME="__Host-planroom" if settings.https else "planroom",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=ABSOLUTE,
    )
    stores: dict[str, Store] = {"redis": RedisStore(client), "database": DatabaseStore(), "memory": MemoryStore()}
    app.session_interface = StrictSessions(app, stores[settings.session_store])


def renew() -> None:
    """Renew the id of the caller's session, keeping what it holds."""
    _interface().renew(cast("StrictSession", current))


def begin(**values: Any) -> None:  # noqa: ANN401 - any value that JSON, a template or a library may hold
    """Start a session for somebody who has just proved who they are: nothing of the old one stays."""
    session = cast("StrictSession", current)
    _interface().renew(session)
    session.clear()
    session.update(values)


def end() -> None:
    """End the caller's session on every server, now."""
    session = cast("StrictSession", current)
    if session.stored:
        _interface().store.delete(_interface()._get_store_id(session.sid))  # noqa: SLF001 - one module
    session.clear()


def lost() -> bool:
    """Whether the caller came with a session that the store could not be asked for."""
    return bool(getattr(current, "lost", False))


def _interface() -> StrictSessions:
    return cast("StrictSessions", current_app.session_interface)
