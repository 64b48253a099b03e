"""The plain objects of a DXF as tables: one per type, a column per number; reader.py fills them.

LINE, LWPOLYLINE, CIRCLE, ARC, TEXT, SOLID and INSERT are nearly all of a large drawing and need no more than a few
numbers each. They become rows of tables, one table per type for the whole file; everything else (tables, blocks' heads,
layouts, hatches, dimensions, and every object that has something unusual about it) stays in `rest`, a DXF from which
only these rows are missing. An object is only taken when all that ezdxf would read from it is taken too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

KINDS: Final = ("LINE", "LWPOLYLINE", "CIRCLE", "ARC", "TEXT", "SOLID", "INSERT")
LINE, LWPOLYLINE, CIRCLE, ARC, TEXT, SOLID, INSERT = range(1, 8)


@dataclass(slots=True)
class Table:
    """Objects of one type as columns of equal length.

    `owner`, `layer`, `linetype`, `name` and `style` are numbers of names in Plain; `order` counts the file's objects,
    `handle` is 0 when there is none. LWPOLYLINE has `points` (float64 (n, 2)), `bulges` (n) and `first` (rows + 1)
    beside its columns, TEXT has `texts`.
    """

    columns: dict[str, NDArray[Any]]
    points: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    bulges: Floats = field(default_factory=lambda: np.zeros(0))
    first: Ints = field(default_factory=lambda: np.zeros(1, np.int64))
    texts: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        """The number of objects."""
        return len(self.columns["order"])

    def __getitem__(self, name: str) -> NDArray[Any]:
        """One column."""
        return self.columns[name]

    def at(self, rows: Ints) -> Table:
        """The objects of some rows."""
        columns = {name: some(column, rows) for name, column in self.columns.items()}
        if len(self.first) == 1:
            return Table(columns, texts=[self.texts[row] for row in rows.tolist()] if self.texts else [])
        counts = np.diff(self.first)[rows]
        first = np.concatenate(([0], np.cumsum(counts)))
        which = np.repeat(self.first[:-1][rows] - first[:-1], counts) + np.arange(first[-1])
        return Table(columns, self.points[which], self.bulges[which], first)


@dataclass(slots=True)
class Plain:
    """The plain objects of a file by where they lie, and the file without them."""

    layers: list[str]
    linetypes: list[str]
    names: list[str]
    """Of the blocks that INSERTs refer to."""
    styles: list[str]
    spaces: dict[str, dict[int, Table]]
    """Lower-case name of a block or space -> type -> its objects."""
    rest: bytes
    count: int

    def of(self, space: str) -> dict[int, Table]:
        """The tables of one block or space."""
        return self.spaces.get(space.lower(), {})

    def taken(self, space: str) -> Iterator[tuple[int, Table]]:
        """The tables of a space that is drawn once: each is given away, so that it is gone when it is drawn."""
        tables = self.spaces.pop(space.lower(), {})
        while tables:
            kind = next(iter(tables))
            yield kind, tables.pop(kind)


NOTHING_PLAIN: Final = Plain([], [], [], [], {}, b"", 0)
"""Of a file that ezdxf reads whole."""


def uniform(column: NDArray[Any]) -> bool:
    """Whether a column is one value that stands for all rows."""
    return column.strides == (0,)


def compact(column: NDArray[Any]) -> NDArray[Any]:
    """A column that says the same in every row, as most do (no colour, no weight of their own), as one value."""
    if len(column) and not uniform(column) and (column == column[0]).all():
        return np.broadcast_to(column[:1].copy(), column.shape)
    return column


def some(column: NDArray[Any], rows: Ints) -> NDArray[Any]:
    """Some rows of a column."""
    return np.broadcast_to(column[:1], rows.shape) if uniform(column) else column[rows]


def _end_to_end(parts: list[NDArray[Any]]) -> NDArray[Any]:
    if all(uniform(part) and part[0] == parts[0][0] for part in parts):
        return np.broadcast_to(parts[0][:1], (sum(map(len, parts)),))
    return np.concatenate(parts)


def joined(tables: list[Table]) -> Table:
    """Several tables of one type as one; theirs are emptied column by column, so that both never are there whole."""
    if len(tables) == 1:
        return tables[0]
    columns = {name: _end_to_end([table.columns.pop(name) for table in tables]) for name in list(tables[0].columns)}
    texts = [text for table in tables for text in table.texts]
    if len(tables[0].first) == 1:
        return Table(columns, texts=texts)
    lengths = np.concatenate([np.diff(table.first) for table in tables])
    return Table(
        columns,
        np.concatenate([table.points for table in tables]),
        np.concatenate([table.bulges for table in tables]),
        np.concatenate(([0], np.cumsum(lengths))),
    )
