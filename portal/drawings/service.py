"""Verbs on drawings and folders, and the loaders through which every row of them is reached.

A loader takes the caller and looks in the caller's own company database only, so a foreign id and an absent one are the
same: ids are equal integers in every company.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, TypeVar

from sqlalchemy import func, select, union_all, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session, joinedload

from portal.core import audit
from portal.core.clock import now, today
from portal.core.db import write
from portal.core.errors import Forbidden, NotFound, Refusal
from portal.core.gate import Caller
from portal.core.ids import LARGEST_ID
from portal.core.outbox import publish
from portal.drawings import rules
from portal.drawings.models import (
    Activity,
    Drawing,
    DrawingState,
    Folder,
    ReferenceFile,
    Render,
    Revision,
    Sheet,
    drawing_machine,
)
from portal.metering import service as metering
from portal.tenants import service as tenants

log = logging.getLogger("planroom.drawings")

Row = TypeVar("Row", Drawing, Folder)


def store_for(who: Caller, *, change: bool = False) -> Session:
    """The session on the caller's own company database. Forbidden without a role that sees (or changes) drawings.

    To change, a person also needs a seat where the company's agreement counts them; a free one becomes theirs here.
    """
    if who.role not in (rules.CHANGES if change else rules.LOOKS):
        raise Forbidden
    if change and not metering.may_change(who.tenant_id, who.person_id):
        raise Forbidden(
            "도면을 고치려면 이용권이 필요한데, 남은 것이 없습니다.", "회사 관리자에게 이용권을 요청해 주십시오."
        )
    return tenants.session_for(who)


def drawing_for(who: Caller, drawing_id: int) -> Drawing:
    """The caller's drawing; NotFound when it is foreign, absent or in the bin."""
    drawing = _get(store_for(who), Drawing, drawing_id)
    if drawing.deleted_at is not None:
        raise NotFound
    return drawing


def folder_for(who: Caller, folder_id: int) -> Folder:
    """The caller's folder; NotFound when it is foreign or absent."""
    return _get(store_for(who), Folder, folder_id)


def revision_for(who: Caller, revision_id: int) -> Revision:
    """The caller's revision with its drawing and render; NotFound when foreign, absent, or of a drawing in the bin."""
    query = select(Revision).options(joinedload(Revision.drawing), joinedload(Revision.render))
    revision = store_for(who).scalar(query.where(Revision.id == _id(revision_id)))
    if revision is None or revision.drawing.deleted_at is not None:
        raise NotFound
    return revision


def sheet_for(who: Caller, revision_id: int, position: int) -> tuple[Revision, Sheet]:
    """The caller's revision and its n-th sheet, from 1; NotFound when there is none."""
    revision = revision_for(who, revision_id)
    query = select(Sheet).where(Sheet.render_id == revision.render_id, Sheet.position == position)
    sheet = store_for(who).scalar(query) if revision.render_id is not None and 0 < position <= LARGEST_ID else None
    if sheet is None:
        raise NotFound
    return revision, sheet


def revisions_of(who: Caller, drawing: Drawing) -> list[Revision]:
    """All revisions of a drawing, the newest first."""
    query = select(Revision).options(joinedload(Revision.render)).where(Revision.drawing_id == drawing.id)
    return list(store_for(who).scalars(query.order_by(Revision.position.desc())))


def newest_of(who: Caller, drawing: Drawing) -> Revision:
    """The newest revision of a drawing."""
    return revision_for(who, drawing.newest_id or 0)


def sheets_of(who: Caller, render: Render | None) -> list[Sheet]:
    """The sheets of a render in order; none while there is no picture."""
    if render is None:
        return []
    return list(store_for(who).scalars(select(Sheet).where(Sheet.render_id == render.id).order_by(Sheet.position)))


def activities_of(who: Caller, drawing: Drawing, most: int = 50) -> list[Activity]:
    """What happened to a drawing, the newest first."""
    query = select(Activity).where(Activity.drawing_id == drawing.id).order_by(Activity.id.desc())
    return list(store_for(who).scalars(query.limit(most)))


def new_folder(who: Caller, name: str, parent_id: int | None = None) -> Folder:
    """Make a folder. Refusal when its parent has one of that name already."""
    with write(store_for(who, change=True)) as session:
        if parent_id is not None:
            folder_for(who, parent_id)
        folder = Folder(parent_id=parent_id, name=_folder_name(name), key=rules.folder_key(name), created_at=now())
        session.add(folder)
        _only_one_of_the_name(session, folder)
        note(session, who, "folder_made", folder=folder.id, name=folder.name)
    return folder


def rename_folder(who: Caller, folder_id: int, name: str) -> Folder:
    """Give a folder another name."""
    with write(store_for(who, change=True)) as session:
        folder = folder_for(who, folder_id)
        before = folder.name
        folder.name, folder.key = _folder_name(name), rules.folder_key(name)
        _only_one_of_the_name(session, folder)
        note(session, who, "folder_renamed", folder=folder.id, name=folder.name, before=before)
    return folder


def remove_folder(who: Caller, folder_id: int) -> int | None:
    """Remove an empty folder. Returns its parent's id; Refusal when drawings or folders are in it."""
    with write(store_for(who, change=True)) as session:
        folder = folder_for(who, folder_id)
        live = (
            select(func.count())
            .select_from(Drawing)
            .where(Drawing.folder_id == folder.id, Drawing.deleted_at.is_(None))
        )
        folders = select(func.count()).select_from(Folder).where(Folder.parent_id == folder.id)
        if session.scalar(live) or session.scalar(folders):
            raise Refusal(f"'{folder.name}' 폴더가 비어 있지 않습니다.", "안에 있는 도면과 폴더를 먼저 옮겨 주십시오.")
        parent_id = folder.parent_id
        for table in (Drawing, ReferenceFile):  # those in the bin, and pictures
            session.execute(update(table).where(table.folder_id == folder.id).values(folder_id=parent_id))
        note(session, who, "folder_removed", folder=folder.id, name=folder.name)
        session.delete(folder)
    return parent_id


def rename(who: Caller, drawing_id: int, number: str, title: str) -> Drawing:
    """Give a drawing another number and title; one of the two may be empty. Its files keep their names."""
    number, title = " ".join(number.split()), " ".join(title.split())
    if not (number or title):
        raise Refusal("도면번호와 도면명이 모두 비어 있습니다.", "둘 가운데 하나는 적어 주십시오.", 422)
    with write(store_for(who, change=True)) as session:
        drawing = drawing_for(who, drawing_id)
        before = drawing.label
        drawing.number, drawing.title, drawing.changed_at = number, title, now()
        if drawing.label != before:
            note(session, who, "renamed", drawing, before=before, after=drawing.label)
    return drawing


def move(who: Caller, drawing_ids: Iterable[int], folder_id: int | None) -> int:
    """Put drawings into a folder (None: into none). Returns how many changed their place."""
    with write(store_for(who, change=True)) as session:
        folder = folder_for(who, folder_id) if folder_id is not None else None
        moved = 0
        for drawing in _all_for(who, drawing_ids):
            if drawing.folder_id != folder_id:
                drawing.folder_id = folder_id
                publish(session, "drawing.changed", who.tenant_id, drawing.id)
                note(session, who, "moved", drawing, folder=folder.name if folder else "")
                moved += 1
    return moved


def delete(who: Caller, drawing_ids: Iterable[int]) -> list[Drawing]:
    """Put drawings into the bin, from which `restore` brings them back."""
    with write(store_for(who, change=True)) as session:
        drawings = _all_for(who, drawing_ids)
        for drawing in drawings:
            drawing.deleted_at, drawing.deleted_by = now(), who.person_id
            publish(session, "drawing.changed", who.tenant_id, drawing.id)
            note(session, who, "deleted", drawing)
    record(who, "drawing.deleted", drawings)
    return drawings


def restore(who: Caller, drawing_ids: Iterable[int]) -> list[Drawing]:
    """Bring drawings back from the bin. One that is not there (any more) is no error: undo may be pressed twice."""
    wanted = {_id(drawing_id) for drawing_id in drawing_ids}
    with write(store_for(who, change=True)) as session:
        query = select(Drawing).where(Drawing.id.in_(wanted))
        drawings = list(session.scalars(query))
        if len(drawings) != len(wanted):
            raise NotFound
        back = [drawing for drawing in drawings if drawing.deleted_at is not None]
        for drawing in back:
            drawing.deleted_at = drawing.deleted_by = None
            publish(session, "drawing.changed", who.tenant_id, drawing.id)
            note(session, who, "restored", drawing)
    record(who, "drawing.restored", back)
    return back


def advance(who: Caller, drawing_id: int, verb: str) -> Drawing:
    """Take a drawing's standing along a verb: submit, approve, release, return. Refusal where the table has no such step."""
    with write(store_for(who, change=True)) as session:
        drawing = drawing_for(who, drawing_id)
        before = drawing.state
        drawing_machine.move(session, drawing, verb, by=who.actor, changed_at=now())
        note(session, who, "state", drawing, before=before, after=drawing.state)
    record(who, f"drawing.{verb}", [drawing])
    return drawing


def steps_for(drawing: Drawing) -> list[str]:
    """The verbs that the table allows from where the drawing stands."""
    return [verb for verb in ("submit", "approve", "release", "return") if drawing_machine.allows(drawing.state, verb)]


def note(
    session: Session,
    who: Caller,
    verb: str,
    drawing: Drawing | None = None,
    revision: Revision | None = None,
    **details: Any,  # noqa: ANN401 - whatever JSON can hold
) -> None:
    """Write a line of the company's own story, inside the write that it tells of."""
    session.add(
        Activity(
            at=now(),
            person_id=who.person_id,
            person_name=who.person_name,
            verb=verb,
            drawing_id=drawing.id if drawing else None,
            revision_id=revision.id if revision else None,
            details=details,
        )
    )


def record(who: Caller, action: str, drawings: Iterable[Drawing], **details: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    """Append to the platform's audit, ids only: one entry for each drawing. It is another database, so a write of its own."""
    with write() as session:
        for drawing in drawings:
            audit.record(
                session, action, actor=who.actor, subject=f"drawing:{drawing.id}", tenant_id=who.tenant_id, **details
            )


def note_view(who: Caller, revision: Revision) -> None:
    """Count that somebody looks at a drawing: once for each person, revision and Seoul day, however often they look.

    A page that only reads stays fast: one look by a primary key, and one insert on the first time. A company that may
    only look is not counted, and a full disk hinders nobody from looking.
    """
    if who.read_only:
        return
    once = metering.once_id("view", who.tenant_id, who.person_id, revision.id, today())
    session = store_for(who)
    if metering.noted(session, once):
        return
    try:
        with write(session) as writing:
            metering.note_usage(writing, who.tenant_id, "drawing_views", key=who.actor, once=once)
    except OperationalError:
        log.warning("a view in company %s could not be noted", who.tenant_id, exc_info=True)


def stored(session: Session) -> int:
    """How many bytes the company's files take: each content once, those in the bin too."""
    files = union_all(
        select(Revision.sha256, Revision.bytes), select(ReferenceFile.sha256, ReferenceFile.bytes)
    ).subquery()
    each = select(func.max(files.c.bytes).label("bytes")).group_by(files.c.sha256).subquery()
    return int(session.scalar(select(func.coalesce(func.sum(each.c.bytes), 0))) or 0)


def begin_again(drawing: Drawing, revision: Revision) -> None:
    """A drawing got a new newest revision: its standing starts again."""
    drawing.newest_id, drawing.state, drawing.changed_at = revision.id, DrawingState.DRAFT, now()


def _get(session: Session, table: type[Row], row_id: int) -> Row:
    row = session.get(table, _id(row_id))
    if row is None:
        raise NotFound
    return row


def _id(number: int) -> int:
    if not 0 < number <= LARGEST_ID:
        raise NotFound
    return number


def _all_for(who: Caller, drawing_ids: Iterable[int]) -> list[Drawing]:
    """Every drawing named; NotFound when one of them is not the caller's, so that nothing is done by half."""
    return [drawing_for(who, drawing_id) for drawing_id in sorted(set(drawing_ids))]


def _folder_name(name: str) -> str:
    name = " ".join(name.split())[:120]
    if not name:
        raise Refusal("폴더 이름이 비어 있습니다.", "이름을 적어 주십시오.", 422)
    return name


def _only_one_of_the_name(session: Session, folder: Folder) -> None:
    """The database decides, because two people may make the same folder at once."""
    name = folder.name
    try:
        session.flush()
    except IntegrityError as error:
        raise Refusal(f"'{name}' 폴더가 이미 있습니다.", "다른 이름으로 적어 주십시오.", 422) from error
