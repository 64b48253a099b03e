"""Invoice, credit note and statement of use as PDF, from what was kept with them: the same row gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.platypus import Flowable, LongTable, Spacer, Table, TableStyle

from portal.billing.forms import PAY_BY
from portal.billing.models import CreditNote, Invoice, Statement
from portal.billing.rules.explaining import Shown, column, span_words
from portal.billing.rules.terms import Totals
from portal.billing.usage_words import Held, Used
from portal.core import korea, money, pdf
from portal.core.pdf import BLUE, BOLD, INK, INK_2, LINE, MARGIN, REGULAR, WIDTH, About
from portal.core.supplier import Supplier

ROOM = WIDTH - 2 * MARGIN
GAP = 5 * mm
#: Texts longer than their column are set as paragraphs, which break; the others are drawn at once, which is fast.
SIZE = 8.5

Row = Sequence[str]


def invoice(row: Invoice) -> bytes:
    """The invoice as it was numbered."""
    supplier, customer = row.parties["supplier"], row.parties["customer"]
    facts = [
        ("청구번호", row.number or ""),
        ("청구일", _day(row.issued_on)),
        ("이용기간", span_words(row.period_from, row.period_to)),
        ("납부기한", _day(row.due_on)),
    ]
    lines = [
        (line.name, span_words(line.period_from, line.period_to), column(line.quantity), line.unit, f"{line.won:,}")
        for line in row.lines
    ]
    ways = [
        ("결제수단", PAY_BY[customer["pay_by"]]),
        ("입금계좌", supplier["bank_account"]),
        ("입금자명", f"회사 이름이나 청구번호({row.number})를 적어 주시면 바로 확인됩니다."),
        ("문의처", f"{supplier['phone']} · {supplier['email']}"),
    ]
    story = [
        *_head("청구서", customer, supplier, facts),
        _words_row("청구금액", money.words(row.total), money.won(row.total)),
        Spacer(1, GAP),
        _lines(("항목", "기간", "수량", "단위", "금액 (원)"), lines, (62, 42, 24, 18, 28), right=(2, 4)),
        _foot(row.supply, row.vat, row.total),
        Spacer(1, GAP),
        _facts(ways),
    ]
    return pdf.flow(_about("청구서", row.number or "", supplier), story)


def credit_note(note: CreditNote, lines: Iterable[tuple[str, int]]) -> bytes:
    """What takes an invoice back. `lines`: (name, won less than nothing)."""
    row = note.invoice
    supplier, customer = row.parties["supplier"], row.parties["customer"]
    facts = [
        ("수정번호", note.number),
        ("작성일", _day(note.issued_on)),
        ("당초 청구서", row.number or ""),
        ("이용기간", span_words(row.period_from, row.period_to)),
    ]
    ways = [
        ("취소 까닭", note.reason),
        ("처리", "이미 내신 금액이 있으면 내신 방법으로 돌려드립니다."),
        ("문의처", f"{supplier['phone']} · {supplier['email']}"),
    ]
    story = [
        *_head("수정 청구서", customer, supplier, facts),
        _words_row("취소금액", money.words(-note.total), money.won(-note.total)),
        Spacer(1, GAP),
        _lines(("항목", "금액 (원)"), [(name, f"{won:,}") for name, won in lines], (136, 38), right=(1,)),
        _foot(-note.supply, -note.vat, -note.total),
        Spacer(1, GAP),
        _facts(ways),
    ]
    return pdf.flow(_about("수정 청구서", note.number, supplier), story)


def statement(  # noqa: PLR0913 - what a statement shows
    row: Statement,
    company: str,
    supplier: Supplier,
    usage: Sequence[Used],
    seats: Sequence[Held],
    lines: Sequence[Shown],
    foot: Totals,
) -> bytes:
    """What was used in a period, and how each amount came about."""
    facts = [
        ("이용기간", span_words(row.period_from, row.period_to)),
        ("계산일", korea.long_date_words(row.rated_at)),
        ("명세서", f"{row.period_from:%Y-%m}-{row.digest[:8]}"),
    ]
    used = [(use.name, use.note, use.quantity, use.unit, f"{use.events:,}") for use in usage]
    held = [(seat.name, f"{seat.days:,}") for seat in seats]
    amounts = [(line.name, "\n".join(line.sentences), f"{line.won:,}") for line in lines]
    story = [
        *_head("이용명세서", {"name": company}, supplier.as_dict(), facts),
        *_part("쓴 양", ("항목", "", "수량", "단위", "횟수"), used, (56, 34, 34, 22, 28), (2, 4)),
        *_part("이용권", ("사람", "날수 (일)"), held, (136, 38), (1,)),
        *_part("금액", ("항목", "셈", "금액 (원)"), amounts, (36, 108, 30), (2,)),
        _foot(foot.supply, foot.vat, foot.total),
    ]
    return pdf.flow(_about("이용명세서", f"{company} {row.period_from:%Y-%m}", supplier.as_dict()), story)


# ----- parts ---------------------------------------------------------------------------------------------------------


def _about(kind: str, number: str, supplier: dict[str, Any]) -> About:
    return About(f"{kind} {number}", supplier["name"], f"{supplier['name']} · {kind} {number}")


def _day(day: Any) -> str:  # noqa: ANN401 - a date, or none on a row that is not numbered
    return korea.long_date_words(day) if day else ""


def _head(
    title: str, customer: dict[str, Any], supplier: dict[str, Any], facts: Sequence[tuple[str, str]]
) -> list[Flowable]:
    """The title, for whom it is, from whom, and the facts beside it."""
    to = [_cell(f"{customer['name']} 귀중", ROOM / 2 - 8 * mm, 12, bold=True)]
    if "business_number" in customer:
        to += [
            _cell(f"사업자등록번호 {korea.business_number_words(customer['business_number'])}", ROOM / 2 - 8 * mm),
            _cell(f"대표자 {customer['ceo']}", ROOM / 2 - 8 * mm),
            _cell(customer["address"], ROOM / 2 - 8 * mm),
            _cell(f"담당 {customer['contact_name']} · {', '.join(customer['emails'])}", ROOM / 2 - 8 * mm),
        ]
    seller = [
        ("공급자", supplier["name"]),
        ("등록번호", korea.business_number_words(supplier["business_number"])),
        ("대표자", supplier["ceo"]),
        ("주소", supplier["address"]),
    ]
    left = Table([[cell] for cell in to], colWidths=[ROOM / 2 - 8 * mm], style=_TIGHT, hAlign="LEFT")
    right = Table(
        [[label, _cell(value, ROOM / 2 - 22 * mm)] for label, value in (*facts, *seller)],
        colWidths=[20 * mm, ROOM / 2 - 20 * mm],
        style=_FACTS,
    )
    head = Table([[title, supplier["name"]]], colWidths=[ROOM / 2, ROOM / 2], style=_TITLE)
    return [head, Spacer(1, GAP), Table([[left, right]], colWidths=[ROOM / 2, ROOM / 2], style=_PAIR), Spacer(1, GAP)]


def _words_row(label: str, words: str, won: str) -> Table:
    return Table([[label, words, won]], colWidths=[24 * mm, ROOM - 64 * mm, 40 * mm], style=_SUM)


def _part(title: str, head: Row, rows: Sequence[Row], widths: Sequence[int], right: Sequence[int]) -> list[Flowable]:
    if not rows:
        return []
    return [
        pdf.words(title, 10, bold=True),
        Spacer(1, 1.5 * mm),
        _lines(head, rows, widths, right=right),
        Spacer(1, GAP),
    ]


def _lines(head: Row, rows: Sequence[Row], widths: Sequence[int], *, right: Sequence[int]) -> LongTable:
    """A ruled table whose head stands on every page. `widths` in mm."""
    columns = [width * mm for width in widths]
    body = [[cell if n in right else _cell(cell, columns[n] - 4 * mm) for n, cell in enumerate(row)] for row in rows]
    style = TableStyle([("ALIGN", (n, 0), (n, -1), "RIGHT") for n in right], parent=_RULED)
    return LongTable([list(head), *body], colWidths=columns, repeatRows=1, style=style)


def _foot(supply: int, vat: int, total: int) -> Table:
    rows = [["공급가액", f"{supply:,}"], ["부가세 (10%)", f"{vat:,}"], ["합계", f"{total:,}"]]
    return Table(rows, colWidths=[30 * mm, 34 * mm], style=_FOOT, hAlign="RIGHT", splitByRow=0)


def _facts(rows: Sequence[tuple[str, str]]) -> Table:
    cells = [[label, _cell(value, ROOM - 26 * mm)] for label, value in rows]
    return Table(cells, colWidths=[24 * mm, ROOM - 24 * mm], style=_FACTS)


def _cell(text: str, width: float, size: float = SIZE, *, bold: bool = False) -> Any:  # noqa: ANN401 - a text or a paragraph
    """Text as it is where it fits on one line, as a paragraph where it must break."""
    pdf.prepare()
    fits = "\n" not in text and pdfmetrics.stringWidth(text, BOLD if bold else REGULAR, size) <= width
    return text if fits and not bold else pdf.words(text, size, bold=bold)


def _style(*commands: tuple[Any, ...]) -> TableStyle:
    base = [
        ("FONT", (0, 0), (-1, -1), REGULAR, SIZE, SIZE * 1.45),
        ("TEXTCOLOR", (0, 0), (-1, -1), INK),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 2 * mm),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2 * mm),
        ("TOPPADDING", (0, 0), (-1, -1), 1.3 * mm),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.3 * mm),
    ]
    return TableStyle([*base, *commands])


_BARE = [("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 0)]
_TIGHT = _style(*_BARE, ("TOPPADDING", (0, 0), (-1, -1), 0.6 * mm), ("BOTTOMPADDING", (0, 0), (-1, -1), 0.6 * mm))
_PAIR = _style(*_BARE, ("TOPPADDING", (0, 0), (-1, -1), 0), ("BOTTOMPADDING", (0, 0), (-1, -1), 0))
_TITLE = _style(
    *_BARE,
    ("FONT", (0, 0), (0, 0), BOLD, 22, 26),
    ("FONT", (1, 0), (1, 0), BOLD, 11, 14),
    ("ALIGN", (1, 0), (1, 0), "RIGHT"),
    ("VALIGN", (0, 0), (-1, -1), "BOTTOM"),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3 * mm),
    ("LINEBELOW", (0, 0), (-1, -1), 1.2, INK),
)
_FACTS = _style(
    ("TEXTCOLOR", (0, 0), (0, -1), INK_2),
    ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
    ("TOPPADDING", (0, 0), (-1, -1), 0.9 * mm),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 0.9 * mm),
)
_SUM = _style(
    ("BOX", (0, 0), (-1, -1), 0.8, INK),
    ("FONT", (0, 0), (1, 0), REGULAR, 10, 14),
    ("FONT", (2, 0), (2, 0), BOLD, 14, 18),
    ("TEXTCOLOR", (2, 0), (2, 0), BLUE),
    ("ALIGN", (2, 0), (2, 0), "RIGHT"),
    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ("TOPPADDING", (0, 0), (-1, -1), 2.2 * mm),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2.8 * mm),
)
_RULED = _style(
    ("TEXTCOLOR", (0, 0), (-1, 0), INK_2),
    ("LINEABOVE", (0, 0), (-1, 0), 0.8, INK),
    ("LINEBELOW", (0, 0), (-1, 0), 0.4, INK),
    ("LINEBELOW", (0, 1), (-1, -1), 0.3, LINE),
)
_FOOT = _style(
    ("ALIGN", (1, 0), (1, -1), "RIGHT"),
    ("TEXTCOLOR", (0, 0), (0, 1), INK_2),
    ("LINEABOVE", (0, 2), (-1, 2), 0.8, INK),
    ("FONT", (0, 2), (-1, 2), BOLD, 10.5, 15),
)
