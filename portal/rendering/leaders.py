"""Makes the colours of multileaders readable: other programs write a bare index where the format wants a kind and a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from portal.rendering.dxf import Entity

if TYPE_CHECKING:
    from collections.abc import Iterable

BY_LAYER: Final = 0xC0
#: The kinds that the upper byte of a raw colour may name (DXF reference, MULTILEADER): layer, block, true colour, index, none, window.
KINDS: Final = frozenset({BY_LAYER, 0xC1, 0xC2, 0xC3, 0xC5, 0xC8})
LAYERS_INDEX: Final = 256


def raw(colour: int) -> int:
    """A raw colour that names its kind, as the signed number of 32 bits that a file holds."""
    number = int(colour) & 0xFFFFFFFF
    if number >> 24 not in KINDS:
        index = number & 0x1FF
        kind = BY_LAYER if index == LAYERS_INDEX else 0xC3 if index else 0xC1
        number = kind << 24 | (index if kind == 0xC3 else 0)  # noqa: PLR2004 - an index
    return number - (1 << 32) if number >> 31 else number


def readable(leader: Entity, styles: Iterable[Entity]) -> None:
    """Mend the colours of a MULTILEADER and of the styles it may have."""
    for one in (leader, *styles):
        for name in ("leader_line_color", "text_color", "block_color"):
            if one.dxf.hasattr(name):
                one.dxf.set(name, raw(one.dxf.get(name)))
    context = leader.context
    for part in (context.mtext, context.block, *(line for branch in context.leaders for line in branch.lines)):
        for name in ("color", "bg_color"):
            if part is not None and hasattr(part, name):
                setattr(part, name, raw(getattr(part, name)))
