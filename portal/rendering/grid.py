"""The grid of a sheet's SVG: which part of the drawing it shows, and paths as short whole numbers on it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from portal.rendering.letters import CAP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from portal.rendering.shapes import Box, Step

SIDE: Final = 4000.0
FINE: Final = (25.0, 50.0, 100.0, 250.0, 1000.0)
"""Grid steps to an SVG unit that a sheet may have: 100,000 across for most."""
EXACT: Final = 100
"""A radius above this, in steps, needs no decimals."""
LINE: Final = re.compile(r"[hv]-?\d+|l-?\d+[ -]\d+")
"""One straight line as path data."""
LARGEST_FONT: Final = 1800.0
NEAR: Final = 1 << 14
_SPACED: Final = (*(f" {number}" for number in range(NEAR)), *map(str, range(-NEAR, 0)))
"""Numbers as path data has them after another one; what is negative is counted from the end, as indices are."""
ROUND: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Frame:
    """What the sheet shows and how drawing units become SVG units."""

    box: Box
    scale: float

    @classmethod
    def around(cls, box: Box, tallest: float) -> Frame:
        """Frame `box` with a margin of 2 %, so that the longer side is 4000 units and no letter is above 1800."""
        x0, y0, x1, y1 = box
        side = max(x1 - x0, y1 - y0)
        if side <= 0:
            side = max(abs(x0), abs(y0), 1.0) * 1e-3
        margin = side * 0.02
        framed = (x0 - margin, y0 - margin, x1 + margin, y1 + margin)
        scale = SIDE / (side + 2 * margin)
        if tallest > 0:
            scale = min(scale, LARGEST_FONT * CAP / tallest)
        return cls(framed, scale)

    @property
    def size(self) -> tuple[float, float]:
        """Give the width and height of the viewBox."""
        x0, y0, x1, y1 = self.box
        return (x1 - x0) * self.scale, (y1 - y0) * self.scale


class Grid:
    """Writes paths of a frame as SVG path data, `fine` grid steps to an SVG unit."""

    def __init__(self, frame: Frame, fine: float = FINE[0], *, at_origin: bool = False) -> None:
        self.fine = fine
        self._frame = frame
        self._step = frame.scale * fine
        self._left, self._top = (0.0, 0.0) if at_origin else (frame.box[0], frame.box[3])

    def at_origin(self) -> Grid:
        """The same steps, counted from the drawing's own origin: for what is written once and set down at many places."""
        return Grid(self._frame, self.fine, at_origin=True)

    @property
    def coarse(self) -> bool:
        """Whether a step is about a pixel of the whole sheet: what is smaller is a dot, and most dots are the same."""
        return self.fine < 1

    def points(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Grid points of many drawing points, (n, 2)."""
        return np.rint((points - (self._left, self._top)) * (self._step, -self._step)).astype(np.int64)

    def lengths(self, lengths: NDArray[np.float64]) -> NDArray[np.float64]:
        """Lengths in grid steps."""
        return lengths * self._step

    def data(self, steps: Sequence[Step]) -> str:
        """Give the d attribute of a path."""
        found = self.piece(steps)
        return f"M{found[0]}{found[1]: d}{found[4]}" if found else ""

    def piece(self, steps: Sequence[Step]) -> tuple[int, int, int, int, str] | None:
        """Where a path begins and ends on the grid, x and y each, and its data after the first M, all relative."""
        fine, left, top = self._step, self._left, self._top
        parts: list[str] = []
        here_x = here_y = start_x = start_y = 0
        begin: tuple[int, int] | None = None
        drawn = True
        first = 0
        for step in steps:
            name = step[0]
            if name == "Z":
                first = _close(parts, first, back=(here_x, here_y) == (start_x, start_y))
                here_x, here_y, drawn = start_x, start_y, True
                continue
            if name == "M":
                if not drawn:
                    parts.append("h0")
                x = round((step[1] - left) * fine)  # type: ignore[operator]
                y = round((top - step[2]) * fine)  # type: ignore[operator]
                if begin is None:
                    begin = x, y
                else:
                    parts.append(f"m{x - here_x}{y - here_y: d}")
                here_x, here_y = start_x, start_y = x, y
                first = len(parts)
                drawn = False
                continue
            if name == "A":
                text, x, y = self._arc(step, here_x, here_y)
            elif name == "L":
                x = round((step[1] - left) * fine)  # type: ignore[operator]
                y = round((top - step[2]) * fine)  # type: ignore[operator]
                text = _straight(x - here_x, y - here_y)
            else:
                points = [
                    (round((step[at] - left) * fine), round((top - step[at + 1]) * fine))  # type: ignore[operator]
                    for at in (1, 3, 5)
                ]
                x, y = points[2]
                text = "c" + "".join(f"{px - here_x: d}{py - here_y: d}" for px, py in points).lstrip()
                text = text if (x, y) != (here_x, here_y) or max(abs(p[0] - x) for p in points) else ""
            if text:
                parts.append(text)
                drawn = True
            here_x, here_y = x, y
        if not drawn:
            parts.append("h0")
        return (*begin, here_x, here_y, "".join(parts)) if begin is not None else None

    def _arc(self, step: Step, here_x: int, here_y: int) -> tuple[str, int, int]:
        _, cx, cy, ux, uy, vx, vy, start, end = (0.0, *map(float, step[1:]))  # type: ignore[arg-type]
        fine, x0, y1 = self._step, self._left, self._top
        # In the SVG y points down: mirror the half-axes.
        ux, uy, vx, vy = ux * fine, -uy * fine, vx * fine, -vy * fine
        mid_x, mid_y = (cx - x0) * fine, (y1 - cy) * fine

        def at(angle: float) -> tuple[int, int]:
            cosine, sine = math.cos(angle), math.sin(angle)
            return round(mid_x + ux * cosine + vx * sine), round(mid_y + uy * cosine + vy * sine)

        x, y = at(end)
        major, minor, turn = principal(ux, uy, vx, vy)
        if minor < 1 or major < 1:
            middle = at((start + end) / 2)
            text = _straight(middle[0] - here_x, middle[1] - here_y) + _straight(x - middle[0], y - middle[1])
            return text, x, y
        sweep = int((ux * vy - uy * vx > 0) == (end > start))
        radii = f"{_grid(major)} {_grid(minor)} {turn:g}"
        halves = ((start + end) / 2, end) if abs(end - start) > math.pi * 1.9 else (end,)
        text = ""
        for angle in halves:
            to_x, to_y = at(angle)
            large = int(len(halves) == 1 and abs(end - start) > math.pi)
            if (to_x, to_y) != (here_x, here_y):
                text += f"a{radii} {large}{sweep}{to_x - here_x: d}{to_y - here_y: d}"
            here_x, here_y = to_x, to_y
        return text, x, y


def spaced(numbers: NDArray[np.int64]) -> list[str]:
    """Numbers as words that can follow another one: with a sign or a space before them.

    Most steps are short; to look a word up takes a tenth of the time to format it.
    """
    return [_SPACED[number] if -NEAR <= number < NEAR else f"{number: d}" for number in numbers.tolist()]


def principal(ux: float, uy: float, vx: float, vy: float) -> tuple[float, float, float]:
    """Give the half-axes and the turn in degrees of the ellipse u cos t + v sin t."""
    first, second, mixed = ux * ux + uy * uy, vx * vx + vy * vy, ux * vx + uy * vy
    if abs(first - second) <= ROUND * first and abs(mixed) <= ROUND * first:
        return math.sqrt(first), math.sqrt(second), 0.0
    at = math.atan2(2 * mixed, first - second) / 2
    cosine, sine = math.cos(at), math.sin(at)
    px, py = ux * cosine + vx * sine, uy * cosine + vy * sine
    qx, qy = vx * cosine - ux * sine, vy * cosine - uy * sine
    return math.hypot(px, py), math.hypot(qx, qy), round(math.degrees(math.atan2(py, px)), 4)


def single_ring(steps: Sequence[Step]) -> Sequence[Step] | None:
    """Give a single straight ring turned one way, so that many can share a path under the nonzero rule; else None."""
    if len(steps) < 4 or steps[0][0] != "M" or any(step[0] != "L" for step in steps[1:-1]):  # noqa: PLR2004
        return None
    last = steps[-1][0]
    if last not in {"L", "Z"}:
        return None
    points = [(step[1], step[2]) for step in steps if step[0] != "Z"]
    if len(points) > 12:  # noqa: PLR2004 - larger rings may cross themselves
        return None
    turns = sum(
        one[0] * other[1] - other[0] * one[1]  # type: ignore[operator]
        for one, other in zip(points, [*points[1:], points[0]], strict=True)
    )
    if turns < 0:
        points.reverse()
    return [("M", *points[0]), *(("L", *point) for point in points[1:]), ("Z",)]


def _close(parts: list[str], first: int, *, back: bool) -> int:
    """Close the ring that began with part `first`: where the next begins. A line `back` to the beginning is what z draws."""
    if back and len(parts) - first > 1 and LINE.fullmatch(parts[-1]):
        parts.pop()
    parts.append("z")
    return len(parts)


def _straight(x: int, y: int) -> str:
    if not y:
        return f"h{x}" if x else ""
    return f"l{x}{y: d}" if x else f"v{y}"


def _grid(value: float) -> str:
    return str(round(value)) if value > EXACT else f"{value:.1f}"


def short(value: float, decimals: int = 2) -> str:
    """Give a number with at most so many decimals."""
    text = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text
