"""A sheet's title block is found among all that has attributes, and its blocks are counted."""

from __future__ import annotations

import io
from pathlib import Path

import ezdxf
import pytest
from ezdxf.document import Drawing

from portal.rendering import render
from portal.rendering.result import Rendering, Sheet


def sheets(folder: Path, doc: Drawing) -> tuple[Sheet, ...]:
    stream = io.StringIO()
    doc.write(stream)
    (folder / "plan.dxf").write_text(stream.getvalue(), encoding="utf-8")
    answer = render(folder / "plan.dxf", folder)
    assert answer.outcome == "drawn", answer.message
    assert Rendering.read(folder).sheets == answer.sheets
    return answer.sheets


def block(doc: Drawing, name: str, width: float, height: float) -> None:
    made = doc.blocks.new(name)
    made.add_lwpolyline([(0, 0), (width, 0), (width, height), (0, height)], close=True)


def placed(space, name: str, at: tuple[float, float], scale: float = 1, **values: str) -> None:  # noqa: ANN001 - an ezdxf layout
    reference = space.add_blockref(name, at, dxfattribs={"xscale": scale, "yscale": scale})
    for tag, value in values.items():
        reference.add_attrib(tag, value, at)


@pytest.fixture
def doc() -> Drawing:
    made = ezdxf.new("R2010")
    for name, width, height in (("DOOR", 9, 9), ("도곽_A1", 841, 594), ("KEYPLAN", 2000, 2000), ("LEGEND", 300, 200)):
        block(made, name, width, height)
    return made


def test_the_title_block_is_the_largest_that_is_called_one(doc: Drawing, tmp_path: Path) -> None:
    space = doc.modelspace()
    placed(space, "KEYPLAN", (0, 0), NO="K-1", NAME="약도")
    placed(space, "도곽_A1", (0, 0), DWG_NO="A-201", TITLE="기준층 평면도", SCALE="1:100", EMPTY="")
    placed(space, "도곽_A1", (5000, 0), scale=2, DWG_NO="A-202", TITLE="%%u지붕층%%u 평면도 45%%d")
    assert sheets(tmp_path, doc)[0].title == {"DWG_NO": "A-202", "TITLE": "지붕층 평면도 45°"}


def test_without_a_name_the_largest_rare_one_is_it_and_no_mark_that_is_everywhere(doc: Drawing, tmp_path: Path) -> None:
    space = doc.modelspace()
    for number in range(5):
        placed(space, "KEYPLAN", (3000 * number, 0), NO=f"D-{number}", NAME="문")
    placed(space, "LEGEND", (0, 0), DRAWN="김", CHECKED="이")
    placed(space, "DOOR", (0, 0), scale=90, NO="D-9")
    assert sheets(tmp_path, doc)[0].title == {"DRAWN": "김", "CHECKED": "이"}


def test_each_sheet_has_its_own_title_and_counts(doc: Drawing, tmp_path: Path) -> None:
    space, paper = doc.modelspace(), doc.layout("Layout1")
    for number in range(7):
        space.add_blockref("DOOR", (20 * number, 0))
    space.add_blockref(
        "DOOR", (0, 50), dxfattribs={"column_count": 3, "row_count": 2, "column_spacing": 20, "row_spacing": 20}
    )
    space.add_blockref("LEGEND", (500, 0))
    placed(paper, "도곽_A1", (0, 0), 번호="A-301", 도면명="단면도")
    model, layout = sheets(tmp_path, doc)
    assert (model.title, model.blocks) == ({}, {"DOOR": 13, "LEGEND": 1})
    assert (layout.title, layout.blocks) == ({"번호": "A-301", "도면명": "단면도"}, {"도곽_A1": 1})


def test_a_dynamic_block_is_counted_under_its_own_name(doc: Drawing, tmp_path: Path) -> None:
    doc.appids.add("AcDbBlockRepBTag")
    copy = doc.blocks.new_anonymous_block("U")
    copy.add_line((0, 0), (5, 5))
    copy.block_record.set_xdata("AcDbBlockRepBTag", [(1070, 1), (1005, doc.blocks.get("DOOR").block_record_handle)])
    nameless = doc.blocks.new_anonymous_block("U")
    nameless.add_line((0, 0), (5, 5))
    space = doc.modelspace()
    for name in ("DOOR", copy.name, nameless.name):
        space.add_blockref(name, (0, 0))
    assert sheets(tmp_path, doc)[0].blocks == {"DOOR": 2}
