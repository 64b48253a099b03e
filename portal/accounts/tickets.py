"""Links of one use, sent by mail: an invitation, a new password, a new address.

The database knows a link only by digest. A new password ends every link that was open, and every other device.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.accounts import limits, passwords
from portal.accounts.models import Device, Person, PersonState, Ticket, TicketKind
from portal.accounts.rules import canonical_email, password_problem
from portal.core import audit, ids, mail
from portal.core.clock import now
from portal.core.db import db, write
from portal.core.errors import NotFound, Refusal
from portal.core.outbox import later

LIFE: dict[TicketKind, timedelta] = {
    TicketKind.INVITATION: timedelta(days=7),
    TicketKind.RESET: timedelta(minutes=60),
    TicketKind.EMAIL: timedelta(minutes=60),
}
DEAD = ("이 링크는 더 쓸 수 없습니다.", "이미 쓰셨거나 기한이 지났습니다. 새 링크를 받아 주십시오.")
#: An invitation was most likely used by the very person who opens it again.
DEAD_INVITATION = (
    DEAD[0],
    "이미 쓰셨거나 기한이 지났습니다. 비밀번호를 정하신 분은 로그인하시고, 아직이면 초대하신 분께 다시 받아 주십시오.",
)


class DeadTicket(Refusal):
    """A link that was used, is too old, or never was: all three answer alike."""

    status = 410

    def __init__(self, kind: TicketKind | None = None) -> None:
        super().__init__(*(DEAD_INVITATION if kind is TicketKind.INVITATION else DEAD))
        if kind is TicketKind.INVITATION:
            self.way = ("로그인", "/sign-in")


def invitation(session: Session, person: Person) -> str:
    """A token with which the person sets a first password, inside the caller's write. An earlier one ends."""
    _retire(session, person.id, TicketKind.INVITATION)
    return _issue(session, TicketKind.INVITATION, person.id)


def ask_reset(email: str, unit: str) -> None:
    """Somebody forgot a password. Whether anybody has the address is found out here and told to nobody.

    Row and nudge are the same in both cases; the job writes the mail. Raises TooMany for one address asking too often;
    asking too often about one account is silently one mail less.
    """
    address = canonical_email(email)
    limits.take(limits.FORGOT_ADDRESS, unit)
    try:
        limits.take(limits.FORGOT_ACCOUNT, address)
    except limits.TooMany:
        return
    with write() as session:
        found = session.scalar(select(Person.id).where(Person.email == address, Person.state == PersonState.ACTIVE))
        ticket = _row(TicketKind.RESET, found)
        session.add(ticket)
        session.flush()
        later(session, "accounts.send_reset", ticket.id)


def send_reset(ticket_id: int) -> None:
    """Write the mail of a reset that was asked for. May run twice: the token is made once."""
    with write() as session:
        ticket = session.get(Ticket, ticket_id, with_for_update=True)
        if ticket is None or ticket.digest is not None or ticket.used_at is not None:
            return
        if ticket.person is None:
            session.delete(ticket)
            return
        token = ids.token()
        _retire(session, ticket.person.id, TicketKind.RESET, but=ticket.id)
        ticket.digest, ticket.expires_at = ids.digest(token), now() + LIFE[TicketKind.RESET]
        mail.post(
            session, ticket.person.email, "reset", person=ticket.person, token=token, expires_at=ticket.expires_at
        )


def ticket_for(token: str, kind: TicketKind) -> Ticket:
    """The open ticket of a token, not used up by looking. Raises DeadTicket."""
    return _open(db.session(), token, kind)


def set_password(token: str, kind: TicketKind, password: str) -> Person:
    """Use up an invitation or a reset for a new password. Every device of the person ends.

    Raises DeadTicket; Refusal when the password is none; nothing is used up then.
    """
    about = _about(ticket_for(token, kind))
    problem = password_problem(password, about=about)
    if problem:
        raise Refusal(problem)
    hashed = passwords.hash_of(password)  # before the write: no lock is held while hashing
    with write() as session:
        ticket = _open(session, token, kind)
        found = session.get_one(Person, ticket.person_id, with_for_update=True)
        result = session.execute(
            update(Ticket).where(Ticket.id == ticket.id, Ticket.used_at.is_(None)).values(used_at=now())
        )
        if getattr(result, "rowcount", 0) != 1 or found.state != PersonState.ACTIVE:
            raise DeadTicket(kind)
        if kind is TicketKind.INVITATION and found.password_hash is not None:
            raise DeadTicket(kind)
        first = found.password_hash is None
        take_password(session, found, hashed, keep_device=0)
        if not first:
            mail.post(session, found.email, "password_changed", person=found, at=now())
        limits.clear(limits.CONFIRM, str(found.id))
        return found


def take_password(session: Session, found: Person, hashed: str, *, keep_device: int) -> None:
    """Give a person a new password inside a write: what leaned on the old one ends."""
    moment = now()
    found.password_hash, found.password_changed_at = hashed, moment
    found.password_version += 1
    found.stamp += 1
    open_devices = (Device.person_id == found.id, Device.ended_at.is_(None), Device.id != keep_device)
    session.execute(update(Device).where(*open_devices).values(ended_at=moment))
    retire_tickets(session, found.id)
    audit.record(session, "person.password", actor=f"person:{found.id}", subject=f"person:{found.id}")
    session.flush()


def ask_email(person_id: int, new_email: str) -> None:
    """Send a link to a new address that a person wants to have. Whether somebody else has it is not told here."""
    address = canonical_email(new_email)
    with write() as session:
        found = session.get_one(Person, person_id, with_for_update=True)
        if address == found.email:
            raise Refusal("지금 쓰시는 이메일입니다.", "바꿀 이메일을 적어 주십시오.")
        _retire(session, person_id, TicketKind.EMAIL)
        if session.scalar(select(Person.id).where(Person.email == address)) is not None:
            mail.post(session, address, "email_taken", address=address)
            return
        token = _issue(session, TicketKind.EMAIL, person_id, email=address)
        mail.post(session, address, "email_confirm", person=found, token=token)


def confirm_email(token: str) -> Person:
    """The new address becomes the person's; the old one is told. Raises DeadTicket."""
    with write() as session:
        ticket = _open(session, token, TicketKind.EMAIL)
        found = session.get_one(Person, ticket.person_id, with_for_update=True)
        taken = session.scalar(select(Person.id).where(Person.email == ticket.email))
        if found.state != PersonState.ACTIVE or ticket.email is None or taken is not None:
            raise DeadTicket
        old, found.email = found.email, ticket.email
        ticket.used_at = now()
        found.stamp += 1
        retire_tickets(session, found.id)
        personal = {"before": old, "after": found.email}
        audit.record(
            session, "person.email", actor=f"person:{found.id}", subject=f"person:{found.id}", personal=personal
        )
        mail.post(session, old, "email_changed", person=found, at=now())
        return found


def retire_tickets(session: Session, person_id: int) -> None:
    """End every open link of a person."""
    for kind in TicketKind:
        _retire(session, person_id, kind)


def tidy() -> None:
    """Forget links that ended a month ago; for the schedule."""
    with write() as session:
        for ticket in session.scalars(select(Ticket).where(Ticket.expires_at < now() - timedelta(days=30)).limit(500)):
            session.delete(ticket)


def _row(kind: TicketKind, person_id: int | None) -> Ticket:
    return Ticket(kind=kind, person_id=person_id, created_at=now(), expires_at=now() + LIFE[kind])


def _issue(session: Session, kind: TicketKind, person_id: int, email: str | None = None) -> str:
    token, ticket = ids.token(), _row(kind, person_id)
    ticket.digest, ticket.email = ids.digest(token), email
    session.add(ticket)
    session.flush()
    return token


def _open(session: Session, token: str, kind: TicketKind) -> Ticket:
    where = (
        Ticket.digest == ids.digest(token),
        Ticket.kind == kind,
        Ticket.used_at.is_(None),
        Ticket.expires_at > now(),
    )
    ticket = session.scalar(select(Ticket).where(*where))
    if ticket is None or ticket.person is None or ticket.person.state != PersonState.ACTIVE:
        raise DeadTicket(kind)
    return ticket


def _retire(session: Session, person_id: int, kind: TicketKind, but: int = 0) -> None:
    where = (Ticket.person_id == person_id, Ticket.kind == kind, Ticket.used_at.is_(None), Ticket.id != but)
    session.execute(update(Ticket).where(*where).values(used_at=now()))


def _about(ticket: Ticket) -> tuple[str, ...]:
    if ticket.person is None:
        raise NotFound
    return (ticket.person.email, ticket.person.name)
