"""Taking in the reports of one build: what ran is counted, failures become items or join those there are, greens close them.

Files are read before the write begins; one build's reports come one after another, by the lock on their job.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.core.clock import now
from portal.core.db import write
from portal.core.gate import KeyHolder
from portal.quality import items, junit, rules
from portal.quality.builds import BuildFacts, Sent, build_row, file_row, read_all
from portal.quality.junit import RED, Case, Counts, Outcome, Report
from portal.quality.models import (
    CLOSABLE,
    HOUSE,
    UNSETTLED,
    Build,
    Item,
    KnownTest,
    OwnerRule,
    Result,
)
from portal.quality.owners import owner_rules, rule_for

#: The cause of a cluster of tests that failed for all sorts of reasons.
MASS = rules.Cause("mass", "여러 원인")
#: Failing tests of one request that are kept one by one; the rest is only counted.
MOST_KEPT = 2_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it, for the program that sent it. `counts` are those of the files sent; the lists the whole build's."""

    build_id: int
    counts: Counts
    files: list[tuple[str, str | None]]
    opened: list[int]
    reopened: list[int]
    closed: list[int]


@dataclass(slots=True)
class _Failure:
    """A test that failed in this build for a cause; `result` is its row."""

    test: KnownTest
    cause: rules.Cause
    result: Result


@dataclass(slots=True)
class _Run:
    """What is being taken in, and what came of it so far."""

    session: Session
    build: Build
    found: list[OwnerRule]
    ran: int = 0
    failures: list[_Failure] = field(default_factory=list)
    passed: list[int] = field(default_factory=list)
    unsteady: list[tuple[KnownTest, rules.Cause, Result]] = field(default_factory=list)
    opened: list[Item] = field(default_factory=list)
    reopened: list[Item] = field(default_factory=list)
    closed: list[Item] = field(default_factory=list)


def take_in(holder: KeyHolder, facts: BuildFacts, sent: Sequence[Sent]) -> Answer:
    """Take in files of a build. The same file of the same build again changes nothing and is answered alike.

    A file that cannot be read is named in the answer and makes the build incomplete, so that nothing closes by it.
    """
    read = read_all(sent)
    with write() as session:
        build = build_row(session, holder.tenant_id or HOUSE, facts)
        run = _Run(session, build, owner_rules(session))
        counts, files, cases = Counts(), [], []
        for name, digest, report in read:
            row, fresh = file_row(session, build, name, digest, report)
            counts.add(Counts(row.tests, row.failures, row.errors, row.skipped))
            files.append((name, row.error))
            if fresh and isinstance(report, Report):
                cases.extend(report.cases)
        if cases:
            _take_cases(run, cases)
            _tie_failures(run)
            _close_mended(run)
        build.opened = [*build.opened, *(item.id for item in run.opened)]
        build.reopened = [*build.reopened, *(item.id for item in run.reopened)]
        build.closed = [*build.closed, *(item.id for item in run.closed)]
        return Answer(build.id, counts, files, build.opened, build.reopened, build.closed)


def _take_cases(run: _Run, cases: Iterable[Case]) -> None:
    """Keep how every test went that fails now or ever did; the others leave only their count."""
    session, build = run.session, run.build
    branch = rules.branch_class(build.branch)
    by_key: dict[str, Case] = {}
    for case in cases:
        run.ran += case.outcome != Outcome.SKIPPED
        fed = _without_values(run.found, case)
        key = rules.test_key(str(build.job_id), branch, case.suite, case.klass, case.name)
        before = by_key.setdefault(key, case)
        if before is not case:
            by_key[key] = _both(before, case, fed=fed)
    known = {
        test.key: test
        for test in session.scalars(
            select(KnownTest).where(KnownTest.job_id == build.job_id, KnownTest.branch == branch)
        )
    }
    trouble = {*RED, Outcome.FLAKY}
    fresh = [key for key, case in by_key.items() if key not in known and case.outcome in trouble][:MOST_KEPT]
    known |= _known(session, build, branch, {key: by_key[key] for key in fresh})
    rows = {row.test_id: row for row in session.scalars(select(Result).where(Result.build_id == build.id))}
    for key, case in by_key.items():
        if key in known:
            _keep(run, known[key], case, rows.get(known[key].id))


def _known(session: Session, build: Build, branch: str, cases: dict[str, Case]) -> dict[str, KnownTest]:
    """Rows for tests that are in trouble for the first time, by their key."""
    made = {
        key: KnownTest(
            job_id=build.job_id,
            key=key,
            branch=branch,
            suite=case.suite,
            klass=case.klass,
            name=case.name,
            file=case.file,
            flakes=0,
            created_at=now(),
        )
        for key, case in cases.items()
    }
    session.add_all(made.values())
    session.flush()
    return made


def _keep(run: _Run, test: KnownTest, case: Case, row: Result | None) -> None:
    """One test's result in this build; a second file of the build may already have told of it."""
    before = row.outcome if row is not None else None
    outcome = case.outcome if before is None else junit.joined(Outcome(before), case.outcome)
    if row is None:
        row = Result(test_id=test.id, build_id=run.build.id, outcome=outcome, message="", body="")
        run.session.add(row)
    row.outcome = outcome
    if case.outcome in {*RED, Outcome.FLAKY} and not row.body:
        row.message, row.body = _text(case.message), _text(case.body)
    if outcome == before:
        return
    cause = rules.cause_of(case.kind, case.message, case.body)
    if outcome in RED and before not in RED:
        run.failures.append(_Failure(test, cause, row))
    elif outcome == Outcome.FLAKY:
        test.flakes += 1
        run.unsteady.append((test, cause, row))
    elif outcome == Outcome.PASSED:
        run.passed.append(test.id)


def _tie_failures(run: _Run) -> None:
    """Each failure to its item: the one there is, a cluster's, or a new one."""
    run.session.flush()
    fresh: list[_Failure] = []
    for failure in run.failures:
        item = _item_of(run, failure)
        if item is None:
            fresh.append(failure)
        else:
            _join_item(run, item, failure)
    rest = _open_clusters(run, fresh)
    room = max(0, rules.ITEMS_PER_BUILD - len(run.build.opened) - len(run.opened))
    for failure in rest[:room]:
        item = items.open_for(run.session, failure.test, failure.cause, run.build, run.found)
        failure.result.item_id = item.id
        run.opened.append(item)
    if rest[room:]:
        _cluster(run, rest[room:], MASS, f"그 밖에 {len(rest) - room}개 시험이 함께 실패")
    for test, cause, result in run.unsteady:
        _unsteady(run, test, cause, result)


def _item_of(run: _Run, failure: _Failure) -> Item | None:
    """The item this failure belongs to already: the test's own for this cause, or a cluster that is not over."""
    own = select(Item).where(Item.key == rules.item_key(failure.test.key, failure.cause.key))
    item = run.session.scalar(own)
    if item is not None:
        return item
    keys = [items.cluster_key(run.build.job_id, failure.test.branch, cause) for cause in (failure.cause.key, MASS.key)]
    shared = list(run.session.scalars(select(Item).where(Item.key.in_(keys), Item.state.in_(UNSETTLED))))
    for cluster in shared:
        if cluster.key == keys[0] or _belongs(run.session, cluster, failure.test):
            return cluster
    return None


def _belongs(session: Session, cluster: Item, test: KnownTest) -> bool:
    query = select(Result.id).where(Result.item_id == cluster.id, Result.test_id == test.id).limit(1)
    return session.scalar(query) is not None


def _join_item(run: _Run, item: Item, failure: _Failure) -> None:
    failure.result.item_id = item.id
    if item in run.opened or item in run.reopened:
        return
    if items.failed_again(run.session, item, run.build, run.found):
        run.reopened.append(item)


def _open_clusters(run: _Run, fresh: list[_Failure]) -> list[_Failure]:
    """Take out what fails together, as one item for the build; gives what is left."""
    steady = [failure for failure in fresh if failure.test.flakes == 0]
    by_cause: dict[str, list[_Failure]] = {}
    for failure in steady:
        by_cause.setdefault(failure.cause.key, []).append(failure)
    taken: set[int] = set()
    for group in by_cause.values():
        if rules.is_cluster(len(group)):
            _cluster(run, group, group[0].cause, f"{len(group)}개 시험이 한 원인으로 실패")
            taken.update(failure.test.id for failure in group)
    rest = [failure for failure in steady if failure.test.id not in taken]
    if rules.is_mass(len(rest), run.ran):
        _cluster(run, rest, MASS, f"{run.ran}개 가운데 {len(rest)}개 시험이 한꺼번에 실패")
        taken.update(failure.test.id for failure in rest)
    return [failure for failure in fresh if failure.test.id not in taken]


def _cluster(run: _Run, group: list[_Failure], cause: rules.Cause, title: str) -> None:
    key = items.cluster_key(run.build.job_id, rules.branch_class(run.build.branch), cause.key)
    item = run.session.scalar(select(Item).where(Item.key == key))
    if item is None:
        item = items.open_cluster(run.session, title, cause, run.build, run.found)
        run.opened.append(item)
    elif item not in run.opened and items.failed_again(run.session, item, run.build, run.found):
        run.reopened.append(item)
    for failure in group:
        failure.result.item_id = item.id


def _unsteady(run: _Run, test: KnownTest, cause: rules.Cause, result: Result) -> None:
    """A test that failed and passed in one run: its items no longer close by themselves; often so, it gets one."""
    unsettled = run.session.scalars(select(Item).where(Item.test_id == test.id, Item.state.in_(UNSETTLED)))
    own = list(unsettled)
    if not own and test.flakes >= rules.FLAKES_TO_ASK:
        key = rules.item_key(test.key, cause.key)
        if run.session.scalar(select(Item.id).where(Item.key == key)) is None:
            own = [items.open_for(run.session, test, cause, run.build, run.found)]
            run.opened.extend(own)
    for item in own:
        result.item_id = item.id
        items.unsettle(run.session, item, run.build, "한 빌드에서 실패했다가 다시 돌리니 통과했습니다.")


def _close_mended(run: _Run) -> None:
    run.session.flush()
    if not run.passed or not run.build.complete:
        return
    ids = select(Result.item_id).where(Result.test_id.in_(run.passed), Result.item_id.is_not(None)).distinct()
    query = select(Item).where(Item.id.in_(ids), Item.state.in_(CLOSABLE)).order_by(Item.id).with_for_update()
    for item in list(run.session.scalars(query)):
        if items.close_if_mended(run.session, item, run.build):
            run.closed.append(item)


def _without_values(found: list[OwnerRule], case: Case) -> bool:
    """Leave out of the name what the test is fed with, where a rule says so. True when that changed it."""
    if not any(rule.together for rule in found):
        return False
    rule = rule_for(found, case.file, case.klass, case.name)
    plain = rules.without_parameters(case.name) if rule is not None and rule.together else case.name
    changed, case.name = plain != case.name, plain
    return changed


def _both(before: Case, after: Case, *, fed: bool) -> Case:
    """Two cases of one name: the one that failed speaks for both. Fed with other values (`fed`), one that passes mends none."""
    speaks = after if after.outcome in RED and before.outcome not in RED else before
    speaks.outcome = speaks.outcome if fed and speaks.outcome in RED else junit.joined(before.outcome, after.outcome)
    return speaks


def _text(text: str) -> str:
    """PostgreSQL takes no NUL; nothing else is lost."""
    return text.replace("\x00", "\ufffd")


__all__ = ["Answer", "BuildFacts", "Sent", "take_in"]
