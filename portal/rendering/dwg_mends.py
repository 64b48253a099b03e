"""Mends what the conversion of a DWG gets wrong, in the DXF it wrote and before anything else reads it.

Measured on 196 drawings from R13 to 2018: letters of files older than 2007 are always read as cp1252, whatever the file's
header says, so their bytes are brought back and read by the header's page; some objects of R13 and R14 files are written
twice.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final

import numpy as np

from portal.rendering.columns import Tags, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

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
#: Bytes that cp1252 leaves open; the conversion passes them as they are.
_OPEN: Final = frozenset({0x81, 0x8D, 0x8F, 0x90, 0x9D})


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
    try:
        return text.encode("cp1252")
    except UnicodeEncodeError:
        return b"".join(
            bytes((ord(letter),)) if ord(letter) in _OPEN else letter.encode("cp1252", "replace") for letter in text
        )


def rejoined(dxf: bytes, page: str) -> bytes:
    """The DXF with those letters whole that were cut in two between the chunks (group 3) of a long text."""
    lines = dxf.split(b"\n")
    decoder = codecs.getincrementaldecoder(page)("replace")
    for at in range(0, len(lines) - 3, 2):
        if lines[at].strip() != b"3" or lines[at + 1].isascii() or lines[at + 2].strip() not in {b"1", b"3"}:
            continue
        end = b"\r" if lines[at + 1].endswith(b"\r") else b""
        chunk = lines[at + 1].removesuffix(b"\r")
        decoder.reset()
        decoder.decode(chunk)
        open_ = decoder.getstate()[0]
        if open_:
            lines[at + 1] = chunk[: -len(open_)] + end
            lines[at + 3] = open_ + lines[at + 3]
    return b"\n".join(lines)


def once_each(dxf: bytes) -> bytes:
    """The DXF without the second writing of an object: within a block, or in the drawing, a handle is one object."""
    writings = _Writings(dxf)
    kept: list[bytes] = []
    for tags in pieces(dxf):
        start = int(tags.line[0]) if len(tags.line) else tags.until
        for first, until in writings.repeated(tags):
            kept.append(dxf[start:first])
            start = until
        kept.append(dxf[start : tags.until])
    return b"".join(kept)


class _Writings:
    """Handles by where they were seen. The spaces' objects are written into their blocks, or among ENTITIES, or into both."""

    def __init__(self, dxf: bytes) -> None:
        self._dxf = dxf
        self._drawing: set[bytes] = set()
        self._here: set[bytes] = set()

    def repeated(self, tags: Tags) -> Iterator[tuple[int, int]]:
        """Where in the file objects of a piece lie that were seen before."""
        edges = np.append(tags.line[tags.heads], tags.until).tolist()
        row = np.cumsum(tags.code == 0) - 1
        handles, names = (self._firsts(tags, row, code) for code in (HANDLE, NAME))
        for number, head in enumerate(tags.heads.tolist()):
            kind = self._value(tags, head)
            if kind in {b"BLOCK", b"SECTION", b"ENDBLK", b"TABLE"}:
                space = kind == b"SECTION" or names.get(number, b"").upper().startswith(SPACES)
                self._here = self._drawing if space else set()
                continue
            handle = handles.get(number)
            if handle is None:
                continue
            if handle in self._here:
                yield edges[number], edges[number + 1]
            self._here.add(handle)

    def _firsts(self, tags: Tags, row: NDArray[np.int64], code: int) -> dict[int, bytes]:
        at = np.flatnonzero(tags.code == code)[::-1]
        return {number: self._value(tags, tag) for number, tag in zip(row[at].tolist(), at.tolist(), strict=True)}

    def _value(self, tags: Tags, tag: int) -> bytes:
        return self._dxf[int(tags.start[tag]) : int(tags.end[tag])]
