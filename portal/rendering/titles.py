"""What a sheet says about itself: the attributes of its title block, and how often it shows which block."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from portal.rendering import letters
from portal.rendering.dxf import Entity
from portal.rendering.plain import count_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from portal.rendering.entities import Plain

LIKE_A_TITLE: Final = re.compile(
    r"title|border|sheet|frame|form|표제|도곽|도각|도면틀|(?:^|[^a-z])a[0-4](?:$|[^a-z0-9])", re.IGNORECASE
)
FEWEST: Final = 2
"""So many filled attributes a title block has at least: a door's tag has one."""
OFTEN: Final = 3
"""What stands on a sheet more often than this is a mark and no title block, unless it is called one."""
MOST_TAGS, MOST_BLOCKS, LONGEST = 100, 200, 200
_REAL_NAME: Final = "AcDbBlockRepBTag"


def title_of(layout: Entity, size_of: Callable[[Entity], float]) -> dict[str, str]:
    """Tag -> value of the largest reference that looks like a title block; empty when none does.

    `size_of` gives how large a reference is on the sheet.
    """
    found = [(entity, values) for entity in layout.query("INSERT") if len(values := _filled(entity)) >= FEWEST]
    names = Counter(name_of(entity) for entity, _ in found)
    named = [pair for pair in found if LIKE_A_TITLE.search(name_of(pair[0]))]
    rare = [pair for pair in found if names[name_of(pair[0])] <= OFTEN]
    best = max(named or rare, key=lambda pair: (size_of(pair[0]), len(pair[1])), default=None)
    return dict(list(best[1].items())[:MOST_TAGS]) if best else {}


def blocks_of(layout: Entity, plain: Plain) -> dict[str, int]:
    """Name of a block -> how often the sheet itself refers to it, the most frequent first; nameless blocks are left out."""
    counts: Counter[str] = Counter()
    for name, count in count_of(plain, layout.block_record_name)[1].items():
        counts[_real(layout.doc, name)] += count
    for entity in layout.query("INSERT"):
        counts[name_of(entity)] += max(1, entity.mcount)
    shown = ((_clean(name), count) for name, count in counts.items() if name and not name.startswith("*"))
    return dict(sorted(shown, key=lambda pair: (-pair[1], pair[0]))[:MOST_BLOCKS])


def name_of(reference: Entity) -> str:
    """The name of a reference's block as a person knows it."""
    return _real(reference.doc, str(reference.dxf.get("name", "")))


def _real(doc: Entity, name: str) -> str:
    """A dynamic block that was set otherwise is shown by a nameless copy, which knows the block it was made of."""
    if not name.upper().startswith("*U") or (block := doc.blocks.get(name)) is None:
        return name
    record = block.block_record
    if not record.has_xdata(_REAL_NAME):
        return name
    handle = next((tag.value for tag in record.get_xdata(_REAL_NAME) if tag.code == 1005), "")  # noqa: PLR2004 - a handle
    original = doc.entitydb.get(handle)
    return str(original.dxf.get("name", name)) if original is not None else name


def _filled(reference: Entity) -> dict[str, str]:
    values: dict[str, str] = {}
    for attribute in reference.attribs:
        try:
            tag, value = _clean(str(attribute.dxf.get("tag", ""))), _clean(_words(attribute))
        except Exception:  # noqa: BLE001, S112 - the per-object guard: one bad attribute must not cost the drawing
            continue
        if tag and value:
            values.setdefault(tag, value)
    return values


def _words(attribute: Entity) -> str:
    if attribute.has_embedded_mtext_entity:
        return str(attribute.virtual_mtext_entity().plain_text())
    return "".join(span.text for span in letters.spans(str(attribute.dxf.get("text", ""))))


def _clean(words: str) -> str:
    """Printable, on one line, and not too long."""
    seen = "".join(letter if letter.isprintable() else " " for letter in words)
    return " ".join(seen.split())[:LONGEST]
