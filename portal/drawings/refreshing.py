"""Draws again what a file that came, went or moved changes: the drawings that name it, and the moved one itself.

Only the newest revision of a drawing follows its references. An older one stays as it was when it counted.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.core.db import write
from portal.core.outbox import once
from portal.drawings import references, renders
from portal.drawings.models import DONE, Drawing, ReferenceFile, ReferenceName, Revision, revision_machine
from portal.tenants import service as tenants


def refresh(event_id: str, tenant_id: int, drawing_id: int) -> int:
    """A drawing came, went or moved: draw again those that name it, and itself where its references are others now.

    Returns how many these are.
    """
    session = tenants.session_by_id(tenant_id)
    with write(session):
        drawing = session.get(Drawing, drawing_id)
        if drawing is None or not once(session, event_id, "drawings.refresh"):
            return 0
        return follow(session, tenant_id, drawing.name_key, drawing.id)


def refresh_picture(event_id: str, tenant_id: int, file_id: int) -> int:
    """A picture came: draw again the drawings that place it. Returns how many these are."""
    session = tenants.session_by_id(tenant_id)
    with write(session):
        file = session.get(ReferenceFile, file_id)
        if file is None or not once(session, event_id, "drawings.refresh_picture"):
            return 0
        return follow(session, tenant_id, file.key)


def follow(session: Session, tenant_id: int, key: str, drawing_id: int = 0) -> int:
    """Have those drawn again that a file by this key concerns, inside the write that changed it."""
    named = select(ReferenceName.render_id).where(ReferenceName.key == key)
    query = (
        select(Revision)
        .join(Drawing, Drawing.newest_id == Revision.id)
        .where(Drawing.deleted_at.is_(None), Revision.render_id.in_(named) | (Drawing.id == drawing_id))
        .order_by(Revision.id)
    )
    count = 0
    for revision in list(session.scalars(query)):
        if revision.state not in DONE or revision.render is None:
            continue  # One that waits looks its references up itself when it is drawn.
        given = references.resolve(session, revision, revision.render)
        if references.key_of(given) == revision.given_key:
            continue
        changes = {"given": given, "given_key": references.key_of(given), "reason": "", "message": ""}
        revision_machine.move(session, revision, "again", by="worker", **changes)
        renders.ask(session, tenant_id, revision)
        count += 1
    return count
