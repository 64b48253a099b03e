"""Whole drawings, through the real child process: what is drawn, what is said of the rest."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import ezdxf
import pytest

from portal.rendering import MANIFEST, Rendering, render
from tests.rendering.dxf_text import block, codepage, drawing, entity, insert, layer, line, tags, text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Draw = Callable[..., tuple[Rendering, Path]]

KOREAN = "외벽 마감 평면도"
SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = {"svg", "g", "path", "text", "tspan", "defs", "clipPath"}


@pytest.fixture
def draw(tmp_path: Path) -> Draw:
    """Render a drawing given as text or bytes; the answer and the folder."""

    def drawn(content: str | bytes, **options: str) -> tuple[Rendering, Path]:
        source, out = tmp_path / "source", tmp_path / "out"
        source.write_bytes(content if isinstance(content, bytes) else content.encode())
        return render(source, out, **options), out  # type: ignore[arg-type]

    return drawn


def svg_of(answer: Rendering, out: Path, sheet: int = 0) -> str:
    return (out / answer.sheets[sheet].svg).read_text(encoding="utf-8")


def words_of(answer: Rendering) -> list[str]:
    return [shown.text for sheet in answer.sheets for shown in sheet.texts]


def test_a_plain_drawing_is_drawn_whole(draw: Draw) -> None:
    answer, out = draw(drawing(line(0, 0, 100, 50), text(KOREAN, 10, 10, 5, (62, 3)), layers=layer("0")))
    assert (answer.outcome, answer.reason, answer.skipped) == ("drawn", "", {})
    sheet = answer.sheets[0]
    assert (sheet.objects, sheet.drawn, sheet.extents) == (2, 2, (0, 0, 100, 50))
    assert [(shown.text, shown.x, shown.y, shown.height) for shown in sheet.texts] == [(KOREAN, 10, 10, 5)]
    assert KOREAN in svg_of(answer, out)


def paper(size: float, units: int) -> bytes:
    """A drawing in metres with one layout on paper of 34 by 22 inches, and a frame `size` units wide on it."""
    document = ezdxf.new("R2010", units=6)
    document.modelspace().add_line((0, 0), (9, 9))
    layout = document.layout("Layout1")
    layout.dxf_layout.dxf.update({"plot_paper_units": units, "paper_width": 863.6, "paper_height": 558.8})
    layout.add_lwpolyline([(0, 0), (size, 0), (size, size / 2)])
    stream = io.StringIO()
    document.write(stream)
    return stream.getvalue().encode()


@pytest.mark.parametrize(
    ("size", "units", "shown"),
    [(32, 0, "in"), (36, 0, "in"), (32, 1, "mm"), (840, 1, "mm"), (840, 0, "mm")],
    ids=["inches", "beyond-the-edge", "small-on-metric-paper", "metric", "metric-on-paper-nobody-set-up"],
)
def test_a_layout_in_inches_says_so(draw: Draw, size: float, units: int, shown: str) -> None:
    answer, out = draw(paper(size, units))
    assert [sheet.units for sheet in answer.sheets] == ["m", shown]
    assert f' data-units="{shown}"' in svg_of(answer, out, 1)


def test_the_answer_is_also_the_manifest_beside_the_sheets(draw: Draw) -> None:
    answer, out = draw(drawing(line(0, 0, 1, 1)))
    assert Rendering.read(out) == answer
    assert json.loads((out / MANIFEST).read_text())["sheets"][0]["parts"] == []


def test_a_point_of_the_svg_can_be_turned_back_into_drawing_units(draw: Draw) -> None:
    answer, out = draw(drawing(line(1000, 2000, 1100, 2050), text("A", 1020, 2010, 5)))
    root = ET.fromstring(svg_of(answer, out))
    scale = float(root.attrib["data-scale"])
    x0, y1 = map(float, root.attrib["data-origin"].split())
    shown = next(root.iter(f"{SVG}text"))
    assert x0 + float(shown.attrib["x"]) / scale == pytest.approx(1020, abs=0.01)
    assert y1 - float(shown.attrib["y"]) / scale == pytest.approx(2010, abs=0.01)


def test_the_svg_holds_nothing_but_shapes(draw: Draw) -> None:
    evil = '"><script>alert(1)</script><a href="javascript:alert(1)">&#x0;'
    answer, out = draw(drawing(text(evil, 0, 0, 5, (62, 2)), line(0, 0, 1, 1)))
    for name in (answer.sheets[0].svg, answer.sheets[0].thumb):
        content = (out / name).read_text(encoding="utf-8")
        root = ET.fromstring(content)
        assert {element.tag.removeprefix(SVG) for element in root.iter()} <= ALLOWED
        names = {name for element in root.iter() for name in element.attrib}
        assert not [name for name in names if name.startswith("on") or name in {"style", "href"}]
        assert not re.search(r"\b(nan|inf)\b", content)
    assert words_of(answer) == [evil]


def test_layers_are_classes_and_hidden_ones_are_kept_but_not_shown(draw: Draw) -> None:
    layers = layer("벽체", 1) + layer("치수", -3) + layer("가구", 5, flags=1)
    answer, out = draw(
        drawing(line(0, 0, 9, 0, "벽체"), line(0, 1, 9, 1, "치수"), line(0, 2, 9, 2, "가구"), layers=layers)
    )
    listed = {shown.name: shown for shown in answer.sheets[0].layers}
    assert {name: (shown.on, shown.colour) for name, shown in listed.items()} == {
        "벽체": (True, "#ff0000"),
        "치수": (False, "#00ff00"),
        "가구": (False, "#0000ff"),
    }
    root = ET.fromstring(svg_of(answer, out))
    for shown in listed.values():
        groups = [group for group in root.iter(f"{SVG}g") if shown.css in group.get("class", "").split()]
        assert len(groups) == 1
        assert (groups[0].get("display") == "none") is not shown.on


def test_foreground_colour_follows_the_page(draw: Draw) -> None:
    answer, out = draw(drawing(line(0, 0, 9, 0), line(0, 1, 9, 1, "0", (62, 1))))
    svg = svg_of(answer, out)
    assert svg.count('stroke="#ff0000"') == 1
    assert "#ffffff" not in svg


def test_content_of_a_block_takes_the_references_layer_and_colour(draw: Draw) -> None:
    inner = line(0, 0, 1, 0, "0", (62, 0)) + line(0, 1, 1, 1)
    answer, out = draw(drawing(insert("A", 5, 5, (62, 3), layer="문"), blocks=block("A", inner), layers=layer("문", 1)))
    svg = svg_of(answer, out)
    assert [shown.name for shown in answer.sheets[0].layers] == ["문"]
    assert 'stroke="#00ff00"' in svg
    assert 'stroke="#ff0000"' in svg
    assert answer.sheets[0].extents == (5, 5, 6, 6)


def test_rows_and_columns_of_a_reference_are_drawn_turned_with_it(draw: Draw) -> None:
    grid = insert("A", 0, 0, (50, 90), (70, 3), (71, 2), (44, 10), (45, 20))
    answer, _ = draw(drawing(grid, blocks=block("A", line(0, 0, 1, 0))))
    assert answer.sheets[0].extents == pytest.approx((-20, 0, 0, 21))
    answer, _ = draw(drawing(insert("A"), blocks=block("A", line(0, 0, 1, 0))))
    assert answer.sheets[0].layers[0].objects == 1


def test_a_linetype_is_broken_into_dashes(draw: Draw) -> None:
    pattern = tags((0, "LTYPE"), (2, "DASHED"), (70, 0), (3, "__ __"), (72, 65), (73, 2), (40, 10), (49, 6), (49, -4))
    answer, out = draw(drawing(line(0, 0, 100, 0, "0", (6, "DASHED")), linetypes=pattern, layers=layer("0")))
    assert svg_of(answer, out).count("h") > 10


def test_one_bad_object_does_not_cost_the_others(draw: Draw) -> None:
    answer, out = draw(
        drawing(line("nan", 0, 1, 1), line(0, 0, 1e300, 1), insert("missing"), entity("ACAD_THING"), line(0, 0, 5, 5))
    )
    assert answer.outcome == "partial"
    assert answer.skipped == {"LINE": 2, "INSERT": 1, "ACAD_THING": 1}
    assert "5개 중 4개" in answer.message
    assert answer.sheets[0].extents == (0, 0, 5, 5)
    assert "nan" not in svg_of(answer, out)


def test_a_drawing_of_which_nothing_can_be_shown_is_never_a_blank_one(draw: Draw) -> None:
    for content, reason in ((entity("ACAD_THING"), "nothing-drawn"), ("", "empty-drawing")):
        answer, out = draw(drawing(content))
        assert (answer.outcome, answer.reason) == ("refused", reason)
        assert not list(out.glob("sheet-*.svg"))


@pytest.mark.parametrize(
    ("version", "page", "written"),
    [
        ("AC1009", "ANSI_949", "cp949"),
        ("AC1009", "ANSI_949", "utf-8"),
        ("AC1015", "ANSI_1252", "cp949"),
        ("AC1015", "KSC5601", "cp949"),
        ("AC1009", "", "cp949"),
        ("AC1027", "ANSI_949", "cp949"),
        ("AC1027", "ANSI_949", "utf-8-sig"),
    ],
)
def test_hangul_is_right_in_every_code_page_case(draw: Draw, version: str, page: str, written: str) -> None:
    content = drawing(
        text(KOREAN, 0, 0, 5, layer="벽체"),
        version=version,
        header=codepage(page) if page else "",
        layers=layer("벽체"),
    )
    answer, out = draw(content.encode(written))
    assert words_of(answer) == [KOREAN]
    assert [shown.name for shown in answer.sheets[0].layers] == ["벽체"]
    assert KOREAN in svg_of(answer, out)


def test_a_person_can_choose_another_encoding(draw: Draw) -> None:
    content = drawing(text("é", 0, 0, 5), header=codepage("ANSI_949")).encode("cp1250")
    answer, _ = draw(content, encoding="cp1250")
    assert (words_of(answer), answer.source.encoding) == (["é"], "cp1250")


def test_an_unknown_encoding_is_the_callers_mistake(draw: Draw) -> None:
    with pytest.raises(ValueError, match="rot13"):
        draw(drawing(line(0, 0, 1, 1)), encoding="rot13")


def test_mtext_is_wrapped_and_keeps_its_looks(draw: Draw) -> None:
    content = r"{\C1;빨강} \Lunder\l " + "가나다라 " * 20 + r"\P둘째 문단"
    words = entity(
        "MTEXT", (100, "AcDbEntity"), (100, "AcDbMText"), (10, 0), (20, 0), (40, 5), (41, 60), (71, 1), (1, content)
    )
    answer, out = draw(drawing(words, version="AC1015"))
    svg = svg_of(answer, out)
    assert len(words_of(answer)) > 4
    assert words_of(answer)[-1] == "둘째 문단"
    assert 'fill="#ff0000">빨강' in svg
    assert 'text-decoration="underline">under' in svg


def test_fitted_text_has_the_length_it_was_given(draw: Draw) -> None:
    fitted = text("FIT", 0, 0, 5, (72, 5), (11, 100), (21, 0))
    answer, out = draw(drawing(fitted, line(0, 0, 100, 0)))
    shown = next(ET.fromstring(svg_of(answer, out)).iter(f"{SVG}text"))
    scale = float(re.search(r'data-scale="([^"]+)"', svg_of(answer, out))[1])  # type: ignore[index]
    assert float(shown.attrib["textLength"]) == pytest.approx(100 * scale, rel=1e-3)


def test_thumbnails_are_small_and_leave_out_what_cannot_be_seen(draw: Draw) -> None:
    lines = [line(number % 100, number // 100, number % 100 + 0.9, number // 100 + 0.5) for number in range(8000)]
    answer, out = draw(drawing(*lines))
    assert answer.sheets[0].objects == 8000
    assert (out / answer.sheets[0].thumb).stat().st_size <= 60_000


def test_a_stray_object_far_away_is_kept_but_not_framed(draw: Draw) -> None:
    lines = [line(number, 0, number + 1, 1) for number in range(50)]
    answer, _ = draw(drawing(*lines, line(5e7, 5e7, 5e7 + 1, 5e7)))
    assert answer.sheets[0].extents == (0, 0, 50, 1)
    assert answer.sheets[0].full[2] > 5e7


def test_a_cut_file_is_drawn_as_far_as_it_goes_and_says_so(draw: Draw) -> None:
    whole = drawing(*(line(number, 0, number, 9) for number in range(100)))
    answer, _ = draw(whole[: int(len(whole) * 0.8)])
    assert (answer.outcome, answer.reason) == ("partial", "cut")
    assert 60 < answer.sheets[0].objects < 100
    assert "잘려" in answer.message


def test_a_file_cut_before_its_objects_is_refused(draw: Draw) -> None:
    whole = drawing(line(0, 0, 1, 1), blocks=block("A", *(line(0, 0, 1, 1) for _ in range(50))))
    answer, _ = draw(whole[: len(whole) // 2])
    assert (answer.outcome, answer.reason) == ("refused", "lost")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty-file"),
        (b"<html><script>alert(1)</script></html>", "not-a-drawing"),
        (b"\x89PNG\r\n\x1a\n0000", "not-a-drawing"),
        (b"\x1f\x8b\x08\x00", "not-a-drawing"),
        (b"AC1032\x00\x00\x00\x00\x00", "damaged"),
        (b"%PDF-1.7\n%...", "pdf-damaged"),
        (b"AutoCAD Binary DXF\r\n\x1a\x00garbage" + bytes(range(256)), "damaged"),
        (b"0\nSECTION\n2\nENTITIES\n0\nLINE\nabc\nxyz\n0\nENDSEC\n0\nEOF\n", "lost"),
    ],
)
def test_what_is_no_drawing_is_refused_with_the_reason(draw: Draw, content: bytes, reason: str) -> None:
    answer, out = draw(content)
    assert (answer.outcome, answer.reason) == ("refused", reason)
    assert answer.message.endswith("십시오.")
    assert Rendering.read(out) == answer


def test_the_same_file_is_drawn_the_same_twice(draw: Draw) -> None:
    content = drawing(*(text(KOREAN, number, 0, 1) for number in range(20)), line(0, 0, 20, 20))
    first, out = draw(content)
    before = svg_of(first, out)
    second, out = draw(content)
    assert svg_of(second, out) == before


def test_names_a_cad_would_not_allow_are_shown_as_text(draw: Draw) -> None:
    answer, out = draw(drawing(line(0, 0, 1, 1, "<script>"), version="AC1015"))
    assert answer.sheets[0].layers[0].name.strip("<>＜＞") == "script"
    assert "<script" not in svg_of(answer, out)


def test_a_closed_spline_does_not_run_off_to_the_origin(draw: Draw) -> None:
    ring = [(100, 100), (110, 100), (110, 110), (100, 110), (100, 100), (110, 100), (110, 110)]
    points = [pair for x, y in ring for pair in ((10, x), (20, y))]
    knots = [(40, number) for number in range(11)]
    curve = entity(
        "SPLINE", (100, "AcDbEntity"), (100, "AcDbSpline"), (70, 11), (71, 3), (72, 11), (73, 7), *knots, *points
    )
    answer, _ = draw(drawing(curve, version="AC1015"))
    x0, y0, x1, y1 = answer.sheets[0].extents
    assert (x0 > 100, y0 > 100, x1 < 110, y1 < 110) == (True, True, True, True)
