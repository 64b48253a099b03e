"""Everything that ever happened to a company, as one stream: where support starts looking. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy import or_, select

from portal.accounts import service as accounts
from portal.accounts.models import Person
from portal.core import audit
from portal.core.audit import AuditEntry
from portal.core.db import db
from portal.core.states import Tone
from portal.tenants.models import Membership, StepState, Tenant
from portal.tenants.provisioning import STAGE, steps_of
from portal.trials.models import Application, ApplicationMessage
from portal.visits import service as visits

#: Filter of the stream -> its name.
KINDS: dict[str, str] = {
    "visit": "방문",
    "decision": "신청·결정",
    "opening": "환경",
    "company": "회사",
    "people": "사람",
    "drawing": "도면",
    "sign_in": "로그인",
}
MOST = 400

#: Action of the audit -> (kind, words, icon, tone).
WORDS: dict[str, tuple[str, str, str, Tone]] = {
    "application.submit": ("decision", "무료체험을 신청했습니다", "application", "blue"),
    "application.confirm": ("decision", "메일 주소를 확인했습니다", "mail", "green"),
    "application.assign": ("decision", "검토를 맡았습니다", "user", "grey"),
    "application.release": ("decision", "검토를 내려놓았습니다", "undo", "grey"),
    "application.ask": ("decision", "보완을 요청했습니다", "mail", "amber"),
    "application.unask": ("decision", "보완 요청을 거두었습니다", "undo", "grey"),
    "application.answer": ("decision", "보완 요청에 답했습니다", "mail", "blue"),
    "application.approve": ("decision", "신청을 승인했습니다", "check", "green"),
    "application.reject": ("decision", "신청을 반려했습니다", "close", "red"),
    "application.withdraw": ("decision", "신청을 취소했습니다", "close", "grey"),
    "application.expire": ("decision", "답이 없어 신청이 끝났습니다", "clock", "grey"),
    "tenant.open_trial": ("opening", "환경을 만들기로 했습니다", "database", "grey"),
    "tenant.begin": ("opening", "환경을 만들기 시작했습니다", "database", "grey"),
    "tenant.fail": ("opening", "환경을 만들다가 멈췄습니다", "warn", "red"),
    "tenant.retry": ("opening", "환경 만들기를 다시 시켰습니다", "retry", "amber"),
    "tenant.open": ("company", "체험을 시작했습니다", "check", "green"),
    "tenant.activate": ("company", "유료로 전환했습니다", "check", "green"),
    "tenant.suspend": ("company", "이용을 제한했습니다", "lock", "red"),
    "tenant.resume": ("company", "이용 제한을 풀었습니다", "check", "green"),
    "tenant.resume_trial": ("company", "이용 제한을 풀었습니다", "check", "green"),
    "tenant.end": ("company", "이용을 끝냈습니다", "stop", "grey"),
    "tenant.set_mode": ("company", "쓰기 방식을 바꾸었습니다", "settings", "amber"),
    "tenant.rename": ("company", "회사 이름을 바꾸었습니다", "settings", "grey"),
    "membership.invite": ("people", "구성원을 초대했습니다", "members", "blue"),
    "membership.invite_again": ("people", "초대 메일을 다시 보냈습니다", "mail", "grey"),
    "membership.change_role": ("people", "역할을 바꾸었습니다", "members", "grey"),
    "membership.remove": ("people", "구성원을 내보냈습니다", "members", "amber"),
    "membership.restore": ("people", "구성원을 되돌렸습니다", "undo", "grey"),
    "drawing.received": ("drawing", "도면을 올렸습니다", "upload", "blue"),
    "drawing.deleted": ("drawing", "도면을 휴지통에 넣었습니다", "trash", "amber"),
}
MODES = {"open": "열림", "read_only": "보기만", "closed": "닫힘"}
ACTORS = {
    "process": "도면실",
    "schedule": "도면실",
    "worker": "도면실",
    "house": "도면실",
    "provisioning": "도면실",
    "applicant": "신청자",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the stream, as `p.timeline` shows it."""

    at: datetime
    kind: str
    text: str
    icon: str
    tone: Tone
    who: str = ""
    detail: str = ""
    url: str = ""


def of_company(tenant: Tenant) -> list[Event]:
    """All that is known of a company, newest first; at most MOST lines."""
    application = db.session.get(Application, tenant.application_id) if tenant.application_id else None
    people = {person.id: person for person in people_of(tenant)}
    events = [*_acts(tenant, application), *_opening(tenant), *_sign_ins(people)]
    if application is not None:
        events += [*_journey(application), *_talk(application)]
    return sorted(events, key=lambda event: event.at, reverse=True)[:MOST]


def people_of(tenant: Tenant) -> list[Person]:
    """The people of a company, by name."""
    query = select(Person).join(Membership, Membership.person_id == Person.id).where(Membership.tenant_id == tenant.id)
    return list(db.session.scalars(query.order_by(Person.name, Person.id)))


def _acts(tenant: Tenant, application: Application | None) -> list[Event]:
    mine = [AuditEntry.tenant_id == tenant.id, AuditEntry.subject == f"tenant:{tenant.id}"]
    if application is not None:
        mine.append(AuditEntry.subject == f"application:{application.id}")
    known = AuditEntry.action.in_(WORDS)
    entries = list(
        db.session.scalars(select(AuditEntry).where(or_(*mine), known).order_by(AuditEntry.id.desc()).limit(MOST))
    )
    names, personal = _names(entries), audit.personal_of(db.session(), [entry.id for entry in entries])
    events = []
    for entry in entries:
        kind, words, icon, tone = WORDS[entry.action]
        who = names.get(entry.actor) or ACTORS.get(entry.actor, "")
        url = (
            url_for("trials_staff.application", application_id=application.id)
            if kind == "decision" and application
            else ""
        )
        events.append(Event(entry.at, kind, words, icon, tone, who, _detail(entry, names, personal), url))
    return events


def _detail(entry: AuditEntry, names: dict[str, str], personal: dict[int, dict[str, Any]]) -> str:
    said = entry.details | personal.get(entry.id, {})
    if entry.action == "tenant.set_mode":
        mode = MODES.get(str(said.get("after")), "")
        return " · ".join(part for part in (mode, str(said.get("reason") or "")) if part)
    if entry.action == "tenant.rename":
        return f"{said.get('before')} → {said.get('after')}"
    return names.get(entry.subject, "") if entry.action.startswith("membership.") else ""


def _names(entries: Iterable[AuditEntry]) -> dict[str, str]:
    """Names by "person:7", for everybody who acts or is acted on."""
    words = {word for entry in entries for word in (entry.actor, entry.subject)}
    ids = [int(word[7:]) for word in words if word.startswith("person:") and word[7:].isdigit()]
    if not ids:
        return {}
    return {
        f"person:{person.id}": person.name for person in db.session.scalars(select(Person).where(Person.id.in_(ids)))
    }


def _opening(tenant: Tenant) -> list[Event]:
    events = []
    for row in steps_of(tenant.id):
        if row.state == StepState.DONE and row.finished_at and row.started_at:
            seconds = (row.finished_at - row.started_at).total_seconds()
            detail = f"{seconds:.1f}초" + (f" · {row.attempts}번 시도함" if row.attempts > 1 else "")
            events.append(
                Event(
                    row.finished_at,
                    "opening",
                    f"{STAGE[row.name].words}: 끝났습니다",
                    "database",
                    "grey",
                    "도면실",
                    detail,
                )
            )
    return events


def _sign_ins(people: dict[int, Person]) -> list[Event]:
    if not people:
        return []
    events = []
    for record in accounts.logins(people, limit=100):
        look, who = record.look, people[record.person_id].name if record.person_id in people else ""
        tone: Tone = "grey" if look.tone == "green" else look.tone
        events.append(
            Event(record.at, "sign_in", look.word, "sign-in", tone, who, f"{record.label} · {record.network}")
        )
    return events


def _journey(application: Application) -> list[Event]:
    if not application.journey_key:
        return []
    return [
        Event(step.at, "visit", f"둘러봄: {step.label}", "visit", "grey", "방문자", step.source)
        for step in visits.journey(application.journey_key)
    ]


def _talk(application: Application) -> list[Event]:
    query = select(ApplicationMessage).where(ApplicationMessage.application_id == application.id)
    rows = list(db.session.scalars(query))
    return [
        Event(
            row.at,
            "decision",
            "물은 말" if row.person_id else "답한 말",
            "mail",
            "grey",
            "" if row.person_id else application.applicant,
            row.body,
        )
        for row in rows
    ]
