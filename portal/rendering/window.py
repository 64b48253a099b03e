"""Leaves out what a window onto the model does not show, so that a viewport onto nothing is known to be empty."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from portal.rendering.batches import BATCHES, Batch, Shape
from portal.rendering.dashes import flattened
from portal.rendering.shapes import Box, Path, Step, Words, overlap

FEW = 200

if TYPE_CHECKING:
    from collections.abc import Iterable


def trimmed(shape: Shape, window: Box) -> Shape | None:
    """Give the part of a shape worth drawing in `window`, None when nothing of it is seen there.

    Long paths of straight pieces (hatch lines) lose the pieces outside; other shapes are kept whole or not at all.
    """
    if not overlap(shape.box, window):
        return None
    if isinstance(shape, BATCHES):
        return _batch(shape, window)
    if isinstance(shape, Words) or _inside(shape.box, window):
        return shape
    if shape.fill:
        return shape if _touches(shape.steps, window) or _covers(shape.steps, window) else None
    if any(step[0] in {"A", "C", "Z"} for step in shape.steps):
        return shape if _touches(shape.steps, window) else None
    steps = list(_pieces(shape.steps, window))
    return Path(shape.ink, steps, "", shape.clip, endless=shape.endless) if steps else None


def _batch(shape: Batch, window: Box) -> Batch | None:
    """Those objects whose box touches the window; of few, only those that are truly seen in it."""
    x0, y0, x1, y1 = window
    boxes = shape.boxes
    near = (boxes[:, 0] <= x1) & (boxes[:, 2] >= x0) & (boxes[:, 1] <= y1) & (boxes[:, 3] >= y0)
    if not near.any():
        return None
    kept = shape if near.all() else shape.only(near)
    if len(kept) <= FEW and not any(_touches(path.steps, window) for path in kept.paths()):
        return None
    return kept


def crosses(start: tuple[float, float], end: tuple[float, float], window: Box) -> bool:
    """Tell whether a straight piece touches a rectangle (Liang and Barsky 1984)."""
    low, high = 0.0, 1.0
    dx, dy = end[0] - start[0], end[1] - start[1]
    for along, room in (
        (-dx, start[0] - window[0]),
        (dx, window[2] - start[0]),
        (-dy, start[1] - window[1]),
        (dy, window[3] - start[1]),
    ):
        if along == 0:
            if room < 0:
                return False
            continue
        at = room / along
        if along < 0:
            low = max(low, at)
        else:
            high = min(high, at)
        if low > high:
            return False
    return True


def _pieces(steps: Iterable[Step], window: Box) -> Iterable[Step]:
    here: tuple[float, float] | None = None
    broken = True
    for step in steps:
        point = (float(step[1]), float(step[2]))  # type: ignore[arg-type]
        if step[0] == "M" or here is None:
            broken = True
        elif crosses(here, point, window):
            if broken:
                yield ("M", *here)
            yield ("L", *point)
            broken = False
        else:
            broken = True
        here = point


def _touches(steps: Iterable[Step], window: Box) -> bool:
    return any(crosses(one, other, window) for string in flattened(list(steps)) for one, other in pairwise(string))


def _covers(steps: Iterable[Step], window: Box) -> bool:
    """Tell whether the middle of the window lies inside an area (even-odd)."""
    x, y = (window[0] + window[2]) / 2, (window[1] + window[3]) / 2
    odd = False
    for string in flattened(list(steps)):
        for (ax, ay), (bx, by) in pairwise([*string, string[0]]):
            if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
                odd = not odd
    return odd


def _inside(box: Box, window: Box) -> bool:
    return box[0] >= window[0] and box[1] >= window[1] and box[2] <= window[2] and box[3] <= window[3]
