"""Walls as one clean outline: axis-parallel rectangles joined, openings cut out, traced into closed loops."""

from __future__ import annotations

Box = tuple[float, float, float, float]
Point = tuple[float, float]


def outlines(walls: list[Box], openings: list[Box]) -> list[list[Point]]:
    """The loops around everything inside a wall and outside every opening; boxes are (x0, y0, x1, y1)."""
    xs = sorted({x for box in (*walls, *openings) for x in (box[0], box[2])})
    ys = sorted({y for box in (*walls, *openings) for y in (box[1], box[3])})

    def solid(column: int, row: int) -> bool:
        if not (0 <= column < len(xs) - 1 and 0 <= row < len(ys) - 1):
            return False
        x, y = (xs[column] + xs[column + 1]) / 2, (ys[row] + ys[row + 1]) / 2
        return _within(walls, x, y) and not _within(openings, x, y)

    onward: dict[Point, list[Point]] = {}
    for column in range(len(xs) - 1):
        for row in range(len(ys) - 1):
            if not solid(column, row):
                continue
            x0, x1, y0, y1 = xs[column], xs[column + 1], ys[row], ys[row + 1]
            for neighbour, start, end in (
                ((column, row - 1), (x0, y0), (x1, y0)),
                ((column + 1, row), (x1, y0), (x1, y1)),
                ((column, row + 1), (x1, y1), (x0, y1)),
                ((column - 1, row), (x0, y1), (x0, y0)),
            ):
                if not solid(*neighbour):
                    onward.setdefault(start, []).append(end)
    return _loops(onward)


def _within(boxes: list[Box], x: float, y: float) -> bool:
    return any(x0 < x < x1 and y0 < y < y1 for x0, y0, x1, y1 in boxes)


def _loops(onward: dict[Point, list[Point]]) -> list[list[Point]]:
    """Chain directed edges into loops, then drop the corners that lie on a straight line."""
    loops = []
    while onward:
        first = min(onward)
        loop, here = [first], _follow(onward, first)
        while here != first:
            loop.append(here)
            here = _follow(onward, here)
        loops.append(
            [
                at
                for before, at, after in zip([loop[-1], *loop], loop, [*loop[1:], loop[0]], strict=False)
                if not _straight(before, at, after)
            ]
        )
    return loops


def _follow(onward: dict[Point, list[Point]], here: Point) -> Point:
    ends = onward[here]
    end = ends.pop()
    if not ends:
        del onward[here]
    return end


def _straight(before: Point, at: Point, after: Point) -> bool:
    return before[0] == at[0] == after[0] or before[1] == at[1] == after[1]
