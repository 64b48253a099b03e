"""Who belongs to a company, and with which role. Rights are read anew with every request, so a change acts at once."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager

from portal.accounts import service as accounts
from portal.accounts.models import Person
from portal.core import audit, mail
from portal.core.clock import now
from portal.core.db import db, write
from portal.core.errors import Forbidden, NotFound, Refusal
from portal.core.gate import Caller
from portal.core.korea import particle
from portal.core.outbox import publish
from portal.core.settings import settings
from portal.tenants import rules
from portal.tenants.models import Membership, Role, Tenant


@dataclass(frozen=True, slots=True)
class WayIn:
    """The link of an invitation mail; `new` when it sets the first password, else it leads to the sign-in."""

    url: str
    new: bool


@dataclass(frozen=True, slots=True)
class Gone:
    """Somebody who was a member until now."""

    person_id: int
    name: str
    role: str


def members(caller: Caller) -> list[Membership]:
    """The members of the caller's company with their people, owners first, then by name."""
    query = (
        select(Membership)
        .join(Membership.person)
        .options(contains_eager(Membership.person))
        .where(Membership.tenant_id == caller.tenant_id)
    )
    order = list(Role)
    return sorted(db.session.scalars(query), key=lambda each: (order.index(Role(each.role)), each.person.name, each.id))


def member_for(caller: Caller, membership_id: int) -> Membership:
    """A member of the caller's own company; NotFound for any other."""
    row = db.session.scalar(
        select(Membership).where(Membership.id == membership_id, Membership.tenant_id == caller.tenant_id)
    )
    if row is None:
        raise NotFound
    return row


def invite_member(caller: Caller, email: str, name: str, role: str) -> Membership:
    """Make somebody a member and mail them the way in. Refused for who is one already."""
    with write() as session:
        by = _acting(session, caller)
        if role not in rules.assignable(by):
            raise Forbidden
        known = accounts.person_by_email(email)
        if known is not None and known.state != "active":
            raise Refusal("초대할 수 없는 메일 주소입니다.", "다른 메일 주소로 초대해 주십시오.", 422)
        person = accounts.ensure_person(session, email=email, name=name)
        row = _add(session, caller, person, role)
        _mail(session, caller, row, person)
        _record(session, caller, "membership.invite", row, personal={"email": person.email}, role=role)
        return row


def invite_again(caller: Caller, membership_id: int) -> Membership:
    """Mail the way in once more, to a member who has never signed in."""
    with write() as session:
        by = _acting(session, caller)
        row = member_for(caller, membership_id)
        if not rules.may_touch(by, row.role):
            raise Forbidden
        if row.person.password_hash is not None:
            raise Refusal(
                f"{row.person.name}님은 이미 들어오신 분입니다.",
                "비밀번호를 잊으셨다면 로그인 화면에서 다시 정하실 수 있습니다.",
            )
        _mail(session, caller, row, row.person)
        _record(session, caller, "membership.invite_again", row)
        return row


def change_role(caller: Caller, membership_id: int, role: str) -> Membership:
    """Give a member another role, from their next request on."""
    with write() as session:
        by = _acting(session, caller)
        row = member_for(caller, membership_id)
        before = row.role
        if not rules.may_touch(by, before) or role not in rules.assignable(by):
            raise Forbidden
        if role == before:
            return row
        _keep_an_owner(session, caller, before, role)
        row.role = Role(role)
        accounts.rights_changed(session, row.person_id)
        publish(session, "member.changed", row.tenant_id, row.person_id)
        _record(session, caller, "membership.change_role", row, before=before, after=role)
        return row


def remove_member(caller: Caller, membership_id: int) -> Gone:
    """Take a member out of the company, or leave it oneself."""
    with write() as session:
        by = _acting(session, caller)
        row = member_for(caller, membership_id)
        if row.person_id != caller.person_id and not rules.may_touch(by, row.role):
            raise Forbidden
        _keep_an_owner(session, caller, row.role, None)
        gone = Gone(row.person_id, row.person.name, row.role)
        _record(session, caller, "membership.remove", row, role=row.role)
        accounts.rights_changed(session, row.person_id)
        publish(session, "member.changed", row.tenant_id, row.person_id)
        session.delete(row)
        return gone


def restore_member(caller: Caller, person_id: int, role: str) -> Membership:
    """Bring back somebody who was just removed, with the role they had."""
    with write() as session:
        by = _acting(session, caller)
        if role not in rules.assignable(by):
            raise Forbidden
        person = accounts.person(person_id)
        row = _add(session, caller, person, role)
        _record(session, caller, "membership.restore", row, role=role)
        return row


def way_in(session: Session, person: Person) -> WayIn:
    """How somebody comes in who was just made a member: by a first password, or by signing in as ever."""
    if person.password_hash is None:
        return WayIn(f"{settings().public_url}/invitations/{accounts.invitation(session, person)}", new=True)
    return WayIn(f"{settings().public_url}/sign-in", new=False)


def _acting(session: Session, caller: Caller) -> str:
    """The caller's role as it is now, the company's row locked: two changes of its members go one after the other."""
    session.get_one(Tenant, caller.tenant_id, with_for_update=True, populate_existing=True)
    mine = (Membership.person_id == caller.person_id, Membership.tenant_id == caller.tenant_id)
    role = session.scalar(select(Membership.role).where(*mine))
    if role is None:
        raise Forbidden
    return role


def _add(session: Session, caller: Caller, person: Person, role: str) -> Membership:
    here = (Membership.person_id == person.id, Membership.tenant_id == caller.tenant_id)
    if session.scalar(select(Membership.id).where(*here)) is not None:
        if person.password_hash is None:
            raise Refusal("이미 초대했습니다.", "목록에서 '다시 보내기'를 눌러 주십시오.", 422)
        raise Refusal(
            f"{person.email}{particle(person.email, '은/는')} 이미 구성원입니다.",
            "목록에서 역할을 바꾸실 수 있습니다.",
            422,
        )
    row = Membership(person_id=person.id, tenant_id=caller.tenant_id, role=Role(role), created_at=now())
    session.add(row)
    session.flush()
    accounts.rights_changed(session, person.id)
    return row


def _keep_an_owner(session: Session, caller: Caller, before: str, after: str | None) -> None:
    roles = list(session.scalars(select(Membership.role).where(Membership.tenant_id == caller.tenant_id)))
    if rules.leaves_no_owner(roles, before, after):
        raise Refusal("회사에는 소유자가 한 사람은 있어야 합니다.", "먼저 다른 분을 소유자로 정해 주십시오.")


def _mail(session: Session, caller: Caller, row: Membership, person: Person) -> None:
    mail.post(
        session,
        person.email,
        "member_invitation",
        company=caller.tenant_name,
        inviter=caller.person_name,
        person=person,
        role=rules.ROLE_WORDS[row.role],
        means=rules.ROLE_MEANS[row.role],
        way_in=way_in(session, person),
    )


def _record(session: Session, caller: Caller, action: str, row: Membership, **details: object) -> None:
    personal = details.pop("personal", None)
    audit.record(
        session,
        action,
        actor=caller.actor,
        subject=f"person:{row.person_id}",
        tenant_id=row.tenant_id,
        personal=personal,  # type: ignore[arg-type]  # a dict or None
        **details,
    )
