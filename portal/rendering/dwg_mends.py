"""Mends what the conversion of a DWG gets wrong, in the DXF it wrote and before anything else reads it.

Measured on 196 drawings from R13 to 2018: letters of files older than 2007 are always read as cp1252, whatever the file's
header says, so their bytes are brought back and read by the header's page; some objects of R13 and R14 files are written
twice.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from portal.rendering.columns import Tags, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

UNICODE_SINCE: Final = "AC1021"
#: The code page's number in a DWG's header, two bytes at PAGE_AT -> Python's name (Open Design Specification of DWG, 2.1).
PAGE_AT: Final = 19
PAGES: Final = {
    22: "cp932", 24: "cp950", 25: "cp949", 26: "johab", 28: "cp1250", 29: "cp1251", 30: "cp1252", 31: "gbk", 32: "cp1253",
    33: "cp1254", 34: "cp1255", 35: "cp1256", 36: "cp1257", 37: "cp874", 38: "cp932", 39: "gbk", 40: "cp949", 41: "cp950",
    42: "johab", 44: "cp1258",
}  # fmt: skip
HANDLE, NAME = 5, 2
SPACES: Final = (b"*MODEL_SPACE", b"*PAPER_SPACE")
SCOPES: Final = frozenset({b"BLOCK", b"SECTION", b"ENDBLK", b"TABLE"})
#: What belongs to the object before it: both are kept or neither.
PARTS: Final = frozenset({b"VERTEX", b"ATTRIB", b"SEQEND"})
#: Bytes that cp1252 leaves open; the conversion passes them as they are.
OPEN_AS_THEY_ARE: Final = "cp1252-open-as-they-are"
QUESTION: Final = ord("?")
_CHUNK: Final = re.compile(rb"\n[ \t]*3[ \t]*\r?\n([^\r\n]*[\x80-\xff][^\r\n]*)(?=(\r?\n[ \t]*[13][ \t]*\r?\n))")
_OPEN: Final = frozenset({0x81, 0x8D, 0x8F, 0x90, 0x9D})


@dataclass(frozen=True, slots=True)
class Written:
    """An object as it stands in the file, from its first line to the next object's."""

    kind: bytes
    handle: bytes | None
    name: bytes
    start: int
    until: int


def page_of(data: bytes) -> str:
    """The text encoding that a DWG's header names; cp1252 for one nobody knows."""
    return PAGES.get(int.from_bytes(data[PAGE_AT : PAGE_AT + 2], "little"), "cp1252")


def mended(dxf: bytes, version: str, page: str) -> tuple[bytes, str]:
    """The DXF of a DWG of `version` as it should have been written, and its encoding."""
    dxf = once_each(dxf)
    if version >= UNICODE_SINCE or dxf.isascii():
        return dxf, "utf-8"
    return rejoined(original_bytes(dxf.decode("utf-8", "replace")), page), page


def original_bytes(text: str) -> bytes:
    """The bytes that were read as cp1252."""
    return text.encode("cp1252", OPEN_AS_THEY_ARE)


def _as_they_are(error: UnicodeError) -> tuple[bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return bytes(ord(letter) if ord(letter) in _OPEN else QUESTION for letter in letters), error.end


codecs.register_error(OPEN_AS_THEY_ARE, _as_they_are)


def rejoined(dxf: bytes, page: str) -> bytes:
    """The DXF with those letters whole that were cut in two between the chunks (group 3) of a long text."""
    decoder = codecs.getincrementaldecoder(page)("replace")
    edits: dict[tuple[int, int], bytes] = {}
    moved, moved_to = b"", -1
    # No group code has high bytes: a value "3" is not taken for the code of a chunk.
    for found in _CHUNK.finditer(dxf):
        start, end = found.span(1)
        decoder.reset()
        decoder.decode((moved if moved_to == start else b"") + found[1])
        moved, moved_to = decoder.getstate()[0], found.end(2)
        if moved:
            edits[end - len(moved), end] = b""
            edits[moved_to, moved_to] = moved
    return replaced(dxf, edits)


def once_each(dxf: bytes) -> bytes:
    """The DXF without the second writing of an object: within a block, or in the drawing, a handle is one object.

    What a space holds may stand in its block, among ENTITIES, or in both; then the one in the block goes.
    """
    return replaced(dxf, dict.fromkeys(_repeated(dxf), b""))


def replaced(dxf: bytes, parts: Mapping[tuple[int, int], bytes]) -> bytes:
    """The file with other bytes at some spans, which do not overlap."""
    kept: list[bytes] = []
    at = 0
    for (start, until), other in sorted(parts.items()):
        kept += (dxf[at:start], other)
        at = until
    return b"".join((*kept, dxf[at:])) if kept else dxf


def objects_in(dxf: bytes) -> Iterator[Written]:
    """The objects of a DXF in the order of the file, each with where it is written."""
    for tags in pieces(dxf):
        edges = np.append(tags.line[tags.heads], tags.until).tolist()
        row = np.cumsum(tags.code == 0) - 1
        handles, names = (_firsts(dxf, tags, row, code) for code in (HANDLE, NAME))
        for number, head in enumerate(tags.heads.tolist()):
            yield Written(
                _value(dxf, tags, head),
                handles.get(number),
                names.get(number, b""),
                edges[number],
                edges[number + 1],
            )


def _repeated(dxf: bytes) -> list[tuple[int, int]]:
    """Where objects with their parts stand that are written elsewhere too."""
    spaces: dict[bytes, list[int]] = {}
    here: set[bytes] = set()
    dropped: list[list[int]] = []
    in_space = in_drawing = False
    span = [0, 0]
    for one in objects_in(dxf):
        if one.kind in PARTS:
            span[1] = one.until
            continue
        span = [one.start, one.until]
        if one.kind in SCOPES:
            here = set()
            in_drawing = one.name == b"ENTITIES"
            in_space = one.kind == b"BLOCK" and one.name.upper().startswith(SPACES)
        elif one.handle is not None:
            if one.handle in here or (in_space and one.handle in spaces):
                dropped.append(span)
            elif in_drawing and one.handle in spaces:
                dropped.append(spaces.pop(one.handle))
            if in_space:
                spaces.setdefault(one.handle, span)
            else:
                here.add(one.handle)
    return [(start, until) for start, until in dropped]


def _firsts(dxf: bytes, tags: Tags, row: NDArray[np.int64], code: int) -> dict[int, bytes]:
    at = np.flatnonzero(tags.code == code)[::-1]
    return {number: _value(dxf, tags, tag) for number, tag in zip(row[at].tolist(), at.tolist(), strict=True)}


def _value(dxf: bytes, tags: Tags, tag: int) -> bytes:
    return dxf[int(tags.start[tag]) : int(tags.end[tag])]
