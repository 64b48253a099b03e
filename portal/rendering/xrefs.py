"""Opens the drawings that a drawing refers to (XREF) and makes them the content of its blocks.

Each is read by the same way as the drawing itself, under its limits and with its clock. A drawing that leads back to
itself, by name or by content, is left out there and said so, as a CAD does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from portal.rendering.draughtsman import Draughtsman
from portal.rendering.ink import Palette
from portal.rendering.opening import as_dxf, opened, refuse_other_kinds
from portal.rendering.reasons import Refused
from portal.rendering.references import XREF, References, is_xref, key_of
from portal.rendering.sniff import sniff

if TYPE_CHECKING:
    from pathlib import Path

    from ezdxf.document import Drawing

    from portal.rendering.album import Album
    from portal.rendering.result import Limits

ENDLESS: Final = "자기 자신을 다시 참조합니다."
DEEP: Final = "참조가 {depth}단계보다 깊습니다."


class Xrefs:
    """The drawings that one drawing refers to, however deep; each is opened once."""

    def __init__(  # noqa: PLR0913 - what the reading of a drawing takes
        self,
        references: References,
        album: Album,
        limits: Limits,
        deadline: float,
        compiled: Path | None,
        digest: str,
    ) -> None:
        self._references = references
        self._album = album
        self._limits = limits
        self._deadline = deadline
        self._compiled = compiled
        self._chain: list[str] = [digest]
        self._opened: dict[str, Draughtsman | None] = {}

    def attach(self, doc: Drawing, hand: Draughtsman) -> None:
        """Give the blocks of a document that are other drawings their content, and note all that it names."""
        nested = len(self._chain) > 1
        self._references.meet(doc, nested=nested)
        for block in doc.blocks:
            head = block.block
            if head is None or not is_xref(head, nested=nested):
                continue
            other = self._drawing(str(head.dxf.xref_path), block.name, hand)
            if other is not None:
                hand.attach(block.name, other)

    def _drawing(self, name: str, block: str, host: Draughtsman) -> Draughtsman | None:
        key = key_of(name)
        file = self._references.file(name)
        if file is None:
            return None
        if key in self._chain:
            self._references.unusable(XREF, name, ENDLESS)
            return None
        if key not in self._opened:
            if len(self._chain) // 2 >= self._limits.reference_depth:
                self._references.unusable(XREF, name, DEEP.format(depth=self._limits.reference_depth))
                return None
            try:
                self._opened[key] = self._open(file, key, block, host)
            except Refused as refusal:
                if refusal.reason in {"time", "memory"}:
                    raise
                self._references.unusable(XREF, name, refusal.message)
                self._opened[key] = None
        return self._opened[key]

    def _open(self, file: Path, key: str, block: str, host: Draughtsman) -> Draughtsman | None:
        sniffed, data = sniff(file, self._limits)
        if sniffed.sha256 in self._chain:
            self._references.unusable(XREF, key, ENDLESS)
            return None
        if sniffed.kind == "pdf":
            raise Refused("not-a-drawing", kind="PDF")
        refuse_other_kinds(sniffed)
        digest = sniffed.sha256
        if sniffed.kind == "dwg":
            sniffed, data, lost = as_dxf(sniffed, data, self._compiled, self._limits)
            host.skipped.update(lost)
        doc, plain, _ = opened(file, sniffed, data)
        palette = Palette(doc, host.palette, block)
        hand = Draughtsman(doc, self._limits, self._deadline, plain, self._album, palette, host.skipped)
        self._chain += [key, digest]
        try:
            self.attach(doc, hand)
        finally:
            del self._chain[-2:]
        count, _ = hand.budget.of_model()
        if not count:
            raise Refused("damaged" if sniffed.kind == "dwg" else "empty-drawing")
        if count > self._limits.objects:
            raise Refused("too-many-objects", count=count, limit=self._limits.objects)
        return hand
