"""Breaks lines into the dashes of their linetype, as geometry.

SVG's own stroke-dasharray cannot be used: with vector-effect="non-scaling-stroke", which keeps lines thin at every
zoom, browsers measure dashes in screen pixels, so a centre line would change its pattern while one zooms.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from portal.rendering.shapes import Step, arc_point

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ARC_STEP: Final = math.radians(4)
CURVE_PIECES: Final = 16
DOT: Final = 1e-9


def flattened(steps: Sequence[Step], arc_step: float = ARC_STEP) -> list[list[tuple[float, float]]]:
    """Give the strings of points of a path, arcs in pieces of at most `arc_step` radians, curves in 16."""
    strings: list[list[tuple[float, float]]] = []
    string: list[tuple[float, float]] = []
    for step in steps:
        name = step[0]
        if name == "M":
            string = [(step[1], step[2])]  # type: ignore[list-item]
            strings.append(string)
        elif name == "L":
            string.append((step[1], step[2]))  # type: ignore[arg-type]
        elif name == "A":
            start, end = float(step[7]), float(step[8])  # type: ignore[arg-type]
            pieces = max(1, math.ceil(abs(end - start) / arc_step))
            string += [arc_point(step, start + (end - start) * part / pieces) for part in range(1, pieces + 1)]
        elif name == "C":
            string += _curve(string[-1], step)
        elif string:
            string.append(string[0])
    return [string for string in strings if len(string) > 1]


def count(steps: Sequence[Step], dashes: tuple[float, ...]) -> float:
    """Estimate how many dashes a path would be broken into."""
    period = sum(dashes)
    length = sum(math.dist(one, other) for string in flattened(steps) for one, other in pairwise(string))
    return length / period * len(dashes) / 2 if period > 0 else 0.0


def dashed(steps: Sequence[Step], dashes: tuple[float, ...]) -> list[Step]:
    """Give the path with gaps; every string begins and ends with half of its first dash, as a CAD lays it."""
    result: list[Step] = []
    for string in flattened(steps):
        result += _string(string, dashes)
    return result


def _string(points: list[tuple[float, float]], dashes: tuple[float, ...]) -> Iterator[Step]:
    length = sum(math.dist(one, other) for one, other in pairwise(points))
    period = sum(dashes)
    if length < period:
        yield from _line(points)
        return
    # Stretch the pattern a little so that a whole number of them fits and both ends are solid.
    stretch = length / (round(length / period) * period)
    cuts = [dash * stretch for dash in dashes]
    number, left, pen = 0, cuts[0] / 2, True
    here = points[0]
    yield ("M", *here)
    for target in points[1:]:
        gone, far = 0.0, math.dist(here, target)
        while far - gone > left:
            gone += left
            at = (here[0] + (target[0] - here[0]) * gone / far, here[1] + (target[1] - here[1]) * gone / far)
            yield ("L" if pen else "M", *at)
            number = (number + 1) % len(cuts)
            pen = number % 2 == 0
            left = cuts[number]
            if pen and left < DOT:
                yield ("L", *at)
        left -= far - gone
        here = target
        if pen:
            yield ("L", *target)


def _line(points: list[tuple[float, float]]) -> Iterator[Step]:
    yield ("M", *points[0])
    for point in points[1:]:
        yield ("L", *point)


def _curve(start: tuple[float, float], step: Step) -> list[tuple[float, float]]:
    _, x1, y1, x2, y2, x3, y3 = step
    points = []
    for part in range(1, CURVE_PIECES + 1):
        t = part / CURVE_PIECES
        a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
        points.append(
            (a * start[0] + b * x1 + c * x2 + d * x3, a * start[1] + b * y1 + c * y2 + d * y3),  # type: ignore[operator]
        )
    return points
