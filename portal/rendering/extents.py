"""Finds the part of a sheet worth showing first: a stray line far away must not shrink the drawing to a dot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from portal.rendering.shapes import Box, joined_boxes

if TYPE_CHECKING:
    from collections.abc import Sequence

FEW: Final = 8
CORE: Final = 0.05
REACH: Final = 12.0


def useful(boxes: Sequence[Box]) -> Box:
    """Give the box around what belongs together; `boxes` must not be empty.

    The core is where nine tenths of the objects have their middle; what reaches more than 12 times the core's size
    beyond it is left outside. A sheet of fewer than 8 objects is shown whole.
    """
    if len(boxes) < FEW:
        return joined_boxes(boxes)
    core = (*_middle([(box[0] + box[2]) / 2 for box in boxes]), *_middle([(box[1] + box[3]) / 2 for box in boxes]))
    sizes = sorted(max(box[2] - box[0], box[3] - box[1]) for box in boxes)
    size = max(core[1] - core[0], core[3] - core[2], sizes[len(sizes) // 2])
    reach = size * REACH
    if reach <= 0:
        return joined_boxes(boxes)
    near = [
        box
        for box in boxes
        if box[0] >= core[0] - reach
        and box[2] <= core[1] + reach
        and box[1] >= core[2] - reach
        and box[3] <= core[3] + reach
    ]
    return joined_boxes(near or boxes)


def _middle(values: list[float]) -> tuple[float, float]:
    values.sort()
    cut = int(len(values) * CORE)
    return values[cut], values[-1 - cut]
