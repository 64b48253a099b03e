"""Pictures inside an SVG: how a raster is packed so that it is small, and written as an <image> without any reference.

Line work is kept without loss, as WebP: half the size of PNG and right to the pixel. What has as many colours as a
photograph (a scan, a rendering) is packed with loss; without it, it would be ten times as large and as slow.
"""

from __future__ import annotations

import base64
import io
import math
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL.Image import Resampling

from portal.rendering.grid import short

if TYPE_CHECKING:
    from PIL.Image import Image

DRAWN_COLOURS: Final = 8192
"""A picture with more colours than these is a photograph; lines with smooth edges have a few hundred to a hue."""
QUALITY: Final = 80
LESS: Final = (60, 50, 40, 25)
"""The quality of one attempt after the other, for a picture that must be small."""

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
    """Pack a picture with loss into about `most` bytes at most, as much coarser as it must be."""
    data = _with_loss(picture, LESS[0])
    for quality in LESS[1:]:
        if len(data) <= most:
            break
        # The bytes go about with the area; half of it spares a third attempt.
        part = min(0.8, math.sqrt(most / len(data) * 0.75))
        size = max(1, round(picture.width * part)), max(1, round(picture.height * part))
        picture = picture.resize(size, Resampling.BILINEAR, reducing_gap=1.5)
        data = _with_loss(picture, quality)
    return data


def _with_loss(picture: Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=quality, method=0)
    return out.getvalue()


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
