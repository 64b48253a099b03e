"""The outermost element of every SVG we write: the same for a drawing, a page of a PDF, and their tiles."""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING

from portal.rendering.grid import short
from portal.rendering.letters import FAMILY

if TYPE_CHECKING:
    from portal.rendering.grid import Frame
    from portal.rendering.shapes import Picture


def root(frame: Frame, content: str, attributes: str = "") -> str:
    """Give a document that shows `content`, which is SVG already."""
    width, height = frame.size
    family = f' font-family="{FAMILY}"' if "<text" in content else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {short(width)} {short(height)}"{attributes} fill="none"'
        f' stroke="currentColor" stroke-linecap="round" stroke-linejoin="round"{family}>{content}</svg>'
    )


def placed_image(picture: Picture, frame: Frame, fine: float) -> str:
    """Give a picture as SVG on a grid `fine` times as fine as the SVG's units; it refers to nothing."""
    a, b, c, d, e, f = picture.matrix
    x0, _, _, y1 = frame.box
    scale, raster = frame.scale * fine, picture.raster
    wide, high = scale / raster.width, scale / raster.height
    # Pixels are counted downwards from the upper left corner, and so is the page.
    matrix = (a * wide, -b * wide, -c * high, d * high, (c + e - x0) * scale, (y1 - d - f) * scale)
    opacity = f' opacity="{picture.ink.alpha:.2f}"' if picture.ink.alpha < 1 else ""
    placed = " ".join(f"{value:.7g}" for value in matrix)
    return (
        f'<image width="{raster.width}" height="{raster.height}" preserveAspectRatio="none"{opacity}'
        f' transform="matrix({placed})" href="data:image/webp;base64,{base64.b64encode(raster.data).decode("ascii")}"/>'
    )


def about(frame: Frame, name: str, units: str) -> str:
    """Give the attributes of a sheet's own document: its label, and how its coordinates are those of the drawing."""
    x0, _, _, y1 = frame.box
    return (
        f' role="img" aria-label="{escape(name)}" data-scale="{frame.scale!r}" data-origin="{x0!r} {y1!r}"'
        f' data-units="{units}"'
    )
