"""Deposit lists of several banks are read; what cannot be read is refused with the line that is wrong."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from datetime import datetime

import pytest
from openpyxl import Workbook

from portal.core.clock import SEOUL
from portal.core.errors import Refusal
from portal.payments.deposit_lists import Deposit, read

FIRST = Deposit(datetime(2026, 12, 24, 10, 15, 30, tzinfo=SEOUL), "한빛종합건설", "12월분", 110_000)
PLAIN = '거래일시,적요,입금자명,출금액,입금액,잔액,메모\n2026-12-24 10:15:30,타행,한빛종합건설,0,"110,000",5,12월분\n'


def test_a_csv_is_read_in_utf8_and_in_the_old_korean_code_page() -> None:
    assert read(PLAIN.encode("utf-8-sig")) == read(PLAIN.encode("cp949")) == [FIRST]


@pytest.mark.parametrize(
    "text",
    [
        '주식회사 도면실 거래내역\n기간,2026.12.01~2026.12.31\n\n거래일자,거래시간,의뢰인,맡기신금액,메모\n2026.12.24,10:15:30,한빛종합건설,"110,000",12월분\n합계,,,"110,000",\n',
        "거래일자\t거래시간\t보낸분\t입금액\t메모\n20261224\t101530\t한빛종합건설\t110000원\t12월분\n",
        "날짜;기재내용;입금(원);비고\n2026년 12월 24일 10:15:30;한빛종합건설;110000;12월분\n2026-12-25;인출;0;\n",
    ],
)
def test_every_bank_has_its_own_columns_and_dates(text: str) -> None:
    assert read(text.encode()) == [FIRST]


def test_a_sheet_is_read_with_its_own_dates_and_numbers() -> None:
    book = Workbook()
    page = book.active
    page.append(["입금 내역"])
    page.append(["거래일시", "입금자명", "입금액", "메모"])
    page.append([datetime(2026, 12, 24, 10, 15, 30), "한빛종합건설", 110000, "12월분"])  # noqa: DTZ001 - as sheets have it
    page.append(["2026-12-26", "대한정밀", "220,000", None])
    out = io.BytesIO()
    book.save(out)
    assert read(out.getvalue()) == [FIRST, Deposit(datetime(2026, 12, 26, tzinfo=SEOUL), "대한정밀", "", 220_000)]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "열을 찾지 못했습니다"),
        (b"\xff\xfe\x00\x81\x20", "읽을 수 없는"),
        (b"\xd0\xcf\x11\xe0old", ".xls"),
        (b"<html><table>", ".xls"),
        (b"PK\x03\x04broken", "읽을 수 없는"),
        ("이름,값\n가,나\n".encode(), "열을 찾지 못했습니다"),
        ("거래일,입금자,입금액\n".encode(), "한 줄도"),
        ("거래일,입금자,입금액\n어제,가나,1000\n".encode(), "2번째 줄의 날짜"),
        ("거래일,입금자,입금액\n2026-12-24,가나,천원쯤\n".encode(), "2번째 줄의 금액"),
        ("거래일,입금자,입금액\n0001-01-01,가나,1000\n".encode(), "2번째 줄의 날짜"),
        ('거래일,입금액,입금자\n2026-12-24,5,"가나\n2026-12-24,7,다라\n'.encode(), "읽을 수 없는|따옴표"),
        ('거래일,입금액,입금자\n2026-12-24,5,"가나\n2026-12-24,7,다라"\n'.encode(), "2번째 줄의 따옴표"),
        ("거래일,입금액,입금자\n2026-12-24,١٢٣,가나\n".encode(), "2번째 줄의 금액"),
        (b"x" * (5 * 1024 * 1024 + 1), "5 MB"),
    ],
)
def test_what_is_no_list_is_refused_with_what_to_do(body: bytes, words: str) -> None:
    with pytest.raises(Refusal, match=words) as refused:
        read(body)
    assert refused.value.next_step


def test_a_workbook_of_endless_cells_is_refused_before_it_is_read() -> None:
    made = io.BytesIO()
    book = Workbook()
    book.active.append(["거래일시", "입금자명", "입금액"])
    book.save(made)
    with zipfile.ZipFile(made) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(
        b"<sheetData>", b"<sheetData><row>" + b"<c><v>1</v></c>" * 200_000 + b"</row>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    with pytest.raises(Refusal, match="너무 큰") as refused:
        read(out.getvalue())
    assert refused.value.status == 413


def test_a_letter_that_nobody_sees_is_no_part_of_a_name() -> None:
    (deposit,) = read("거래일,입금액,입금자\n2026-12-24,5,가\0나\n".encode())
    assert deposit.payer == "가 나"


def test_a_workbook_with_a_broken_part_is_refused_whichever_it_is() -> None:
    made = io.BytesIO()
    book = Workbook()
    book.active.append(["거래일시", "입금자명", "입금액"])
    book.active.append(["2026-12-24", "한빛종합건설", 110000])
    book.save(made)
    with zipfile.ZipFile(made) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    for broken, intact in parts.items():
        for content in (
            b"",
            b"<a/>",
            intact[: len(intact) // 2],
            intact.replace(b"110000", b"1E999"),
            intact.replace(b"110000", b"9" * 400),
        ):
            again = io.BytesIO()
            with zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as package:
                for name, part in parts.items():
                    package.writestr(name, content if name == broken else part)
            with suppress(Refusal):  # not every part is looked at
                assert len(read(again.getvalue())) == 1
