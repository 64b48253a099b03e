"""The object index says what ezdxf says: the same objects, boxes and points, also inside of blocks."""

from __future__ import annotations

import io
import random
from pathlib import Path

import ezdxf
import pytest
from ezdxf import bbox
from ezdxf.document import Drawing
from ezdxf.math import Vec2

from portal.rendering import render
from portal.rendering.index import MODEL, Index


def house() -> Drawing:
    """A bit of everything: plain objects, others, a block in a block that is turned and mirrored, a grid of references."""
    doc = ezdxf.new("R2010", setup=True)
    doc.layers.add("벽체", color=1)
    space = doc.modelspace()
    inner = doc.blocks.new("손잡이", base_point=(1, 1))
    inner.add_circle((3, 4), 0.5)
    door = doc.blocks.new("문")
    door.add_line((0, 0), (9, 0))
    door.add_arc((0, 0), 9, 0, 90)
    door.add_blockref("손잡이", (2, 1), dxfattribs={"rotation": 90})
    space.add_line((0, 0), (100, 50), dxfattribs={"layer": "벽체"})
    space.add_lwpolyline([(0, 0), (60, 0), (60, 40), (0, 40)], close=True, dxfattribs={"layer": "벽체"})
    space.add_lwpolyline([(0, 0, 0, 0, 0.5), (10, 0), (10, 10)])
    space.add_circle((30, 30), 12)
    space.add_arc((80, 30), 10, 350, 100)
    space.add_ellipse((50, 90), (20, 5), 0.4)
    space.add_point((-7, -8))
    space.add_hatch(color=2).paths.add_polyline_path([(200, 0), (220, 0), (210, 30)], is_closed=True)
    space.add_text("거실", height=3, dxfattribs={"insert": (12, 13)})
    space.add_blockref("문", (200, 100), dxfattribs={"rotation": 90, "yscale": -1})
    space.add_blockref("문", (300, 100), dxfattribs={"column_count": 3, "column_spacing": 40})
    titled = space.add_blockref("문", (400, 100))
    titled.add_attrib("번호", "D-101", (401, 101))
    return doc


def written(doc: Drawing) -> bytes:
    stream = io.StringIO()
    doc.write(stream)
    return stream.getvalue().encode()


def indexed(folder: Path, content: bytes) -> Index:
    folder.mkdir()
    (folder / "plan.dxf").write_bytes(content)
    answer = render(folder / "plan.dxf", folder, index=True)
    assert answer.outcome == "drawn", answer.message
    return Index.read(folder)


@pytest.fixture(scope="module")
def doc() -> Drawing:
    return house()


@pytest.fixture(scope="module")
def index(doc: Drawing, tmp_path_factory: pytest.TempPathFactory) -> Index:
    return indexed(tmp_path_factory.mktemp("index") / "plain", written(doc))


def test_every_object_is_found_by_its_handle_with_type_layer_and_box(doc: Drawing, index: Index) -> None:
    for entity in doc.modelspace():
        found = index.by_handle(int(entity.dxf.handle, 16))
        assert found is not None, entity
        assert (found.kind, found.layer, found.path) == (entity.dxftype(), entity.dxf.layer, ())
        if entity.dxftype() in {"TEXT", "INSERT"}:
            continue
        box = bbox.extents([entity], fast=False)
        assert found.box == pytest.approx((*box.extmin.vec2, *box.extmax.vec2), abs=0.02), entity


def test_references_have_the_box_of_what_they_show(doc: Drawing, index: Index) -> None:
    for entity in doc.modelspace().query("INSERT"):
        found = index.by_handle(int(entity.dxf.handle, 16))
        box = bbox.extents(
            [
                part
                for one in (entity.multi_insert() if entity.mcount > 1 else [entity])
                for part in one.virtual_entities()
            ]
        )
        assert found is not None
        assert found.box == pytest.approx((*box.extmin.vec2, *box.extmax.vec2), abs=0.02)


def test_what_touches_a_box_is_what_ezdxf_opens_there(doc: Drawing, index: Index) -> None:
    opened = [
        (part.dxftype(), box)
        for entity in doc.modelspace()
        for part in _opened(entity)
        if (box := bbox.extents([part], fast=False)).has_data and part.dxftype() != "TEXT"
    ]
    rng = random.Random(5)
    for _ in range(60):
        x, y, wide, high = rng.uniform(-20, 420), rng.uniform(-20, 130), rng.uniform(1, 90), rng.uniform(1, 60)
        theirs = sorted(
            kind for kind, box in opened
            if box.extmin.x <= x + wide and box.extmax.x >= x and box.extmin.y <= y + high and box.extmax.y >= y
        )  # fmt: skip
        ours = sorted(
            found.kind for found in index.within((x, y, x + wide, y + high))
            if found.kind not in {"TEXT", "INSERT", "ATTRIB"}
        )  # fmt: skip
        assert ours == theirs, (x, y, wide, high)


def _opened(entity):  # noqa: ANN001, ANN202 - an ezdxf entity and those that it shows
    if entity.dxftype() != "INSERT":
        return [entity]
    singles = entity.multi_insert() if entity.mcount > 1 else [entity]
    return [deep for one in singles for part in one.virtual_entities() for deep in _opened(part)]


def test_an_object_in_blocks_tells_its_path_and_a_reference_can_stay_closed(index: Index) -> None:
    knobs = [found for found in index.within((-1000, -1000, 1000, 1000)) if found.path == ("문", "손잡이")]
    assert [found.kind for found in knobs] == ["CIRCLE"] * 5
    assert all(found.path == () for found in index.within((-1000, -1000, 1000, 1000), deep=False))


def test_points_to_aim_at_are_ends_middles_centres_quadrants_and_insertions(doc: Drawing, index: Index) -> None:
    for (x, y), kind, whose in (
        ((100, 50), "end", "LINE"), ((50, 25), "middle", "LINE"), ((60, 20), "middle", "LWPOLYLINE"),
        ((0, 20), "middle", "LWPOLYLINE"), ((30, 30), "centre", "CIRCLE"), ((42, 30), "quadrant", "CIRCLE"),
        ((12, 13), "insertion", "TEXT"), ((80, 30), "centre", "ARC"),
    ):  # fmt: skip
        snap = index.nearest(x + 0.3, y - 0.2, 1)
        assert snap is not None, (x, y)
        assert (snap.kind, snap.of.kind) == (kind, whose)
        assert (snap.x, snap.y) == pytest.approx((x, y))
    knob = next(part for part in _opened(doc.modelspace().query("INSERT")[0]) if part.dxftype() == "CIRCLE")
    centre = Vec2(knob.ocs().to_wcs(knob.dxf.center))
    snap = index.nearest(centre.x + 0.1, centre.y, 0.4)
    assert snap is not None
    assert (snap.kind, snap.of.path) == ("centre", ("문", "손잡이"))
    assert (snap.x, snap.y) == pytest.approx((centre.x, centre.y))
    assert index.nearest(-500, -500, 10) is None


def test_texts_come_with_their_words_and_attributes_as_objects(index: Index) -> None:
    texts = {found.text: found.kind for found in index.within((-1000, -1000, 1000, 1000)) if found.text}
    assert texts == {"거실": "TEXT", "D-101": "ATTRIB"}


def test_the_same_geometry_has_the_same_hash_whichever_reader_took_it(
    doc: Drawing, index: Index, tmp_path: Path
) -> None:
    content = written(doc)
    # A wipeout anywhere sends the whole file to ezdxf, past our own reader.
    other = ezdxf.read(io.StringIO(content.decode()))
    other.modelspace().add_wipeout([(500, 500), (501, 500), (501, 501)])
    wiped = indexed(tmp_path / "wiped", written(other))
    for entity in doc.modelspace():
        handle = int(entity.dxf.handle, 16)
        one, two = index.by_handle(handle), wiped.by_handle(handle)
        assert one is not None
        assert two is not None
        assert one.hash == two.hash, entity
    hashes = [found.hash for found in index.within((-1000, -1000, 1000, 1000), deep=False)]
    assert len(set(hashes)) == len(hashes)


def test_a_changed_object_has_another_hash_and_a_copy_the_same(tmp_path: Path) -> None:
    doc = ezdxf.new()
    space = doc.modelspace()
    lines = [space.add_line((0, 0), (10, 0)), space.add_line((0, 0), (10, 0)), space.add_line((0, 0), (10, 0.001))]
    space.add_circle((0, 0), 1)
    index = indexed(tmp_path / "lines", written(doc))
    hashes = [index.by_handle(int(entity.dxf.handle, 16)).hash for entity in lines]
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_sheet_names_its_layout_and_without_being_asked_there_is_no_index(
    doc: Drawing, index: Index, tmp_path: Path
) -> None:
    assert index.sheets["모형"] == MODEL
    (tmp_path / "plan.dxf").write_bytes(written(doc))
    render(tmp_path / "plan.dxf", tmp_path)
    with pytest.raises(FileNotFoundError):
        Index.read(tmp_path)
