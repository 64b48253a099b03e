"""What the pages show of quality: is it getting better, how the last builds went, who has what, one item's whole story."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_sqlalchemy.pagination import Pagination, SelectPagination
from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import joinedload

from portal.accounts.models import Person
from portal.core import clock
from portal.core.clock import now
from portal.core.db import db
from portal.core.gate import Caller
from portal.quality import rules
from portal.quality.models import ASKING, Build, Item, ItemEvent, ItemState, OwnerRule, Result
from portal.quality.owners import owner_rules

BUILDS_IN_STRIP = 48
WEEKS = 12
PER_PAGE = 50
#: Filter of the list -> its states; "" is what asks for somebody.
FILTERS: dict[str, tuple[ItemState, ...]] = {
    "": ASKING,
    "regressed": (ItemState.REGRESSED,),
    "flaky": (ItemState.FLAKY,),
    "quarantined": (ItemState.QUARANTINED,),
    "resolved": (ItemState.RESOLVED,),
    "archived": (ItemState.ARCHIVED,),
}


@dataclass(frozen=True, slots=True)
class Holding:
    """What one person has: how many items ask for them, how many of those came back, since when the oldest waits."""

    person: Person | None
    asking: int
    regressed: int
    oldest: datetime


def asking_count(who: Caller) -> int:
    """How many items wait for the caller."""
    query = select(func.count()).select_from(Item).where(Item.state.in_(ASKING), Item.owner_id == who.person_id)
    return db.session.scalar(query) or 0


def weeks() -> list[rules.Week]:
    """Opened, come back and resolved, week by week, oldest first."""
    since = now() - timedelta(weeks=WEEKS)
    verbs = ("opened", "regressed", "resolved")
    query = select(ItemEvent.at, ItemEvent.verb).where(ItemEvent.verb.in_(verbs), ItemEvent.at >= since)
    events = [(at.astimezone(clock.SEOUL).date(), verb) for at, verb in db.session.execute(query)]
    return rules.weeks(events, clock.today(), WEEKS)


def strip() -> list[Build]:
    """The last builds, oldest first."""
    query = select(Build).options(joinedload(Build.job)).order_by(Build.received_at.desc(), Build.id.desc())
    return list(db.session.scalars(query.limit(BUILDS_IN_STRIP)))[::-1]


def holdings() -> list[Holding]:
    """Who has what, the most laden first; last what nobody has."""
    asking, oldest = func.count(), func.min(Item.state_since)
    query = (
        select(Item.owner_id, asking, func.count().filter(Item.state == ItemState.REGRESSED), oldest)
        .where(Item.state.in_(ASKING))
        .group_by(Item.owner_id)
        .order_by(Item.owner_id.is_(None), asking.desc(), Item.owner_id)
    )
    rows = db.session.execute(query).all()
    people = {
        person.id: person for person in db.session.scalars(select(Person).where(Person.id.in_([r[0] for r in rows])))
    }
    return [Holding(people.get(owner or 0), count, regressed, since) for owner, count, regressed, since in rows]


def items(show: str, owner: str, number: int) -> Pagination:
    """One page of items: what came back first, then the newest."""
    query = (
        select(Item)
        .options(joinedload(Item.owner), joinedload(Item.job), joinedload(Item.last_build))
        .where(Item.state.in_(FILTERS.get(show, ASKING)), _of_owner(owner))
        .order_by(Item.state != ItemState.REGRESSED, Item.state_since.desc(), Item.id.desc())
    )
    return SelectPagination(select=query, session=db.session, page=number, per_page=PER_PAGE, error_out=False)


def counts(owner: str) -> dict[str, int]:
    """How many items stand under each filter."""
    query = select(Item.state, func.count()).where(_of_owner(owner)).group_by(Item.state)
    by_state: dict[ItemState, int] = {row[0]: row[1] for row in db.session.execute(query)}
    return {name: sum(by_state.get(state, 0) for state in states) for name, states in FILTERS.items()}


def history(item: Item) -> list[ItemEvent]:
    """Everything that happened to the item, newest first."""
    query = (
        select(ItemEvent)
        .options(joinedload(ItemEvent.build).joinedload(Build.job))
        .where(ItemEvent.item_id == item.id)
        .order_by(ItemEvent.id.desc())
        .limit(200)
    )
    return list(db.session.scalars(query))


def failures(item: Item, limit: int = 20) -> list[Result]:
    """The last failures of the item, newest first."""
    query = (
        select(Result)
        .join(Result.build)
        .options(joinedload(Result.build).joinedload(Build.job))
        .where(Result.item_id == item.id)
        .order_by(Build.number.desc(), Result.id)
        .limit(limit)
    )
    return list(db.session.scalars(query))


def runs(item: Item, limit: int = 30) -> list[Result]:
    """How the item's test went in the last builds, oldest first; none for a cluster."""
    if item.test_id is None:
        return []
    query = (
        select(Result)
        .join(Result.build)
        .options(joinedload(Result.build).joinedload(Build.job))
        .where(Result.test_id == item.test_id)
        .order_by(Build.number.desc())
        .limit(limit)
    )
    return list(db.session.scalars(query))[::-1]


def alike(item: Item) -> list[Item]:
    """Other items of the same test, and other tests with the same cause."""
    same_test = Item.test_id == item.test_id if item.test_id else Item.id == 0
    query = select(Item).where(Item.id != item.id, or_(same_test, Item.cause == item.cause))
    return list(db.session.scalars(query.order_by(Item.id.desc()).limit(10)))


def rules_in_order() -> list[OwnerRule]:
    return owner_rules(db.session())


def names(ids: set[int]) -> dict[int, str]:
    """Names of people, by id."""
    return {person.id: person.name for person in db.session.scalars(select(Person).where(Person.id.in_(ids)))}


def _of_owner(owner: str) -> ColumnElement[bool]:
    """`owner` is an id, "none", or empty for everybody's."""
    if owner == "none":
        return Item.owner_id.is_(None)
    if owner.isascii() and owner.isdigit() and len(owner) < 10:  # noqa: PLR2004 - longer is no id
        return Item.owner_id == int(owner)
    return true()
