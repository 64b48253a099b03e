"""Takes what is broken out of a text DXF that ezdxf refuses whole: one number that is none must not cost the drawing.

ezdxf's recover mode does not help here: it stops at such a number too, or throws the section away. Objects of the drawing
with a tag that cannot be read are left out; in tables and other records, where something else may depend on them, the
value is taken for 0. After a line that is no group code, reading goes on at the next object.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from ezdxf.lldxf.types import BINARY_DATA, POINT_CODES, TYPE_TABLE

LARGEST: Final = 64 << 20
"""Letters of a text that is looked at line by line; the memory of a child has no room for more."""
MOST_CODE: Final = 1071
DRAWN: Final = frozenset({"ENTITIES", "BLOCKS"})
FRAMES: Final = frozenset({"SECTION", "ENDSEC", "BLOCK", "ENDBLK", "EOF"})
PARTS: Final = {"VERTEX": "POLYLINE", "ATTRIB": "INSERT", "SEQEND": ""}
"""What follows an object and belongs to it."""
_NAME: Final = re.compile(r"[A-Z0-9_]+")

Tag = tuple[int, str]


def without_damage(text: str) -> str:
    """Give the DXF without its unreadable objects; the same text when it is too large to look at."""
    if len(text) > LARGEST:
        return text
    sieve = _Sieve()
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
    sieve.close()
    return "\n".join(sieve.kept) + "\n"


@dataclass(slots=True)
class _Sieve:
    """Takes tag after tag and keeps the objects that are sound."""

    kept: list[str] = field(default_factory=list)
    broken: bool = False
    _tags: list[Tag] = field(default_factory=list)
    _section: str = ""
    _orphans: bool = False

    def take(self, code: int, value: str) -> None:
        if code == 0:
            self.close()
        elif not _readable(code, value):
            self.broken = True
            value = "0"
        self._tags.append((code, value))

    def close(self) -> None:
        """Keep the object that is complete now, or leave it out."""
        if not self._tags:
            self.broken = False
            return
        tags, whole = _with_whole_points(self._tags)
        self.broken |= not whole
        kind = tags[0][1].strip() if tags[0][0] == 0 else ""
        if kind == "SECTION":
            self._section = next((value.strip() for code, value in tags if code == 2), "")  # noqa: PLR2004 - its name
        if kind not in PARTS:
            self._orphans = False
        left_out = self.broken and self._section in DRAWN and kind not in FRAMES
        if left_out and kind not in PARTS:
            self._orphans = True
        if not left_out and not (self._orphans and kind in PARTS):
            self.kept += [line for code, value in tags for line in (str(code), value)]
        self._tags = []
        self.broken = False


def _starts(lines: list[str], at: int) -> bool:
    return lines[at].strip() == "0" and _NAME.fullmatch(lines[at + 1].strip()) is not None


def _code(line: str) -> int | None:
    text = line.strip()
    if not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > 5:  # noqa: PLR2004 - "-1071" is none
        return None
    code = int(text)
    return code if -10 <= code <= MOST_CODE else None  # noqa: PLR2004 - the format's range


def _readable(code: int, value: str) -> bool:
    if code in BINARY_DATA:
        return re.fullmatch(r"(?:[0-9A-Fa-f]{2})*", value.strip()) is not None
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


def _with_whole_points(tags: list[Tag]) -> tuple[list[Tag], bool]:
    """The tags without a first coordinate that has no second, and whether there was none."""
    kept = [
        tag
        for tag, (following, _) in zip(tags, [*tags[1:], (-1, "")], strict=True)
        if tag[0] not in POINT_CODES or following == tag[0] + 10
    ]
    return kept, len(kept) == len(tags)
