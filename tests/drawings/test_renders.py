"""From a received file to pictures: once for each content, by one worker at a time, whatever dies on the way."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import brotli
import pytest
from sqlalchemy import func, select, update

from jobs import drawings as jobs
from portal.core import clock
from portal.core.blobs import blobs
from portal.core.db import db, write
from portal.core.errors import Refusal
from portal.core.outbox import CompanyMessage
from portal.drawings import renders, service
from portal.drawings.models import Layer, Render, Revision, Sheet, Text
from portal.drawings.pictures import svg_key
from portal.work.models import WorkItem
from tests.drawings.world import World

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "drawings" / "dxf"
THREE = (
    "skydxf__test-resources-floorplan.dxf",
    "dxfparser__samples-data-api-cw750-details.dxf",
    "acadsharp__samples-sample_AC1009_ascii.dxf",
)


def later_by(world: World, seconds: float) -> None:
    """Move the clock of the app on."""
    clock.set_to(clock.fresh() + timedelta(seconds=seconds))


def nudges(world: World, name: str = "drawings.render") -> int:
    query = select(func.count()).select_from(CompanyMessage).where(CompanyMessage.name == name)
    return world.store("alice").scalar(query) or 0


def test_a_drawing_is_drawn_with_its_sheets_layers_and_texts(world: World, dxf: Callable[..., bytes]) -> None:
    revision = world.drawn("alice", "A-1.dxf", dxf("거실", "주방"))
    assert (revision.state, revision.message) == ("ready", "")
    session = world.store("alice")
    sheet = session.scalars(select(Sheet)).first()
    assert {"벽체", "0"} <= set(session.scalars(select(Layer.name)))
    assert set(session.scalars(select(Text.content))) == {"거실", "주방"}
    key = svg_key("bcdfghjkmnpq", revision.sha256, renders.VERSION, sheet.position)
    with blobs().open(key) as packed:
        svg = brotli.decompress(packed.read())
    assert "거실".encode() in svg
    assert len(svg) == sheet.svg_bytes


def test_what_could_not_be_drawn_is_counted(world: World, dxf: Callable[..., bytes]) -> None:
    revision = world.drawn("alice", "A-1.dxf", dxf("거실", solid=True))
    assert revision.state == "partial"
    assert revision.render.skipped == {"3DSOLID": 1}


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"AC1009" + b"\0" * 500, "DWG"),
        (b"%PDF-1.7\n" + b"0" * 500, "PDF"),
        (b"0\nSECTION\n2\nENTITIES\n0\nLI", "손상"),
    ],
)
def test_what_cannot_be_shown_is_kept_and_refused_with_its_reason(world: World, content: bytes, word: str) -> None:
    revision = world.drawn("alice", "무엇.dxf", content)
    assert revision.state == "refused"
    assert word in revision.message
    assert blobs().size(f"bcdfghjkmnpq/{revision.sha256}") == len(content)


@pytest.mark.parametrize("name", THREE)
def test_the_shared_drawings_are_shown(world: World, name: str) -> None:
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"{name} is not beside this checkout")
    revision = world.drawn("alice", name, path.read_bytes())
    assert revision.state in {"ready", "partial"}
    assert revision.render.objects > revision.render.not_drawn


def test_the_same_content_is_drawn_once(world: World, dxf: Callable[..., bytes]) -> None:
    from portal.drawings import corrections  # noqa: PLC0415 - used by this test alone

    content = dxf("같음")
    first = world.drawn("alice", "A-1.dxf", content)
    (line,) = world.send("alice", ("A-2.dxf", content))
    before = nudges(world)
    corrections.keep_anyway(world.people["alice"], line.id, None)
    second = world.newest("alice")
    assert second.id != first.id
    assert (second.state, second.render_id) == ("ready", first.render_id)
    assert nudges(world) == before


def test_two_workers_at_once_draw_once(world: World, dxf: Callable[..., bytes]) -> None:
    (line,) = world.send("alice", ("A-1.dxf", dxf("거실")))
    tenant_id, revision_id = world.people["alice"].tenant_id, line.revision_id
    together = threading.Barrier(2)

    def work() -> None:
        with world.app.app_context():
            together.wait(10)
            jobs.render("event", tenant_id, revision_id)
            db.session.remove()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(work), pool.submit(work)]:
            done.result(60)
    session = world.store("alice")
    session.rollback()
    row = session.scalars(select(Render)).one()
    assert (row.attempts, row.state) == (1, "ready")
    assert session.get(Revision, revision_id).state == "ready"


def test_a_job_that_comes_twice_does_nothing_the_second_time(world: World, dxf: Callable[..., bytes]) -> None:
    revision = world.drawn("alice", "A-1.dxf", dxf("거실"))
    jobs.render("again", world.people["alice"].tenant_id, revision.id)
    assert world.store("alice").scalars(select(Render.attempts)).one() == 1


def test_a_killed_worker_is_found_by_the_sweep_and_another_one_draws(world: World, dxf: Callable[..., bytes]) -> None:
    (line,) = world.send("alice", ("A-1.dxf", dxf("거실")))
    tenant_id = world.people["alice"].tenant_id
    db.engine.dispose()
    child = os.fork()
    if child == 0:  # a worker that claims the file, and is killed before it can draw it
        with world.app.app_context():
            renders._claim(world.store("alice"), tenant_id, line.revision_id)
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    session = world.store("alice")
    session.rollback()
    assert session.get(Revision, line.revision_id, populate_existing=True).state == "rendering"
    assert renders.sweep() == 0
    later_by(world, 45)
    before = nudges(world)
    assert renders.sweep() == 1
    assert nudges(world) == before + 1
    jobs.render("swept", tenant_id, line.revision_id)
    assert session.get(Revision, line.revision_id, populate_existing=True).state == "ready"


def test_a_file_that_kills_every_worker_is_given_up_and_told_to_the_staff(
    world: World, dxf: Callable[..., bytes]
) -> None:
    (line,) = world.send("alice", ("A-1.dxf", dxf("거실")))
    tenant_id, session = world.people["alice"].tenant_id, world.store("alice")
    for _ in range(renders.MOST_ATTEMPTS):
        assert renders._claim(session, tenant_id, line.revision_id) is not None
        later_by(world, 45)
    jobs.render("fourth", tenant_id, line.revision_id)
    revision = session.get(Revision, line.revision_id, populate_existing=True)
    assert (revision.state, revision.reason) == ("refused", renders.WORKER_LOST)
    assert "표시하지 못했습니다" in revision.message
    assert nudges(world, "revision.failed") == 1
    for _ in range(2):
        jobs.report_failure("the-event", tenant_id, line.revision_id)
    item = db.session.scalars(select(WorkItem)).one()
    assert item.tenant_id == tenant_id
    assert "A-1" not in item.title + item.body
    renders.again(world.people["alice"], line.revision_id)
    jobs.render("fifth", tenant_id, line.revision_id)
    assert session.get(Revision, line.revision_id, populate_existing=True).state == "ready"


class Stillborn:
    """A child that dies without a word, as one does whose log cannot be written either."""

    pid = 0

    def wait(self, _seconds: float) -> int:
        return 1

    def end(self) -> int:
        return 1


def test_a_full_disk_refuses_no_drawing_and_it_is_drawn_when_there_is_room(
    world: World, dxf: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    (line,) = world.send("alice", ("A-1.dxf", dxf("거실")))
    tenant_id, session = world.people["alice"].tenant_id, world.store("alice")
    with monkeypatch.context() as full:
        full.setattr("portal.rendering.cell.ROOM", 2**62)
        full.setattr("portal.rendering.cell.born", lambda _order, _log: Stillborn())
        for number in range(renders.MOST_ATTEMPTS + 1):
            with pytest.raises(OSError, match="No space left"):
                jobs.render(f"full-{number}", tenant_id, line.revision_id)
            later_by(world, 45)
    assert renders.sweep() == 1
    jobs.render("room", tenant_id, line.revision_id)
    assert session.get(Revision, line.revision_id, populate_existing=True).state == "ready"


def test_a_worker_that_lost_its_lease_writes_nothing(world: World, dxf: Callable[..., bytes]) -> None:
    (line,) = world.send("alice", ("A-1.dxf", dxf("거실")))
    tenant_id, session = world.people["alice"].tenant_id, world.store("alice")
    slow = renders._claim(session, tenant_id, line.revision_id)
    assert slow is not None
    later_by(world, 45)
    jobs.render("other", tenant_id, line.revision_id)
    sheets = session.scalar(select(func.count()).select_from(Sheet))
    assert renders._still_ours(session, slow) is None
    assert session.scalar(select(func.count()).select_from(Sheet)) == sheets


def test_a_lost_nudge_is_sent_again(world: World, dxf: Callable[..., bytes]) -> None:
    world.send("alice", ("A-1.dxf", dxf("거실")))
    assert renders.sweep() == 0
    later_by(world, renders.LOST_AFTER_WHILE_BUSY.total_seconds() + 1)
    assert renders.sweep() == 1
    assert renders.sweep() == 0


def test_a_missing_blob_is_said_and_not_tried_for_ever(world: World, dxf: Callable[..., bytes]) -> None:
    (line,) = world.send("alice", ("A-1.dxf", dxf("거실")))
    blobs().delete(f"bcdfghjkmnpq/{line.revision.sha256}")
    jobs.render("event", world.people["alice"].tenant_id, line.revision_id)
    assert world.newest("alice").state == "refused"


def test_a_newer_renderer_may_draw_again_and_an_up_to_date_picture_may_not(
    world: World, dxf: Callable[..., bytes]
) -> None:
    revision = world.drawn("alice", "A-1.dxf", dxf("거실"))
    with pytest.raises(Refusal, match="최신 방식"):
        renders.again(world.people["alice"], revision.id)
    session = world.store("alice")
    with write(session):
        session.execute(update(Render).values(version="2020.1"))
    renders.again(world.people["bob"], revision.id)
    shown = service.sheets_of(world.people["vera"], session.get(Revision, revision.id).render)
    assert len(shown) >= 1  # the old picture stays until the new one is there
    jobs.render("newer", world.people["alice"].tenant_id, revision.id)
    assert session.get(Revision, revision.id, populate_existing=True).render.version == renders.VERSION


def test_another_company_draws_its_own(world: World, dxf: Callable[..., bytes]) -> None:
    content = dxf("같음")
    mine, theirs = world.drawn("alice", "A-1.dxf", content), world.drawn("charlie", "C-1.dxf", content)
    assert mine.id == theirs.id
    assert {key.split("/")[0] for key in blobs().keys("") if "renders" in key} == {"bcdfghjkmnpq", "cdfghjkmnpqr"}
