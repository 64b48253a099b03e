"""What is broken in a DXF costs what is broken, and a person is told."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import ezdxf
import pytest

from portal.rendering import Rendering, render
from portal.rendering.dxf_damage import without_damage
from tests.rendering.dxf_text import drawing, entity, layer, line, section, tags, text

if TYPE_CHECKING:
    from pathlib import Path

GOOD = line(0, 0, 10, 10) + line(10, 0, 0, 10)
NONE = frozenset[str]()


def rendered(tmp_path: Path, dxf: str) -> Rendering:
    source = tmp_path / "plan.dxf"
    source.write_text(dxf, encoding="utf-8")
    return render(source, tmp_path / "out")


def drawn(tmp_path: Path, dxf: str) -> int:
    answer = rendered(tmp_path, dxf)
    assert (answer.outcome, answer.reason) == ("partial", "recovered"), answer.message
    return answer.sheets[0].drawn


@pytest.mark.parametrize("number", ["1.m", "", "1,5", "0x10", "--1"])
def test_an_object_with_a_number_that_is_none_is_left_out_alone(tmp_path: Path, number: str) -> None:
    assert drawn(tmp_path, drawing(GOOD, line(number, 0, 5, 5), text("평면도", 1, 1, 2))) == 3


@pytest.mark.parametrize("colour", ["inf", "1e400", "nan", "빨강"])
def test_so_is_one_with_a_whole_number_that_is_none(tmp_path: Path, colour: str) -> None:
    assert drawn(tmp_path, drawing(GOOD, line(0, 0, 5, 5, "0", (62, colour)))) == 2


def test_reading_goes_on_at_the_next_object_after_a_line_that_is_no_group_code(tmp_path: Path) -> None:
    spoilt = line(0, 0, 5, 5).replace("11\n", "1l\n")
    assert drawn(tmp_path, drawing(spoilt, GOOD)) == 2
    assert drawn(tmp_path, drawing("stray words\n", GOOD)) == 2


def test_a_section_whose_end_is_lost_is_ended(tmp_path: Path) -> None:
    whole = drawing(GOOD, layers=layer("벽체", 3))
    tables, entities = whole.rsplit("0\nENDSEC\n", 1)
    assert drawn(tmp_path, tables + entities) == 2
    assert drawn(tmp_path, whole.replace("0\nENDSEC\n", "", 1)) == 2


def test_a_layer_with_a_broken_number_keeps_its_name(tmp_path: Path) -> None:
    dxf = drawing(line(0, 0, 5, 5, "벽체"), GOOD, layers=layer("벽체", 3).replace("70\n0\n", "70\nx\n"))
    answer = rendered(tmp_path, dxf)
    assert {found.name: found.colour for found in answer.sheets[0].layers}["벽체"] == "#00ff00"


def test_a_table_without_a_name_costs_its_entries_their_looks_only(tmp_path: Path) -> None:
    dxf = drawing(line(0, 0, 5, 5, "벽체"), layers=layer("벽체", 3)).replace("2\nLAYER\n70\n9\n", "70\n9\n")
    assert drawn(tmp_path, dxf) == 1


def test_layouts_keep_their_blocks_when_the_head_of_that_table_is_lost() -> None:
    doc = ezdxf.new("R2010")
    for name in ("둘째", "셋째"):
        doc.layouts.new(name).add_text(name)
    doc.layouts.set_active_layout("셋째")  # its block is then the first of the sheets'
    stream = StringIO()
    doc.write(stream)
    before, head, after = stream.getvalue().partition("  0\nTABLE\n  2\nBLOCK_RECORD\n")
    _, start, entries = after.partition("  0\nBLOCK_RECORD\n")
    assert head
    assert start
    found = ezdxf.read(StringIO(without_damage(before + start + entries, NONE)))
    assert [[one.dxf.text for one in found.layout(name)] for name in ("둘째", "셋째")] == [["둘째"], ["셋째"]]


def test_a_broken_vertex_costs_the_polyline_one_corner(tmp_path: Path) -> None:
    corners = [entity("VERTEX", (10, x), (20, y)) for x, y in ((0, 0), (5, "?"), (9, 9))]
    dxf = drawing(entity("POLYLINE", (66, 1), (70, 0)), *corners, tags((0, "SEQEND")), GOOD)
    assert drawn(tmp_path, dxf) == 3


def test_a_polyline_whose_end_is_lost_is_ended_before_the_next_object() -> None:
    corners = [entity("VERTEX", (10, x), (20, x)) for x in (0, 5)]
    kept = without_damage(section("ENTITIES", entity("POLYLINE", (66, 1)) + "".join(corners) + GOOD), NONE)
    assert kept.split("\n").index("SEQEND") < kept.split("\n").index("LINE")


def test_corners_of_a_polyline_that_is_left_out_are_left_out_with_it() -> None:
    corners = [entity("VERTEX", (10, x), (20, x)) for x in (0, 5)]
    kept = without_damage(section("ENTITIES", entity("POLYLINE", (40, "?")) + "".join(corners) + GOOD), NONE)
    assert "VERTEX" not in kept
    assert kept.count("LINE") == 2


def test_of_a_broken_header_the_units_stay() -> None:
    head = section(
        "HEADER", tags((9, "$ACADVER"), (1, "AC1032"), (9, "$INSUNITS"), (70, 4), (9, "$EXTMIN"), (10, 0), (9, ""))
    )
    kept = without_damage(head + section("ENTITIES", GOOD), NONE).split("\n")
    assert kept[kept.index("$INSUNITS") + 1 : kept.index("$INSUNITS") + 3] == ["70", "4"]
    assert "$EXTMIN" not in kept


def test_sections_that_are_not_wanted_are_left_out() -> None:
    kept = without_damage(section("OBJECTS", entity("DICTIONARY")) + section("ENTITIES", GOOD), frozenset({"OBJECTS"}))
    assert "DICTIONARY" not in kept
    assert kept.count("ENDSEC") == 1


def test_a_sound_drawing_keeps_every_line() -> None:
    whole = section(
        "TABLES", tags((0, "TABLE"), (2, "LAYER"), (70, 1)) + layer("벽체") + tags((0, "ENDTAB"))
    ) + section("ENTITIES", GOOD)
    kept = without_damage(whole + tags((0, "EOF")), NONE)
    assert [word.strip() for word in kept.split("\n")] == [
        word.strip() for word in (whole + tags((0, "EOF"))).split("\n")
    ]


def test_a_hatch_without_a_pattern_is_said_to_be_missing(tmp_path: Path) -> None:
    ring = [(10, 0), (20, 0), (10, 9), (20, 0), (10, 9), (20, 9)]
    head = [(100, "AcDbHatch"), (10, 0), (20, 0), (30, 0), (2, "GOST"), (70, 0), (71, 0), (91, 1)]
    hatch = entity(
        "HATCH", (100, "AcDbEntity"), *head, (92, 2), (72, 0), (73, 1), (93, 3), *ring, (97, 0), (75, 0), (76, 1), (52, 0), (41, 1),
        (77, 0), (78, 0), (98, 0),
    )  # fmt: skip
    answer = rendered(tmp_path, drawing(hatch, GOOD, version="AC1015"))
    assert (answer.outcome, answer.skipped) == ("partial", {"HATCH": 1})


def test_a_drawing_whose_section_of_objects_cannot_be_found_is_not_said_to_be_empty(tmp_path: Path) -> None:
    answer = rendered(tmp_path, drawing(GOOD).replace("ENTITIES", "ENTITIFS"))
    assert (answer.outcome, answer.reason) == ("refused", "lost")


def test_a_layer_with_broken_data_of_its_own_looks_like_any_other(tmp_path: Path) -> None:
    broken = layer("벽체", 3) + tags((1001, "AcCmTransparency"))
    answer = rendered(tmp_path, drawing(line(0, 0, 5, 5, "벽체"), layers=broken, version="AC1015"))
    assert answer.outcome == "drawn"
    assert [found.name for found in answer.sheets[0].layers] == ["벽체"]


def test_a_broken_record_of_the_drawing_order_costs_the_order_only(tmp_path: Path) -> None:
    doc = ezdxf.new("R2000")
    space = doc.modelspace()
    for x in (0, 5):
        space.add_line((x, 0), (x, 9))
    space.set_redraw_order([(found.dxf.handle, found.dxf.handle) for found in space])
    stream = StringIO()
    doc.write(stream)
    table = space.get_extension_dict().dictionary.dxf.handle
    spoilt = stream.getvalue().replace(f"DICTIONARY\n  5\n{table}\n", f"SEQEND\n  5\n{table}\n")
    assert spoilt != stream.getvalue()
    answer = rendered(tmp_path, spoilt)
    assert answer.sheets[0].drawn == 2
