"""The tiles of a sheet: which one an object belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from portal.rendering.grid import Frame

WIDE: Final = 1.5
"""What is so many times as large as a tile belongs to the tile of all such: it is seen from too many places."""


class Tiles:
    """A grid of `across` by `across` tiles over a sheet, numbered row by row from 1; the last is that of the wide ones."""

    def __init__(self, frame: Frame, across: int) -> None:
        self.across = across
        x0, y0, x1, y1 = frame.box
        self._low = np.array((x0, y0))
        self._size = np.array(((x1 - x0) or 1.0, (y1 - y0) or 1.0)) / across

    @property
    def wide(self) -> int:
        """The number of the tile of what is larger than a tile."""
        return self.across**2 + 1

    def of_all(self, boxes: NDArray[np.float64]) -> NDArray[np.int64]:
        """The tile of each box (n, 4): where its middle lies; outside the sheet, the nearest at the edge."""
        if self.across == 1:
            return np.ones(len(boxes), np.int64)
        middle = (boxes[:, 0:2] + boxes[:, 2:4]) / 2
        place = np.clip(((middle - self._low) / self._size).astype(np.int64), 0, self.across - 1)
        wide = ((boxes[:, 2:4] - boxes[:, 0:2]) > WIDE * self._size).any(axis=1)
        return np.where(wide, self.wide, place[:, 1] * self.across + place[:, 0] + 1)
