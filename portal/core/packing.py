"""Bytes made small for the wire: which coding a caller takes, and packing and unpacking in it.

Brotli at quality 4 makes drawings smaller than gzip at 6 and takes less than half of its time (docs/decisions/015), so
that is how they are kept; gzip is for the callers that take nothing better, browsers on plain http among them.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO, Final, Literal

import brotli

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

Coding = Literal["br", "gzip", ""]
"""A content coding by its name in HTTP; "" is the plain bytes."""

ALL: Final[tuple[Coding, ...]] = ("br", "gzip")
QUALITY: Final = 4
GZIP_LEVEL: Final = 6
GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
CHUNK: Final = 64 * 1024
LEAST: Final = 1024
"""Bytes below which packing gains less than a header."""


def chosen(header: str, had: Iterable[Coding] = ALL) -> Coding:
    """The coding to answer in, by the caller's Accept-Encoding (RFC 9110, 12.5.3); of equals the first that is `had`."""
    weights: dict[str, float] = {}
    for part in header.lower().split(","):
        coding, _, parameters = part.partition(";")
        weights[coding.strip().removeprefix("x-")] = _weight(parameters)
    others = weights.get("*", 0.0)
    best = max(had, key=lambda coding: weights.get(coding, others))
    weight = weights.get(best, others)
    return best if weight > 0 and weight >= weights.get("identity", 0.0) else ""


def _weight(parameters: str) -> float:
    """What nobody can read is no wish: the plain bytes are right for everybody."""
    if not parameters.strip():
        return 1.0
    found = re.fullmatch(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", parameters)
    return float(found[1]) if found else 0.0


def packed(chunks: Iterable[bytes], coding: Coding) -> Iterator[bytes]:
    """The chunks in a coding, as a stream."""
    if coding == "br":
        squeezer = brotli.Compressor(mode=brotli.MODE_TEXT, quality=QUALITY)
        yield from filter(None, (squeezer.process(chunk) for chunk in chunks))
        yield squeezer.finish()
    elif coding == "gzip":
        zipper = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, GZIP_WINDOW)
        yield from filter(None, (zipper.compress(chunk) for chunk in chunks))
        yield zipper.flush()
    else:
        yield from chunks


def read(stream: BinaryIO) -> Iterator[bytes]:
    """A stream in chunks."""
    while chunk := stream.read(CHUNK):
        yield chunk


def unpacked(chunks: Iterable[bytes], coding: Coding) -> Iterator[bytes]:
    """The plain bytes of what we packed ourselves, as a stream. Raises EOFError when it was cut off."""
    if coding == "br":
        opener = brotli.Decompressor()
        yield from filter(None, map(opener.process, chunks))
        whole = opener.is_finished()
    elif coding == "gzip":
        unzipper = zlib.decompressobj(GZIP_WINDOW)
        yield from filter(None, map(unzipper.decompress, chunks))
        whole = unzipper.eof
    else:
        yield from chunks
        whole = True
    if not whole:
        raise EOFError(coding)


def pack(response: Response, header: str) -> None:
    """Pack an answer that is whole already, for a caller with this Accept-Encoding.

    Not for a page that shows a secret beside words which a stranger can choose: its length would tell the one by the other.
    """
    response.vary.add("Accept-Encoding")
    body = response.get_data()
    coding = chosen(header)
    if not coding or len(body) < LEAST or response.headers.get("Content-Encoding"):
        return
    response.set_data(b"".join(packed([body], coding)))
    response.headers["Content-Encoding"] = coding
