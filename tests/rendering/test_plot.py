"""Plots: what is measured on the paper is what the drawing says."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from pypdfium2 import raw

from portal.rendering import Plot, plot
from portal.rendering.command import main
from portal.rendering.paper import paper_of
from portal.rendering.plotting import arc_curves
from tests.rendering.dxf_text import drawing, entity, layer, line, tags, text

ROOT = Path(__file__).resolve().parents[2]
FONT = str(ROOT / "static" / "vendor" / "pretendard" / "Pretendard-Regular.ttf")
A3 = (420.0, 297.0)
DOTS = 10
"""To the millimetre, in the pictures that are measured."""


def plotted(tmp_path: Path, content: str, order: Plot) -> bytes:
    source, out = tmp_path / "plan.dxf", tmp_path / "plan.pdf"
    source.write_text(content, encoding="utf-8")
    answer = plot(source, out, order, name="평면도")
    assert answer.outcome == "drawn", answer.message
    assert answer.sheets == ()
    return out.read_bytes()


def seen(pdf: bytes) -> np.ndarray:
    """The page as grey dots, ten to a millimetre."""
    page = pypdfium2.PdfDocument(pdf)[0]
    return np.asarray(page.render(scale=DOTS * 25.4 / 72).to_pil().convert("L"))


def box_of(dots: np.ndarray) -> tuple[float, float, float, float]:
    """What is drawn, in mm from the left and from the bottom: left, bottom, width, height."""
    rows, columns = np.where(dots < 128)
    return (
        columns.min() / DOTS,
        (dots.shape[0] - 1 - rows.max()) / DOTS,
        (columns.max() - columns.min() + 1) / DOTS,
        (rows.max() - rows.min() + 1) / DOTS,
    )


def rectangle(width: float, height: float) -> str:
    corners = ((0, 0), (width, 0), (width, height), (0, height))
    return "".join(line(*one, *other) for one, other in itertools.pairwise((*corners, corners[0])))


def test_a_length_is_true_to_scale_in_the_middle_of_the_paper(tmp_path: Path) -> None:
    pdf = plotted(tmp_path, drawing(rectangle(20_000, 10_000)), Plot(A3, FONT, scale=100))
    page = pypdfium2.PdfDocument(pdf)[0]
    assert [side * 25.4 / 72 for side in page.get_size()] == pytest.approx(A3, abs=0.01)
    left, bottom, width, height = box_of(seen(pdf))
    assert (width - 0.25, height - 0.25) == pytest.approx((200, 100), abs=0.15)
    assert (left + width / 2, bottom + height / 2) == pytest.approx((210, 148.5), abs=0.15)


def test_a_drawing_in_metres_and_a_tall_one_on_standing_paper(tmp_path: Path) -> None:
    content = drawing(rectangle(10, 20), header=tags((9, "$INSUNITS"), (70, 6)))
    pdf = plotted(tmp_path, content, Plot(A3, FONT, scale=100))
    assert seen(pdf).shape == pytest.approx((4200, 2970), abs=1)
    assert box_of(seen(pdf))[2:] == pytest.approx((100.25, 200.25), abs=0.15)


def test_without_a_scale_the_largest_usual_one_is_taken(tmp_path: Path) -> None:
    pdf = plotted(tmp_path, drawing(rectangle(20_000, 10_000)), Plot(A3, FONT))
    assert box_of(seen(pdf))[2] == pytest.approx(400.25, abs=0.15)  # 1:50


def test_a_window_shows_what_lies_in_it_and_nothing_else(tmp_path: Path) -> None:
    content = drawing(rectangle(20_000, 10_000), line(1000, 1000, 3000, 2000), line(5000, 5000, 9000, 9000))
    pdf = plotted(tmp_path, content, Plot(A3, FONT, scale=10, window=(500, 500, 4000, 3000)))
    left, bottom, width, height = box_of(seen(pdf))
    assert (width, height) == pytest.approx((200.2, 100.2), abs=0.2)
    assert (left, bottom) == pytest.approx((35 + 50, 23.5 + 50), abs=0.3)


@pytest.mark.parametrize(("hundredths", "millimetres"), [(13, 0.13), (50, 0.5), (200, 2.0)])
def test_a_lineweight_is_as_wide_as_it_says(tmp_path: Path, hundredths: int, millimetres: float) -> None:
    pdf = plotted(tmp_path, drawing(line(0, 0, 100, 0, "0", (370, hundredths))), Plot(A3, FONT, scale=1))
    dots = 255 - seen(pdf)[:, 2100].astype(float)
    assert dots.sum() / 255 / DOTS == pytest.approx(millimetres, abs=0.02)


def test_letters_can_be_searched_and_are_as_high_as_the_drawing_says(tmp_path: Path) -> None:
    content = drawing(text("평면도 HHH ㈜", 0, 0, 50))
    pdf = plotted(tmp_path, content, Plot((1189.0, 841.0), FONT, scale=1))
    page = pypdfium2.PdfDocument(pdf)[0]
    assert page.get_textpage().get_text_range() == "평면도 HHH ㈜"
    only = plotted(tmp_path, drawing(text("HHH", 0, 0, 50)), Plot(A3, FONT, scale=1))
    assert box_of(seen(only))[3] == pytest.approx(50, rel=0.04)


def test_colours_are_those_of_the_drawing_or_all_black(tmp_path: Path) -> None:
    content = drawing(line(0, 0, 100, 0, "0", (62, 1), (370, 200)))
    colours = []
    for mono in (False, True):
        pdf = plotted(tmp_path, content, Plot(A3, FONT, scale=1, mono=mono))
        picture = pypdfium2.PdfDocument(pdf)[0].render(scale=1).to_pil().convert("RGB")
        colours.append(picture.getpixel((picture.width // 2, picture.height // 2)))
    assert colours == [(255, 0, 0), (0, 0, 0)]


def test_a_layer_that_is_off_is_not_plotted_and_the_same_drawing_gives_the_same_bytes(tmp_path: Path) -> None:
    hidden = line(0, 0, 200, 100, "HIDDEN")
    content = drawing(
        rectangle(200, 100), entity("CIRCLE", (10, 50), (20, 50), (40, 20)), hidden, layers=layer("HIDDEN", -3)
    )
    first, second = (plotted(tmp_path, content, Plot(A3, FONT, scale=1)) for _ in range(2))
    assert first == second
    assert seen(first)[1485, 1600] == 255
    objects = pypdfium2.PdfDocument(first)[0].get_objects(filter=(raw.FPDF_PAGEOBJ_PATH,))
    assert len(list(objects)) <= 2  # Neighbours of one look share a path.


def test_the_curves_of_an_arc_keep_to_it() -> None:
    step = ("A", 0, 0, 100, 0, 0, 100, 0.3, 5.9)
    here = (100 * np.cos(0.3), 100 * np.sin(0.3))
    part = np.linspace(0, 1, 50)[:, None]
    for one, two, end in arc_curves(step):
        points = (
            (1 - part) ** 3 * here + 3 * (1 - part) ** 2 * part * one + 3 * (1 - part) * part**2 * two + part**3 * end
        )
        assert np.abs(np.hypot(points[:, 0], points[:, 1]) - 100).max() < 0.03
        here = end
    assert here == pytest.approx((100 * np.cos(5.9), 100 * np.sin(5.9)))


def test_what_does_not_fit_on_the_paper_is_told_with_the_scale_that_does(tmp_path: Path) -> None:
    source, out = tmp_path / "plan.dxf", tmp_path / "plan.pdf"
    source.write_text(drawing(rectangle(20_000, 10_000)), encoding="utf-8")
    answer = plot(source, out, Plot(A3, FONT, scale=20))
    assert (answer.outcome, answer.reason) == ("refused", "plot-too-small")
    assert "1:20" in answer.message
    assert "1:50" in answer.message
    assert not out.exists()
    assert plot(source, out, Plot(A3, FONT, scale=100, sheet=3)).reason == "plot-no-sheet"


def test_the_command_plots_and_says_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "plan.dxf", tmp_path / "plan.pdf"
    source.write_text(drawing(rectangle(200, 100)), encoding="utf-8")
    order = [str(source), "--pdf", str(out), "--scale", "1:2", "--paper", "A4", "--window", "-10,-10,210,110", "--json"]
    assert main(order) == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "drawn"
    assert box_of(seen(out.read_bytes()))[2:] == pytest.approx((100.25, 50.25), abs=0.15)
    assert main([str(source), "--pdf", str(out), "--scale", "0"]) == 2
    assert main([str(source), "--pdf", str(out), "--paper", "B9"]) == 2
    assert main([str(source), "--pdf", str(out), "--window", "1,2,3"]) == 2
    assert main([str(source), "--pdf", str(out), "--font", str(tmp_path / "none.ttf")]) == 2
    assert main([str(out), "--pdf", str(tmp_path / "again.pdf")]) == 3


def test_paper_is_named_or_measured() -> None:
    assert paper_of("a1") == ((841.0, 594.0), True)
    assert paper_of("600x300") == ((600.0, 300.0), False)
    assert paper_of("99999x1") is paper_of("0x5") is paper_of("letter") is None
