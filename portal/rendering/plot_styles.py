"""Plot styles of a CTB file: for each index colour the colour and the weight that a line has on paper.

The layout of the file: 60 bytes of head, then deflated text; ezdxf reads the text. Named styles (STB) hang on objects by
handles that few drawings keep right, and are not used.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from ezdxf.addons.acadctb import ColorDependentPlotStyles
from ezdxf.lldxf.const import DXFError

if TYPE_CHECKING:
    from pathlib import Path

    from portal.rendering.shapes import Ink

MAGIC: Final = b"PIAFILEVERSION_2.0,CTB"
HEAD: Final = 60
LARGEST: Final = 4 << 20
"""Bytes of the text: 255 styles take about 80 KB."""
WHITE: Final = 255
BROKEN: Final = (zlib.error, ValueError, KeyError, IndexError, TypeError, DXFError, RecursionError)


class Unusable(Exception):  # noqa: N818 - reads as what happened
    """The file is no table of plot styles by colour."""


class PlotStyles:
    """What each index colour becomes on paper; a true colour stays as it is."""

    def __init__(self, pens: dict[int, tuple[str, float]]) -> None:
        self._pens = pens

    @classmethod
    def read(cls, file: Path) -> PlotStyles:
        """Read a CTB file; raises Unusable for anything else."""
        data = file.read_bytes()[:LARGEST]
        if not data.startswith(MAGIC):
            raise Unusable
        styles = ColorDependentPlotStyles()
        try:
            inflated = zlib.decompressobj().decompress(data[HEAD:], LARGEST)
            styles.parse(inflated.rstrip(b"\x00").decode("cp1252", "replace"))
            return cls({aci: _pen(styles, aci) for aci in range(1, 256)})
        except BROKEN as error:
            raise Unusable from error

    def of(self, ink: Ink) -> Ink:
        """Give the ink as it is plotted."""
        colour, weight = self._pens.get(ink.aci, ("", 0.0))
        return ink._replace(colour=colour or ink.colour, weight=weight or ink.weight)


def _pen(styles: ColorDependentPlotStyles, aci: int) -> tuple[str, float]:
    """Colour, "" for the object's own, and weight in mm, 0 for the object's own."""
    style = styles[aci]
    colour, screen = style.color, min(max(style.screen, 0), 100) / 100
    weight = max(0.0, float(style.get_lineweight()))
    if colour is None:
        return "", weight
    return "#" + "".join(f"{round(WHITE - (WHITE - part) * screen):02x}" for part in colour), weight
