"""Verbs of work items. Processes open and close them inside their own write; people assign, snooze, finish and reopen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, cast, false, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.accounts.models import Person
from portal.core import audit
from portal.core.clock import now
from portal.core.db import db, write
from portal.core.errors import NotFound, Refusal
from portal.core.gate import Caller
from portal.core.outbox import publish
from portal.work import rules
from portal.work.models import WORK, WorkItem, WorkState

#: Staff who see every item, whatever its roles.
SEES_ALL = "admin"
ASKED_BY_PROCESS = "process"
#: Event with the item's id: a person assigned it, finished it or opened it again in the inbox.
CHANGED = "work.changed"


def open_item(  # noqa: PLR0913 - an item has this many parts
    session: Session,
    *,
    kind: str,
    subject: str,
    title: str,
    url: str,
    body: str = "",
    tenant_id: int | None = None,
    due_at: datetime | None = None,
    roles: Iterable[str] = ("reviewer",),
) -> WorkItem:
    """Ask for something, inside the write that needs it. `kind` + `subject` open once; asked again, a done one reopens and counts."""
    moment = now()
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values: dict[str, Any] = {
        "kind": kind,
        "subject": subject,
        "title": title[:200],
        "body": body,
        "url": url,
        "tenant_id": tenant_id,
        "roles": f" {' '.join(roles)} ",
        "state": WorkState.OPEN,
        "due_at": due_at,
        "openings": 1,
        "created_at": moment,
        "opened_at": moment,
    }
    made = session.execute(insert(WorkItem).values(**values).on_conflict_do_nothing())
    item = session.scalars(
        select(WorkItem).where(WorkItem.kind == kind, WorkItem.subject == subject).with_for_update()
    ).one()
    if getattr(made, "rowcount", 0):
        return item
    item.title, item.body, item.url, item.roles = values["title"], body, url, values["roles"]
    item.tenant_id = tenant_id if tenant_id is not None else item.tenant_id
    item.due_at = due_at if due_at is not None else item.due_at
    if item.state == WorkState.DONE:
        WORK.move(
            session,
            item,
            "reopen",
            by=ASKED_BY_PROCESS,
            openings=item.openings + 1,
            opened_at=moment,
            closed_at=None,
            closed_by=None,
        )
    return item


def close_item(session: Session, *, kind: str, subject: str, by: str) -> None:
    """Nobody needs to do this any more. Nothing happens when it was never asked for, or is done already."""
    item = session.scalar(select(WorkItem).where(WorkItem.kind == kind, WorkItem.subject == subject))
    if item is not None and item.state != WorkState.DONE:
        _finish(session, item, by)


def assign_to(session: Session, kind: str, subject: str, person_id: int | None) -> None:
    """A process says whose an item is, inside the write that opened it. Nothing happens when it was never asked for."""
    where = (WorkItem.kind == kind, WorkItem.subject == subject)
    session.execute(update(WorkItem).where(*where).values(assignee_id=person_id))


def visible_to(who: Caller) -> ColumnElement[bool]:
    """The condition under which `who` sees an item."""
    if SEES_ALL in who.staff_roles:
        return WorkItem.id.is_not(None)
    if not who.staff_roles:
        return false()
    return or_(*(WorkItem.roles.contains(f" {role} ", autoescape=True) for role in sorted(who.staff_roles)))


def waiting() -> ColumnElement[bool]:
    """The condition under which an item asks for somebody now: open, or snoozed until an instant that has come."""
    return or_(
        WorkItem.state == WorkState.OPEN, and_(WorkItem.state == WorkState.SNOOZED, WorkItem.snoozed_until <= now())
    )


def open_count(who: Caller) -> int:
    """How many items ask for somebody in the roles of `who`, and are nobody else's."""
    mine = or_(WorkItem.assignee_id.is_(None), WorkItem.assignee_id == who.person_id)
    return db.session.scalar(select(func.count()).select_from(WorkItem).where(visible_to(who), waiting(), mine)) or 0


def items(who: Caller, show: str = "open", kind: str = "", limit: int = 200) -> list[WorkItem]:
    """What `who` sees: show = open, mine, snoozed or done; the most pressing first, done ones by when they were done."""
    query: Select[Any] = select(WorkItem).where(visible_to(who))
    if kind:
        query = query.where(WorkItem.kind == kind)
    if show == "done":
        query = query.where(WorkItem.state == WorkState.DONE).order_by(WorkItem.closed_at.desc(), WorkItem.id.desc())
    elif show == "snoozed":
        query = query.where(WorkItem.state == WorkState.SNOOZED, WorkItem.snoozed_until > now()).order_by(
            WorkItem.snoozed_until
        )
    else:
        query = query.where(waiting()).order_by(
            WorkItem.due_at.is_(None), WorkItem.due_at, WorkItem.opened_at, WorkItem.id
        )
        if show == "mine":
            query = query.where(WorkItem.assignee_id == who.person_id)
    return list(db.session.scalars(query.limit(limit)))


def counts(who: Caller) -> dict[str, int]:
    """How many items `who` sees under each heading: open, mine, snoozed; and `asking`, the number that the rail shows."""
    seen = select(func.count()).select_from(WorkItem).where(visible_to(who))
    return {
        "asking": open_count(who),
        "open": db.session.scalar(seen.where(waiting())) or 0,
        "mine": db.session.scalar(seen.where(waiting(), WorkItem.assignee_id == who.person_id)) or 0,
        "snoozed": db.session.scalar(seen.where(WorkItem.state == WorkState.SNOOZED, WorkItem.snoozed_until > now()))
        or 0,
    }


def kinds_open(who: Caller) -> list[tuple[str, int, datetime]]:
    """(kind, how many ask for somebody, since when the oldest does), the longest waiting first."""
    oldest = func.min(WorkItem.opened_at)
    query = (
        select(WorkItem.kind, func.count(), oldest)
        .where(visible_to(who), waiting())
        .group_by(WorkItem.kind)
        .order_by(oldest)
    )
    return [(kind, count, since) for kind, count, since in db.session.execute(query)]


def staff() -> list[Person]:
    """The people an item can be given to, by name."""
    query = (
        select(Person)
        .where(Person.state == "active", cast(Person.staff_roles, String) != "[]")
        .order_by(Person.name, Person.id)
    )
    return list(db.session.scalars(query))


def item_for(who: Caller, item_id: int) -> WorkItem:
    """The item, when `who` may see it; NotFound otherwise."""
    item = db.session.scalar(select(WorkItem).where(WorkItem.id == item_id, visible_to(who)))
    if item is None:
        raise NotFound
    return item


def assign(who: Caller, item_id: int, person_id: int | None) -> WorkItem:
    """Give the item to a member of staff, or to nobody (None)."""
    with write() as session:
        item = item_for(who, item_id)
        if person_id is not None:
            person = session.get(Person, person_id)
            if person is None or not person.staff_roles:
                raise Refusal("직원이 아닌 사람에게는 맡길 수 없습니다.", "목록에서 담당자를 다시 골라 주십시오.")
        before = item.assignee_id
        session.execute(update(WorkItem).where(WorkItem.id == item.id).values(assignee_id=person_id))
        session.refresh(item)
        audit.record(
            session,
            "work_item.assign",
            actor=who.actor,
            subject=f"work_item:{item.id}",
            tenant_id=item.tenant_id,
            before=before,
            after=person_id,
        )
        publish(session, CHANGED, item.id)
        return item


def done(who: Caller, item_id: int) -> WorkItem:
    """The item is done, by hand."""
    with write() as session:
        item = item_for(who, item_id)
        _finish(session, item, who.actor)
        publish(session, CHANGED, item.id)
        return item


def reopen(who: Caller, item_id: int) -> WorkItem:
    """The item was not done after all."""
    with write() as session:
        item = item_for(who, item_id)
        WORK.move(session, item, "reopen", by=who.actor, opened_at=now(), closed_at=None, closed_by=None)
        publish(session, CHANGED, item.id)
        return item


def snooze(who: Caller, item_id: int, choice: str) -> WorkItem:
    """Put the item away until the morning that `choice` (tomorrow, monday) names."""
    until = rules.snooze_until(choice, now())
    if until is None:
        raise Refusal("언제까지 미룰지 알 수 없습니다.", "내일이나 다음 월요일 가운데 골라 주십시오.", 422)
    with write() as session:
        item = item_for(who, item_id)
        if item.state == WorkState.SNOOZED:
            WORK.move(session, item, "wake", by=who.actor)
        WORK.move(session, item, "snooze", by=who.actor, snoozed_until=until)
        return item


def wake(who: Caller, item_id: int) -> WorkItem:
    """Bring a snoozed item back now."""
    with write() as session:
        item = item_for(who, item_id)
        WORK.move(session, item, "wake", by=who.actor, snoozed_until=None)
        return item


def wake_due() -> int:
    """Bring back what was snoozed until now; for the schedule. Returns how many."""
    due = select(WorkItem).where(WorkItem.state == WorkState.SNOOZED, WorkItem.snoozed_until <= now()).limit(200)
    if not db.session.scalars(due).first():
        return 0
    with write() as session:
        rows = list(session.scalars(due))
        for item in rows:
            WORK.move(session, item, "wake", by="schedule", snoozed_until=None)
        return len(rows)


def _finish(session: Session, item: WorkItem, by: str) -> None:
    WORK.move(session, item, "done", by=by, closed_at=now(), closed_by=by, snoozed_until=None)
