"""Where people are signed in, and their history of signing in: reading only."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select

from portal.accounts.models import Device, LoginRecord
from portal.core import sessions
from portal.core.clock import now
from portal.core.db import db
from portal.core.errors import NotFound

LOGINS_SHOWN = 50


def devices(person_id: int) -> list[Device]:
    """Where somebody is signed in, the latest used first."""
    holds = (Device.person_id == person_id, Device.ended_at.is_(None), Device.created_at > now() - sessions.ABSOLUTE)
    return list(db.session.scalars(select(Device).where(*holds).order_by(Device.seen_at.desc(), Device.id.desc())))


def newer_devices(device: Device) -> int:
    """How many devices the same person signed in with after this one, and still uses."""
    holds = (Device.ended_at.is_(None), Device.created_at > now() - sessions.ABSOLUTE)
    newer = (Device.person_id == device.person_id, Device.id > device.id)
    return db.session.scalar(select(func.count()).select_from(Device).where(*newer, *holds)) or 0


def device_for(person_id: int, device_id: int) -> Device:
    """One of the person's own devices, or NotFound."""
    found = db.session.scalar(select(Device).where(Device.id == device_id, Device.person_id == person_id))
    if found is None:
        raise NotFound
    return found


def logins(person_ids: Iterable[int], limit: int = LOGINS_SHOWN, before: int = 0) -> list[LoginRecord]:
    """Sign-ins and failed ones of these people, newest first; `before` is the id to go on from."""
    query = select(LoginRecord).where(LoginRecord.person_id.in_(list(person_ids)))
    if before:
        query = query.where(LoginRecord.id < before)
    return list(db.session.scalars(query.order_by(LoginRecord.id.desc()).limit(limit)))
