"""Verbs of the access log: note, find, review every month, forget after two years."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import ColumnElement, and_, delete, exists, func, select
from sqlalchemy.orm import Session

from portal.accounts.models import LoginRecord, Person
from portal.core import audit
from portal.core.clock import SEOUL, now, today
from portal.core.db import Platform, db, write
from portal.core.errors import Refusal
from portal.core.gate import Caller
from portal.duties import rules
from portal.duties.models import AccessReview, Act, StaffAccess
from portal.tenants.models import ActingGrant, Membership, Tenant
from portal.work import service as work
from portal.work.models import WorkItem

ITEM = "access_review"
REVIEWERS = ("admin",)
PER_PAGE = 50
#: Argument of an address -> table, where the one is not called after the other.
TABLES = {"note": "credit_note", "paper": "tax_invoice", "case": "retention_case", "request": "change_request"}


@dataclass(frozen=True, slots=True)
class What:
    """What was done: where, to which row ("invoice:7", or nothing for a list), and why, as far as that had to be said."""

    act: Act
    endpoint: str
    subject: str = ""
    reason: str = ""


def note(who: Caller, address: str, what: What) -> None:
    """Write a line. A look that this device had at the same thing a moment ago is that line already."""
    if what.act == Act.LOOK and _looked_just_now(who, what):
        return
    with write() as session:
        line = StaffAccess(
            at=now(),
            person_id=who.person_id,
            device_id=who.device_id,
            address=address[:45],
            act=what.act,
            endpoint=what.endpoint,
            subject=what.subject,
            tenant_id=who.tenant_id if who.acting else _tenant_of(session, what.subject),
            grant_id=who.acting or None,
            reason=what.reason,
        )
        session.add(line)


def _looked_just_now(who: Caller, what: What) -> bool:
    same = (
        StaffAccess.at > now() - rules.SAME_LOOK,
        StaffAccess.device_id == who.device_id,
        StaffAccess.act == Act.LOOK,
        StaffAccess.endpoint == what.endpoint,
        StaffAccess.subject == what.subject,
        StaffAccess.grant_id == who.acting if who.acting else StaffAccess.grant_id.is_(None),
    )
    return bool(db.session.scalar(select(exists().where(*same))))


def _tenant_of(session: Session, subject: str) -> int | None:
    """Whose a row is, by its own table."""
    kind, _, number = subject.partition(":")
    if not number.isdigit():
        return None
    if kind == "tenant":
        return int(number)
    table = Platform.metadata.tables.get(TABLES.get(kind, kind))
    if table is None or "tenant_id" not in table.c or "id" not in table.c:
        return None
    return session.scalar(select(table.c.tenant_id).where(table.c.id == int(number)))


# ---- looking into the log ----


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines: of a month, of one member of staff, of one kind."""

    month: str
    person_id: int = 0
    act: str = ""

    def condition(self) -> ColumnElement[bool]:
        chosen = rules.span(self.month)
        if chosen is None:
            raise Refusal("어느 달인지 알 수 없습니다.", "2026-11처럼 적어 주십시오.", 422)
        parts = [StaffAccess.at >= chosen[0], StaffAccess.at < chosen[1]]
        if self.person_id:
            parts.append(StaffAccess.person_id == self.person_id)
        if self.act in set(Act):
            parts.append(StaffAccess.act == self.act)
        return and_(*parts)


def lines(wanted: Wanted, page: int) -> Pagination:
    """A page of the log, the newest first."""
    query = select(StaffAccess).where(wanted.condition()).order_by(StaffAccess.id.desc())
    return db.paginate(query, page=page, per_page=PER_PAGE, error_out=False)


def all_lines(wanted: Wanted) -> list[StaffAccess]:
    """Every line, in the order they were written: for a file."""
    return list(db.session.scalars(select(StaffAccess).where(wanted.condition()).order_by(StaffAccess.id)))


def people_in(month: str) -> dict[int, str]:
    """Who of the house is in a month's log, by name."""
    chosen = select(StaffAccess.person_id).where(Wanted(month).condition())
    query = select(Person.id, Person.name).where(Person.id.in_(chosen)).order_by(Person.name)
    return {row.id: row.name for row in db.session.execute(query)}


def names(rows: Iterable[StaffAccess]) -> tuple[dict[int, str], dict[int, str]]:
    """(people, companies) that lines speak of, by id."""
    found = list(rows)
    people = select(Person.id, Person.name).where(Person.id.in_({row.person_id for row in found}))
    companies = select(Tenant.id, Tenant.name).where(Tenant.id.in_({row.tenant_id for row in found if row.tenant_id}))
    return (
        {row.id: row.name for row in db.session.execute(people)},
        {row.id: row.name for row in db.session.execute(companies)},
    )


def seen_during(grant_ids: Iterable[int]) -> dict[int, list[StaffAccess]]:
    """What support did on each of these visits, in order."""
    found: dict[int, list[StaffAccess]] = {}
    query = select(StaffAccess).where(StaffAccess.grant_id.in_(list(grant_ids))).order_by(StaffAccess.id)
    for line in db.session.scalars(query):
        found.setdefault(line.grant_id or 0, []).append(line)
    return found


def reason_of_visit(grant_id: int) -> str:
    """Why support is in a company."""
    return db.session.scalar(select(ActingGrant.reason).where(ActingGrant.id == grant_id)) or ""


def logins_of_company(who: Caller, most: int, before: int = 0) -> list[tuple[LoginRecord, str]]:
    """How the members of the caller's company signed in since they are members, the newest first, with their names."""
    query = (
        select(LoginRecord, Person.name)
        .join(Person, Person.id == LoginRecord.person_id)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.tenant_id == who.tenant_id, LoginRecord.at >= Membership.created_at)
        .order_by(LoginRecord.id.desc())
    )
    if before:
        query = query.where(LoginRecord.id < before)
    return [(record, name) for record, name in db.session.execute(query.limit(most))]


# ---- the monthly review ----


@dataclass(frozen=True, slots=True)
class Figures:
    """What a month's log amounts to."""

    lines: int
    people: int
    downloads: int
    refused: int
    off_hours: int
    busiest: tuple[int, int]
    """(person, lines) of whoever has most; (0, 0) of an empty month."""


def figures(month: str) -> Figures:
    rows = db.session.execute(
        select(StaffAccess.at, StaffAccess.person_id, StaffAccess.act).where(Wanted(month).condition())
    ).all()
    acts, people = Counter(row.act for row in rows), Counter(row.person_id for row in rows)
    late = sum(rules.off_hours(row.at) for row in rows)
    most = people.most_common(1)[0] if people else (0, 0)
    return Figures(len(rows), len(people), acts[Act.DOWNLOAD], acts[Act.REFUSED], late, most)


def review_of(month: str) -> AccessReview | None:
    return db.session.scalar(select(AccessReview).where(AccessReview.month == month))


def open_due() -> None:
    """Ask for the review of the month that is over, once; for the schedule.

    A month without a line is looked into as well, but not one before the first line of all: the portal was not there.
    """
    month = rules.month_before(today())
    asked = select(exists().where(WorkItem.kind == ITEM, WorkItem.subject == month))
    begun = select(exists().where(StaffAccess.at < datetime.combine(today().replace(day=1), time(), SEOUL)))
    if review_of(month) is not None or db.session.scalar(asked) or not db.session.scalar(begun):
        return
    found = figures(month)
    due = datetime.combine(today().replace(day=rules.REVIEW_DAYS), time(18), SEOUL)
    with write() as session:
        work.open_item(
            session,
            kind=ITEM,
            subject=month,
            title=f"{month} 개인정보 접속기록 점검",
            body=f"기록 {found.lines:,}줄, 내려받기 {found.downloads:,}건, 근무 시간 밖 {found.off_hours:,}줄입니다.",
            url=f"/staff/access-log?month={month}",
            due_at=due,
            roles=REVIEWERS,
        )


def review(who: Caller, month: str, finding: str) -> AccessReview:
    """Somebody has gone through a month that is over. Done once; its work item closes."""
    chosen = rules.span(month)
    said = finding.strip()
    if chosen is None or chosen[1] > now():
        raise Refusal("아직 끝나지 않은 달입니다.", "달이 끝난 뒤 점검해 주십시오.", 422)
    if len(said) < rules.SHORTEST_REASON:
        raise Refusal("점검한 결과를 적어 주십시오.", "이상이 없었다면 무엇을 보고 그렇게 판단했는지 적습니다.", 422)
    found = figures(month)
    with write() as session:
        if session.scalar(select(exists().where(AccessReview.month == month))):
            raise Refusal("이미 점검한 달입니다.", "아래에서 그 결과를 보실 수 있습니다.")
        made = AccessReview(
            month=month,
            reviewed_by=who.person_id,
            reviewed_at=now(),
            lines=found.lines,
            downloads=found.downloads,
            finding=said[:2000],
        )
        session.add(made)
        work.close_item(session, kind=ITEM, subject=month, by=who.actor)
        audit.record(session, "access_log.review", actor=who.actor, subject=f"access_log:{month}", lines=found.lines)
        return made


def forget_old() -> int:
    """Let go of what is older than two years, here and in the login history; for the schedule. Returns how many rows."""
    limit = now() - rules.KEPT
    old = select(func.count()).select_from(StaffAccess).where(StaffAccess.at < limit)
    old_logins = select(func.count()).select_from(LoginRecord).where(LoginRecord.at < limit)
    if not (db.session.scalar(old) or db.session.scalar(old_logins)):
        return 0
    with write() as session:
        gone = [session.execute(delete(table).where(table.at < limit)) for table in (StaffAccess, LoginRecord)]
        return sum(int(getattr(result, "rowcount", 0)) for result in gone)


def first_month() -> str:
    """The month that has only begun, as the page opens."""
    return f"{today():%Y-%m}"


def months() -> list[str]:
    """This month and the eleven before it, newest first."""
    found, day = [], today()
    for _ in range(12):
        found.append(f"{day:%Y-%m}")
        day = day.replace(day=1) - timedelta(days=1)
    return found
