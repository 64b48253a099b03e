"""The few shapes every entity becomes, in drawing units with y upwards, each closed under an affine map.

A path is a list of steps: ("M", x, y), ("L", x, y), ("C", x1, y1, x2, y2, x, y), ("Z",) and
("A", cx, cy, ux, uy, vx, vy, start, end): the elliptic arc c + u cos t + v sin t with t in radians from start to end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from portal.rendering.batches import Shape

Step = tuple[object, ...]
Box = tuple[float, float, float, float]
Matrix = tuple[float, float, float, float, float, float]
"""(a, b, c, d, e, f): x' = ax + cy + e, y' = bx + dy + f, as in SVG."""

IDENTITY: Final[Matrix] = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
FURTHEST: Final = 1e12
TURN: Final = math.tau


class Ink(NamedTuple):
    """How a shape is drawn: layer number, colour ("#rrggbb", "currentColor" or "paper"), ACI or 0, weight, dashes.

    `weight` is a lineweight in mm, `alpha` 0..1, `dashes` alternate line and gap in drawing units (0 is a dot). `style` is the
    named plot style of a drawing that has such, which changes nothing but a plot.
    """

    layer: int
    colour: str
    aci: int
    alpha: float
    weight: float
    dashes: tuple[float, ...]
    style: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Only what lies inside `rings` (even-odd) of this and every outer clip is seen."""

    rings: tuple[tuple[tuple[float, float], ...], ...]
    outer: Clip | None

    def box(self) -> Box:
        """Give the bounding box of the rings."""
        return around(point for ring in self.rings for point in ring)

    def moved(self, matrix: Matrix, outer: Clip | None) -> Clip:
        """Give this clip under `matrix`, inside `outer` once its own outer clips end."""
        rings = tuple(tuple(apply(matrix, x, y) for x, y in ring) for ring in self.rings)
        return Clip(rings, self.outer.moved(matrix, outer) if self.outer else outer)


class Path:
    """A line, an area, or both. `fill`: "" stroke only, "area" filled, "band" filled with its outline, "mask" paper.

    A Picture says "picture".
    """

    __slots__ = ("box", "clip", "endless", "fill", "ink", "steps")

    def __init__(
        self,
        ink: Ink,
        steps: Sequence[Step],
        fill: str = "",
        clip: Clip | None = None,
        *,
        endless: bool = False,
    ) -> None:
        self.ink = ink
        self.steps = steps
        self.fill = fill
        self.clip = clip
        self.endless = endless
        self.box = _steps_box(steps)

    def moved(self, matrix: Matrix, clip: Clip | None) -> Path:
        """Give this path under `matrix`, its dashes scaled with it."""
        ink = self.ink
        if ink.dashes:
            scale = scale_of(matrix)
            ink = ink._replace(dashes=tuple(dash * scale for dash in ink.dashes))
        return Path(ink, moved_steps(self.steps, matrix), self.fill, clip, endless=self.endless)


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """A packed picture (WebP), and its size in pixels."""

    data: bytes
    width: int
    height: int


class Picture(Path):
    """A picture: `matrix` maps its unit square, (0, 0) at the lower left, to the drawing; `steps` are its edge."""

    __slots__ = ("matrix", "raster")

    def __init__(self, ink: Ink, raster: Raster, matrix: Matrix, clip: Clip | None = None) -> None:
        ring = [apply(matrix, x, y) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))]
        super().__init__(ink, [("M", *ring[0]), *(("L", *point) for point in ring[1:]), ("Z",)], "picture", clip)
        self.raster = raster
        self.matrix = matrix

    def moved(self, matrix: Matrix, clip: Clip | None) -> Picture:
        """Give this picture under `matrix`."""
        return Picture(self.ink, self.raster, chained(self.matrix, matrix), clip)


class Span(NamedTuple):
    """A run of letters of one look; `size` and `shift` are parts of the line's letter height, `ink` None = the line's."""

    text: str
    size: float = 1.0
    shift: float = 0.0
    bold: bool = False
    italic: bool = False
    lines: str = ""
    colour: str = ""
    stretch: float = 1.0


class Words:
    """One line of text. `matrix` maps its own frame (baseline on x, drawing units) to the drawing.

    `height` is the cap height, `anchor` start, middle or end; `length` is the width the line must have, or 0 for its
    natural one; `box` is an estimate.
    """

    __slots__ = ("anchor", "box", "clip", "height", "ink", "length", "matrix", "spans", "width")

    def __init__(  # noqa: PLR0913 - the seven properties of a line of text
        self,
        ink: Ink,
        matrix: Matrix,
        height: float,
        spans: tuple[Span, ...],
        anchor: str = "start",
        length: float = 0.0,
        width: float = 0.0,
        clip: Clip | None = None,
    ) -> None:
        self.ink = ink
        self.matrix = matrix
        self.height = height
        self.spans = spans
        self.anchor = anchor
        self.length = length
        self.width = width
        self.clip = clip
        left = 0.0 if anchor == "start" else -width / 2 if anchor == "middle" else -width
        self.box = _parallelogram(matrix, left, left + width, -0.25 * height, height)

    @property
    def text(self) -> str:
        """Give the letters without their looks."""
        return "".join(span.text for span in self.spans)

    def moved(self, matrix: Matrix, clip: Clip | None) -> Words:
        """Give this line under `matrix`."""
        joined = chained(self.matrix, matrix)
        return Words(self.ink, joined, self.height, self.spans, self.anchor, self.length, self.width, clip)


def apply(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    """Map a point."""
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def chained(first: Matrix, second: Matrix) -> Matrix:
    """Give the map that does `first`, then `second`."""
    a, b, c, d, e, f = first
    k, m, n, o, p, q = second
    return (k * a + n * b, m * a + o * b, k * c + n * d, m * c + o * d, k * e + n * f + p, m * e + o * f + q)


def scale_of(matrix: Matrix) -> float:
    """Give the mean length scale of a map."""
    return math.sqrt(abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]))


def moved_steps(steps: Sequence[Step], matrix: Matrix) -> list[Step]:
    """Map every step of a path."""
    a, b, c, d, e, f = matrix
    result: list[Step] = []
    for step in steps:
        name = step[0]
        if name in {"L", "M"}:
            _, x, y = step
            result.append((name, a * x + c * y + e, b * x + d * y + f))  # type: ignore[operator]
        elif name == "C":
            _, x1, y1, x2, y2, x, y = step
            result.append(("C", *apply(matrix, x1, y1), *apply(matrix, x2, y2), *apply(matrix, x, y)))  # type: ignore[arg-type]
        elif name == "A":
            _, x, y, ux, uy, vx, vy, start, end = step
            centre = apply(matrix, x, y)  # type: ignore[arg-type]
            first = (a * ux + c * uy, b * ux + d * uy)  # type: ignore[operator]
            second = (a * vx + c * vy, b * vx + d * vy)  # type: ignore[operator]
            result.append(("A", *centre, *first, *second, start, end))
        else:
            result.append(step)
    return result


def shifted(shapes: Iterable[Shape], matrix: Matrix, outer: Clip | None = None) -> list[Shape]:
    """Map shapes and their clips; a clip shared by many shapes stays shared, so that it is written once."""
    clips: dict[Clip, Clip] = {}
    result: list[Shape] = []
    for shape in shapes:
        clip = outer
        if shape.clip is not None:
            clip = clips.get(shape.clip)
            if clip is None:
                clip = clips[shape.clip] = shape.clip.moved(matrix, outer)
        result.append(shape.moved(matrix, clip))
    return result


def arc_point(step: Step, angle: float) -> tuple[float, float]:
    """Give the point of an arc step at `angle`."""
    _, x, y, ux, uy, vx, vy, _, _ = step
    cosine, sine = math.cos(angle), math.sin(angle)
    return x + ux * cosine + vx * sine, y + uy * cosine + vy * sine  # type: ignore[operator]


def _parallelogram(matrix: Matrix, left: float, right: float, low: float, high: float) -> Box:
    """The box around a box that is mapped; it is not sound where a number is not finite."""
    a, b, c, d, e, f = matrix
    across, upward = sorted((a * left, a * right)), sorted((c * low, c * high))
    x0, x1 = e + across[0] + upward[0], e + across[1] + upward[1]
    across, upward = sorted((b * left, b * right)), sorted((d * low, d * high))
    return x0, f + across[0] + upward[0], x1, f + across[1] + upward[1]


def around(points: Iterable[tuple[float, float]]) -> Box:
    """Give the box around points; an empty one has x0 > x1."""
    left = bottom = math.inf
    right = top = -math.inf
    for x, y in points:
        left, right = min(left, x), max(right, x)
        bottom, top = min(bottom, y), max(top, y)
    return left, bottom, right, top


def joined_boxes(boxes: Iterable[Box]) -> Box:
    """Give the box around boxes."""
    left = bottom = math.inf
    right = top = -math.inf
    for x0, y0, x1, y1 in boxes:
        left, right = min(left, x0), max(right, x1)
        bottom, top = min(bottom, y0), max(top, y1)
    return left, bottom, right, top


def sound(box: Box) -> bool:
    """Tell whether a box is finite and near enough to be drawn (|x| <= 1e12)."""
    return all(-FURTHEST <= edge <= FURTHEST for edge in box)


def overlap(one: Box, other: Box) -> bool:
    """Tell whether two boxes touch."""
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def _steps_box(steps: Sequence[Step]) -> Box:
    xs: list[float] = []
    ys: list[float] = []
    for step in steps:
        name = step[0]
        if name == "A":
            for x, y in _arc_extremes(step):
                xs.append(x)
                ys.append(y)
        elif name != "Z":
            # Control points of a curve enclose it: never too small, at worst a little too large.
            xs.extend(step[1::2])  # type: ignore[arg-type]
            ys.extend(step[2::2])  # type: ignore[arg-type]
    if not xs:
        return math.inf, math.inf, -math.inf, -math.inf
    # A NaN anywhere must reach sound(): min and max would hide it behind a neighbour.
    if not math.isfinite(sum(xs) + sum(ys)):
        return math.nan, math.nan, math.nan, math.nan
    return min(xs), min(ys), max(xs), max(ys)


def _arc_extremes(step: Step) -> list[tuple[float, float]]:
    _, x, y, ux, uy, vx, vy, start, end = step
    if not all(map(math.isfinite, (x, y, ux, uy, vx, vy, start, end))):  # type: ignore[arg-type]
        return [(math.nan, math.nan)]
    low, high = sorted((start, end))  # type: ignore[type-var]
    angles: list[float] = [start, end]  # type: ignore[list-item]
    for base in (math.atan2(vx, ux), math.atan2(vy, uy)):  # type: ignore[arg-type]
        turn = base + math.pi * math.ceil((low - base) / math.pi)  # type: ignore[operator]
        for _ in range(4):
            if turn >= high:
                break
            angles.append(turn)
            turn += math.pi
    return [arc_point(step, angle) for angle in angles]
