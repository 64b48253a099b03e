"""The documents of billing say in findable Korean what the rows hold, on one page where it fits, and always alike."""

from __future__ import annotations

import pypdfium2
import pytest

from portal.billing import pdf
from tests.billing import papers


def pages(made: bytes) -> list[str]:
    with pypdfium2.PdfDocument(made) as document:
        return [page.get_textpage().get_text_range() for page in document]


def test_an_invoice_says_everything_a_payer_needs_on_one_page() -> None:
    (text,) = pages(pdf.invoice(papers.invoice(10)))
    for words in (
        "청구서",
        "2026-000042",
        "2026년 11월 3일",
        "2026년 11월 17일",
        "2026.10.01~10.31",
        "㈜똠방건설 귀중",
        "124-81-00998",
        "이용권 10",
        "10,000",
        "1,000",
        "11,000원",
        "일금 일만일천원정",
        "계좌 입금",
        papers.SUPPLIER.bank_account,
        papers.SUPPLIER.phone,
        "116-81-99995",
        "1쪽",
    ):
        assert words in text, words


def test_a_long_invoice_goes_on_with_its_head_and_keeps_its_foot_together() -> None:
    found = pages(pdf.invoice(papers.invoice(200)))
    assert len(found) > 3
    assert all("항목" in page for page in found if "이용권 " in page)
    assert sum("220,000" in page for page in found if "공급가액" in page) == 1
    assert [page for page in found if "공급가액" in page] == [page for page in found if "합계" in page]


@pytest.mark.parametrize("letters", [60, 100])
def test_a_name_of_many_syllables_breaks_instead_of_leaving_the_page(letters: int) -> None:
    row = papers.invoice(2, name="가나다라마바사" * (letters // 7), customer="하" * letters)
    text = "".join(pages(pdf.invoice(row))).replace("\r\n", "").replace("\n", "")
    assert "하" * letters in text
    assert "가나다라마바사" * (letters // 7) in text


def test_what_a_name_says_is_never_markup() -> None:
    row = papers.invoice(1, name="<b>굵게</b> & <para>", customer="<font size=40>큰</font> & 회사")
    (text,) = pages(pdf.invoice(row))
    assert "<b>굵게</b> & <para>" in text
    assert "<font size=40>큰</font> & 회사 귀중" in text


def test_a_credit_note_names_the_invoice_and_the_reason_in_amounts_below_zero() -> None:
    row = papers.invoice(2)
    (text,) = pages(pdf.credit_note(papers.credit_note(row), [("이용권 1", -1000), ("이용권 2", -1000)]))
    for words in (
        "수정 청구서",
        "C2026-000003",
        "2026-000042",
        "이용권을 두 번 청구했습니다.",
        "-1,000",
        "-2,000",
        "-200",
        "-2,200원",
        "일금 마이너스 이천이백원정",
    ):
        assert words in text, words


def test_a_statement_tells_usage_people_and_how_amounts_came_about() -> None:
    row, usage, seats, lines, foot = papers.statement(8, 3)
    (text,) = pages(pdf.statement(row, "한빛종합건설", papers.SUPPLIER, usage, seats, lines, foot))
    for words in (
        "이용명세서",
        "한빛종합건설 귀중",
        "2026-10-abababab",
        "250.5",
        "4,001",
        "사람7",
        "1,000원 × 1명 = 1,000원",
        "3,300",
    ):
        assert words in text, words


def test_the_same_row_has_the_same_bytes() -> None:
    assert pdf.invoice(papers.invoice(3)) == pdf.invoice(papers.invoice(3))
