"""One page of a PDF, read with PDFium: its size on paper, its picture in strips, and its letters as lines of text.

Coordinates are millimetres on paper with y upwards, as the page is seen: turned by its /Rotate, cut to its crop box.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pypdfium2
from pypdfium2 import raw

from portal.rendering.letters import CAP, clean, width
from portal.rendering.shapes import Matrix, apply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image

MILLIMETRES: Final = 25.4 / 72
"""A point, the unit of PDF."""
SMALLEST, LARGEST = 1.0, 200_000.0
"""Sides of a page that we draw, in points: from a third of a millimetre to 70 m of plotter paper."""
DPI: Final = 200
PAGE_PIXELS: Final = 32_000_000
"""An A1 sheet at 200 dpi; larger pages are drawn with fewer dots to the inch."""
SIDE_PIXELS: Final = 30_000
STRIP_PIXELS: Final = 8_000_000
LETTERS: Final = 60_000
LONGEST: Final = 2_000
FINE: Final = 1_000_000
GAP, DROP, BACK = 2.5, 0.4, -0.6
"""Where a line of text ends, in letter heights: a gap along it, a step beside it, a step back."""

LYING, STANDING = 1, 2

Page = Any
"""A pypdfium2.PdfPage: the package has no types."""


@dataclass(frozen=True, slots=True)
class Line:
    """A run of letters on one baseline: where it begins, its size in em, its angle in degrees and its length, in mm."""

    text: str
    x: float
    y: float
    size: float
    angle: float
    length: float


@dataclass(frozen=True, slots=True)
class Format:
    """A page in points, and in pixels as it is drawn in full."""

    width: float
    height: float
    across: int
    down: int

    @property
    def paper(self) -> tuple[float, float]:
        """Width and height in millimetres."""
        return self.width * MILLIMETRES, self.height * MILLIMETRES

    @property
    def pixels(self) -> int:
        """Dots in the whole picture."""
        return self.across * self.down

    def within(self, pixels: float, side: float) -> tuple[int, int]:
        """Pixels across and down for a coarser picture: at most `pixels` dots, no side longer than `side`."""
        part = min(1.0, math.sqrt(pixels / self.pixels), side / max(self.across, self.down))
        return max(1, round(self.across * part)), max(1, round(self.down * part))


def format_of(page: Page) -> Format | None:
    """Measure a page; None for one of no size or beyond any plotter's paper."""
    wide, high = page.get_size()
    if not (SMALLEST <= wide <= LARGEST and SMALLEST <= high <= LARGEST):
        return None
    scale = min(DPI / 72, math.sqrt(PAGE_PIXELS / (wide * high)), SIDE_PIXELS / max(wide, high))
    return Format(wide, high, max(1, round(wide * scale)), max(1, round(high * scale)))


def picture(page: Page, across: int, down: int, top: int = 0, rows: int | None = None) -> Image:
    """Draw a page `across` by `down` pixels large, of it only the `rows` from `top`; white where nothing is.

    Raises PdfiumError when there is no memory for the picture.
    """
    rows = down - top if rows is None else rows
    bitmap = pypdfium2.PdfBitmap.new_native(across, rows, raw.FPDFBitmap_BGRx, rev_byteorder=True)
    try:
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, across, rows)
        flags = raw.FPDF_ANNOT | raw.FPDF_REVERSE_BYTE_ORDER
        raw.FPDF_RenderPageBitmap(bitmap, page, 0, -top, across, down, 0, flags)
        drawn: Image = bitmap.to_pil().convert("RGB")
    finally:
        bitmap.close()
    return drawn


def lines_of(page: Page, format_: Format) -> list[Line]:
    """Read the letters of a page as lines; at most 60,000 letters, since more cannot be read on one sheet."""
    text = page.get_textpage()
    try:
        return list(_lines(text, _onto_paper(page, format_)))
    finally:
        text.close()


def _onto_paper(page: Page, format_: Format) -> Matrix:
    """The map from a page's own coordinates to millimetres on the page as it is seen."""
    fine = FINE / max(format_.width, format_.height)
    wide, high = round(format_.width * fine), round(format_.height * fine)
    step = MILLIMETRES / fine
    x, y = ctypes.c_int(), ctypes.c_int()

    def at(px: float, py: float) -> tuple[float, float]:
        raw.FPDF_PageToDevice(page, 0, 0, wide, high, 0, px, py, ctypes.byref(x), ctypes.byref(y))
        return x.value * step, (high - y.value) * step

    # A long stride, since PDFium gives whole dots.
    stride = max(format_.width, format_.height)
    (ox, oy), (ax, ay), (bx, by) = at(0, 0), at(stride, 0), at(0, stride)
    return (ax - ox) / stride, (ay - oy) / stride, (bx - ox) / stride, (by - oy) / stride, ox, oy


@dataclass(slots=True)
class _Letter:
    text: str
    x: float
    y: float
    size: float
    angle: float
    advance: float


class _Run:
    """Letters of one line, until one is somewhere else."""

    def __init__(self, first: _Letter) -> None:
        self.first = self.last = first
        self.text = first.text
        self._along = (math.cos(first.angle), math.sin(first.angle))

    def takes(self, letter: _Letter) -> bool:
        """Add a letter that follows on this line; False when it does not."""
        size = self.first.size
        if abs(letter.size - size) > 0.05 * size or len(self.text) >= LONGEST:
            return False
        turn = math.remainder(letter.angle - self.first.angle, math.tau)
        along, beside = self._from(self.last, letter)
        ahead = along - self.last.advance
        if abs(turn) > 0.01 or abs(beside) > DROP * size or not BACK * size <= ahead <= GAP * size:  # noqa: PLR2004
            return False
        self.text += letter.text
        self.last = letter
        return True

    def line(self) -> Line | None:
        """These letters as a line; None when there is nothing to read."""
        text = clean(self.text).rstrip()
        first = self.first
        length = self._from(first, self.last)[0] + self.last.advance
        if not text.strip() or not math.isfinite(first.x + first.y + length) or length <= 0:
            return None
        return Line(text, first.x, first.y, first.size, math.degrees(first.angle), length)

    def _from(self, one: _Letter, other: _Letter) -> tuple[float, float]:
        dx, dy = other.x - one.x, other.y - one.y
        cosine, sine = self._along
        return dx * cosine + dy * sine, dy * cosine - dx * sine


class _Letters:
    """Reads one letter after the other; what PDFium writes into is made once, since a page may have 60,000."""

    def __init__(self, text: Page, paper: Matrix) -> None:
        self._text = text.raw
        self._paper = paper
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self._turned, self._box = raw.FS_MATRIX(), raw.FS_RECTF()
        self._origin = ctypes.byref(self._x), ctypes.byref(self._y)
        self._matrix, self._around = ctypes.byref(self._turned), ctypes.byref(self._box)
        self._sets: dict[tuple[float, ...], tuple[float, float, int]] = {}

    def generated(self, at: int) -> bool:
        """Whether PDFium found this letter between others: a space or a new line."""
        return bool(raw.FPDFText_IsGenerated(self._text, at) == 1)

    def letter(self, at: int) -> str:
        """The letter itself, or the sign for one nobody knows."""
        code = raw.FPDFText_GetUnicode(self._text, at)
        return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "�"  # noqa: PLR2004

    def owner(self, at: int) -> int:
        """The text object that a letter belongs to, 0 for none."""
        found = raw.FPDFText_GetTextObject(self._text, at)
        return ctypes.addressof(found.contents) if found else 0

    def reach(self, run: _Run | None, tail: int) -> None:
        """Let a run end with the letter `tail`, which it has taken unplaced."""
        placed = self.placed(tail, self.letter(tail)) if run is not None else None
        if run is not None and placed is not None:
            run.last = placed

    def ended(self, run: _Run | None, tail: int) -> Iterator[Line]:
        """The line of a run that ends with the letter `tail`."""
        self.reach(run, tail)
        line = run.line() if run is not None else None
        if line is not None:
            yield line

    def placed(self, at: int, letter: str) -> _Letter | None:
        """The letter with its place on paper; None when it has none."""
        text, turned, box = self._text, self._turned, self._box
        if not raw.FPDFText_GetCharOrigin(text, at, *self._origin) or not raw.FPDFText_GetMatrix(
            text, at, self._matrix
        ):
            return None
        key = (raw.FPDFText_GetFontSize(text, at), turned.a, turned.b, turned.c, turned.d)
        size, angle, lies = self._sets.get(key) or self._set(key)
        if not size > 0:
            return None
        if lies and raw.FPDFText_GetLooseCharBox(text, at, self._around):
            (x0, y0), (x1, y1) = apply(self._paper, box.left, box.bottom), apply(self._paper, box.right, box.top)
            advance = abs(x1 - x0) if lies == LYING else abs(y1 - y0)
        else:
            advance = width(letter, size * CAP)
        return _Letter(letter, *apply(self._paper, self._x.value, self._y.value), size, angle, advance)

    def _set(self, key: tuple[float, ...]) -> tuple[float, float, int]:
        """Size in mm, angle, and whether letters lie or stand: then the box around one is as long as it is wide."""
        font, ta, tb, tc, td = key
        a, b, c, d = self._paper[:4]
        size = font * math.hypot(a * tc + c * td, b * tc + d * td)
        angle = math.atan2(b * ta + d * tb, a * ta + c * tb)
        straight = abs(math.remainder(angle, math.pi / 2)) < 0.01  # noqa: PLR2004 - half a degree
        lies = (LYING if abs(math.cos(angle)) > 0.5 else STANDING) if straight else 0  # noqa: PLR2004
        found = self._sets[key] = size, angle, lies
        return found


def _lines(text: Page, paper: Matrix) -> Iterator[Line]:
    letters = _Letters(text, paper)
    run: _Run | None = None
    tail = thing = 0
    for at in range(min(text.count_chars(), LETTERS)):
        letter = letters.letter(at)
        if letter in " \r\n" and letters.generated(at):
            # A space that PDFium found between words has no place of its own; a new line ends this one.
            if run is not None and letter == " ":
                run.text += letter
            else:
                yield from letters.ended(run, tail)
                run = None
            continue
        owner = letters.owner(at)
        if run is not None and owner == thing and len(run.text) < LONGEST:
            # Of one text object only the first and the last letter need be placed.
            run.text += letter
            tail = at
            continue
        letters.reach(run, tail)
        placed = letters.placed(at, letter)
        if placed is None:
            continue
        if run is None or not run.takes(placed):
            yield from letters.ended(run, tail)
            run = _Run(placed) if placed.text.strip() else None
        tail, thing = at, owner
    yield from letters.ended(run, tail)
