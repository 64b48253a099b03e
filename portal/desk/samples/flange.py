"""Sample 3: a machined flange, 1:2, with front view, hatched section, tolerances and surface marks."""

from __future__ import annotations

from math import cos, pi, sin
from pathlib import Path

from portal.desk.samples.sheet import Point, Sheet

LAYERS = {
    "외형선": (7, "CONTINUOUS", 40),
    "숨은선": (8, "HIDDEN", 18),
    "가는선": (8, "CONTINUOUS", 13),
    "공차": (174, "CONTINUOUS", 18),
}
OUTER, BOLT_CIRCLE, HUB, BORE = 320.0, 270.0, 190.0, 110.0
BOLTS, HOLE, PLATE, LENGTH = 8, 11.0, 32.0, 98.0


def make(path: Path) -> None:
    """Write the part as DXF."""
    sheet = Sheet(2, LAYERS, arrow="")
    _front(sheet, (232, 330))
    _section(sheet, (480, 330))
    sheet.notes(
        [
            "주기",
            "1. 재질 : SF490A, 단조 후 노멀라이징.",
            "2. 지시 없는 모서리는 C1, 지시 없는 R은 3.",
            "3. 일반공차 KS B ISO 2768-mK.",
            "4. 가공 후 방청유를 바르고 포장한다.",
        ],
        (50, 92),
    )
    _surface(sheet, (520, 60), "3.2")
    sheet.text("(", (556, 64), 4)
    _surface(sheet, (570, 60), "1.6")
    sheet.text(")", (604, 64), 4)
    sheet.view_title("1", "플랜지 정면도", "축척 1 : 2", (150, 114))
    sheet.view_title("2", "단면 A-A", "축척 1 : 2", (430, 114))
    values = {
        "사업명": "정수장 3호 펌프 교체", "도면명": "플랜지 가공도", "도면번호": "M-114", "축척": "1 : 2", "작성일": "2026.11.18",
        "작성": "최 인", "검토": "", "승인": "", "개정": "A", "발주처": "대성정밀㈜",
    }  # fmt: skip
    sheet.frame((0, 0), values, ("A  2026.11.18  최초 작성",))
    sheet.doc.saveas(path)


def _front(sheet: Sheet, centre: Point) -> None:
    x, y = centre
    for diameter in (OUTER, HUB, BORE):
        sheet.circle("외형선", centre, diameter / 2)
    sheet.circle("가는선", centre, BORE / 2 + 2.5)
    sheet.circle("중심선", centre, BOLT_CIRCLE / 2)
    for index in range(BOLTS):
        angle = pi / 8 + index * pi / 4
        at = (x + BOLT_CIRCLE / 2 * cos(angle), y + BOLT_CIRCLE / 2 * sin(angle))
        sheet.circle("외형선", at, HOLE)
        inner, outer = BOLT_CIRCLE / 2 - 18, BOLT_CIRCLE / 2 + 18
        ends = [(x + r * cos(angle), y + r * sin(angle)) for r in (inner, outer)]
        sheet.msp.add_line(ends[0], ends[1], dxfattribs={"layer": "중심선"})
    # keyway
    sheet.line(
        "외형선",
        (x - 9, y + BORE / 2 - 1),
        (x - 9, y + BORE / 2 + 6.4),
        (x + 9, y + BORE / 2 + 6.4),
        (x + 9, y + BORE / 2 - 1),
    )
    for start, end in (((x - 176, y), (x + 176, y)), ((x, y - 172), (x, y + 172))):
        sheet.msp.add_line(start, end, dxfattribs={"layer": "중심선"})
    bolt = (x + BOLT_CIRCLE / 2 * cos(pi / 8), y + BOLT_CIRCLE / 2 * sin(pi / 8))
    tip = (bolt[0] + HOLE * cos(0.9), bolt[1] + HOLE * sin(0.9))
    sheet.leader(["8-%%c22 드릴", "등간격"], tip, (x + 150, y + 130))
    on_circle = (x - BOLT_CIRCLE / 2 * cos(pi / 4), y + BOLT_CIRCLE / 2 * sin(pi / 4))
    sheet.leader(["P.C.D %%c270 ±0.1"], on_circle, (x - 134, y + 150), right=False)
    for way, level in ((1, y + 186), (-1, y - 186)):
        sheet.line("문자", (x, level - way * 9), (x, level), (x - 14, level))
        sheet.hatch("문자", [(x - 14, level + 3), (x - 23, level), (x - 14, level - 3)])
        sheet.text("A", (x + 8, level), 3.5)
    sheet.dimension((x - 9, y + BORE / 2 + 6), (x + 9, y + BORE / 2 + 6), (x, y + BORE / 2 + 19), "18 JS9")


def _section(sheet: Sheet, centre: Point) -> None:
    """Upper and lower half of the flange cut through its axis."""
    x, y = centre
    face, plate, length = x, x + PLATE, x + LENGTH
    for way in (1, -1):
        half = [
            (face, y + way * BORE / 2), (face, y + way * (OUTER / 2 - 1)), (face + 1, y + way * OUTER / 2),
            (plate - 1, y + way * OUTER / 2), (plate, y + way * (OUTER / 2 - 1)), (plate, y + way * (HUB / 2 + 6)),
            (plate + 1.8, y + way * (HUB / 2 + 1.8)), (plate + 6, y + way * HUB / 2), (length - 2, y + way * HUB / 2),
            (length, y + way * (HUB / 2 - 2)), (length, y + way * BORE / 2),
        ]  # fmt: skip
        low, high = sorted((y + way * (BOLT_CIRCLE / 2 - HOLE), y + way * (BOLT_CIRCLE / 2 + HOLE)))
        hole = [(face, low), (plate, low), (plate, high), (face, high)]
        sheet.hatch("해치", half, hole, pattern="ANSI31", pattern_scale=2.2, colour=8)
        sheet.line("외형선", *half, close=True)
        sheet.line("외형선", hole[0], hole[1])
        sheet.line("외형선", hole[2], hole[3])
        sheet.msp.add_line((face - 8, (low + high) / 2), (plate + 8, (low + high) / 2), dxfattribs={"layer": "중심선"})
    sheet.line("외형선", (face, y - BORE / 2), (face, y + BORE / 2))
    sheet.line("외형선", (length, y - BORE / 2), (length, y + BORE / 2))
    sheet.line("외형선", (face, y + BORE / 2 + 6.4), (length, y + BORE / 2 + 6.4))
    sheet.msp.add_line((face - 20, y), (length + 12, y), dxfattribs={"layer": "중심선"})
    sheet.dimension((face, y - OUTER / 2), (plate, y - OUTER / 2), (face, y - OUTER / 2 - 13), "32")
    sheet.dimension((face, y - OUTER / 2), (length, y - HUB / 2), (face, y - OUTER / 2 - 27), "98 ±0.2")
    sheet.dimension(
        (length, y - BORE / 2), (length, y + BORE / 2), (length + 18, y), "%%c110 H7 (+0.035 / 0)", angle=90
    )
    sheet.dimension((length, y - HUB / 2), (length, y + HUB / 2), (length + 32, y), "%%c190", angle=90)
    sheet.dimension((plate, y - OUTER / 2), (plate, y + OUTER / 2), (length + 46, y), "%%c320", angle=90)
    _control(sheet, (face - 44, y + 182), ("⟂", "0.02", "A"), (face, y + 148))
    _control(sheet, (length - 2, y + 140), ("◎", "%%c0.03", "A"), (length - 16, y + HUB / 2))
    _datum(sheet, (length - 20, y - HUB / 2), "A")
    _surface(sheet, (face + 60, y + HUB / 2), "1.6")
    _surface(sheet, (face + 44, y - BORE / 2), "0.8")
    sheet.leader(["R6"], (plate + 2, y + HUB / 2 + 2), (plate + 14, y + HUB / 2 + 30))


def _control(sheet: Sheet, corner: Point, parts: tuple[str, str, str], tip: Point) -> None:
    """A feature control frame with its leader."""
    widths, height = (14.0, 14.0 + 2.2 * len(parts[1]), 12.0), 11.0
    x, y = corner
    for width, words in zip(widths, parts, strict=True):
        sheet.box("공차", x, y, width, height)
        if words == "⟂":
            sheet.line("공차", (x + 3.5, y + 3), (x + 10.5, y + 3))
            sheet.line("공차", (x + 7, y + 3), (x + 7, y + 8.5))
        elif words == "◎":
            sheet.circle("공차", (x + width / 2, y + height / 2), 2)
            sheet.circle("공차", (x + width / 2, y + height / 2), 3.8)
        else:
            sheet.text(words, (x + width / 2, y + height / 2), 2.5, layer="공차")
        x += width
    sheet.line("공차", (corner[0] + 6, y), tip)
    sheet.circle("공차", tip, 0.9)


def _datum(sheet: Sheet, at: Point, letter: str) -> None:
    x, y = at
    sheet.hatch("공차", [(x - 4.2, y), (x + 4.2, y), (x, y - 7)], colour=174)
    sheet.line("공차", (x, y - 7), (x, y - 16))
    sheet.box("공차", x - 6, y - 28, 12, 12)
    sheet.text(letter, (x, y - 22), 3, layer="공차")


def _surface(sheet: Sheet, at: Point, roughness: str) -> None:
    """A mark for a machined surface standing on `at`."""
    x, y = at
    sheet.line("가는선", (x - 4, y + 7), (x, y), (x + 8, y + 14))
    sheet.line("가는선", (x - 4, y + 7), (x + 4, y + 7))
    sheet.text(f"Ra {roughness}", (x + 9, y + 11), 2.2, layer="주기", align="MIDDLE_LEFT")
