"""Draws a sheet as a small picture for lists: ink on paper, nothing smaller than half a pixel, letters as grey lines.

It is shown in an <img>, where page styles do not reach: so the colours are darkened here to be seen on white.
"""

from __future__ import annotations

import functools
import itertools
import math
from typing import TYPE_CHECKING, Final

from portal.rendering.batches import BATCHES, Shape, largest
from portal.rendering.dashes import flattened
from portal.rendering.shapes import Path, Words, apply, overlap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from portal.rendering.grid import Frame
    from portal.rendering.ink import LayerLook

WIDTH: Final = 320.0
MOST: Final = 2500
"""Objects in the picture: more than these cannot be told apart in it."""
GRID: Final = 4
LARGEST: Final = 60_000
SMALLEST: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
PICTURE: Final = "#d8dee6"
"""A picture in the picture is a grey field."""
DARKEST: Final = "#26303a"
BRIGHT: Final = 0.42
ARC_STEP: Final = math.radians(15)

_Look = tuple[str, str, str]
"""(fill, stroke or text; colour; opacity or width)."""


def thumbnail(shapes: Sequence[Shape], frame: Frame, layers: Sequence[LayerLook]) -> str:
    """Give an SVG of at most 60 kB; the finer detail is left out first when it would be larger."""
    seen = [shape for shape in shapes if layers[shape.ink.layer].on and overlap(shape.box, frame.box)]
    marks = list(_marks(itertools.islice(_alone(largest(seen, MOST)), 2 * MOST), frame))
    for smallest in SMALLEST:
        text = _drawn((mark for mark in marks if mark[0] >= smallest), frame)
        if len(text) <= LARGEST:
            return text
    return _drawn((), frame)


def _alone(shapes: Iterable[Shape]) -> Iterator[Path | Words]:
    for shape in shapes:
        if isinstance(shape, BATCHES):
            yield from shape.paths()
        else:
            yield shape


@functools.cache
def ink_on_paper(colour: str) -> str:
    """Darken a screen colour until it can be seen on white paper."""
    if not colour.startswith("#"):
        return DARKEST
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    light = (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255
    part = min(1.0, BRIGHT / light) if light > 0 else 1.0
    return f"#{round(red * part):02x}{round(green * part):02x}{round(blue * part):02x}"


def _marks(shapes: Iterable[Path | Words], frame: Frame) -> Iterator[tuple[float, _Look, str]]:
    """Give what can be seen: its size in pixels, its look and its path data."""
    x0, y0, x1, y1 = frame.box
    scale = WIDTH / max(x1 - x0, y1 - y0)
    fine = scale * GRID
    for shape in shapes:
        box = shape.box
        size = max(box[2] - box[0], box[3] - box[1]) * scale
        if size < SMALLEST[0]:
            continue
        colour = ink_on_paper(shape.ink.colour)
        if isinstance(shape, Words):
            look, data = _greeked(shape, colour, x0, y1, fine)
        else:
            data = _data(shape, x0, y1, fine)
            if shape.fill == "mask":
                look = ("fill", "#ffffff", "1")
            elif shape.fill == "picture":
                look = ("fill", PICTURE, "1")
            elif shape.fill:
                look = ("fill", colour, f"{min(shape.ink.alpha, 0.55):g}")
            else:
                look = ("stroke", colour, "1")
        if data:
            yield size, look, data


def _drawn(marks: Iterable[tuple[float, _Look, str]], frame: Frame) -> str:
    x0, y0, x1, y1 = frame.box
    fine = WIDTH / max(x1 - x0, y1 - y0) * GRID
    looks: dict[_Look, dict[str, None]] = {}
    for _, look, data in marks:
        looks.setdefault(look, {}).setdefault(data)
    order = sorted(looks.items(), key=lambda item: item[0][0] != "fill")
    body = "".join(_path(look, "".join(pieces)) for look, pieces in order)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {(x1 - x0) * fine:.0f} {(y1 - y0) * fine:.0f}"'
        f' fill="none" stroke-width="{GRID * 0.8:g}" stroke-linejoin="round">{body}</svg>'
    )


def _path(look: _Look, data: str) -> str:
    kind, colour, detail = look
    if kind == "fill":
        return f'<path fill="{colour}" fill-opacity="{detail}" d="{data}"/>'
    if kind == "text":
        return f'<path stroke="{colour}" stroke-opacity="0.5" stroke-width="{detail}" d="{data}"/>'
    return f'<path stroke="{colour}" d="{data}"/>'


def _greeked(line: Words, colour: str, x0: float, y1: float, fine: float) -> tuple[_Look, str]:
    left = {"start": 0.0, "middle": -line.width / 2, "end": -line.width}[line.anchor]
    ends = [apply(line.matrix, left + part * line.width, line.height / 2) for part in (0, 1)]
    (ax, ay), (bx, by) = ((round((x - x0) * fine), round((y1 - y) * fine)) for x, y in ends)
    tall = line.height * math.hypot(line.matrix[2], line.matrix[3]) * fine
    thick = max(1, round(tall * 0.55))
    return ("text", colour, str(thick)), f"M{ax} {ay}L{bx} {by}" if (ax, ay) != (bx, by) else ""


def _data(path: Path, x0: float, y1: float, fine: float) -> str:
    parts: list[str] = []
    for string in flattened(path.steps, ARC_STEP):
        last: tuple[int, int] | None = None
        ahead: list[tuple[int, int]] = []
        for x, y in string:
            point = (round((x - x0) * fine), round((y1 - y) * fine))
            # One point per pixel is enough; the last of a string is always kept.
            if last is None or max(abs(point[0] - last[0]), abs(point[1] - last[1])) >= GRID:
                ahead.append(point)
                last = point
        end = (round((string[-1][0] - x0) * fine), round((y1 - string[-1][1]) * fine))
        if ahead and ahead[-1] != end:
            ahead.append(end)
        if len(ahead) > 1:
            parts.append("M" + "L".join(f"{x} {y}" for x, y in ahead))
    return "".join(parts)
