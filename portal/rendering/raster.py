"""Pictures inside an SVG: how a raster is packed so that it is small, and written as an <image> without any reference.

Line work is kept without loss, as WebP: half the size of PNG and right to the pixel. What has as many colours as a
photograph (a scan, a rendering) is packed with loss; without it, it would be ten times as large and as slow.
"""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Final

import numpy as np

from portal.rendering.grid import short

if TYPE_CHECKING:
    from PIL.Image import Image

DRAWN_COLOURS: Final = 8192
"""A picture with more colours than these is a photograph; lines with smooth edges have a few hundred to a hue."""
QUALITY: Final = 80
LESS: Final = ((1.0, 60), (0.75, 50), (0.5, 40), (0.3, 30), (0.15, 20))
"""Size and quality, tried one after the other, for a picture that must be small."""

Place = tuple[float, float, float, float]
"""x, y, width and height in SVG units."""


def packed(picture: Image) -> bytes:
    """Pack a picture as WebP: without loss when it is line work."""
    out = io.BytesIO()
    if picture.getcolors(DRAWN_COLOURS) is None:
        picture.save(out, "WEBP", quality=QUALITY, method=2)
    else:
        picture.save(out, "WEBP", lossless=True, method=1, quality=20)
    return out.getvalue()


def packed_within(picture: Image, most: int) -> bytes:
    """Pack a picture into at most `most` bytes, coarser and with loss where it must be; the last attempt stands."""
    data = packed(picture)
    for size, quality in LESS:
        if len(data) <= most:
            break
        out = io.BytesIO()
        smaller = (max(1, round(picture.width * size)), max(1, round(picture.height * size)))
        picture.resize(smaller, reducing_gap=2.0).save(out, "WEBP", quality=quality, method=2)
        data = out.getvalue()
    return data


def blank(picture: Image) -> bool:
    """Tell whether nothing but white paper is in a picture."""
    return bool((np.asarray(picture) == 255).all())  # noqa: PLR2004 - white


def image(data: bytes, place: Place) -> str:
    """Write a packed picture as SVG."""
    x, y, width, height = (short(value) for value in place)
    return (
        f'<image x="{x}" y="{y}" width="{width}" height="{height}" preserveAspectRatio="none"'
        f' href="data:image/webp;base64,{base64.b64encode(data).decode("ascii")}"/>'
    )
