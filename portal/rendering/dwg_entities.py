"""What every drawn object of a DWG of 2010 or newer begins with, and the handles it ends with.

After the Open Design Specification for .dwg files 5.4.1, chapters 19.4.1 (entities) and 2.13 (handles).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from portal.rendering.dwg_bits import Bits

BINARY_DATA_SINCE: Final = "AC1027"
ELSEWHERE: Final = 3
"""Of a linetype, plot style or material: named by a handle."""
NEXT, BEFORE, LATER, EARLIER = 6, 8, 10, 12


@dataclass(frozen=True, slots=True)
class Common:
    """An object's handle, in which space it is (2 model, 1 paper, 0 its owner's block), and the handles before its own."""

    handle: int
    mode: int
    before_layer: int
    before_own: int


def kind_of_record(bits: Bits) -> int:
    """The number of an object's type, or 500 and more for its class."""
    form = bits.take(2)
    return bits.raw(1) if form == 0 else bits.raw(1) + 0x1F0 if form == 1 else bits.raw(2)


def common_of(bits: Bits, version: str) -> Common:
    """Read what comes after the type, up to what is the object's own."""
    handle = bits.handle()
    while size := bits.short():  # extended data, by application
        bits.handle()
        bits.skip_bytes(size)
    if bits.flag():  # a picture of itself
        bits.skip_bytes(bits.raw(bits.take(3)))
    mode = bits.take(2)
    reactors = bits.long()
    dictionary = not bits.flag()
    if version >= BINARY_DATA_SINCE:
        bits.flag()
    colour = bits.short()
    if colour & 0x8000 and not colour & 0x4000:
        bits.long()
    if colour & 0x2000:
        bits.long()  # transparency
    bits.double()  # scale of its linetype
    named = sum(bits.take(2) == ELSEWHERE for _ in ("linetype", "plot style", "material"))
    bits.raw(1)  # shadows
    styles = sum(bits.flag() for _ in range(3))
    bits.short()  # invisible
    bits.raw(1)  # lineweight
    before_layer = (mode == 0) + reactors + dictionary + bool(colour & 0x4000)
    return Common(handle, mode, before_layer, before_layer + 1 + named + styles)


def handles_of(bits: Bits, own: int, most: int) -> list[int]:
    """The first `most` handles from where `bits` stands; some are told by their distance from the object's own."""
    found = []
    for _ in range(most):
        code, size = bits.take(4), bits.take(4)
        number = bits.take(size * 8)
        found.append({NEXT: own + 1, BEFORE: own - 1, LATER: own + number, EARLIER: own - number}.get(code, number))
    return found
