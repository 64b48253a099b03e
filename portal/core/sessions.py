"""Flask-Session made strict: any server serves any session, and a dead one stays dead.

What differs from the library, each for a measured fault of it (docs/sessions.md): no pickle on any path; the session id
is stored only as a digest, and what it holds only sealed; written only when changed, and only what was changed; an update
never re-creates what a sign-out deleted (a slow request in flight would bring it back); static files never touch the
store; a store that does not answer makes an anonymous session marked `lost` instead of an error on every page.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection
from datetime import timedelta
from typing import Any, cast

from flask import Flask, Request, current_app, session
from flask_session.base import ServerSideSession, ServerSideSessionInterface
from redis import Redis

from portal.core.gauges import Watched
from portal.core.near import Near
from portal.core.session_box import Box, Opened
from portal.core.session_stores import (
    IDLE,
    PREFIX,
    DatabaseStore,
    MemoryStore,
    RedisStore,
    SessionRow,
    Store,
    StoreGone,
    tidy,
)
from portal.core.settings import Settings

#: The session of this request, for services that must not see the request.
current = session

#: Signed in this long, a person signs in again however busy they were.
ABSOLUTE = timedelta(days=14)
#: A session in use is written at least so often, which begins its idle time anew: reading it is not writing.
TOUCH_SECONDS = 600
ID_BYTES = 32
ID_LENGTH = 43  # of ID_BYTES in urlsafe base64
#: Each failed try means that another request of the same session has got its change in.
MOST_TRIES = 100


class StrictSession(ServerSideSession):  # type: ignore[misc]  # the library carries no types
    """A session that knows what of it the store has (`stored`), whether this process remembered it (`near`), and whether
    the store failed (`lost`).
    """

    stored: Opened | None = None
    shown = ""  # the id with which the browser came
    near = False
    lost = False

    def clear(self) -> None:
        """Empty it altogether; the library's own keeps a key, and so kept the session alive."""
        dict.clear(self)
        self.modified = self.accessed = True

    def take(self, found: Opened) -> None:
        """Hold what the store has, and nothing else."""
        dict.clear(self)
        dict.update(self, found.values())
        self.stored = found

    @property
    def idles(self) -> bool:
        """Whether its idle time should begin anew."""
        return self.stored is not None and time.time() - self.stored.at > TOUCH_SECONDS


class StrictSessions(ServerSideSessionInterface):  # type: ignore[misc]  # the library carries no types
    """The session interface over any Store, with or without a near cache before it."""

    session_class = StrictSession
    ttl = True

    def __init__(self, app: Flask, store: Store, box: Box, near: Near | None = None) -> None:
        super().__init__(app, key_prefix="", permanent=False, sid_length=ID_BYTES)
        self.store, self.box, self.near = store, box, near

    def open_session(self, app: Flask, request: Request) -> StrictSession:
        sid = request.cookies.get(app.config["SESSION_COOKIE_NAME"], "")
        if len(sid) != ID_LENGTH or request.path.startswith(("/static/", "/healthz")):
            return self._fresh()
        key = self._get_store_id(sid)
        if self.near is not None and (known := self.near.get(key)) is not None:
            session: StrictSession = self.session_class(known.values(), sid=sid)
            session.stored, session.shown, session.near = known, sid, True
            return session
        try:
            found = self._read(key)
        except StoreGone:
            fresh = self._fresh()
            fresh.lost = True
            return fresh
        if found is None:
            return self._fresh()
        session = self.session_class(found.values(), sid=sid)
        session.stored, session.shown = found, sid
        return session

    def _fresh(self) -> StrictSession:
        return self.session_class(sid=self._generate_sid(ID_BYTES))

    def _read(self, key: str) -> Opened | None:
        """From the store itself; remembered, where there is a near cache. Raises StoreGone."""
        if self.near is None:
            return self._open(key, self.store.read(key))
        word, found = self.near.expect(key), None
        try:
            found = self._open(key, self.store.read(key))
        finally:
            self.near.keep(key, word, found)
        return found

    def _open(self, key: str, sealed: bytes | None) -> Opened | None:
        if sealed is None:
            return None
        found = self.box.open(key, sealed)
        if found is None:
            current_app.logger.warning("a session could not be opened; treated as signed out")
        return found

    def ask(self, session: StrictSession) -> None:
        """Make sure of a session that came from the near cache: it holds what the store says now. Raises StoreGone."""
        if not session.near:
            return
        session.near = False
        found = self._read(self._get_store_id(session.sid))
        if found is None:
            dict.clear(session)
            session.stored, session.sid = None, self._generate_sid(ID_BYTES)
        elif session.stored is None or found.sealed != session.stored.sealed:
            session.take(found)

    def _get_store_id(self, sid: str) -> str:
        return hashlib.sha256(sid.encode()).hexdigest()

    def should_set_storage(self, app: Flask, session: StrictSession) -> bool:  # noqa: ARG002 - the library's signature
        return bool(session.modified) or session.idles

    def should_set_cookie(self, app: Flask, session: StrictSession) -> bool:
        """When the browser has another id, or the cookie's own end moves: a change alone is no news to the browser."""
        return session.sid != session.shown or bool(super().should_set_cookie(app, session) and session.permanent)

    def save_session(self, app: Flask, session: StrictSession, response: Any) -> None:  # noqa: ANN401 - any value that JSON, a template or a library may hold
        """The library's way, which is for cookies, only where there may be one to set or to take back."""
        written = bool(session.modified) or session.idles
        goes_on = bool(session) and session.stored is not None and not self.should_set_cookie(app, session)
        if session.accessed and (goes_on or not written):
            _depends_on_cookie(response)
        if not written:
            return
        try:
            if goes_on:
                self._upsert_session(app.permanent_session_lifetime, session, self._get_store_id(session.sid))
            else:
                super().save_session(app, session, response)
        except StoreGone:
            app.logger.warning("the session store does not answer; a change was not kept")

    def _upsert_session(self, session_lifetime: timedelta, session: StrictSession, store_id: str) -> None:  # noqa: ARG002
        kept = self._create(session, store_id) if session.stored is None else self._change(session, store_id)
        if not kept:
            current_app.logger.info("a session ended while a request of it was under way; it stays ended")

    def _create(self, session: StrictSession, key: str) -> bool:
        new = self.box.seal(key, dict(session))
        if not self.store.create(key, new.sealed):
            return False
        session.stored = new
        return True

    def _change(self, session: StrictSession, key: str) -> bool:
        """Put what this request has changed, and no more, into what stands in the store by now. False when it has ended."""
        base = cast("Opened", session.stored)
        before, wanted, values = base.values(), dict(session), dict(session)
        for _ in range(MOST_TRIES):
            new = self.box.seal(key, values)
            stands = self._swap(key, base, new)
            if stands == new.sealed:
                session.stored = new
                return True
            other = self._open(key, stands)
            if other is None:
                return False
            base, values = other, _merged(before, wanted, other.values())
        return False

    def _swap(self, key: str, base: Opened, new: Opened) -> bytes | None:
        """What stands in the store now. A change that was taken is remembered: the next page need not ask for it."""
        if self.near is None:
            return self.store.swap(key, base.sealed, new.sealed)
        self.near.forget(key)
        word, stands = self.near.expect(key), None
        try:
            stands = self.store.swap(key, base.sealed, new.sealed)
        finally:
            self.near.keep(key, word, new if stands == new.sealed else None)
        return stands

    def _delete_session(self, store_id: str) -> None:
        self.store.delete(store_id)
        if self.near is not None:
            self.near.forget(store_id)

    def _retrieve_session_data(self, store_id: str) -> dict[str, Any] | None:
        found = self._read(store_id)
        return None if found is None else found.values()

    def renew(self, session: StrictSession) -> None:
        """Give the session a new id, and kill the old one now: at sign-in and at every change of right.

        Raises StoreGone when the old one could not be killed.
        """
        if session.stored is not None:
            self._delete_session(self._get_store_id(session.sid))
        session.sid = self._generate_sid(ID_BYTES)
        session.stored = None
        session.modified = True


def _depends_on_cookie(response: Any) -> None:  # noqa: ANN401 - any value that JSON, a template or a library may hold
    """Say so to caches. By hand: reading the header into a set and writing it again takes as long as all the rest."""
    said = response.headers.get("Vary")
    if said is None:
        response.headers["Vary"] = "Cookie"
    elif "cookie" not in said.lower():
        response.headers["Vary"] = f"{said}, Cookie"


def _merged(before: dict[str, Any], wanted: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """`other`, with what was changed from `before` to `wanted`."""
    kept = {name: value for name, value in other.items() if name in wanted or name not in before}
    return kept | {name: value for name, value in wanted.items() if name not in before or before[name] != value}


def init_app(app: Flask, settings: Settings, client: Redis, line: Redis | None = None) -> None:
    """`client` reads and writes sessions; `line` (RESP3) is what the near cache hears by, None for no such cache."""
    app.config.update(
        SESSION_COOKIE_NAME="__Host-planroom" if settings.https else "planroom",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=ABSOLUTE,
    )
    store: Store
    near = None
    if settings.session_store == "redis":
        store = RedisStore(client)
        near = Near(line, PREFIX) if line is not None else None
    else:
        store = DatabaseStore() if settings.session_store == "database" else MemoryStore()
    gauges = app.extensions.get("planroom.gauges")
    if gauges is not None:
        gauges.near, store = near, Watched(store, gauges)
    app.session_interface = StrictSessions(app, store, Box(settings.secret_key), near)


def renew() -> None:
    """Renew the id of the caller's session, keeping what it holds."""
    _interface().renew(_mine())


def begin(**values: Any) -> None:  # noqa: ANN401 - any value that JSON, a template or a library may hold
    """Start a session for somebody who has just proved who they are: nothing of the old one stays."""
    session = _mine()
    _interface().renew(session)
    session.clear()
    session.update(values)


def end() -> None:
    """End the caller's session on every server, now."""
    session = _mine()
    if session.stored is not None:
        _interface()._delete_session(_interface()._get_store_id(session.sid))  # noqa: SLF001 - one module
    session.clear()


def make_sure() -> None:
    """Before money and rights: what the near cache said of the caller is asked of the store itself.

    Where the store does not answer, nobody is signed in.
    """
    session = _mine()
    try:
        _interface().ask(session)
    except StoreGone:
        dict.clear(session)
        session.stored, session.lost = None, True


def keep() -> None:
    """Put the caller's session into the store now, where the answer depends on it. Raises StoreGone."""
    session = _mine()
    _interface()._upsert_session(ABSOLUTE, session, _interface()._get_store_id(session.sid))  # noqa: SLF001 - one module


def rebuild(sid: str, values: dict[str, Any]) -> None:
    """The store has lost the caller's session: make it anew under `sid`, or take up the one that another request of the
    same browser has just made there. Raises StoreGone.
    """
    session = _mine()
    session.sid = sid
    dict.clear(session)
    dict.update(session, values)
    interface, key = _interface(), _interface()._get_store_id(sid)  # noqa: SLF001 - one module
    if not interface._create(session, key):  # noqa: SLF001
        found = interface._read(key)  # noqa: SLF001
        if found is not None:
            session.take(found)
    session.modified = True  # so that the browser gets the cookie


def borrow(values: dict[str, Any]) -> None:
    """The store does not answer: let the caller's session hold `values` for this request, and keep nothing of it."""
    session = _mine()
    dict.clear(session)
    dict.update(session, values)


def unknown() -> bool:
    """Whether the caller has come without a session that the store has: none, an ended or a lost one."""
    return _mine().stored is None


def lost() -> bool:
    """Whether the caller came with a session that the store could not be asked for."""
    return bool(getattr(current, "lost", False))


def holding(words: Collection[str]) -> list[str]:
    """Keys of the sessions that hold one of these words: what a company's destruction looks for."""
    asked, wanted, found = _interface(), [word.encode() for word in words], []
    for key, sealed in asked.store.rows():
        opened = asked.box.open(key, sealed)
        said = sealed if opened is None else opened.plain
        if any(word in said for word in wanted):
            found.append(key)
    return found


def forget(words: Collection[str]) -> int:
    """End every session that holds one of these words. Returns how many."""
    keys = holding(words)
    for key in keys:
        _interface()._delete_session(key)  # noqa: SLF001 - one module
    return len(keys)


def _mine() -> StrictSession:
    """The session itself, not the stand-in for whichever request runs: Python's own dict verbs want the real one."""
    return cast("StrictSession", current._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001 - the proxy's only way


def _interface() -> StrictSessions:
    return cast("StrictSessions", current_app.session_interface)


__all__ = [
    "ABSOLUTE",
    "IDLE",
    "PREFIX",
    "Box",
    "DatabaseStore",
    "MemoryStore",
    "Near",
    "RedisStore",
    "SessionRow",
    "Store",
    "StoreGone",
    "StrictSession",
    "StrictSessions",
    "begin",
    "borrow",
    "current",
    "end",
    "forget",
    "holding",
    "keep",
    "lost",
    "make_sure",
    "rebuild",
    "renew",
    "tidy",
    "unknown",
]
