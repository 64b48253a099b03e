"""People and their sign-ins: who somebody is, which of their devices hold, and what ends them.

A session holds three numbers: the person, the device, and the stamp of the person's rights. Every request asks the
database whether they still hold, so that a logout, a new password or a disabled account acts at once on every server.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import String, cast, exists, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal.accounts import limits, passwords, second_factor
from portal.accounts.history import LOGINS_SHOWN, device_for, devices, logins, newer_devices
from portal.accounts.models import PERSON, STAFF_ROLES, Device, LoginRecord, Outcome, Person, PersonState
from portal.accounts.rules import canonical_email
from portal.accounts.tickets import invitation, retire_tickets
from portal.core import audit, mail, sessions
from portal.core.clock import now
from portal.core.db import db, write
from portal.core.errors import NotFound, Refusal

#: A device's "last seen" is this coarse: reading pages is not writing rows.
SEEN_EVERY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody signs in from. `unit` is forgotten with the attempt; `browser` is the digest of the browser's mark.

    `marked`: the browser brought its mark, so that some account may know it.
    """

    unit: str
    network: str
    label: str
    browser: str
    marked: bool = True


@dataclass(frozen=True, slots=True)
class Proof:
    """A person whose password was right, at that version of it. Not signed in yet."""

    person_id: int
    password_version: int


def person_by_email(email: str) -> Person | None:
    return db.session.scalar(select(Person).where(Person.email == canonical_email(email)))


def person(person_id: int) -> Person:
    """The person, or NotFound."""
    found = db.session.get(Person, person_id)
    if found is None:
        raise NotFound
    return found


def ensure_person(session: Session, *, email: str, name: str, phone: str = "") -> Person:
    """The person with that address, made when there is none. An existing one keeps name and phone."""
    address = canonical_email(email)
    found = session.scalar(select(Person).where(Person.email == address))
    if found is None:
        found = Person(
            email=address, name=name.strip(), phone=phone, staff_roles=[], state=PersonState.ACTIVE, created_at=now()
        )
        session.add(found)
        session.flush()
    return found


def make_staff(  # noqa: PLR0913 - a person of the house has this many parts
    session: Session, *, email: str, name: str, roles: Collection[str], password: str, totp_secret: str | None = None
) -> Person:
    """Somebody of the house. Without a secret, the first sign-in leads to setting one up; staff do not get in before."""
    made = ensure_person(session, email=email, name=name)
    made.name = name
    made.password_hash, made.password_changed_at = passwords.hash_of(password), now()
    made.password_version += 1
    if totp_secret is not None:
        made.totp_secret = second_factor.sealed(totp_secret)
    session.flush()
    set_staff_roles(session, made.id, roles, by="house")
    return made


# ---- the caller of this request ----


def signed_in() -> tuple[Person, Device] | None:
    """Who is signed in on the session of this request, in one query; None when that has ended for whatever reason."""
    person_id, device_id = sessions.current.get("person"), sessions.current.get("device")
    if not isinstance(person_id, int) or not isinstance(device_id, int):
        return None
    query = (
        select(Person, Device)
        .join(Device, Device.person_id == Person.id)
        .where(Person.id == person_id, Person.state == PersonState.ACTIVE)
        .where(Device.id == device_id, Device.ended_at.is_(None), Device.created_at > now() - sessions.ABSOLUTE)
    )
    row = db.session.execute(query).first()
    if row is None:
        return None
    if sessions.current.get("stamp") != row.Person.stamp:
        _renew_for_new_rights(row.Person.stamp)
    return row.Person, row.Device


def _renew_for_new_rights(stamp: int) -> None:
    """Rights have changed since this session's last request: the old id ends here. Later, when the store is away."""
    with suppress(sessions.StoreGone):
        sessions.renew()
        sessions.current["stamp"] = stamp


def seen(device_id: int) -> None:
    """Note that a device is in use. Never worth an error, nor a wait: a busy database is asked next time."""
    moment = now()
    with suppress(OperationalError), write() as session:
        session.execute(update(Device).where(Device.id == device_id, Device.seen_at < moment).values(seen_at=moment))


# ---- signing in ----


def check_password(email: str, password: str, place: Place) -> Proof | None:
    """The person whose address and password these are, or None: not saying which was wrong, nor taking less time for it.

    Raises TooMany before any hashing when there were too many attempts, Crowded when too many strangers are at the door,
    which counts as no attempt. A browser the account knows is counted by itself and waits in no line, so that nobody can
    shut its owner out by guessing.
    """
    if not place.marked:
        passwords.ask_for_room()
    address = canonical_email(email)
    known = place.marked and _knows(address, place.browser)
    if not known:
        passwords.ask_for_room()
    source = f"browser:{place.browser}" if known else f"network:{place.network}"
    limits.take(limits.ADDRESS, place.unit)
    limits.take(limits.ACCOUNT_FROM, address, source)
    if not known:
        limits.take(limits.ACCOUNT, address)
    found = person_by_email(address)
    hashed, version = (found.password_hash, found.password_version) if found else (None, 0)
    person_id, active = (found.id, found.state == PersonState.ACTIVE) if found else (None, False)
    db.session.rollback()  # hashing takes a while: hold no read transaction meanwhile
    try:
        right = passwords.fits(password, hashed, stranger=not known)
    except passwords.Crowded:
        _give_back(address, source, place, known=known)
        raise
    if not right or person_id is None or not active:
        _record(person_id, place, Outcome.DISABLED if right else Outcome.WRONG_PASSWORD)
        return None
    _give_back(address, source, place, known=known)
    limits.clear(limits.ACCOUNT_FROM, address, source)
    if hashed is not None and passwords.outdated(hashed):
        fresh = passwords.hash_of(password)
        with write() as session:
            session.execute(
                update(Person).where(Person.id == person_id, Person.password_hash == hashed).values(password_hash=fresh)
            )
    return Proof(person_id, version)


def _knows(address: str, browser: str) -> bool:
    """Whether the account of an address was ever signed in to with this browser."""
    used = exists().where(Device.person_id == Person.id, Person.email == address, Device.browser == browser)
    return bool(db.session.scalar(select(used)))


def _give_back(address: str, source: str, place: Place, *, known: bool) -> None:
    """This was no wrong attempt: take it off every count again."""
    limits.give_back(limits.ADDRESS, place.unit)
    limits.give_back(limits.ACCOUNT_FROM, address, source)
    if not known:
        limits.give_back(limits.ACCOUNT, address)


def record_wrong_code(person_id: int, place: Place) -> None:
    _record(person_id, place, Outcome.WRONG_CODE)


def _record(person_id: int | None, place: Place, outcome: Outcome) -> None:
    with write() as session:
        session.add(
            LoginRecord(person_id=person_id, at=now(), outcome=outcome, label=place.label, network=place.network)
        )


def sign_in(proof: Proof, place: Place, *, remember: bool = False) -> Device:
    """Open a device for somebody who has proved who they are. The page then begins a session of it.

    Raises Refusal when the account was disabled, or its password changed, since the proof.
    """
    with write() as session:
        found = session.get_one(Person, proof.person_id, with_for_update=True)
        if found.state != PersonState.ACTIVE or found.password_version != proof.password_version:
            raise Refusal("로그인을 끝내지 못했습니다.", "처음부터 다시 로그인해 주십시오.")
        earlier = session.scalar(select(exists().where(Device.person_id == found.id)))
        known = session.scalar(select(exists().where(Device.person_id == found.id, Device.browser == place.browser)))
        same_browser = (Device.person_id == found.id, Device.browser == place.browser, Device.ended_at.is_(None))
        session.execute(update(Device).where(*same_browser).values(ended_at=now()))
        device = Device(
            person_id=found.id,
            label=place.label,
            network=place.network,
            browser=place.browser,
            remembered=remember,
            created_at=now(),
            seen_at=now(),
        )
        session.add(device)
        session.add(
            LoginRecord(
                person_id=found.id, at=now(), outcome=Outcome.SIGNED_IN, label=place.label, network=place.network
            )
        )
        audit.record(
            session, "person.sign_in", actor=f"person:{found.id}", subject=f"person:{found.id}", network=place.network
        )
        if earlier and not known:
            mail.post(session, found.email, "sign_in_notice", person=found, place=place, at=now())
        session.flush()
        return device


def sign_out(device_id: int) -> None:
    """End one device: every session of it is dead on every server once this returns."""
    with write() as session:
        device = session.get(Device, device_id)
        if device is not None and device.ended_at is None:
            device.ended_at = now()
            who = f"person:{device.person_id}"
            audit.record(session, "person.sign_out", actor=who, subject=who)


# ---- the end of devices ----


def sign_out_others(person_id: int, keep_device: int) -> int:
    """A person ends all their devices but the one in hand. Returns how many ended."""
    with write() as session:
        return sign_out_everywhere(session, person_id, keep_device, by=f"person:{person_id}")


def sign_out_everywhere(session: Session, person_id: int, keep_device: int = 0, by: str = "house") -> int:
    """End every device of a person but `keep_device`, inside a write. Returns how many ended; `by` is the audit's actor."""
    open_ones = (Device.person_id == person_id, Device.ended_at.is_(None), Device.id != keep_device)
    result = session.execute(update(Device).where(*open_ones).values(ended_at=now()))
    count = int(getattr(result, "rowcount", 0))
    if count:
        audit.record(session, "person.sign_out_everywhere", actor=by, subject=f"person:{person_id}", devices=count)
    return count


# ---- rights ----


def rights_changed(session: Session, person_id: int) -> None:
    """Call inside the write that changes what somebody may do: their sessions get new ids at their next request."""
    session.execute(update(Person).where(Person.id == person_id).values(stamp=Person.stamp + 1))


def disable(session: Session, person_id: int, by: str) -> None:
    """Stop an account; `by` is the actor's word for the audit. Its sessions are dead when the write commits."""
    found = _locked(session, person_id)
    PERSON.move(session, found, "disable", by=by, stamp=Person.stamp + 1)
    sign_out_everywhere(session, person_id, by=by)
    retire_tickets(session, person_id)


def enable(session: Session, person_id: int, by: str) -> None:
    found = _locked(session, person_id)
    PERSON.move(session, found, "enable", by=by, stamp=Person.stamp + 1)


def set_staff_roles(session: Session, person_id: int, roles: Collection[str], by: str) -> None:
    """Give somebody exactly these staff roles. Whoever has no second factor yet is signed out, to set one up."""
    wrong = set(roles) - set(STAFF_ROLES)
    if wrong:
        raise Refusal("없는 직원 권한입니다.", f"{', '.join(STAFF_ROLES)} 가운데에서 골라 주십시오.")
    found = _locked(session, person_id)
    before, after = sorted(found.staff_roles), sorted(set(roles))
    if before == after:
        return
    if "admin" in before and "admin" not in after and not _other_admin(session, person_id):
        raise Refusal("관리 직원이 한 사람도 남지 않습니다.", "다른 사람에게 먼저 관리 권한을 주십시오.")
    found.staff_roles = after
    found.stamp += 1
    audit.record(session, "person.staff_roles", actor=by, subject=f"person:{person_id}", before=before, after=after)
    if after and not found.second_factor:
        sign_out_everywhere(session, person_id, by=by)


def _other_admin(session: Session, person_id: int) -> bool:
    active = select(Person).where(Person.state == PersonState.ACTIVE, Person.id != person_id)
    return any("admin" in other.staff_roles for other in session.scalars(active))


def _locked(session: Session, person_id: int) -> Person:
    found = session.get(Person, person_id, with_for_update=True)
    if found is None:
        raise NotFound
    return found


def people(query: str = "", *, only_staff: bool = False, page: int = 1) -> Pagination:
    """People whose name or address holds `query`, by name; 50 a page."""
    wanted = select(Person).order_by(Person.name, Person.id)
    if query.strip():
        wanted = wanted.where(
            Person.name.icontains(query.strip(), autoescape=True)
            | Person.email.icontains(query.strip(), autoescape=True)
        )
    if only_staff:
        wanted = wanted.where(cast(Person.staff_roles, String) != "[]")
    return db.paginate(wanted, page=page, per_page=50, max_per_page=50, error_out=False)


def invite_staff(*, email: str, name: str, roles: Collection[str], by: str) -> Person:
    """Make somebody staff and mail them the way in: a first password, or signing in as ever."""
    with write() as session:
        made = ensure_person(session, email=email, name=name)
        set_staff_roles(session, made.id, roles, by=by)
        token = invitation(session, made) if made.password_hash is None else None
        mail.post(
            session,
            made.email,
            "staff_invitation",
            person=made,
            token=token,
            roles=[STAFF_ROLES[role] for role in made.staff_roles],
        )
        return made


__all__ = [
    "LOGINS_SHOWN",
    "Place",
    "Proof",
    "check_password",
    "device_for",
    "devices",
    "disable",
    "enable",
    "ensure_person",
    "invitation",
    "invite_staff",
    "logins",
    "make_staff",
    "newer_devices",
    "people",
    "person",
    "person_by_email",
    "record_wrong_code",
    "rights_changed",
    "seen",
    "set_staff_roles",
    "sign_in",
    "sign_out",
    "sign_out_everywhere",
    "sign_out_others",
    "signed_in",
]
