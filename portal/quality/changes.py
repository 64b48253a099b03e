"""Change requests: the customer files and talks, staff take, tie, mend or decline; mended and come back are told by mail.

A request tied to a release is mended when that is released; tied to a test item only, when that is resolved.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.core import audit, mail
from portal.core.clock import now
from portal.core.db import db, write
from portal.core.errors import NotFound, Refusal
from portal.core.gate import Caller
from portal.core.settings import settings
from portal.quality.change_models import REQUEST, WITH_STAFF, ChangeMessage, ChangeRequest, Release, RequestState
from portal.quality.models import Item
from portal.work import service as work
from portal.work.models import WorkItem, WorkState

KIND = "change_request"
ROLES = ("support", "developer")
#: One company files at most this many requests a day.
MOST_A_DAY = 50
R = RequestState


# ---- the customer


def file(who: Caller, form_key: str, title: str, body: str) -> ChangeRequest:
    """The caller's company asks for a change. The same form sent twice is one request."""
    same = select(ChangeRequest).where(ChangeRequest.form_key == form_key, ChangeRequest.tenant_id == who.tenant_id)
    try:
        with write() as session:
            request = session.scalar(same) or _file(session, who, form_key, title, body)
            request_id = request.id
    except IntegrityError:  # another process took in this very form at the same moment, or the key is another's
        found = db.session.scalar(same)
        if found is None:
            raise Refusal("이 화면은 이미 쓰였습니다.", "새 요청 화면에서 다시 적어 주십시오.", 422) from None
        return found
    return db.session.get_one(ChangeRequest, request_id)


def request_for(who: Caller, request_id: int) -> ChangeRequest:
    """The request, when it is of the caller's company; NotFound otherwise."""
    request = db.session.scalar(
        select(ChangeRequest).where(ChangeRequest.id == request_id, ChangeRequest.tenant_id == who.tenant_id)
    )
    if request is None:
        raise NotFound
    return request


def requests_of(who: Caller, limit: int = 200) -> list[ChangeRequest]:
    """The requests of the caller's company, newest first."""
    query = select(ChangeRequest).where(ChangeRequest.tenant_id == who.tenant_id)
    return list(db.session.scalars(query.order_by(ChangeRequest.id.desc()).limit(limit)))


def say(who: Caller, request_id: int, body: str) -> ChangeRequest:
    """The customer adds a word; staff are asked to look."""
    with write() as session:
        request = request_for(who, request_id)
        _add_message(session, request, who, body, staff=False)
        _ask_staff(session, request, f"{request.tenant.name} 수정요청에 새 말이 있습니다: {request.title}")
        return request


def withdraw(who: Caller, request_id: int) -> ChangeRequest:
    """The customer takes the request back."""
    with write() as session:
        request = request_for(who, request_id)
        REQUEST.move(session, request, "withdraw", by=who.actor, state_since=now())
        _done(session, request, who.actor)
        return request


def reopen(who: Caller, request_id: int, body: str) -> ChangeRequest:
    """Not mended after all, says the customer, and why."""
    with write() as session:
        request = request_for(who, request_id)
        REQUEST.move(session, request, "reopen", by=who.actor, state_since=now())
        _add_message(session, request, who, body, staff=False)
        _ask_staff(session, request, f"{request.tenant.name} 수정요청이 다시 열렸습니다: {request.title}")
        return request


# ---- staff


def request_with(request_id: int) -> ChangeRequest:
    """The request, for staff; NotFound when there is none."""
    request = db.session.get(ChangeRequest, request_id)
    if request is None:
        raise NotFound
    return request


def all_requests(show: str = "", limit: int = 200) -> list[ChangeRequest]:
    """Requests of all companies: those that wait for staff, or all in one state."""
    query = select(ChangeRequest).where(_shown(show)).order_by(ChangeRequest.created_at.desc()).limit(limit)
    return list(db.session.scalars(query))


def request_counts() -> dict[str, int]:
    """How many requests there are under each heading: "" is those that wait for staff."""
    query = select(ChangeRequest.state, func.count()).group_by(ChangeRequest.state)
    by_state: dict[str, int] = {str(state): count for state, count in db.session.execute(query)}
    return by_state | {"": sum(by_state.get(state, 0) for state in WITH_STAFF)}


def messages(request_id: int) -> list[ChangeMessage]:
    """What was said about a request, oldest first."""
    query = select(ChangeMessage).where(ChangeMessage.request_id == request_id).order_by(ChangeMessage.id)
    return list(db.session.scalars(query))


def tied_to(item_id: int) -> list[ChangeRequest]:
    """The requests that wait for a test item, newest first."""
    query = select(ChangeRequest).where(ChangeRequest.item_id == item_id).order_by(ChangeRequest.id.desc())
    return list(db.session.scalars(query.limit(50)))


def take(who: Caller, request_id: int) -> ChangeRequest:
    """The caller looks after the request from now on."""
    with write() as session:
        request = _locked(session, request_id)
        _take(session, request, who)
        return request


def _take(session: Session, request: ChangeRequest, who: Caller) -> None:
    if request.state == R.RECEIVED:
        REQUEST.move(session, request, "take", by=who.actor, state_since=now())
    request.assignee_id = who.person_id
    work.assign_to(session, KIND, subject(request), who.person_id)


def answer(who: Caller, request_id: int, body: str) -> ChangeRequest:
    """Staff say something; the customer gets it by mail. Who answers first looks after it."""
    with write() as session:
        request = _locked(session, request_id)
        if request.state == R.RECEIVED:
            _take(session, request, who)
        _add_message(session, request, who, body, staff=True)
        _tell(session, request, "request_answered", body=body)
        return request


def tie(who: Caller, request_id: int, item_id: int | None, release_id: int | None) -> ChangeRequest:
    """Tie the request to a test item, a release, both or none."""
    with write() as session:
        request = _locked(session, request_id)
        item = session.get(Item, item_id) if item_id else None
        release = session.get(Release, release_id) if release_id else None
        if (item_id and item is None) or (release_id and release is None):
            raise Refusal("묶을 것을 찾지 못했습니다.", "번호를 확인해 다시 골라 주십시오.", 422)
        request.item, request.release = item, release
        if request.state == R.RECEIVED and (item or release):
            REQUEST.move(session, request, "take", by=who.actor, state_since=now())
        audit.record(
            session,
            "change_request.tie",
            actor=who.actor,
            subject=subject(request),
            tenant_id=request.tenant_id,
            item=item_id,
            release=release_id,
        )
        return request


def mend(who: Caller, request_id: int) -> ChangeRequest:
    """Mended, says a member of staff."""
    with write() as session:
        request = _locked(session, request_id)
        _mend(session, request, who.actor)
        return request


def decline(who: Caller, request_id: int, reason: str) -> ChangeRequest:
    """It will not be done; the customer gets the reason by mail."""
    with write() as session:
        request = _locked(session, request_id)
        REQUEST.move(session, request, "decline", by=who.actor, state_since=now(), reason=reason)
        _done(session, request, who.actor)
        _tell(session, request, "request_declined", reason=reason)
        return request


# ---- releases


def releases() -> list[Release]:
    """All releases: those being made first, then the newest."""
    query = select(Release).order_by(Release.released_at.is_not(None), Release.released_at.desc(), Release.id.desc())
    return list(db.session.scalars(query.limit(100)))


def plan_release(who: Caller, name: str, notes: str) -> Release:
    """A release that is being made."""
    with write() as session:
        if session.scalar(select(Release.id).where(Release.name == name)):
            raise Refusal("같은 이름의 배포가 있습니다.", "다른 이름을 적어 주십시오.", 422)
        release = Release(name=name, notes=notes, created_at=now())
        session.add(release)
        session.flush()
        audit.record(session, "release.plan", actor=who.actor, subject=f"release:{release.id}")
        return release


def publish_release(who: Caller, release_id: int) -> tuple[Release, int]:
    """The release is out: everybody whose request it carries is told. Gives how many were."""
    with write() as session:
        release = session.get(Release, release_id)
        if release is None:
            raise NotFound
        first = update(Release).where(Release.id == release_id, Release.released_at.is_(None)).values(released_at=now())
        if getattr(session.execute(first), "rowcount", 0) != 1:
            raise Refusal("이미 배포한 것입니다.", "새 배포를 만들어 주십시오.")
        session.refresh(release)
        carried = list(session.scalars(select(ChangeRequest).where(ChangeRequest.release_id == release_id)))
        told = [request for request in carried if REQUEST.allows(request.state, "mend")]
        for request in told:
            _mend(session, request, who.actor)
        audit.record(session, "release.publish", actor=who.actor, subject=f"release:{release.id}", told=len(told))
        return release, len(told)


def carried_by(release_ids: list[int]) -> dict[int, int]:
    """How many requests each release carries."""
    query = (
        select(ChangeRequest.release_id, func.count())
        .where(ChangeRequest.release_id.in_(release_ids))
        .group_by(ChangeRequest.release_id)
    )
    return {int(release_id or 0): count for release_id, count in db.session.execute(query)}


# ---- what test items tell


def item_was_mended(session: Session, item: Item) -> None:
    """The item is resolved: requests that wait for nothing else are mended, and their customers told."""
    for request in _tied(session, item):
        waits = request.release is not None and request.release.released_at is None
        if not waits and REQUEST.allows(request.state, "mend"):
            _mend(session, request, f"test_item:{item.id}")


def item_came_back(session: Session, item: Item) -> None:
    """The item failed again: customers who were told that it is mended are told so, and staff asked once more."""
    for request in _tied(session, item):
        if REQUEST.allows(request.state, "recur"):
            REQUEST.move(session, request, "recur", by=f"test_item:{item.id}", state_since=now())
            _ask_staff(session, request, f"재발: {request.tenant.name} 수정요청 {request.title}")
            _tell(session, request, "request_recurred")


def follow_inbox(work_item_id: int) -> None:
    """Whoever took the line in the inbox looks after the request; a line that is done is left to the request's own page."""
    with write() as session:
        line = session.get(WorkItem, work_item_id)
        if line is None or line.kind != KIND:
            return
        request = _locked(session, int(line.subject.rpartition(":")[2]))
        if line.assignee_id is not None:
            request.assignee_id = line.assignee_id
            if request.state == R.RECEIVED:
                REQUEST.move(session, request, "take", by=f"person:{line.assignee_id}", state_since=now())
        if line.state == WorkState.DONE and line.closed_by and REQUEST.allows(request.state, "mend"):
            _ask_staff(session, request, f"고침이나 하지 않음을 골라 주십시오: {request.title}")


def subject(request: ChangeRequest) -> str:
    """The name of the request's line in the inbox."""
    return f"change_request:{request.id}"


def _file(session: Session, who: Caller, form_key: str, title: str, body: str) -> ChangeRequest:
    lately = (ChangeRequest.tenant_id == who.tenant_id) & (ChangeRequest.created_at >= now() - timedelta(days=1))
    if (session.scalar(select(func.count()).select_from(ChangeRequest).where(lately)) or 0) >= MOST_A_DAY:
        raise Refusal("하루에 너무 많은 요청을 보내셨습니다.", "내일 다시 보내시거나 있는 요청에 덧붙여 주십시오.", 429)
    request = ChangeRequest(
        form_key=form_key,
        tenant_id=who.tenant_id,
        person_id=who.person_id,
        title=title,
        body=body,
        state=R.RECEIVED,
        state_since=now(),
        created_at=now(),
    )
    session.add(request)
    session.flush()
    audit.record(session, "change_request.file", actor=who.actor, subject=subject(request), tenant_id=who.tenant_id)
    _ask_staff(session, request, f"{request.tenant.name} 수정요청: {title}")
    return request


def _ask_staff(session: Session, request: ChangeRequest, title: str) -> None:
    work.open_item(
        session,
        kind=KIND,
        subject=subject(request),
        title=title,
        url=f"/staff/quality/requests/{request.id}",
        body=request.body[:200],
        tenant_id=request.tenant_id,
        roles=ROLES,
    )
    if request.assignee_id is not None:
        work.assign_to(session, KIND, subject(request), request.assignee_id)


def _mend(session: Session, request: ChangeRequest, by: str) -> None:
    REQUEST.move(session, request, "mend", by=by, state_since=now())
    _done(session, request, by)
    _tell(session, request, "request_mended")


def _done(session: Session, request: ChangeRequest, by: str) -> None:
    work.close_item(session, kind=KIND, subject=subject(request), by=by)


def _tell(session: Session, request: ChangeRequest, template: str, **values: str) -> None:
    url = f"{settings().public_url}/requests/{request.id}"
    mail.post(session, request.person.email, template, request=request, request_url=url, **values)


def _add_message(session: Session, request: ChangeRequest, who: Caller, body: str, *, staff: bool) -> None:
    session.add(ChangeMessage(request_id=request.id, person_id=who.person_id, staff=staff, body=body, at=now()))


def _tied(session: Session, item: Item) -> list[ChangeRequest]:
    return list(session.scalars(select(ChangeRequest).where(ChangeRequest.item_id == item.id)))


def _shown(show: str) -> ColumnElement[bool]:
    if show in list(RequestState):
        return ChangeRequest.state == RequestState(show)
    return ChangeRequest.state.in_(WITH_STAFF)


def _locked(session: Session, request_id: int) -> ChangeRequest:
    request = session.get(ChangeRequest, request_id, with_for_update=True, populate_existing=True)
    if request is None:
        raise NotFound
    return request
