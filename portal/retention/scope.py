"""Which rows of the platform are a company's own: worked out from what each table declares of itself, never from a list.

A table with the company's id is its own by that; else its declared subject says whose it is, or the table it points to. A
table that names neither is nobody's, and a class without a policy stops everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Select, Table, func, or_, select
from sqlalchemy.orm import Session

from portal.accounts.models import Person
from portal.core.audit import AuditEntry
from portal.core.db import Platform
from portal.retention.rules import POLICIES, Policy
from portal.tenants.models import Membership, Tenant
from portal.trials.models import Application

#: What a subject column without a company's id names, in the words of `Scope`.
SUBJECTS: dict[str, str] = {
    "person_id": "people", "owner_id": "people", "recipient": "emails", "email": "emails", "application_id": "applications",
    "entry_id": "entries", "key": "journeys",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scope:
    """Who and what belongs to one company alone. People of other companies, and staff, are not among `people`."""

    tenant_id: int
    key: str
    people: frozenset[int] = frozenset()
    emails: frozenset[str] = frozenset()
    applications: frozenset[int] = frozenset()
    entries: frozenset[int] = frozenset()
    journeys: frozenset[str] = frozenset()
    words: frozenset[str] = field(default_factory=frozenset)
    """Names and numbers that must not be found anywhere afterwards."""


def scope_of(session: Session, tenant: Tenant) -> Scope:
    """Work the scope out; before anything is destroyed, because afterwards nothing tells it any more."""
    others = select(Membership.person_id).where(Membership.tenant_id != tenant.id)
    mine = select(Membership.person_id).where(Membership.tenant_id == tenant.id)
    people = [
        person
        for person in session.scalars(
            select(Person).where(or_(Person.id.in_(mine), Person.id == tenant.owner_id), Person.id.not_in(others))
        )
        if not person.staff
    ]
    rows = session.scalars(select(Application).where(Application.tenant_id == tenant.id)).all()
    ids = frozenset(person.id for person in people)
    names = {f"person:{person_id}" for person_id in ids} | {f"application:{row.id}" for row in rows}
    entries = session.scalars(
        select(AuditEntry.id).where(
            or_(AuditEntry.tenant_id == tenant.id, AuditEntry.actor.in_(names), AuditEntry.subject.in_(names))
        )
    )
    emails = {person.email for person in people} | {row.email for row in rows}
    words = {tenant.name, tenant.business_number, *emails, *(person.name for person in people)}
    return Scope(
        tenant.id,
        tenant.key,
        ids,
        frozenset(emails),
        frozenset(row.id for row in rows),
        frozenset(entries),
        frozenset(row.journey_key for row in rows if row.journey_key),
        frozenset(word for word in words if word),
    )


def tables() -> Iterator[tuple[Table, Policy]]:
    """Every table of the platform that may hold a company's rows, children before parents, with its policy."""
    for table in reversed(Platform.metadata.sorted_tables):
        record_class = str(table.info.get("record_class"))
        policy = POLICIES.get(record_class)
        if policy is None:
            message = f"table {table.name} is of class {record_class!r}, for which there is no policy"
            raise LookupError(message)
        yield table, policy


def rows_of(table: Table, scope: Scope, *, seen: frozenset[str] = frozenset()) -> ColumnElement[bool] | None:
    """The condition under which a row of `table` is the company's own; None when the table holds nothing of anybody's."""
    if table.name == "tenant":
        return table.c.id == scope.tenant_id
    if table.name == "person":
        return table.c.id.in_(scope.people)
    if table.name == "application":
        return table.c.id.in_(scope.applications)
    conditions: list[ColumnElement[bool]] = []
    if "tenant_id" in table.c:
        conditions.append(table.c.tenant_id == scope.tenant_id)
    if table.name == "work_item":
        conditions.append(table.c.subject.in_([f"application:{row_id}" for row_id in scope.applications]))
    subject = table.info.get("subject")
    if subject in SUBJECTS and subject in table.c:
        values = getattr(scope, SUBJECTS[subject])
        conditions.append(table.c[subject].in_(values))
    if not conditions and (parent := _parent(table, subject, seen)) is not None:
        column, above = parent
        theirs = rows_of(above, scope, seen=seen | {table.name})
        if theirs is not None:
            conditions.append(column.in_(select(above.primary_key.columns.values()[0]).where(theirs)))
    return or_(*conditions) if conditions else None


def count(session: Session, table: Table, condition: ColumnElement[bool]) -> int:
    """How many rows of `table` fit."""
    query: Select[int] = select(func.count()).select_from(table).where(condition)
    return session.scalar(query) or 0


def _parent(table: Table, subject: str | None, seen: frozenset[str]) -> tuple[ColumnElement[object], Table] | None:
    """The table a row belongs to: by its subject column when that points somewhere, else by its first pointer."""
    columns = [table.c[subject]] if subject and subject in table.c else list(table.c)
    for column in columns:
        for pointer in column.foreign_keys:
            above = pointer.column.table
            if above.name not in seen and above.info.get("record_class") is not None:
                return column, above
    return None
