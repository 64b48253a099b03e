"""References of drawings in a company: found by name, drawn, drawn again when a file comes, and never another company's."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import ezdxf
import pytest
from ezdxf import xref
from PIL import Image
from sqlalchemy import func, select

from portal.core.outbox import CompanyMessage
from portal.drawings import corrections, refreshing, renders, service
from portal.drawings.models import Layer, Render, Revision, Sheet
from portal.drawings.receiving import Place
from tests.drawings.world import World

Made = Callable[..., bytes]
NEWS = {"drawing.changed": refreshing.refresh, "picture.received": refreshing.refresh_picture}


@pytest.fixture
def plan() -> Made:
    """Make a DXF with a line on a layer, references to other files and a picture: `plan("벽", "C:/b.dwg")`."""

    def make(layer: str = "WALL", *names: str, picture: str = "", styles: str = "") -> bytes:
        doc = ezdxf.new("R2010", units=4)
        doc.layout().dxf.current_style_sheet = styles
        doc.layers.add(layer, color=3)
        doc.modelspace().add_line((0, 0), (100, 0), dxfattribs={"layer": layer})
        for number, name in enumerate(names):
            xref.attach(doc, block_name=f"ref{number}", filename=name, insert=(0, 50, 0))
        if picture:
            definition = doc.add_image_def(filename=picture, size_in_pixel=(40, 20))
            doc.modelspace().add_image(definition, insert=(0, 0), size_in_units=(40, 20))
        stream = io.StringIO()
        doc.write(stream)
        return stream.getvalue().encode()

    return make


def drawn(world: World, name: str, file_name: str, content: bytes, folder: int | None = None) -> Revision:
    """A file handed in, and everything drawn that asks for it, as the workers would."""
    (line,) = world.send(name, (file_name, content), place=Place(folder_id=folder))
    assert line.revision is not None
    told(world, name)
    return line.revision


def told(world: World, name: str) -> int:
    """The news taken in and the queue worked off; how many drawings were drawn again."""
    settle(world, name)
    query = select(CompanyMessage).where(CompanyMessage.name.in_(NEWS)).order_by(CompanyMessage.created_at)
    count = sum(NEWS[one.name](one.id, *one.args) for one in list(world.store(name).scalars(query)))
    settle(world, name)
    return count


def settle(world: World, name: str) -> None:
    tenant_id, session = world.people[name].tenant_id, world.store(name)
    waiting = select(Revision.id).where(Revision.state.in_(("received", "rendering")))
    for _ in range(10):
        ids = list(session.scalars(waiting))
        if not ids:
            return
        for revision_id in ids:
            renders.render(tenant_id, revision_id)
    raise AssertionError("the drawings never come to rest")


def layers(world: World, name: str, revision: Revision) -> set[str]:
    session = world.store(name)
    session.refresh(revision)
    query = select(Layer.name).join(Sheet, Layer.sheet_id == Sheet.id).where(Sheet.render_id == revision.render_id)
    return set(session.scalars(query))


def test_a_reference_is_found_by_its_name_wherever_it_lies_in_the_company(world: World, plan: Made) -> None:
    folder = service.new_folder(world.people["alice"], "구조")
    drawn(world, "alice", "기준층.dxf", plan("벽"), folder.id)
    host = drawn(world, "alice", "A-1.dxf", plan("축열", r"D:\옛 도면\기준층.DXF"))
    assert (host.state, layers(world, "alice", host)) == ("ready", {"축열", "ref0|벽"})
    assert host.given["기준층.DXF"]["drawing"] == 1


def test_the_same_folder_comes_first_and_then_the_same_ending(world: World, plan: Made) -> None:
    folder = service.new_folder(world.people["alice"], "구조")
    drawn(world, "alice", "plan.dxf", plan("밖"))
    drawn(world, "alice", "plan.dxf", plan("안"), folder.id)
    assert "ref0|안" in layers(world, "alice", drawn(world, "alice", "A.dxf", plan("H", "plan.dwg"), folder.id))
    host = drawn(world, "alice", "B.dxf", plan("G", "plan.dwg"))
    assert "ref0|밖" in layers(world, "alice", host)
    service.move(world.people["alice"], [host.drawing_id], folder.id)
    assert told(world, "alice") == 1
    assert "ref0|안" in layers(world, "alice", host)


def test_a_file_that_comes_later_is_drawn_into_those_that_miss_it(world: World, plan: Made) -> None:
    host = drawn(world, "alice", "A-1.dxf", plan("축열", "plan.dwg"))
    assert layers(world, "alice", host) == {"축열"}
    assert [one["found"] for one in host.render.references if one["kind"] == "xref"] == [False]
    drawn(world, "alice", "Plan.dxf", plan("벽"))
    assert layers(world, "alice", host) == {"축열", "ref0|벽"}
    assert [one["found"] for one in host.render.references if one["kind"] == "xref"] == [True]
    drawn(world, "alice", "Plan.dxf", plan("새 벽"))
    assert layers(world, "alice", host) == {"축열", "ref0|새 벽"}
    service.delete(world.people["alice"], [2])
    told(world, "alice")
    assert layers(world, "alice", host) == {"축열"}


def test_a_drawing_that_became_a_revision_of_another_is_meant_no_more(world: World, plan: Made) -> None:
    host = drawn(world, "alice", "A-1.dxf", plan("축열", "plan.dxf"))
    (other,) = world.send("alice", ("B-1.dxf", plan("다른 벽")))
    (line,) = world.send("alice", ("plan.dxf", plan("벽")))
    told(world, "alice")
    assert layers(world, "alice", host) == {"축열", "ref0|벽"}
    corrections.join(world.people["alice"], line.id, other.revision.drawing_id)  # type: ignore[union-attr]
    told(world, "alice")
    assert layers(world, "alice", host) == {"축열"}


def test_the_picture_so_far_is_shown_until_the_one_with_references_is_drawn(world: World, plan: Made) -> None:
    drawn(world, "alice", "plan.dxf", plan("벽"))
    (line,) = world.send("alice", ("A-1.dxf", plan("축열", "plan.dxf")))
    tenant_id = world.people["alice"].tenant_id
    renders.render(tenant_id, line.revision_id or 0)
    host = world.newest("alice")
    assert (host.state, layers(world, "alice", host)) == ("received", {"축열"})
    assert "A-1" in world.get("alice", f"/drawings/{host.drawing_id}").text
    renders.render(tenant_id, host.id)
    assert layers(world, "alice", host) == {"축열", "ref0|벽"}
    assert host.state == "ready"


def test_references_of_references_are_found_too_and_a_circle_comes_to_rest(world: World, plan: Made) -> None:
    drawn(world, "alice", "column.dxf", plan("기둥", "host.dxf"))
    drawn(world, "alice", "plan.dxf", plan("벽", "column.dxf"))
    host = drawn(world, "alice", "host.dxf", plan("축열", "plan.dxf"))
    assert layers(world, "alice", host) == {"축열", "ref0|벽", "ref0|기둥"}
    notes = {one["name"]: one["note"] for one in host.render.references if one["kind"] == "xref"}
    assert notes["host.dxf"].startswith("자기 자신을 다시 참조합니다.")


def test_a_name_never_means_another_companys_file(world: World, plan: Made) -> None:
    host = drawn(world, "alice", "A-1.dxf", plan("축열", "plan.dxf"))
    drawn(world, "charlie", "plan.dxf", plan("남의 벽"))
    told(world, "alice")
    assert (host.given, layers(world, "alice", host)) == ({}, {"축열"})


def test_old_revisions_stay_as_they_were(world: World, plan: Made) -> None:
    old = drawn(world, "alice", "A-1.dxf", plan("축열", "plan.dxf"))
    new = drawn(world, "alice", "A-1.dxf", plan("새 축열", "plan.dxf"))
    drawn(world, "alice", "plan.dxf", plan("벽"))
    assert layers(world, "alice", old) == {"축열"}
    assert layers(world, "alice", new) == {"새 축열", "ref0|벽"}


def test_the_same_content_with_the_same_references_is_drawn_once_and_counted_once(world: World, plan: Made) -> None:
    content = plan("축열", "plan.dxf")
    drawn(world, "alice", "plan.dxf", plan("벽"))
    host = drawn(world, "alice", "A-1.dxf", content)
    session = world.store("alice")
    count = session.scalar(select(func.count()).select_from(Render))
    (line,) = world.send("alice", ("A-2.dxf", content))
    corrections.keep_anyway(world.people["alice"], line.id, None)
    settle(world, "alice")
    twin = world.newest("alice")
    assert (twin.render_id, twin.given) == (host.render_id, host.given)
    assert session.scalar(select(func.count()).select_from(Render)) == count
    used = session.scalars(select(CompanyMessage.args).where(CompanyMessage.name == "usage.happened"))
    assert len([args for args in used if args[1] == "renders"]) == 2


def test_a_drawing_too_heavy_with_its_references_is_shown_without_them(
    world: World, plan: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    from portal import rendering  # noqa: PLC0415 - used here alone
    from portal.rendering import Limits  # noqa: PLC0415 - used here alone

    whole = rendering.render
    monkeypatch.setattr(rendering, "render", lambda *args, **more: whole(*args, **more, limits=Limits(objects=6)))
    drawn(world, "alice", "plan.dxf", plan("벽", "one.dxf", "two.dxf"))
    host = drawn(world, "alice", "A-1.dxf", plan("축열", *["plan.dxf"] * 4))
    assert (host.state, layers(world, "alice", host)) == ("ready", {"축열"})
    assert host.message.startswith("참조 파일을 빼고 표시합니다.")


def test_a_picture_is_taken_in_beside_the_drawings_and_drawn_where_it_is_placed(world: World, plan: Made) -> None:
    host = drawn(world, "alice", "A-1.dxf", plan("축열", picture="D:/로고/로고.PNG"))
    assert host.given == {}
    content = io.BytesIO()
    Image.new("RGB", (40, 20), (200, 30, 30)).save(content, "PNG")
    before = service.stored(world.store("alice"))
    (line,) = world.send("alice", ("로고.png", content.getvalue()))
    assert (line.outcome, line.revision_id, line.status) == ("new", None, 201)
    assert service.stored(world.store("alice")) == before + len(content.getvalue())
    assert len(world.drawings("alice")) == 1
    assert told(world, "alice") == 1
    world.store("alice").refresh(host)
    assert "<image" in world.get("alice", f"/drawings/revisions/{host.id}/sheets/1.svg").text
    (link,) = re.findall(
        r'href="(/drawings/pictures/\d+/file)"', world.get("alice", f"/drawings/{host.drawing_id}").text
    )
    assert world.get("alice", link).data == content.getvalue()
    assert (
        world.get("charlie", link).status_code == world.get("charlie", "/drawings/pictures/9/file").status_code == 404
    )
    world.send("alice", ("로고.png", content.getvalue()))
    assert told(world, "alice") == 0
    folder = service.new_folder(world.people["alice"], "그림")
    world.send("alice", ("로고.png", content.getvalue()), place=Place(folder_id=folder.id))
    assert service.remove_folder(world.people["alice"], folder.id) is None
    (refused,) = world.send("alice", ("로고.png", content.getvalue()), place=Place(drawing_id=host.drawing_id))
    assert (refused.outcome, refused.status) == ("refused", 415)


def test_plot_styles_are_taken_in_beside_the_drawings_and_found_by_their_name(world: World, plan: Made) -> None:
    host = drawn(world, "alice", "A-1.dxf", plan("축열", styles="C:/plotters/사무소.STB"))
    assert "사무소.STB" in world.get("alice", f"/drawings/{host.drawing_id}").text
    content = b"PIAFILEVERSION_2.0,STBVER1,compress"
    (other,) = world.send("alice", ("사무소.ctb", content.replace(b"STB", b"CTB")))
    (line,) = world.send("alice", ("사무소.stb", content))
    assert (other.outcome, line.outcome, line.message) == ("new", "new", "플롯 스타일로 받았습니다.")
    assert told(world, "alice") == 0  # no picture changes by it
    (link,) = re.findall(
        r'href="(/drawings/pictures/\d+/file)"', world.get("alice", f"/drawings/{host.drawing_id}").text
    )
    assert world.get("alice", link).data == content
    (refused,) = world.send("alice", ("사무소.stb", b"no plot styles"))
    assert (refused.outcome, refused.status) == ("refused", 415)


def test_the_page_says_what_is_found_what_is_missing_and_what_to_do(world: World, plan: Made) -> None:
    drawn(world, "alice", "plan.dxf", plan("벽"))
    host = drawn(world, "alice", "A-1.dxf", plan("축열", "plan.dxf", "C:/비밀/duct.dwg"))
    shown = " ".join(world.get("alice", f"/drawings/{host.drawing_id}").text.split())
    assert "참조 파일 2개 중 1개 찾음" in shown
    assert '<a href="/drawings/1">plan.dxf</a>' in shown
    assert "duct.dwg" in shown
    assert "비밀" not in shown
    assert "이 파일을 올리면 다시 그립니다." in shown
    assert "Pretendard 글꼴로 대신 표시합니다." in shown
    assert "이 파일을 올리면" not in world.get("vera", f"/drawings/{host.drawing_id}").text
