"""What the conversion of a DWG loses is read from the DWG itself: curves through points, tables, and how much is still missing."""

from __future__ import annotations

import io
import random
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from ezdxf.filemanagement import read

from portal.rendering import dwg_losses, dwg_splines
from portal.rendering.dwg_pages import Pages, Tangled, unpack
from tests.rendering import dwg_bytes
from tests.rendering.dxf_text import block, drawing, line, tags

if TYPE_CHECKING:
    from ezdxf.document import Drawing

ARCH = [(0.0, 0.0, 0.0), (40.0, 30.0, 0.0), (90.0, 10.0, 0.0), (100.0, 0.0, 0.0)]
SLOPES = ((1.0, 2.0, 0.0), (0.5, -1.0, 0.0))
TABLE = 500


def bare(handle: int) -> str:
    """A spline as the conversion leaves it."""
    return tags(
        (0, "SPLINE"), (5, f"{handle:X}"), (100, "AcDbEntity"), (8, "0"), (100, "AcDbSpline"), (70, 2), (71, 3), (72, 9),
        (40, 1.0), (40, -6e148),
    )  # fmt: skip


def converted(*handles: int) -> bytes:
    return drawing(line(0, 0, 1, 1), *map(bare, handles), version="AC1027").encode()


def opened(dxf: bytes) -> Drawing:
    return read(io.StringIO(dxf.decode(), newline=None))


@pytest.mark.parametrize("knots", [0, 1, 2], ids=["chord", "centripetal", "uniform"])
def test_a_curve_through_points_has_the_slopes_that_the_file_gives(knots: int) -> None:
    file = dwg_bytes.dwg({0xA1: dwg_bytes.fit_spline(0xA1, ARCH, SLOPES, knots)})
    (spline,) = opened(dwg_splines.restored(converted(0xA1), file, "AC1027")).query("SPLINE")
    curve = spline.construction_tool()
    for at, end in ((0.0, 0), (curve.max_t, 1)):
        place, slope = curve.derivative(at, n=1)
        assert place.isclose(ARCH[-end], abs_tol=1e-6)
        # By the curve's own parameter, which grows by 1 from point to point, or by the distance, or by its root.
        assert slope.normalize().isclose(dwg_splines.Vec3(SLOPES[end]).normalize(), abs_tol=1e-6)
    steps = [dwg_splines.Vec3(one).distance(other) for one, other in pairwise(ARCH)]
    long = sum(step ** (1.0, 0.5, 0.0)[knots] for step in steps)
    assert curve.derivative(0.0, n=1)[1].isclose(dwg_splines.Vec3(SLOPES[0]) * long, abs_tol=1e-6)


def test_a_curve_between_two_points_is_the_cubic_of_its_slopes() -> None:
    # Saved in an older version by AutoCAD, the spline of these ends has the control points below.
    fit = dwg_bytes.fit_spline(
        0xA1, [(250.46, 17.43, 0), (259.22, 27.29, 0)], ((12.75, 32.46, 0), (-0.51, 29.37, 0)), 2
    )
    (spline,) = opened(dwg_splines.restored(converted(0xA1), dwg_bytes.dwg({0xA1: fit}), "AC1032")).query("SPLINE")
    assert [(round(x, 2), round(y, 2)) for x, y, _ in spline.control_points] == [
        (250.46, 17.43), (254.71, 28.25), (259.39, 17.5), (259.22, 27.29),
    ]  # fmt: skip


def test_a_closed_curve_is_smooth_where_it_meets_itself() -> None:
    ring = [(10.0, 0.0, 0.0), (0.0, 10.0, 0.0), (-10.0, 0.0, 0.0), (0.0, -10.0, 0.0), (10.0, 0.0, 0.0)]
    file = dwg_bytes.dwg({0xA1: dwg_bytes.fit_spline(0xA1, ring, flags=13)})
    (spline,) = opened(dwg_splines.restored(converted(0xA1), file, "AC1027")).query("SPLINE")
    curve = spline.construction_tool()
    first, last = curve.derivative(0.0, n=1)[1], curve.derivative(curve.max_t, n=1)[1]
    assert first.isclose(last, abs_tol=1e-6)
    assert abs(first.x) < 0.05 * first.y
    assert all(abs(point.magnitude - 10) < 0.5 for point in curve.points([part / 40 for part in range(41)]))


def test_a_curve_with_free_ends_keeps_its_points() -> None:
    file = dwg_bytes.dwg({0xA0: b"\x00" * 40, 0xA1: dwg_bytes.fit_spline(0xA1, ARCH)})
    (spline,) = opened(dwg_splines.restored(converted(0xA1), file, "AC1027")).query("SPLINE")
    assert [tuple(point) for point in spline.fit_points] == ARCH


def test_what_is_no_curve_through_points_stays_as_it_is() -> None:
    dxf = converted(0xA1)
    whole = dwg_bytes.dwg({0xA1: dwg_bytes.fit_spline(0xA1, ARCH)})
    others = (
        dwg_bytes.dwg({0xA1: dwg_bytes.fit_spline(0xA1, ARCH, kind=35)}),
        dwg_bytes.dwg({0xA1: dwg_bytes.fit_spline(0xA1, ARCH, flags=8)}),
        dwg_bytes.dwg({0xA1: dwg_bytes.fit_spline(0xA1, ARCH, knots=15)}),
        dwg_bytes.dwg({0xA1: dwg_bytes.fit_spline(0xA1, [(float("nan"), 0, 0), *ARCH])}),
        dwg_bytes.dwg({0xA2: dwg_bytes.fit_spline(0xA2, ARCH)}),
        whole[:300],
        bytes(len(whole)),
        b"",
    )
    assert dwg_splines.restored(dxf, whole, "AC1027") != dxf
    assert [dwg_splines.restored(dxf, other, "AC1027") == dxf for other in others] == [True] * len(others)
    assert dwg_splines.restored(dxf, whole, "AC1024") == dxf


def class_list(*names: str, count: int = 1) -> str:
    listed = "".join(
        tags((0, "CLASS"), (1, name), (2, "AcDb"), (90, 0), (91, count), (280, 0), (281, 0)) for name in names
    )
    return tags((0, "SECTION"), (2, "CLASSES")) + listed + tags((0, "ENDSEC"))


RECORDS = (
    tags((0, "SECTION"), (2, "TABLES"), (0, "TABLE"), (2, "LAYER"), (5, "2"), (70, 1))
    + tags((0, "LAYER"), (5, "B1"), (2, "표"), (70, 0), (62, 7), (6, "Continuous"), (0, "ENDTAB"))
    + tags((0, "TABLE"), (2, "BLOCK_RECORD"), (5, "1"), (70, 1))
    + tags((0, "BLOCK_RECORD"), (5, "B2"), (2, "*T0"), (0, "ENDTAB"), (0, "ENDSEC"))
)


def with_table(version: str = "AC1027", **options: int) -> bytes:
    entities = drawing(line(0, 0, 1, 1), blocks=block("*T0", line(0, 0, 5, 5)), version=version)
    return (
        class_list("ACAD_TABLE", "PDFUNDERLAY", "MATERIAL", "VISIBILITYGRIPENTITY", **options) + RECORDS + entities
    ).encode()


DRAWING_CLASSES = dwg_bytes.classes((True, True, False, True))


def test_a_table_that_was_left_out_is_written_where_it_stands_and_the_rest_is_counted() -> None:
    file = dwg_bytes.dwg({0xA5: dwg_bytes.table(0xA5, TABLE, (7.0, 8.0, 0.0), 0xB1, 0xB2)}, DRAWING_CLASSES)
    dxf, lost = dwg_losses.found_again(with_table(), file, "AC1027")
    assert lost == {"PDFUNDERLAY": 1}
    (table,) = opened(dxf).modelspace().query("ACAD_TABLE")
    assert (table.dxf.handle, table.dxf.geometry, table.dxf.block_record_handle) == ("A5", "*T0", "B2")
    assert "AcDbEntity\r\n  8\r\n표\r\n" in dxf.decode()
    assert table.dxf.insert == (7, 8, 0)


def test_a_table_that_cannot_be_placed_is_counted() -> None:
    for objects in ({}, {0xA5: dwg_bytes.table(0xA5, TABLE, (7.0, 8.0, 0.0), 0xB1, 0xB7)}):
        dxf, lost = dwg_losses.found_again(with_table(), dwg_bytes.dwg(objects, DRAWING_CLASSES), "AC1027")
        assert (dxf, lost) == (with_table(), {"ACAD_TABLE": 1, "PDFUNDERLAY": 1})


@pytest.mark.parametrize(
    ("version", "count", "lost"),
    [
        ("AC1018", 2, {"ACAD_TABLE": 2, "PDFUNDERLAY": 2}),
        ("AC1021", 1, {"ACAD_TABLE": 1, "PDFUNDERLAY": 1}),
        ("AC1015", 0, {"ACAD_TABLE": 1}),
    ],
)
def test_in_an_older_file_what_is_missing_is_counted(version: str, count: int, lost: dict[str, int]) -> None:
    assert dwg_losses.found_again(with_table(count=count), b"", version) == (with_table(count=count), Counter(lost))


def test_nothing_is_missing_where_nothing_was_left_out() -> None:
    whole = (class_list("WIPEOUT") + drawing(line(0, 0, 1, 1), tags((0, "WIPEOUT"), (5, "A1"), (8, "0")))).encode()
    assert dwg_losses.found_again(whole, b"", "AC1027") == (whole, Counter())


def test_runs_are_copied_from_near_and_far() -> None:
    letters = bytes(range(65, 90))
    run = b"\x00\x07" + letters
    few, near, long, end = b"\x60\x06", b"\x23\x02\x00xy", b"\x20\x00\x05\x00\x00", b"\x11\x00\x00"
    assert unpack(run + few + near + end, 99) == letters + b"ABCDE" + b"EEEEE" + b"xy"
    assert unpack(run + long + end, 999) == letters + b"Y" * 293
    assert unpack(run + long + end, 30) == letters + b"Y" * 5
    many = bytes(number % 251 for number in range(0x4001))
    far = b"\x12\x04\x00"
    assert unpack(dwg_bytes.literally(many).removesuffix(end) + far + end, 1 << 20) == many + many[:4]
    assert unpack(run[:9] + b"", 99) == letters[:7]
    with pytest.raises(Tangled):
        unpack(run + b"\x60\x07" + end, 99)


def test_a_file_that_lies_costs_no_more_than_itself() -> None:
    file = dwg_bytes.dwg(
        {0xA1: dwg_bytes.fit_spline(0xA1, ARCH, SLOPES), 0xA5: dwg_bytes.table(0xA5, TABLE, (7, 8, 0), 0xB1, 0xB2)},
        DRAWING_CLASSES,
    )
    chance = random.Random(11)
    found = 0
    for _ in range(400):
        broken = bytearray(file)
        for _ in range(chance.choice((1, 8, 60))):
            broken[chance.randrange(0x80, len(broken))] = chance.randrange(256)
        dwg_losses.found_again(with_table(), bytes(broken), "AC1027")
        found += dwg_splines.restored(converted(0xA1), bytes(broken), "AC1027") != converted(0xA1)
    assert 0 < found < 400
    with pytest.raises(Tangled):
        Pages(file[:200])
