"""Renders a PDF: each page becomes a sheet. This runs inside the limited child process (cell.py).

All pages are drawn coarsely first, then each in full, so that a file that costs too much still shows something. PDFium
cannot be stopped while it draws: so a thread watches the time and the memory of this process, and when they are used
up it writes the answer for what is there and ends the process. A crash of PDFium leaves the answer written last.
"""

from __future__ import annotations

import gc
import os
import resource
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pypdfium2
from pypdfium2 import raw

from portal.rendering import reasons
from portal.rendering.pdf_damage import broken, cut
from portal.rendering.pdf_page import Page, format_of
from portal.rendering.pdf_sheet import PageSheet
from portal.rendering.reasons import Refused
from portal.rendering.result import Outcome, Rendering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portal.rendering.result import Limits, Sheet, Source

MOST_PAGES: Final = 50
PIXELS: Final = 260_000_000
"""Dots of all pages drawn in full: eight sheets of A1, or fifty pages of A4."""
COARSE_PART, FULL_PART, WATCH_PART = 0.25, 0.4, 0.6
"""No page is begun after the first part of the CPU time, no page in full after the second; at the third part of the wall
clock, 17 s, all ends. CPU time, so that a busy machine does not cut a book short that an idle one shows whole."""
MEMORY_PART: Final = 0.6
LOOK_SECONDS: Final = 0.02
LOCKED: Final = frozenset({raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY})


@dataclass(slots=True)
class _Book:
    """What is known of a file so far; the watch reads it from its own thread at any moment."""

    source: Source
    version: str
    pages: int = 0
    sheets: dict[int, Sheet] = field(default_factory=dict)
    coarse: set[int] = field(default_factory=set)
    failed: int = 0
    damaged: bool = False
    all_blank: bool = True

    def answer(self, stopped: str = "") -> Rendering:
        """The answer as it stands; `stopped` is why no more was drawn."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        timings = {"total": round(usage.ru_utime + usage.ru_stime, 4)}
        sheets = tuple(self.sheets[number] for number in sorted(self.sheets))
        if not sheets or (self.damaged and self.all_blank):
            reason, values = self._refusal(stopped, some=bool(sheets))
            return Rendering(
                "refused", reason, reasons.sentence(reason, **values), self.source, self.version, timings=timings
            )
        notes = self._notes(len(sheets))
        outcome: Outcome = "partial" if notes else "drawn"
        reason = notes[0][0] if notes else ""
        message = " ".join(reasons.sentence(code, **values) for code, values in notes)
        return Rendering(outcome, reason, message, self.source, self.version, sheets, timings=timings)

    def _refusal(self, stopped: str, *, some: bool) -> tuple[str, dict[str, Any]]:
        if some or (self.damaged and not stopped):
            return "pdf-lost", {}
        if stopped:
            return f"pdf-{stopped}", {}
        return ("pdf-page-size" if self.failed else "pdf-empty"), {}

    def _notes(self, shown: int) -> list[tuple[str, dict[str, Any]]]:
        left = self.pages - shown - self.failed
        notes: list[tuple[str, dict[str, Any]]] = []
        if self.damaged:
            notes.append(("pdf-recovered", {}))
        if left > 0:
            notes.append(("pdf-pages", {"total": self.pages, "shown": shown, "left": left}))
        if self.failed:
            notes.append(("pdf-skipped", {"total": self.pages, "count": self.failed}))
        if self.coarse:
            notes.append(("pdf-coarse", {"count": len(self.coarse)}))
        return notes


def rendered_pdf(  # noqa: PLR0913 - the parts of an order
    path: Path, out: Path, source: Source, version: str, limits: Limits, name: str
) -> Rendering:
    """Render the pages of `path` into `out`; raises Refused when it cannot be opened."""
    started = time.monotonic()
    book = _Book(source, version)
    with _watched(book, out, limits, started), _opened(path) as document:
        book.pages = len(document)
        if not book.pages:
            raise Refused("pdf-empty")
        whole = raw.FPDF_DocumentHasValidCrossReferenceTable(document)
        encrypted = raw.FPDF_GetSecurityHandlerRevision(document) >= 0
        book.damaged = not whole or cut(path) or (not encrypted and broken(path))
        kept = _coarsely(document, book, out, name, limits.cpu * COARSE_PART)
        book.answer().write(out)
        _in_full(document, book, kept, out, name, limits.cpu * FULL_PART)
    return book.answer()


def _coarsely(document: Page, book: _Book, out: Path, name: str, until: float) -> list[PageSheet]:
    kept: list[PageSheet] = []
    for number in range(min(book.pages, MOST_PAGES)):
        if time.process_time() > until and book.sheets:
            break
        try:
            with _page(document, number) as page:
                format_ = format_of(page)
                if format_ is None:
                    book.failed += 1
                    continue
                one = PageSheet(page, format_, number, raw.FPDFPage_CountObjects(page))
                sheet = one.write_base(page, out, name)
        except pypdfium2.PdfiumError:
            book.failed += 1
            continue
        book.coarse.add(number)
        kept.append(one)
        book.all_blank = book.all_blank and one.blank
        book.sheets[number] = sheet
        if number & (number + 1) == 0:
            # After 1, 2, 4, 8 ... pages, so that writing it again and again stays cheap.
            book.answer().write(out)
        gc.collect()
    return kept


def _in_full(  # noqa: PLR0913 - a page's way onto a sheet
    document: Page, book: _Book, kept: list[PageSheet], out: Path, name: str, until: float
) -> None:
    dots = 0
    for one in kept:
        dots += one.format.pixels
        if dots > PIXELS or time.process_time() > until:
            return
        with _page(document, one.number) as page:
            book.sheets[one.number] = one.write_full(page, out, name)
        book.coarse.discard(one.number)


@contextmanager
def _opened(path: Path) -> Iterator[Page]:
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        # PDFium opens no file without pages, and calls it a success.
        reason = {raw.FPDF_ERR_SUCCESS: "pdf-empty"}.get(error.err_code, "pdf-damaged")
        raise Refused("pdf-locked" if error.err_code in LOCKED else reason) from error
    try:
        yield document
    finally:
        document.close()


@contextmanager
def _page(document: Page, number: int) -> Iterator[Page]:
    page = document[number]
    try:
        yield page
    finally:
        page.close()


@contextmanager
def _watched(book: _Book, out: Path, limits: Limits, started: float) -> Iterator[None]:
    """End the process with the answer so far when the time or the memory for a PDF is used up."""
    over = threading.Event()
    until, most = started + limits.wall * WATCH_PART, limits.memory * MEMORY_PART

    def watch() -> None:
        while not over.wait(LOOK_SECONDS):
            stopped = "time" if time.monotonic() > until else "memory" if _resident() > most else ""
            if stopped:
                book.answer(stopped).write(out)
                os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE")
