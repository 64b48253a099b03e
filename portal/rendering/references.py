"""What a drawing names outside of itself, and the files its caller found for these names.

A name is only ever read as a word: its last part is looked up among the files that were handed in, and the path it
stands in is opened nowhere. Whether a file of that path exists makes no difference to anything.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Final

from portal.rendering.dxf import Entity
from portal.rendering.result import Reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST: Final = 500
LONGEST: Final = 200
XREF, IMAGE, PDF, DWF, DGN, PLOT_STYLE, FONT, SHAPES = (
    "xref", "image", "pdf", "dwf", "dgn", "plot style", "font", "shapes",
)  # fmt: skip
DEFINITIONS: Final = {"IMAGEDEF": IMAGE, "PDFDEFINITION": PDF, "DWFDEFINITION": DWF, "DGNDEFINITION": DGN}
FRAME: Final = "그림 대신 테두리만 표시합니다."
SUBSTITUTES: Final = {
    XREF: "이 파일의 내용은 비워 두고 표시합니다.",
    IMAGE: FRAME,
    PDF: FRAME,
    DWF: FRAME,
    DGN: FRAME,
    PLOT_STYLE: "도면에 있는 색과 선 굵기로 표시합니다.",
    FONT: "Pretendard 글꼴로 대신 표시합니다.",
    SHAPES: "선에 든 기호를 빼고 선만 표시합니다.",
}
"""What is shown in place of a file, by its kind."""
UNUSED: Final = frozenset({PDF, DWF, DGN, FONT, SHAPES})
"""Kinds that are shown by their substitute whether they are there or not."""


def key_of(name: str) -> str:
    """Give a name as it is compared: its last part, in NFC, capitals and small letters alike."""
    return _last(name).casefold()


def names_in(doc: Entity, *, nested: bool = False) -> Iterator[tuple[str, str]]:
    """Give kind and name of every file a document names; of a nested one not what is only laid over it."""
    for block in doc.blocks:
        head = block.block
        if head is not None and is_xref(head, nested=nested):
            yield XREF, str(head.dxf.xref_path)
    for entity in doc.objects:
        kind = DEFINITIONS.get(entity.dxftype())
        if kind:
            yield kind, str(entity.dxf.get("filename", ""))
    for layout in doc.layouts:
        yield PLOT_STYLE, str(layout.dxf.get("current_style_sheet", ""))
    for style in doc.styles:
        # A style with this flag is no font but the file that the signs of linetypes are in.
        kind = SHAPES if style.dxf.get("flags", 0) & 1 else FONT
        for name in (str(style.dxf.get("font", "")), str(style.dxf.get("bigfont", ""))):
            yield kind, name if "." in name or not name else f"{name}.shx"


def is_xref(head: Entity, *, nested: bool = False) -> bool:
    """Tell whether a block's head says that its content is another file's."""
    flags = head.dxf.get("flags", 0)
    return bool(flags & 0b1100 and head.dxf.get("xref_path", "") and not (nested and flags & 0b1000))


class References:
    """The files handed in, by name, and what became of every name that was met."""

    def __init__(self, files: Mapping[str, str] | None = None) -> None:
        self._files = {key_of(name): Path(file) for name, file in (files or {}).items()}
        self._met: dict[tuple[str, str], Reference] = {}

    def meet(self, doc: Entity, *, nested: bool = False) -> None:
        """Note what a document names."""
        for kind, name in names_in(doc, nested=nested):
            key = key_of(name)
            if key and len(self._met) < MOST:
                found = key in self._files
                used = found and kind not in UNUSED
                note = "" if used else SUBSTITUTES[kind]
                self._met.setdefault((kind, key), Reference(_last(name), kind, found, note))

    def file(self, name: str) -> Path | None:
        """Give the file that was handed in under a name."""
        return self._files.get(key_of(name))

    def unusable(self, kind: str, name: str, why: str) -> None:
        """Note why a file that was handed in is not shown."""
        met = self._met.get((kind, key_of(name)))
        if met is not None:
            self._met[kind, key_of(name)] = Reference(met.name, kind, met.found, f"{why} {SUBSTITUTES[kind]}")

    def listed(self) -> tuple[Reference, ...]:
        """Give all names in the order of their meeting."""
        return tuple(self._met.values())


def _last(name: str) -> str:
    """The last part of a path as Windows or Linux writes it, to be shown: NFC, only what can be seen."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    seen = "".join(letter if letter.isprintable() and not "\ud800" <= letter <= "\udfff" else " " for letter in last)
    return " ".join(seen.split())[:LONGEST]
