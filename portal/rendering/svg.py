"""Writes a sheet's shapes as SVG that a browser can pan at full frame rate: one document, or a base and tiles beside it.

The grid: the viewBox is `0 0 W H` with about 4000 units on the longer side; the root carries data-scale (SVG units per
drawing unit) and data-origin ("X0 Y1", the drawing coordinates of the SVG's 0,0), so that
    X = X0 + sx / scale        Y = Y1 - sy / scale.
Paths are whole numbers on a finer grid, under a transform of their group; texts keep font sizes below 2000, which some
viewers need. Per layer there are groups with the classes "l l-<number>" and data-layer, hidden ones with
display="none"; colours of the index carry the class "k-<index>", masks the class "paper". Nothing but presentation
attributes: no style, no script, no reference but to clip paths inside the file.

A small sheet is one document. A large one is a base, drawn as coarsely as the whole sheet is seen on a screen, and
tiles: every object belongs to the tile of its middle, and the base has the same objects under <g data-tile="N">, which
the tile's own group replaces when somebody comes near. What is larger than a tile belongs to a tile of its own.
Paths of one look are merged, but only among neighbours: a browser then leaves out what is not in view.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

from portal.rendering import dashes
from portal.rendering.bands import Band, banded, boxes_by_tile, fineness, tiling
from portal.rendering.batches import BATCHES, Batch, Shape, boxes_of, largest
from portal.rendering.grid import SIDE, Frame, Grid, short, single_ring
from portal.rendering.letters import CAP
from portal.rendering.reasons import Refused
from portal.rendering.root import about, placed_image, root
from portal.rendering.shapes import Box, Clip, Ink, Path, Picture, Span, Step, Words
from portal.rendering.strokes import Pieces, pieces_of
from portal.rendering.tiles import Tiles
from portal.rendering.tours import MOST_MERGED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from portal.rendering.ink import LayerLook
    from portal.rendering.result import Limits

COARSE: Final = 0.5
"""Grid steps to an SVG unit in the base: 2000 across the sheet, about one to a pixel of a large screen."""
IN_BASE: Final = 16_000
"""Strokes in the base: the largest, so that it crosses the wire within 200 KB; the tiles bring the others."""
LEGIBLE: Final = 12.0
"""Letters below this size, in SVG units, are left out of the base: they are smaller than five pixels."""
READ: Final = 10.0
"""Letters of this size, in SVG units, are placed to a tenth of a unit: a hundredth of their size. Smaller ones to a hundredth."""
FACES: Final = 4096
"""Faces of text that are kept in mind."""
PAPER: Final = "#ffffff"
ROUND: Final = 1e-3
PLAIN: Final = Span("")
DECORATIONS: Final = {"u": "underline", "o": "overline", "k": "line-through"}

_Look = tuple[str, int, float, float]
"""Colour, index colour or 0, opacity, width in pixels."""


class _Face(NamedTuple):
    """Attributes of a text, with {0} and {1} for its place, the size of its letters, and the decimals of the place."""

    start: str
    size: float
    fine: int


@dataclass(frozen=True, slots=True)
class Part:
    """A tile: its number, its document, and the box of its objects in drawing units."""

    tile: int
    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class Written:
    """A sheet's document, and its tiles when it has any: each is made when it is asked for, and only once."""

    base: str
    parts: Iterator[Part] = field(default_factory=lambda: iter(()))


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
        self._pictured = 0
        self._faces: dict[tuple[object, ...], _Face] = {}

    def write(self, shapes: Iterable[Shape], name: str, units: str) -> Written:
        """Give the sheet's documents; raises Refused("output-too-large") beyond the limit."""
        bands = banded(shapes)
        for band in bands:
            band.strokes = [self._broken(stroke) for stroke in band.strokes]
        self._grid = Grid(self._frame, fineness(bands, self._frame))
        tiles = tiling(bands, self._frame)
        body = self._body(bands, tiles, self._grid)
        if tiles.across == 1:
            return Written(self._document("".join(body[1]), about(self._frame, name, units)))
        boxes = boxes_by_tile(bands, tiles)
        for band in bands:
            band.strokes = largest(band.strokes, IN_BASE)
        self._pictured = 0  # The tiles have all pictures again, in other documents.
        base = self._body(bands, tiles, Grid(self._frame, COARSE))
        whole = "".join(f'<g data-tile="{tile}">{"".join(base.get(tile, ()))}</g>' for tile in sorted(body))
        return Written(self._document(whole, about(self._frame, name, units)), self._parts(body, boxes))

    def coarse(self, bands: list[Band], attributes: str) -> str:
        """A coarse document without tiles."""
        body = self._body(bands, Tiles(self._frame, 1), Grid(self._frame, COARSE))
        return self._document("".join(body[1]), attributes)

    def _parts(self, body: dict[int, list[str]], boxes: dict[int, Box]) -> Iterator[Part]:
        """The tiles' documents; what went into one is let go of before the next."""
        for tile in sorted(body):
            content = "".join(body.pop(tile))
            yield Part(tile, root(self._frame, f'<g data-tile="{tile}">{content}</g>'), boxes[tile])

    def _body(self, bands: list[Band], tiles: Tiles, grid: Grid) -> dict[int, list[str]]:
        """The groups of every tile, in drawing order."""
        body: dict[int, list[str]] = defaultdict(list)
        size = 0
        for band in bands:
            for tile, part in (
                *self._areas(band.areas, tiles, grid),
                *self._strokes(band.strokes, tiles, grid),
                *self._texts(band.words, tiles, grid),
            ):
                body[tile].append(part)
                size += len(part)
                if size > self._limits.svg:
                    raise Refused("output-too-large")
        return body

    def _document(self, body: str, attributes: str) -> str:
        defs = f"<defs>{''.join(self._defs)}</defs>" if self._defs else ""
        return root(self._frame, defs + body, attributes)

    def _areas(self, areas: list[Path], tiles: Tiles, grid: Grid) -> Iterator[tuple[int, str]]:
        least = 1 / (self._frame.scale * grid.fine) if grid.coarse else 0.0
        kept: dict[int, list[Path]] = defaultdict(list)
        boxes = boxes_of(areas)
        large = (boxes[:, 2:4] - boxes[:, 0:2]).max(axis=1, initial=0.0) >= least
        for area, tile, seen in zip(areas, tiles.of_all(boxes).tolist(), large.tolist(), strict=True):
            if seen:
                kept[tile].append(area)
        for tile, mine in kept.items():
            at = 0
            while at < len(mine):
                ink, clip = mine[at].ink, mine[at].clip
                end = at
                while end < len(mine) and mine[end].ink.layer == ink.layer and mine[end].clip is clip:
                    end += 1
                content = "".join(self._area_paths(mine[at:end], grid))
                yield tile, self._group(ink.layer, clip, content, grid.fine)
                at = end

    def _area_paths(self, areas: list[Path], grid: Grid) -> Iterable[str]:
        merged: list[str] = []
        last: tuple[Ink, str] | None = None
        at = 0, 0
        for area in areas:
            ring = None if isinstance(area, Picture) else single_ring(area.steps)
            look = (area.ink, area.fill)
            if ring is None or look != last or len(merged) >= MOST_MERGED:
                if last and merged:
                    yield self._area(*last, "".join(merged), even=False)
                merged, last = [], look
            if isinstance(area, Picture):
                yield self._picture(area, grid)
            elif ring is None:
                yield self._area(area.ink, area.fill, grid.data(area.steps), even=True)
            elif piece := grid.piece(ring):
                x, y = piece[0:2]
                merged.append(f"m{x - at[0]}{y - at[1]: d}{piece[4]}" if merged else f"M{x}{y: d}{piece[4]}")
                at = x, y  # where a ring is closed, which is where it began
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

    def _picture(self, area: Picture, grid: Grid) -> str:
        """A picture where it lies; its edge alone when the sheet holds as many bytes of pictures as it may."""
        self._pictured += len(area.raster.data)
        if self._pictured > self._limits.pictures:
            data = grid.data(area.steps)
            return f'<path stroke="{area.ink.colour}" vector-effect="non-scaling-stroke" d="{data}"/>' if data else ""
        return placed_image(area, self._frame, grid.fine)

    def _strokes(self, strokes: list[Path | Batch], tiles: Tiles, grid: Grid) -> Iterator[tuple[int, str]]:
        kept: dict[tuple[int, Clip | None], dict[_Look, list[Path | Batch]]] = {}
        for stroke in strokes:
            ink = stroke.ink
            look = (ink.colour, ink.aci, ink.alpha, pixels(ink.weight))
            kept.setdefault((ink.layer, stroke.clip), {}).setdefault(look, []).append(stroke)
        for (layer, clip), looks in kept.items():
            paths: dict[int, list[str]] = defaultdict(list)
            for look, mine in looks.items():
                pieces = Pieces.joined([pieces_of(stroke, grid) for stroke in mine])
                if grid.coarse:
                    pieces = pieces.distinct()
                for tile, data in pieces.ordered(tiles.of_all(pieces.boxes)):
                    paths[tile].append(_stroke(look, data))
            for tile, texts in paths.items():
                yield tile, self._group(layer, clip, "".join(texts), grid.fine)

    def _texts(self, words: list[Words], tiles: Tiles, grid: Grid) -> Iterator[tuple[int, str]]:
        kept: dict[tuple[int, int, Clip | None], list[str]] = {}
        for line, tile in zip(words, tiles.of_all(boxes_of(words)).tolist(), strict=True):
            if not grid.coarse or self._size(line) >= LEGIBLE:
                kept.setdefault((tile, line.ink.layer, line.clip), []).append(self._text(line))
        for (tile, layer, clip), texts in kept.items():
            yield tile, self._group(layer, clip, "".join(texts), 0)

    def _group(self, layer: int, clip: Clip | None, content: str, fine: float) -> str:
        """A layer's group; `fine` is the grid of its paths, 0 for letters."""
        if not content:
            return ""
        hidden = "" if self._layers[layer].on else ' display="none"'
        if fine:
            content = f'<g transform="scale({1 / fine:g})">{content}</g>'
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
            f'<clipPath id="{name}"{outer}><path transform="scale({1 / self._grid.fine:g})" clip-rule="evenodd"'
            f' d="{data}"/></clipPath>',
        )
        return name

    def _broken(self, stroke: Path | Batch) -> Path | Batch:
        """A line with its linetype's gaps, as geometry."""
        if isinstance(stroke, BATCHES) or not stroke.ink.dashes or stroke.endless:
            return stroke
        pieces = dashes.count(stroke.steps, stroke.ink.dashes)
        # A pattern finer than a thousandth of the sheet is a solid line to the eye, and costs most.
        fine = sum(stroke.ink.dashes) * self._frame.scale * 1000 < SIDE
        if fine or self._dashes + pieces > self._limits.dashes:
            return stroke
        self._dashes += pieces
        broken = dashes.dashed(stroke.steps, stroke.ink.dashes)
        return Path(stroke.ink._replace(dashes=()), broken, "", stroke.clip) if broken else stroke

    def _size(self, line: Words) -> float:
        """The letters' size in SVG units."""
        return line.height * math.hypot(line.matrix[2], line.matrix[3]) * self._frame.scale / CAP

    def _text(self, line: Words) -> str:
        scale = self._frame.scale
        x0, _, _, y1 = self._frame.box
        *turn, e, f = line.matrix
        look = (*turn, line.height, line.length, line.anchor, line.ink)
        face = self._faces.get(look)
        if face is None:
            if len(self._faces) >= FACES:
                self._faces.clear()
            face = self._faces[look] = self._face(line)
        start = face.start.format(short((e - x0) * scale, face.fine), short((y1 - f) * scale, face.fine))
        text = line.text
        space = ' xml:space="preserve"' if "  " in text or text != text.strip() else ""
        return f"<text{start}{space}>{_spans(line.spans, face.size)}</text>"

    def _face(self, line: Words) -> _Face:
        """What a line of text has in common with all that differ from it by their letters and their place alone."""
        scale = self._frame.scale
        a, b, c, d, _, _ = line.matrix
        tall = math.hypot(c, d) or 1.0
        size = line.height * tall * scale / CAP
        a, b, c, d = a / tall, -b / tall, -c / tall, d / tall
        colour = line.ink.colour
        attributes = [f' font-size="{short(size)}"']
        fine = 1 if size >= READ else 2
        length = line.length * tall * scale
        if abs(a - d) < ROUND and abs(b + c) < ROUND:
            attributes.append(' x="{0}" y="{1}"')
            angle = math.degrees(math.atan2(b, a))
            if abs(angle) > ROUND:
                attributes.append(f' transform="rotate({short(angle)} {{0}} {{1}})"')
        else:
            attributes.append(f' transform="matrix({a:.4g} {b:.4g} {c:.4g} {d:.4g} {{0}} {{1}})"')
        if line.anchor != "start":
            attributes.append(f' text-anchor="{line.anchor}"')
        if length > 0:
            attributes.append(f' textLength="{short(length, fine)}" lengthAdjust="spacingAndGlyphs"')
        if line.ink.aci:
            attributes.append(f' class="k-{line.ink.aci}"')
        if colour != "currentColor":
            attributes.append(f' fill="{colour}"')
        if line.ink.alpha < 1:
            attributes.append(f' fill-opacity="{line.ink.alpha:.2f}"')
        return _Face("".join(attributes), size, fine)


def pixels(weight: float) -> float:
    """Give the stroke width in CSS pixels of a lineweight in mm: 0.25 mm is one pixel, heavier lines less than in scale.

    True widths at every zoom would hide detail; the steps of a quarter pixel keep the number of looks small.
    """
    return round((1 + max(0.0, weight - 0.25) * 3 if weight > 0 else 0.75) * 4) / 4


def _stroke(look: _Look, data: str) -> str:
    colour, aci, alpha, weight = look
    css = f' class="k-{aci}"' if aci else ""
    stroke = f' stroke="{colour}"' if colour != "currentColor" else ""
    opacity = f' stroke-opacity="{alpha:.2f}"' if alpha < 1 else ""
    thick = f' stroke-width="{weight:g}"' if weight != 1 else ""
    return f'<path{css}{stroke}{opacity}{thick} vector-effect="non-scaling-stroke" d="{data}"/>'


def _spans(spans: tuple[Span, ...], size: float) -> str:
    if len(spans) == 1 and spans[0][2:7] == PLAIN[2:7]:  # of one look: its size is the line's
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
