"""Places single-line text: TEXT, ATTRIB and ATTDEF with their alignment, width factor, slant and mirroring."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, NamedTuple

from ezdxf.math import Vec3

from portal.rendering import curves, letters, signs
from portal.rendering.dxf import Entity
from portal.rendering.shapes import IDENTITY, Ink, Matrix, Span, Words, chained

ALIGNED, MIDDLE, FIT = 3, 4, 5
ANCHORS: Final = {0: "start", 1: "middle", 2: "end", 3: "start", 4: "middle", 5: "start"}
DESCENT: Final = 0.28
"""How far letters such as g hang below the baseline, as a part of the cap height."""
BACKWARD, UPSIDE_DOWN = 2, 4
KEPT: Final = 4096
"""Texts that are not read anew when they come again."""


class Line(NamedTuple):
    """A line of text as a drawing gives it: letters with their codes, cap height, two points, angles in degrees."""

    text: str
    height: float
    insert: tuple[float, float]
    second: tuple[float, float]
    rotation: float
    width: float
    oblique: float
    flags: int
    horizontal: int
    vertical: int
    font: str = ""


def single_line(entity: Entity, ink: Ink, style: Entity, most: int) -> list[Words]:
    """Give the line of text of a TEXT, ATTRIB or ATTDEF; none for an empty one.

    Raises curves.Unfit for a text of more than `most` letters.
    """
    dxf = entity.dxf
    insert = Vec3(dxf.insert)
    second = Vec3(dxf.align_point) if dxf.hasattr("align_point") else insert
    line = Line(
        # An attribute definition that stands by itself shows its tag, as in a CAD.
        dxf.tag if entity.dxftype() == "ATTDEF" and not entity.is_const else dxf.text,
        float(dxf.height),
        (insert.x, insert.y),
        (second.x, second.y),
        float(dxf.rotation),
        float(dxf.get("width", style.dxf.width if style else 1.0)),
        float(dxf.get("oblique", style.dxf.oblique if style else 0.0)),
        int(dxf.get("text_generation_flag", 0)) | (int(style.dxf.generation_flags) if style else 0),
        int(dxf.get("halign", 0)),
        int(dxf.get("valign", 0)),
        str(style.dxf.font) if style else "",
    )
    z = second.z if line.horizontal or line.vertical else insert.z
    return line_of_text(line, ink, most, curves.plane(entity, z))


def line_of_text(line: Line, ink: Ink, most: int, plane: Matrix = IDENTITY) -> list[Words]:
    """Give a line of text in its place, none for an empty one; `plane` maps its own plane to the drawing.

    Raises curves.Unfit for a text of more than `most` letters, or without height.
    """
    if len(line.text) > most:
        raise curves.Unfit("text too long")
    parts, natural = _read(line.text, line.font)
    if not parts:
        return []
    height = line.height
    if not height > 0:
        raise curves.Unfit("text without height")
    stretch = _factor(line.width)
    natural *= height * stretch
    horizontal = line.horizontal
    (x, y), (to_x, to_y) = line.insert, line.second
    angle = math.radians(line.rotation)
    length = 0.0
    if horizontal in {ALIGNED, FIT} and (to_x, to_y) != (x, y):
        angle, length = math.atan2(to_y - y, to_x - x), math.hypot(to_x - x, to_y - y)
        if horizontal == ALIGNED and natural > 0:
            height *= length / natural
    elif horizontal or line.vertical:
        x, y = to_x, to_y
    frame = _frame(line, stretch if not length else 1.0, length, height)
    frame = chained(frame, turned(angle, x, y))
    if plane != IDENTITY:
        frame = chained(frame, plane)
    width = length or natural / stretch
    return [Words(ink, frame, height, parts, ANCHORS.get(horizontal, "start"), length, width)]


@lru_cache(KEPT)
def _read(text: str, font: str) -> tuple[tuple[Span, ...], float]:
    """What there is to see of a text, nothing of an empty one, and how wide it is at a cap height of 1.

    Most texts of a drawing are there many times.
    """
    parts = letters.spans(text)
    if signs.are_in(font):
        parts = tuple(part._replace(text=signs.shown(part.text, font)) for part in parts)
    return (parts, letters.spans_width(parts, 1.0)) if plain(parts).strip() else ((), 0.0)


def _frame(line: Line, stretch: float, length: float, height: float) -> Matrix:
    """Lift, stretch, mirror and slant, in the text's own frame."""
    frame: Matrix = (stretch, 0.0, 0.0, 1.0, 0.0, _lift(line.horizontal, line.vertical, height))
    if line.flags & BACKWARD:
        frame = chained(frame, (-1.0, 0.0, 0.0, 1.0, length, 0.0))
    if line.flags & UPSIDE_DOWN:
        frame = chained(frame, (1.0, 0.0, 0.0, -1.0, 0.0, 0.0))
    return chained(frame, slanted(line.oblique)) if line.oblique else frame


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
