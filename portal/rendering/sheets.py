"""Makes the sheets of a document: model space, and each paper layout with its viewports onto the model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from ezdxf.path import make_path

from portal.rendering.batches import BATCHES, Shape, Stamps, around, boxes_of, strokes_in
from portal.rendering.draughtsman import Draughtsman
from portal.rendering.dxf import Entity
from portal.rendering.extents import useful
from portal.rendering.glance import glance
from portal.rendering.grid import Frame
from portal.rendering.paper import PLOT, Plot
from portal.rendering.reasons import Refused
from portal.rendering.result import Layer, Sheet, Text, Tile
from portal.rendering.shapes import Box, Clip, Matrix, Path, Words, apply, shifted
from portal.rendering.svg import Writer
from portal.rendering.thumb import thumbnail
from portal.rendering.titles import blocks_of, title_of
from portal.rendering.window import trimmed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path as File

    from ezdxf.document import Drawing
    from numpy.typing import NDArray

    from portal.rendering.plot_styles import PlotStyles
    from portal.rendering.result import Limits

UNITS: Final = {1: "in", 2: "ft", 3: "mi", 4: "mm", 5: "cm", 6: "m", 7: "km", 10: "yd", 13: "µm", 14: "dm"}
IN_MILLIMETRES: Final = {
    "in": 25.4, "ft": 304.8, "mi": 1_609_344.0, "mm": 1.0, "cm": 10.0, "m": 1000.0, "km": 1e6, "yd": 914.4, "µm": 1e-3, "dm": 100.0,
}  # fmt: skip
"""A drawing without a unit is taken for millimetres, as nearly all of them are."""
MODEL: Final = "모형"
FLATTENING: Final = 0.1
ON_PAPER: Final = 2
VIEWPORT_OFF: Final = 0x20000
PAPER_OFF: Final = 1e-6
INCHES, MILLIMETRES = 0, 1
"""How a layout counts its paper; its width and height are in millimetres either way."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A layout as shapes, with its entity counts and how often it refers to which block."""

    name: str
    shapes: list[Shape]
    objects: int
    drawn: int
    layout: Entity
    blocks: dict[str, int]


def drawn_layouts(doc: Drawing, hand: Draughtsman, limits: Limits) -> list[Drawn]:
    """Draw model space and every paper layout that shows something; a layout without content is left out.

    Raises Refused for a document over a budget.
    """
    hand.budget.check(doc)
    space = doc.modelspace()
    blocks = blocks_of(space, hand.plain)  # first: the plain objects of a space are gone when it is drawn
    groups, objects, good = hand.layout(space)
    model = [shape for group in groups for shape in group]
    result = [Drawn(MODEL, model, objects, good, space, blocks)] if model else []
    most = limits.objects * ON_PAPER
    for layout in doc.layouts:
        if layout.is_modelspace:
            continue
        blocks = blocks_of(layout, hand.plain)
        own, count, well = hand.layout(layout)
        shapes: list[Shape] = []
        alike = _dashes_alike(layout, doc)
        for viewport in shown_viewports(layout):
            try:
                shapes += _seen(viewport, model, hand, alike=alike)
            except Refused:
                raise
            except Exception:  # noqa: BLE001 - the per-object guard, as for any other entity
                hand.skipped["VIEWPORT"] += 1
            if len(shapes) > most:
                raise Refused("too-many-objects", count=len(shapes), limit=most)
        shapes += [shape for group in own for shape in group]
        if shapes:
            result.append(Drawn(layout.name, shapes, count, well, layout, blocks))
    return result


class Desk:
    """Writes the sheets of one document into a folder."""

    def __init__(self, doc: Drawing, hand: Draughtsman, limits: Limits, out: File, name: str) -> None:
        self._doc = doc
        self._hand = hand
        self._limits = limits
        self._out = out
        self._name = name

    def write(self, drawn: Drawn, number: int) -> Sheet:
        """Write a sheet's SVG and thumbnail and describe it; raises Refused when it would be too large."""
        layers = self._hand.palette.layers
        shapes, box, full = self._laid_out(drawn)
        tallest = max((_height(shape) for shape in shapes if isinstance(shape, Words)), default=0.0)
        frame = Frame.around(box, tallest)
        units = self._units(drawn, box)
        label = f"{self._name} {drawn.name}".strip()
        written = Writer(frame, layers, self._limits, f"s{number}").write(shapes, label, units)
        name, small = f"sheet-{number}.svg", f"sheet-{number}-thumb.svg"
        (self._out / name).write_text(written.base, encoding="utf-8")
        tiles = []
        for part in written.parts:
            tiles.append(Tile(part.tile, f"sheet-{number}-tile-{part.tile}.svg", part.box))
            (self._out / tiles[-1].svg).write_text(part.text, encoding="utf-8")
        first = f"sheet-{number}-first.svg" if tiles else ""
        if first:
            seen = glance(shapes, frame, layers, self._limits, f"f{number}")
            (self._out / first).write_text(seen, encoding="utf-8")
        (self._out / small).write_text(thumbnail(shapes, frame, layers), encoding="utf-8")
        listed, numbers = _layers(shapes, self._hand)
        texts = tuple(
            Text(shape.text, shape.matrix[4], shape.matrix[5], _height(shape), numbers[shape.ink.layer])
            for shape in shapes
            if isinstance(shape, Words)
        )
        return Sheet(
            drawn.name, name, small, box, full, units, listed, texts, drawn.objects, drawn.drawn, tuple(tiles),
            title_of(drawn.layout, self._hand.size_of), drawn.blocks, first,
        )  # fmt: skip

    def plot(self, drawn: Drawn, plot: Plot, styles: PlotStyles | None = None) -> None:
        """Write a sheet as a PDF true to scale; raises Refused when it does not fit on the paper."""
        from portal.rendering.plotting import plotted  # noqa: PLC0415 - the PDF library takes 0.1 s to load

        shapes, box, _ = self._laid_out(drawn)
        if styles is not None:
            for shape in shapes:
                for part in (*shape.content, shape) if isinstance(shape, Stamps) else (shape,):
                    part.ink = styles.of(part.ink)
        unit = IN_MILLIMETRES.get(self._units(drawn, box), 1.0)
        title = f"{self._name} {drawn.name}".strip()
        (self._out / PLOT).write_bytes(plotted(shapes, self._hand.palette.layers, plot, box, unit, title))

    def _laid_out(self, drawn: Drawn) -> tuple[list[Shape], Box, Box]:
        """A layout's shapes with endless lines drawn out, the box worth showing, and the box of all."""
        layers = self._hand.palette.layers
        shapes = drawn.shapes
        real = [shape for shape in shapes if not getattr(shape, "endless", False)] or shapes
        boxes = boxes_of([shape for shape in real if layers[shape.ink.layer].on] or real)
        box, full = useful(boxes), around(boxes)
        if drawn.name == MODEL:
            seen = Frame.around(box, 0.0).box
            shapes = [_lengthened(shape, seen) for shape in shapes]
        return shapes, box, full

    def _units(self, drawn: Drawn, box: Box) -> str:
        if drawn.name == MODEL:
            return UNITS.get(int(self._doc.header.get("$INSUNITS", 0)), "")
        return "in" if _in_inches(drawn.layout, box) else "mm"


def _height(words: Words) -> float:
    return words.height * math.hypot(*words.matrix[2:4])


def _layers(shapes: Sequence[Shape], hand: Draughtsman) -> tuple[tuple[Layer, ...], dict[int, int]]:
    counts: dict[int, int] = {}
    for shape in shapes:
        counts[shape.ink.layer] = counts.get(shape.ink.layer, 0) + strokes_in(shape)
    looks = [look for look in hand.palette.layers if look.number in counts]
    looks.sort(key=lambda look: look.name.casefold())
    listed = tuple(
        Layer(_shown(look.name), f"l-{look.number}", look.colour, look.on, counts[look.number]) for look in looks
    )
    return listed, {look.number: place for place, look in enumerate(looks)}


def _shown(name: str) -> str:
    return "".join(letter if letter.isprintable() and not "\ud800" <= letter <= "\udfff" else "�" for letter in name)


def shown_viewports(layout: Entity) -> list[Entity]:
    """Give the viewports that show the model; the one with id 1, else the first, is the paper itself.

    The status number cannot be trusted: it is 0 for every viewport of a layout that was never opened. The flag says
    which ones a person has switched off.
    """
    found = [entity for entity in layout if entity.dxftype() == "VIEWPORT"]
    paper = next((entity for entity in found if entity.dxf.get("id", 0) == 1), found[0] if found else None)
    return [
        entity
        for entity in found
        if entity is not paper and not entity.dxf.get("flags", 0) & VIEWPORT_OFF and not _paper_once(entity)
    ]


def _in_inches(layout: Entity, box: Box) -> bool:
    """Tell whether a layout is drawn in inches: its paper is counted in them, and what is drawn is as large as that paper.

    A layout that nobody set up has a paper in inches too, and often a frame in millimetres, 25.4 times as large.
    """
    dxf = layout.dxf_layout.dxf
    inch = IN_MILLIMETRES["in"]
    paper = max(float(dxf.get("paper_width", 0.0)), float(dxf.get("paper_height", 0.0))) / inch
    largest = max(box[2] - box[0], box[3] - box[1])
    return int(dxf.get("plot_paper_units", MILLIMETRES)) == INCHES and largest < paper * math.sqrt(inch)


def _paper_once(viewport: Entity) -> bool:
    """Tell whether a viewport was the paper before another became it: the active one, and it shows paper on itself."""
    dxf = viewport.dxf
    if dxf.get("status", 0) != 1 or not dxf.hasattr("view_height") or not math.isclose(dxf.view_height, dxf.height):
        return False
    return bool(math.dist(tuple(dxf.center)[:2], tuple(dxf.view_center_point)[:2]) <= PAPER_OFF * dxf.height)


def _dashes_alike(layout: Entity, doc: Drawing) -> bool:
    """Tell whether dashes are measured on paper ($PSLTSCALE): a linetype then looks alike in viewports of any scale."""
    return bool(int(layout.dxf_layout.dxf.get("layout_flags", doc.header.get("$PSLTSCALE", 1))) & 1)


def _seen(viewport: Entity, model: list[Shape], hand: Draughtsman, *, alike: bool) -> list[Shape]:
    """Give the model's shapes as they appear on paper in one viewport."""
    if not viewport.dxf.hasattr("view_height"):
        return []  # R12 keeps the view elsewhere; without it nobody knows what the window shows.
    if not viewport.is_top_view:
        hand.skipped["VIEWPORT"] += 1
        return []
    ring = tuple((point.x, point.y) for point in make_path(viewport).flattening(FLATTENING))
    if not ring:
        return []
    placed = viewport.get_transformation_matrix()
    matrix: Matrix = (placed[0, 0], placed[0, 1], placed[1, 0], placed[1, 1], placed[3, 0], placed[3, 1])
    window = viewport.get_modelspace_limits()
    frozen = {hand.palette.layer(name).number for name in viewport.frozen_layers}
    inside = (trimmed(_lengthened(shape, window), window) for shape in model if shape.ink.layer not in frozen)
    shown = [shape for shape in inside if shape is not None]
    if all(getattr(shape, "endless", False) for shape in shown):
        return []
    seen = shifted(shown, matrix, Clip((ring,), None))
    for shape, before in zip(seen, shown, strict=True):
        if isinstance(shape, BATCHES):
            shape.boxes = _cut_all(shape.boxes, ring)
        if alike:
            shape.ink = before.ink
        # Only what lies inside the window counts for the sheet's extents.
        shape.box = _cut(shape.box, ring)
    return seen


def _cut(
    box: tuple[float, float, float, float], ring: Sequence[tuple[float, float]]
) -> tuple[float, float, float, float]:
    xs, ys = [x for x, _ in ring], [y for _, y in ring]
    x0, y0 = max(box[0], min(xs)), max(box[1], min(ys))
    return x0, y0, max(x0, min(box[2], max(xs))), max(y0, min(box[3], max(ys)))


def _cut_all(boxes: NDArray[np.float64], ring: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    points = np.array(ring)
    low, high = points.min(axis=0), points.max(axis=0)
    start = np.maximum(boxes[:, 0:2], low)
    return np.concatenate((start, np.maximum(start, np.minimum(boxes[:, 2:4], high))), axis=1)


def _lengthened(shape: Shape, box: tuple[float, float, float, float]) -> Shape:
    """Draw a construction line or ray across the whole of `box` and twice beyond."""
    if not isinstance(shape, Path) or not shape.endless:
        return shape
    (_, x, y), (_, to_x, to_y) = shape.steps[0], shape.steps[1]
    middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    reach = math.dist((x, y), middle) + 2 * math.dist(box[:2], box[2:])  # type: ignore[arg-type]
    length = math.dist((x, y), (to_x, to_y)) or 1.0  # type: ignore[arg-type]
    stretch: Matrix = (reach / length, 0, 0, reach / length, 0, 0)
    dx, dy = apply(stretch, to_x - x, to_y - y)  # type: ignore[operator]
    back = 1.0 if length > 1.5 else 0.0  # noqa: PLR2004 - a construction line runs both ways (length 2), a ray one
    steps = [("M", x - dx * back, y - dy * back), ("L", x + dx, y + dy)]  # type: ignore[operator]
    return Path(shape.ink, steps, "", shape.clip, endless=True)
