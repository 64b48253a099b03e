"""Mail about a build: one to each person, once, and only when something of theirs changed."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from portal.accounts.models import Person, PersonState
from portal.core import mail
from portal.core.clock import now
from portal.core.db import db, write
from portal.core.settings import settings
from portal.quality.models import Build, Item, ItemEvent

#: A build's reports may come in several requests; its mail waits for the last.
WAIT = timedelta(minutes=1)
#: What is told, under its heading, in this order.
HEADINGS = (("regressed", "재발"), ("opened", "새로 실패"), ("flaky", "불안정"), ("resolved", "해결"))


def send() -> int:
    """Write the mails of builds that have come in whole; for the schedule. Gives how many builds that were."""
    due = select(Build).where(Build.told_at.is_(None), Build.received_at <= now() - WAIT).order_by(Build.id).limit(50)
    if db.session.scalars(due).first() is None:
        return 0
    with write() as session:
        builds = list(session.scalars(due.with_for_update(skip_locked=True)))
        for build in builds:
            build.told_at = now()
            _tell(session, build)
        return len(builds)


def _tell(session: Session, build: Build) -> None:
    verbs = [verb for verb, _heading in HEADINGS]
    query = (
        select(ItemEvent)
        .options(joinedload(ItemEvent.item).joinedload(Item.owner))
        .where(ItemEvent.build_id == build.id, ItemEvent.verb.in_(verbs))
        .order_by(ItemEvent.id)
    )
    by_person: dict[int, list[ItemEvent]] = {}
    people: dict[int, Person] = {}
    for event in session.scalars(query):
        owner = event.item.owner
        if owner is not None and owner.state == PersonState.ACTIVE and event.by != f"person:{owner.id}":
            people[owner.id] = owner
            by_person.setdefault(owner.id, []).append(event)
    for person_id, events in by_person.items():
        groups = [(word, [event.item for event in events if event.verb == verb]) for verb, word in HEADINGS]
        told = [(word, items) for word, items in groups if items]
        summary = ", ".join(f"{word} {len(items)}건" for word, items in told)
        person = people[person_id]
        mail.post(
            session,
            person.email,
            "build_digest",
            person=person,
            build=build,
            groups=told,
            summary=summary,
            board_url=f"{settings().public_url}/staff/quality",
        )
