"""Finds the part of a sheet worth showing first: a stray line far away must not shrink the drawing to a dot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from portal.rendering.batches import around

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from portal.rendering.shapes import Box

FEW: Final = 8
CORE: Final = 0.05
REACH: Final = 12.0


def useful(boxes: NDArray[np.float64]) -> Box:
    """Give the box around what belongs together, of the boxes (n, 4) of a sheet's objects; there must be one.

    The core is where nine tenths of the objects have their middle; what reaches more than 12 times the core's size
    beyond it is left outside. A sheet of fewer than 8 objects is shown whole.
    """
    if len(boxes) < FEW:
        return around(boxes)
    cut, half = int(len(boxes) * CORE), len(boxes) // 2
    middles = np.partition((boxes[:, 0:2] + boxes[:, 2:4]) / 2, (cut, len(boxes) - 1 - cut), axis=0)
    low, high = middles[cut], middles[-1 - cut]
    sizes = np.partition((boxes[:, 2:4] - boxes[:, 0:2]).max(axis=1), half)
    reach = max((high - low).max(), sizes[half]) * REACH
    if reach <= 0:
        return around(boxes)
    near = (boxes[:, 0:2] >= low - reach).all(axis=1) & (boxes[:, 2:4] <= high + reach).all(axis=1)
    return around(boxes[near] if near.any() else boxes)
