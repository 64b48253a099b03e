"""Writes DWG files of 2013 as far as our own reader of them looks: pages, an object map, classes, splines and tables."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from portal.rendering.dwg_pages import DESCRIPTION, MARK, PAGE_HEAD, PAGE_MASK, PLACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Point = tuple[float, float, float]


class Writer:
    """Bits in the order in which a DWG has them."""

    def __init__(self) -> None:
        self.bits = ""

    def put(self, number: int, bits: int) -> Writer:
        self.bits += f"{number:0{bits}b}" if bits else ""
        return self

    def raw(self, data: bytes) -> Writer:
        return self.put(int.from_bytes(data, "big"), len(data) * 8)

    def long(self, number: int) -> Writer:
        return self.put(0, 2).raw(struct.pack("<I", number)) if number else self.put(2, 2)

    def short(self, number: int) -> Writer:
        return self.put(0, 2).raw(struct.pack("<H", number)) if number else self.put(2, 2)

    def doubles(self, *numbers: float) -> Writer:
        for number in numbers:
            self.put(0, 2).raw(struct.pack("<d", number))
        return self

    def handle(self, number: int, code: int = 0) -> Writer:
        content = number.to_bytes((number.bit_length() + 7) // 8, "big")
        return self.put(code, 4).put(len(content), 4).raw(content)

    def bytes(self) -> bytes:
        padded = self.bits + "0" * (-len(self.bits) % 8)
        return int(padded or "0", 2).to_bytes(len(padded) // 8, "big")


def common(kind: int, handle: int) -> Writer:
    """An object in model space with extended data, one reactor, a colour of its own and transparency."""
    writer = Writer()
    writer.put(0, 2).raw(bytes((kind,))) if kind < 0x100 else writer.put(1, 2).raw(bytes((kind - 0x1F0,)))
    writer.handle(handle).short(3).handle(0x12).raw(b"abc").short(0)
    writer.put(0, 1).put(2, 2).long(1).put(0, 1).put(0, 1)
    writer.short(0xA000).long(0x00FF0000).long(0x02000080)
    return writer.doubles(1.0).put(0, 6).raw(b"\x00").put(0, 3).short(0).raw(b"\x1d")


def fit_spline(  # noqa: PLR0913 - the parts of a spline
    handle: int, points: Sequence[Point], ends: tuple[Point, Point] = ((0, 0, 0), (0, 0, 0)), knots: int = 0, flags: int = 9,
    kind: int = 36,
) -> bytes:  # fmt: skip
    writer = common(kind, handle).long(1).long(flags).long(knots).long(3)
    writer.doubles(1e-10, *ends[0], *ends[1]).long(len(points))
    return record(writer.doubles(*(number for point in points for number in point)))


def table(handle: int, kind: int, place: Point, layer: int, block: int) -> bytes:
    writer = common(kind, handle).doubles(*place).put(3, 2).doubles(0.5, 0.0, 0.0, 1.0).put(0, 1)
    handles = Writer().handle(0x99, 4).handle(0x98, 3).handle(layer, 5).handle(block, 5)
    return record(writer, handles)


def record(writer: Writer, handles: Writer | None = None) -> bytes:
    """An object as it stands in its section, its handles last."""
    last = handles.bits if handles else ""
    whole = Writer()
    whole.bits = "0" * (-(len(writer.bits) + len(last)) % 8)
    # What fills up to whole bytes lies between the data and the handles.
    whole.bits = writer.bits + whole.bits + last
    content = whole.bytes()
    return struct.pack("<H", len(content)) + modular(len(last)) + content + b"\x00\x00"


def modular(number: int, *, signed: bool = False) -> bytes:
    out = bytearray()
    last = 0x40 if signed else 0x80
    while number >= last:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))


def classes(draws: Iterable[bool]) -> bytes:
    """The list of classes, which come after 500."""
    kinds = list(draws)
    writer = Writer().raw(bytes(28)).short(499 + len(kinds)).raw(bytes(2)).put(1, 1)
    for place, one in enumerate(kinds):
        writer.short(500 + place).short(0).put(0, 1).short(0x1F2 if one else 0x1F3)
        for _ in range(5):
            writer.long(1)
    return writer.bytes()


def dwg(objects: Mapping[int, bytes], classes_: bytes = b"", most: int = 64) -> bytes:
    """A file with these objects by handle, in pages of `most` bytes."""
    places, content = b"", b"\xca\x0d\x00\x00"
    before = at = 0
    for handle, one in objects.items():
        places += modular(handle - before) + modular(len(content) - at, signed=True)
        before, at = handle, len(content)
        content += one
    object_map = (len(places) + 2).to_bytes(2, "big") + places + b"\x00\x00" + b"\x00\x02\x00\x00"
    sections = {"AcDb:Classes": classes_, "AcDb:Handles": object_map, "AcDb:AcDbObjects": content}
    body, sizes, described = b"", [], b""
    for name, whole in sections.items():
        parts = [whole[start : start + most] for start in range(0, len(whole), most)]
        described += DESCRIPTION.pack(len(whole), len(parts), most, 1, 2, 0, 0) + name.encode().ljust(64, b"\x00")
        for number, part in enumerate(parts):
            packed = literally(part)
            mask = PAGE_MASK ^ (0x100 + len(body))
            head = (0x4163043B, 0, len(packed), len(part), number * most, 0, 0, 0)
            described += PLACE.pack(len(sizes) + 1, len(packed), number * most)
            body += struct.pack("<8I", *(one ^ mask for one in head)) + packed
            sizes.append(PAGE_HEAD + len(packed))
    section_map = system(struct.pack("<I", len(sections)) + bytes(16) + described)
    body += section_map
    sizes.append(len(section_map))
    page_map = b"".join(struct.pack("<iI", number + 1, size) for number, size in enumerate(sizes))
    head = bytearray(0x6C)
    head[: len(MARK)] = MARK
    struct.pack_into("<Q", head, 0x54, len(body))
    struct.pack_into("<I", head, 0x5C, len(sizes))
    return b"AC1027".ljust(0x80, b"\x00") + enciphered(head).ljust(0x80, b"\x00") + body + system(page_map)


def system(content: bytes) -> bytes:
    packed = literally(content)
    return struct.pack("<5I", 0x4163003B, len(content), len(packed), 2, 0) + packed


def literally(content: bytes) -> bytes:
    """Packed without packing anything: one run of letters."""
    count = len(content) - 3
    if count <= 0x0F:
        head = bytes((count,))
    else:
        more, last = divmod(count - 0x0F - 1, 0xFF)
        head = bytes((0, *(0 for _ in range(more)), last + 1))
    return head + content + b"\x11\x00\x00"


def enciphered(head: bytes) -> bytes:
    seed, out = 1, bytearray()
    for byte in head:
        seed = (seed * 0x343FD + 0x269EC3) & 0xFFFFFFFF
        out.append(byte ^ (seed >> 16 & 0xFF))
    return bytes(out)
