"""Plots a sheet, or a window of it, true to scale as a vector PDF, from the same shapes as the SVG.

A length of N mm in the drawing is 1 mm on paper at 1:N, a lineweight is as wide as it says, a linetype keeps its
lengths, and letters stay letters: they can be searched. The same input gives the same bytes.
"""

from __future__ import annotations

import functools
import io
import itertools
import math
from typing import TYPE_CHECKING, Final

from reportlab.lib.colors import HexColor
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import FILL_EVEN_ODD, Canvas
from reportlab.pdfgen.pathobject import PDFPathObject

from portal.rendering.bands import banded
from portal.rendering.batches import BATCHES, Shape
from portal.rendering.letters import CAP
from portal.rendering.paper import SCALES, Plot
from portal.rendering.reasons import Refused
from portal.rendering.shapes import Box, Clip, Path, Picture, Span, Step, Words, overlap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from portal.rendering.ink import LayerLook

POINTS: Final = 72 / 25.4
"""PDF points to a millimetre."""
THINNEST: Final = 0.05
"""The pen for a lineweight of 0, and round the edge of wide lines, in mm."""
FINEST_DASH: Final = 0.02
BLACK, WHITE = "#000000", "#ffffff"
MERGED: Final = 400
SLANT: Final = 0.2
LINE_AT: Final = {"u": -0.18, "o": 1.18, "k": 0.45}
"""Where lines under, over and through letters lie, in cap heights above the baseline."""
TOLERANCE: Final = 1e-6

_Look = tuple[str, float, float, tuple[float, ...]]
"""Colour, opacity, width in points, dashes in points."""


def plotted(  # noqa: PLR0913 - what to plot, and how it is measured
    shapes: Sequence[Shape], layers: Sequence[LayerLook], plot: Plot, extents: Box, unit: float, title: str
) -> bytes:
    """Give a PDF of one page. `extents` is shown when the plot names no window, `unit` is a drawing unit in mm.

    Raises Refused("plot-too-small") when the window is larger than the paper at that scale.
    """
    window = plot.window or extents
    wide, high = (window[2] - window[0]) * unit, (window[3] - window[1]) * unit
    paper = plot.paper
    if plot.turned and (paper[0] >= paper[1]) != (wide >= high):
        paper = paper[1], paper[0]
    scale = plot.scale or _fitting(wide, high, paper, plot.margin)
    if _needed(wide, high, paper, plot.margin) > scale * (1 + TOLERANCE):
        fits = _fitting(wide, high, paper, plot.margin)
        raise Refused("plot-too-small", scale=_shown(scale), width=round(wide), height=round(high), fits=_shown(fits))
    out = io.BytesIO()
    size = paper[0] * POINTS, paper[1] * POINTS
    canvas = Canvas(out, pagesize=size, invariant=1, pageCompression=1)
    canvas.setTitle(title)
    canvas.setLineCap(1)
    canvas.setLineJoin(1)
    middle = (window[0] + window[2]) / 2, (window[1] + window[3]) / 2
    pen = _Pen(canvas, plot, unit / scale * POINTS, middle, (size[0] / 2, size[1] / 2))
    seen = [shape for shape in shapes if layers[shape.ink.layer].on and overlap(shape.box, window)]
    if plot.window is not None:
        pen.cut_to(window)
    for band in banded(seen):
        pen.draw(itertools.chain(band.areas, _alone(band.strokes, window), band.words))
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _needed(wide: float, high: float, paper: tuple[float, float], margin: float) -> float:
    """The N of 1:N at which a window just fills the paper."""
    room = tuple(max(side - 2 * margin, TOLERANCE) for side in paper)
    return max(wide / room[0], high / room[1])


def _fitting(wide: float, high: float, paper: tuple[float, float], margin: float) -> float:
    needed = _needed(wide, high, paper, margin)
    return next((float(scale) for scale in SCALES if scale * (1 + TOLERANCE) >= needed), math.ceil(needed))


def _shown(scale: float) -> str:
    return f"{scale:,.2f}".rstrip("0").rstrip(".")


def _alone(strokes: Iterable[Shape], window: Box) -> Iterator[Shape]:
    for stroke in strokes:
        if isinstance(stroke, BATCHES):
            yield from (path for path in stroke.paths() if overlap(path.box, window))
        else:
            yield stroke


class _Pen:
    """Draws shapes onto a canvas; neighbours of one look share a path."""

    def __init__(
        self, canvas: Canvas, plot: Plot, step: float, middle: tuple[float, float], centre: tuple[float, float]
    ) -> None:
        self._canvas = canvas
        self._plot = plot
        self._step = step
        self._left, self._bottom = (at - there * step for at, there in zip(centre, middle, strict=True))
        self._clip: Clip | None = None
        self._look: _Look | None = None
        self._path: PDFPathObject | None = None
        self._held = 0

    def cut_to(self, box: Box) -> None:
        """Show nothing outside a window."""
        x0, y0, x1, y1 = box
        self._ring(((x0, y0), (x1, y0), (x1, y1), (x0, y1)))

    def draw(self, shapes: Iterable[Shape]) -> None:
        """Draw shapes in their order."""
        for shape in shapes:
            if shape.clip is not self._clip:
                self._within(shape.clip)
            if isinstance(shape, Words):
                self._flush()
                self._words(shape)
            elif isinstance(shape, Picture):
                self._flush()
                self._picture(shape)
            elif isinstance(shape, Path) and shape.fill:
                self._flush()
                self._area(shape)
            elif isinstance(shape, Path):
                self._stroke(shape)
        self._within(None)

    def _within(self, clip: Clip | None) -> None:
        self._flush()
        if self._clip is not None:
            self._canvas.restoreState()
        self._clip = clip
        if clip is not None:
            self._canvas.saveState()
            while clip is not None:
                self._ring(*clip.rings)
                clip = clip.outer

    def _ring(self, *rings: Sequence[tuple[float, float]]) -> None:
        path = self._canvas.beginPath()
        for ring in rings:
            for number, point in enumerate(ring):
                (path.lineTo if number else path.moveTo)(*self._at(*point))
            path.close()
        self._canvas.clipPath(path, stroke=0, fill=0, fillMode=FILL_EVEN_ODD)

    def _stroke(self, path: Path) -> None:
        ink = path.ink
        dashes = tuple(round(dash * self._step, 4) for dash in ink.dashes)
        if sum(dashes) < FINEST_DASH * POINTS:
            dashes = ()
        look = (self._colour(ink.colour), ink.alpha, round(max(ink.weight, THINNEST) * POINTS, 4), dashes)
        if look != self._look or self._held >= MERGED:
            self._flush()
            self._look = look
            self._path = self._canvas.beginPath()
        self._add(self._path, path.steps)
        self._held += 1

    def _flush(self) -> None:
        if self._look is not None and self._path is not None:
            colour, alpha, width, dashes = self._look
            canvas = self._canvas
            canvas.setStrokeColor(HexColor(colour))
            canvas.setStrokeAlpha(alpha)
            canvas.setLineWidth(width)
            canvas.setDash(list(dashes) or [])
            canvas.drawPath(self._path, stroke=1, fill=0)
        self._look = self._path = None
        self._held = 0

    def _area(self, path: Path) -> None:
        canvas = self._canvas
        colour = HexColor(self._colour(path.ink.colour))
        body = canvas.beginPath()
        self._add(body, path.steps)
        canvas.setFillColor(colour)
        canvas.setFillAlpha(path.ink.alpha)
        edge = path.fill == "band"
        if edge:
            canvas.setStrokeColor(colour)
            canvas.setStrokeAlpha(path.ink.alpha)
            canvas.setLineWidth(THINNEST * POINTS)
            canvas.setDash([])
        canvas.drawPath(body, stroke=int(edge), fill=1, fillMode=FILL_EVEN_ODD)

    def _picture(self, shape: Picture) -> None:
        canvas = self._canvas
        a, b, c, d, e, f = shape.matrix
        step = self._step
        canvas.saveState()
        canvas.transform(a * step, b * step, c * step, d * step, *self._at(e, f))
        canvas.setFillAlpha(shape.ink.alpha)
        canvas.drawImage(ImageReader(io.BytesIO(shape.raster.data)), 0, 0, 1, 1, mask="auto")
        canvas.restoreState()

    def _words(self, line: Words) -> None:
        canvas = self._canvas
        a, b, c, d, e, f = line.matrix
        step = self._step
        x, y = self._at(e, f)
        # The size is said by the font and not by the map: readers of PDF round a small font before they enlarge it.
        tall = math.hypot(c, d)
        cap = line.height * tall * step
        if not cap > 0 or not line.text.strip():
            return
        canvas.saveState()
        canvas.transform(a / tall, b / tall, c / tall, d / tall, x, y)
        natural = sum(self._width(span, cap) for span in line.spans)
        length = line.length * tall * step if line.length > 0 else natural
        stretch = length / natural if natural > 0 else 1.0
        at = {"start": 0.0, "middle": -length / 2, "end": -length}[line.anchor]
        for span in line.spans:
            long = self._width(span, cap) * stretch
            self._span(span, line, cap, (at, long, stretch))
            at += long
        canvas.restoreState()

    def _span(self, span: Span, line: Words, cap: float, placed: tuple[float, float, float]) -> None:
        """Set one span; `placed` is where it begins, how long it is, and how much its letters are stretched."""
        canvas = self._canvas
        at, long, stretch = placed
        colour = HexColor(self._colour(span.colour or line.ink.colour))
        canvas.setFillColor(colour)
        canvas.setFillAlpha(line.ink.alpha)
        text = canvas.beginText()
        text.setTextTransform(1, 0, SLANT if span.italic else 0, 1, at, span.shift * cap)
        text.setHorizScale(stretch * 100)
        for font, letters in self._runs(span):
            text.setFont(font, span.size * cap / CAP)
            text.textOut(letters)
        canvas.drawText(text)
        for mark in span.lines:
            canvas.setStrokeColor(colour)
            canvas.setLineWidth(0.07 * span.size * cap)
            canvas.setDash([])
            height = (span.shift + LINE_AT[mark] * span.size) * cap
            canvas.line(at, height, at + long, height)

    def _width(self, span: Span, cap: float) -> float:
        size = span.size * cap / CAP
        return float(sum(pdfmetrics.stringWidth(letters, font, size) for font, letters in self._runs(span)))

    def _runs(self, span: Span) -> list[tuple[str, str]]:
        """The letters of a span in runs of one font: a page of PDF has no fonts to fall back on."""
        plot = self._plot
        own = plot.bold if span.bold and plot.bold else plot.font
        if not plot.rest:
            return [(_registered(own), span.text)]
        held, rest = _letters_of(own), _letters_of(plot.rest)
        lacking = (ord(letter) not in held and ord(letter) in rest for letter in span.text)
        groups = itertools.groupby(zip(span.text, lacking, strict=True), key=lambda pair: pair[1])
        return [
            (_registered(plot.rest if lacks else own), "".join(letter for letter, _ in run)) for lacks, run in groups
        ]

    def _colour(self, colour: str) -> str:
        if colour == "paper":
            return WHITE
        return colour if colour.startswith("#") and not self._plot.mono else BLACK

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return self._left + x * self._step, self._bottom + y * self._step

    def _add(self, path: PDFPathObject, steps: Iterable[Step]) -> None:
        at = self._at
        for step in steps:
            name = step[0]
            if name == "M":
                path.moveTo(*at(step[1], step[2]))  # type: ignore[arg-type]
            elif name == "L":
                path.lineTo(*at(step[1], step[2]))  # type: ignore[arg-type]
            elif name == "C":
                _, x1, y1, x2, y2, x, y = step
                path.curveTo(*at(x1, y1), *at(x2, y2), *at(x, y))  # type: ignore[arg-type]
            elif name == "A":
                for curve in arc_curves(step):
                    path.curveTo(*(value for point in curve for value in at(*point)))
            else:
                path.close()


def arc_curves(step: Step) -> Iterator[tuple[tuple[float, float], tuple[float, float], tuple[float, float]]]:
    """Give the cubic curves of an arc step, none longer than a quarter: off by less than 1/3000 of the radius."""
    _, cx, cy, ux, uy, vx, vy, start, end = (0.0, *map(float, step[1:]))  # type: ignore[arg-type]
    count = max(1, math.ceil(abs(end - start) / (math.pi / 2) - 1e-9))
    turn = (end - start) / count
    reach = 4 / 3 * math.tan(turn / 4)
    for number in range(count):
        one, other = start + number * turn, start + (number + 1) * turn
        (c1, s1), (c2, s2) = ((math.cos(angle), math.sin(angle)) for angle in (one, other))
        x1, y1 = cx + ux * c1 + vx * s1, cy + uy * c1 + vy * s1
        x2, y2 = cx + ux * c2 + vx * s2, cy + uy * c2 + vy * s2
        yield (
            (x1 + reach * (vx * c1 - ux * s1), y1 + reach * (vy * c1 - uy * s1)),
            (x2 - reach * (vx * c2 - ux * s2), y2 - reach * (vy * c2 - uy * s2)),
            (x2, y2),
        )


def _letters_of(file: str) -> dict[int, int]:
    """The glyph of every letter that a font holds."""
    held: dict[int, int] = pdfmetrics.getFont(_registered(file)).face.charToGlyph
    return held


@functools.cache
def _registered(file: str) -> str:
    name = f"Plot{len(pdfmetrics.getRegisteredFontNames())}"
    pdfmetrics.registerFont(TTFont(name, file))
    return name
