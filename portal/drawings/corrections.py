"""Second thoughts on files just received: listed although known, a revision after all, a drawing of its own after all."""

from __future__ import annotations

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.core.blobs import Blob
from portal.core.db import write
from portal.core.errors import NotFound, Refusal
from portal.core.gate import Caller
from portal.core.outbox import publish
from portal.drawings import refreshing, rules
from portal.drawings.models import Activity, Drawing, Revision, Upload, UploadOutcome
from portal.drawings.receiving import add, lock, new_drawing, next_position, revised_sentence
from portal.drawings.service import begin_again, drawing_for, folder_for, note, store_for


def keep_anyway(who: Caller, upload_id: int, folder_id: int | None) -> Upload:
    """List a file as a new drawing although its content is there already. The bytes are shared."""
    with write(store_for(who, change=True)) as session:
        line = line_for(who, upload_id)
        if line.outcome != UploadOutcome.KNOWN or line.revision is None:
            raise Refusal("이미 처리한 파일입니다.", "목록에서 도면을 확인해 주십시오.")
        if folder_id is not None:
            folder_for(who, folder_id)
        known = line.revision
        kept = Blob(known.sha256, known.bytes, "")
        revision = add(session, who, new_drawing(session, line.file_name, folder_id), line.file_name, known.kind, kept)
        line.outcome, line.revision_id, line.message = UploadOutcome.NEW, revision.id, "새 도면으로 등록했습니다."
    return line


def join(who: Caller, upload_id: int, drawing_id: int) -> Revision:
    """What was just listed as a new drawing is the next revision of another one after all."""
    with write(store_for(who, change=True)) as session:
        revision = _only_revision(session, line_for(who, upload_id))
        left, target = revision.drawing, drawing_for(who, drawing_id)
        if left.id == target.id:
            raise Refusal("같은 도면입니다.", "다른 도면을 골라 주십시오.", 422)
        lock(session)
        revision.position = next_position(session, target)
        revision.letter = rules.letter(revision.position)
        revision.drawing = target
        begin_again(target, revision)
        session.execute(update(Activity).where(Activity.drawing_id == left.id).values(drawing_id=target.id))
        session.flush()
        key = left.name_key
        session.delete(left)
        session.flush()
        refreshing.follow(session, who.tenant_id, key)
        publish(session, "drawing.changed", who.tenant_id, target.id)
        line = line_for(who, upload_id)
        line.outcome, line.message = UploadOutcome.REVISED, revised_sentence(target, revision)
        note(session, who, "revised", target, revision, letter=revision.letter)
    return revision


def part(who: Caller, upload_id: int) -> Revision:
    """What was just listed as the next revision is a drawing of its own after all."""
    with write(store_for(who, change=True)) as session:
        line = line_for(who, upload_id)
        revision = line.revision
        if (
            line.outcome != UploadOutcome.REVISED
            or revision is None
            or revision.drawing.newest_id != revision.id
            or revision.position == 1
        ):
            raise Refusal(
                "이 개정 뒤에 바뀐 것이 있어 나눌 수 없습니다.", "도면의 개정 목록에서 지금 상태를 확인해 주십시오."
            )
        left = revision.drawing
        before = session.scalars(
            select(Revision)
            .where(Revision.drawing_id == left.id, Revision.id != revision.id)
            .order_by(Revision.position.desc())
            .limit(1)
        ).one()
        begin_again(left, before)
        made = new_drawing(session, line.file_name, left.folder_id)
        revision.position, revision.letter, revision.drawing = 1, rules.letter(1), made
        made.newest_id = revision.id
        line.outcome, line.message = UploadOutcome.NEW, "새 도면으로 등록했습니다."
        for changed in (left, made):
            publish(session, "drawing.changed", who.tenant_id, changed.id)
        note(session, who, "received", made, revision)
    return revision


def same_number(who: Caller, line: Upload) -> Drawing | None:
    """Another drawing of the same folder with the number of one just received: perhaps its earlier revision."""
    if line.outcome != UploadOutcome.NEW or line.revision is None or not line.revision.drawing.number:
        return None
    made = line.revision.drawing
    if made.deleted_at is not None or made.newest_id != line.revision_id:
        return None
    query = select(Drawing).where(
        Drawing.number == made.number,
        Drawing.folder_id.is_not_distinct_from(made.folder_id),
        Drawing.id != made.id,
        Drawing.deleted_at.is_(None),
    )
    return store_for(who).scalars(query.order_by(Drawing.changed_at.desc()).limit(1)).first()


def line_for(who: Caller, upload_id: int) -> Upload:
    """The caller's own upload line; NotFound otherwise."""
    query = select(Upload).where(Upload.id == upload_id, Upload.person_id == who.person_id)
    line = store_for(who, change=True).scalar(query) if 0 < upload_id < 2**31 else None
    if line is None:
        raise NotFound
    return line


def _only_revision(session: Session, line: Upload) -> Revision:
    """The revision of a line, as long as it is all its drawing has."""
    revision = line.revision
    if line.outcome == UploadOutcome.NEW and revision is not None and revision.drawing.deleted_at is None:
        count = session.scalar(
            select(func.count()).select_from(Revision).where(Revision.drawing_id == revision.drawing_id)
        )
        if count == 1:
            return revision
    raise Refusal("그 사이 도면이 바뀌어 옮길 수 없습니다.", "목록에서 지금 상태를 확인해 주십시오.")
