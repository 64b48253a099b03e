"""What happens to an item: it opens, comes back, closes, is taken, put aside. Each step leaves a line and moves the inbox along.

The verbs of reports stand inside the write that takes a build in; the verbs of people are writes of their own.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.models import Person, PersonState
from portal.core import audit
from portal.core.clock import now
from portal.core.db import db, write
from portal.core.errors import NotFound, Refusal
from portal.core.gate import Caller
from portal.quality import changes, rules
from portal.quality.models import (
    ASKING,
    CLOSABLE,
    ITEM,
    Build,
    BuildJob,
    Item,
    ItemEvent,
    ItemState,
    KnownTest,
    OwnerRule,
    Result,
)
from portal.quality.owners import DEVELOPER, FALLBACK, Choice, choose, choose_again, choose_for_build
from portal.work import service as work
from portal.work.models import WorkItem, WorkState

KIND = "quality"
REPORTS = "reports"
SCHEDULE = "schedule"


def open_for(session: Session, test: KnownTest, cause: rules.Cause, build: Build, found: list[OwnerRule]) -> Item:
    """A new item: `test` fails for `cause`, first seen in `build`."""
    title = " · ".join(part for part in (test.klass.rpartition(".")[2], test.name) if part) or test.suite
    choice = choose(session, test, build, found)
    return _open(session, rules.item_key(test.key, cause.key), title, cause, build, test.branch, choice, test.id)


def open_cluster(session: Session, title: str, cause: rules.Cause, build: Build, found: list[OwnerRule]) -> Item:
    """A new item for many tests that fail together in `build`."""
    branch = rules.branch_class(build.branch)
    key = cluster_key(build.job_id, branch, cause.key)
    return _open(session, key, title, cause, build, branch, choose_for_build(found), None)


def cluster_key(job_id: int, branch: str, cause: str) -> str:
    return rules.item_key(f"cluster {job_id} {branch}", cause)


def failed_again(session: Session, item: Item, build: Build, found: list[OwnerRule]) -> bool:
    """A further failure of a known item. True when that brought it back from resolved."""
    item.failures += 1
    if build.number >= item.last_build.number:
        item.last_build = build
    if item.state != ItemState.RESOLVED or build.number <= (item.resolved_number or 0):
        return False
    choice = choose_again(session, item, build, found)
    ITEM.move(session, item, "regress", by=REPORTS, state_since=now(), regressions=item.regressions + 1)
    item.owner, item.owner_reason = choice.person, choice.reason
    note(session, item, "regressed", REPORTS, build=build, words=f"{item.regressions}번째 재발")
    if item.regressions >= rules.REGRESSIONS_TO_FLAKY:
        unsettle(session, item, build, f"{item.regressions}번 되살아나 저절로 닫지 않습니다.")
    else:
        _ask(session, item)
    changes.item_came_back(session, item)
    return True


def unsettle(session: Session, item: Item, build: Build, words: str) -> None:
    """The item fails and passes by turns: greens no longer close it."""
    if not ITEM.allows(item.state, "unsettle"):
        return
    ITEM.move(session, item, "unsettle", by=REPORTS, state_since=now())
    note(session, item, "flaky", REPORTS, build=build, words=words)
    _ask(session, item)


def close_if_mended(session: Session, item: Item, build: Build | None) -> bool:
    """Close the item when every test of it has been green often enough where it failed. True when that closed it."""
    if item.state not in CLOSABLE:
        return False
    seen, failed_on = _seen(session, item)
    if not rules.mended(failed_on, seen):
        return False
    newest = max(one.number for one in seen)
    ITEM.move(session, item, "close", by=REPORTS, state_since=now(), resolved_number=newest)
    words = f"{rules.GREENS_TO_CLOSE}번 이어서 초록이어서 저절로 닫았습니다."
    note(session, item, "resolved", REPORTS, build=build, words=words)
    _settled(session, item, REPORTS)
    return True


# ---- verbs of people


def item_with(item_id: int) -> Item:
    """The item, for staff; NotFound when there is none."""
    item = db.session.get(Item, item_id)
    if item is None:
        raise NotFound
    return item


def begin(who: Caller, item_id: int) -> Item:
    """The caller works on it now, and has it from now on."""
    with write() as session:
        item = _locked(session, item_id)
        ITEM.move(session, item, "begin", by=who.actor, state_since=now())
        note(session, item, "begun", who.actor)
        if item.owner_id != who.person_id:
            _give(session, item, who, session.get_one(Person, who.person_id))
        return item


def assign(who: Caller, item_id: int, person_id: int) -> Item:
    """Give the item to a member of staff; by hand, so that it stays with them when it comes back."""
    with write() as session:
        item = _locked(session, item_id)
        person = session.get(Person, person_id)
        if person is None or not person.staff or person.state != PersonState.ACTIVE:
            raise Refusal("이 사람에게는 맡길 수 없습니다.", "목록에서 담당자를 다시 골라 주십시오.", 422)
        _give(session, item, who, person)
        return item


def resolve(who: Caller, item_id: int, words: str = "") -> Item:
    """Mended, says a person. Failures of builds that are there already do not bring it back; a newer one does."""
    with write() as session:
        item = _locked(session, item_id)
        _resolve(session, item, who.actor, words or "손으로 해결로 표시했습니다.")
        return item


def reopen(who: Caller, item_id: int) -> Item:
    """Not mended, or no longer put aside."""
    with write() as session:
        item = _locked(session, item_id)
        _reopen(session, item, who.actor, "")
        return item


def quarantine(who: Caller, item_id: int, reason: str, days: int) -> Item:
    """Put the item aside for at most 30 days; the test keeps running, and its failures are kept."""
    if not 1 <= days <= rules.QUARANTINE_LONGEST.days:
        raise Refusal("격리는 1일부터 30일까지입니다.", "기한을 다시 골라 주십시오.", 422)
    with write() as session:
        item = _locked(session, item_id)
        until = now() + timedelta(days=days)
        values = {"quarantine_reason": reason[:300], "quarantine_until": until, "state_since": now()}
        ITEM.move(session, item, "quarantine", by=who.actor, **values)
        note(session, item, "quarantined", who.actor, words=f"{days}일 동안: {reason}")
        work.close_item(session, kind=KIND, subject=subject(item), by=who.actor)
        return item


def archive(who: Caller, item_id: int) -> Item:
    """Nobody is to be asked about it any more."""
    with write() as session:
        item = _locked(session, item_id)
        ITEM.move(session, item, "archive", by=who.actor, state_since=now())
        note(session, item, "archived", who.actor)
        work.close_item(session, kind=KIND, subject=subject(item), by=who.actor)
        return item


# ---- the inbox and the schedule


def follow_inbox(work_item_id: int) -> None:
    """What a person did to the line in the inbox holds for the item too. Safe to run twice."""
    with write() as session:
        line = session.get(WorkItem, work_item_id)
        if line is None or line.kind != KIND:
            return
        item = _locked(session, int(line.subject.rpartition(":")[2]))
        by = line.closed_by or "inbox"
        if line.state == WorkState.DONE and item.state in ASKING:
            _resolve(session, item, by, "업무 목록에서 완료로 표시했습니다.")
        elif line.state == WorkState.OPEN and ITEM.allows(item.state, "reopen"):
            _reopen(session, item, by, "업무 목록에서 다시 열었습니다.")
        if line.assignee_id is not None and line.assignee_id != item.owner_id:
            item.owner_id, item.owner_by_hand = line.assignee_id, True
            item.owner_reason = "업무 목록에서 손으로 맡겼습니다."
            note(session, item, "assigned", by, words=item.owner_reason)


def end_quarantines() -> int:
    """Open again what was put aside until now, or close it when it was green meanwhile; for the schedule. Gives how many."""
    due = select(Item).where(Item.state == ItemState.QUARANTINED, Item.quarantine_until <= now()).limit(200)
    if db.session.scalars(due).first() is None:
        return 0
    with write() as session:
        rows = list(session.scalars(due.with_for_update()))
        for item in rows:
            _reopen(session, item, SCHEDULE, "격리 기한이 되었습니다.")
            close_if_mended(session, item, None)
        return len(rows)


def subject(item: Item) -> str:
    """The name of the item's line in the inbox."""
    return f"test_item:{item.id}"


def note(  # noqa: PLR0913 - a line has this many parts
    session: Session,
    item: Item,
    verb: str,
    by: str,
    *,
    build: Build | None = None,
    words: str = "",
    at: datetime | None = None,
) -> None:
    """Add a line to the item's history."""
    session.add(
        ItemEvent(
            item_id=item.id, at=at or now(), verb=verb, by=by, build_id=build.id if build else None, words=words[:300]
        )
    )


def _open(  # noqa: PLR0913 - an item has this many parts
    session: Session,
    key: str,
    title: str,
    cause: rules.Cause,
    build: Build,
    branch: str,
    choice: Choice,
    test_id: int | None,
) -> Item:
    item = Item(
        tenant_id=build.tenant_id,
        job_id=build.job_id,
        test_id=test_id,
        key=key,
        branch=branch,
        title=title[:200],
        cause=cause.key,
        cause_words=cause.words[:600],
        state=ItemState.OPEN,
        state_since=now(),
        owner_id=choice.person.id if choice.person else None,
        owner_reason=choice.reason[:300],
        failures=1,
        opened_at=now(),
        first_build_id=build.id,
        last_build_id=build.id,
    )
    session.add(item)
    session.flush()
    audit.record(
        session,
        "test_item.open",
        actor=REPORTS,
        subject=f"test_item:{item.id}",
        tenant_id=build.tenant_id or None,
        build=build.id,
        owner=item.owner_id,
    )
    note(session, item, "opened", REPORTS, build=build, words=choice.reason)
    _ask(session, item)
    return item


def _ask(session: Session, item: Item) -> None:
    """Put the item into the inbox of its owner, with the reason."""
    session.flush()
    roles = {DEVELOPER, FALLBACK} | set(item.owner.staff_roles if item.owner else ())
    word = f"재발({item.regressions}번째)" if item.regressions else "시험 실패"
    work.open_item(
        session,
        kind=KIND,
        subject=subject(item),
        title=f"{word}: {item.title}",
        url=f"/staff/quality/items/{item.id}",
        body=f"{item.cause_words}\n왜 나에게? {item.owner_reason}",
        tenant_id=item.tenant_id or None,
        roles=sorted(roles),
    )
    work.assign_to(session, KIND, subject(item), item.owner_id)


def _resolve(session: Session, item: Item, by: str, words: str) -> None:
    newest = session.get_one(BuildJob, item.job_id).last_number
    ITEM.move(session, item, "resolve", by=by, state_since=now(), resolved_number=newest)
    note(session, item, "resolved", by, words=words)
    _settled(session, item, by)


def _reopen(session: Session, item: Item, by: str, words: str) -> None:
    ITEM.move(session, item, "reopen", by=by, state_since=now(), quarantine_until=None, quarantine_reason="")
    note(session, item, "reopened", by, words=words)
    _ask(session, item)


def _settled(session: Session, item: Item, by: str) -> None:
    work.close_item(session, kind=KIND, subject=subject(item), by=by)
    changes.item_was_mended(session, item)


def _give(session: Session, item: Item, who: Caller, person: Person) -> None:
    item.owner, item.owner_by_hand = person, True
    item.owner_reason = f"{who.person_name}님이 손으로 맡겼습니다."
    note(session, item, "assigned", who.actor, words=f"{person.name}님에게 맡김")
    audit.record(session, "test_item.assign", actor=who.actor, subject=subject(item), tenant_id=None, after=person.id)
    if item.state in ASKING:
        _ask(session, item)


def _seen(session: Session, item: Item) -> tuple[list[rules.Seen], set[tuple[int, str]]]:
    """How the item's tests went in all builds, and on which platforms they failed since it was last resolved."""
    own = select(Result.test_id).where(Result.item_id == item.id).distinct()
    query = (
        select(Result.test_id, Result.item_id, Result.outcome, Build.platform, Build.number, Build.complete)
        .join(Build, Build.id == Result.build_id)
        .where(Result.test_id.in_(own), Build.number > (item.resolved_number or -1))
    )
    seen, failed_on = [], set()
    for test_id, item_id, outcome, platform, number, complete in session.execute(query):
        red = outcome in {"failed", "error"}
        seen.append(rules.Seen(test_id, platform, number, green=outcome == "passed", red=red, complete=complete))
        if item_id == item.id and red:
            failed_on.add((test_id, platform))
    return seen, failed_on


def _locked(session: Session, item_id: int) -> Item:
    item = session.get(Item, item_id, with_for_update=True, populate_existing=True)
    if item is None:
        raise NotFound
    return item
