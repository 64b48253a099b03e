"""Details in which a CAD has its own rule: fractions, words too long for their box, dashes on paper, the paper itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import ezdxf
import pytest

from portal.rendering import Rendering, render

if TYPE_CHECKING:
    from pathlib import Path

    from ezdxf.document import Drawing


def drawn(doc: Drawing, folder: Path) -> tuple[Rendering, Path]:
    doc.saveas(folder / "drawing.dxf")
    return render(folder / "drawing.dxf", folder / "out"), folder / "out"


def strokes(answer: Rendering, out: Path, sheet: int) -> int:
    """How many strings of points the paths of a sheet have."""
    svg = (out / answer.sheets[sheet].svg).read_text(encoding="utf-8").rpartition("</defs>")[2]
    return sum(len(re.findall("[Mm]", data)) for data in re.findall(r' d="([^"]*)"', svg))


def test_a_fraction_has_the_size_it_was_given_and_stands_at_the_middle_of_the_line(tmp_path: Path) -> None:
    doc = ezdxf.new("R2010")
    doc.modelspace().add_mtext(r"\A1;one {\H0.5x;\S1/2;}", dxfattribs={"char_height": 10})
    answer, _ = drawn(doc, tmp_path)
    one, upper, lower = answer.sheets[0].texts
    assert (upper.text, lower.text, upper.height, lower.height) == ("1", "2", 5, 5)
    assert (upper.y + 5 + lower.y) / 2 == pytest.approx(one.y + 5)


def test_a_slanted_fraction_goes_down_to_the_right(tmp_path: Path) -> None:
    doc = ezdxf.new("R2010")
    doc.modelspace().add_mtext(r"\S12#34;", dxfattribs={"char_height": 10})
    answer, _ = drawn(doc, tmp_path)
    upper, lower = answer.sheets[0].texts
    assert (upper.text, lower.text) == ("12", "34")
    assert upper.x < lower.x
    assert upper.y == pytest.approx(lower.y + 10)


def test_a_word_too_long_for_its_box_keeps_its_width(tmp_path: Path) -> None:
    doc = ezdxf.new("R2010")
    doc.modelspace().add_mtext("longest", dxfattribs={"char_height": 10, "width": 12})
    answer, out = drawn(doc, tmp_path)
    assert "textLength" not in (out / answer.sheets[0].svg).read_text(encoding="utf-8")


@pytest.mark.parametrize(("flags", "more"), [(1, False), (0, True)])
def test_dashes_in_a_viewport_are_measured_on_paper_or_in_the_model(tmp_path: Path, flags: int, *, more: bool) -> None:
    doc = ezdxf.new("R2010", setup=True)
    doc.modelspace().add_line((0, 0), (100, 0), {"linetype": "DASHED"})
    paper = doc.layout("Layout1")
    paper.reset_main_viewport()
    paper.dxf_layout.dxf.layout_flags = flags
    paper.add_viewport(center=(50, 5), size=(100, 10), view_center_point=(50, 0), view_height=100, status=2)
    answer, out = drawn(doc, tmp_path)
    # At a scale of 1:10 the line is 10 units long on paper.
    assert answer.sheets[1].name == "Layout1"
    assert (strokes(answer, out, 1) > strokes(answer, out, 0) / 2) is more


def test_a_second_viewport_that_shows_paper_on_itself_is_paper_too(tmp_path: Path) -> None:
    doc = ezdxf.new("R2010")
    doc.modelspace().add_circle((5, 5), 3)
    paper = doc.layout("Layout1")
    paper.reset_main_viewport()
    paper.add_line((0, 0), (10, 0))
    once = paper.add_viewport(center=(5, 5), size=(10, 10), view_center_point=(5, 5), view_height=10, status=1)
    once.dxf.id = 7
    answer, _ = drawn(doc, tmp_path)
    assert answer.sheets[1].extents == (0, 0, 10, 0)


def test_a_helix_is_drawn(tmp_path: Path) -> None:
    doc = ezdxf.new("R2010")
    doc.modelspace().add_helix(radius=3, pitch=2, turns=3)
    answer, _ = drawn(doc, tmp_path)
    assert answer.outcome == "drawn"
