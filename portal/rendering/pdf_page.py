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


def _lines(text: Page, paper: Matrix) -> Iterator[Line]:
    run: _Run | None = None
    for at in range(min(text.count_chars(), LETTERS)):
        code = raw.FPDFText_GetUnicode(text, at)
        letter = chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "�"  # noqa: PLR2004
        if raw.FPDFText_IsGenerated(text, at) == 1:
            # A space that PDFium found between words has no place of its own; a new line ends this one.
            if run is not None and letter == " ":
                run.text += letter
            elif run is not None:
                if line := run.line():
                    yield line
                run = None
            continue
        placed = _placed(text, at, letter, paper)
        if placed is None or (run is not None and run.takes(placed)):
            continue
        if run is not None and (line := run.line()):
            yield line
        run = _Run(placed) if placed.text.strip() else None
    if run is not None and (line := run.line()):
        yield line


def _placed(text: Page, at: int, letter: str, paper: Matrix) -> _Letter | None:
    x, y = ctypes.c_double(), ctypes.c_double()
    turned, box = raw.FS_MATRIX(), raw.FS_RECTF()
    if not raw.FPDFText_GetCharOrigin(text, at, ctypes.byref(x), ctypes.byref(y)):
        return None
    if not raw.FPDFText_GetMatrix(text, at, ctypes.byref(turned)):
        return None
    a, b, c, d = paper[:4]
    along = (a * turned.a + c * turned.b, b * turned.a + d * turned.b)
    up = (a * turned.c + c * turned.d, b * turned.c + d * turned.d)
    size = raw.FPDFText_GetFontSize(text, at) * math.hypot(*up)
    if not size > 0:
        return None
    here = apply(paper, x.value, y.value)
    advance = width(letter, size * CAP)
    angle = math.atan2(along[1], along[0])
    if raw.FPDFText_GetLooseCharBox(text, at, ctypes.byref(box)) and _straight(angle):
        (x0, y0), (x1, y1) = apply(paper, box.left, box.bottom), apply(paper, box.right, box.top)
        advance = abs(x1 - x0) if abs(math.cos(angle)) > 0.5 else abs(y1 - y0)  # noqa: PLR2004 - lying or standing
    return _Letter(letter, *here, size, angle, advance)


def _straight(angle: float) -> bool:
    """Whether letters lie or stand: then the box around one is as long as the letter is wide."""
    return abs(math.remainder(angle, math.pi / 2)) < 0.01  # noqa: PLR2004 - half a degree
