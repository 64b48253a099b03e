"""The certificate of destruction: what was destroyed, when, how, by whose word, and what was found afterwards: nothing."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Spacer, Table, TableStyle

from portal.core import pdf
from portal.core.clock import SEOUL
from portal.core.pdf import INK_2, LINE, About
from portal.core.supplier import Supplier
from portal.retention.models import Certificate


def certificate(made: Certificate, supplier: Supplier) -> bytes:
    """One page: counts and digests, nothing that names anybody."""
    said = made.document
    story: list[Flowable] = [
        pdf.words("파기 증명서", 22, bold=True),
        Spacer(1, 2 * mm),
        pdf.words(f"증명서 번호 {made.number}", 10, colour=INK_2),
        Spacer(1, 8 * mm),
        pdf.words(
            "아래 고객사의 자료를 개인정보 보호법 제21조에 따라 되살릴 수 없게 파기하고, 남은 것이 없음을 확인하였음을 증명합니다.",
            11,
        ),
        Spacer(1, 6 * mm),
        _facts(
            [
                ("고객사 번호", said["company"]),
                ("파기를 마친 때", _moment(said["destroyed"])),
                ("요청", _who(said["asked_by"])),
                ("승인", _who(said["agreed_by"])),
                ("방법", said["method"]),
            ]
        ),
        Spacer(1, 6 * mm),
        pdf.words("파기한 것", 13, bold=True),
        Spacer(1, 2 * mm),
        _facts(_destroyed(said)),
        Spacer(1, 6 * mm),
        pdf.words("법에 따라 따로 보관하는 것", 13, bold=True),
        Spacer(1, 2 * mm),
        _facts(_apart(said)),
        Spacer(1, 6 * mm),
        pdf.words("파기한 뒤 다시 찾아본 곳", 13, bold=True),
        Spacer(1, 2 * mm),
        _facts([(place, "0건") for place in said["scanned"]]),
        Spacer(1, 10 * mm),
        pdf.words(f"문서 확인값 (SHA-256) {made.digest}", 7.5, colour=INK_2),
        Spacer(1, 4 * mm),
        pdf.words(f"{_moment(made.issued_at.isoformat())}    {supplier.name}    대표 {supplier.ceo}", 11, bold=True),
    ]
    return pdf.flow(About(f"파기 증명서 {made.number}", supplier.name, f"{supplier.name} · {made.number}"), story)


def _destroyed(said: dict[str, Any]) -> list[tuple[str, str]]:
    rows = sum(said["rows"].values())
    return [
        ("데이터베이스와 역할", f"{said['databases']}개"),
        ("도면 파일과 그림", f"{said['files']:,}개 ({said['file_bytes']:,}바이트)"),
        ("파일 목록의 확인값", said["files_digest"]),
        ("등록 정보", f"{rows:,}건 (표 {len(said['rows'])}개)"),
        ("사람", f"{said['people']}명"),
        ("백업", _backups(said)),
    ]


def _backups(said: dict[str, Any]) -> str:
    """What went out of the backups, and until which day older ones still hold rows of the company among everybody's."""
    if not said.get("backups"):
        return "이 고객사가 들어 있는 백업이 없었습니다."
    day = date.fromisoformat(said["backup_rows_until"])
    return (
        f"백업 {said['backups']}개에서 데이터베이스와 파일을 지웠습니다. 공용 등록 정보의 옛 백업은 "
        f"{day:%Y년 %-m월 %-d일}부터 다음 백업 때 지우며, 그전에 복구하면 이 고객사를 다시 파기합니다."
    )


def _apart(said: dict[str, Any]) -> list[tuple[str, str]]:
    kept = said.get("set_apart") or {}
    return [(said["laws"][name], f"{number:,}건") for name, number in kept.items()] or [("없음", "–")]


def _facts(rows: list[tuple[str, str]]) -> Table:
    cells = [[pdf.words(label, 9, colour=INK_2), pdf.words(value, 9)] for label, value in rows]
    style = [
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
    return Table(cells, colWidths=(48 * mm, 126 * mm), style=TableStyle(style))


def _moment(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(SEOUL):%Y년 %-m월 %-d일 %H:%M}"


def _who(actor: str | None) -> str:
    return f"직원 {(actor or '').removeprefix('person:')}번"
