"""The order in which strokes are written: whatever it is, the same lines are drawn, and few bytes say where the next begins."""

from __future__ import annotations

import random
import re
from collections import Counter

import numpy as np

from portal.rendering.tours import MOST_MERGED, along_curve, straight, toured

Point = tuple[int, int]


def segments(data: str) -> Counter[frozenset[Point]]:
    """The straight lines of path data as any viewer reads them, whichever end comes first."""
    found: Counter[frozenset[Point]] = Counter()
    x = y = start_x = start_y = 0
    for letter, rest in re.findall(r"([Mmlhvz])([^Mmlhvz]*)", data):
        numbers = [int(number) for number in re.findall(r"-?\d+", rest)]
        if letter == "z":
            found[frozenset({(x, y), (start_x, start_y)})] += 1
            x, y = start_x, start_y
            continue
        across = numbers if letter == "h" else [0] * len(numbers) if letter == "v" else numbers[0::2]
        down = numbers if letter == "v" else [0] * len(numbers) if letter == "h" else numbers[1::2]
        for place, (dx, dy) in enumerate(zip(across, down, strict=True)):
            to = (dx, dy) if letter == "M" else (x + dx, y + dy)
            if letter in "Mm" and not place:
                start_x, start_y = to
            else:
                found[frozenset({(x, y), to})] += 1
            x, y = to
    return found


def written(pieces: list[tuple[Point, Point, str]], tiles: list[int] | None = None) -> list[tuple[int, str]]:
    ends = np.array([(*begin, *end) for begin, end, _ in pieces], np.int64)
    boxes = np.concatenate((np.minimum(ends[:, :2], ends[:, 2:]), np.maximum(ends[:, :2], ends[:, 2:])), axis=1)
    where = np.array(tiles if tiles is not None else [1] * len(pieces), np.int64)
    return list(toured(ends, [body for *_, body in pieces], boxes.astype(float), where))


def line(begin: Point, end: Point) -> tuple[Point, Point, str]:
    return begin, end, straight(end[0] - begin[0], end[1] - begin[1])


def test_lines_that_meet_are_drawn_without_lifting_the_pen_whichever_way_they_were_drawn() -> None:
    sides = [line((0, 0), (10, 0)), line((10, 8), (10, 0)), line((0, 8), (0, 0)), line((10, 8), (0, 8))]
    ((_, data),) = written(sides)
    assert data == "M0 0h10v8h-10v-8"


def test_what_closes_itself_keeps_its_own_beginning() -> None:
    square = ((10, 0), (10, 0), "l5 0 0 5-5 0z")
    ((_, data),) = written([line((0, 0), (10, 0)), square])
    assert data == "M0 0h10m0 0 5 0 0 5-5 0z"
    assert segments(data)[frozenset({(10, 5), (10, 0)})] == 1


def test_any_lines_in_any_order_are_all_drawn_and_nothing_else() -> None:
    rng = random.Random(4)
    for size in (1, 2, 30, 3 * MOST_MERGED):
        side = max(2, round(size**0.5))
        corners = [(rng.randrange(-side, side), rng.randrange(-side, side)) for _ in range(2 * size)]
        pieces = [line(*pair) for pair in zip(corners[::2], corners[1::2], strict=True)]
        pieces += [(at, at, "l3-1-2 5z") for at in corners[:size:3]]
        tiles = [1 + (begin[0] > 0) for begin, _, _ in pieces]
        parts = written(pieces, tiles)
        for tile in (1, 2):
            drawn = sum((segments(data) for number, data in parts if number == tile), Counter())
            wanted = Counter()
            for (x, y), _, body in (piece for piece, number in zip(pieces, tiles, strict=True) if number == tile):
                wanted += segments(f"M{x} {y}{body}")
            assert drawn == wanted
        assert all(data.count("M") == 1 for _, data in parts)


def test_the_curve_goes_only_to_neighbours() -> None:
    side = 32
    cells = np.array([(x, y, x, y) for x in range(side) for y in range(side)], float) * (1023 / (side - 1))
    walk = cells[np.argsort(along_curve(cells)), :2]
    steps = np.abs(np.diff(walk, axis=0)).sum(axis=1) * (side - 1) / 1023
    assert steps.max() < 1.5


def test_a_path_that_begins_with_a_slanted_line_says_that_it_is_relative() -> None:
    ((_, data),) = written([line((5, 5), (8, 9)), line((20, 5), (23, 9)), line((23, 9), (26, 13))])
    assert data == "M5 5l3 4m12-4 3 4 3 4"
