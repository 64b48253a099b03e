"""How files come in: each file of a form is one transaction with a line of its own, so one bad file never loses another.

The bytes are put into the blob store first, then the rows that name them are written; a file that could not be kept whole
is listed nowhere.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO

from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, joinedload

from portal.core.blobs import Blob, NoSpace, TooLarge, Unreachable, blobs, no_room
from portal.core.clock import now
from portal.core.db import write
from portal.core.errors import Refusal
from portal.core.gate import Caller
from portal.core.ids import token
from portal.core.korea import particle
from portal.core.outbox import publish
from portal.drawings import reference_files, renders, rules
from portal.drawings.models import Drawing, DrawingState, ReferenceFile, Revision, RevisionState, Upload, UploadOutcome
from portal.drawings.service import begin_again, drawing_for, folder_for, note, record, store_for, stored
from portal.metering import service as metering
from portal.rendering.reasons import sentence
from portal.rendering.sniff import kind_of
from portal.tenants import service as tenants

log = logging.getLogger("planroom.drawings")

LARGEST_FILE = 400 * 1024 * 1024
#: Several may come in one form.
LARGEST_UPLOAD = 1024 * 1024 * 1024
#: What the databases on the same disk need to go on when files have filled it.
RESERVE = 16 * 1024 * 1024
#: How long the list goes on showing what became of the files just sent.
SHOWN = timedelta(minutes=10)
#: Enough of a file to say what it is.
HEAD = 8192
PICTURE_TAKEN = "도면에 들어가는 그림으로 받았습니다."
PICTURE_SHOWN = "이 이름의 그림을 쓰는 도면을 다시 그립니다."
STYLES_TAKEN = "플롯 스타일로 받았습니다."
STYLES_SHOWN = "이 이름의 플롯 스타일을 쓰는 도면에서 찾을 수 있습니다."
#: Any constant: under this lock PostgreSQL takes files of one company in one after the other, as SQLite does anyway.
INTAKE_LOCK = 7_304_482


@dataclass(frozen=True, slots=True)
class Sent:
    """One file of a form: the name as it was sent, and its bytes as a stream that can be wound back."""

    file_name: str
    stream: BinaryIO


@dataclass(frozen=True, slots=True)
class Place:
    """Where files should go: a folder, a drawing whose next revision they are, or always as new drawings."""

    folder_id: int | None = None
    drawing_id: int | None = None
    always_new: bool = False


def receive(who: Caller, files: Iterable[Sent], place: Place, batch: str = "") -> list[Upload]:
    """Take files in. Returns one line for each: new, revised, already known, or refused with a sentence and a status.

    `batch` is a token of the page, for files that come one by one but belong together.
    """
    store_for(who, change=True)
    if place.drawing_id is not None:
        drawing_for(who, place.drawing_id)
    elif place.folder_id is not None:
        folder_for(who, place.folder_id)
    batch = batch if len(batch) == len(token()) else token()
    lines = []
    for sent in files:
        lines.append(line := _receive_one(who, batch, sent, place))
        if line.outcome in {UploadOutcome.NEW, UploadOutcome.REVISED} and (revision := line.revision) is not None:
            record(
                who,
                "drawing.received",
                [revision.drawing],
                revision=revision.id,
                sha256=revision.sha256,
                bytes=revision.bytes,
            )
    return lines


def lines_of(who: Caller, batch: str) -> list[Upload]:
    """What became of the files of one form, for the one who sent them."""
    if not batch:
        return []
    query = select(Upload).where(Upload.batch == batch, Upload.person_id == who.person_id, Upload.at > now() - SHOWN)
    query = query.options(joinedload(Upload.revision).joinedload(Revision.drawing))
    return list(store_for(who).scalars(query.order_by(Upload.id)))


def _receive_one(who: Caller, batch: str, sent: Sent, place: Place) -> Upload:
    name = rules.clean_name(sent.file_name)
    try:
        beside = rules.kinds_beside(name) if place.drawing_id is None else frozenset()
        kind, blob = _keep(who, sent.stream, beside)
        if kind in beside:
            return _list_beside(who, batch, name, place, kind, blob)
        return _list(who, batch, name, place, kind, blob)
    except Refusal as refusal:
        return _refuse(who, batch, name, refusal)
    except TooLarge as error:
        limit = f"{error.limit // (1024 * 1024):,} MB"
        return _refuse(
            who,
            batch,
            name,
            Refusal(f"파일이 {limit}보다 큽니다.", "도면을 나누거나 정리(PURGE)해 다시 올려 주십시오.", 413),
        )
    except (NoSpace, OperationalError, OSError) as error:
        if not disk_full(error):
            raise
        log.warning("no space for an upload of company %s", who.tenant_id)
        return _refuse(who, batch, name, no_space())
    except Unreachable:
        log.exception("the blob store does not answer")
        return _refuse(
            who, batch, name, Refusal("저장소가 잠시 응답하지 않습니다.", "잠시 뒤 이 파일만 다시 올려 주십시오.", 503)
        )


def no_space() -> Refusal:
    """What a person reads when the disk is full."""
    return Refusal(
        "저장할 자리가 모자라 받지 못했습니다.", "관리자에게 알려 주시고, 자리가 생기면 다시 올려 주십시오.", 507
    )


def disk_full(error: Exception) -> bool:
    """Whether an error of the disk or a database means that there is no room left."""
    if isinstance(error, OperationalError):
        return "disk is full" in str(error.orig) or getattr(error.orig, "sqlstate", "") == "53100"
    return no_room(error)


def _keep(who: Caller, stream: BinaryIO, beside: frozenset[str]) -> tuple[str, Blob]:
    """The kind of the file by its content, and its blob. Refusal for what is no drawing and none of the kinds `beside` them."""
    kind = kind_of(stream.read(HEAD))
    if kind == "empty":
        raise Refusal(*_two(sentence("empty-file")), 422)
    if kind not in rules.DRAWING_KINDS and kind not in beside:
        raise Refusal(*_two(sentence("not-a-drawing", kind=rules.OTHER_WORDS.get(kind, kind))), 415)
    size = stream.seek(0, 2)
    stream.seek(0)
    store = store_for(who, change=True)
    metering.check_room(who.tenant_id, metering.STORED, stored(store), size)
    free = blobs().free_space
    if free is not None and free < size + RESERVE:
        raise NoSpace
    return kind, blobs().put(tenants.company_key(who), stream, limit=LARGEST_FILE)


def _list(who: Caller, batch: str, name: str, place: Place, kind: str, blob: Blob) -> Upload:  # noqa: PLR0913 - what a file is
    """Write the rows of one kept file, and the nudge to draw it."""
    with write(store_for(who, change=True)) as session:
        lock(session)
        target = _target(session, who, name, place)
        known = _known(session, blob.sha256, target)
        if known is not None:
            line = _line(
                who,
                batch,
                name,
                UploadOutcome.KNOWN,
                "같은 내용의 개정이 이미 있습니다.",
                "다시 등록하지 않았습니다. 필요하시면 새 도면으로도 등록하실 수 있습니다.",
            )
            line.revision_id = known.id
        elif target is not None:
            revision = add(session, who, target, name, kind, blob)
            line = _line(who, batch, name, UploadOutcome.REVISED, revised_sentence(target, revision), "")
            line.revision_id = revision.id
        else:
            revision = add(session, who, new_drawing(session, name, place.folder_id), name, kind, blob)
            line = _line(who, batch, name, UploadOutcome.NEW, "새 도면으로 등록했습니다.", "")
            line.revision_id = revision.id
        session.add(line)
    return line


def _list_beside(who: Caller, batch: str, name: str, place: Place, kind: str, blob: Blob) -> Upload:  # noqa: PLR0913 - what a file is
    """Write the rows of one kept picture or file of plot styles, for the drawings that name it."""
    with write(store_for(who, change=True)) as session:
        lock(session)
        if not held(session, blob.sha256):
            metering.note_usage(session, who.tenant_id, metering.STORED, blob.size, key=who.actor)
        reference_files.take(session, who, name, place.folder_id, kind, blob)
        said = (PICTURE_TAKEN, PICTURE_SHOWN) if kind in rules.PICTURE_KINDS else (STYLES_TAKEN, STYLES_SHOWN)
        line = _line(who, batch, name, UploadOutcome.NEW, *said)
        session.add(line)
    return line


def _refuse(who: Caller, batch: str, name: str, refusal: Refusal) -> Upload:
    line = _line(who, batch, name, UploadOutcome.REFUSED, refusal.message, refusal.next_step)
    line.status = refusal.status
    try:
        with write(store_for(who, change=True)) as session:
            session.add(line)
    except OperationalError as error:
        if disk_full(error):
            raise no_space() from error
        raise
    return line


def _line(who: Caller, batch: str, name: str, outcome: UploadOutcome, message: str, next_step: str) -> Upload:  # noqa: PLR0913
    return Upload(
        batch=batch,
        at=now(),
        person_id=who.person_id,
        file_name=name,
        outcome=outcome,
        message=message,
        next_step=next_step,
        status=201,
        revision_id=None,
    )


def _target(session: Session, who: Caller, name: str, place: Place) -> Drawing | None:
    """The drawing whose next revision a file is: the named one, or by default the one of its name in the folder."""
    if place.drawing_id is not None:
        return drawing_for(who, place.drawing_id)
    if place.folder_id is not None:
        folder_for(who, place.folder_id)
    if place.always_new:
        return None
    query = select(Drawing).where(
        Drawing.name_key == rules.name_key(name),
        Drawing.folder_id.is_not_distinct_from(place.folder_id),
        Drawing.deleted_at.is_(None),
    )
    return session.scalars(query.order_by(Drawing.changed_at.desc()).limit(1)).first()


def _known(session: Session, sha256: str, target: Drawing | None) -> Revision | None:
    """A live revision with the same content. For a further revision only the newest one counts: going back is a revision."""
    query = (
        select(Revision)
        .join(Drawing, Revision.drawing_id == Drawing.id)
        .where(Revision.sha256 == sha256, Drawing.deleted_at.is_(None))
    )
    if target is not None:
        query = query.where(Revision.id == target.newest_id)
    return session.scalars(query.order_by(Revision.id.desc()).limit(1)).first()


def new_drawing(session: Session, name: str, folder_id: int | None) -> Drawing:
    number, title = rules.number_and_title(name)
    drawing = Drawing(
        folder_id=folder_id,
        number=number,
        title=title,
        name_key=rules.name_key(name),
        state=DrawingState.DRAFT,
        created_at=now(),
        changed_at=now(),
    )
    session.add(drawing)
    session.flush()
    return drawing


def add(session: Session, who: Caller, drawing: Drawing, name: str, kind: str, blob: Blob) -> Revision:  # noqa: PLR0913
    position = next_position(session, drawing)
    content_is_new = not held(session, blob.sha256)
    revision = Revision(
        drawing=drawing,
        position=position,
        letter=rules.letter(position),
        file_name=name,
        kind=kind,
        sha256=blob.sha256,
        bytes=blob.size,
        state=RevisionState.RECEIVED,
        nudged_at=now(),
        received_at=now(),
        received_by=who.person_id,
        received_by_name=who.person_name,
    )
    session.add(revision)
    session.flush()
    begin_again(drawing, revision)
    note(session, who, "received" if position == 1 else "revised", drawing, revision, letter=revision.letter)
    publish(session, "revision.received", who.tenant_id, revision.id)
    publish(session, "drawing.changed", who.tenant_id, drawing.id)
    metering.note_usage(session, who.tenant_id, "uploads", key=who.actor)
    if content_is_new:  # the same bytes lie in the store once
        metering.note_usage(session, who.tenant_id, metering.STORED, blob.size, key=who.actor)
    renders.ask(session, who.tenant_id, revision)
    return revision


def held(session: Session, sha256: str) -> bool:
    """Whether the company has a file of this content."""
    return any(
        session.scalar(select(table.id).where(table.sha256 == sha256).limit(1)) is not None
        for table in (Revision, ReferenceFile)
    )


def next_position(session: Session, drawing: Drawing) -> int:
    return (session.scalar(select(func.max(Revision.position)).where(Revision.drawing_id == drawing.id)) or 0) + 1


def revised_sentence(drawing: Drawing, revision: Revision) -> str:
    return f"'{drawing.label}'의 개정 {revision.letter}{particle(revision.letter, '으로/로')} 등록했습니다."


def lock(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": INTAKE_LOCK})


def _two(words: str) -> tuple[str, str]:
    """What happened and what to do, of a sentence that says both."""
    first, _, second = words.partition(". ")
    return (f"{first}.", second) if second else (words, "")
