"""The tax invoice as its lawful form: two copies on one A4, red for the supplier's file and blue for the customer's.

Set from what was sent, so the form always says what the tax office has.
"""

from __future__ import annotations

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from portal.core import korea, pdf
from portal.core.pdf import BOLD, INK, REGULAR, About
from portal.taxinvoices.models import TaxInvoice
from portal.taxinvoices.rules import AMENDMENTS

COPIES = (("공급자 보관용", HexColor("#c0362c")), ("공급받는자 보관용", HexColor("#1f5fbf")))
LEFT, WIDTH_OF_FORM, ROW = 15 * mm, 180 * mm, 7.2 * mm
#: Below this nobody reads a cell; what is longer goes on in a second line.
SMALLEST = 6
#: Columns of the items in mm: month, day, item, spec, quantity, unit price, supply, tax, remark.
ITEMS = (9, 9, 50, 16, 14, 20, 26, 20, 16)
HEADS = ("월", "일", "품목", "규격", "수량", "단가", "공급가액", "세액", "비고")
ITEM_NAME, AMOUNTS = 2, frozenset({5, 6, 7})
BLANK_ROWS = 4


def form(paper: TaxInvoice) -> bytes:
    """Both copies of one tax invoice."""
    about = About(f"전자세금계산서 {paper.invoice.number}", str(paper.document["invoicer"]["CorpName"]))

    def draw(canvas: Canvas) -> None:
        for (label, colour), top in zip(COPIES, (pdf.HEIGHT - 14 * mm, pdf.HEIGHT / 2 - 8 * mm), strict=True):
            _Copy(canvas, paper, label, colour, top).draw()

    return pdf.sheet(about, draw)


class _Copy:
    """One copy, drawn downwards from `top`."""

    def __init__(self, canvas: Canvas, paper: TaxInvoice, label: str, colour: Color, top: float) -> None:
        self.canvas, self.paper, self.label, self.colour, self.y = canvas, paper, label, colour, top
        self.said = paper.document

    def draw(self) -> None:
        self.canvas.setStrokeColor(self.colour)
        self.canvas.setLineWidth(0.6)
        self._head()
        self._parties()
        self._sums()
        self._items()
        self._foot()

    def _head(self) -> None:
        amended = "수정" if self.paper.modify_code else ""
        self._text(LEFT, self.y, f"{amended}전자세금계산서", 15, BOLD, self.colour)
        self._text(LEFT + 62 * mm, self.y, f"({self.label})", 8, REGULAR, self.colour)
        number = self.paper.approval_number or ""
        self._text(LEFT + 108 * mm, self.y, f"승인번호 {number}", 8.5)
        self.y -= 4 * mm

    def _parties(self) -> None:
        rows = (
            ("등록번호", lambda party: korea.business_number_words(party["CorpNum"])),
            ("상호", lambda party: party["CorpName"]),
            ("성명", lambda party: party["CEOName"]),
            ("사업장", lambda party: party["Addr"]),
            ("업태", lambda party: party["BizType"]),
            ("종목", lambda party: party["BizClass"]),
        )
        half, tag, head = WIDTH_OF_FORM / 2, 8 * mm, 18 * mm
        for side, (title, name) in enumerate((("공급자", "invoicer"), ("공급받는자", "invoicee"))):
            x, y = LEFT + side * half, self.y
            self._box(x, y, tag, ROW * len(rows))
            self._down(x + tag / 2, y, title, ROW * len(rows))
            for label, value in rows:
                self._box(x + tag, y, head, ROW)
                self._box(x + tag + head, y, half - tag - head, ROW)
                self._in(x + tag, y, head, label, 8, colour=self.colour)
                self._in(x + tag + head, y, half - tag - head, str(value(self.said[name]) or ""), 8.5, centre=False)
                y -= ROW
        self.y -= ROW * len(rows)

    def _sums(self) -> None:
        code = self.paper.modify_code
        cells = (
            ("작성일자", f"{self.paper.write_date:%Y-%m-%d}", 30),
            ("공급가액", f"{self.paper.supply:,}", 45),
            ("세액", f"{self.paper.vat:,}", 40),
            ("수정사유", AMENDMENTS[code].word if code else "", 65),
        )
        x = LEFT
        for label, value, width in cells:
            self._box(x, self.y, width * mm, ROW)
            self._in(x, self.y, width * mm, label, 8, colour=self.colour)
            self._box(x, self.y - ROW, width * mm, ROW)
            self._in(x, self.y - ROW, width * mm, value, 9)
            x += width * mm
        self.y -= 2 * ROW
        self._box(LEFT, self.y, WIDTH_OF_FORM, ROW)
        self._in(LEFT, self.y, 16 * mm, "비고", 8, colour=self.colour)
        self._in(
            LEFT + 16 * mm, self.y, WIDTH_OF_FORM - 16 * mm, str(self.said.get("remark1") or ""), 8.5, centre=False
        )
        self.y -= ROW

    def _items(self) -> None:
        self._item_row(HEADS, 8, self.colour)
        rows = [
            (
                line["purchaseDT"][4:6], line["purchaseDT"][6:8], line["itemName"], line.get("spec") or "",
                line.get("qty") or "", line.get("unitCost") or "", _commas(line["supplyCost"]), _commas(line["tax"]),
                "",
            )
            for line in self.said["detailList"]
        ]  # fmt: skip
        for row in [*rows, *([("",) * len(ITEMS)] * (BLANK_ROWS - len(rows)))]:
            self._item_row(row, 8, INK)

    def _item_row(self, cells: tuple[str, ...], size: float, colour: Color) -> None:
        x = LEFT
        for index, (cell, width) in enumerate(zip(cells, ITEMS, strict=True)):
            self._box(x, self.y, width * mm, ROW)
            self._in(
                x,
                self.y,
                width * mm,
                cell,
                size,
                colour=colour,
                centre=index != ITEM_NAME,
                right=index in AMOUNTS and colour is INK,
            )
            x += width * mm
        self.y -= ROW

    def _foot(self) -> None:
        cells = (("합계금액", f"{self.paper.total:,}"), ("현금", ""), ("수표", ""), ("어음", ""), ("외상미수금", ""))
        width = 29 * mm
        x = LEFT
        for label, value in cells:
            self._box(x, self.y, width, ROW)
            self._box(x, self.y - ROW, width, ROW)
            self._in(x, self.y, width, label, 8, colour=self.colour)
            self._in(x, self.y - ROW, width, value, 9)
            x += width
        rest = WIDTH_OF_FORM - 5 * width
        self._box(x, self.y, rest, 2 * ROW)
        self._text(x + 3 * mm, self.y - ROW - 1 * mm, f"이 금액을 ({self.paper.purpose})함", 9.5, BOLD)

    def _box(self, x: float, y: float, width: float, height: float) -> None:
        self.canvas.rect(x, y - height, width, height)

    def _in(  # noqa: PLR0913 - where and how a cell's text stands
        self,
        x: float,
        y: float,
        width: float,
        text: str,
        size: float,
        *,
        colour: Color = INK,
        centre: bool = True,
        right: bool = False,
    ) -> None:
        room = width - 3 * mm
        while size > SMALLEST and pdfmetrics.stringWidth(text, REGULAR, size) > room:
            size -= 0.5
        lines = simpleSplit(text, REGULAR, size, room)[:2] if text else [""]
        if len(lines) == 1 and pdfmetrics.stringWidth(text, REGULAR, size) > room:  # a name without a space
            lines = [text[: len(text) // 2], text[len(text) // 2 :]]
        base = y - ROW / 2 - size * 0.35 + (len(lines) - 1) * size * 0.55
        self.canvas.setFont(REGULAR, size)
        self.canvas.setFillColor(colour)
        for line in lines:
            if right:
                self.canvas.drawRightString(x + width - 1.5 * mm, base, line)
            elif centre:
                self.canvas.drawCentredString(x + width / 2, base, line)
            else:
                self.canvas.drawString(x + 1.5 * mm, base, line)
            base -= size * 1.1

    def _down(self, x: float, y: float, text: str, height: float) -> None:
        self.canvas.setFont(BOLD, 8.5)
        self.canvas.setFillColor(self.colour)
        pitch = height / (len(text) + 1)
        for number, letter in enumerate(text, 1):
            self.canvas.drawCentredString(x, y - number * pitch - 3, letter)

    def _text(self, x: float, y: float, text: str, size: float, font: str = REGULAR, colour: Color = INK) -> None:  # noqa: PLR0913
        self.canvas.setFont(font, size)
        self.canvas.setFillColor(colour)
        self.canvas.drawString(x, y, text)


def _commas(number: str) -> str:
    return f"{int(number):,}"
