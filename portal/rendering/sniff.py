"""Decides what a file is and how its text is encoded from its bytes alone; the name is never trusted.

A DXF header often names a code page that the bytes do not follow (LibreCAD writes ANSI_1252 whatever is inside), and
ezdxf then reads wrong letters without a word: so the bytes decide, strict UTF-8 first, then strict CP949, then the header.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from portal.rendering.reasons import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from portal.rendering.result import Limits

BINARY_HEAD: Final = b"AutoCAD Binary DXF\r\n\x1a\x00"
UTF8_MARK: Final = b"\xef\xbb\xbf"
UNICODE_SINCE: Final = "AC1021"
DWG_SINCE: Final = "AC1012"
DWG_NAMES: Final = {
    "AC1.40": "R1.4", "AC1.50": "R2.05", "AC2.10": "R2.10", "AC1002": "R2.5", "AC1003": "R2.6", "AC1004": "R9",
    "AC1006": "R10", "AC1009": "R11/R12", "AC1012": "R13", "AC1014": "R14", "AC1015": "2000", "AC1018": "2004",
    "AC1021": "2007", "AC1024": "2010", "AC1027": "2013", "AC1032": "2018",
}  # fmt: skip
PIECE: Final = 1 << 20
_HEADS: Final = (
    (b"%PDF-", "pdf"),
    (b"\x89PNG", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF8", "gif"),
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"Rar!", "rar"),
    (b"7z\xbc\xaf", "7z"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"PIAFILEVERSION_2.0,CTB", "ctb"),
    (b"PIAFILEVERSION_2.0,STB", "stb"),
)
_MARKUP: Final = re.compile(rb"^\s*(?:<\?xml|<!doctype|<html|<svg|<!--)", re.IGNORECASE)
_FIRST_TAG: Final = re.compile(
    rb"^\s*(?:999\s*[\r\n]+[^\r\n]*[\r\n]+\s*)*0\s*[\r\n]+\s*(?:SECTION|EOF)\b", re.IGNORECASE
)
_VARIABLE: Final = rb"\$%s[ \t]*(?:\r\n|\r|\n)[ \t]*\d+[ \t]*(?:\r\n|\r|\n)[ \t]*([^\r\n]*)"
_ENTITIES: Final = re.compile(rb"[\r\n][ \t]*2[ \t]*(?:\r\n|\r|\n)ENTITIES[ \t]*(?:\r\n|\r|\n)")
_SECTION_END: Final = re.compile(rb"(?:\r\n|\r|\n)[ \t]*0[ \t]*(?:\r\n|\r|\n)ENDSEC\b")
_OBJECT: Final = re.compile(
    rb"(?:\r\n|\r|\n)[ \t]*0[ \t]*(?:\r\n|\r|\n)(?!VERTEX|SEQEND|ATTRIB\b|ENDSEC|EOF)(?:3D)?[A-Z]"
)
_EOF: Final = re.compile(rb"(?:^|\r\n|\r|\n)[ \t]*0[ \t]*(?:\r\n|\r|\n)[ \t]*EOF\s*\Z")


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What the bytes say. `whole` is False for a text DXF without its end."""

    kind: str
    version: str
    encoding: str
    bytes: int
    sha256: str
    whole: bool


def kind_of(data: bytes) -> str:
    """Name the kind of a file from its first bytes: dxf, dxf-binary, dwg, pdf, png, ..., text or unknown."""
    if not data.strip(b"\x00 \t\r\n"):
        return "empty"
    if data.startswith(BINARY_HEAD):
        return "dxf-binary"
    if re.match(rb"AC10\d\d|AC1\.\d|AC2\.\d\d|MC0\.0", data):
        return "dwg"
    for head, kind in _HEADS:
        if data.startswith(head):
            return kind
    start = data[:4096].removeprefix(UTF8_MARK)
    if _MARKUP.match(start):
        return "svg" if b"<svg" in start.lower() else "html" if b"<html" in start.lower() else "xml"
    if _FIRST_TAG.match(start):
        return "dxf"
    return "text" if b"\x00" not in start else "unknown"


def version_of(data: bytes, kind: str) -> str:
    """Give the AutoCAD version code of a DXF ($ACADVER, AC1009 when it is absent) or DWG, else an empty text."""
    if kind == "dwg":
        return data[:6].decode("ascii", "replace")
    if kind == "dxf-binary":
        found = re.search(rb"\$ACADVER\x00.{1,2}(AC\d{4})\x00", data[:4096], re.DOTALL)
        return found[1].decode() if found else "AC1009"
    if kind == "dxf":
        return _header(data, b"ACADVER") or "AC1009"
    return ""


def readable_dwg(version: str) -> bool:
    """Whether a DWG of this version can be read: R13 and newer."""
    return version.startswith("AC10") and version >= DWG_SINCE


def encoding_of(data: bytes, version: str) -> str:
    """Choose the text encoding of a DXF from its bytes.

    Pure ASCII says nothing and any choice reads it. Hangul in CP949 is almost never valid UTF-8 (a two-byte pair would
    have to look like C2..DF 80..BF throughout), so trying UTF-8 first does not misread it; only when both fail does the
    header speak, and a header without sense means Windows' western page.
    """
    if data.startswith(UTF8_MARK):
        return "utf-8"
    body = data
    if body.isascii():
        return "utf-8" if version >= UNICODE_SINCE else _page(_header(data, b"DWGCODEPAGE"))
    for encoding in ("utf-8", "cp949"):
        if _decodes(body, encoding):
            return _western_or(encoding, body, data, version)
    # One damaged byte must not turn a whole Korean drawing to mojibake: the page with fewer broken letters wins.
    if version >= UNICODE_SINCE:
        return "utf-8"
    declared = _page(_header(data, b"DWGCODEPAGE"))
    return "cp949" if declared == "cp949" or _mostly_hangul(body) else declared


def sniff(path: Path, limits: Limits) -> tuple[Sniffed, bytes]:
    """Read `path` and say what it is; the bytes come back so that nothing is read twice.

    Raises Refused for a file over the size or line limits, OSError when it cannot be read.
    """
    size = path.stat().st_size
    if size > limits.source:
        raise Refused("too-large", size=size >> 20)
    data = path.read_bytes()
    kind = kind_of(data)
    version = version_of(data, kind)
    encoding = encoding_of(data, version) if kind == "dxf" else ""
    if kind == "dxf" and (data.count(b"\n") > limits.lines or data.count(b"\r") > limits.lines):
        raise Refused("too-many-lines")
    whole = kind != "dxf" or bool(_EOF.search(data[-64:].rstrip(b"\x00\x1a")))
    return Sniffed(kind, version, encoding, len(data), hashlib.sha256(data).hexdigest(), whole), data


def objects_of(data: bytes) -> int:
    """Count the objects of a text DXF's ENTITIES by a scan of its tags, -1 when it has no such section."""
    start = _ENTITIES.search(data)
    if start is None:
        return -1
    end = _SECTION_END.search(data, start.end() - 2)
    stop = end.start() if end else len(data)
    return sum(1 for _ in _OBJECT.finditer(data, start.end() - 2, stop))


def _header(data: bytes, variable: bytes) -> str:
    found = re.search(_VARIABLE % variable, data[:65536])
    return found[1].strip().decode("ascii", "replace") if found else ""


def _page(name: str) -> str:
    digits = re.fullmatch(r"(?:ANSI_|CP|DOS)?(\d{3,5})", name.strip(), re.IGNORECASE)
    if digits is None:
        return "cp949" if re.search(r"KS_?C|EUC_?KR|JOHAB|UHC", name, re.IGNORECASE) else "cp1252"
    page = {"1361": "johab", "65001": "utf-8"}.get(digits[1], f"cp{digits[1]}")
    try:
        "".encode(page)
    except LookupError:
        return "cp1252"
    return page


def _western_or(encoding: str, body: bytes, data: bytes, version: str) -> str:
    """Keep a true western (or other declared) page where its few high letters happen to pass as CP949.

    Letters such as the degree or diameter sign stand alone among ASCII, Hangul comes in pairs of high bytes that decode
    to syllables; a text whose pairs are mostly not syllables is not Korean.
    """
    if encoding != "cp949":
        return encoding
    declared = _page(_header(data, b"DWGCODEPAGE"))
    if declared == "cp949" or version >= UNICODE_SINCE or _mostly_hangul(body):
        return "cp949"
    return declared


def _mostly_hangul(body: bytes) -> bool:
    high = korean = 0
    for text in _letters(body, "cp949", "replace"):
        if not text.isascii():
            found = [letter for letter in text if letter > "\x7f"]
            high += len(found)
            korean += sum("가" <= letter <= "힣" for letter in found)
    return bool(high) and korean * 2 >= high


def _decodes(body: bytes, encoding: str) -> bool:
    try:
        for _ in _letters(body, encoding, "strict"):
            pass
    except UnicodeDecodeError:
        return False
    return True


def _letters(body: bytes, encoding: str, errors: str) -> Iterator[str]:
    """The text piece by piece: the whole of a large file in letters would be twice or four times its size."""
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    for start in range(0, len(body), PIECE):
        yield decoder.decode(body[start : start + PIECE], final=start + PIECE >= len(body))
