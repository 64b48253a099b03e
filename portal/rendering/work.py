"""Renders one file from its bytes to its manifest. This runs inside the limited child process (cell.py)."""

from __future__ import annotations

import resource
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from portal.rendering import reasons
from portal.rendering.album import Album
from portal.rendering.draughtsman import Draughtsman
from portal.rendering.noting import Notes
from portal.rendering.opening import as_dxf, opened, refuse_other_kinds
from portal.rendering.paper import Plot
from portal.rendering.reasons import Refused
from portal.rendering.references import PLOT_STYLE, XREF, References
from portal.rendering.result import Limits, Outcome, Reference, Rendering, Sheet, Source
from portal.rendering.sheets import Desk, Drawn, drawn_layouts
from portal.rendering.sniff import Sniffed, sniff
from portal.rendering.xrefs import Xrefs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from portal.rendering.plot_styles import PlotStyles

UNUSABLE_STYLES = "플롯 스타일(CTB, STB) 파일이 아니거나 손상되었습니다."
FEW = 3
"""Names that fit into a sentence."""


def rendered(  # noqa: PLR0913 - the parts of an order
    path: Path,
    out: Path,
    version: str,
    limits: Limits,
    encoding: str | None,
    name: str = "",
    compiled: Path | None = None,
    plot: Plot | None = None,
    files: Mapping[str, str] | None = None,
    *,
    index: bool = False,
) -> Rendering:
    """Render `path` into `out`, or plot one sheet of it; every fault of the file is an answer, only one of ours raises.

    `compiled` is the machine code of the DWG reader, which is made anew without it; `files` are those that were found
    for the names in the drawing. `index` asks for the object index.
    """
    clock = _Clock()
    source = Source("unknown", "", "", 0, "")
    references = References(files)
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
        deadline = time.monotonic() + limits.wall * 0.8
        album = Album(references, limits)
        notes = Notes() if index else None
        hand = Draughtsman(doc, limits, deadline, plain, album, notes=notes)
        Xrefs(references, album, limits, deadline, compiled, source.sha256).attach(doc, hand)
        layouts = drawn_layouts(doc, hand, limits)
        clock.lap("draw")
        hand.skipped.update(lost)
        if not layouts:
            raise _nothing(hand.skipped, hand.budget.cycles, source.kind, references)
        desk = Desk(doc, hand, limits, out, name)
        shown = [(drawn.name, drawn.layout.block_record_name) for drawn in layouts]
        sheets = _put(desk, layouts, plot, references)
        if notes is not None:
            notes.write(out, shown)
        clock.lap("emit")
    except Refused as refusal:
        return Rendering(
            "refused", refusal.reason, refusal.message, source, version, (), {}, references.listed(), clock.times()
        )
    return _answer(source, version, sheets, hand.skipped, lost.total(), note, references.listed(), clock.times())


def _pages(  # noqa: PLR0913 - the parts of an order
    path: Path, out: Path, source: Source, version: str, limits: Limits, name: str, plot: Plot | None
) -> Rendering:
    # PDFium takes a fifth of a second to load, which no DXF shall pay.
    from portal.rendering.pdf import rendered_pdf  # noqa: PLC0415

    if plot is not None:
        raise Refused("plot-of-pdf")
    return rendered_pdf(path, out, source, version, limits, name)


def _put(desk: Desk, layouts: list[Drawn], plot: Plot | None, references: References) -> tuple[Sheet, ...]:
    if plot is None:
        # What is written is let go of: a sheet of a million objects is mostly numbers that nobody asks for again.
        return tuple(desk.write(layouts.pop(0), number) for number in range(len(layouts)))
    if not 0 <= plot.sheet < len(layouts):
        raise Refused("plot-no-sheet", count=len(layouts))
    desk.plot(layouts[plot.sheet], plot, _styles(plot, references))
    return ()


def _styles(plot: Plot, references: References) -> PlotStyles | None:
    """The plot styles that are asked for, when they were handed in and can be read."""
    file = references.file(plot.styles)
    if file is None:
        return None
    from portal.rendering.plot_styles import PlotStyles, Unusable  # noqa: PLC0415 - only plots need it

    try:
        return PlotStyles.read(file)
    except Unusable:
        references.unusable(PLOT_STYLE, plot.styles, UNUSABLE_STYLES)
        return None


def _answer(  # noqa: PLR0913 - the parts of the answer
    source: Source,
    version: str,
    sheets: tuple[Sheet, ...],
    skipped: Counter[str],
    unread: int,
    note: str,
    references: tuple[Reference, ...],
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


def _nothing(skipped: Counter[str], cycles: set[str], kind: str, references: References) -> Refused:
    if cycles:
        return Refused("block-cycle", block=min(cycles))
    if skipped:
        return Refused("nothing-drawn", types=reasons.listing(skipped))
    missing = [reference.name for reference in references.listed() if reference.kind == XREF and not reference.found]
    if missing:
        return Refused("references-missing", names=", ".join(missing[:FEW]))
    # The reader of DWG files makes an empty drawing of a body that it does not understand.
    return Refused("damaged" if kind == "dwg" else "empty-drawing")


def _with_encoding(sniffed: Sniffed, encoding: str) -> Sniffed:
    return replace(sniffed, encoding=encoding)


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
