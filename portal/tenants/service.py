"""Verbs of companies: who the caller is, opening, limiting, renaming. The parts of it stand in files of their own.

databases (the session on a company's database), provisioning (the opening, step by step), membership (people and roles).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts import service as accounts
from portal.accounts.models import Device, Person
from portal.core import audit, ids, sessions
from portal.core.clock import now, today
from portal.core.db import db, write
from portal.core.errors import Forbidden, NotFound
from portal.core.gate import Caller
from portal.core.outbox import later, publish
from portal.tenants import grants, rules
from portal.tenants.databases import (
    company_key,
    ids_with_database,
    in_each_database,
    key_of,
    place_of,
    session,
    session_by_id,
    session_for,
    tidy_outboxes,
)
from portal.tenants.membership import (
    change_role,
    invite_again,
    invite_member,
    member_for,
    members,
    remove_member,
    restore_member,
)
from portal.tenants.models import TENANT, ActingGrant, Membership, Mode, Tenant, TenantState
from portal.tenants.provisioning import JOB, provision, provision_rows, retry, steps_of, sweep
from portal.tenants.rules import Right

#: The session's name for the company that somebody of several chose last, and for the grant by which support is in one.
CHOSEN = "tenant"
ACTING = "acting"


def identify() -> Caller:
    """Who comes with the session: the person, and the company they chose, or the newest they may enter. Two queries."""
    found = accounts.signed_in()
    if found is None:
        return Caller()
    person, device = found
    values: dict[str, Any] = {
        "person_id": person.id,
        "person_name": person.name,
        "email": person.email,
        "device_id": device.id,
        "staff_roles": frozenset(person.staff_roles),
    }
    grant = _visit(person, device)
    if grant is not None:
        return Caller(**values, **_inside(grant))
    rows = _memberships(person.id)
    if rows and _too_many_devices(rows, device):
        return Caller()
    if rows:
        membership, limits = _choose(rows, sessions.current.get(CHOSEN))
        tenant = membership.tenant
        values |= {
            "tenant_id": tenant.id,
            "tenant_name": tenant.name,
            "role": str(membership.role),
            "read_only": limits.read_only,
            "closed": limits.closed,
            "gone": limits.gone,
            "trial_ends_on": rules.told_of_end(membership.role, tenant.trial_ends_on, today()),
            "companies": len(rows),
        }
    return Caller(**values)


def _visit(person: Person, device: Device) -> ActingGrant | None:
    """The visit by which somebody of support is in a company just now."""
    wanted = sessions.current.get(ACTING)
    if wanted is None or not grants.MAY_ENTER & set(person.staff_roles):
        return None
    return grants.running(device.id, wanted)


def _inside(grant: ActingGrant) -> dict[str, Any]:
    tenant = grant.tenant
    limits = rules.standing(tenant.state, tenant.mode, tenant.mode_reason)
    return {
        "tenant_id": tenant.id,
        "tenant_name": tenant.name,
        "role": grants.ROLE,
        "read_only": grants.ONLY_LOOKING,
        "closed": limits.closed,
        "gone": limits.gone,
        "acting": grant.id,
        "acting_until": grant.ends_at,
    }


def emails_of(session: Session, tenant_id: int, roles: Iterable[str]) -> list[str]:
    """Where the company's people of these roles are written to."""
    query = select(Person.email).join(Membership, Membership.person_id == Person.id)
    return list(session.scalars(query.where(Membership.tenant_id == tenant_id, Membership.role.in_(tuple(roles)))))


def _too_many_devices(rows: list[tuple[Membership, rules.Standing]], device: Device) -> bool:
    """Whether a company's rule ends this device: so many newer ones of the same person are in use. It is signed out then."""
    limits = [most for membership, _ in rows if (most := membership.tenant.most_devices) is not None]
    if not limits or accounts.newer_devices(device) < min(limits):
        return False
    accounts.sign_out(device.id)
    return True


def companies(person_id: int) -> list[tuple[Membership, rules.Standing]]:
    """Every company somebody belongs to, the newest membership first, with what it may do now."""
    return _memberships(person_id)


def _memberships(person_id: int) -> list[tuple[Membership, rules.Standing]]:
    query = (
        select(Membership, Tenant)
        .join(Membership.tenant)
        .where(Membership.person_id == person_id)
        .order_by(Membership.id.desc())
    )
    rows = []
    for membership, tenant in db.session.execute(query):
        rows.append((membership, rules.standing(tenant.state, tenant.mode, tenant.mode_reason)))
    return rows


def _choose(rows: list[tuple[Membership, rules.Standing]], chosen: object) -> tuple[Membership, rules.Standing]:
    for row in rows:
        if row[0].tenant_id == chosen:
            return row
    return next((row for row in rows if not row[1].closed), rows[0])


def check_membership(caller: Caller, tenant_id: int) -> Tenant:
    """The company, when the caller belongs to it; NotFound otherwise, whether it exists or not."""
    query = select(Tenant).join(Membership).where(Membership.person_id == caller.person_id, Tenant.id == tenant_id)
    tenant = db.session.scalar(query)
    if tenant is None:
        raise NotFound
    return tenant


def tenant_for(caller: Caller) -> Tenant:
    """The caller's own company, or the one that support is in."""
    if caller.acting:
        return db.session.get_one(Tenant, caller.tenant_id)
    return check_membership(caller, caller.tenant_id)


def open_trial(
    session: Session, *, name: str, business_number: str, owner: Person, application_id: int | None
) -> Tenant:
    """A company to be, inside the caller's write; a worker makes its database and mails the owner."""
    moment = now()
    tenant = Tenant(
        key=ids.company_key(),
        name=name,
        business_number=business_number,
        state=TenantState.REQUESTED,
        mode=Mode.OPEN,
        mode_reason="",
        owner_id=owner.id,
        application_id=application_id,
        schema_revision="",
        nudged_at=moment,
        created_at=moment,
        state_since=moment,
    )
    session.add(tenant)
    session.flush()
    audit.record(
        session,
        "tenant.open_trial",
        actor="process",
        subject=f"tenant:{tenant.id}",
        tenant_id=tenant.id,
        application=application_id,
    )
    later(session, JOB, tenant.id)
    return tenant


def rename(caller: Caller, name: str) -> Tenant:
    """What the company is called on pages and in mails; its number and its key stay."""
    with write() as session:
        tenant = tenant_for(caller)
        if not rules.may(caller.role, Right.COMPANY):
            raise Forbidden
        before, tenant.name = tenant.name, name
        audit.record(
            session,
            "tenant.rename",
            actor=caller.actor,
            subject=f"tenant:{tenant.id}",
            tenant_id=tenant.id,
            personal={"before": before, "after": name},
        )
        return tenant


def limit_devices(caller: Caller, most: int | None) -> None:
    """How many devices each of the company's people may use at once, from the next request on; None lifts the rule."""
    with write() as session:
        tenant = tenant_for(caller)
        if not rules.may(caller.role, Right.MEMBERS):
            raise Forbidden
        before, tenant.most_devices = tenant.most_devices, most
        if before != most:
            audit.record(
                session,
                "tenant.limit_devices",
                actor=caller.actor,
                subject=f"tenant:{tenant.id}",
                tenant_id=tenant.id,
                before=before,
                after=most,
            )


def suspend(session: Session, tenant_id: int, by: str, reason: str) -> Tenant:
    """Let the company look and download only, from its next request on. `reason` is shown to its people."""
    with write(session) as writing:
        tenant = _locked(writing, tenant_id)
        TENANT.move(writing, tenant, "suspend", by=by, mode_reason=reason, state_since=now())
        publish(writing, "tenant.suspended", tenant_id)
        return tenant


def resume(session: Session, tenant_id: int, by: str) -> Tenant:
    """Lift a suspension: back to the trial, or to the subscription there was."""
    with write(session) as writing:
        tenant = _locked(writing, tenant_id)
        verb = "resume" if tenant.subscribed_at else "resume_trial"
        TENANT.move(writing, tenant, verb, by=by, mode_reason="", state_since=now())
        publish(writing, "tenant.resumed", tenant_id)
        return tenant


def activate(session: Session, tenant_id: int, by: str) -> Tenant:
    """The company pays from now on: after its trial, or back from its end as long as its data is still kept."""
    with write(session) as writing:
        tenant = _locked(writing, tenant_id)
        TENANT.move(writing, tenant, "activate", by=by, subscribed_at=now(), state_since=now())
        publish(writing, "tenant.activated", tenant_id)
        return tenant


def end(session: Session, tenant_id: int, by: str) -> Tenant:
    """The company's agreement is over: it may look and download until its data is locked away."""
    with write(session) as writing:
        tenant = _locked(writing, tenant_id)
        TENANT.move(writing, tenant, "end", by=by, state_since=now())
        publish(writing, "tenant.ended", tenant_id)
        return tenant


def retain(session: Session, tenant_id: int, by: str) -> Tenant:
    """Lock an ended company's data away: nobody looks any more, it can still come back."""
    return _move(session, tenant_id, "retain", by)


def purge(session: Session, tenant_id: int, by: str) -> Tenant:
    """Begin to destroy a company's data. From here on it cannot come back."""
    return _move(session, tenant_id, "purge", by)


def finish_purge(session: Session, tenant_id: int, by: str) -> Tenant:
    """Nothing of the company is left but its key."""
    return _move(session, tenant_id, "finish_purge", by)


def _move(session: Session, tenant_id: int, verb: str, by: str) -> Tenant:
    with write(session) as writing:
        tenant = _locked(writing, tenant_id)
        TENANT.move(writing, tenant, verb, by=by, state_since=now())
        return tenant


def set_mode(session: Session, tenant_id: int, mode: Mode, by: str, reason: str = "") -> Tenant:
    """Open a company, make it read-only, or close it, whatever its state. `reason` is shown to its people."""
    with write(session) as writing:
        tenant = _locked(writing, tenant_id)
        before, tenant.mode, tenant.mode_reason = tenant.mode, mode, reason
        audit.record(
            writing,
            "tenant.set_mode",
            actor=by,
            subject=f"tenant:{tenant_id}",
            tenant_id=tenant_id,
            personal={"reason": reason} if reason else None,
            before=str(before),
            after=str(mode),
        )
        return tenant


def set_read_only(session: Session, tenant_id: int, by: str, reason: str) -> Tenant:
    """Make a company read-only, e.g. while its database moves."""
    return set_mode(session, tenant_id, Mode.READ_ONLY, by, reason)


def _locked(session: Session, tenant_id: int) -> Tenant:
    tenant = session.get(Tenant, tenant_id, with_for_update=True, populate_existing=True)
    if tenant is None:
        raise NotFound
    return tenant


__all__ = [
    "ACTING",
    "CHOSEN",
    "activate",
    "change_role",
    "check_membership",
    "companies",
    "company_key",
    "end",
    "finish_purge",
    "identify",
    "ids_with_database",
    "in_each_database",
    "invite_again",
    "invite_member",
    "key_of",
    "limit_devices",
    "member_for",
    "members",
    "open_trial",
    "place_of",
    "provision",
    "provision_rows",
    "purge",
    "remove_member",
    "rename",
    "restore_member",
    "resume",
    "retain",
    "retry",
    "session",
    "session_by_id",
    "session_for",
    "set_mode",
    "set_read_only",
    "steps_of",
    "suspend",
    "sweep",
    "tenant_for",
    "tidy_outboxes",
]
