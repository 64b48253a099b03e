"""Places single-line text: TEXT, ATTRIB and ATTDEF with their alignment, width factor, slant and mirroring."""

from __future__ import annotations

import math
from typing import Final

from ezdxf.math import Vec3

from portal.rendering import curves, letters
from portal.rendering.dxf import Entity
from portal.rendering.shapes import Ink, Matrix, Span, Words, chained

ALIGNED, MIDDLE, FIT = 3, 4, 5
ANCHORS: Final = {0: "start", 1: "middle", 2: "end", 3: "start", 4: "middle", 5: "start"}
DESCENT: Final = 0.28
"""How far letters such as g hang below the baseline, as a part of the cap height."""
BACKWARD, UPSIDE_DOWN = 2, 4


def single_line(entity: Entity, ink: Ink, style: Entity, most: int) -> list[Words]:
    """Give the line of text of a TEXT, ATTRIB or ATTDEF; none for an empty one.

    Raises curves.Unfit for a text of more than `most` letters.
    """
    dxf = entity.dxf
    # An attribute definition that stands by itself shows its tag, as in a CAD.
    text = dxf.tag if entity.dxftype() == "ATTDEF" and not entity.is_const else dxf.text
    if len(text) > most:
        raise curves.Unfit("text too long")
    parts = letters.spans(text)
    if not "".join(part.text for part in parts).strip():
        return []
    height = float(dxf.height)
    if not height > 0:
        raise curves.Unfit("text without height")
    stretch = _factor(dxf.get("width", style.dxf.width if style else 1.0))
    slant = float(dxf.get("oblique", style.dxf.oblique if style else 0.0))
    flags = int(dxf.get("text_generation_flag", 0)) | (int(style.dxf.generation_flags) if style else 0)
    natural = letters.spans_width(parts, height) * stretch
    horizontal, vertical = int(dxf.get("halign", 0)), int(dxf.get("valign", 0))
    insert = Vec3(dxf.insert)
    second = Vec3(dxf.align_point) if dxf.hasattr("align_point") else insert
    angle = math.radians(dxf.rotation)
    length = 0.0
    if horizontal in {ALIGNED, FIT} and second.vec2 != insert.vec2:
        along = second.vec2 - insert.vec2
        angle, length = along.angle, along.magnitude
        if horizontal == ALIGNED and natural > 0:
            height *= length / natural
    elif horizontal or vertical:
        insert = second
    lift = _lift(horizontal, vertical, height)
    # Lift, stretch and slant happen in the text's own frame, then it is turned and set down.
    frame: Matrix = (stretch if not length else 1.0, 0.0, 0.0, 1.0, 0.0, lift)
    if flags & BACKWARD:
        frame = chained(frame, (-1.0, 0.0, 0.0, 1.0, length, 0.0))
    if flags & UPSIDE_DOWN:
        frame = chained(frame, (1.0, 0.0, 0.0, -1.0, 0.0, 0.0))
    frame = chained(frame, slanted(slant))
    frame = chained(frame, turned(angle, insert.x, insert.y))
    frame = chained(frame, curves.plane(entity, insert.z))
    width = length or natural / stretch
    return [Words(ink, frame, height, parts, ANCHORS.get(horizontal, "start"), length, width)]


def slanted(degrees: float) -> Matrix:
    """Give the map that leans upright letters by `degrees` to the right (at most 85)."""
    lean = math.tan(math.radians(min(max(degrees if degrees < 180 else degrees - 360, -85.0), 85.0)))  # noqa: PLR2004
    return (1.0, 0.0, lean, 1.0, 0.0, 0.0)


def turned(angle: float, x: float, y: float) -> Matrix:
    """Give the map that turns by `angle` radians and then moves the origin to (x, y)."""
    cosine, sine = math.cos(angle), math.sin(angle)
    return (cosine, sine, -sine, cosine, x, y)


def plain(parts: tuple[Span, ...]) -> str:
    """Give the letters of a line."""
    return "".join(part.text for part in parts)


def _lift(horizontal: int, vertical: int, height: float) -> float:
    if horizontal == MIDDLE:
        return -height / 2
    return {0: 0.0, 1: DESCENT * height, 2: -height / 2, 3: -height}.get(vertical, 0.0)


def _factor(value: float) -> float:
    factor = float(value)
    if not math.isfinite(factor):
        raise curves.Unfit("width factor is not a number")
    return min(max(abs(factor), 0.01), 100.0) if factor else 1.0
