"""Keys of devices: a session that Redis has lost is made anew from the row of its device.

A key is worth no more than its device: it opens nothing once the device has ended, idled too long (unless its person
asked it to be remembered), or is too old, and only for the browser whose mark the device carries. Key and session of the
next turn are worked out of the key that was shown, so that all the requests a browser sends at once get the same ones,
whichever servers they reach.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select, update

from portal.accounts import limits
from portal.accounts.models import Device, DeviceKey, Person, PersonState
from portal.core import ids, sessions
from portal.core.clock import now
from portal.core.db import db, write
from portal.core.settings import settings

#: `<device's id>.<43 letters>`
LONGEST = 10 + 1 + 43


@dataclass(frozen=True, slots=True)
class Turn:
    """What a good key brings: the device, what its session holds, and what comes next."""

    device_id: int
    values: dict[str, Any]
    shown: str
    current: bool  #: whether it is the newest key; else the one before, and the newest has been made already

    @property
    def session_id(self) -> str:
        return _derived("session", self.shown)

    @property
    def next_key(self) -> str:
        return f"{self.device_id}.{_derived('device key', self.shown)}"


def issue(device_id: int, person_id: int) -> str:
    """The first key of a device."""
    secret = ids.token()
    with write() as session:
        session.add(DeviceKey(device_id=device_id, person_id=person_id, digest=ids.digest(secret), before="", kept={}))
    return f"{device_id}.{secret}"


def replace(device_id: int) -> str:
    """A key that follows from no earlier one: whoever has copied one of those has nothing any more."""
    secret = ids.token()
    with write() as session:
        changed = update(DeviceKey).where(DeviceKey.device_id == device_id)
        session.execute(changed.values(digest=ids.digest(secret), before=""))
    return f"{device_id}.{secret}"


def keep(device_id: int, **values: int | None) -> None:
    """Let sessions of the device hold `values` when they are made anew, and those that are None no longer."""
    with write() as session:
        found = session.get(DeviceKey, device_id)
        if found is not None:
            found.kept = {name: value for name, value in (found.kept | values).items() if value is not None}


def shown(key: str, browser: str) -> Turn | None:
    """What a key brings that a browser has shown; None when it is good for nothing. One query."""
    device, _, secret = key.partition(".")
    device_id = ids.whole(device)
    if device_id is None or not secret or len(key) > LONGEST:
        return None
    moment, digest = now(), ids.digest(secret)
    holds = (
        DeviceKey.device_id == device_id,
        Device.browser == browser,
        Device.ended_at.is_(None),
        Device.created_at > moment - sessions.ABSOLUTE,
        or_(Device.seen_at > moment - sessions.IDLE, Device.remembered),
        Person.state == PersonState.ACTIVE,
    )
    query = (
        select(DeviceKey, Person.id, Person.stamp, Device.seen_at, Device.remembered)
        .join(DeviceKey.device)
        .join(Device.person)
    )
    row = db.session.execute(query.where(*holds)).first()
    if row is None or not _is_one_of(digest, row.DeviceKey.digest, row.DeviceKey.before):
        return None
    values = {
        "person": row.id,
        "device": device_id,
        "stamp": row.stamp,
        "seen": row.seen_at.timestamp(),
        **row.DeviceKey.kept,
    }
    if row.remembered:
        values["_permanent"] = True  # as Flask calls a session whose cookie outlives the browser
    return Turn(device_id, values, secret, digest == row.DeviceKey.digest)


def turn(found: Turn) -> bool:
    """The key has been used: from now on the next one is the newest. False when the device makes sessions too often."""
    try:
        limits.take(limits.REBUILD, str(found.device_id))
    except limits.TooMany:
        return False
    if found.current:
        old, new = ids.digest(found.shown), ids.digest(found.next_key.partition(".")[2])
        newest = (DeviceKey.device_id == found.device_id, DeviceKey.digest == old)
        with write() as session:
            session.execute(update(DeviceKey).where(*newest).values(digest=new, before=old))
    return True


def _is_one_of(digest: str, *known: str) -> bool:
    return any(hmac.compare_digest(digest, one) for one in known)


def _derived(purpose: str, secret: str) -> str:
    """43 letters that only this portal can work out, the same for the same secret."""
    made = hmac.new(settings().secret_key.encode(), f"{purpose}\0{secret}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).decode().rstrip("=")
