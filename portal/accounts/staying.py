"""Staying signed in while Redis is emptied or away: the cookie with the device's key, and what is made of it.

Handed to the gate by create_app (gate.init_app): called for a caller whose session the store does not have.
"""

from __future__ import annotations

from contextlib import suppress

from flask import g, request
from werkzeug.wrappers import Response

from portal.accounts import device_keys, limits, session
from portal.core import sessions
from portal.core.settings import settings


def cookie_name() -> str:
    return "__Host-planroom-key" if settings().https else "planroom-key"


def take_away() -> None:
    """With the answer, the browser forgets the key: its device has ended, or it was good for nothing."""
    g.device_key = ""


def make_anew() -> None:
    """A session for a caller who shows the key of a device that holds; anonymous stays who shows none."""
    key = request.cookies.get(cookie_name(), "")
    if not key:
        return
    here = session.place()
    found = device_keys.shown(key, here.browser)
    if found is None:
        take_away()
        with suppress(limits.TooMany):
            limits.take(limits.WRONG_KEY, here.unit)
            return
        raise limits.TooMany(limits.WRONG_KEY.seconds)
    if sessions.lost() or not device_keys.turn(found):
        sessions.borrow(found.values)
        return
    try:
        sessions.rebuild(found.session_id, found.values)
    except sessions.StoreGone:
        sessions.borrow(found.values)
        return
    g.device_key = found.next_key


def carry_key(response: Response) -> Response:
    """Let the browser keep, or drop, its device's key. It lives as long as the session's own cookie."""
    key = g.pop("device_key", None)
    name, secure = cookie_name(), settings().https
    if key:
        lasting = sessions.ABSOLUTE if sessions.current.permanent else None
        response.set_cookie(name, key, lasting, path="/", secure=secure, httponly=True, samesite="Lax")
    elif key is not None:
        response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="Lax")
    return response
