"""A large sheet at a glance: a picture so small that the page which shows the sheet holds it, and its reader waits for nothing.

It has what is largest, without letters, words of people and pictures, in few paths; the base and its tiles follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from portal.rendering.bands import banded
from portal.rendering.batches import Shape, largest
from portal.rendering.shapes import Picture, Words
from portal.rendering.svg import Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.rendering.grid import Frame
    from portal.rendering.ink import LayerLook
    from portal.rendering.result import Limits

MOST: Final = 5_000
"""Strokes, and as many areas: enough to know the sheet by."""
LARGEST: Final = 250_000
"""Letters of the document; a sheet with more, of windows without end, has to wait for its base."""


def glance(shapes: Sequence[Shape], frame: Frame, layers: Sequence[LayerLook], limits: Limits, prefix: str) -> str:
    """Give the SVG, or nothing when it would be too large. It is written as HTML may hold it: no name, no text, no link."""
    bands = banded(shape for shape in shapes if layers[shape.ink.layer].on and not isinstance(shape, Words | Picture))
    for band in bands:
        band.strokes, band.areas = largest(band.strokes, MOST), largest(band.areas, MOST)
    text = Writer(frame, layers, limits, prefix).coarse(bands, ' class="ahead" aria-hidden="true"')
    return text if len(text) <= LARGEST else ""
