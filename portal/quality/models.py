"""Builds and what they reported, the items that failures become, and the rules of whose they are.

A test has a row from its first failure on; one that never failed has none. Customers' requests are in change_models.py.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.models import Person
from portal.core.db import Model, retained
from portal.core.states import Look, Machine, step
from portal.quality.junit import Outcome

#: The tenant of builds that are the house's own; a company's key sends builds of that company's integration.
HOUSE = 0


class ItemState(StrEnum):
    OPEN = "open"  #: fails; its owner has not begun
    IN_PROGRESS = "in_progress"  #: its owner works on it
    RESOLVED = "resolved"  #: green often enough since, or mended by hand
    REGRESSED = "regressed"  #: failed again after it was resolved
    FLAKY = "flaky"  #: fails and passes; no longer closed by itself
    QUARANTINED = "quarantined"  #: known, and put aside until a day; its test keeps running
    ARCHIVED = "archived"  #: not to be looked at


S = ItemState
#: States in which an item asks its owner for something.
ASKING = (S.OPEN, S.IN_PROGRESS, S.REGRESSED, S.FLAKY)
#: States that greens may close.
CLOSABLE = (S.OPEN, S.IN_PROGRESS, S.REGRESSED)
#: States that are not over.
UNSETTLED = (*ASKING, S.QUARANTINED)

ITEM = Machine(
    noun="시험 실패",
    looks={
        S.OPEN: Look("신규", "amber", "flag", "담당자가 살펴봅니다. 초록 3번이면 저절로 닫힙니다."),
        S.IN_PROGRESS: Look("진행", "blue", "review", "고친 뒤 초록 3번이면 저절로 닫힙니다."),
        S.RESOLVED: Look("해결", "green", "check", "더 새로운 빌드에서 또 실패하면 같은 담당자에게 돌아갑니다."),
        S.REGRESSED: Look("재발", "red", "retry", "먼저 고친 담당자가 다시 살펴봅니다."),
        S.FLAKY: Look("불안정", "amber", "warn", "저절로 닫히지 않습니다. 원인을 고친 뒤 해결로 표시합니다."),
        S.QUARANTINED: Look("격리", "grey", "pause", "시험은 계속 돕니다. 기한이 되면 다시 열립니다."),
        S.ARCHIVED: Look("무시", "grey", "close", "실패해도 알리지 않습니다. 다시 열 수 있습니다."),
    },
    steps=(
        step((S.OPEN, S.REGRESSED, S.FLAKY), "begin", S.IN_PROGRESS, "staff"),
        step(CLOSABLE, "close", S.RESOLVED, "greens of complete builds"),
        step(UNSETTLED, "resolve", S.RESOLVED, "staff"),
        step(S.RESOLVED, "regress", S.REGRESSED, "a failure in a newer build"),
        step((*CLOSABLE, S.RESOLVED), "unsettle", S.FLAKY, "failing and passing in one run, or coming back too often"),
        step(ASKING, "quarantine", S.QUARANTINED, "staff, with a reason and a day"),
        step((*ASKING, S.QUARANTINED), "archive", S.ARCHIVED, "staff"),
        step((S.QUARANTINED, S.ARCHIVED, S.RESOLVED), "reopen", S.OPEN, "staff, or the day of the quarantine"),
    ),
)


class BuildJob(Model):
    """A job of a build server. Locked while one of its builds is taken in, so that reports of it come one after another."""

    __tablename__ = "build_job"
    __table_args__ = (UniqueConstraint("tenant_id", "name"), {"info": retained("operations", "tenant_id")})

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(default=HOUSE)
    name: Mapped[str] = mapped_column(String(200))
    last_number: Mapped[int] = mapped_column(default=0)


class Build(Model):
    """One run of a job on one platform; the counts are those of all its files."""

    __tablename__ = "build"
    __table_args__ = (
        UniqueConstraint("job_id", "number", "platform"),
        Index("ix_build_told_at_received_at", "told_at", "received_at"),
        {"info": retained("operations", "tenant_id")},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(default=HOUSE, index=True)
    job_id: Mapped[int] = mapped_column(ForeignKey(BuildJob.id))
    number: Mapped[int]
    platform: Mapped[str] = mapped_column(String(80))
    commit: Mapped[str] = mapped_column(String(64), index=True)
    branch: Mapped[str] = mapped_column(String(200))
    url: Mapped[str] = mapped_column(String(500))
    authors: Mapped[list[str]] = mapped_column(JSON)
    """Mail addresses of who wrote what this build built first."""
    complete: Mapped[bool]
    tests: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    errors: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    opened: Mapped[list[int]] = mapped_column(JSON, default=list)
    reopened: Mapped[list[int]] = mapped_column(JSON, default=list)
    closed: Mapped[list[int]] = mapped_column(JSON, default=list)
    received_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    """When its digests were written."""

    job: Mapped[BuildJob] = relationship()

    @property
    def red(self) -> int:
        return self.failures + self.errors


class ReportFile(Model):
    """A file of a build, known by its digest: sent again, it changes nothing and gets the same answer."""

    __tablename__ = "report_file"
    __table_args__ = (UniqueConstraint("build_id", "sha256"), {"info": retained("operations", "build_id")})

    id: Mapped[int] = mapped_column(primary_key=True)
    build_id: Mapped[int] = mapped_column(ForeignKey(Build.id))
    sha256: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    error: Mapped[str | None] = mapped_column(String(300))
    tests: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    errors: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)


class KnownTest(Model):
    """A test that failed at least once, on one class of branches of one job."""

    __tablename__ = "known_test"
    __table_args__ = ({"info": retained("operations", "job_id")},)

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey(BuildJob.id), index=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    branch: Mapped[str] = mapped_column(String(200))
    suite: Mapped[str] = mapped_column(String(500))
    klass: Mapped[str] = mapped_column(String(500))
    name: Mapped[str] = mapped_column(String(500))
    file: Mapped[str] = mapped_column(String(500))
    flakes: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class Item(Model):
    """One test failing for one cause, or many tests failing for one in one build (a cluster, without `test_id`)."""

    __tablename__ = "test_item"
    __table_args__ = (
        Index("ix_test_item_state_owner_id", "state", "owner_id"),
        {"info": retained("operations", "tenant_id")},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(default=HOUSE, index=True)
    job_id: Mapped[int] = mapped_column(ForeignKey(BuildJob.id), index=True)
    test_id: Mapped[int | None] = mapped_column(ForeignKey(KnownTest.id), index=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    branch: Mapped[str] = mapped_column(String(200))
    title: Mapped[str] = mapped_column(String(200))
    cause: Mapped[str] = mapped_column(String(64))
    cause_words: Mapped[str] = mapped_column(String(600))
    state: Mapped[ItemState] = mapped_column(String(12))
    state_since: Mapped[datetime]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id), index=True)
    owner_reason: Mapped[str] = mapped_column(String(300), default="")
    owner_by_hand: Mapped[bool] = mapped_column(default=False)
    failures: Mapped[int] = mapped_column(default=0)
    regressions: Mapped[int] = mapped_column(default=0)
    opened_at: Mapped[datetime]
    first_build_id: Mapped[int] = mapped_column(ForeignKey(Build.id))
    last_build_id: Mapped[int] = mapped_column(ForeignKey(Build.id))
    resolved_number: Mapped[int | None]
    """Failures of builds up to this number are old news; only a newer one brings a resolved item back."""
    quarantine_reason: Mapped[str] = mapped_column(String(300), default="")
    quarantine_until: Mapped[datetime | None] = mapped_column(index=True)

    job: Mapped[BuildJob] = relationship()
    test: Mapped[KnownTest | None] = relationship()
    owner: Mapped[Person | None] = relationship()
    first_build: Mapped[Build] = relationship(foreign_keys=[first_build_id])
    last_build: Mapped[Build] = relationship(foreign_keys=[last_build_id])


class Result(Model):
    """How a test that once failed went in one build; a failure belongs to an item."""

    __tablename__ = "test_result"
    __table_args__ = (UniqueConstraint("test_id", "build_id"), {"info": retained("operations", "build_id")})

    id: Mapped[int] = mapped_column(primary_key=True)
    test_id: Mapped[int] = mapped_column(ForeignKey(KnownTest.id))
    build_id: Mapped[int] = mapped_column(ForeignKey(Build.id), index=True)
    item_id: Mapped[int | None] = mapped_column(ForeignKey(Item.id), index=True)
    outcome: Mapped[Outcome] = mapped_column(String(8))
    message: Mapped[str] = mapped_column(Text, default="")
    body: Mapped[str] = mapped_column(Text, default="")

    build: Mapped[Build] = relationship()


class ItemEvent(Model):
    """A line of an item's history. `verb` is one of EVENTS."""

    __tablename__ = "test_item_event"
    __table_args__ = (
        Index("ix_test_item_event_verb_at", "verb", "at"),
        {"info": retained("operations", "item_id")},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey(Item.id), index=True)
    at: Mapped[datetime]
    verb: Mapped[str] = mapped_column(String(12))
    by: Mapped[str] = mapped_column(String(80))
    build_id: Mapped[int | None] = mapped_column(ForeignKey(Build.id), index=True)
    words: Mapped[str] = mapped_column(String(300), default="")

    item: Mapped[Item] = relationship()
    build: Mapped[Build | None] = relationship()


#: Verb of an item's history -> how it shows itself.
EVENTS: dict[str, Look] = {
    "opened": Look("실패로 열림", "amber", "flag"),
    "regressed": Look("재발", "red", "retry"),
    "resolved": Look("해결", "green", "check"),
    "flaky": Look("불안정으로 봄", "amber", "warn"),
    "assigned": Look("담당자 정함", "blue", "user"),
    "begun": Look("진행 시작", "blue", "review"),
    "quarantined": Look("격리", "grey", "pause"),
    "archived": Look("무시", "grey", "close"),
    "reopened": Look("다시 엶", "amber", "undo"),
}


class OwnerRule(Model):
    """Whose tests are whose, as in CODEOWNERS: the last rule that matches counts."""

    __tablename__ = "owner_rule"
    __table_args__ = ({"info": retained("operations", "owner_id")},)

    id: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int]
    pattern: Mapped[str] = mapped_column(String(200))
    owner_id: Mapped[int] = mapped_column(ForeignKey(Person.id))
    together: Mapped[bool] = mapped_column(default=False)
    """Whether a test is one whatever values it is fed with: what stands in brackets after its name is left out."""

    owner: Mapped[Person] = relationship()


def look_of(item: Item) -> Look:
    return ITEM.look(item.state)


def numbers_of(build: Build) -> dict[str, Any]:
    """The counts of a build under the names of the answer."""
    return {name: getattr(build, name) for name in ("tests", "failures", "errors", "skipped")}
