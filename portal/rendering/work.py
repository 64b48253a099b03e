"""Renders one file from its bytes to its manifest. This runs inside the limited child process (cell.py)."""

from __future__ import annotations

import resource
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from portal.rendering import reasons
from portal.rendering.draughtsman import Draughtsman
from portal.rendering.dxf import Entity
from portal.rendering.noting import Notes
from portal.rendering.opening import as_dxf, opened, refuse_other_kinds
from portal.rendering.paper import Plot
from portal.rendering.reasons import Refused
from portal.rendering.result import Limits, Outcome, Rendering, Sheet, Source
from portal.rendering.sheets import Desk, Drawn, drawn_layouts
from portal.rendering.sniff import Sniffed, sniff

if TYPE_CHECKING:
    from pathlib import Path

MOST_REFERENCES = 500


def rendered(  # noqa: PLR0913 - the parts of an order
    path: Path,
    out: Path,
    version: str,
    limits: Limits,
    encoding: str | None,
    name: str = "",
    compiled: Path | None = None,
    plot: Plot | None = None,
    *,
    index: bool = False,
) -> Rendering:
    """Render `path` into `out`, or plot one sheet of it; every fault of the file is an answer, only one of ours raises.

    `compiled` is the machine code of the DWG reader, which is made anew without it. `index` asks for the object index.
    """
    clock = _Clock()
    source = Source("unknown", "", "", 0, "")
    try:
        sniffed, data = sniff(path, limits)
        source = Source(sniffed.kind, sniffed.version, sniffed.encoding, sniffed.bytes, sniffed.sha256)
        if encoding and sniffed.kind == "dxf":
            sniffed = _with_encoding(sniffed, encoding)
            source = Source(sniffed.kind, sniffed.version, encoding, sniffed.bytes, sniffed.sha256)
        if sniffed.kind == "pdf":
            del data
            return _pages(path, out, source, version, limits, name, plot)
        refuse_other_kinds(sniffed)
        lost: Counter[str] = Counter()
        if sniffed.kind == "dwg":
            sniffed, data, lost = as_dxf(sniffed, data, compiled, limits, encoding)
            source = replace(source, encoding=sniffed.encoding)
        doc, plain, note = opened(path, sniffed, data)
        del data
        clock.lap("read")
        notes = Notes() if index else None
        hand = Draughtsman(doc, limits, time.monotonic() + limits.wall * 0.8, plain, notes)
        layouts = drawn_layouts(doc, hand, limits)
        clock.lap("draw")
        hand.skipped.update(lost)
        if not layouts:
            raise _nothing(hand.skipped, hand.budget.cycles, source.kind)
        desk = Desk(doc, hand, limits, out, name)
        sheets = _put(desk, layouts, plot)
        if notes is not None:
            notes.write(out, [(drawn.name, drawn.layout.block_record_name) for drawn in layouts])
        clock.lap("emit")
    except Refused as refusal:
        return Rendering("refused", refusal.reason, refusal.message, source, version, timings=clock.times())
    return _answer(source, version, sheets, hand.skipped, lost.total(), note, _references(doc), clock.times())


def _pages(  # noqa: PLR0913 - the parts of an order
    path: Path, out: Path, source: Source, version: str, limits: Limits, name: str, plot: Plot | None
) -> Rendering:
    # PDFium takes a fifth of a second to load, which no DXF shall pay.
    from portal.rendering.pdf import rendered_pdf  # noqa: PLC0415

    if plot is not None:
        raise Refused("plot-of-pdf")
    return rendered_pdf(path, out, source, version, limits, name)


def _put(desk: Desk, layouts: list[Drawn], plot: Plot | None) -> tuple[Sheet, ...]:
    if plot is None:
        return tuple(desk.write(drawn, number) for number, drawn in enumerate(layouts))
    if not 0 <= plot.sheet < len(layouts):
        raise Refused("plot-no-sheet", count=len(layouts))
    desk.plot(layouts[plot.sheet], plot)
    return ()


def _answer(  # noqa: PLR0913 - the parts of the answer
    source: Source,
    version: str,
    sheets: tuple[Sheet, ...],
    skipped: Counter[str],
    unread: int,
    note: str,
    references: tuple[str, ...],
    timings: dict[str, float],
) -> Rendering:
    outcome: Outcome = "drawn"
    reason = message = ""
    if skipped:
        total = sum(sheet.objects for sheet in sheets) + unread
        count = skipped.total()
        reason = "skipped"
        message = reasons.sentence(reason, total=max(total, count), count=count, types=reasons.listing(skipped))
    if note:
        reason, message = note, reasons.sentence(note) + (f" {message}" if message else "")
    if reason:
        outcome = "partial"
    return Rendering(outcome, reason, message, source, version, sheets, dict(skipped), references, timings)


def _nothing(skipped: Counter[str], cycles: set[str], kind: str) -> Refused:
    if cycles:
        return Refused("block-cycle", block=min(cycles))
    if skipped:
        return Refused("nothing-drawn", types=reasons.listing(skipped))
    # The reader of DWG files makes an empty drawing of a body that it does not understand.
    return Refused("damaged" if kind == "dwg" else "empty-drawing")


def _with_encoding(sniffed: Sniffed, encoding: str) -> Sniffed:
    return replace(sniffed, encoding=encoding)


def _references(doc: Entity) -> tuple[str, ...]:
    """List the files the drawing names. They are names for a person to read: nothing here opens one."""
    names: dict[str, None] = {}
    for block in doc.blocks:
        head = block.block
        if head is not None and head.dxf.get("flags", 0) & 0b1100 and head.dxf.get("xref_path", ""):
            names.setdefault(str(head.dxf.xref_path))
    for entity in doc.objects:
        if entity.dxftype() in {"IMAGEDEF", "PDFDEFINITION", "DWFDEFINITION", "DGNDEFINITION"}:
            names.setdefault(str(entity.dxf.get("filename", "")))
    names.pop("", None)
    clean = (name.encode("utf-8", "replace").decode() for name in names)
    return tuple(clean)[:MOST_REFERENCES]


class _Clock:
    """CPU seconds of each part; total is the whole process, imports included."""

    def __init__(self) -> None:
        self._times: dict[str, float] = {}
        self._last = time.process_time()

    def lap(self, part: str) -> None:
        here = time.process_time()
        self._times[part] = round(here - self._last, 4)
        self._last = here

    def times(self) -> dict[str, float]:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return {**self._times, "total": round(usage.ru_utime + usage.ru_stime, 4)}
