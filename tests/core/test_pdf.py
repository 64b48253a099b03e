"""PDFs carry their font, and their Korean can be found and copied."""

from __future__ import annotations

import pypdfium2

from portal.core import pdf

ABOUT = pdf.About("청구서 2026-000001", "도면실", "도면실 · 청구서 2026-000001")


def _pages(made: bytes) -> list[str]:
    with pypdfium2.PdfDocument(made) as document:
        return [page.get_textpage().get_text_range() for page in document]


def test_rare_syllables_and_signs_are_found_in_the_text() -> None:
    made = pdf.flow(ABOUT, [pdf.words("㈜똠방각하 쀍 1,234,567원 <b>&amp;</b>"), pdf.words("가나다 " * 2000)])
    pages = _pages(made)
    assert len(pages) > 1
    assert "㈜똠방각하 쀍 1,234,567원 <b>&amp;</b>" in pages[0]
    assert "2쪽" in pages[1]
    assert "청구서 2026-000001" in pages[1]


def test_the_same_document_has_the_same_bytes() -> None:
    assert pdf.flow(ABOUT, [pdf.words("같음")]) == pdf.flow(ABOUT, [pdf.words("같음")])
    assert pdf.sheet(ABOUT, lambda canvas: canvas.drawString(9, 9, "x")) == pdf.sheet(
        ABOUT, lambda canvas: canvas.drawString(9, 9, "x")
    )
