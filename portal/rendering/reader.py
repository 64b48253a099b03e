"""Reads the plain objects (entities.py) of a text DXF straight from its bytes, piece by piece; what it does not take is kept."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

import numpy as np

from portal.rendering.columns import Tags, Unplain, pieces
from portal.rendering.entities import (
    ARC,
    CIRCLE,
    INSERT,
    KINDS,
    LINE,
    LWPOLYLINE,
    SOLID,
    TEXT,
    Plain,
    Table,
    compact,
    joined,
    some,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from numpy.typing import NDArray

    from portal.rendering.entities import Floats, Ints

MODEL: Final = "*model_space"
PAPER: Final = "*paper_space"
OTHER: Final = 0
SECTION, ENDSEC, BLOCK, ENDBLK = range(20, 24)
_NUMBERS: Final = {name.encode(): number for number, name in enumerate(KINDS, 1)} | {
    b"SECTION": SECTION, b"ENDSEC": ENDSEC, b"BLOCK": BLOCK, b"ENDBLK": ENDBLK,
}  # fmt: skip
#: What every object has: column name -> (group code, value when it is absent). -1 stands for "not given".
COMMON: Final = {
    "aci": (62, 256), "true": (420, -1), "weight": (370, -1), "ltscale": (48, 1.0), "transparency": (440, -1),
}  # fmt: skip
#: What a type has beside it.
OWN: Final[Mapping[int, Mapping[str, tuple[int, float]]]] = {
    LINE: {"x0": (10, np.nan), "y0": (20, np.nan), "x1": (11, np.nan), "y1": (21, np.nan)},
    LWPOLYLINE: {"flags": (70, 0)},
    CIRCLE: {"x": (10, np.nan), "y": (20, np.nan), "radius": (40, np.nan)},
    ARC: {"x": (10, np.nan), "y": (20, np.nan), "radius": (40, np.nan), "start": (50, np.nan), "end": (51, np.nan)},
    TEXT: {
        "x": (10, np.nan), "y": (20, np.nan), "x1": (11, np.nan), "y1": (21, np.nan), "height": (40, np.nan),
        "rotation": (50, 0.0), "width": (41, -1.0), "oblique": (51, -1e9), "flags": (71, 0), "halign": (72, 0),
        "valign": (73, 0),
    },
    SOLID: {
        "x0": (10, np.nan), "y0": (20, np.nan), "x1": (11, np.nan), "y1": (21, np.nan), "x2": (12, np.nan),
        "y2": (22, np.nan), "x3": (13, np.nan), "y3": (23, np.nan),
    },
    INSERT: {
        "x": (10, np.nan), "y": (20, np.nan), "sx": (41, 1.0), "sy": (42, 1.0), "sz": (43, 1.0), "rotation": (50, 0.0),
    },
}  # fmt: skip
#: May be absent although it has no default: the second corner of a solid's last edge, a text's second point.
OPTIONAL: Final = frozenset({(TEXT, "x1"), (TEXT, "y1"), (SOLID, "x3"), (SOLID, "y3")})
EXTRUSION, INVISIBLE, ON_PAPER, PLOT_STYLE = (210, 220, 230), 60, 67, (380, 390)
WANTED: Final = np.zeros(1 << 15, np.bool_)
WANTED[[code for code, _ in COMMON.values()]] = True
WANTED[[code for columns in OWN.values() for code, _ in columns.values()]] = True
WANTED[[*EXTRUSION, *PLOT_STYLE, INVISIBLE, ON_PAPER, 66, 70, 71, 43]] = True
FURTHEST: Final = 1e12
NUMBERS: Final = frozenset({"owner", "layer", "linetype", "name", "style", "order"})
PICTURES: Final = (b"*D", b"*T")
"""Blocks that are the picture of a dimension or table: ezdxf opens these."""
EMBEDDED, GROUP = 101, 102


def plain_objects(data: bytes, encoding: str) -> Plain:
    """Take the plain objects out of a text DXF. Raises Unplain when its layout is not what every CAD writes."""
    reader = _Reader(data, encoding)
    for tags in pieces(data):
        reader.take(tags)
    return reader.result()


class _Numbered:
    """Numbers for names, in the order of their coming."""

    def __init__(self, encoding: str, *first: bytes) -> None:
        self._encoding = encoding
        self._numbers = {name: number for number, name in enumerate(first)}

    def of(self, name: bytes) -> int:
        known = self._numbers.get(name)
        if known is None:
            known = self._numbers[name] = len(self._numbers)
        return known

    def all(self, names: Iterable[bytes]) -> Ints:
        return np.fromiter(map(self.of, names), np.int64)

    def listed(self) -> list[str]:
        return [name.strip().decode(self._encoding, "surrogateescape") for name in self._numbers]


class _Reader:
    """Takes piece after piece; a section or block may reach over many."""

    def __init__(self, data: bytes, encoding: str) -> None:
        self._data = data
        self._bytes = np.frombuffer(data, np.uint8)
        self._encoding = encoding
        self._section = b""
        self._block = -1
        self._order = 0
        self._layers = _Numbered(encoding, b"0")
        self._linetypes = _Numbered(encoding, b"BYLAYER")
        self._names = _Numbered(encoding)
        self._styles = _Numbered(encoding, b"STANDARD")
        self._owners = _Numbered(encoding, MODEL.upper().encode(), PAPER.upper().encode())
        self._rest: list[bytes] = []
        self._found: dict[int, list[Table]] = defaultdict(list)

    def result(self) -> Plain:
        owners = [name.lower() for name in self._owners.listed()]
        spaces: dict[str, dict[int, Table]] = defaultdict(dict)
        count = 0
        while self._found:
            kind, tables = self._found.popitem()
            whole = joined(tables)
            count += len(whole)
            place = np.argsort(whole["owner"], kind="stable")
            sorted_owners = whole["owner"][place]
            cuts = np.flatnonzero(np.diff(sorted_owners)) + 1
            for rows in np.split(place, cuts):
                spaces[owners[int(whole["owner"][rows[0]])]][kind] = whole.at(rows) if len(cuts) else whole
        spaces = {space: dict(sorted(tables.items())) for space, tables in spaces.items()}
        return Plain(
            self._layers.listed(), self._linetypes.listed(), self._names.listed(), self._styles.listed(), spaces,
            b"".join(self._rest), count,
        )  # fmt: skip

    def take(self, tags: Tags) -> None:
        heads = tags.heads
        begin = int(tags.line[0]) if len(tags.line) else tags.until
        if not len(heads):
            self._rest.append(self._data[begin : tags.until])
            return
        kind = self._kinds(tags)
        owner = self._owner_of(tags, kind)
        row = np.cumsum(tags.code == 0) - 1
        fast = (kind >= LINE) & (kind <= INSERT) & (owner >= 0)
        fast[row[tags.code == EMBEDDED]] = False
        for at in np.flatnonzero((tags.code == GROUP) & (kind[row] == INSERT)).tolist():
            fast[row[at]] = False  # an extension dictionary may hold a clip
        which = np.flatnonzero(WANTED[tags.code] & fast[row])
        values = tags.numbers(self._bytes, which)
        facts = _Facts(tags.code[which], row[which], values, kind, fast)
        facts.leave_unusual()
        owner = np.where(facts.first(ON_PAPER, 0) == 1, np.where(owner == 0, 1, owner), owner)
        self._gather(tags, facts, owner, row)
        self._keep(tags, facts.fast, begin)
        self._order += len(heads)

    def _kinds(self, tags: Tags) -> NDArray[np.int8]:
        data = self._data
        starts, ends = tags.start[tags.heads].tolist(), tags.end[tags.heads].tolist()
        names = [data[start:end] for start, end in zip(starts, ends, strict=True)]
        for name in set(names):
            if name not in _NUMBERS and name.strip().upper() in _NUMBERS:
                raise Unplain("a type with blanks")
        return np.fromiter((_NUMBERS.get(name, OTHER) for name in names), np.int8, len(names))

    def _owner_of(self, tags: Tags, kind: NDArray[np.int8]) -> Ints:
        """Where each object lies: a number of a block or space, -1 outside of BLOCKS and ENTITIES."""
        owner = np.full(len(kind), -1, np.int64)
        here, begun = self._owner(), 0
        for at in np.flatnonzero(kind >= SECTION).tolist():
            owner[begun:at] = here
            begun = at + 1
            match int(kind[at]):
                case int(number) if number == SECTION:
                    self._section, self._block = self._value(tags, at, 2), -1
                case int(number) if number == BLOCK:
                    name = self._value(tags, at, 2).upper()
                    self._block = -1 if name.startswith(PICTURES) else self._owners.of(name)
                case _:
                    self._block = -1
                    if kind[at] == ENDSEC:
                        self._section = b""
            here = self._owner()
        owner[begun:] = here
        return owner

    def _owner(self) -> int:
        if self._section == b"ENTITIES":
            return 0
        return self._block if self._section == b"BLOCKS" else -1

    def _value(self, tags: Tags, at: int, code: int) -> bytes:
        """The first value of a group code in the object `at` of this piece."""
        first = int(tags.heads[at])
        last = int(tags.heads[at + 1]) if at + 1 < len(tags.heads) else len(tags.code)
        for tag in range(first, last):
            if tags.code[tag] == code:
                return self._data[int(tags.start[tag]) : int(tags.end[tag])].strip()
        raise Unplain("a section or block without a name")

    def _keep(self, tags: Tags, fast: NDArray[np.bool_], begin: int) -> None:
        """What is not taken stays, byte for byte."""
        edges = np.append(tags.line[tags.heads], tags.until)
        steps = np.flatnonzero(np.diff(np.concatenate(([True], fast, [True])).astype(np.int8)))
        bounds = edges[steps].tolist()
        if begin < edges[0]:
            self._rest.append(self._data[begin : int(edges[0])])
        for start, end in zip(bounds[0::2], bounds[1::2], strict=True):
            self._rest.append(self._data[start:end])

    def _gather(self, tags: Tags, facts: _Facts, owner: Ints, row: Ints) -> None:
        if not facts.fast.any():
            return
        layer = self._strings(tags, facts, row, 8, self._layers)
        linetype = self._strings(tags, facts, row, 6, self._linetypes)
        handle = self._handles(tags, facts, row)
        common: dict[str, NDArray[Any]] = {name: facts.first(code, default) for name, (code, default) in COMMON.items()}
        common |= {"owner": owner, "layer": layer, "linetype": linetype, "handle": handle}
        common["order"] = np.arange(len(facts.kind)) + self._order
        for number in range(LINE, INSERT + 1):
            rows = np.flatnonzero(facts.fast & (facts.kind == number))
            if not len(rows):
                continue
            columns: dict[str, NDArray[Any]] = {name: some(column, rows) for name, column in common.items()}
            columns |= {name: some(facts.first(code, default), rows) for name, (code, default) in OWN[number].items()}
            table = Table(columns)
            if number == LWPOLYLINE:
                table.points, table.bulges, table.first = facts.vertices(rows)
            elif number == INSERT:
                columns["name"] = self._strings(tags, facts, row, 2, self._names)[rows]
            elif number == TEXT:
                columns["style"] = self._strings(tags, facts, row, 7, self._styles)[rows]
                table.texts = self._texts(tags, facts, row, rows)
            table.columns = {name: compact(_narrow(name, column)) for name, column in columns.items()}
            self._found[number].append(table)

    def _firsts(self, tags: Tags, facts: _Facts, row: Ints, code: int) -> tuple[list[bytes], Ints]:
        """The first value of a group code in each taken object that has one, and whose they are."""
        which = np.flatnonzero((tags.code == code) & facts.fast[row])
        whose, first = np.unique(row[which], return_index=True)
        which = which[first]
        data = self._data
        found = zip(tags.start[which].tolist(), tags.end[which].tolist(), strict=True)
        return [data[start:end] for start, end in found], whose

    def _strings(self, tags: Tags, facts: _Facts, row: Ints, code: int, numbers: _Numbered) -> Ints:
        values, whose = self._firsts(tags, facts, row, code)
        found = np.zeros(len(facts.kind), np.int64)
        found[whose] = numbers.all(values)
        return found

    def _handles(self, tags: Tags, facts: _Facts, row: Ints) -> Ints:
        values, whose = self._firsts(tags, facts, row, 5)
        found = np.zeros(len(facts.kind), np.int64)
        try:
            found[whose] = [int(value, 16) for value in values]
        except (ValueError, OverflowError) as error:
            raise Unplain("a handle that is none") from error
        return found

    def _texts(self, tags: Tags, facts: _Facts, row: Ints, rows: Ints) -> list[str]:
        values, whose = self._firsts(tags, facts, row, 1)
        found = dict(zip(whose.tolist(), values, strict=True))
        return [found.get(one, b"").decode(self._encoding, "surrogateescape") for one in rows.tolist()]


def _narrow(name: str, column: NDArray[Any]) -> NDArray[Any]:
    """Numbers of names, and of objects, need no 64 bits: there are never so many of them in a file."""
    return column.astype(np.int32) if name in NUMBERS else column


class _Facts:
    """The numbers of the objects of a piece that may be taken; `fast` loses those that turn out to be unusual."""

    def __init__(
        self,
        code: NDArray[np.int16],
        row: Ints,
        value: Floats,
        kind: NDArray[np.int8],
        fast: NDArray[np.bool_],
    ) -> None:
        self.code = code
        self.row = row
        self.value = value
        self.kind = kind
        self.fast = fast

    def first(self, code: int, default: float) -> Floats:
        """The first value of a group code in every object of the piece; not to be written to."""
        which = np.flatnonzero(self.code == code)[::-1]
        if not len(which):
            return np.broadcast_to(float(default), self.kind.shape)
        found = np.full(len(self.kind), float(default))
        found[self.row[which]] = self.value[which]
        return found

    def leave_unusual(self) -> None:
        """Leave to ezdxf what has a plane or a plot style of its own, a width, rows and columns, no or impossible numbers."""
        code, value, kind = self.code, self.value, self.kind[self.row]
        bad = ~(np.abs(value) <= FURTHEST)
        bad |= ((code == 210) | (code == 220)) & (value != 0)  # noqa: PLR2004 - group codes
        bad |= (code == 230) & (value != 1)  # noqa: PLR2004
        bad |= (code == INVISIBLE) & (value != 0)
        bad |= np.isin(code, PLOT_STYLE)
        bad |= (kind == LWPOLYLINE) & ((code == 40) | (code == 41) | (code == 43)) & (value != 0)  # noqa: PLR2004
        bad |= (kind == INSERT) & ((code == 70) | (code == 71)) & (value > 1)  # noqa: PLR2004
        bad |= (kind == INSERT) & (code == 66) & (value != 0)  # noqa: PLR2004
        bad |= ((kind == CIRCLE) | (kind == ARC) | (kind == TEXT)) & (code == 40) & (value <= 0)  # noqa: PLR2004
        self.fast[self.row[bad]] = False
        for number, columns in OWN.items():
            missing = np.zeros(len(self.kind), np.bool_)
            for name, (group, default) in columns.items():
                if np.isnan(default) and (number, name) not in OPTIONAL:
                    missing |= np.isnan(self.first(group, default))
            self.fast[missing & (self.kind == number)] = False
        pairs = np.zeros(len(self.kind), np.bool_)
        at = np.flatnonzero((code == 10) & (kind == LWPOLYLINE))  # noqa: PLR2004
        pairs[self.row[at]] = True
        self.fast[(self.kind == LWPOLYLINE) & ~pairs] = False

    def vertices(self, rows: Ints) -> tuple[Floats, Floats, Ints]:
        """The points, bulges and first points of the LWPOLYLINEs in `rows`."""
        mine = np.zeros(len(self.kind), np.bool_)
        mine[rows] = True
        inside = mine[self.row]
        at = np.flatnonzero(inside & (self.code == 10))  # noqa: PLR2004
        if int(at[-1]) + 1 >= len(self.code) or not (self.code[at + 1] == 20).all():  # noqa: PLR2004
            raise Unplain("a vertex without its second number")
        points = np.stack((self.value[at], self.value[at + 1]), axis=1)
        local = np.cumsum(mine) - 1
        counts = np.bincount(local[self.row[at]], minlength=len(rows))
        bulges = np.zeros(len(at))
        bent = np.flatnonzero(inside & (self.code == 42))  # noqa: PLR2004
        vertex = np.searchsorted(at, bent) - 1
        known = (vertex >= 0) & (self.row[at[vertex]] == self.row[bent])
        bulges[vertex[known]] = self.value[bent[known]]
        return points, bulges, np.concatenate(([0], np.cumsum(counts)))
