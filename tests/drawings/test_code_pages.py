"""A person says in which code page a drawing's letters are to be read, and sees it drawn anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.core.audit import AuditEntry
from portal.core.db import db
from portal.core.errors import Refusal
from portal.drawings import renders, rules
from portal.drawings.models import Activity, Render, Revision
from tests.drawings.world import World

HANGUL_DWG = Path(__file__).parents[3] / "shared" / "data" / "drawings" / "dwg" / "made__hangul_R2000_cp949.dwg"


def choose(world: World, name: str, revision: Revision, code_page: str):  # noqa: ANN201 - werkzeug's TestResponse
    return world.post(name, f"/drawings/revisions/{revision.id}/code-page", code_page=code_page)


def draw(world: World, revision: Revision) -> Revision:
    """Do the worker's part."""
    renders.render(world.people["alice"].tenant_id, revision.id)
    return world.store("alice").get(Revision, revision.id, populate_existing=True)  # type: ignore[return-value]


def found(world: World, words: str) -> bool:
    shown = world.get("alice", f"/drawings?q={words}").text
    return "도면 A-1" in shown or "A-1</span>" in shown


def japanese(dxf: Callable[..., bytes]) -> bytes:
    """A drawing with Japanese letters that its bytes do not give away: they pass as CP949 or Latin."""
    return dxf("居室図面").decode().replace("벽체", "壁体").encode("cp932")


def test_letters_are_read_anew_in_the_page_that_was_chosen_and_search_follows(
    world: World, dxf: Callable[..., bytes]
) -> None:
    revision = world.drawn("alice", "A-1.dxf", japanese(dxf))
    first = revision.render_id
    assert not found(world, "居室図面")
    answer = choose(world, "bob", revision, "cp932")
    assert answer.status_code == 303
    revision = draw(world, revision)
    assert (revision.state, revision.code_page, revision.render.source["encoding"]) == ("ready", "cp932", "cp932")
    assert revision.render_id != first
    assert found(world, "居室図面")
    shown = world.get("vera", f"/drawings/{revision.drawing_id}").text
    assert "지금은 일본어 (Shift-JIS)" in shown
    assert "code-page" not in shown.partition("<select")[2]
    assert "居室図面" in world.get("vera", f"/drawings/revisions/{revision.id}/sheets/1.svg").text

    choose(world, "alice", revision, "")
    again = world.store("alice").get(Revision, revision.id, populate_existing=True)
    assert (again.state, again.render_id, again.code_page) == ("ready", first, ""), "the old picture was there already"
    assert len(list(world.store("alice").scalars(select(Render)))) == 2


def test_another_revision_of_the_same_content_keeps_its_own_page(world: World, dxf: Callable[..., bytes]) -> None:
    from portal.drawings import corrections  # noqa: PLC0415 - used by this test alone

    content = japanese(dxf)
    first = world.drawn("alice", "A-1.dxf", content)
    (line,) = world.send("alice", ("A-2.dxf", content))
    corrections.keep_anyway(world.people["alice"], line.id, None)
    second = world.newest("alice")
    choose(world, "alice", first, "cp932")
    first = draw(world, first)
    second = world.store("alice").get(Revision, second.id, populate_existing=True)
    assert first.render_id != second.render_id
    assert second.code_page == ""


def test_the_choice_is_told_in_the_story_and_in_the_audit(world: World, dxf: Callable[..., bytes]) -> None:
    revision = world.drawn("alice", "A-1.dxf", japanese(dxf))
    choose(world, "bob", revision, "cp932")
    choose(world, "bob", draw(world, revision), "cp932")
    lines = [line for line in world.store("alice").scalars(select(Activity)) if line.verb == "code_page"]
    assert [(line.person_name, line.details) for line in lines] == [("Bob", {"before": "", "after": "cp932"})]
    entries = [entry for entry in db.session.scalars(select(AuditEntry)) if entry.action == "drawing.code_page"]
    assert len(entries) == 1
    told = world.get("vera", f"/drawings/{revision.drawing_id}/revisions").text
    assert "글자 코드를 바꾸었습니다" in told
    assert "자동 → 일본어 (Shift-JIS)" in told


def test_only_who_may_change_drawings_chooses_and_only_what_is_offered(world: World, dxf: Callable[..., bytes]) -> None:
    (line,) = world.send("alice", ("A-1.dxf", dxf("거실")))
    revision = line.revision
    assert choose(world, "vera", revision, "cp932").status_code == 403
    assert choose(world, "charlie", revision, "cp932").status_code == 404
    assert choose(world, "alice", revision, "rot13").status_code == 422
    assert world.store("alice").get(Revision, revision.id, populate_existing=True).code_page == ""
    world.send("alice", ("A-2.pdf", b"%PDF-1.7\n" + b"0" * 500))
    with pytest.raises(Refusal, match="글자 코드"):
        renders.read_in(world.people["alice"], world.newest("alice").id, "cp949")


def test_a_dwg_from_before_unicode_has_one_and_a_newer_has_none() -> None:
    assert rules.has_code_page("dwg", "AC1015")
    assert not rules.has_code_page("dwg", "AC1032")
    assert not rules.has_code_page("dwg", "")
    assert rules.has_code_page("dxf", "AC1032")
    assert not rules.has_code_page("pdf", "")


def test_a_dwg_is_read_in_the_page_that_was_chosen(world: World) -> None:
    if not HANGUL_DWG.is_file():
        pytest.skip("an extra: the shared drawings are not beside this checkout")
    revision = world.drawn("alice", "A-1.dwg", HANGUL_DWG.read_bytes())
    assert found(world, "뷁")
    choose(world, "alice", revision, "cp1252")
    draw(world, revision)
    assert not found(world, "뷁")


def test_a_worker_that_died_over_a_chosen_page_is_found_by_the_sweep(world: World, dxf: Callable[..., bytes]) -> None:
    from datetime import timedelta  # noqa: PLC0415 - used by this test alone

    from portal.core import clock  # noqa: PLC0415

    revision = world.drawn("alice", "A-1.dxf", japanese(dxf))
    choose(world, "alice", revision, "cp932")
    session = world.store("alice")
    assert renders._claim(session, world.people["alice"].tenant_id, revision.id) is not None
    clock.set_to(clock.fresh() + timedelta(minutes=2))
    assert renders.sweep() == 1
    assert draw(world, revision).state == "ready"
