"""PDF of the house: Pretendard embedded, one set of styles, a frame with page numbers. Every document is made with it.

ReportLab reads TrueType outlines only, so the whole TTF files are shipped; what a document does not use is left out of it.
Everything drawn stays text: it can be searched and copied.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph

FONTS = Path(__file__).resolve().parents[2] / "static" / "vendor" / "pretendard"
REGULAR, BOLD = "Pretendard", "Pretendard-SemiBold"
INK, INK_2, LINE, BLUE, RED = (HexColor(code) for code in ("#16202e", "#55606f", "#c9d0d8", "#1f5fbf", "#c0362c"))
MARGIN = 18 * mm
WIDTH, HEIGHT = A4


@cache
def prepare() -> None:
    """Load the fonts, once a process (160 ms)."""
    pdfmetrics.registerFont(TTFont(REGULAR, str(FONTS / "Pretendard-Regular.ttf")))
    pdfmetrics.registerFont(TTFont(BOLD, str(FONTS / "Pretendard-SemiBold.ttf")))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)


def style(size: float = 9, *, bold: bool = False, right: bool = False, colour: Color = INK) -> ParagraphStyle:
    """How a paragraph is set: `size` in points. Hangul breaks between any two syllables where a word is too long."""
    prepare()
    return ParagraphStyle(
        f"{size}{bold}{right}{colour}",
        fontName=BOLD if bold else REGULAR,
        fontSize=size,
        leading=size * 1.45,
        textColor=colour,
        wordWrap="CJK",
        **({"alignment": TA_RIGHT} if right else {}),
    )


def words(text: object, size: float = 9, *, bold: bool = False, right: bool = False, colour: Color = INK) -> Paragraph:
    """Plain text as a paragraph: nothing in it is markup, line breaks stay."""
    return Paragraph(escape(str(text)).replace("\n", "<br/>"), style(size, bold=bold, right=right, colour=colour))


@dataclass(frozen=True, slots=True)
class About:
    """What the file says of itself: title and author for readers' programs, the foot of every page."""

    title: str
    author: str
    foot: str = ""


def flow(about: About, story: Sequence[Flowable], *, decorate: Callable[[Canvas], None] | None = None) -> bytes:
    """A document of as many A4 pages as `story` needs, with `about.foot` and page numbers below. Returns the PDF.

    `decorate` draws on each page under the text. The same input gives the same bytes.
    """
    prepare()
    out = io.BytesIO()
    document = BaseDocTemplate(
        out,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=about.title,
        author=about.author,
        lang="ko-KR",
        invariant=1,
    )
    frame = Frame(MARGIN, MARGIN + 6 * mm, WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN - 6 * mm, 0, 0, 0, 0)

    def each_page(canvas: Canvas, _document: Any) -> None:  # noqa: ANN401 - ReportLab's own type
        if decorate is not None:
            decorate(canvas)
        canvas.setFont(REGULAR, 7.5)
        canvas.setFillColor(INK_2)
        canvas.drawString(MARGIN, MARGIN - 2 * mm, about.foot)
        canvas.drawRightString(WIDTH - MARGIN, MARGIN - 2 * mm, f"{canvas.getPageNumber()}쪽")

    document.addPageTemplates([PageTemplate("page", [frame], onPage=each_page)])
    document.build(list(story))
    return out.getvalue()


def sheet(about: About, draw: Callable[[Canvas], None]) -> bytes:
    """One A4 page that `draw` fills by itself, as a form is. The same input gives the same bytes."""
    prepare()
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1, lang="ko-KR")
    canvas.setTitle(about.title)
    canvas.setAuthor(about.author)
    draw(canvas)
    canvas.showPage()
    canvas.save()
    return out.getvalue()
