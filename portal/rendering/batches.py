"""Many strokes of one ink as arrays: what makes a drawing of 100,000 lines as cheap as a few hundred calls of numpy.

A batch is a shape like any other (shapes.py): it has an ink, a box and a clip and is closed under an affine map. It
never has dashes, and it is never filled.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import numpy as np

from portal.rendering.shapes import TURN, Box, Clip, Ink, Matrix, Path, Step, Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

FULL: Final = TURN - 1e-9
#: An object belongs to the drawing when it is finite and near enough to be drawn, as shapes.sound says for one.
FURTHEST: Final = 1e12


class Strings:
    """Lines and polylines without arcs: `points` float64 (n, 2), `first` where each begins and n, `closed` bool."""

    __slots__ = ("box", "boxes", "clip", "closed", "first", "ink", "points")
    fill = ""
    endless = False

    def __init__(
        self, ink: Ink, points: Floats, first: Ints, closed: NDArray[np.bool_], clip: Clip | None = None
    ) -> None:
        self.ink = ink
        self.points = points
        self.first = first
        self.closed = closed
        self.clip = clip
        low = np.minimum.reduceat(points, first[:-1])
        high = np.maximum.reduceat(points, first[:-1])
        self.boxes = np.concatenate((low, high), axis=1)
        self.box = around(self.boxes)

    def __len__(self) -> int:
        """The number of objects."""
        return len(self.closed)

    def moved(self, matrix: Matrix, clip: Clip | None) -> Strings:
        """These under `matrix`."""
        return Strings(self.ink, mapped(self.points, matrix), self.first, self.closed, clip)

    def only(self, which: NDArray[np.bool_]) -> Strings:
        """Some of these."""
        counts = np.diff(self.first)[which]
        points = self.points[np.repeat(which, np.diff(self.first))]
        return Strings(self.ink, points, np.concatenate(([0], np.cumsum(counts))), self.closed[which], self.clip)

    def paths(self) -> Iterator[Path]:
        """Each as a path of its own."""
        rows = self.points.tolist()
        for start, end, closed in zip(self.first.tolist(), self.first[1:].tolist(), self.closed.tolist(), strict=False):
            steps: list[Step] = [("L", x, y) for x, y in rows[start:end]]
            steps[0] = ("M", *rows[start])
            if closed:
                steps.append(("Z",))
            elif len(steps) == 1:
                steps.append(("L", *rows[start]))
            yield Path(self.ink, steps, "", self.clip)


class Arcs:
    """Arcs and circles: `rows` float64 (n, 8) of cx, cy, ux, uy, vx, vy, start, end, as the arc step of shapes.py."""

    __slots__ = ("box", "boxes", "clip", "ink", "rows")
    fill = ""
    endless = False

    def __init__(self, ink: Ink, rows: Floats, clip: Clip | None = None) -> None:
        self.ink = ink
        self.rows = rows
        self.clip = clip
        self.boxes = _arc_boxes(rows)
        self.box = around(self.boxes)

    def __len__(self) -> int:
        """The number of objects."""
        return len(self.rows)

    def moved(self, matrix: Matrix, clip: Clip | None) -> Arcs:
        """These under `matrix`."""
        a, b, c, d, _, _ = matrix
        turned = np.array(((a, b), (c, d)))
        rows = self.rows.copy()
        rows[:, 0:2] = mapped(rows[:, 0:2], matrix)
        rows[:, 2:4] = rows[:, 2:4] @ turned
        rows[:, 4:6] = rows[:, 4:6] @ turned
        return Arcs(self.ink, rows, clip)

    def only(self, which: NDArray[np.bool_]) -> Arcs:
        """Some of these."""
        return Arcs(self.ink, self.rows[which], self.clip)

    def paths(self) -> Iterator[Path]:
        """Each as a path of its own."""
        for row in self.rows.tolist():
            yield Path(self.ink, steps_of(row), "", self.clip)


class Stamps:
    """The same strokes at many places: `content` of one ink without clips, `places` float64 (n, 6) as shapes.Matrix."""

    __slots__ = ("box", "boxes", "clip", "content", "ink", "places")
    fill = ""
    endless = False

    def __init__(
        self, ink: Ink, content: Sequence[Path | Strings | Arcs], places: Floats, clip: Clip | None = None
    ) -> None:
        self.ink = ink
        self.content = content
        self.places = places
        self.clip = clip
        x0, y0, x1, y1 = around(np.array([shape.box for shape in content]))
        corners = np.array(((x0, y0), (x1, y0), (x0, y1), (x1, y1)))
        x = corners[:, 0] * places[:, 0:1] + corners[:, 1] * places[:, 2:3] + places[:, 4:5]
        y = corners[:, 0] * places[:, 1:2] + corners[:, 1] * places[:, 3:4] + places[:, 5:6]
        self.boxes = np.stack((x.min(axis=1), y.min(axis=1), x.max(axis=1), y.max(axis=1)), axis=1)
        self.box = around(self.boxes)

    def __len__(self) -> int:
        """The number of places."""
        return len(self.places)

    def moved(self, matrix: Matrix, clip: Clip | None) -> Stamps:
        """These under `matrix`."""
        return Stamps(self.ink, self.content, chained_places(self.places, np.array((matrix,))), clip)

    def only(self, which: NDArray[np.bool_]) -> Stamps:
        """Some of these places."""
        return Stamps(self.ink, self.content, self.places[which], self.clip)

    def paths(self) -> Iterator[Path]:
        """Each stroke at each place as a path of its own."""
        for place in self.places.tolist():
            for shape in self.content:
                moved = shape.moved(tuple(place), self.clip)
                yield from (moved,) if isinstance(moved, Path) else moved.paths()


Batch = Strings | Arcs | Stamps
Shape = Path | Words | Batch
AnyShape = TypeVar("AnyShape", bound=Shape)
BATCHES: Final = (Strings, Arcs, Stamps)


def steps_of(row: Sequence[float]) -> list[Step]:
    """The steps of one arc, given as a row of Arcs."""
    cx, cy, ux, uy, vx, vy, start, end = row
    cosine, sine = math.cos(start), math.sin(start)
    steps: list[Step] = [("M", cx + ux * cosine + vx * sine, cy + uy * cosine + vy * sine), ("A", *row)]
    if end - start >= FULL:
        steps.append(("Z",))
    return steps


def lines(ink: Ink, ends: Floats) -> Strings:
    """Straight lines from `ends` float64 (n, 4) of x0, y0, x1, y1."""
    count = len(ends)
    return Strings(ink, ends.reshape(-1, 2), np.arange(count + 1) * 2, np.zeros(count, np.bool_))


def round_rows(x: Floats, y: Floats, radius: Floats, start: Floats, end: Floats) -> Floats:
    """Rows of Arcs for circular arcs; angles in radians, end > start."""
    zero = np.zeros(len(x))
    return np.stack((x, y, radius, zero, zero, radius, start, end), axis=1)


def mapped(points: Floats, matrix: Matrix) -> Floats:
    """Points (n, 2) under a map."""
    a, b, c, d, e, f = matrix
    moved: Floats = points @ np.array(((a, b), (c, d))) + np.array((e, f))
    return moved


def chained_places(first: Floats, second: Floats) -> Floats:
    """All maps "one of `first`, then one of `second`", (n * m, 6) with `second` varying slowest."""
    a, b, c, d, e, f = (first[:, at] for at in range(6))
    k, m, n, o, p, q = (second[:, at : at + 1] for at in range(6))
    columns = (k * a + n * b, m * a + o * b, k * c + n * d, m * c + o * d, k * e + n * f + p, m * e + o * f + q)
    return np.stack([np.broadcast_to(column, (len(second), len(first))).ravel() for column in columns], axis=1)


def around(boxes: NDArray[Any]) -> Box:
    """The box around boxes (n, 4); NaN where one is not finite."""
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def sound_ones(batch: Batch) -> NDArray[np.bool_]:
    """Which objects of a batch are finite and near enough to be drawn."""
    return np.asarray((np.abs(batch.boxes) <= FURTHEST).all(axis=1))


def strokes_in(shape: Shape) -> int:
    """How many paths a shape stands for."""
    if isinstance(shape, Stamps):
        return len(shape) * sum(strokes_in(one) for one in shape.content)
    return len(shape) if isinstance(shape, Strings | Arcs) else 1


def boxes_of(shapes: Sequence[Shape]) -> Floats:
    """The box of every object of some shapes, (n, 4), in their order."""
    parts: list[Any] = []
    alone: list[Box] = []
    for shape in shapes:
        if isinstance(shape, BATCHES):
            parts += (alone, shape.boxes) if alone else (shape.boxes,)
            alone = []
        else:
            alone.append(shape.box)
    parts += [alone] if alone else []
    return np.concatenate(parts) if parts else np.zeros((0, 4))


def largest(shapes: Sequence[AnyShape], most: int) -> list[AnyShape]:
    """The `most` largest objects, some evenly out of those that are alike: for a picture that has no room for more."""
    boxes = boxes_of(shapes)
    if len(boxes) <= most:
        return list(shapes)
    sizes = (boxes[:, 2:4] - boxes[:, 0:2]).max(axis=1)
    least = np.partition(sizes, -most)[-most]
    kept = sizes > least
    alike = np.flatnonzero(sizes == least)
    kept[alike[np.linspace(0, len(alike) - 1, most - int(kept.sum())).astype(np.int64)]] = True
    result: list[AnyShape] = []
    at, single = 0, kept.tolist()
    for shape in shapes:
        if not isinstance(shape, BATCHES):
            if single[at]:
                result.append(shape)
            at += 1
            continue
        mine = kept[at : at + len(shape)]
        at += len(shape)
        if mine.all():
            result.append(shape)
        elif mine.any():
            result.append(cast("AnyShape", shape.only(mine)))
    return result


def _arc_boxes(rows: Floats) -> Floats:
    """Exact boxes: the ends, and each extreme whose angle lies on the arc."""
    cx, cy, ux, uy, vx, vy, start, end = (rows[:, at] for at in range(8))
    result = np.empty((len(rows), 4))
    for axis, (c, u, v) in enumerate(((cx, ux, vx), (cy, uy, vy))):
        reach = np.hypot(u, v)
        top = np.arctan2(v, u)
        first = c + u * np.cos(start) + v * np.sin(start)
        last = c + u * np.cos(end) + v * np.sin(end)
        low, high = np.minimum(first, last), np.maximum(first, last)
        size = np.abs(end - start)
        base = np.minimum(start, end)
        high = np.where(np.mod(top - base, TURN) <= size, c + reach, high)
        low = np.where(np.mod(top + math.pi - base, TURN) <= size, c - reach, low)
        result[:, axis], result[:, axis + 2] = low, high
    return result
