"""What the viewer tells about a drawing beside its picture: title block, blocks, and the bare facts of each sheet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from portal.drawings.models import Sheet

MOST_BLOCKS = 12


@dataclass(frozen=True, slots=True)
class SheetFacts:
    """One sheet in words: `title` and `blocks` are pairs in their order, `more` counts the blocks that are left out."""

    name: str
    size: str
    objects: int
    layers: int
    title: list[tuple[str, str]]
    blocks: list[tuple[str, int]]
    more: int


def facts_of(sheets: Iterable[Sheet]) -> list[SheetFacts]:
    """The facts of every sheet."""
    return [_facts(sheet) for sheet in sheets]


def _facts(sheet: Sheet) -> SheetFacts:
    x0, y0, x1, y1 = sheet.extents
    blocks = sorted(sheet.blocks.items(), key=lambda pair: (-pair[1], pair[0]))
    return SheetFacts(
        sheet.name,
        f"{_length(x1 - x0)} × {_length(y1 - y0)} {sheet.units}".strip(),
        sheet.objects,
        len(sheet.layers),
        list(sheet.title.items()),
        blocks[:MOST_BLOCKS],
        max(0, len(blocks) - MOST_BLOCKS),
    )


def _length(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.4g}"  # noqa: PLR2004 - below it the decimals say something
