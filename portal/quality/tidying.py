"""Old results of tests go: what a closed item or a test that never failed again said half a year ago helps nobody."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, or_, select

from portal.core.clock import now
from portal.core.db import db, write
from portal.quality.models import Build, Item, ItemState, Result

KEPT = timedelta(days=180)
#: Items whose failures nobody looks at any more.
OVER = (ItemState.RESOLVED, ItemState.ARCHIVED)
AT_ONCE = 1000


def tidy() -> int:
    """Delete results older than KEPT, but for those of items that are still open; for the schedule. Returns how many went.

    Builds and items stay, and with them the counts; a thousand at a time, so that nobody waits for it.
    """
    over = select(Item.id).where(Item.state.in_(OVER))
    old = (
        select(Result.id)
        .join(Build, Build.id == Result.build_id)
        .where(Build.received_at < now() - KEPT, or_(Result.item_id.is_(None), Result.item_id.in_(over)))
        .limit(AT_ONCE)
    )
    ids = list(db.session.scalars(old))
    if ids:
        with write() as session:
            session.execute(delete(Result).where(Result.id.in_(ids)))
    return len(ids)
