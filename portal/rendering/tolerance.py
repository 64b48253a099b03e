"""A TOLERANCE opened into lines and letters: frames of cells with a sign, the zones, and the datums they refer to.

The DXF reference gives content, place and direction; that a frame is twice as high as its letters and begins at the middle of
its left side is how AutoCAD draws it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from ezdxf.entities.lwpolyline import LWPolyline
from ezdxf.entities.mtext import MText
from ezdxf.math import Vec3

from portal.rendering import curves, letters, signs
from portal.rendering.dxf import Entity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CELL: Final = "%%v"
#: A frame has six cells, and two or three rows.
MOST_LETTERS, MOST_CELLS = 4_000, 200
#: No drawing is so large, and a number that is none is not smaller.
FARTHEST: Final = 1e12
_ROWS: Final = re.compile(r"\^J|\r?\n|\r")
MIDDLE_CENTRE: Final = 5
#: Letters of a dimension style by the code that overrides them on the object: height, scale, colour of lines and of text.
_CODES: Final = {140: "height", 40: "scale", 176: "lines", 178: "text"}


@dataclass(slots=True)
class _Look:
    """What the dimension style says of it; colours are numbers of the palette, 0 the object's own."""

    height: float = 2.5
    scale: float = 1.0
    lines: int = 0
    text: int = 0
    font: str = "Standard"


def opened(entity: Entity, style: Entity) -> list[Entity]:
    """The frames and letters of a TOLERANCE. `style` is its DIMSTYLE, or None when the file has none of that name.

    Raises curves.Unfit when it says nothing.
    """
    content = str(entity.dxf.content)
    if len(content) > MOST_LETTERS or content.count(CELL) > MOST_CELLS:
        raise curves.Unfit("text too long")
    look = _look(entity, style)
    height = look.height * (look.scale if look.scale > 0 else 1.0)
    along = Vec3(entity.dxf.get("x_axis_vector") or (1, 0, 0)).normalize()
    up = Vec3(entity.dxf.get("extrusion") or (0, 0, 1)).cross(along).normalize()
    start = Vec3(entity.dxf.insert)
    if not all(abs(number) < FARTHEST for number in (height, *along, *up, *start)):
        raise curves.Unfit("a frame nowhere")
    parts: list[Entity] = []
    for row in _rows(content):
        at = start
        for cell in row:
            wide = max(2 * height, letters.width(_plain(cell), height) + height)
            parts += _cell(cell, at, along * wide, up * height, look, height)
            at += along * wide
        start -= up * (2 * height)
    if not parts:
        raise curves.Unfit("an empty tolerance")
    return parts


def _rows(content: str) -> Iterator[list[str]]:
    for line in _ROWS.split(content):
        cells = [cell for cell in line.split(CELL) if _plain(cell).strip()]
        if cells:
            yield cells


def _plain(cell: str) -> str:
    return "".join(span.text for span in letters.spans(signs.seen(cell)))


def _cell(cell: str, at: Vec3, along: Vec3, up: Vec3, look: _Look, height: float) -> Iterable[Entity]:  # noqa: PLR0913 - a cell, its place and its look
    corners = [at + up, at + along + up, at + along - up, at - up]
    ring = LWPolyline.new(dxfattribs={"layer": "0", "color": look.lines, "elevation": at.z})
    ring.append_points([(corner.x, corner.y) for corner in corners], format="xy")
    ring.closed = True
    words = MText.new(
        dxfattribs={
            "layer": "0",
            "color": look.text,
            "style": look.font,
            "insert": at + along / 2,
            "char_height": height,
            "attachment_point": MIDDLE_CENTRE,
            "text_direction": along.normalize(),
        }
    )
    words.text = cell
    return ring, words


def _look(entity: Entity, style: Entity) -> _Look:
    look = _Look()
    if style is not None:
        dxf = style.dxf
        look = _Look(
            float(dxf.get("dimtxt", 2.5)),
            float(dxf.get("dimscale", 1.0)),
            int(dxf.get("dimclrd", 0)),
            int(dxf.get("dimclrt", 0)),
            str(dxf.get("dimtxsty") or "Standard"),
        )
    if entity.has_xdata("ACAD"):
        tags = [(tag.code, tag.value) for tag in entity.get_xdata("ACAD")]
        for (kind, code), (_, value) in pairwise(tags):
            if kind == 1070 and code in _CODES and not isinstance(value, str):  # noqa: PLR2004 - the code of a short number
                name = _CODES[code]
                setattr(look, name, type(getattr(look, name))(value))
    if not look.height > 0:
        raise curves.Unfit("text without height")
    return look
