"""Sample 2: a moment connection of a beam to a column in steel, 1:10, with front view, section and plan."""

from __future__ import annotations

from math import cos, pi, sin
from pathlib import Path

from portal.desk.samples.sheet import Point, Sheet

LAYERS = {
    "강재": (7, "CONTINUOUS", 40),
    "숨은선": (8, "HIDDEN", 18),
    "판": (174, "CONTINUOUS", 30),
    "볼트": (30, "CONTINUOUS", 18),
    "용접": (1, "CONTINUOUS", 25),
}
#: Column H-400x400x13x21 and beam H-500x200x10x16: depth, width, web, flange in millimetres.
COLUMN = (400.0, 400.0, 13.0, 21.0)
BEAM = (500.0, 200.0, 10.0, 16.0)
PITCH, GAUGE = 75.0, 120.0


def make(path: Path) -> None:
    """Write the detail as DXF."""
    sheet = Sheet(10, LAYERS)
    _front(sheet, (900, 1550))
    _section(sheet, (2650, 1550))
    _column_plan(sheet, (2650, 620))
    _bolt_table(sheet, (330, 560))
    sheet.view_title("1", "기둥-보 접합 상세 (정면)", "축척 1 : 10", (420, 770))
    sheet.view_title("2", "A-A 단면", "축척 1 : 10", (2400, 1020))
    sheet.view_title("3", "기둥 평단면", "축척 1 : 10", (2400, 250))
    sheet.notes(
        [
            "주기",
            "1. 강재 : 기둥 SM355, 보 SM355, 접합판 SM355.",
            "2. 고장력볼트 : F10T M20, 표준구멍 Ø22, 토크 관리.",
            "3. 용접 : E71T-1, 플랜지 완전용입(뒷댐재), 초음파 검사 100%.",
            "4. 마찰면은 미끄럼계수 0.5 이상이 되도록 처리한다.",
            "5. 표기 없는 치수는 mm이다.",
        ],
        (2050, 2700),
    )
    values = {
        "사업명": "송도 B7블록 오피스텔", "도면명": "기둥 접합 상세", "도면번호": "S-310", "축척": "1 : 10", "작성일": "2026.11.19",
        "작성": "최 인", "검토": "김서연", "승인": "", "개정": "B", "발주처": "한빛종합건설㈜",
    }  # fmt: skip
    sheet.frame((0, 0), values, ("B  2026.11.19  볼트 간격 조정", "A  2026.10.12  최초 작성"))
    sheet.doc.saveas(path)


def _front(sheet: Sheet, centre: Point) -> None:
    """Column from the side, beam running to the right, bolted by a shear plate and welded at its flanges."""
    x, y = centre
    depth, _width, _web, flange = COLUMN
    height, _b, _w, beam_flange = BEAM
    left, right, top, bottom = x - depth / 2, x + depth / 2, y + 860, y - 640
    _broken_edge(sheet, left - 40, right + 40, top)
    _broken_edge(sheet, left - 40, right + 40, bottom)
    for at in (left, left + flange, right - flange, right):
        sheet.line("강재", (at, bottom), (at, top))
    end = x + 1250
    for at in (height / 2, height / 2 - beam_flange, -height / 2 + beam_flange, -height / 2):
        sheet.line("강재", (right, y + at), (end, y + at))
    _broken_upright(sheet, end, y - height / 2 - 40, y + height / 2 + 40)
    for at in (height / 2 - beam_flange, -height / 2):
        sheet.box("판", left + flange, y + at, depth - 2 * flange, beam_flange)
    plate = (right, y - 180, 175, 360)
    sheet.box("판", *plate)
    for row in range(4):
        for column in range(2):
            _bolt(sheet, (right + 55 + column * PITCH, y - 112.5 + row * PITCH))
    for side in (1, -1):
        base = y + side * height / 2
        sheet.hatch("용접", [(right, base), (right + 18, base), (right, base + side * 18)], colour=1)
        _scallop(sheet, (right, base - side * beam_flange), side)
    sheet.msp.add_line((x, bottom - 60), (x, top + 60), dxfattribs={"layer": "중심선"})
    sheet.msp.add_line((left - 80, y), (end + 60, y), dxfattribs={"layer": "중심선"})
    _front_measures(sheet, centre, end)
    _cut_mark(sheet, (x + 820, y + 470), (x + 820, y - 470))


def _front_measures(sheet: Sheet, centre: Point, end: float) -> None:
    x, y = centre
    left, right = x - 200, x + 200
    sheet.dimension((left, y + 800), (right, y + 800), (left, y + 960))
    sheet.dimension((left, y - 250), (left, y + 250), (left - 190, y), angle=90)
    sheet.dimension((right, y - 500), (right + 55, y - 112.5), (right, y - 430), "55")
    sheet.dimension((right + 55, y - 112.5), (right + 130, y - 112.5), (right + 55, y - 430), "75")
    sheet.dimension((right + 130, y - 112.5), (right + 175, y - 180), (right + 130, y - 430), "45")
    sheet.leader(["보 플랜지 완전용입", "뒷댐재 FB-9×25"], (right + 9, y + 256), (right + 150, y + 480))
    sheet.leader(["4-M20 × 2열 (F10T)", "전단판 PL-12×175×360"], (right + 130, y + 37), (right + 420, y + 150))
    sheet.leader(["스티프너 PL-16", "양면"], (x - 60, y - 242), (x - 420, y - 420), right=False)
    sheet.text("C1  H-400×400×13×21", (x - 60, y + 620), 2.4, angle=90)
    sheet.text("G1  H-500×200×10×16", (end - 270, y - 160), 2.4)
    _weld_sign(sheet, (right + 175, y - 120), (right + 480, y - 400))


def _section(sheet: Sheet, centre: Point) -> None:
    """The beam cut across, plate and bolts in front of its web."""
    x, y = centre
    height, width, web, flange = BEAM
    half, top = width / 2, height / 2
    outline = [
        (x - half, y + top), (x + half, y + top), (x + half, y + top - flange), (x + web / 2, y + top - flange),
        (x + web / 2, y - top + flange), (x + half, y - top + flange), (x + half, y - top), (x - half, y - top),
        (x - half, y - top + flange), (x - web / 2, y - top + flange), (x - web / 2, y + top - flange), (x - half, y + top - flange),
    ]  # fmt: skip
    sheet.hatch("해치", outline, pattern="ANSI31", pattern_scale=3, colour=8)
    sheet.line("강재", *outline, close=True)
    sheet.box("판", x + web / 2, y - 180, 12, 360)
    for row in range(4):
        at = y - 112.5 + row * PITCH
        sheet.box("볼트", x + web / 2 + 12, at - 16, 13, 32)
        sheet.box("볼트", x - web / 2 - 18, at - 16, 18, 32)
        sheet.box("볼트", x - web / 2 - 34, at - 10, 16, 20)
        sheet.msp.add_line((x - 90, at), (x + 90, at), dxfattribs={"layer": "중심선"})
    sheet.msp.add_line((x, y - top - 60), (x, y + top + 60), dxfattribs={"layer": "중심선"})
    sheet.dimension((x - half, y + top), (x + half, y + top), (x, y + top + 120))
    sheet.dimension((x - half, y - top), (x - half, y + top), (x - half - 190, y), angle=90)
    sheet.dimension((x + half, y - 180), (x + half, y - 112.5), (x + half + 90, y), "67.5", angle=90)
    sheet.dimension((x + half, y - 112.5), (x + half, y + 112.5), (x + half + 90, y), "3@75=225", angle=90)
    sheet.dimension((x + half, y + 112.5), (x + half, y + 180), (x + half + 90, y), "67.5", angle=90)


def _column_plan(sheet: Sheet, centre: Point) -> None:
    """The column cut across at the height of the beam."""
    x, y = centre
    depth, width, web, flange = COLUMN
    outline = [
        (x - depth / 2, y - width / 2), (x - depth / 2 + flange, y - width / 2), (x - depth / 2 + flange, y - web / 2),
        (x + depth / 2 - flange, y - web / 2), (x + depth / 2 - flange, y - width / 2), (x + depth / 2, y - width / 2),
        (x + depth / 2, y + width / 2), (x + depth / 2 - flange, y + width / 2), (x + depth / 2 - flange, y + web / 2),
        (x - depth / 2 + flange, y + web / 2), (x - depth / 2 + flange, y + width / 2), (x - depth / 2, y + width / 2),
    ]  # fmt: skip
    sheet.hatch("해치", outline, pattern="ANSI31", pattern_scale=3, colour=8)
    sheet.line("강재", *outline, close=True)
    for side in (1, -1):
        sheet.box(
            "판", x - depth / 2 + flange, min(y + side * web / 2, y + side * 185), depth - 2 * flange, 185 - web / 2
        )
    right = x + depth / 2
    sheet.line("강재", (right, y + 100), (right + 420, y + 100))
    sheet.line("강재", (right, y - 100), (right + 420, y - 100))
    for side in (5, -5):
        sheet.line("숨은선", (right, y + side), (right + 420, y + side))
    _broken_upright(sheet, right + 420, y - 140, y + 140)
    sheet.msp.add_line((x - 300, y), (right + 480, y), dxfattribs={"layer": "중심선"})
    sheet.msp.add_line((x, y - 260), (x, y + 260), dxfattribs={"layer": "중심선"})
    sheet.dimension((right + 330, y - 100), (right + 330, y + 100), (right + 540, y), angle=90)
    sheet.dimension((x - 200, y - 200), (x - 200, y + 200), (x - 330, y), angle=90)


def _bolt(sheet: Sheet, at: Point) -> None:
    """A bolt's head from above with its centre lines."""
    corners = [(at[0] + 17 * cos(pi / 3 * i), at[1] + 17 * sin(pi / 3 * i)) for i in range(6)]
    sheet.line("볼트", *corners, close=True)
    sheet.circle("볼트", at, 10)
    sheet.msp.add_line((at[0] - 26, at[1]), (at[0] + 26, at[1]), dxfattribs={"layer": "중심선"})
    sheet.msp.add_line((at[0], at[1] - 26), (at[0], at[1] + 26), dxfattribs={"layer": "중심선"})


def _scallop(sheet: Sheet, at: Point, side: int) -> None:
    start, end = (270, 360) if side > 0 else (0, 90)
    sheet.arc("강재", at, 35, start, end)


def _broken_edge(sheet: Sheet, x0: float, x1: float, y: float) -> None:
    middle = (x0 + x1) / 2
    sheet.line(
        "주기", (x0, y), (middle - 30, y), (middle - 12, y + 40), (middle + 12, y - 40), (middle + 30, y), (x1, y)
    )


def _broken_upright(sheet: Sheet, x: float, y0: float, y1: float) -> None:
    middle = (y0 + y1) / 2
    sheet.line(
        "주기", (x, y0), (x, middle - 30), (x + 40, middle - 12), (x - 40, middle + 12), (x, middle + 30), (x, y1)
    )


def _cut_mark(sheet: Sheet, top: Point, bottom: Point) -> None:
    for at, way in ((top, 1), (bottom, -1)):
        sheet.line("문자", at, (at[0], at[1] + way * 60), (at[0] - 70, at[1] + way * 60))
        sheet.hatch(
            "문자",
            [(at[0] - 70, at[1] + way * 60 + 14), (at[0] - 110, at[1] + way * 60), (at[0] - 70, at[1] + way * 60 - 14)],
        )
        sheet.text("A", (at[0] + 45, at[1] + way * 60), 3.5)


def _weld_sign(sheet: Sheet, tip: Point, knee: Point) -> None:
    """A fillet weld all round, of six millimetres."""
    sheet.line("용접", tip, knee, (knee[0] + 260, knee[1]))
    sheet.circle("용접", knee, 14)
    x, y = knee[0] + 120, knee[1]
    sheet.line("용접", (x, y), (x, y - 36), (x + 36, y), close=True)
    sheet.text("6", (x - 26, y - 20), 2.4, layer="용접")


def _bolt_table(sheet: Sheet, corner: Point) -> None:
    """The schedule of bolts and plates, its upper left corner at `corner`."""
    rows = [
        ("기호", "규격", "재질", "수량", "비고"),
        ("B1", "M20 × 60", "F10T", "8", "와셔 2"),
        ("P1", "PL-12×175×360", "SM355", "1", "전단판"),
        ("P2", "PL-16×193×358", "SM355", "4", "스티프너"),
        ("W1", "FB-9×25×200", "SM355", "2", "뒷댐재"),
    ]
    widths = (160, 420, 230, 150, 300)
    x0, y0, row_height = corner[0], corner[1], 72
    total = sum(widths)
    sheet.text("볼트 · 판 일람표", (x0, y0 + 50), 3, align="MIDDLE_LEFT")
    for index in range(len(rows) + 1):
        sheet.line("문자", (x0, y0 - index * row_height), (x0 + total, y0 - index * row_height))
    x = x0
    for column, width in enumerate((*widths, 0)):
        sheet.line("문자", (x, y0), (x, y0 - len(rows) * row_height))
        if width:
            for index, row in enumerate(rows):
                sheet.text(row[column], (x + width / 2, y0 - (index + 0.5) * row_height), 2.3)
        x += width
