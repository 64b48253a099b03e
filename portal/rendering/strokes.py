"""Turns strokes into pieces of SVG path data, thousands at a time, and joins the pieces of one look into few paths.

A piece is one object (or one place of a stamp) on the grid: where it begins and ends, and what comes between, which is
relative. So the same block at another place is the same text, which compresses to nothing. In which order the pieces
follow each other is said in tours.py.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from portal.rendering.batches import FULL, Arcs, Batch, Stamps, Strings, steps_of
from portal.rendering.grid import spaced
from portal.rendering.shapes import Path
from portal.rendering.tours import DOT, toured

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from portal.rendering.grid import Grid

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

SAME: Final = 1e-9
SEEN: Final = 2.0
"""Steps of a coarse grid that an object must reach to be more than a dot: about a pixel of the whole sheet."""


class Pieces:
    """Pieces of one look: `ends` int64 (n, 4) of x, y of the begin and of the end, `bodies` relative path data.

    `boxes` float64 (n, 4) are in drawing units.
    """

    __slots__ = ("bodies", "boxes", "ends")

    def __init__(self, ends: Ints, bodies: list[str], boxes: Floats) -> None:
        self.ends = ends
        self.bodies = bodies
        self.boxes = boxes

    @classmethod
    def joined(cls, parts: Sequence[Pieces]) -> Pieces:
        """All pieces of several."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            np.concatenate([part.ends for part in parts]),
            [body for part in parts for body in part.bodies],
            np.concatenate([part.boxes for part in parts]),
        )

    def distinct(self) -> Pieces:
        """These without repetitions: on a coarse grid most small objects are the same dot."""
        seen: dict[tuple[int, int, str], int] = {}
        for at, (x, y, body) in enumerate(zip(*self.ends[:, 0:2].T.tolist(), self.bodies, strict=True)):
            seen.setdefault((x, y, body), at)
        kept = np.fromiter(seen.values(), np.int64, len(seen))
        return Pieces(self.ends[kept], [self.bodies[at] for at in kept.tolist()], self.boxes[kept])

    def seen(self, grid: Grid) -> Pieces:
        """Those of a block that are more than a dot on a coarse grid, or the largest when none is.

        A block's dots lie beside each other: they were most of a coarse picture's bytes and of its time on the screen.
        """
        sizes = grid.lengths((self.boxes[:, 2:4] - self.boxes[:, 0:2]).max(axis=1))
        kept = np.flatnonzero(sizes >= min(SEEN, float(sizes.max())))
        return Pieces(self.ends[kept], [self.bodies[at] for at in kept.tolist()], self.boxes[kept]).distinct()

    def ordered(self, tiles: Ints) -> Iterable[tuple[int, str]]:
        """Tile and path data of at most MOST_MERGED pieces, tile by tile."""
        return toured(self.ends, self.bodies, self.boxes, tiles)


def pieces_of(shape: Path | Batch, grid: Grid) -> Pieces:
    """The pieces of one shape. A path must be whole already: its dashes are not broken here."""
    if isinstance(shape, Strings):
        points = grid.points(shape.points)
        return (
            _strings(*_thinned(points, shape.first), shape.closed, shape.boxes)
            if grid.coarse
            else _strings(points, shape.first, shape.closed, shape.boxes)
        )
    if isinstance(shape, Arcs):
        return _arcs(shape.rows, grid, shape.boxes)
    if isinstance(shape, Stamps):
        return _stamps(shape, grid)
    box = np.array((shape.box,))
    found = grid.piece(shape.steps)
    if found is None:
        return Pieces(np.zeros((0, 4), np.int64), [], box[:0])
    return Pieces(np.array((found[:4],)), [found[4]], box)


def _thinned(points: Ints, first: Ints) -> tuple[Ints, Ints]:
    """Strings without points that fall on the one before; the first of each stays."""
    kept = np.ones(len(points), np.bool_)
    kept[1:] = (points[1:] != points[:-1]).any(axis=1)
    kept[first[:-1]] = True
    return points[kept], np.concatenate(([0], np.cumsum(np.add.reduceat(kept.astype(np.int64), first[:-1]))))


def _strings(points: Ints, first: Ints, closed: NDArray[np.bool_], boxes: Floats) -> Pieces:
    counts = np.diff(first)
    starts, stops = first[:-1], first[1:] - 1
    ends = np.concatenate((points[starts], np.where(closed[:, None], points[starts], points[stops])), axis=1)
    steps = np.diff(points, axis=0)
    if (counts == 2).all() and not closed.any():  # noqa: PLR2004 - the two ends of a line
        across, down = steps[0::2, 0].tolist(), steps[0::2, 1]
        said = zip(across, down.tolist(), spaced(down), strict=True)
        bodies = [f"l{x}{word}" if x and y else f"h{x}" if x else f"v{y}" if y else DOT for x, y, word in said]
        return Pieces(ends, bodies, boxes)
    words = spaced(steps.ravel())
    bodies = []
    for start, stop, ring in zip(starts.tolist(), stops.tolist(), closed.tolist(), strict=True):
        body = "l" + "".join(words[2 * start : 2 * stop]).lstrip() if stop > start else DOT
        bodies.append(body + "z" if ring else body)
    return Pieces(ends, bodies, boxes)


def _arcs(rows: Floats, grid: Grid, boxes: Floats) -> Pieces:
    u, v = rows[:, 2:4], rows[:, 4:6]
    radius = np.hypot(u[:, 0], u[:, 1])
    cross = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    dot = (u * v).sum(axis=1)
    circular = (np.abs(np.hypot(v[:, 0], v[:, 1]) - radius) <= SAME * radius) & (np.abs(dot) <= SAME * radius**2)
    begin, middle, end = (grid.points(_at(rows, angle)) for angle in _angles(rows))
    full = rows[:, 7] - rows[:, 6] >= FULL
    end[full] = begin[full]
    ends = np.concatenate((begin, end), axis=1)
    radii = grid.lengths(radius).tolist()
    large = (np.abs(rows[:, 7] - rows[:, 6]) > math.pi).astype(int).tolist()
    # Upwards is downwards on the page, so a turn to the left is swept the other way.
    sweep = ((cross < 0) == (rows[:, 7] > rows[:, 6])).astype(int).tolist()
    steps = (end - begin).tolist()
    halves = (middle - begin).tolist()
    fine = circular.tolist()
    bodies = []
    for at, (x, y) in enumerate(steps):
        if not fine[at] or radii[at] < 1:
            found = grid.piece(steps_of(rows[at].tolist()))
            bodies.append(found[4] if found else "")
            ends[at] = found[:4] if found else 0
        elif full[at] or (not x and not y):
            across, down = halves[at]
            reach = _radius(radii[at])
            turn = sweep[at]
            bodies.append(f"a{reach} 0 1{turn}{across: d}{down: d}a{reach} 0 1{turn}{-across: d}{-down: d}z")
        else:
            bodies.append(f"a{_radius(radii[at])} 0 {large[at]}{sweep[at]}{x: d}{y: d}")
    return Pieces(ends, bodies, boxes)


def _radius(value: float) -> str:
    text = str(round(value)) if value > 100 else f"{value:.1f}"  # noqa: PLR2004 - a hundredth of it is less than a step
    return f"{text} {text}"


def _angles(rows: Floats) -> tuple[Floats, Floats, Floats]:
    return rows[:, 6], (rows[:, 6] + rows[:, 7]) / 2, rows[:, 7]


def _at(rows: Floats, angle: Floats) -> Floats:
    cosine, sine = np.cos(angle)[:, None], np.sin(angle)[:, None]
    points: Floats = rows[:, 0:2] + rows[:, 2:4] * cosine + rows[:, 4:6] * sine
    return points


def _stamps(batch: Stamps, grid: Grid) -> Pieces:
    places = batch.places
    turns, which = np.unique(np.round(places[:, 0:4], 9), axis=0, return_inverse=True)
    which = which.reshape(-1)
    ends = np.zeros((len(places), 4), np.int64)
    bodies = [""] * len(places)
    home = grid.at_origin()
    anchors = grid.points(places[:, 4:6])
    for number, turn in enumerate(turns.tolist()):
        here = np.flatnonzero(which == number)
        moved = [shape.moved((*turn, 0.0, 0.0), None) for shape in batch.content]
        whole = Pieces.joined([pieces_of(shape, home) for shape in moved])
        if not whole.bodies:
            continue
        if grid.coarse:
            whole = whole.seen(grid)
        moves = (whole.ends[1:, 0:2] - whole.ends[:-1, 2:4]).tolist()
        body = whole.bodies[0] + "".join(
            f"m{x}{y: d}{more}" for (x, y), more in zip(moves, whole.bodies[1:], strict=True)
        )
        ends[here, 0:2] = anchors[here] + whole.ends[0, 0:2]
        ends[here, 2:4] = anchors[here] + whole.ends[-1, 2:4]
        for at in here.tolist():
            bodies[at] = body
    return Pieces(ends, bodies, batch.boxes)
