"""Sorts a sheet's shapes into bands, and works out from them how finely it is written and how it is cut into tiles."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from portal.rendering.batches import Batch, Shape, boxes_of, strokes_in
from portal.rendering.grid import FINE, Frame
from portal.rendering.shapes import Box, Path, Words
from portal.rendering.tiles import Tiles

if TYPE_CHECKING:
    from collections.abc import Iterable

BANDS: Final = 64
WHOLE: Final = 12_000
"""A sheet of so many objects is one document."""
PER_TILE: Final = 6_000
MOST_ACROSS: Final = 24
STEPS: Final = 60


@dataclass(slots=True)
class Band:
    """Shapes between two masks: a mask hides what came before it and nothing after."""

    areas: list[Path] = field(default_factory=list)
    strokes: list[Path | Batch] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)

    def any(self) -> bool:
        """Tell whether there is anything yet."""
        return bool(self.areas or self.strokes or self.words)


def banded(shapes: Iterable[Shape]) -> list[Band]:
    """Sort shapes into bands: in each, areas lie below strokes, and letters above them."""
    bands = [Band()]
    for shape in shapes:
        if isinstance(shape, Words):
            bands[-1].words.append(shape)
            continue
        if shape.fill == "mask" and bands[-1].any() and len(bands) < BANDS:
            bands.append(Band())
        if isinstance(shape, Path) and shape.fill:
            bands[-1].areas.append(shape)
        else:
            bands[-1].strokes.append(shape)
    return bands


def boxes_by_tile(bands: list[Band], tiles: Tiles) -> dict[int, Box]:
    """The box of each tile's objects, in drawing units."""
    boxes = np.concatenate([boxes_of(shapes) for band in bands for shapes in (band.areas, band.strokes, band.words)])
    numbers = tiles.of_all(boxes)
    order = np.argsort(numbers, kind="stable")
    boxes, numbers = boxes[order], numbers[order]
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    low = np.minimum.reduceat(boxes[:, 0:2], starts).tolist()
    high = np.maximum.reduceat(boxes[:, 2:4], starts).tolist()
    return {tile: (*a, *b) for tile, a, b in zip(numbers[starts].tolist(), low, high, strict=True)}


def fineness(bands: list[Band], frame: Frame) -> float:
    """Grid steps to an SVG unit, so that all but the smallest tenth of the strokes are STEPS steps long or more.

    An object that fills 60 pixels is then right to the pixel, and objects that meet still meet when they are larger:
    what is one point in the drawing is one point of the grid.
    """
    boxes = boxes_of([stroke for band in bands for stroke in band.strokes])
    sizes = (boxes[:, 2:4] - boxes[:, 0:2]).max(axis=1, initial=0.0)
    sizes = sizes[sizes > 0] * frame.scale
    if not len(sizes):
        return FINE[0]
    wanted = STEPS / float(np.quantile(sizes, 0.1))
    return next((fine for fine in FINE if fine >= wanted), FINE[-1])


def tiling(bands: list[Band], frame: Frame) -> Tiles:
    """One tile for a small sheet, and for one with masks: they hide what came before them, in whatever tile."""
    count = sum(strokes_in(shape) for band in bands for shape in band.strokes)
    count += sum(len(band.areas) + len(band.words) for band in bands)
    if count <= WHOLE or len(bands) > 1:
        return Tiles(frame, 1)
    return Tiles(frame, min(math.ceil(math.sqrt(count / PER_TILE)), MOST_ACROSS))
