"""Geometry and letters: the rules that need no drawing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from portal.rendering import curves, dashes, letters
from portal.rendering.extents import useful
from portal.rendering.grid import Frame, Grid, principal
from portal.rendering.ink import index_colour, true_colour
from portal.rendering.shapes import Ink, Path, chained, sound
from portal.rendering.svg import pixels
from portal.rendering.thumb import ink_on_paper
from portal.rendering.window import crosses, trimmed

if TYPE_CHECKING:
    from portal.rendering.shapes import Box

PEN = Ink(0, "currentColor", 7, 1.0, 0.25, ())
QUARTER = math.pi / 2


def test_the_box_of_an_arc_is_exact() -> None:
    upper = Path(PEN, curves.arc(10, 0, 5, 0, 0, 5, 0, math.pi))
    assert upper.box == pytest.approx((5, 0, 15, 5))


def test_a_turned_arc_stays_the_same_curve() -> None:
    arc = Path(PEN, curves.arc(0, 0, 2, 0, 0, 1, 0, QUARTER))
    moved = arc.moved((0, 1, -1, 0, 10, 0), None)
    assert moved.box == pytest.approx((9, 0, 10, 2))


def test_maps_are_done_in_the_order_they_are_named() -> None:
    move, double = (1, 0, 0, 1, 5, 0), (2, 0, 0, 2, 0, 0)
    assert chained(move, double)[4] == 10
    assert chained(double, move)[4] == 5


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e13])
def test_a_coordinate_that_cannot_be_drawn_is_unsound(bad: float) -> None:
    assert not sound(Path(PEN, [("M", 0.0, 0.0), ("L", bad, 1.0)]).box)
    assert not sound(Path(PEN, curves.arc(0, bad, 1, 0, 0, 1, 0, 1)).box)


def test_the_axes_of_a_sheared_circle_are_found() -> None:
    major, minor, turn = principal(3, 0, 0, 1)
    assert (major, minor, turn % 180) == pytest.approx((3, 1, 0))
    major, minor, turn = principal(0, 2, -1, 0)
    assert (major, minor, abs(turn)) == pytest.approx((2, 1, 90))


def test_path_data_is_relative_whole_numbers_with_y_down() -> None:
    grid = Grid(Frame((0, 0, 100, 100), 1.0), 100)
    assert grid.data([("M", 0.0, 100.0), ("L", 1.0, 100.0), ("L", 1.0, 98.0), ("Z",)]) == "M0 0h100v200z"


def test_a_point_is_a_dot_not_nothing() -> None:
    assert Grid(Frame((0, 0, 9, 9), 1.0)).data([("M", 0.0, 0.0), ("L", 0.0, 0.0)]).endswith("h0")


def test_a_full_circle_is_two_arcs() -> None:
    data = Grid(Frame((0, 0, 9, 9), 1.0)).data(curves.arc(5, 5, 2, 0, 0, 2, 0, math.tau))
    assert data.count("a") == 2
    assert data.endswith("z")


def test_dashes_cover_their_part_of_a_line_and_both_ends_are_solid() -> None:
    pieces = dashes.dashed([("M", 0.0, 0.0), ("L", 100.0, 0.0)], (6.0, 4.0))
    drawn = sum(
        math.dist(pieces[at - 1][1:], step[1:])  # type: ignore[arg-type]
        for at, step in enumerate(pieces)
        if step[0] == "L"
    )
    assert drawn == pytest.approx(60)
    assert pieces[0] == ("M", 0.0, 0.0)
    assert pieces[-1][0] == "L"
    assert pieces[-1][1] == pytest.approx(100)


def test_a_line_shorter_than_its_pattern_is_solid() -> None:
    assert dashes.dashed([("M", 0.0, 0.0), ("L", 3.0, 0.0)], (6.0, 4.0)) == [("M", 0.0, 0.0), ("L", 3.0, 0.0)]


def test_a_stray_line_far_away_does_not_shrink_the_drawing() -> None:
    boxes: list[Box] = [(float(x), 0.0, x + 1.0, 1.0) for x in range(100)]
    assert useful(np.array([*boxes, (1e9, 1e9, 1e9 + 1, 1e9 + 1)], float)) == (0, 0, 100, 1)


def test_a_border_round_the_drawing_is_kept() -> None:
    boxes: list[Box] = [(float(x), 0.0, x + 1.0, 1.0) for x in range(100)]
    assert useful(np.array([*boxes, (-100, -100, 300, 200)], float)) == (-100, -100, 300, 200)


@pytest.mark.parametrize(
    ("start", "end", "seen"),
    [((-5, 5), (15, 5), True), ((-5, -5), (-1, 20), False), ((2, 2), (3, 3), True), ((-5, 8), (8, 21), False)],
)
def test_a_line_is_seen_in_a_window_when_it_touches_it(
    start: tuple[float, float], end: tuple[float, float], seen: bool
) -> None:
    assert crosses(start, end, (0, 0, 10, 10)) is seen


def test_a_window_inside_an_area_shows_the_area() -> None:
    ring = curves.polygon([(-100, -100), (100, -100), (100, 100), (-100, 100)])
    assert trimmed(Path(PEN, ring, "area"), (0, 0, 1, 1)) is not None
    assert trimmed(Path(PEN, ring), (0, 0, 1, 1)) is None


@pytest.mark.parametrize(
    ("aci", "colour"),
    [(1, "#ff0000"), (7, "currentColor"), (0, "currentColor"), (-5, "#0000ff"), (999, "currentColor")],
)
def test_index_colours_follow_the_table_and_seven_follows_the_page(aci: int, colour: str) -> None:
    assert index_colour(aci) == colour


def test_black_and_white_true_colours_follow_the_page() -> None:
    assert (true_colour(0), true_colour(0xFFFFFF), true_colour(0x123456)) == ("currentColor", "currentColor", "#123456")


def test_yellow_is_darkened_on_paper() -> None:
    assert ink_on_paper("#ffff00") < "#800000"
    assert ink_on_paper("#000080") == "#000080"


def test_heavier_lines_are_wider() -> None:
    widths = [pixels(weight) for weight in (0.0, 0.25, 0.5, 1.0, 2.11)]
    assert widths == sorted(widths)
    assert widths[1] == 1


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("%%c25%%d%%p0.1", "⌀25°±0.1"),
        ("%%U평면도%%u", "평면도"),
        (r"\U+AC00\U+B098", "가나"),
        (r"\M+3B0A1", "가"),
        (r"a\U+D800b", "a�b"),
        ("%%065%%%", "A%"),
        ("50%%", "50%%"),
        ("a\x00b\x07c", "a b c"),
    ],
)
def test_control_codes_become_letters(raw: str, shown: str) -> None:
    assert "".join(span.text for span in letters.spans(raw)) == shown


def test_underlines_switch_on_and_off() -> None:
    assert [(span.text, span.lines) for span in letters.spans("a%%ub%%uc")] == [("a", ""), ("b", "u"), ("c", "")]


def test_decomposed_hangul_is_composed() -> None:
    assert letters.clean("\u1100\u1161") == "가"


def test_hangul_is_wider_than_latin() -> None:
    assert letters.width("가나다", 1) > letters.width("abc", 1) * 1.4
