"""Finds single objects in a DWG of 2010 or newer: its pages, their packing, and the map from handles to places.

After the Open Design Specification for .dwg files 5.4.1, chapters 4 (pages), 4.7 (packing) and 23 (object map). Only what
is asked for is unpacked. Every number read is held against the bytes there are: a file may lie anywhere.
"""

from __future__ import annotations

import contextlib
import struct
from bisect import bisect_right
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from portal.rendering.dwg_bits import Bits

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

HEAD_AT, HEAD_LONG = 0x80, 0x6C
FIRST_PAGE: Final = 0x100
MARK: Final = b"AcFssFcAJMB\x00"
PAGE_MASK: Final = 0x4164536B
PAGE_HEAD, SYSTEM_HEAD = 32, 20
PACKED: Final = 2
NAME_LONG: Final = 64
DESCRIPTION: Final = struct.Struct("<Q6I")
PLACE: Final = struct.Struct("<iIQ")
#: Codes of a packing: letters below COPY, and copies from far, from near and of a few bytes.
COPY, LONG_COPY, SHORT_COPY = 0x10, 0x20, 0x40
END_OF_DATA: Final = 0x11
#: A page holds 29,696 bytes; no honest map of pages or sections comes near this.
MOST_UNPACKED: Final = 16 << 20
MOST_OBJECT: Final = 16 << 20
BROKEN: Final = (struct.error, IndexError, KeyError, ValueError, OverflowError)
OBJECTS, HANDLES = "AcDb:AcDbObjects", "AcDb:Handles"


class Tangled(Exception):  # noqa: N818 - reads as what happened
    """The pages are not as the format has them."""


@dataclass(frozen=True, slots=True)
class Record:
    """An object's bytes without the lengths before them and the checksum after; its handles begin at a bit of them."""

    data: bytes
    handles_at: int


class Pages:
    """The sections of a DWG file of 2010 or newer. Raises Tangled when they cannot be found."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._unpacked: dict[int, bytes] = {}
        self._map: dict[int, int] | None = None
        try:
            self._places = self._page_map()
            self._sections = dict(self._section_map())
        except BROKEN as error:
            raise Tangled from error

    def section(self, name: str) -> bytes:
        """A whole section by its name."""
        try:
            return self._whole(name)
        except BROKEN as error:
            raise Tangled from error

    def handles(self) -> frozenset[int]:
        """The handles of all objects there are."""
        return frozenset(self._objects_at())

    def objects(self, handles: Collection[int]) -> dict[int, Record]:
        """Those of the objects that are found."""
        places = self._objects_at()
        found: dict[int, Record] = {}
        for handle in sorted(places.keys() & set(handles)):
            with contextlib.suppress(*BROKEN):  # A page may be lost without the others.
                found[handle] = self._object(places[handle])
        return found

    def _objects_at(self) -> dict[int, int]:
        if self._map is None:
            try:
                self._map = _object_map(self._whole(HANDLES))
            except BROKEN as error:
                raise Tangled from error
        return self._map

    def _page_map(self) -> dict[int, int]:
        """Number of a page -> where it is in the file."""
        head = _deciphered(self._data[HEAD_AT : HEAD_AT + HEAD_LONG])
        if not head.startswith(MARK):
            raise Tangled
        at = struct.unpack_from("<Q", head, 0x54)[0] + FIRST_PAGE
        self._section_page: int = struct.unpack_from("<I", head, 0x5C)[0]
        places: dict[int, int] = {}
        page = FIRST_PAGE
        entries = self._system(at)
        step = 0
        while step + 8 <= len(entries):
            number, size = struct.unpack_from("<iI", entries, step)
            places[number] = page
            page += size
            step += 8 if number >= 0 else 24
        return places

    def _section_map(self) -> list[tuple[str, tuple[int, bool, list[tuple[int, int]]]]]:
        """Name of a section -> bytes of a page, whether they are packed, and for each page where it starts, its number."""
        entries = self._system(self._places[self._section_page])
        sections = []
        step = 20
        for _ in range(struct.unpack_from("<I", entries)[0]):
            _, pages, most, _, packed, _, _ = DESCRIPTION.unpack_from(entries, step)
            step += DESCRIPTION.size
            name = entries[step : step + NAME_LONG].split(b"\x00")[0].decode("ascii", "replace")
            step += NAME_LONG
            starts = []
            for _ in range(pages):
                number, _, start = PLACE.unpack_from(entries, step)
                step += PLACE.size
                starts.append((start, number))
            if not 0 < most <= MOST_OBJECT:
                continue
            sections.append((name, (most, packed == PACKED, sorted(starts))))
        return sections

    def _system(self, at: int) -> bytes:
        _, unpacked, packed, _, _ = struct.unpack_from("<5I", self._data, at)
        start = at + SYSTEM_HEAD
        return unpack(self._data[start : start + packed], min(unpacked, MOST_UNPACKED))

    def _page(self, number: int, most: int, *, packed: bool) -> bytes:
        found = self._unpacked.get(number)
        if found is None:
            at = self._places[number]
            mask = PAGE_MASK ^ at
            size = struct.unpack_from("<I", self._data, at + 8)[0] ^ mask & 0xFFFFFFFF
            content = self._data[at + PAGE_HEAD : at + PAGE_HEAD + size]
            found = unpack(content, most) if packed else content
            self._unpacked[number] = found
        return found

    def _whole(self, name: str) -> bytes:
        most, packed, starts = self._sections[name]
        if most * len(starts) > MOST_UNPACKED:
            raise Tangled
        return b"".join(self._page(number, most, packed=packed) for _, number in starts)

    def _object(self, at: int) -> Record:
        lengths = Bits(self._part(at, 16))
        size = lengths.modular_short()
        handles = lengths.modular_char()
        return Record(self._part(at + lengths.at // 8, min(size, MOST_OBJECT)), size * 8 - handles)

    def _part(self, at: int, size: int) -> bytes:
        """Bytes of the objects' section, which may go over pages."""
        most, packed, starts = self._sections[OBJECTS]
        first = bisect_right(starts, (at, 1 << 32)) - 1
        if first < 0 or at < 0:
            raise IndexError
        parts = []
        for start, number in starts[first:]:
            if start >= at + size:
                break
            parts.append(self._page(number, most, packed=packed)[max(at - start, 0) : at + size - start])
        return b"".join(parts)


def _deciphered(head: bytes) -> bytes:
    seed, plain = 1, bytearray()
    for byte in head:
        seed = (seed * 0x343FD + 0x269EC3) & 0xFFFFFFFF
        plain.append(byte ^ (seed >> 16 & 0xFF))
    return bytes(plain)


def _object_map(data: bytes) -> dict[int, int]:
    """Handle -> place in the objects' section. Parts of the map count from zero each; the last one is empty."""
    found: dict[int, int] = {}
    start = 0
    while start + 2 <= len(data):
        size = int.from_bytes(data[start : start + 2], "big")
        if size <= 2:  # noqa: PLR2004 - its own length
            break
        bits = Bits(data[start + 2 : start + size])
        handle = place = 0
        while bits.at < (size - 2) * 8:
            handle += bits.modular_char()
            place += bits.signed_modular_char()
            found[handle] = place
        start += size + 2
    return found


def unpack(packed: bytes, most: int) -> bytes:
    """Unpack at most `most` bytes: runs of letters as they are, and runs copied from what was unpacked before."""
    out = bytearray()
    source = iter(packed)
    try:
        code = next(source)
        letters = 0
        if code < COPY:
            letters = _count(source, code, 0x0F) + 3
        while len(out) < most:
            if letters:
                out += bytes(islice(source, letters))
                code = next(source)
            if code == END_OF_DATA:
                break
            length, back, letters = _copy(source, code)
            if back > len(out):
                raise Tangled
            part = out[-back:] * (length // back + 1)
            out += part[:length]
            if not letters:
                code = next(source)
                if code < COPY:
                    letters = _count(source, code, 0x0F) + 3
    except StopIteration:
        pass  # What is there is what counts; a record that is cut will not be read.
    return bytes(out[:most])


def _copy(source: Iterator[int], code: int) -> tuple[int, int, int]:
    """How much to copy, from how far back, and how many letters follow."""
    if code >= SHORT_COPY or code < COPY:
        return (code >> 4) - 1, (code >> 2 & 3 | next(source) << 2) + 1, code & 3
    far = code < LONG_COPY
    length = _count(source, code, 0x07 if far else 0x1F) + 2
    low, high = next(source), next(source)
    back = (low >> 2 | high << 6) + ((code & 8) << 11) + 0x4000 if far else (low >> 2 | high << 6) + 1
    return length, back, low & 3


def _count(source: Iterator[int], code: int, bits: int) -> int:
    """A count in the low bits of a code, or if they are zero, in the bytes after it."""
    low = code & bits
    if low:
        return low
    low = bits
    while (more := next(source)) == 0:
        low += 0xFF
    return low + more
