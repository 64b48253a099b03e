"""Files that a drawing names: listed by name, drawn when they are handed in, and opened by nobody otherwise."""

from __future__ import annotations

import io
import itertools
import json
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from ezdxf import xref
from ezdxf.addons.acadctb import ColorDependentPlotStyles, NamedPlotStyles
from ezdxf.document import Drawing

from portal.rendering import Limits, Reference
from portal.rendering.command import main
from portal.rendering.references import key_of
from tests.rendering.referring import Make, drawn, of_kind, picture, svg_of, with_picture

FONT = Path(__file__).resolve().parents[2] / "static" / "vendor" / "pretendard" / "Pretendard-Regular.ttf"
HANGUL = Path(__file__).parent / "data" / "hangul_r2000.dwg"


def test_a_referred_drawing_is_drawn_with_its_layers_under_its_name(tmp_path: Path, make: Make) -> None:
    host, plan = make("host", plan=r"C:\도면\PLAN.dxf"), make("plan")
    missing = drawn(tmp_path, host)
    assert of_kind(missing, "xref") == [Reference("PLAN.dxf", "xref", False, "이 파일의 내용은 비워 두고 표시합니다.")]
    assert missing.sheets[0].extents == (0, 0, 100, 0)
    found = drawn(tmp_path, host, plan_dxf=plan)
    assert found.outcome == "drawn"
    assert of_kind(found, "xref") == [Reference("PLAN.dxf", "xref", True, "")]
    assert [(layer.name, layer.objects) for layer in found.sheets[0].layers] == [("plan|WALL", 1), ("WALL", 1)]
    assert found.sheets[0].extents == (0, 0, 100, 50)


def test_what_the_drawing_says_of_a_layer_of_its_reference_is_what_counts(tmp_path: Path, make: Make) -> None:
    host = make("host", lambda doc: doc.layers.add("plan|WALL", color=1).off(), plan="plan.dxf")
    layers = {layer.name: layer for layer in drawn(tmp_path, host, plan_dxf=make("plan")).sheets[0].layers}
    assert (layers["plan|WALL"].colour, layers["plan|WALL"].on) == ("#ff0000", False)


def test_a_reference_of_a_reference_is_listed_when_the_first_is_there_and_drawn_when_both_are(
    tmp_path: Path, make: Make
) -> None:
    host, plan, column = make("host", plan="plan.dxf"), make("plan", column="column.dxf"), make("column")
    assert [one.name for one in of_kind(drawn(tmp_path, host), "xref")] == ["plan.dxf"]
    second = drawn(tmp_path, host, plan_dxf=plan)
    assert [(one.name, one.found) for one in of_kind(second, "xref")] == [("plan.dxf", True), ("column.dxf", False)]
    third = drawn(tmp_path, host, plan_dxf=plan, column_dxf=column)
    assert [layer.name for layer in third.sheets[0].layers] == ["column|WALL", "plan|WALL", "WALL"]
    assert third.sheets[0].extents == (0, 0, 100, 100)


def test_a_drawing_that_is_only_laid_over_a_reference_is_not_shown_in_the_third(tmp_path: Path, make: Make) -> None:
    def laid_over(doc: Drawing) -> None:
        xref.attach(doc, block_name="grid", filename="grid.dxf", overlay=True)

    host, plan, grid = make("host", plan="plan.dxf"), make("plan", laid_over), make("grid")
    assert [one.name for one in of_kind(drawn(tmp_path, host, plan_dxf=plan, grid_dxf=grid), "xref")] == ["plan.dxf"]
    assert "grid|WALL" in [layer.name for layer in drawn(tmp_path, plan, grid_dxf=grid).sheets[0].layers]


def test_drawings_that_refer_to_each_other_are_drawn_once_and_the_circle_is_named(tmp_path: Path, make: Make) -> None:
    host, one, other = make("host", one="one.dxf"), make("one", other="other.dxf"), make("other", one="ONE.dxf")
    answer = drawn(tmp_path, host, one_dxf=one, other_dxf=other)
    assert answer.outcome == "drawn"
    notes = {one.name: one.note for one in of_kind(answer, "xref")}
    assert notes == {"one.dxf": "자기 자신을 다시 참조합니다. 이 파일의 내용은 비워 두고 표시합니다.", "other.dxf": ""}
    itself = make("itself", copy="copy.dxf")
    (circle,) = of_kind(drawn(tmp_path, itself, copy_dxf=itself), "xref")
    assert circle.note.startswith("자기 자신을")


def test_references_deeper_than_the_limit_are_left_out(tmp_path: Path, make: Make) -> None:
    files = {f"d{number}_dxf": make(f"d{number}", **{f"d{number + 1}": f"d{number + 1}.dxf"}) for number in range(4)}
    answer = drawn(tmp_path, make("host", d0="d0.dxf"), replace(Limits(), reference_depth=2), **files)
    assert len([layer for layer in answer.sheets[0].layers if "|" in layer.name]) == 2
    assert [one.note[:3] for one in of_kind(answer, "xref")] == ["", "", "참조가"]


def test_the_objects_of_references_count_in_the_drawings_own_budget(tmp_path: Path, make: Make) -> None:
    def many(doc: Drawing) -> None:
        for number in range(30):
            doc.modelspace().add_blockref("plan", (number, 0))

    host = make("host", many, plan="plan.dxf")
    plan = make("plan", lambda doc: [doc.modelspace().add_line((0, n), (9, n)) for n in range(40)])
    refused = drawn(tmp_path, host, replace(Limits(), objects=1000), plan_dxf=plan)
    assert (refused.outcome, refused.reason) == ("refused", "too-many-objects")
    assert drawn(tmp_path, host, replace(Limits(), objects=2000), plan_dxf=plan).outcome == "drawn"


def test_a_reference_that_is_no_drawing_or_broken_costs_only_itself(tmp_path: Path, make: Make) -> None:
    junk = tmp_path / "junk"
    junk.write_bytes(b"%PDF-1.7 is no drawing to refer to")
    broken = tmp_path / "broken"
    broken.write_bytes(HANGUL.read_bytes()[:900])
    host = make("host", plan="plan.dxf", old="old.dwg")
    answer = drawn(tmp_path, host, plan_dxf=junk, old_dwg=broken)
    assert answer.outcome == "drawn"
    assert all(one.found and one.note.endswith("비워 두고 표시합니다.") for one in of_kind(answer, "xref"))


def test_a_dwg_is_drawn_as_a_reference(tmp_path: Path, make: Make) -> None:
    answer = drawn(tmp_path, make("host", old="old.dwg"), old_dwg=HANGUL)
    assert any("평면도" in text.text for text in answer.sheets[0].texts)


def test_the_base_point_of_a_reference_lies_where_it_is_inserted(tmp_path: Path, make: Make) -> None:
    def based(doc: Drawing) -> None:
        doc.header["$INSBASE"] = (100, 10, 0)

    answer = drawn(tmp_path, make("host", plan="plan.dxf"), plan_dxf=make("plan", based))
    assert answer.sheets[0].extents == (-100, 0, 100, 40)


def test_a_drawing_whose_references_are_all_missing_names_them(tmp_path: Path, make: Make) -> None:
    host = make("host", lambda doc: doc.modelspace().delete_entity(doc.modelspace()[0]), plan="plan.dwg")
    answer = drawn(tmp_path, host)
    assert (answer.outcome, answer.reason) == ("refused", "references-missing")
    assert "plan.dwg" in answer.message
    assert of_kind(answer, "xref")


def test_a_picture_is_drawn_when_it_is_handed_in_and_framed_when_not(tmp_path: Path, make: Make) -> None:
    host = make("host", with_picture("D:/그림/Logo.PNG"))
    missing = drawn(tmp_path, host)
    assert of_kind(missing, "image") == [Reference("Logo.PNG", "image", False, "그림 대신 테두리만 표시합니다.")]
    assert "<image" not in svg_of(tmp_path, missing)
    found = drawn(tmp_path, host, logo_png=picture(tmp_path))
    assert of_kind(found, "image") == [Reference("Logo.PNG", "image", True, "")]
    svg = svg_of(tmp_path, found)
    assert svg.count('href="data:image/webp;base64,') == 1
    assert svg.count("href=") == 1


def test_a_clipped_picture_is_cut_and_a_faded_one_fades(tmp_path: Path, make: Make) -> None:
    def fill(doc: Drawing) -> None:
        with_picture("logo.png", fade=40)(doc)
        doc.modelspace().query("IMAGE").first.set_boundary_path([(0, 0), (20, 0), (0, 20)])  # type: ignore[union-attr]

    svg = svg_of(tmp_path, drawn(tmp_path, make("host", fill), logo_png=picture(tmp_path)))
    assert 'clip-path="url(#s0c0)"' in svg
    assert 'opacity="0.60"' in svg


def test_a_picture_too_large_or_broken_is_framed_and_said(tmp_path: Path, make: Make) -> None:
    host = make("host", with_picture("logo.png"))
    small = replace(Limits(), pixels=100)
    (large,) = of_kind(drawn(tmp_path, host, small, logo_png=picture(tmp_path)), "image")
    assert large.note == "그림이 너무 큽니다. 그림 대신 테두리만 표시합니다."
    file = picture(tmp_path)
    file.write_bytes(file.read_bytes()[:40])
    answer = drawn(tmp_path, host, logo_png=file)
    (broken,) = of_kind(answer, "image")
    assert broken.note == "그림 파일을 읽을 수 없습니다. 그림 대신 테두리만 표시합니다."
    assert answer.outcome == "drawn"


def test_more_pictures_than_a_sheet_may_hold_are_frames(tmp_path: Path, make: Make) -> None:
    def twice(doc: Drawing) -> None:
        with_picture("logo.png")(doc)
        with_picture("logo.png")(doc)

    host, file = make("host", twice), picture(tmp_path)
    assert svg_of(tmp_path, drawn(tmp_path, host, logo_png=file)).count("<image") == 2
    assert svg_of(tmp_path, drawn(tmp_path, host, replace(Limits(), pictures=60), logo_png=file)).count("<image") == 1


def test_fonts_and_plot_styles_are_listed_with_what_stands_in_for_them(tmp_path: Path, make: Make) -> None:
    def fill(doc: Drawing) -> None:
        doc.styles.add("한글", font="romans.shx").dxf.bigfont = r"C:\fonts\whgtxt.shx"
        doc.layout().dxf.current_style_sheet = "사무소.ctb"

    answer = drawn(tmp_path, make("host", fill))
    assert {(one.name, one.kind, one.found) for one in answer.references} == {
        ("사무소.ctb", "plot style", False), ("txt.shx", "font", False), ("romans.shx", "font", False),
        ("whgtxt.shx", "font", False),
    }  # fmt: skip
    assert {one.note for one in of_kind(answer, "font")} == {"Pretendard 글꼴로 대신 표시합니다."}


def test_plot_styles_change_a_plot_only_when_they_are_asked_for(
    tmp_path: Path, make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    styles = ColorDependentPlotStyles()
    styles[3].color = (0, 0, 255)
    styles[3].set_lineweight(2.0)
    file = tmp_path / "given"
    file.write_bytes(_packed(styles))

    def fill(doc: Drawing) -> None:
        doc.modelspace().add_line((0, 50), (100, 50), dxfattribs={"layer": "WALL"})
        doc.layout().dxf.current_style_sheet = "office.ctb"

    host = make("host", fill)
    pages, told = [], []
    for name, content in (("", None), ("office.ctb", None), ("office.ctb", b"no styles")):
        if content:
            file.write_bytes(content)
        order = [str(host), "--pdf", str(tmp_path / "plot.pdf"), "--paper", "200x100", "--scale", "1", "--json"]
        assert main([*order, "--reference", f"office.ctb={file}", "--styles", name]) == 0
        told.append(
            next(one for one in json.loads(capsys.readouterr().out)["references"] if one["kind"] == "plot style")
        )
        pages.append(_pixels(tmp_path / "plot.pdf"))
    assert [(page == (0, 0, 255)).all(axis=2).sum() > 1000 for page in pages] == [False, True, False]
    assert [(page == (0, 255, 0)).all(axis=2).any() for page in pages] == [True, False, True]
    assert [one["found"] for one in told] == [True] * 3
    assert [one["note"][:6] for one in told] == ["", "", "플롯 스타일"]


def test_named_plot_styles_are_those_of_the_object_its_reference_or_its_layer(tmp_path: Path, make: Make) -> None:
    styles = NamedPlotStyles()
    for name, colour in (("Existing", (255, 0, 0)), ("New", (0, 0, 255))):
        styles.new_style(name).color = colour
    file = tmp_path / "given"
    file.write_bytes(_packed(styles))

    def fill(doc: Drawing) -> None:
        doc.header["$PSTYLEMODE"] = 0
        names = doc.rootdict["ACAD_PLOTSTYLENAME"]
        handles = {}
        for name in ("EXISTING", "New"):
            names[name] = placeholder = doc.objects.add_placeholder(names.dxf.handle)
            handles[name] = placeholder.dxf.handle
        doc.layers.add("OLD").dxf.plotstyle_handle = handles["EXISTING"]
        space, block = doc.modelspace(), doc.blocks.new("STRIPE")
        space.add_line((0, 20), (100, 20), {"layer": "OLD", "lineweight": 211})
        space.add_line((0, 40), (100, 40), {"layer": "OLD", "lineweight": 211, "plotstyle_handle": handles["New"]})
        block.add_line((0, 0), (100, 0), {"lineweight": 200})
        space.add_blockref("STRIPE", (0, 60), {"plotstyle_handle": handles["New"]})
        space.add_line((0, 80), (100, 80), {"layer": "WALL", "lineweight": 211})

    host = make("host", fill)
    # ezdxf leaves out the number for "by block", which it takes for the default.
    text = host.read_text(encoding="utf-8")
    host.write_text(text.replace("370\n200\n", "370\n200\n380\n1\n"), encoding="utf-8")
    order = [str(host), "--pdf", str(tmp_path / "plot.pdf"), "--paper", "200x100", "--scale", "1"]
    assert main([*order, "--reference", f"office.stb={file}", "--styles", "office.stb"]) == 0
    # From above: the stripes at 80, 60, 40 and 20, and the line that every made drawing has.
    middle = _pixels(tmp_path / "plot.pdf")
    middle = middle[:, middle.shape[1] // 2]
    inked = middle[(middle != 255).any(axis=1)]
    seen = [tuple(dot) for dot, before in zip(inked[1:], inked, strict=False) if (dot == before).all()]
    assert [one for one, _ in itertools.groupby(seen)] == [(0, 255, 0), (0, 0, 255), (255, 0, 0), (0, 255, 0)]
    assert seen.count((0, 0, 255)) > 1.5 * seen.count((255, 0, 0))


def _packed(styles: ColorDependentPlotStyles | NamedPlotStyles) -> bytes:
    """A file as CADs write it; ezdxf's own writer makes the numbers of the head twice as long on this machine."""
    text = io.StringIO()
    styles.write_content(text)
    body = text.getvalue().encode() + b"\0"
    packed = zlib.compress(body)
    kind = "STB" if isinstance(styles, NamedPlotStyles) else "CTB"
    head = f"PIAFILEVERSION_2.0,{kind}VER1,compress\r\npmzlibcodec".encode()
    return head + struct.pack("<LLL", zlib.adler32(packed), len(body), len(packed)) + packed


def _pixels(pdf: Path):  # noqa: ANN202 - an array of dots
    import numpy as np  # noqa: PLC0415
    import pypdfium2  # noqa: PLC0415

    return np.asarray(pypdfium2.PdfDocument(pdf)[0].render(scale=4).to_pil().convert("RGB"))


def test_a_name_is_its_last_part_whatever_writes_it() -> None:
    assert key_of("C:\\도면\\Plan.DWG") == key_of("../plan.dwg") == key_of("//server/share/PLAN.dwg") == "plan.dwg"
    assert key_of("도면.dxf") == key_of("\u1103\u1169\u1106\u1167\u11ab.dxf")
    assert key_of("..\\") == ""


def test_more_files_than_the_limits_allow_are_refused(tmp_path: Path, make: Make) -> None:
    with pytest.raises(ValueError, match="3"):
        drawn(tmp_path, make("host"), replace(Limits(), references=2), a=FONT, b=FONT, c=FONT)
    with pytest.raises(OSError, match="absent"):
        drawn(tmp_path, make("host"), a=tmp_path / "absent")


def test_the_command_takes_references(tmp_path: Path, make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    host, plan = make("host", plan="plan.dxf"), make("plan")
    out = str(tmp_path / "out")
    assert main([str(host), "--out", out, "--json", "--reference", f"plan.dxf={plan}"]) == 0
    assert {"name": "plan.dxf", "kind": "xref", "found": True, "note": ""} in json.loads(capsys.readouterr().out)[
        "references"
    ]
    assert main([str(host), "--out", out, "--reference", "plan.dxf"]) == 2
