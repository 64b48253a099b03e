"""A table as a file, exactly as it is seen: CSV for every program, XLSX for Excel."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from urllib.parse import quote

Cell = str | int | date | None
#: A text that begins so is a formula to a spreadsheet program, in East Asian ones with wide signs too; an apostrophe before
#: it makes it text again.
FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
#: Letters that no XML, and so no workbook, may hold.
UNWRITABLE = dict.fromkeys({*range(32), 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)} - {9, 10, 13})


def disposition(name: str, kind: str = "attachment") -> str:
    """Content-Disposition for a file of a Korean name (RFC 6266): headers are Latin-1, so the name goes percent-encoded."""
    plain = "".join(letter for letter in name if letter.isascii() and (letter.isalnum() or letter in "-._")).strip(
        "-._"
    )
    return f"{kind}; filename=\"{plain or 'file'}\"; filename*=UTF-8''{quote(name, safe='')}"


def as_csv(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """UTF-8 with a byte order mark, without which Excel takes Hangul for something else."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(head)
    for row in rows:
        writer.writerow([_plain(cell) for cell in row])
    return ("\ufeff" + out.getvalue()).encode()


def as_xlsx(title: str, head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """One sheet with a fixed head; numbers stay numbers, days stay days."""
    # Loading it costs a process 0.2 s, and most never write a workbook.
    from openpyxl import Workbook  # noqa: PLC0415
    from openpyxl.styles import Font  # noqa: PLC0415

    book = Workbook()
    sheet = book.active
    sheet.title = title[:31]
    sheet.append(list(head))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "A2"
    widths = [len(word) * 2 for word in head]
    for row in rows:
        values = [_plain(cell.translate(UNWRITABLE)) if isinstance(cell, str) else cell for cell in row]
        sheet.append(values)
        widths = [max(width, len(str(value or "")) * 2) for width, value in zip(widths, values, strict=True)]
    for column, width in zip(sheet.columns, widths, strict=True):
        sheet.column_dimensions[column[0].column_letter].width = min(max(width, 8), 40)
        for cell in column[1:]:
            if isinstance(cell.value, int):
                cell.number_format = "#,##0"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _plain(cell: Cell) -> str | int:
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(FORMULA) else cell
    if isinstance(cell, int):
        return cell
    return "" if cell is None else cell.isoformat()
