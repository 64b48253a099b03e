"""The pictures that drawings place and the plot styles they name: taken in with the drawings, kept beside them, no drawings themselves."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.core.blobs import Blob
from portal.core.clock import now
from portal.core.errors import NotFound
from portal.core.gate import Caller
from portal.core.ids import LARGEST_ID
from portal.core.outbox import publish
from portal.drawings import rules
from portal.drawings.models import ReferenceFile
from portal.drawings.service import store_for


def take(session: Session, who: Caller, name: str, folder_id: int | None, kind: str, blob: Blob) -> ReferenceFile:  # noqa: PLR0913 - what a file is
    """Write the row of a kept file, in place of one of the same name in the folder; tells the drawings of it."""
    same = select(ReferenceFile).where(
        ReferenceFile.key == rules.name_key(name),
        ReferenceFile.folder_id.is_not_distinct_from(folder_id),
        ReferenceFile.kind == kind,
    )
    row = session.scalars(same.order_by(ReferenceFile.id.desc()).limit(1)).first()
    if row is None:
        row = ReferenceFile(folder_id=folder_id, key=rules.name_key(name), kind=kind)
        session.add(row)
    row.file_name, row.sha256, row.bytes, row.received_at = name, blob.sha256, blob.size, now()
    row.received_by, row.received_by_name = who.person_id, who.person_name
    session.flush()
    publish(session, "picture.received", who.tenant_id, row.id)
    return row


def picture_for(who: Caller, file_id: int) -> ReferenceFile:
    """The caller's file; NotFound when it is foreign or absent."""
    row = store_for(who).get(ReferenceFile, file_id) if 0 < file_id <= LARGEST_ID else None
    if row is None:
        raise NotFound
    return row
