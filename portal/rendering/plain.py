"""Makes shapes of the plain objects (entities.py): a batch for all strokes of one ink, stamps for all places of a block."""

from __future__ import annotations

import math
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import numpy as np

from portal.rendering import curves
from portal.rendering.batches import (
    BATCHES,
    Arcs,
    Shape,
    Stamps,
    Strings,
    around,
    boxes_of,
    chained_places,
    lines,
    round_rows,
    sound_ones,
)
from portal.rendering.entities import ARC, CIRCLE, INSERT, KINDS, LINE, LWPOLYLINE, SOLID, TEXT, Plain, Table, uniform
from portal.rendering.lines_of_text import Line, line_of_text
from portal.rendering.reasons import Refused
from portal.rendering.shapes import TURN, Path, shifted, sound

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from portal.rendering.dxf import Entity
    from portal.rendering.ink import Palette, Setting
    from portal.rendering.noting import Notes, Section
    from portal.rendering.shapes import Ink

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

Stroke = TypeVar("Stroke", Strings, Arcs)
FEW: Final = 3
"""Up to so many strokes, or places of a block, each is a path of its own: arrays win nothing there."""
CLOSED: Final = 1
ABSENT: Final = -1.0


class PlainHand:
    """Draws the plain objects of one document."""

    def __init__(  # noqa: PLR0913 - the document's parts that a hand needs
        self,
        plain: Plain,
        palette: Palette,
        styles: dict[str, Entity],
        block: Callable[[str, Setting], tuple[list[Shape], tuple[float, float]]],
        skipped: Counter[str],
        letters: int,
        deadline: float,
        notes: Notes | None = None,
    ) -> None:
        self._plain = plain
        self._palette = palette
        self._styles = styles
        self._read_styles: dict[int, _TextStyle] = {}
        self._block = block
        self._skipped = skipped
        self._letters = letters
        self._deadline = deadline
        self._notes = notes

    def shapes(self, space: str, setting: Setting, *, once: bool = False) -> tuple[list[Shape], int]:
        """The shapes of a block's or space's plain objects, and how many objects these are.

        `once` is for a layout: its numbers are not kept beside its shapes.
        """
        result: list[Shape] = []
        count = 0
        section = self._notes.of(space, setting) if self._notes else None
        for kind, table in self._plain.taken(space) if once else list(self._plain.of(space).items()):
            count += len(table)
            for ink, look, rows in self._looks(table, setting):
                if time.monotonic() > self._deadline:
                    raise Refused("time")
                part = _Part(KINDS[kind - 1], table, rows, str(look.dxf["layer"]), section)
                result += self._drawn(kind, part, ink, look, setting)
        return result, count

    def _looks(self, table: Table, setting: Setting) -> Iterator[tuple[Ink, Entity, Ints]]:
        """The rows of each ink, with an object that has that look."""
        key = np.zeros(len(table), np.int64)
        for name in ("layer", "aci", "true", "weight", "linetype", "ltscale", "transparency"):
            if uniform(table[name]):
                continue
            values, inverse = np.unique(table[name], return_inverse=True)
            if len(values) > 1:
                key = key * len(values) + inverse.reshape(-1)
                key = np.unique(key, return_inverse=True)[1].reshape(-1)
        place = np.argsort(key, kind="stable")
        for rows in np.split(place, np.flatnonzero(np.diff(key[place])) + 1):
            entity = self._like(table, int(rows[0]))
            yield self._palette.of(entity, setting), entity, rows

    def _like(self, table: Table, row: int) -> Entity:
        """An object with the look of a row, as ink.py reads one."""
        plain = self._plain
        look: dict[str, Any] = {
            "layer": plain.layers[int(table["layer"][row])],
            "linetype": plain.linetypes[int(table["linetype"][row])],
            "ltscale": float(table["ltscale"][row]),
            "color": int(table["aci"][row]),
            "lineweight": int(table["weight"][row]),
        }
        for name, column in (("true_color", "true"), ("transparency", "transparency")):
            value = int(table[column][row])
            if value != ABSENT:
                look[name] = value
        return SimpleNamespace(dxf=look)

    def _drawn(self, kind: int, part: _Part, ink: Ink, look: Entity, setting: Setting) -> list[Shape]:
        table, rows = part.table, part.rows
        match kind:
            case int(number) if number == LINE:
                return self._strokes(ink, part.noted(lines(ink, _columns(table, rows, "x0", "y0", "x1", "y1"))))
            case int(number) if number == LWPOLYLINE:
                return self._polylines(part, ink)
            case int(number) if number == CIRCLE:
                start, end = np.zeros(len(rows)), np.full(len(rows), TURN)
                return self._strokes(ink, part.noted(_arcs(table, ink, rows, start, end)))
            case int(number) if number == ARC:
                start, end = (np.radians(np.mod(table[name][rows], 360.0)) for name in ("start", "end"))
                end = np.where(end <= start, end + TURN, end)
                return self._strokes(ink, part.noted(_arcs(table, ink, rows, start, end)))
            case int(number) if number == SOLID:
                return self._solids(part, ink)
            case int(number) if number == TEXT:
                return self._texts(part, ink)
        return self._inserts(part, look, setting)

    def _strokes(self, ink: Ink, batch: Strings | Arcs) -> list[Shape]:
        """A batch, or its paths where they are few or a linetype must break each of them."""
        return list(batch.paths()) if ink.dashes or len(batch) <= FEW else [batch]

    def _polylines(self, part: _Part, ink: Ink) -> list[Shape]:
        rows = part.rows
        found = part.table.at(rows)
        counts = np.diff(found.first)
        closed = (found["flags"].astype(np.int64) & CLOSED).astype(np.bool_)
        bent = np.bincount(np.repeat(np.arange(len(rows)), counts), np.abs(found.bulges) > curves.STRAIGHT) > 0
        result: list[Shape] = []
        if not bent.all():
            straight = np.flatnonzero(~bent)
            plain = found.at(straight)
            batch = Strings(ink, plain.points, plain.first, closed[straight])
            result += self._strokes(ink, part.noted(batch, straight))
        for row in np.flatnonzero(bent).tolist():
            piece = slice(int(found.first[row]), int(found.first[row + 1]))
            vertices = np.column_stack((found.points[piece], found.bulges[piece])).tolist()
            result.append(Path(ink, curves.bulged(vertices, closed=bool(closed[row]))))
            part.note(int(rows[row]), result[-1:])
        return result

    def _solids(self, part: _Part, ink: Ink) -> list[Shape]:
        pen = ink._replace(dashes=())
        result: list[Shape] = []
        columns = _columns(part.table, part.rows, "x0", "y0", "x1", "y1", "x2", "y2", "x3", "y3")
        for row, (x0, y0, x1, y1, x2, y2, x3, y3) in zip(part.rows.tolist(), columns.tolist(), strict=True):
            # The third and fourth corner are stored crosswise; a triangle repeats the third or leaves the fourth out.
            last = (x2, y2) if math.isnan(x3) or math.isnan(y3) else (x3, y3)
            corners = [(x0, y0), (x1, y1), last, (x2, y2)]
            if last == (x2, y2):
                corners.pop()
            result.append(Path(pen, curves.polygon(corners), "area"))
            part.note(row, result[-1:])
        return result

    def _texts(self, part: _Part, ink: Ink) -> list[Shape]:
        table, rows = part.table, part.rows
        names = ("x", "y", "x1", "y1", "height", "rotation", "width", "oblique", "flags", "halign", "valign")
        result: list[Shape] = []
        styles = [self._text_style(number) for number in table["style"][rows].tolist()]
        for row, (font, wide, lean, marks), values in zip(
            rows.tolist(), styles, _columns(table, rows, *names).tolist(), strict=True
        ):
            x, y, x1, y1, height, rotation, width, oblique, flags, halign, valign = values
            line = Line(
                table.texts[row].strip("\r"),
                height,
                (x, y),
                (x, y) if math.isnan(x1) or math.isnan(y1) else (x1, y1),
                rotation,
                width if width != ABSENT else wide,
                oblique if oblique > -1e8 else lean,  # noqa: PLR2004 - "not given"
                int(flags) | marks,
                int(halign),
                int(valign),
                font,
            )
            try:
                words = line_of_text(line, ink, self._letters)
            except (curves.Unfit, ValueError, OverflowError):
                self._skipped["TEXT"] += 1
            else:
                part.note(row, words)
                result += words
        return result

    def _text_style(self, number: int) -> _TextStyle:
        """What a text has of the style of this number."""
        found = self._read_styles.get(number)
        if found is None:
            style = self._styles.get(self._plain.styles[number].lower())
            found = self._read_styles[number] = (
                _TextStyle(
                    str(style.dxf.font),
                    float(style.dxf.width),
                    float(style.dxf.oblique),
                    int(style.dxf.generation_flags),
                )
                if style
                else _TextStyle()
            )
        return found

    def _inserts(self, part: _Part, look: Entity, setting: Setting) -> list[Shape]:
        table, rows = part.table, part.rows
        inner = self._palette.setting(look, setting)
        names = table["name"][rows]
        result: list[Shape] = []
        for number in np.unique(names).tolist():
            mine = rows[names == number]
            name = self._plain.names[number]
            try:
                content, base = self._block(name, inner)
            except curves.Unfit:
                self._skipped["INSERT"] += len(mine)
                continue
            places = _places(table, mine, base)
            part.note_references(mine, name, places, content, base)
            shapes, lost = placed(content, places)
            result += shapes
            self._skipped.update({"INSERT": lost} if lost else {})
        return result


class _TextStyle(NamedTuple):
    """Font, width factor, slant in degrees and flags of a text style."""

    font: str = ""
    width: float = 1.0
    oblique: float = 0.0
    flags: int = 0


class _Part(NamedTuple):
    """The objects of one type, layer and look: some rows of a table, and where they are noted, if they are."""

    kind: str
    table: Table
    rows: Ints
    layer: str
    section: Section | None

    def noted(self, batch: Stroke, which: Ints | None = None) -> Stroke:
        """Note a batch that holds all of these objects, or those of `which`; gives it back."""
        if self.section is not None:
            handles = self.table["handle"][self.rows if which is None else self.rows[which]]
            if isinstance(batch, Strings):
                self.section.strings(self.kind, self.layer, handles, batch)
            else:
                self.section.arcs(self.kind, self.layer, handles, batch)
        return batch

    def note(self, row: int, shapes: Sequence[Shape]) -> None:
        """Note the object of one row of the table."""
        if self.section is not None:
            self.section.drawn(self.kind, self.layer, int(self.table["handle"][row]), shapes)

    def note_references(
        self, rows: Ints, block: str, places: Floats, content: Sequence[Shape], base: tuple[float, float]
    ) -> None:
        """Note references to one block."""
        if self.section is not None and content:
            box, once = around(boxes_of(content)), np.ones(len(rows), np.int64)
            self.section.references(self.layer, self.table["handle"][rows], block, places, once, box, base)


def placed(content: Iterable[Shape], places: Floats) -> tuple[list[Shape], int]:
    """A block's shapes at all of its places: strokes as stamps, the rest moved one by one; and how many were too far away."""
    stamped: dict[Ink, list[Any]] = {}
    moved: list[Shape] = []
    for shape in content:
        if isinstance(shape, Stamps) and shape.clip is None:
            moved.append(Stamps(shape.ink, shape.content, chained_places(shape.places, places)))
        elif len(places) > FEW and _stampable(shape):
            stamped.setdefault(shape.ink, []).append(shape)
        else:
            moved += [one for place in places.tolist() for one in shifted((shape,), tuple(place))]
    moved += [Stamps(ink, shapes, places) for ink, shapes in stamped.items()]
    result: list[Shape] = []
    lost = 0
    for shape in moved:
        if sound(shape.box):
            result.append(shape)
        elif isinstance(shape, BATCHES):
            good = sound_ones(shape)
            lost += int((~good).sum())
            result += [shape.only(good)] if good.any() else []
        else:
            lost += 1
    return result, lost


def _stampable(shape: Shape) -> bool:
    if isinstance(shape, Path):
        return not shape.fill and shape.clip is None and not shape.endless
    return isinstance(shape, Strings | Arcs) and shape.clip is None


def _columns(table: Table, rows: Ints, *names: str) -> Floats:
    return np.stack([table[name][rows] for name in names], axis=1)


def _arcs(table: Table, ink: Ink, rows: Ints, start: Floats, end: Floats) -> Arcs:
    return Arcs(ink, round_rows(table["x"][rows], table["y"][rows], table["radius"][rows], start, end))


def _places(table: Table, rows: Ints, base: tuple[float, float]) -> Floats:
    """Where the block's points go: scaled about its base point, turned, set down."""
    x, y, sx, sy, turn = (table[name][rows] for name in ("x", "y", "sx", "sy", "rotation"))
    cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    a, b, c, d = cosine * sx, sine * sx, -sine * sy, cosine * sy
    return np.stack((a, b, c, d, x - a * base[0] - c * base[1], y - b * base[0] - d * base[1]), axis=1)


def count_of(plain: Plain, space: str) -> tuple[int, dict[str, int]]:
    """How many plain objects a block or space has besides its references, and how often it refers to each block."""
    tables = plain.of(space)
    own = sum(len(table) for kind, table in tables.items() if kind != INSERT)
    if INSERT not in tables:
        return own, {}
    numbers, counts = np.unique(tables[INSERT]["name"], return_counts=True)
    return own, {plain.names[number]: count for number, count in zip(numbers.tolist(), counts.tolist(), strict=True)}
