"""A build as its server tells of it, and the files it sends: read within what a request may cost, and kept as rows."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.core.clock import now
from portal.quality import junit, rules
from portal.quality.junit import Report
from portal.quality.models import Build, BuildJob, ReportFile

LONGEST_ERROR = 300
#: What reading one request may cost, whatever its files hold.
MOST_SECONDS = 30.0
MOST_CASES = 150_000
TOO_MUCH = "한 번에 받을 수 있는 양을 넘었습니다. 나머지 파일은 나누어 보내 주십시오."


@dataclass(frozen=True, slots=True)
class BuildFacts:
    """What the build server says of a build."""

    job: str
    number: int
    commit: str = ""
    branch: str = ""
    platform: str = ""
    url: str = ""
    authors: tuple[str, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as it came: its name, its bytes, or why its bytes were not kept."""

    name: str
    data: bytes


def read_all(sent: Sequence[Sent]) -> list[tuple[str, str, Report | str]]:
    """Name, digest, and the report or the sentence why not, of every file; within what one request may cost."""
    deadline, room = time.monotonic() + MOST_SECONDS, MOST_CASES
    read: list[tuple[str, str, Report | str]] = []
    for file in sent:
        report = _read(file.data) if time.monotonic() < deadline and room > 0 else TOO_MUCH
        room -= len(report.cases) if isinstance(report, Report) else 0
        read.append((_shown_name(file.name), hashlib.sha256(file.data).hexdigest(), report))
    return read


def _read(data: bytes) -> Report | str:
    try:
        return junit.read(data)
    except junit.UnreadableError as error:
        return str(error)[:LONGEST_ERROR]


def build_row(session: Session, tenant_id: int, facts: BuildFacts) -> Build:
    """The build's row, made when this is the first that is heard of it; its job's row is locked."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {"tenant_id": tenant_id, "name": facts.job, "last_number": 0}
    session.execute(insert(BuildJob).values(**values).on_conflict_do_nothing())
    job = session.scalars(
        select(BuildJob).where(BuildJob.tenant_id == tenant_id, BuildJob.name == facts.job).with_for_update()
    ).one()
    job.last_number = max(job.last_number, facts.number)
    mine = (Build.job_id == job.id, Build.number == facts.number, Build.platform == facts.platform)
    build = session.scalar(select(Build).where(*mine))
    if build is None:
        build = Build(
            tenant_id=tenant_id,
            job=job,
            number=facts.number,
            platform=facts.platform,
            commit=facts.commit,
            branch=facts.branch,
            url=facts.url,
            authors=list(facts.authors),
            complete=facts.complete,
            tests=0,
            failures=0,
            errors=0,
            skipped=0,
            opened=[],
            reopened=[],
            closed=[],
            received_at=now(),
        )
        session.add(build)
        session.flush()
    build.complete = build.complete and facts.complete
    return build


def file_row(session: Session, build: Build, name: str, digest: str, report: Report | str) -> tuple[ReportFile, bool]:
    """The file's row, and whether it is new to this build."""
    row = session.scalar(select(ReportFile).where(ReportFile.build_id == build.id, ReportFile.sha256 == digest))
    if row is not None and (row.error is None or isinstance(report, str)):
        return row, False
    if row is None:
        row = ReportFile(build_id=build.id, sha256=digest, tests=0, failures=0, errors=0, skipped=0)
        session.add(row)
    row.name, row.error = name, report if isinstance(report, str) else None
    if isinstance(report, str):
        build.complete = False
    else:
        for counted in ("tests", "failures", "errors", "skipped"):
            count = getattr(report.counts, counted)
            setattr(row, counted, count)
            setattr(build, counted, getattr(build, counted) + count)
        build.complete = build.complete and report.complete
    session.flush()
    return row, True


def _shown_name(name: str) -> str:
    return rules.tidy_name(name.replace("\\", "/").rpartition("/")[2])[:200] or "report.xml"
