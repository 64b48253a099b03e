"""Reads the bit-coded numbers of DWG objects (Open Design Specification for .dwg files, chapter 2)."""

from __future__ import annotations

import struct
from typing import Final

DOUBLE: Final = struct.Struct("<d")


class Bits:
    """Bytes read bit by bit, the highest first. Raises IndexError beyond their end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._long = len(data) * 8
        self.at = 0

    def take(self, bits: int) -> int:
        """So many bits as a number."""
        start, self.at = self.at, self.at + bits
        if self.at > self._long:
            raise IndexError
        last = (self.at + 7) // 8
        return int.from_bytes(self._data[start // 8 : last], "big") >> (last * 8 - self.at) & (1 << bits) - 1

    def flag(self) -> bool:
        return bool(self.take(1))

    def raw(self, count: int) -> int:
        """A number of whole bytes, the lowest first."""
        return int.from_bytes(self.take(count * 8).to_bytes(count, "big"), "little")

    def short(self) -> int:
        kind = self.take(2)
        return self.raw(2) if kind == 0 else self.raw(1) if kind == 1 else 0 if kind == 2 else 256  # noqa: PLR2004

    def long(self) -> int:
        kind = self.take(2)
        return self.raw(4) if kind == 0 else self.raw(1) if kind == 1 else 0

    def double(self) -> float:
        kind = self.take(2)
        if kind:
            return 1.0 if kind == 1 else 0.0
        number: float = DOUBLE.unpack(self.take(64).to_bytes(8, "big"))[0]
        return number

    def point(self) -> tuple[float, float, float]:
        return self.double(), self.double(), self.double()

    def skip_bytes(self, count: int) -> None:
        self.at += count * 8
        if self.at > self._long:
            raise IndexError

    def handle(self) -> int:
        self.take(4)
        count = self.take(4)
        return self.take(count * 8)

    def modular_char(self) -> int:
        """Seven bits a byte, the lowest first, as long as the eighth is set."""
        number = place = 0
        while True:
            byte = self.take(8)
            number |= (byte & 0x7F) << place
            if byte < 0x80:  # noqa: PLR2004 - the last
                return number
            place += 7

    def signed_modular_char(self) -> int:
        """The same with a sign in the seventh bit of the last byte."""
        number = place = 0
        while True:
            byte = self.take(8)
            if byte < 0x80:  # noqa: PLR2004 - the last
                number |= (byte & 0x3F) << place
                return -number if byte & 0x40 else number
            number |= (byte & 0x7F) << place
            place += 7

    def modular_short(self) -> int:
        """Fifteen bits a short, the lowest first, as long as the sixteenth is set."""
        number = place = 0
        while True:
            part = self.raw(2)
            number |= (part & 0x7FFF) << place
            if part < 0x8000:  # noqa: PLR2004 - the last
                return number
            place += 15
