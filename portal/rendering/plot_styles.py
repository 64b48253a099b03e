"""Plot styles of a CTB or STB file: what colour and weight a line has on paper, by its index colour or by the name of its style.

The layout of both files: 60 bytes of head, then deflated text; ezdxf reads the text. In a drawing with named styles an object
or its layer has the style's name (ink.py); a drawing with styles by colour has no use for a file of names, and the other way.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from ezdxf.addons.acadctb import ColorDependentPlotStyles, NamedPlotStyles
from ezdxf.lldxf.const import DXFError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ezdxf.addons.acadctb import PlotStyle

    from portal.rendering.shapes import Ink

BY_COLOUR: Final = b"PIAFILEVERSION_2.0,CTB"
BY_NAME: Final = b"PIAFILEVERSION_2.0,STB"
HEAD: Final = 60
LARGEST: Final = 4 << 20
"""Bytes of the text: 255 styles take about 80 KB."""
WHITE: Final = 255
BROKEN: Final = (zlib.error, ValueError, KeyError, IndexError, TypeError, DXFError, RecursionError)

Pen = tuple[str, float]
"""Colour, "" for the object's own, and weight in mm, 0 for the object's own."""


class Unusable(Exception):  # noqa: N818 - reads as what happened
    """The file is no table of plot styles."""


class PlotStyles:
    """What an index colour, or a named style, becomes on paper; a true colour stays as it is where styles go by colour."""

    def __init__(self, pens: dict[int, Pen], named: dict[str, Pen]) -> None:
        self._pens = pens
        self._named = named

    @classmethod
    def read(cls, file: Path) -> PlotStyles:
        """Read a CTB or STB file; raises Unusable for anything else."""
        data = file.read_bytes()[:LARGEST]
        try:
            if data.startswith(BY_COLOUR):
                table = ColorDependentPlotStyles()
                table.parse(_text(data))
                return cls({aci: _pen(table[aci], table.lineweights) for aci in range(1, 256)}, {})
            if data.startswith(BY_NAME):
                named = NamedPlotStyles()
                named.parse(_text(data))
                return cls({}, {name.casefold(): _pen(style, named.lineweights) for name, style in named.items()})
        except BROKEN as error:
            raise Unusable from error
        raise Unusable

    def of(self, ink: Ink) -> Ink:
        """Give the ink as it is plotted."""
        pens = self._named.get(ink.style.casefold()) if self._named else self._pens.get(ink.aci)
        colour, weight = pens or ("", 0.0)
        return ink._replace(colour=colour or ink.colour, weight=weight or ink.weight)


def _text(data: bytes) -> str:
    return zlib.decompressobj().decompress(data[HEAD:], LARGEST).rstrip(b"\x00").decode("cp1252", "replace")


def _pen(style: PlotStyle, weights: Sequence[float]) -> Pen:
    colour, screen = style.color, min(max(style.screen, 0), 100) / 100
    weight = max(0.0, float(weights[style.lineweight]))
    if colour is None:
        return "", weight
    return "#" + "".join(f"{round(WHITE - (WHITE - part) * screen):02x}" for part in colour), weight
