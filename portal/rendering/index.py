"""Reads the object index of a drawing: which objects lie in a box, which has a handle, which point is near.

The index is one file beside the manifest (noting.py writes it): columns of numbers, deflated. At 100,000 objects it was
measured against SQLite and gzipped JSON: docs/decisions/013. Coordinates are drawing units, y upwards. What a block
shows is found through its references: such an object has a path, the names of the blocks from the outermost to its own.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from portal.rendering.shapes import IDENTITY, Box, Matrix, apply, around, chained, overlap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Rows = NDArray[np.int64]
    Boxes = NDArray[np.float64]

OBJECTS: Final = "objects.npz"
FORMAT: Final = 1
MODEL: Final = "*model_space"
DEEPEST: Final = 32
LOOSE, CHAIN, CLOSED_CHAIN = range(3)
"""How an object's points hang together: not at all, or each by a straight line to the next (and the last to the first)."""
END, MIDDLE, CENTRE, QUADRANT, INSERTION = range(5)
SNAPS: Final = ("end", "middle", "centre", "quadrant", "insertion")
FLAT: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Found:
    """An object where it is seen. `path` is empty for one that lies in the layout itself; `handle` is 0 when it has none.

    `box` is exact for lines and arcs, an estimate for letters, and around the turned box for what a reference shows.
    `hash` is of its geometry where it is defined: equal objects have equal ones.
    """

    handle: int
    kind: str
    layer: str
    path: tuple[str, ...]
    box: Box
    hash: int
    text: str


@dataclass(frozen=True, slots=True)
class Snap:
    """A point one may aim at: end, middle, centre, quadrant or insertion, and whose it is."""

    x: float
    y: float
    kind: str
    of: Found


class Index:
    """The objects of one drawing."""

    def __init__(self, head: dict[str, Any], columns: dict[str, NDArray[Any]]) -> None:
        self.sheets: dict[str, str] = dict(head["sheets"])
        """Name of a sheet -> the layout it shows, as `space` in the questions below."""
        self._head = head
        self._columns = columns
        count = columns["count"].astype(np.int64)
        self._first = np.concatenate(([0], np.cumsum(count)))
        self._boxes, self._aims = self._all_boxes()
        space = columns["space"]
        order = np.argsort(space, kind="stable")
        cuts = np.flatnonzero(np.diff(space[order])) + 1
        self._rows: dict[str, Rows] = {
            head["space"][int(space[rows[0]])]: rows for rows in np.split(order, cuts) if len(rows)
        }

    @classmethod
    def read(cls, folder: Path) -> Index:
        """Read the index of a rendering. Raises OSError without one, ValueError for one of another format."""
        with zipfile.ZipFile(folder / OBJECTS) as packed:
            head = json.loads(packed.read("head.json"))
            if head.get("format") != FORMAT:
                message = f"the index is of format {head.get('format')}, not {FORMAT}"
                raise ValueError(message)
            columns = {
                name.removesuffix(".npy"): np.load(io.BytesIO(packed.read(name)), allow_pickle=False)
                for name in packed.namelist()
                if name.endswith(".npy")
            }
        columns.setdefault("places", np.zeros((0, 6)))
        columns.setdefault("place_row", np.zeros(0, np.int64))
        return cls(head, columns)

    def __len__(self) -> int:
        """How many objects are defined; one in a block counts once."""
        return len(self._columns["kind"])

    def within(self, box: Box, space: str = MODEL, *, deep: bool = True) -> list[Found]:
        """The objects of a layout whose box touches `box`, and with `deep` those that its references show there."""
        return [
            self._found(row, matrix, path)
            for rows, matrix, path in self._seen(space, box, IDENTITY, (), self._boxes, deep=deep)
            for row in rows.tolist()
        ]

    def by_handle(self, handle: int) -> Found | None:
        """The object with a handle, where it is defined."""
        rows = np.flatnonzero(self._columns["handle"] == handle)
        return self._found(int(rows[0]), IDENTITY, ()) if handle and len(rows) else None

    def nearest(self, x: float, y: float, reach: float, space: str = MODEL) -> Snap | None:
        """The nearest point to aim at that is no further than `reach`; of points as near, an end before a middle.

        A centre that lies outside of its arc is found too, inside a block where the block's own box reaches it.
        """
        box = x - reach, y - reach, x + reach, y + reach
        best: tuple[float, int, float, float, int, Matrix, tuple[str, ...]] | None = None
        for rows, matrix, path in self._seen(space, box, IDENTITY, (), self._aims, deep=True):
            points, kinds, whose = self._snaps(rows)
            at = points @ np.array((matrix[0:2], matrix[2:4])) + np.array(matrix[4:6])
            far = np.hypot(at[:, 0] - x, at[:, 1] - y)
            if not len(far):
                continue
            place = int(np.lexsort((kinds, np.round(far, 9)))[0])
            here = (float(far[place]), int(kinds[place]), float(at[place, 0]), float(at[place, 1]), int(whose[place]))
            if here[0] <= reach and (best is None or (here[0], here[1]) < (best[0], best[1])):
                best = (*here, matrix, path)
        if best is None:
            return None
        _, kind, at_x, at_y, row, matrix, path = best
        return Snap(at_x, at_y, SNAPS[kind], self._found(row, matrix, path))

    def _seen(  # noqa: PLR0913 - where to look, through what, and how far
        self, space: str, box: Box, matrix: Matrix, path: tuple[str, ...], boxes: Boxes, *, deep: bool
    ) -> Iterator[tuple[Rows, Matrix, tuple[str, ...]]]:
        """The rows that touch a box, as seen through `matrix`, then those of every reference among them."""
        rows = self._rows.get(space.lower(), np.zeros(0, np.int64))
        local = _local(box, matrix)
        if local is None:
            return
        x0, y0, x1, y1 = boxes[rows].T
        rows = rows[(x0 <= local[2]) & (x1 >= local[0]) & (y0 <= local[3]) & (y1 >= local[1])]
        if matrix != IDENTITY and boxes is self._boxes:  # what touches the turned box may still lie beside the box
            rows = np.array([row for row in rows.tolist() if overlap(self._box(row, matrix), box)], np.int64)
        yield rows, matrix, path
        if not deep or len(path) >= DEEPEST:
            return
        for row in rows[self._columns["block"][rows] >= 0].tolist():
            block = self._head["block"][int(self._columns["block"][row])]
            for place in self._places_of(row):
                yield from self._seen(block, box, chained(place, matrix), (*path, block), boxes, deep=True)

    def _places_of(self, row: int) -> list[Matrix]:
        owners = self._columns["place_row"]
        low, high = np.searchsorted(owners, [row, row + 1])
        return [(a, b, c, d, e, f) for a, b, c, d, e, f in self._columns["places"][low:high].tolist()]

    def _found(self, row: int, matrix: Matrix, path: tuple[str, ...]) -> Found:
        head, columns = self._head, self._columns
        text = int(columns["text"][row])
        return Found(
            int(columns["handle"][row]), head["kind"][int(columns["kind"][row])], head["layer"][int(columns["layer"][row])],
            path, self._box(row, matrix), int(columns["hash"][row]), head["text"][text] if text >= 0 else "",
        )  # fmt: skip

    def _box(self, row: int, matrix: Matrix) -> Box:
        x0, y0, x1, y1 = self._boxes[row].tolist()
        if matrix == IDENTITY:
            return x0, y0, x1, y1
        if self._columns["chain"][row] != LOOSE:
            points = self._columns["points"][self._first[row] : self._first[row + 1]].tolist()
            return around(apply(matrix, x, y) for x, y in points)
        return around(apply(matrix, x, y) for x in (x0, x1) for y in (y0, y1))

    def _snaps(self, rows: Rows) -> tuple[NDArray[np.float64], NDArray[np.uint8], Rows]:
        """The points of some rows with the middles of their straight lines, their kinds and whose they are."""
        counts = np.diff(self._first)[rows]
        start = np.repeat(self._first[:-1][rows] - np.concatenate(([0], np.cumsum(counts)[:-1])), counts)
        which = start + np.arange(int(counts.sum()))
        points, kinds, whose = self._columns["points"][which], self._columns["snaps"][which], np.repeat(rows, counts)
        chain = self._columns["chain"][whose]
        last = np.append(whose[1:] != whose[:-1], True) if len(whose) else np.zeros(0, np.bool_)
        begins = np.flatnonzero(np.append(True, last[:-1])) if len(whose) else np.zeros(0, np.int64)
        follows = np.arange(len(which)) + 1
        follows[last] = begins
        linked = np.flatnonzero((chain == CLOSED_CHAIN) | ((chain == CHAIN) & ~last))
        middles = (points[linked] + points[follows[linked]]) / 2
        return (
            np.concatenate((points, middles)),
            np.concatenate((kinds, np.full(len(linked), MIDDLE, np.uint8))),
            np.concatenate((whose, whose[linked])),
        )

    def _all_boxes(self) -> tuple[Boxes, Boxes]:
        """The box of every object, written for some and of its points for a chain; and that box with all its points."""
        columns = self._columns
        loose = columns["chain"] == LOOSE
        # One point more, because a run may be empty at the end; what reduceat makes of an empty run is not used.
        points = np.concatenate((columns["points"], np.zeros((1, 2))))
        low, high = (reach.reduceat(points, self._first)[:-1] for reach in (np.minimum, np.maximum))
        boxes = np.concatenate((low, high), axis=1)
        aims = boxes.copy()
        boxes[loose] = columns["boxes"]
        aims[columns["count"] == 0] = boxes[columns["count"] == 0]
        aims[:, :2], aims[:, 2:] = np.minimum(aims[:, :2], boxes[:, :2]), np.maximum(aims[:, 2:], boxes[:, 2:])
        return boxes, aims


def _local(box: Box, matrix: Matrix) -> Box | None:
    """The box around `box` in the coordinates that `matrix` maps from; None where it maps all onto a line."""
    if matrix == IDENTITY:
        return box
    a, b, c, d, e, f = matrix
    size = a * d - b * c
    if abs(size) < FLAT:
        return None
    back: Matrix = (d / size, -b / size, -c / size, a / size, (c * f - d * e) / size, (b * e - a * f) / size)
    return around(apply(back, x, y) for x in (box[0], box[2]) for y in (box[1], box[3]))
