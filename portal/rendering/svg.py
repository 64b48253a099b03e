"""Writes a sheet's shapes as one SVG a browser can pan at full frame rate.

The grid: the viewBox is `0 0 W H` with about 4000 units on the longer side; the root carries data-scale (SVG units per
drawing unit) and data-origin ("X0 Y1", the drawing coordinates of the SVG's 0,0), so that
    X = X0 + sx / scale        Y = Y1 - sy / scale.
Paths are whole numbers on a grid a hundred times finer, under a transform of their group; texts keep font sizes below
2000, which some viewers need. Per layer there are groups with the classes "l l-<number>" and data-layer, hidden ones
with display="none"; colours of the index carry the class "k-<index>", masks the class "paper". Nothing but presentation
attributes: no style, no script, no reference but to clip paths inside the file.

Paths of one look are merged per tile, not per layer: a browser then leaves out what is not in view.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Final

from portal.rendering import dashes
from portal.rendering.grid import FINE, SIDE, Frame, Grid, short, single_ring
from portal.rendering.letters import CAP, FAMILY
from portal.rendering.reasons import Refused
from portal.rendering.shapes import Box, Clip, Ink, Path, Shape, Span, Step, Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from portal.rendering.ink import LayerLook
    from portal.rendering.result import Limits

BANDS: Final = 64
PER_TILE: Final = 400
MOST_TILES: Final = 12
MOST_MERGED: Final = 400
PAPER: Final = "#ffffff"
ROUND: Final = 1e-3
DECORATIONS: Final = {"u": "underline", "o": "overline", "k": "line-through"}


@dataclass(slots=True)
class _Band:
    """Shapes between two masks: a mask hides what came before it and nothing after."""

    areas: list[Path] = field(default_factory=list)
    strokes: list[Path] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)

    def any(self) -> bool:
        return bool(self.areas or self.strokes or self.words)


class Writer:
    """Writes one sheet. `prefix` keeps the ids of two sheets on one page apart."""

    def __init__(self, frame: Frame, layers: Sequence[LayerLook], limits: Limits, prefix: str) -> None:
        self._frame = frame
        self._layers = layers
        self._limits = limits
        self._prefix = prefix
        self._dashes = 0.0
        self._clips: dict[Clip, str] = {}
        self._defs: list[str] = []
        self._grid = Grid(frame)

    def write(self, shapes: Iterable[Shape], name: str, units: str) -> str:
        """Give the SVG text; raises Refused("output-too-large") beyond the limit."""
        bands = _banded(shapes)
        tiles = _tiling(bands, self._frame)
        body: list[str] = []
        size = 0
        for band in bands:
            for part in (*self._areas(band.areas), *self._strokes(band.strokes, tiles), *self._texts(band.words)):
                body.append(part)
                size += len(part)
                if size > self._limits.svg:
                    raise Refused("output-too-large")
        width, height = self._frame.size
        x0, _, _, y1 = self._frame.box
        defs = f"<defs>{''.join(self._defs)}</defs>" if self._defs else ""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {short(width)} {short(height)}" role="img"'
            f' aria-label="{escape(name)}" data-scale="{self._frame.scale!r}" data-origin="{x0!r} {y1!r}"'
            f' data-units="{units}" fill="none" stroke="currentColor" stroke-linecap="round"'
            f' stroke-linejoin="round" font-family="{escape(FAMILY)}">{defs}{"".join(body)}</svg>'
        )

    def _areas(self, areas: list[Path]) -> Iterable[str]:
        at = 0
        while at < len(areas):
            ink, clip = areas[at].ink, areas[at].clip
            end = at
            while end < len(areas) and areas[end].ink.layer == ink.layer and areas[end].clip is clip:
                end += 1
            yield self._group(ink.layer, clip, "".join(self._area_paths(areas[at:end])), fine=True)
            at = end

    def _area_paths(self, areas: list[Path]) -> Iterable[str]:
        merged: list[str] = []
        last: tuple[Ink, str] | None = None
        for area in areas:
            ring = single_ring(area.steps)
            look = (area.ink, area.fill)
            if ring is None or look != last or len(merged) >= MOST_MERGED:
                if last and merged:
                    yield self._area(*last, "".join(merged), even=False)
                merged, last = [], look
            if ring is None:
                yield self._area(area.ink, area.fill, self._grid.data(area.steps), even=True)
            else:
                merged.append(self._grid.data(ring))
        if last and merged:
            yield self._area(*last, "".join(merged), even=False)

    def _area(self, ink: Ink, fill: str, data: str, *, even: bool) -> str:
        if not data:
            return ""
        colour = PAPER if ink.colour == "paper" else ink.colour
        css = "paper" if ink.colour == "paper" else f"k-{ink.aci}" if ink.aci else ""
        attributes = f' class="{css}"' if css else ""
        # A hairline round wide lines keeps them visible when they are thinner than a pixel.
        edge = f' stroke="{colour}" vector-effect="non-scaling-stroke"' if fill == "band" else ' stroke="none"'
        rule = ' fill-rule="evenodd"' if even else ""
        alpha = f' fill-opacity="{ink.alpha:.2f}"' if ink.alpha < 1 else ""
        return f'<path{attributes} fill="{colour}"{edge}{rule}{alpha} d="{data}"/>'

    def _strokes(self, strokes: list[Path], tiles: _Tiles) -> Iterable[str]:
        kept: dict[tuple[int, Clip | None], dict[tuple[str, int, float, float, int], list[str]]] = {}
        for path in strokes:
            ink = path.ink
            steps = self._broken(path)
            data = self._grid.data(steps)
            if data:
                look = (ink.colour, ink.aci, ink.alpha, pixels(ink.weight), tiles.of(path.box))
                kept.setdefault((ink.layer, path.clip), {}).setdefault(look, []).append(data)
        for (layer, clip), looks in kept.items():
            paths = []
            for (colour, aci, alpha, weight, _), pieces in looks.items():
                css = f' class="k-{aci}"' if aci else ""
                stroke = f' stroke="{colour}"' if colour != "currentColor" else ""
                opacity = f' stroke-opacity="{alpha:.2f}"' if alpha < 1 else ""
                thick = f' stroke-width="{weight:g}"' if weight != 1 else ""
                for first in range(0, len(pieces), MOST_MERGED):
                    data = "".join(pieces[first : first + MOST_MERGED])
                    paths.append(
                        f'<path{css}{stroke}{opacity}{thick} vector-effect="non-scaling-stroke" d="{data}"/>',
                    )
            yield self._group(layer, clip, "".join(paths), fine=True)

    def _texts(self, words: list[Words]) -> Iterable[str]:
        kept: dict[tuple[int, Clip | None], list[str]] = {}
        for line in words:
            kept.setdefault((line.ink.layer, line.clip), []).append(self._text(line))
        for (layer, clip), texts in kept.items():
            yield self._group(layer, clip, "".join(texts), fine=False)

    def _group(self, layer: int, clip: Clip | None, content: str, *, fine: bool) -> str:
        if not content:
            return ""
        hidden = "" if self._layers[layer].on else ' display="none"'
        if fine:
            content = f'<g transform="scale({1 / FINE:g})">{content}</g>'
        inside = f' clip-path="url(#{self._clip(clip)})"' if clip is not None else ""
        ends = "" if fine else ' stroke="none" fill="currentColor"'
        return f'<g class="l l-{layer}" data-layer="{layer}"{hidden}{inside}{ends}>{content}</g>'

    def _clip(self, clip: Clip) -> str:
        known = self._clips.get(clip)
        if known is not None:
            return known
        outer = f' clip-path="url(#{self._clip(clip.outer)})"' if clip.outer is not None else ""
        name = self._clips[clip] = f"{self._prefix}c{len(self._clips)}"
        steps: list[Step] = []
        for ring in clip.rings:
            steps += [("L" if number else "M", x, y) for number, (x, y) in enumerate(ring)]
            steps.append(("Z",))
        data = self._grid.data(steps)
        self._defs.append(
            f'<clipPath id="{name}"{outer}><path transform="scale({1 / FINE:g})" clip-rule="evenodd" d="{data}"/>'
            f"</clipPath>",
        )
        return name

    def _broken(self, path: Path) -> Sequence[Step]:
        if not path.ink.dashes or path.endless:
            return path.steps
        pieces = dashes.count(path.steps, path.ink.dashes)
        # A pattern finer than a thousandth of the sheet is a solid line to the eye, and costs most.
        if sum(path.ink.dashes) * self._frame.scale * 1000 < SIDE or self._dashes + pieces > self._limits.dashes:
            return path.steps
        self._dashes += pieces
        return dashes.dashed(path.steps, path.ink.dashes)

    def _text(self, line: Words) -> str:
        scale = self._frame.scale
        x0, _, _, y1 = self._frame.box
        a, b, c, d, e, f = line.matrix
        tall = math.hypot(c, d) or 1.0
        size = line.height * tall * scale / CAP
        x, y = (e - x0) * scale, (y1 - f) * scale
        a, b, c, d = a / tall, -b / tall, -c / tall, d / tall
        colour = line.ink.colour
        attributes = [f' font-size="{short(size)}"']
        length = line.length * tall * scale
        if abs(a - d) < ROUND and abs(b + c) < ROUND:
            attributes.append(f' x="{short(x)}" y="{short(y)}"')
            angle = math.degrees(math.atan2(b, a))
            if abs(angle) > ROUND:
                attributes.append(f' transform="rotate({short(angle)} {short(x)} {short(y)})"')
        else:
            attributes.append(f' transform="matrix({a:.4g} {b:.4g} {c:.4g} {d:.4g} {short(x)} {short(y)})"')
        if line.anchor != "start":
            attributes.append(f' text-anchor="{line.anchor}"')
        if length > 0:
            attributes.append(f' textLength="{short(length)}" lengthAdjust="spacingAndGlyphs"')
        if line.ink.aci:
            attributes.append(f' class="k-{line.ink.aci}"')
        if colour != "currentColor":
            attributes.append(f' fill="{colour}"')
        if line.ink.alpha < 1:
            attributes.append(f' fill-opacity="{line.ink.alpha:.2f}"')
        if "  " in line.text or line.text != line.text.strip():
            attributes.append(' xml:space="preserve"')
        return f"<text{''.join(attributes)}>{_spans(line.spans, size)}</text>"


class _Tiles:
    """A grid over the sheet by which paths are merged; shapes outside belong to its edge tiles."""

    def __init__(self, box: Box, across: int) -> None:
        self._box = box
        self._across = across

    def of(self, box: Box) -> int:
        x0, y0, x1, y1 = self._box
        column = self._part((box[0] + box[2]) / 2, x0, x1)
        row = self._part((box[1] + box[3]) / 2, y0, y1)
        return row * self._across + column

    def _part(self, value: float, low: float, high: float) -> int:
        return min(max(int((value - low) / (high - low or 1.0) * self._across), 0), self._across - 1)


def pixels(weight: float) -> float:
    """Give the stroke width in CSS pixels of a lineweight in mm: 0.25 mm is one pixel, heavier lines less than in scale.

    True widths at every zoom would hide detail; the steps of a quarter pixel keep the number of looks small.
    """
    return round((1 + max(0.0, weight - 0.25) * 3 if weight > 0 else 0.75) * 4) / 4


def _banded(shapes: Iterable[Shape]) -> list[_Band]:
    bands = [_Band()]
    for shape in shapes:
        if isinstance(shape, Words):
            bands[-1].words.append(shape)
            continue
        if shape.fill == "mask" and bands[-1].any() and len(bands) < BANDS:
            bands.append(_Band())
        (bands[-1].areas if shape.fill else bands[-1].strokes).append(shape)
    return bands


def _tiling(bands: list[_Band], frame: Frame) -> _Tiles:
    count = sum(len(band.strokes) for band in bands)
    return _Tiles(frame.box, min(max(round(math.sqrt(count / PER_TILE)), 1), MOST_TILES))


def _spans(spans: tuple[Span, ...], size: float) -> str:
    if len(spans) == 1 and spans[0]._replace(text="", stretch=1.0, size=1.0) == Span(""):
        return escape(spans[0].text, quote=False)
    parts = []
    for span in spans:
        attributes = ""
        if abs(span.size - 1) > ROUND:
            attributes += f' font-size="{short(size * span.size)}"'
        if span.bold:
            attributes += ' font-weight="700"'
        if span.italic:
            attributes += ' font-style="italic"'
        if span.lines:
            attributes += f' text-decoration="{" ".join(DECORATIONS[mark] for mark in span.lines)}"'
        if span.colour:
            attributes += f' fill="{span.colour}"'
        text = escape(span.text, quote=False)
        parts.append(f"<tspan{attributes}>{text}</tspan>" if attributes else text)
    return "".join(parts)
