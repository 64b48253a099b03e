"""Tables as files: numbers stay numbers, and a name is never a formula."""

from __future__ import annotations

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


def test_a_korean_name_fits_into_a_header() -> None:
    made = disposition("청구서-2026-000001.pdf", "inline")
    assert made.encode("latin-1").startswith(b"inline; filename=\"2026-000001.pdf\"; filename*=UTF-8''%EC%B2%AD")
