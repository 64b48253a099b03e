"""Finds what the conversion of a DWG left out without a word: tables are written after it, the rest is counted.

Measured on files at hand: tables, underlays and the objects of add-on programs are dropped. A file of 2004 and newer says
for each class of objects how many it holds; before that, only a table's own block tells of it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from portal.rendering.dwg_bits import Bits
from portal.rendering.dwg_entities import common_of, handles_of, kind_of_record
from portal.rendering.dwg_mends import objects_in, replaced
from portal.rendering.dwg_pages import Pages, Tangled

if TYPE_CHECKING:
    from portal.rendering.dwg_mends import Written

COUNTED_SINCE, PAGED_SINCE = "AC1018", "AC1024"
TABLE: Final = "ACAD_TABLE"
TABLE_BLOCK: Final = b"*T"
FRAME: Final = frozenset({b"SECTION", b"ENDSEC", b"CLASS", b"BLOCK"})
#: Classes that draw, for files whose own list of classes is not read (DXF reference, ENTITIES).
DRAWN: Final = frozenset({
    TABLE, "PDFUNDERLAY", "DWFUNDERLAY", "DGNUNDERLAY", "OLE2FRAME", "ACAD_PROXY_ENTITY", "ARC_DIMENSION",
    "LARGE_RADIAL_DIMENSION", "HELIX", "MULTILEADER", "MESH", "WIPEOUT", "IMAGE", "MPOLYGON", "RTEXT", "ARCALIGNEDTEXT",
    "PLANESURFACE", "EXTRUDEDSURFACE", "LOFTEDSURFACE", "REVOLVEDSURFACE", "SWEPTSURFACE", "NURBSURFACE",
    "POSITIONMARKER", "SECTIONOBJECT", "ACDBPOINTCLOUD", "ACDBPOINTCLOUDEX",
})  # fmt: skip
#: Marks in the block editor, and what is in a drawing without being seen on it.
MARKS: Final = ("GRIPENTITY", "PARAMETERENTITY", "ACTIONENTITY")
UNSEEN: Final = frozenset({"CAMERA", "LIGHT"})
CLASSES: Final = "AcDb:Classes"
CLASSES_HEAD: Final = 28
FIRST_CLASS: Final = 500
DRAWS: Final = 0x1F2
#: In which space an object is -> how a DXF says so.
SPACES: Final[dict[int, tuple[tuple[int, int], ...]]] = {2: (), 1: ((67, 1),)}
UNSCALED: Final = 3
UP: Final = (0.0, 0.0, 1.0)
_COUNT: Final = re.compile(rb"\n[ \t]*91[ \t]*\r?\n[ \t]*(\d{1,9})\r?\n")
_FIRST_NAME: Final = re.compile(rb"\n[ \t]*1[ \t]*\r?\n([^\r\n]*)")


def found_again(dxf: bytes, data: bytes, version: str) -> tuple[bytes, Counter[str]]:
    """The DXF of the DWG `data` with its tables, and how many objects of which type are still missing from it."""
    kinds: Counter[str] = Counter()
    written: list[Written] = []
    for one in objects_in(dxf):
        kinds[one.kind.decode("ascii", "replace")] += 1
        if one.kind in FRAME or one.name.startswith(TABLE_BLOCK):
            written.append(one)
    classes = [_class_of(dxf, one) for one in written if one.kind == b"CLASS"]
    pages = _pages(data, version)
    drawing = _drawing(pages, [name for name, _ in classes])
    lost = Counter({name: count for name, count in classes if name in drawing and count and not kinds[name]})
    if version < COUNTED_SINCE:
        lost.update({TABLE: count} if (count := _blocks_of_tables(written)) and not kinds[TABLE] else {})
    if pages and lost[TABLE]:
        number = FIRST_CLASS + [name for name, _ in classes].index(TABLE)
        tables = _tables(pages, number, version, dxf)
        dxf = _with(dxf, written, tables)
        lost[TABLE] -= len(tables)
    return dxf, +lost


def _pages(data: bytes, version: str) -> Pages | None:
    try:
        return Pages(data) if version >= PAGED_SINCE else None
    except Tangled:
        return None


def _class_of(dxf: bytes, one: Written) -> tuple[str, int]:
    """A class's name, and how many objects of it the file says it has."""
    name, count = _FIRST_NAME.search(dxf, one.start, one.until), _COUNT.search(dxf, one.start, one.until)
    return name[1].decode("ascii", "replace").upper() if name else "", int(count[1]) if count else 0


def _drawing(pages: Pages | None, names: list[str]) -> set[str]:
    """Those of the classes whose objects draw something."""
    try:
        kinds = kinds_of_classes(pages.section(CLASSES)) if pages else []
    except Tangled:
        kinds = []
    if len(kinds) != len(names):
        return set(names) & DRAWN
    return {
        name for name, kind in zip(names, kinds, strict=True) if kind == DRAWS and not name.endswith(MARKS)
    } - UNSEEN


def kinds_of_classes(section: bytes) -> list[int]:
    """Of each class in a DWG of 2010 or newer, whether it draws (DRAWS) or not. Its names stand elsewhere."""
    bits = Bits(section)
    bits.at = CLASSES_HEAD * 8  # a mark and three lengths
    kinds: list[int] = []
    try:
        most = bits.short()
        bits.skip_bytes(2)
        bits.flag()
        while len(kinds) <= most - FIRST_CLASS and bits.short() == FIRST_CLASS + len(kinds):
            bits.short()
            bits.flag()
            kinds.append(bits.short())
            for _ in range(5):  # its count, versions and two unknown numbers
                bits.long()
    except IndexError:
        pass
    return kinds


def _blocks_of_tables(written: list[Written]) -> int:
    """How many blocks there are that only a table shows."""
    blocks, shown = (
        {one.name.upper() for one in written if one.kind == kind and one.name.upper().startswith(TABLE_BLOCK)}
        for kind in (b"BLOCK", b"INSERT")
    )
    return len(blocks - shown)


def _tables(pages: Pages, number: int, version: str, dxf: bytes) -> list[bytes]:
    """The tables in model and paper space, as they belong into the DXF."""
    known: set[int] = set()
    names: dict[tuple[bytes, int], bytes] = {}
    for one in objects_in(dxf):
        known.add(_number(one))
        if one.kind in {b"LAYER", b"BLOCK_RECORD"}:
            names[one.kind, _number(one)] = one.name
    tables = []
    try:
        records = pages.objects(pages.handles() - known)
    except Tangled:
        return []
    for record in records.values():
        bits = Bits(record.data)
        try:
            if kind_of_record(bits) == number:
                tables.append(_table(bits, record.handles_at, version, names))
        except (IndexError, KeyError, ValueError):
            continue
    return tables


def _table(bits: Bits, handles_at: int, version: str, names: dict[tuple[bytes, int], bytes]) -> bytes:
    """A table: its place, and the block that AutoCAD drew it into. Raises KeyError or ValueError for an unusual one."""
    common = common_of(bits, version)
    place, unscaled, angle, upwards = bits.point(), bits.take(2) == UNSCALED, bits.double(), bits.point()
    bits.at = handles_at
    handles = handles_of(bits, common.handle, common.before_own + 1)
    layer = names.get((b"LAYER", handles[common.before_layer]), b"0")
    block = names[b"BLOCK_RECORD", handles[common.before_own]]
    if not unscaled or upwards != UP or common.mode not in SPACES or not all(map(math.isfinite, (*place, angle))):
        raise ValueError
    tags: tuple[tuple[int, object], ...] = (
        (0, TABLE), (5, f"{common.handle:X}"), (100, "AcDbEntity"), *SPACES[common.mode], (8, layer.decode("utf-8", "replace")),
        (100, "AcDbBlockReference"), (2, block.decode("utf-8", "replace")), *zip((10, 20, 30), place, strict=True), (50, math.degrees(angle)),
        (100, "AcDbTable"), (280, 0), (343, f"{handles[common.before_own]:X}"), (11, math.cos(angle)), (21, math.sin(angle)), (31, 0.0),
    )  # fmt: skip
    return "".join(f"{code:3}\r\n{value}\r\n" for code, value in tags).encode()


def _with(dxf: bytes, written: list[Written], tables: list[bytes]) -> bytes:
    """The DXF with more objects at the end of its ENTITIES, if it has such a section."""
    here = False
    for one in written:
        if one.kind == b"SECTION":
            here = one.name == b"ENTITIES"
        elif here and one.kind == b"ENDSEC":
            return replaced(dxf, {(one.start, one.start): b"".join(tables)})
    return dxf


def _number(one: Written) -> int:
    try:
        return int(one.handle or b"", 16)
    except ValueError:
        return 0
