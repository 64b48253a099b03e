"""Reads a bank's list of deposits, CSV or XLSX, whatever that bank calls its columns. No two banks agree on anything.

The head row is the first one that names a date, an amount and a payer; rows above it are the bank's letterhead, rows
without a deposit (withdrawals, totals) are passed over.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time

from portal.core.clock import SEOUL
from portal.core.errors import Refusal
from portal.core.korea import particle

LARGEST_LIST = 5 * 1024 * 1024
MOST_ROWS = 20_000
#: What a workbook may unpack to, and its cells, ten to a line: reading so many takes four seconds.
LARGEST_SHEETS, MOST_CELLS = 32 * 1024 * 1024, 10 * MOST_ROWS
#: No deposit comes near; what is larger is a slip, or no number at all.
LARGEST_WON = 10**15
#: A day outside of these is a slip of the hand, and one near the calendar's own ends has no UTC.
YEARS = range(2000, 2100)
#: What banks call the columns; the first that stands in the head row is taken.
DATE_COLUMNS = ("거래일시", "거래일자", "거래일", "입금일시", "입금일자", "입금일", "일시", "날짜")
TIME_COLUMNS = ("거래시간", "거래시각", "시간")
WON_COLUMNS = ("입금액", "입금금액", "맡기신금액", "입금", "받으신금액", "입금(원)")
PAYER_COLUMNS = (
    "입금자명",
    "입금자",
    "의뢰인",
    "의뢰인명",
    "보낸분",
    "보내는분",
    "기재내용",
    "거래기록사항",
    "내용",
    "적요",
)
MEMO_COLUMNS = ("메모", "비고", "송금메모", "적요", "거래구분", "받는통장표시")
#: What a line of sums says where others say their date.
SUMS = frozenset({"합계", "총계", "소계", "계"})
_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y%m%d%H%M%S", "%Y%m%d %H%M%S", "%Y%m%d")
_XLSX, _OLD_XLS = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class Deposit:
    """One line of the list: an aware instant (Seoul midnight when the bank gives no time), who, how many won."""

    at: datetime
    payer: str
    memo: str
    won: int


def read(body: bytes) -> list[Deposit]:
    """The deposits of a list in its order. Refusal with what to do when it cannot be read as one."""
    if len(body) > LARGEST_LIST:
        raise Refusal("파일이 5 MB보다 큽니다.", "기간을 나누어 내려받은 뒤 다시 올려 주십시오.", 413)
    if body.startswith(_OLD_XLS) or body.lstrip()[:5].lower() in {b"<html", b"<!doc", b"<tabl"}:
        raise Refusal(
            "오래된 엑셀(.xls) 형식은 읽지 못합니다.", "엑셀에서 .xlsx나 CSV로 저장해 다시 올려 주십시오.", 415
        )
    rows = _sheet_rows(body) if body.startswith(_XLSX) else _csv_rows(body)
    deposits = list(_deposits(rows))
    if not deposits:
        raise Refusal("입금 줄이 한 줄도 없습니다.", "기간을 확인하고, 입금이 든 목록을 올려 주십시오.", 422)
    return deposits


def _csv_rows(body: bytes) -> Iterator[list[object]]:
    for encoding in ("utf-8-sig", "cp949"):
        try:
            text = body.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise _unreadable()
    first = text.lstrip("\n")[:4000]
    delimiter = max(",\t;|", key=first.count)
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)):
            if any("\n" in cell or "\r" in cell for cell in row):  # a quote that nobody ended takes the lines below it
                raise _wrong(number + 1, "따옴표")
            yield list(row)
    except csv.Error as error:
        raise _unreadable() from error


def _sheet_rows(body: bytes) -> Iterator[list[object]]:
    # Loading it costs a process 0.2 s, and most never read a workbook.
    from openpyxl import load_workbook  # noqa: PLC0415

    try:
        _check_size(body)
        with closing(load_workbook(io.BytesIO(body), read_only=True, data_only=True)) as book:
            for row in book.worksheets[0].iter_rows(values_only=True):
                yield list(row)
    except Refusal:
        raise
    except Exception as error:  # a package that is none breaks its reader in ways that nobody has listed
        raise _unreadable() from error


def _check_size(body: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(body)) as package:
        entries = package.infolist()
        if sum(entry.file_size for entry in entries) > LARGEST_SHEETS:
            raise _too_large()
        sheets = [entry for entry in entries if entry.filename.startswith("xl/worksheets/")]
        if sum(len(re.findall(rb"<(?:\w+:)?c[ >/]", package.read(entry))) for entry in sheets) > MOST_CELLS:
            raise _too_large()


def _too_large() -> Refusal:
    return Refusal("풀면 너무 큰 파일입니다.", "기간을 나누어 내려받은 뒤 다시 올려 주십시오.", 413)


def _deposits(rows: Iterable[list[object]]) -> Iterator[Deposit]:
    columns: dict[str, int] = {}
    for number, row in enumerate(rows):
        if number > MOST_ROWS:
            raise Refusal(f"줄이 {MOST_ROWS:,}개보다 많습니다.", "기간을 나누어 내려받은 뒤 다시 올려 주십시오.", 413)
        if not columns:
            columns = _columns(row)
            continue
        deposit = _deposit(row, columns, number + 1)
        if deposit is not None:
            yield deposit
    if not columns:
        raise Refusal(
            "날짜, 입금액, 입금자 열을 찾지 못했습니다.",
            "은행에서 내려받은 그대로, 열 이름이 있는 파일을 올려 주십시오.",
            422,
        )


def _columns(row: Sequence[object]) -> dict[str, int]:
    names = [re.sub(r"\s", "", str(cell or "")) for cell in row]

    def where(options: Sequence[str], but: int = -1) -> int:
        return next((names.index(name) for name in options if name in names and names.index(name) != but), -1)

    date_at, won_at, payer_at = where(DATE_COLUMNS), where(WON_COLUMNS), where(PAYER_COLUMNS)
    if min(date_at, won_at, payer_at) < 0:
        return {}
    return {
        "date": date_at,
        "time": where(TIME_COLUMNS),
        "won": won_at,
        "payer": payer_at,
        "memo": where(MEMO_COLUMNS, payer_at),
    }


def _deposit(row: Sequence[object], columns: dict[str, int], number: int) -> Deposit | None:
    def cell(name: str) -> object:
        at = columns[name]
        return row[at] if 0 <= at < len(row) and row[at] is not None else ""

    won, payer = _won(cell("won"), number), _words(cell("payer"), 60)
    day = str(cell("date")).strip()
    if won <= 0 or not day or day in SUMS:
        return None  # a withdrawal, a sum, an empty line
    at = _instant(cell("date"), cell("time"), number)
    if at.year not in YEARS:
        raise _wrong(number, "날짜")
    return Deposit(at, payer, _words(cell("memo"), 100), won)


def _won(cell: object, number: int) -> int:
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        if not abs(cell) < LARGEST_WON or cell != int(cell):
            raise _wrong(number, "금액")
        return int(cell)
    text = str(cell).replace(",", "").replace("원", "").replace("₩", "").strip()
    if text in {"", "-"}:
        return 0
    if not re.fullmatch(r"-?[0-9]{1,15}(\.0+)?", text):
        raise _wrong(number, "금액")
    return int(text.split(".")[0])


def _instant(day: object, hour: object, number: int) -> datetime:
    if isinstance(day, datetime):
        return day.replace(tzinfo=SEOUL)
    if isinstance(day, date):
        return datetime.combine(day, hour if isinstance(hour, time) else time(), SEOUL)
    text = re.sub(r"\s+", " ", re.sub(r"[./년월]\s?", "-", str(day)).replace("일", " ")).strip(" -")
    for words in (f"{text} {hour}".strip(), text):
        for form in _FORMATS:
            try:
                return datetime.strptime(words, form).replace(tzinfo=SEOUL)
            except ValueError:
                continue
    raise _wrong(number, "날짜")


def _words(cell: object, longest: int) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in str(cell)).split())[:longest]


def _wrong(number: int, what: str) -> Refusal:
    return Refusal(
        f"{number}번째 줄의 {what}{particle(what, '을/를')} 읽을 수 없습니다.",
        "그 줄을 고쳐 다시 올려 주십시오. 아무것도 등록하지 않았습니다.",
        422,
    )


def _unreadable() -> Refusal:
    return Refusal(
        "입금 목록으로 읽을 수 없는 파일입니다.", "은행에서 CSV나 엑셀(.xlsx)로 내려받아 그대로 올려 주십시오.", 415
    )
