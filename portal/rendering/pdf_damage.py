"""Finds out from a PDF's bytes whether its content is whole.

PDFium repairs what it can and leaves out the rest without a word: a page whose content is broken comes out white, as a
page does that was left white on purpose. So its packed streams are unpacked here once, for the sake of the error only.
"""

from __future__ import annotations

import base64
import mmap
import re
import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD: Final = 1024
"""A reader looks for the header and the end in so many bytes at either end."""
MOST_UNPACKED: Final = 96 << 20
PIECE: Final = 1 << 20
FED: Final = 1 << 16
MOST_LETTERS: Final = 1 << 19
"""Of a stream written as letters: reading more of those takes seconds, and only pictures are so long."""
_STREAM: Final = re.compile(rb"stream\r?\n")
_FIRST_FILTER: Final = re.compile(rb"/Filter\s*\[?\s*/(\w+)(?:\s*/(\w+))?")


def cut(path: Path) -> bool:
    """Tell whether the end of a PDF is missing."""
    with path.open("rb") as stream:
        stream.seek(0, 2)
        stream.seek(max(0, stream.tell() - HEAD))
        return b"%%EOF" not in stream.read()


def broken(path: Path) -> bool:
    """Tell whether a packed stream of an unencrypted PDF cannot be unpacked."""
    left = MOST_UNPACKED
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for body in _packed(data):
            used = _unpacked(body, left)
            if used is None:
                return True
            left -= used
            if left <= 0:
                break
    return False


def _packed(data: mmap.mmap) -> Iterator[bytes]:
    """The Flate streams of a file, found by their words, not by its table, which may be what is damaged."""
    at = 0
    while found := _STREAM.search(data, at):
        start = found.end()
        end = data.find(b"endstream", start)
        if end < 0:
            return
        at = end + len(b"endstream")
        head = data[max(0, found.start() - HEAD) : found.start()]
        filters = _FIRST_FILTER.search(head[head.rfind(b"obj") + 1 :])
        if filters is None:
            continue
        if filters[1] in {b"FlateDecode", b"Fl"}:
            yield data[start:end]
        elif filters[1] in {b"ASCII85Decode", b"A85"} and filters[2] in {b"FlateDecode", b"Fl"}:
            if end - start > MOST_LETTERS:
                continue
            text = data[start:end].strip()
            try:
                yield base64.a85decode(text.removesuffix(b"~>"))
            except ValueError:
                yield b"not packed"


def _unpacked(body: bytes, most: int) -> int | None:
    """How many bytes a stream holds, counted up to `most`; None when it is broken."""
    unpacking = zlib.decompressobj()
    total = 0
    try:
        for at in range(0, len(body), FED):
            rest = body[at : at + FED]
            while rest and total < most and not unpacking.eof:
                total += len(unpacking.decompress(rest, PIECE))
                rest = unpacking.unconsumed_tail
            if total >= most or unpacking.eof:
                break
    except zlib.error as error:
        # A wrong checksum behind whole content is a habit of some programs.
        return total if "incorrect data check" in str(error) else None
    return total
