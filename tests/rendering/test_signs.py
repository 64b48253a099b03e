"""What a machine's drawing says of tolerances: signs in place of the letters of gdt.shx, and the frames of a TOLERANCE."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ezdxf
import pytest

from portal.rendering import Sheet, render, signs
from portal.rendering.command import FONTS
from tests.rendering.dxf_text import drawing, tags, text
from tests.rendering.test_letters import cmap, slices

if TYPE_CHECKING:
    from ezdxf.document import Drawing

FRAME = r"{\Fgdt;j}%%v{\Fgdt;n}0.1{\Fgdt;m}%%v%%vA%%vB{\Fgdt;m}%%vC"


def sheet_of(doc: Drawing, folder: Path) -> Sheet:
    doc.saveas(folder / "drawing.dxf")
    answer = render(folder / "drawing.dxf", folder / "out")
    assert (answer.outcome, answer.skipped) == ("drawn", {})
    return answer.sheets[0]


def texts(sheet: Sheet) -> list[str]:
    return [words.text for words in sheet.texts]


def toleranced(content: str, height: float = 2.5, **more: object) -> Drawing:
    doc = ezdxf.new("R2010", setup=True)
    doc.dimstyles.get("Standard").dxf.dimtxt = height
    entity = {"content": content, "insert": (10, 20), "dimstyle": "Standard", **more}
    doc.modelspace().new_entity("TOLERANCE", entity)
    return doc


def test_every_sign_is_in_a_font_of_ours() -> None:
    held = cmap(FONTS / "Pretendard-400.woff2").union(*(cmap(font) & claims for font, claims in slices()))
    assert [sign for sign in signs.SIGNS.values() if ord(sign) not in held] == []


@pytest.mark.parametrize("font", ["gdt", "GDT.shx", r"C:\fonts\amgdt.SHX", "aigdt.ttf"])
def test_letters_of_such_a_font_are_signs(font: str) -> None:
    assert signs.shown("n12 x5", font) == "⌀12 ↧5"
    assert signs.shown("n12 x5", "romans.shx") == "n12 x5"


def test_a_call_out_is_read_as_it_is_meant(tmp_path: Path) -> None:
    doc = ezdxf.new("R2010", setup=True)
    doc.styles.add("SIGNS", font="gdt.shx")
    call_out = r"4-{\Fgdt;n}6.6\P{\Fgdt|c0;v}{\Fgdt;n}11 n{\Fgdt;x}6.5"
    doc.modelspace().add_mtext(call_out, dxfattribs={"char_height": 4})
    doc.modelspace().add_mtext("n5", dxfattribs={"char_height": 4, "style": "SIGNS"})
    doc.modelspace().add_text("j%%c", dxfattribs={"style": "SIGNS"})
    assert texts(sheet_of(doc, tmp_path)) == ["⌖⌀", "4-⌀6.6", "⌴⌀11 n↧6.5", "⌀5"]


def test_a_plain_text_in_such_a_style_is_a_sign_too(tmp_path: Path) -> None:
    style = tags(
        (0, "TABLE"), (2, "STYLE"), (70, 1), (0, "STYLE"), (2, "SIGNS"), (70, 0), (3, "gdt.shx"), (0, "ENDTAB")
    )
    source = tmp_path / "old.dxf"
    source.write_text(drawing(text("n", 0, 0, 5, (7, "SIGNS")), linetypes="").replace(
        tags((0, "SECTION"), (2, "ENTITIES")),
        tags((0, "SECTION"), (2, "TABLES")) + style + tags((0, "ENDSEC"), (0, "SECTION"), (2, "ENTITIES")),
    ))  # fmt: skip
    assert texts(render(source, tmp_path / "out").sheets[0]) == ["⌀"]


def test_a_tolerance_is_a_frame_of_cells(tmp_path: Path) -> None:
    sheet = sheet_of(toleranced(FRAME), tmp_path)
    assert texts(sheet) == ["⌖", "⌀0.1Ⓜ", "A", "BⓂ", "C"]
    x0, y0, x1, y1 = sheet.extents
    assert (x0, y0, y1) == pytest.approx((10, 17.5, 22.5)), (
        "twice as high as its letters, begun at the middle of its left side"
    )
    heads = [words.x for words in sheet.texts]
    assert heads == sorted(heads)
    assert x1 > heads[-1]


def test_rows_stand_below_each_other_and_empty_cells_are_left_out(tmp_path: Path) -> None:
    sheet = sheet_of(toleranced(rf"{FRAME}^J{{\Fgdt;c}}%%v0.02%%v%%v%%v%%v^J%%v%%v", height=5), tmp_path)
    assert texts(sheet)[-2:] == ["⏥", "0.02"]
    assert sheet.extents[3] - sheet.extents[1] == pytest.approx(20)


def test_it_may_be_turned_and_larger_than_its_style(tmp_path: Path) -> None:
    doc = toleranced(r"{\Fgdt;b}%%v0.03", x_axis_vector=(0, 1, 0))
    (entity,) = doc.modelspace()
    override = [(1000, "DSTYLE"), (1002, "{"), (1070, 140), (1040, 5.0), (1070, 178), (1070, 1), (1002, "}")]
    entity.set_xdata("ACAD", override)
    sheet = sheet_of(doc, tmp_path)
    assert sheet.extents[2] - sheet.extents[0] == pytest.approx(10)
    assert [words.height for words in sheet.texts] == [5, 5]
    assert sheet.texts[1].y > sheet.texts[0].y


@pytest.mark.parametrize(
    ("content", "more"),
    [
        ("", {}), ("%%v%%v", {}), ("{}", {}), (r"{\fgdt" + "a" * 100_000, {}), ("%%v".join(["0.1"] * 1000), {}),
        ("a", {"height": 1e200}), ("a", {"x_axis_vector": (math.nan, 0, 0)}), ("a", {"insert": (1e300, 0, 0)}),
    ],
)  # fmt: skip
def test_one_that_cannot_be_drawn_is_told_of_as_one_and_costs_nothing_else(
    tmp_path: Path, content: str, more: dict[str, Any]
) -> None:
    doc = toleranced(content, **more)
    doc.modelspace().add_line((0, 0), (10, 10))
    doc.saveas(tmp_path / "drawing.dxf")
    answer = render(tmp_path / "drawing.dxf", tmp_path / "out")
    assert (answer.outcome, answer.skipped) == ("partial", {"TOLERANCE": 1})
    assert answer.sheets[0].extents == pytest.approx((0, 0, 10, 10))
