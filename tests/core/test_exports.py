"""Tables as files: numbers stay numbers, and a name is never a formula."""

from __future__ import annotations

import csv
import io
from datetime import date

from openpyxl import load_workbook

from portal.core.exports import as_csv, as_xlsx, disposition

HEAD = ("고객사", "날", "금액")
ROWS = [("=1+1", date(2026, 11, 3), -5), ('한빛, "종합"', None, 1_234_567)]


def test_csv_is_read_by_excel_and_escapes_formulas() -> None:
    text = as_csv(HEAD, ROWS)
    assert text.startswith(b"\xef\xbb\xbf")
    assert text.decode("utf-8-sig").splitlines() == [
        "고객사,날,금액",
        "'=1+1,2026-11-03,-5",
        '"한빛, ""종합""",,1234567',
    ]


def test_xlsx_keeps_kinds() -> None:
    sheet = load_workbook(io.BytesIO(as_xlsx("청구서", HEAD, ROWS))).active
    head, first, second = list(sheet.values)
    assert head == HEAD
    assert (first[0], first[1].date(), first[2]) == ("'=1+1", date(2026, 11, 3), -5)
    assert second == ('한빛, "종합"', None, 1_234_567)
    assert sheet.freeze_panes == "A2"


def test_no_beginning_of_a_name_is_a_formula_and_no_letter_breaks_the_file() -> None:
    names = ["=cmd|' /C calc'!A0", "+1", "-1", "@x", "\t=1", "\r\n=1", "\n=1", "＝1", "＋1", "－1", "＠x"]
    sheet = load_workbook(
        io.BytesIO(as_xlsx("이름", ("이름",), [[name] for name in [*names, "가\x00\x0b\ufffe나"]]))
    ).active
    cells = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert [cell.data_type for cell in cells] == ["s"] * 12
    assert [str(cell.value)[0] for cell in cells] == ["'"] * 11 + ["가"]
    assert cells[-1].value == "가나"
    rows = list(csv.reader(io.StringIO(as_csv(("이름",), [[name] for name in names]).decode("utf-8-sig"), newline="")))
    assert rows[1:] == [[f"'{name}"] for name in names]


def test_a_korean_name_fits_into_a_header() -> None:
    made = disposition("청구서-2026-000001.pdf", "inline")
    assert made.encode("latin-1").startswith(b"inline; filename=\"2026-000001.pdf\"; filename*=UTF-8''%EC%B2%AD")
