"""Takes what is broken out of a text DXF that ezdxf refuses whole: one number that is none must not cost the drawing.

ezdxf's recover mode does not help here: it stops at such a number too, or throws the section away. Objects of the drawing
with a tag that cannot be read are left out; in tables and other records, where something else may depend on them, the
value is taken for 0. After a line that is no group code, reading goes on at the next object; sections whose begin or end was
lost are closed. Of the header only what drawing needs is kept.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import Final

from ezdxf.lldxf.types import BINARY_DATA, POINT_CODES, TYPE_TABLE

LARGEST: Final = 64 << 20
"""Letters of a text that is looked at line by line; the memory of a child has no room for more."""
MOST_CODE: Final = 1071
NAME, HANDLE, VARIABLE, SUBCLASS, GROUP = 2, (5, 105), 9, 100, 102
BLOCKS_TABLE: Final = "BLOCK_RECORD"
DRAWN: Final = frozenset({"ENTITIES", "BLOCKS"})
FRAMES: Final = frozenset({"SECTION", "ENDSEC", "BLOCK", "ENDBLK", "EOF"})
PARTS: Final = frozenset({"VERTEX", "ATTRIB", "SEQEND"})
"""What follows an object and belongs to it."""
HEADER: Final = {
    "$ACADVER": 1, "$DWGCODEPAGE": 3, "$INSUNITS": 70, "$MEASUREMENT": 70, "$LTSCALE": 40, "$PDMODE": 70, "$PDSIZE": 40,
}  # fmt: skip
_WORD: Final = re.compile(r"[A-Z0-9_]+")
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2})*")
_HANDLE: Final = re.compile(r"[0-9A-Fa-f]{1,16}")

Tag = tuple[int, str]


RECORDS: Final = frozenset({"OBJECTS", "CLASSES", "THUMBNAILIMAGE", "ACDSDATA"})
ATTEMPTS: Final = (frozenset[str](), RECORDS, RECORDS | {"TABLES"})
"""Sections to do without, one attempt after the other: layouts first, then the layers' colours."""


def without_damage(text: str, unwanted: frozenset[str]) -> str:
    """Give the DXF without its unreadable objects and the `unwanted` sections; the same text when it is too large."""
    if len(text) > LARGEST:
        return text
    sieve = _Sieve(unwanted)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    at, last = 0, len(lines) - 1
    while at < last:
        code = _code(lines[at])
        if code is None:
            sieve.broken = True
            at += 1
            while at < last and not _starts(lines, at):
                at += 1
            continue
        sieve.take(code, lines[at + 1])
        at += 2
    return sieve.all()


@dataclass(slots=True)
class _Sieve:
    """Takes tag after tag and keeps the objects that are sound."""

    unwanted: frozenset[str]
    kept: list[str] = field(default_factory=list)
    broken: bool = False
    _tags: list[Tag] = field(default_factory=list)
    _section: str = ""
    _table: str = ""
    _unended: bool = False
    """Whether the last object has parts, whose end has not come yet."""

    def take(self, code: int, value: str) -> None:
        if code == 0:
            self._close()
        elif not _readable(code, value):
            self.broken = True
            if code in HANDLE:
                return
            value = "" if code in BINARY_DATA else "0"
        self._tags.append((code, value))

    def all(self) -> str:
        """The text of what was kept, with its end."""
        self._close()
        self._end()
        return "\n".join([*self.kept, "  0", "EOF", ""])

    def _close(self) -> None:
        """Keep the object that is complete now, or leave it out."""
        tags, self._tags = self._tags, []
        broken, self.broken = self.broken, False
        kind = tags[0][1].strip() if tags and tags[0][0] == 0 else ""
        if kind == "SECTION":
            self._begin(tags)
        elif kind == "ENDSEC":
            self._end()
        elif kind and kind != "EOF" and self._section and self._section not in self.unwanted:
            self._object(kind, tags, broken=broken)

    def _begin(self, tags: list[Tag]) -> None:
        self._end()
        self._section = next((value.strip() for code, value in tags if code == NAME), "")
        if self._section == "HEADER":
            tags = [*tags[:2], *_variables(tags)]
        if self._section and self._section not in self.unwanted:
            self._keep(tags)

    def _end(self) -> None:
        self._end_table()
        self._end_parts()
        if self._section and self._section not in self.unwanted:
            self._keep([(0, "ENDSEC")])
        self._section = ""

    def _end_table(self) -> None:
        if self._table:
            self._keep([(0, "ENDTAB")])
        self._table = ""

    def _end_parts(self) -> None:
        if self._unended:
            self._keep([(0, "SEQEND"), (8, "0")])
        self._unended = False

    def _object(self, kind: str, tags: list[Tag], *, broken: bool) -> None:
        whole = _whole(tags)
        broken |= len(whole) < len(tags) or _lost_its_class(tags)
        if self._section == "TABLES":
            self._entry(kind, whole)
        elif self._section not in DRAWN:
            self._keep(whole)
        elif kind in PARTS:
            if kind == "SEQEND":
                self._end_parts()
            elif self._unended and not broken:
                self._keep(whole)
        else:
            self._end_parts()
            if not broken or kind in FRAMES:
                self._keep(whole)
                self._unended = kind == "POLYLINE" or (kind == "INSERT" and (66, "1") in _stripped(whole))

    def _entry(self, kind: str, tags: list[Tag]) -> None:
        """A table, one of its entries or its end: a table without a name is left out, and what is in the wrong one."""
        name = next((value.strip() for code, value in tags if code == NAME), "")
        if kind in {"TABLE", "ENDTAB"}:
            self._end_table()
        if kind == "TABLE" and name:
            self._table = name
            self._keep(tags)
        elif name and kind == self._table:
            self._keep(tags)
        elif name and kind == BLOCKS_TABLE:
            # Its head was lost. Without its entries a layout would show another one's block.
            self._end_table()
            self._table = kind
            self._keep([(0, "TABLE"), (NAME, kind)])
            self._keep(tags)

    def _keep(self, tags: list[Tag]) -> None:
        self.kept += [line for code, value in tags for line in (str(code), value)]


def _starts(lines: list[str], at: int) -> bool:
    return lines[at].strip() == "0" and _WORD.fullmatch(lines[at + 1].strip()) is not None


def _code(line: str) -> int | None:
    text = line.strip()
    if not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > 5:  # noqa: PLR2004 - "-1071" is none
        return None
    code = int(text)
    return code if -10 <= code <= MOST_CODE else None  # noqa: PLR2004 - the format's range


def _readable(code: int, value: str) -> bool:
    if code in BINARY_DATA:
        return _HEX.fullmatch(value.strip()) is not None
    if code in HANDLE:
        return _HANDLE.fullmatch(value.strip()) is not None
    kind = float if code in POINT_CODES else TYPE_TABLE.get(code, str)
    if kind is str:
        return True
    try:
        number = float(value)
        if kind is int:
            int(number)
    except (ValueError, OverflowError):
        return False
    return True


def _stripped(tags: list[Tag]) -> list[Tag]:
    return [(code, value.strip()) for code, value in tags]


def _whole(tags: list[Tag]) -> list[Tag]:
    """The tags without a first coordinate that has no second, and without groups that never end."""
    following = [code for code, _ in tags[1:]] + [-1]
    kept = [
        tag for tag, after in zip(tags, following, strict=True) if tag[0] not in POINT_CODES or after == tag[0] + 10
    ]
    marks = [value.strip()[:1] for code, value in kept if code == GROUP]
    balanced = len(marks) % 2 == 0 and all(mark == "{}"[at % 2] for at, mark in enumerate(marks))
    return kept if balanced else [tag for tag in kept if tag[0] != GROUP]


def _lost_its_class(tags: list[Tag]) -> bool:
    """Tell whether an object has the marker of all objects but not the one of its own type, or a marker that is none."""
    marks = [value.strip() for code, value in tags if code == SUBCLASS]
    return marks == ["AcDbEntity"] or not all(mark.startswith("AcDb") or not mark.isdigit() for mark in marks)


def _variables(tags: list[Tag]) -> list[Tag]:
    """Of a header what drawing needs, each variable with one value of the right kind."""
    kept: list[Tag] = []
    for name, value in itertools.pairwise(tags):
        if name[0] == VARIABLE and HEADER.get(name[1].strip()) == value[0]:
            kept += [name, value]
    return kept
