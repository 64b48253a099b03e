"""Opens a sniffed DXF with ezdxf and makes sure that what was opened is what the file holds.

ezdxf's recover mode "succeeds" on an empty file, on a picture, and on a drawing cut in half, each time with an empty
document: so what was loaded is held against the tag scan's own count.
"""

from __future__ import annotations

import io
import logging
import os
import re
import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ezdxf import recover
from ezdxf.filemanagement import read, readfile
from ezdxf.lldxf.const import DXFError

from portal.rendering.columns import Unplain
from portal.rendering.dxf_damage import ATTEMPTS, without_damage
from portal.rendering.entities import NOTHING_PLAIN, Plain
from portal.rendering.reader import plain_objects
from portal.rendering.reasons import Refused
from portal.rendering.sniff import DWG_NAMES, UTF8_MARK, Sniffed, objects_of, readable_dwg

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

    from ezdxf.document import Drawing

    from portal.rendering.result import Limits

LOST: Final = 0.5
#: The part of the time that converting a DWG may take.
CONVERTING: Final = 0.6
TAIL: Final = 1 << 20
_UNSOUND_NAME: Final = re.compile(r"((?:^|\n|\r)[ \t]*[2678][ \t]*\r?\n\*?+)([^\r\n]*[<>\";:?=`*][^\r\n]*)")
_TWINS: Final = {ord(sign): ord(sign) + 0xFEE0 for sign in '<>";?=`/:|*\\'}
_OBJECT_START: Final = re.compile(rb"(?:\r\n|\r|\n)[ \t]*0[ \t]*(?:\r\n|\r|\n)(?:3D)?[A-Z]")
_MASKED: Final = re.compile(rb"[\r\n][ \t]*0[ \t]*\r?\nWIPEOUT[ \t]*\r?\n")
KINDS: Final = {
    "png": "PNG 그림", "jpeg": "JPEG 그림", "gif": "GIF 그림", "tiff": "TIFF 그림", "gzip": "gzip 압축", "zip": "ZIP 압축",
    "rar": "RAR 압축", "7z": "7z 압축", "html": "웹 문서", "svg": "SVG", "xml": "XML", "text": "텍스트",
    "unknown": "알 수 없는 형식",
}  # fmt: skip
BROKEN: Final = (
    DXFError, ValueError, LookupError, TypeError, AttributeError, AssertionError, ArithmeticError, RecursionError, EOFError,
    StopIteration,    struct.error,
)  # fmt: skip
"""What ezdxf raises for broken files of one kind or another."""


def refuse_other_kinds(sniffed: Sniffed) -> None:
    """Raise Refused for what is neither a DXF nor a PDF, with what the person can do."""
    kind = sniffed.kind
    if kind in {"dxf", "dxf-binary"}:
        return
    if kind == "empty":
        raise Refused("empty-file" if not sniffed.bytes else "damaged")
    if kind == "dwg":
        if not readable_dwg(sniffed.version):
            raise Refused("dwg-old", version=DWG_NAMES.get(sniffed.version, sniffed.version))
        return
    raise Refused("not-a-drawing", kind=KINDS[kind])


def as_dxf(
    sniffed: Sniffed, data: bytes, compiled: Path | None, limits: Limits, page: str | None = None
) -> tuple[Sniffed, bytes, Counter[str]]:
    """Convert a DWG: how its DXF is encoded, the DXF, and what it lacks by type.

    `page` overrules the header's code page where the format has one, before Unicode.
    Raises Refused for one that cannot be read or takes too long.
    """
    # Loading the runtime costs as much as a small drawing, and most drawings are DXF.
    from portal.rendering import dwg, dwg_losses, dwg_mends, dwg_splines  # noqa: PLC0415

    try:
        dxf = dwg.converted(data, compiled, seconds=limits.wall * CONVERTING, memory=limits.memory * 3 // 4)
    except dwg.Unreadable as error:
        raise Refused("damaged") from error
    except TimeoutError as error:
        raise Refused("time") from error
    try:
        dxf, encoding = dwg_mends.mended(dxf, sniffed.version, page or dwg_mends.page_of(data))
        dxf = dwg_splines.restored(dxf, data, sniffed.version)
        dxf, lost = dwg_losses.found_again(dxf, data, sniffed.version)
    except (Unplain, LookupError) as error:
        raise Refused("damaged") from error
    return replace(sniffed, encoding=encoding, whole=True), dxf, lost


def opened(path: Path, sniffed: Sniffed, data: bytes) -> tuple[Drawing, Plain, str]:
    """Open the drawing: the document, the plain objects it lacks, and "", "recovered" or "cut" to tell a person.

    Raises Refused("damaged") when it cannot be read, Refused("lost") when reading lost most of its objects.
    """
    logging.getLogger("ezdxf").setLevel(logging.CRITICAL)
    if sniffed.kind == "dxf-binary":
        try:
            return _with_model(readfile(path)), NOTHING_PLAIN, ""
        except (*BROKEN, OSError, MemoryError) as error:
            raise Refused("damaged") from error
    found = _quickly(sniffed, data) if sniffed.whole else None
    if found is not None:
        return (*found, "")
    note = "" if sniffed.whole else "cut"
    text = _decoded(sniffed, data if sniffed.whole else mended(data))
    try:
        doc = _read(text)
    except BROKEN:
        text = named_soundly(text)
        try:
            doc = _read(text)
        except BROKEN:
            doc = _rescued(text, sniffed, data)
            note = note or "recovered"
    _compare(doc, data, whole=sniffed.whole)
    return doc, NOTHING_PLAIN, note


def _quickly(sniffed: Sniffed, data: bytes) -> tuple[Drawing, Plain] | None:
    """Read the plain objects ourselves and only the rest with ezdxf; None when the file asks for ezdxf alone.

    A wipeout hides what was drawn before it and not what comes after: then the order of all objects matters.
    """
    if b"\nWIPEOUT" in data and _MASKED.search(data):
        return None
    try:
        plain = plain_objects(data.removeprefix(UTF8_MARK).rstrip(b"\x00\x1a"), sniffed.encoding)
        doc = _read(plain.rest.decode(sniffed.encoding, "surrogateescape"))
    except (Unplain, *BROKEN):
        return None
    _compare(doc, plain.rest, whole=True)
    plain.rest = b""
    return doc, plain


def mended(data: bytes) -> bytes:
    """Close a text DXF that was cut off: drop the object the cut went through and end its section and the file.

    ezdxf's recover mode throws the whole unfinished section away, which is mostly the drawing itself.
    """
    starts = list(_OBJECT_START.finditer(data, max(0, len(data) - TAIL)))
    kept = data[: starts[-1].start()] if starts else data
    return kept + b"\r\n0\r\nENDSEC\r\n0\r\nEOF\r\n"


def named_soundly(text: str) -> str:
    """Write signs that no layer, block or style name may hold (< > " ; ? = `) as their full-width twins.

    ezdxf refuses a whole drawing for one such name; a person reads the same name either way.
    """
    return _UNSOUND_NAME.sub(lambda found: found[1] + found[2].translate(_TWINS), text)


def _decoded(sniffed: Sniffed, data: bytes) -> str:
    # Decoded here, so that ezdxf has no say in the encoding; broken bytes stay surrogates and are shown as a
    # replacement sign later.
    return data.removeprefix(UTF8_MARK).rstrip(b"\x00\x1a").decode(sniffed.encoding, "surrogateescape")


def _read(text: str) -> Drawing:
    # Universal newlines also read the CR-only files of old systems.
    return _with_model(read(io.StringIO(text, newline=None)))


def _with_model(doc: Drawing) -> Drawing:
    """Give the document; raises KeyError for one that lost its model space."""
    doc.modelspace()
    return doc


def _rescued(text: str, sniffed: Sniffed, data: bytes) -> Drawing:
    """Read what is sound of a damaged drawing; raises Refused when nothing can be read."""
    for unwanted in ATTEMPTS:
        try:
            return _read(without_damage(text, unwanted))
        except BROKEN:
            continue
    return _recovered(sniffed, data)


def _recovered(sniffed: Sniffed, data: bytes) -> Drawing:
    # Recover reads bytes and decides the encoding itself, wrongly for our cases: hand it the text as UTF-8 under a
    # name it cannot mistake.
    text = data.removeprefix(UTF8_MARK).decode(sniffed.encoding, "replace")
    stream = io.BytesIO(os.linesep.join(text.splitlines()).encode("utf-8", "replace"))
    try:
        doc, _ = recover.read(stream, errors="surrogateescape")
        return _with_model(doc)
    except (*BROKEN, OSError) as error:
        raise Refused("damaged") from error


def _compare(doc: Drawing, data: bytes, *, whole: bool) -> None:
    """Hold the number of objects that were loaded against the tag scan's."""
    loaded = sum(len(layout) for layout in doc.layouts)
    written = objects_of(data)
    if loaded < written * LOST:
        raise Refused("lost")
    if loaded == 0 and (written < 0 or not whole):
        raise Refused("lost")
