"""From a received file to its pictures: claimed with a lease, drawn in the renderer's limited child, kept packed.

A render belongs to its content, so the same (sha256, renderer version) is drawn once in a company however often it was
uploaded. A worker that dies lets its lease run out; the sweep nudges again, and after three tries the revision says that
it could not be shown and the staff get a work item.
"""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import cast

from flask import Flask, current_app
from redis.exceptions import RedisError
from sqlalchemy import Engine, and_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal import rendering
from portal.core.blobs import BlobError, Missing, blobs, no_room
from portal.core.clock import fresh, now
from portal.core.db import write
from portal.core.errors import Refusal
from portal.core.gate import Caller
from portal.core.ids import token
from portal.core.outbox import later, once, publish
from portal.core.queue import RENDER, queue
from portal.core.redis import redis
from portal.drawings import pictures
from portal.drawings.models import DONE, WAITING, Render, RenderState, Revision, RevisionState, revision_machine
from portal.drawings.pictures import Kept
from portal.drawings.service import note, record, revision_for, store_for
from portal.metering import service as metering
from portal.rendering.reasons import sentence
from portal.rendering.result import Rendering
from portal.tenants import service as tenants
from portal.work import service as work

log = logging.getLogger("planroom.drawings")

VERSION = rendering.RENDERER_VERSION
LEASE = timedelta(seconds=30)
RENEW_SECONDS = 10
MOST_ATTEMPTS = 3
#: A nudge this old, of a file nobody works on, was lost; while the queue is not empty it may only be waiting its turn.
LOST_AFTER = timedelta(seconds=20)
LOST_AFTER_WHILE_BUSY = timedelta(minutes=10)
WORKER_LOST = "worker-lost"
WORKER_LOST_SENTENCE = "표시하지 못했습니다. 그리는 중에 작업이 여러 번 멈췄습니다. 저희가 확인하고 있으며, 원본은 그대로 내려받으실 수 있습니다."
OUTCOMES = {"drawn": RenderState.READY, "partial": RenderState.PARTIAL, "refused": RenderState.REFUSED}
WORK_KIND = "render_failed"


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to finish one render until its lease is over."""

    render_id: int
    token: str
    sha256: str


def ask(session: Session, tenant_id: int, revision: Revision) -> None:
    """Have a received revision drawn, inside the write that received it: at once when its content is drawn already."""
    done = session.scalar(select(Render).where(Render.sha256 == revision.sha256, Render.version == VERSION))
    if done is not None and done.state != RenderState.RENDERING:
        _settle(session, tenant_id, revision, done)
        return
    revision.nudged_at = now()
    later(session, "drawings.render", tenant_id, revision.id)


def render(tenant_id: int, revision_id: int) -> None:
    """Draw one revision. Safe to run twice and at once: whoever holds the lease draws, all others leave."""
    session = tenants.session_by_id(tenant_id)
    claim = _claim(session, tenant_id, revision_id)
    if claim is None:
        return
    try:
        _draw(session, tenant_id, claim)
    except (BlobError, OSError) as error:
        if no_room(error):
            _not_counted(session, claim)
        raise


def _draw(session: Session, tenant_id: int, claim: Claim) -> None:
    company = tenants.key_of(tenant_id)
    with _renewed(session, claim), tempfile.TemporaryDirectory(prefix="planroom-render-") as folder:
        out = Path(folder)
        try:
            with blobs().path_for(f"{company}/{claim.sha256}") as source:
                drawn = rendering.render(source, out)
        except Missing:
            _finish_missing(session, tenant_id, claim)
            return
        kept = pictures.keep(company, claim.sha256, VERSION, out, drawn.sheets)
    _finish(session, tenant_id, claim, drawn, kept)


def again(who: Caller, revision_id: int) -> Revision:
    """Have a revision drawn again: when the renderer is newer than its picture, or its workers died the last time."""
    with write(store_for(who, change=True)) as session:
        revision = revision_for(who, revision_id)
        if not may_be_drawn_again(revision):
            raise Refusal(
                "이 개정은 이미 최신 방식으로 표시되어 있습니다.", "파일을 고치셨다면 새 개정으로 올려 주십시오."
            )
        lost = session.scalar(
            select(Render).where(
                Render.sha256 == revision.sha256, Render.version == VERSION, Render.reason == WORKER_LOST
            )
        )
        if lost is not None:
            lost.state, lost.reason, lost.message, lost.attempts, lost.lease_until = (
                RenderState.RENDERING,
                "",
                "",
                0,
                None,
            )
            lost.finished_at = None
        revision_machine.move(session, revision, "again", by=who.actor, reason="", message="")
        note(session, who, "drawn_again", revision.drawing, revision)
        session.flush()
        ask(session, who.tenant_id, revision)
    record(who, "drawing.drawn_again", [revision.drawing], revision=revision.id)
    return revision


def may_be_drawn_again(revision: Revision) -> bool:
    """Whether drawing a finished revision again could give another picture."""
    if revision.state not in DONE:
        return False
    return revision.reason == WORKER_LOST or revision.render is None or revision.render.version != VERSION


def sweep() -> int:
    """Nudge what is stuck in any company: a lost message, or a worker that died. Returns how many nudges that were."""
    patience = LOST_AFTER if _queue_empty() else LOST_AFTER_WHILE_BUSY
    return tenants.in_each_database(
        lambda session, tenant_id: _sweep_company(session, tenant_id, patience), "the sweep of drawings"
    )


def report_failure(event_id: str, tenant_id: int, revision_id: int) -> None:
    """Tell the staff of a revision whose workers died. Ids only: what the drawing shows is the company's own affair."""
    with write() as session:
        if once(session, event_id, "drawings.report_failure"):
            work.open_item(
                session,
                kind=WORK_KIND,
                subject=f"tenant:{tenant_id}/revision:{revision_id}",
                title=f"개정 {revision_id}번을 그리다가 작업이 {MOST_ATTEMPTS}번 멈췄습니다",
                url=f"/staff/tenants/{tenant_id}",
                body="작업 프로세스가 끝까지 가지 못했습니다. 작업 기록과 메모리를 확인한 뒤 고객사에 다시 그리기를 안내하십시오.",
                tenant_id=tenant_id,
                roles=("developer", "support"),
            )


def _claim(session: Session, tenant_id: int, revision_id: int) -> Claim | None:
    """Take the lease of a revision's render, or None when there is nothing to do or somebody else is at it."""
    with write(session):
        revision = session.get(Revision, revision_id, with_for_update=True)
        if revision is None or revision.state not in WAITING:
            return None
        row = _render_row(session, revision.sha256)
        if row.state != RenderState.RENDERING:
            _settle(session, tenant_id, revision, row)
            return None
        if revision.state == RevisionState.RECEIVED:
            revision_machine.move(session, revision, "begin", by="worker")
        if row.lease_until is not None and row.lease_until > fresh():
            return None
        if row.attempts >= MOST_ATTEMPTS:
            _give_up(session, tenant_id, row)
            return None
        lease = token()
        taken = session.execute(
            update(Render)
            .where(Render.id == row.id, Render.lease_token == row.lease_token)
            .values(lease_token=lease, lease_until=fresh() + LEASE, attempts=Render.attempts + 1, started_at=fresh())
        )
        if getattr(taken, "rowcount", 0) != 1:
            return None
        return Claim(row.id, lease, revision.sha256)


def _render_row(session: Session, sha256: str) -> Render:
    """The render of a content by this renderer, made when it is the first; locked."""
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {"sha256": sha256, "version": VERSION, "state": RenderState.RENDERING, "started_at": fresh()}
    session.execute(make(Render).values(**values).on_conflict_do_nothing())
    query = select(Render).where(Render.sha256 == sha256, Render.version == VERSION).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def _give_up(session: Session, tenant_id: int, row: Render) -> None:
    row.state, row.reason, row.message = RenderState.REFUSED, WORKER_LOST, WORKER_LOST_SENTENCE
    row.lease_until, row.finished_at = None, fresh()
    session.flush()
    for revision in _settle_all(session, tenant_id, row):
        publish(session, "revision.failed", tenant_id, revision.id)


def _not_counted(session: Session, claim: Claim) -> None:
    """A full disk is no fault of the file: the attempt does not count, and when its lease is over the sweep tries again."""
    with write(session):
        row = _still_ours(session, claim)
        if row is not None:
            row.attempts -= 1


def _finish_missing(session: Session, tenant_id: int, claim: Claim) -> None:
    """The blob is gone: say so, rather than try for ever."""
    log.error("the blob of render %s of company %s is missing", claim.render_id, tenant_id)
    with write(session):
        row = _still_ours(session, claim)
        if row is not None:
            row.state, row.reason, row.message = RenderState.REFUSED, "unreadable", sentence("unreadable")
            row.lease_until, row.finished_at = None, fresh()
            session.flush()
            _settle_all(session, tenant_id, row)


def _finish(session: Session, tenant_id: int, claim: Claim, drawn: Rendering, kept: list[Kept]) -> None:
    """Write down what was drawn, in one transaction, unless the lease went to somebody else meanwhile."""
    with write(session):
        row = _still_ours(session, claim)
        if row is None:
            log.warning("render %s of company %s was finished by another worker", claim.render_id, tenant_id)
            return
        for position, (sheet, packed) in enumerate(zip(drawn.sheets, kept, strict=True), start=1):
            pictures.write_sheet(session, row, position, sheet, packed)
        row.state, row.reason, row.message = OUTCOMES[drawn.outcome], drawn.reason[:60], drawn.message[:500]
        row.objects = sum(sheet.objects for sheet in drawn.sheets)
        row.skipped, row.references = drawn.skipped, list(drawn.references)
        row.source = {"kind": drawn.source.kind, "version": drawn.source.version, "encoding": drawn.source.encoding}
        row.timings = drawn.timings
        row.lease_until, row.finished_at = None, fresh()
        if row.state != RenderState.REFUSED:  # a picture came out; a file that cannot be drawn costs nothing
            metering.note_usage(session, tenant_id, "renders")
        session.flush()
        _settle_all(session, tenant_id, row)


def _still_ours(session: Session, claim: Claim) -> Render | None:
    row = session.get(Render, claim.render_id, with_for_update=True, populate_existing=True)
    if row is None or row.lease_token != claim.token or row.state != RenderState.RENDERING:
        return None
    return row


def _settle_all(session: Session, tenant_id: int, row: Render) -> list[Revision]:
    """Every revision of this content that waits learns what came of it."""
    query = select(Revision).where(Revision.sha256 == row.sha256, Revision.state.in_(WAITING)).with_for_update()
    waiting = list(session.scalars(query))
    for revision in waiting:
        _settle(session, tenant_id, revision, row)
    return waiting


def _settle(session: Session, tenant_id: int, revision: Revision, row: Render) -> None:
    """A revision takes over the outcome of its render. A refusal never takes away the picture of an older renderer."""
    changes: dict[str, object] = {"reason": row.reason, "message": row.message}
    if row.state != RenderState.REFUSED or revision.render_id is None:
        changes["render_id"] = row.id
    revision_machine.move(session, revision, str(row.state), by="worker", **changes)
    publish(session, "revision.rendered", tenant_id, revision.id)


@contextmanager
def _renewed(session: Session, claim: Claim) -> Iterator[None]:
    """Keep the lease while the block runs; it runs out by itself when this process is killed."""
    app = cast("Flask", current_app._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001 - Flask's own idiom for threads
    engine = cast("Engine", session.get_bind())
    over = threading.Event()

    def renew() -> None:
        while not over.wait(RENEW_SECONDS):
            with (
                app.app_context(),
                engine.connect().execution_options(planroom_write=True) as connection,
                connection.begin(),
            ):
                mine = (Render.id == claim.render_id, Render.lease_token == claim.token)
                connection.execute(update(Render).where(*mine).values(lease_until=fresh() + LEASE))

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=5)


def _sweep_company(session: Session, tenant_id: int, patience: timedelta) -> int:
    moment = now()
    current = and_(Render.sha256 == Revision.sha256, Render.version == VERSION)
    dead = and_(
        Revision.state == RevisionState.RENDERING, or_(Render.lease_until.is_(None), Render.lease_until <= moment)
    )
    lost = or_(dead & (Revision.nudged_at <= moment - LOST_AFTER), Revision.nudged_at <= moment - patience)
    query = select(Revision).outerjoin(Render, current).where(Revision.state.in_(WAITING), lost).limit(200)
    if session.scalars(query).first() is None:
        return 0
    with write(session):
        stuck = list(session.scalars(query))
        for revision in stuck:
            revision.nudged_at = moment
            later(session, "drawings.render", tenant_id, revision.id)
    return len(stuck)


def _queue_empty() -> bool:
    try:
        return queue(redis(), RENDER).count == 0
    except RedisError:
        return False
