"""Notes down every object while it is drawn, for the object index beside the manifest (index.py reads it).

An object is noted once where it is defined: in a layout, or in a block, however often that is referred to; a reference
is noted with its places, so that what it shows can be found without being written out. The hash of an object's geometry
is made of the numbers it is drawn by, rounded to a millionth of a unit: whichever reader took it, and whatever its handle,
layer and colour, the same object has the same hash.
"""

from __future__ import annotations

import functools
import hashlib
import json
import zipfile
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from portal.rendering.batches import BATCHES, Arcs, Shape, Strings, around, boxes_of, chained_places
from portal.rendering.index import (
    CENTRE,
    CHAIN,
    CLOSED_CHAIN,
    END,
    FORMAT,
    INSERTION,
    LOOSE,
    MIDDLE,
    OBJECTS,
    QUADRANT,
)
from portal.rendering.shapes import TURN, Box, Path, Words, arc_point

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path as File

    from numpy.typing import NDArray

    from portal.rendering.dxf import Entity
    from portal.rendering.ink import Setting
    from portal.rendering.shapes import Matrix, Step

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Hashes = NDArray[np.uint64]

FINEST: Final = 1e-6
MOST_POINTS: Final = 64
"""Of a hatch or a spline no more points are noted: nobody aims at the thousandth."""
LEVEL: Final = 1
"""Of deflate: coordinates hardly shrink, and a higher level costs more than drawing did."""
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
NONE: Final = -1
ARC_NUMBERS: Final = 8
ROUNDING: Final = 1e-9
COLUMNS: Final[Mapping[str, type[np.generic]]] = {
    "kind": np.uint8, "space": np.uint32, "layer": np.uint32, "handle": np.uint64, "hash": np.uint64, "chain": np.uint8,
    "count": np.uint32, "text": np.int32, "block": np.int32,
}  # fmt: skip


class Notes:
    """What was drawn of one document; written once at the end."""

    def __init__(self) -> None:
        self._claims: dict[str, Setting] = {}
        self._names: dict[str, dict[str, int]] = {"kind": {}, "space": {}, "layer": {}, "block": {}, "text": {}}
        self._parts: dict[str, list[NDArray[Any]]] = {}
        self._rows = 0
        self._singles: list[_Single] = []

    def of(self, space: str, setting: Setting) -> Section | None:
        """Where a block or layout is noted when it is drawn with `setting`; None when it was drawn with another before."""
        space = space.lower()
        return Section(self, space) if self._claims.setdefault(space, setting) == setting else None

    def write(self, folder: File, sheets: Iterable[tuple[str, str]]) -> None:
        """Write the index into `folder`; `sheets` are the names of the sheets, each with the layout it shows."""
        self._settle()
        head: dict[str, Any] = {"format": FORMAT, "sheets": [[_sound(name), space.lower()] for name, space in sheets]}
        head |= {what: [_sound(name) for name in found] for what, found in self._names.items()}
        with zipfile.ZipFile(folder / OBJECTS, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as packed:
            packed.writestr("head.json", json.dumps(head, ensure_ascii=False))
            for name, parts in self._parts.items():
                with packed.open(f"{name}.npy", "w", force_zip64=True) as stream:
                    np.lib.format.write_array(stream, np.concatenate(parts), allow_pickle=False)

    def name(self, what: str, name: str) -> int:
        """The number of a name."""
        known = self._names[what]
        return known.setdefault(name, len(known))

    def add(self, columns: dict[str, Any], *, points: Floats, snaps: Any, boxes: Floats) -> None:  # noqa: ANN401 - numbers of any width
        """Add rows; a column may be one number for all."""
        rows = len(columns["handle"])
        for name, width in COLUMNS.items():
            self._part(name, np.broadcast_to(np.asarray(columns[name], width), rows))
        self._part("points", np.asarray(points, np.float64))
        self._part("snaps", np.broadcast_to(np.asarray(snaps, np.uint8), len(points)))
        # The box of a chain is that of its points.
        self._part("boxes", boxes[np.broadcast_to(np.asarray(columns["chain"]), rows) == LOOSE])
        self._rows += rows

    def add_places(self, places: Floats, counts: Ints) -> None:
        """Add the places of the references that are added next."""
        self._part("places", places)
        self._part("place_row", np.repeat(np.arange(len(counts)) + self._rows, counts))

    def keep(self, single: _Single) -> None:
        """Keep an object that came by itself, to be added with all others of its sort."""
        self._singles.append(single)

    def _settle(self) -> None:
        found, self._singles = self._singles, []
        if not found and self._rows:
            return
        points = [point for single in found for point in single.points]
        spread = np.array(points, np.float64).reshape(-1, 3)
        numbers = [number for single in found for number in single.numbers]
        lengths = np.array([len(single.numbers) for single in found], np.int64)
        salts = np.array([salt(single.words) for single in found], np.uint64)
        chain = np.array([single.chain for single in found], np.uint8)
        columns = {
            name: [getattr(single, name) for single in found] for name in ("kind", "space", "layer", "handle", "text")
        }
        columns |= {"count": [len(single.points) for single in found]}
        hashes = ragged_hashes(np.array(numbers), lengths, salts) + chain.astype(np.uint64)
        self.add(
            {**columns, "hash": hashes, "chain": chain, "block": NONE},
            points=spread[:, :2], snaps=spread[:, 2], boxes=np.array([single.box for single in found]).reshape(-1, 4),
        )  # fmt: skip

    def _part(self, name: str, column: NDArray[Any]) -> None:
        self._parts.setdefault(name, []).append(column)


class _Single(NamedTuple):
    kind: int
    space: int
    layer: int
    handle: int
    text: int
    words: str
    numbers: Sequence[float]
    points: Sequence[tuple[float, float, int]]
    chain: int
    box: Box


class Section:
    """The objects of one block or layout."""

    def __init__(self, notes: Notes, space: str) -> None:
        self._notes = notes
        self._space = notes.name("space", space)

    def strings(self, kind: str, layer: str, handles: Ints, batch: Strings) -> None:
        """Note lines or polylines without arcs, one of the batch for each handle."""
        counts = np.diff(batch.first)
        chain = np.where(batch.closed, CLOSED_CHAIN, CHAIN)
        hashes = ragged_hashes(batch.points.ravel(), counts * 2, np.uint64(salt(kind))) + chain.astype(np.uint64)
        columns = self._columns(kind, layer, handles) | {"hash": hashes, "chain": chain, "count": counts}
        self._notes.add(columns, points=batch.points, snaps=END, boxes=batch.boxes)

    def arcs(self, kind: str, layer: str, handles: Ints, batch: Arcs) -> None:
        """Note arcs or circles, one of the batch for each handle."""
        rows = batch.rows
        hashes = ragged_hashes(rows.ravel(), np.full(len(rows), ARC_NUMBERS), np.uint64(salt(kind)))
        points, snaps, counts = arc_points(rows)
        columns = self._columns(kind, layer, handles) | {"hash": hashes, "count": counts}
        self._notes.add(columns, points=points, snaps=snaps, boxes=batch.boxes)

    def references(  # noqa: PLR0913 - what a reference is
        self, layer: str, handles: Ints, block: str, places: Floats, counts: Ints, content: Box, base: tuple[float, float]
    ) -> None:  # fmt: skip
        """Note references to a block: `places` (n, 6) of all, `counts` how many each has, `content` the block's own box."""
        hashes = ragged_hashes(places.ravel(), counts * 6, np.uint64(salt(f"INSERT {block.lower()}")))
        at = places[:, 0:2] * base[0] + places[:, 2:4] * base[1] + places[:, 4:6]
        columns = self._columns("INSERT", layer, handles) | {"hash": hashes, "count": counts}
        columns["block"] = self._notes.name("block", block.lower())
        self._notes.add_places(places, counts)
        self._notes.add(columns, points=at, snaps=INSERTION, boxes=_boxes_at(content, places, counts))

    def drawn(self, kind: str, layer: str, handle: int, shapes: Sequence[Shape]) -> None:
        """Note one object by what was drawn of it; nothing when that is nothing."""
        if not shapes:
            return
        numbers, points, chain = _spelt(shapes)
        text = "\n".join(shape.text for shape in shapes if isinstance(shape, Words))
        name = self._notes.name
        self._notes.keep(
            _Single(
                name("kind", kind), self._space, name("layer", layer), handle, name("text", text) if text else NONE,
                f"{kind} {text}".strip(), numbers or (0.0,), points, chain, around(boxes_of(shapes)),
            )
        )  # fmt: skip

    def _columns(self, kind: str, layer: str, handles: Ints) -> dict[str, Any]:
        name = self._notes.name
        return {
            "kind": name("kind", kind), "space": self._space, "layer": name("layer", layer), "handle": handles,
            "chain": LOOSE, "text": NONE, "block": NONE,
        }  # fmt: skip


@functools.cache
def salt(words: str) -> int:
    """What is not a number of an object, as a number."""
    return int.from_bytes(hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def number_of(entity: Entity) -> int:
    """The handle of an object as a number, 0 without one."""
    try:
        return int(str(entity.dxf.get("handle", "") or "0"), 16)
    except ValueError:
        return 0


def places_of(reference: Entity, moves: Sequence[Matrix]) -> Floats:
    """Where a block's points go for a reference, and for each of its `moves` in rows and columns."""
    placed = reference.matrix44()
    one = np.array([[placed.ux.x, placed.ux.y, placed.uy.x, placed.uy.y, placed.origin.x, placed.origin.y]])
    return chained_places(one, np.array(moves))


def ragged_hashes(values: Floats, counts: Ints, salts: Any) -> Hashes:  # noqa: ANN401 - one uint64, or one for each run
    """A 64-bit hash for each run of numbers, which depends on their order; `counts` are the runs' lengths, none 0."""
    first = np.concatenate(([0], np.cumsum(counts)[:-1]))
    whole = np.rint(np.nan_to_num(values) / FINEST).astype(np.int64).view(np.uint64)
    place = (np.arange(len(values)) - np.repeat(first, counts) + 1).astype(np.uint64)
    mixed = _mixed(whole + place * _GOLDEN)
    return _mixed(np.add.reduceat(mixed, first) + salts)


def _mixed(numbers: Hashes) -> Hashes:
    """Each number with its bits spread over all 64 (the finaliser of SplitMix64)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * _FIRST
    numbers = (numbers ^ (numbers >> np.uint64(27))) * _SECOND
    return numbers ^ (numbers >> np.uint64(31))


def arc_points(rows: Floats) -> tuple[Floats, NDArray[np.uint8], Ints]:
    """The points to aim at of arcs: centre, ends and middle, of a circle the quadrants; their kinds, how many each has."""
    u, v, start, end = rows[:, 2:4], rows[:, 4:6], rows[:, 6:7], rows[:, 7:8]
    whole = (end - start >= TURN - ROUNDING).ravel()
    angles = np.where(whole[:, None], np.arange(4) * TURN / 4, np.hstack((start, end, (start + end) / 2, start)))
    around_it = u[:, None, :] * np.cos(angles)[:, :, None] + v[:, None, :] * np.sin(angles)[:, :, None]
    points = rows[:, None, 0:2] + np.concatenate((np.zeros((len(rows), 1, 2)), around_it), axis=1)
    kinds = np.where(whole[:, None], (CENTRE, *[QUADRANT] * 4), (CENTRE, END, END, MIDDLE, MIDDLE)).astype(np.uint8)
    used = np.ones((len(rows), 5), np.bool_)
    used[~whole, 4] = False
    return points[used], kinds[used], used.sum(axis=1)


def _boxes_at(content: Box, places: Floats, counts: Ints) -> Floats:
    """The box around a block's box at all places of each reference."""
    corners = np.array([(content[x], content[y]) for x in (0, 2) for y in (1, 3)])
    x = corners[:, 0] * places[:, 0:1] + corners[:, 1] * places[:, 2:3] + places[:, 4:5]
    y = corners[:, 0] * places[:, 1:2] + corners[:, 1] * places[:, 3:4] + places[:, 5:6]
    first = np.concatenate(([0], np.cumsum(counts)[:-1]))
    low = np.minimum.reduceat(np.stack((x.min(axis=1), y.min(axis=1)), axis=1), first)
    high = np.maximum.reduceat(np.stack((x.max(axis=1), y.max(axis=1)), axis=1), first)
    return np.concatenate((low, high), axis=1)


def _spelt(shapes: Sequence[Shape]) -> tuple[list[float], list[tuple[float, float, int]], int]:
    """The numbers of an object's shapes, the points to aim at, and how these hang together.

    What is one line of straight parts, or one arc, is spelt as it is in a batch, so that it has the same hash.
    """
    numbers: list[float] = []
    points: list[tuple[float, float, int]] = []
    one = shapes[0] if len(shapes) == 1 and isinstance(shapes[0], Path) and not shapes[0].endless else None
    if one is not None:
        closed = one.steps[-1][0] == "Z"
        body = one.steps[:-1] if closed else one.steps
        names = [step[0] for step in body]
        if names == ["M", "A"]:
            row = np.array([body[1][1:]], np.float64)
            found, kinds, _ = arc_points(row)
            return (
                row[0].tolist(),
                [(x, y, kind) for (x, y), kind in zip(found.tolist(), kinds.tolist(), strict=True)],
                LOOSE,
            )
        if names[0] == "M" and all(name == "L" for name in names[1:]):
            corners = [(float(step[1]), float(step[2])) for step in body]  # type: ignore[arg-type]
            numbers = [number for corner in corners for number in corner]
            return numbers, [(x, y, END) for x, y in corners], CLOSED_CHAIN if closed else CHAIN
    for shape in shapes:
        _spell(shape, numbers, points)
    return numbers, points[:MOST_POINTS], LOOSE


def _spell(shape: Shape, numbers: list[float], points: list[tuple[float, float, int]]) -> None:
    """Add a shape's numbers and the points one may aim at."""
    if isinstance(shape, Words):
        numbers += (*shape.matrix, shape.height)
        points.append((shape.matrix[4], shape.matrix[5], INSERTION))
    elif isinstance(shape, BATCHES):
        numbers += shape.boxes.ravel().tolist()
        points += [(x0, y0, INSERTION) for x0, y0 in shape.boxes[:MOST_POINTS, :2].tolist()]
    else:
        for step in shape.steps:
            _spell_step(step, numbers, points)


def _spell_step(step: Step, numbers: list[float], points: list[tuple[float, float, int]]) -> None:
    name, values = step[0], [float(value) for value in step[1:]]  # type: ignore[arg-type]
    numbers += values
    if name == "A":
        points.append((values[0], values[1], CENTRE))
        points.append((*arc_point(step, values[7]), END))
    elif name != "Z":
        points.append((values[-2], values[-1], END))


def _sound(name: str) -> str:
    return name.encode("utf-8", "replace").decode()
