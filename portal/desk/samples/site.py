"""Sample 4: the site plan of a small block, 1:500 in metres: boundary, contours, buildings, cars, trees."""

from __future__ import annotations

from math import atan2, cos, degrees, hypot, pi, sin
from pathlib import Path

from portal.desk.samples.sheet import Point, Sheet

LAYERS = {
    "대지경계": (1, "PHANTOM2", 50),
    "도로": (8, "CONTINUOUS", 25),
    "건물": (7, "CONTINUOUS", 50),
    "건물해치": (9, "CONTINUOUS", 9),
    "등고선": (34, "CONTINUOUS", 9),
    "조경": (94, "CONTINUOUS", 13),
    "주차": (8, "CONTINUOUS", 13),
    "우수": (150, "DASHED", 25),
}
BOUNDARY: list[Point] = [(26, 34), (118, 30), (144, 62), (132, 118), (64, 126), (30, 96)]
TOWER: list[Point] = [(50, 75), (82, 71), (84, 89), (104, 86.5), (106, 104), (54, 110)]
HALL: list[Point] = [(92, 48), (118, 45), (121, 67), (95, 70)]


def make(path: Path) -> None:
    """Write the plan as DXF."""
    sheet = Sheet(0.5, LAYERS, arrow="", units=6)
    _contours(sheet)
    _roads(sheet)
    _boundary(sheet)
    _building(sheet, TOWER, "A동 오피스텔", "지상 18층 · 지하 3층", (77, 97), "FL +12.50")
    _building(sheet, HALL, "B동 근린생활시설", "지상 3층", (106.5, 58.5), "FL +11.80")
    _cars(sheet)
    _trees(sheet)
    _drain(sheet)
    _north(sheet, (151, 128))
    _areas(sheet, (6.6, 20.4))
    _bar(sheet, (96, 14))
    sheet.view_title("1", "배치도", "축척 1 : 500", (140 - 6, 14))
    values = {
        "사업명": "송도 B7블록 오피스텔", "도면명": "배치도", "도면번호": "C-001", "축척": "1 : 500", "작성일": "2026.11.12",
        "작성": "박지훈", "검토": "김서연", "승인": "이도윤", "개정": "D", "발주처": "한빛종합건설㈜",
    }  # fmt: skip
    sheet.frame(
        (0, 0), values, ("D  2026.11.12  주출입구 이동", "C  2026.09.30  조경 반영", "B  2026.08.21  우수관 반영")
    )
    sheet.doc.saveas(path)


def _contours(sheet: Sheet) -> None:
    """Every half metre; each fifth one heavier and with its height."""
    for index in range(9):
        shift = index * 11.5
        points = [(6 + t * 15.4, 152 - shift - 8 * sin(t * 0.62 + index * 0.23) - t * 2.1) for t in range(12)]
        inside = [(x, y) for x, y in points if 7 < y < 141 and 5 < x < 176]  # noqa: PLR2004 - the frame
        if len(inside) < 4:  # noqa: PLR2004 - a curve needs points
            continue
        curve = sheet.msp.add_spline(fit_points=[(x, y, 0) for x, y in inside], dxfattribs={"layer": "등고선"})
        if index % 5 == 2:  # noqa: PLR2004 - the index contour
            curve.dxf.lineweight = 25
            sheet.text(f"{13.0 - index * 0.5:.1f}", (inside[0][0] + 2.5, inside[0][1] + 1.2), 1.8, layer="등고선")


def _roads(sheet: Sheet) -> None:
    lower = [(5.5, 24), (112, 19.2), (124, 20.5), (174, 78)]
    upper = [(5.5, 29.5), (116, 25.2), (123, 26.6), (174, 87)]
    for line in (lower, upper):
        sheet.line("도로", *line)
    sheet.line("중심선", (5.5, 26.8), (115, 22.2), (124.5, 23.7), (174, 82.6))
    sheet.text("도로  폭 10 m", (40, 27.2), 2.2, layer="주기", angle=-2.4)
    sheet.text("도로  폭 8 m", (152, 58), 2.2, layer="주기", angle=49)
    sheet.line("도로", (58, 32.6), (58.6, 40), (61, 46), (86, 43.4), (88, 36), (88, 31.3))
    sheet.hatch("문자", [(78, 27.4), (76.6, 31.4), (79.4, 31.4)])
    sheet.hatch("문자", [(78, 36), (76.2, 31.8), (79.8, 31.8)])
    sheet.text("주출입구", (84.4, 34), 2.2)


def _boundary(sheet: Sheet) -> None:
    sheet.line("대지경계", *BOUNDARY, close=True)
    for start, end in zip(BOUNDARY, [*BOUNDARY[1:], BOUNDARY[0]], strict=True):
        length = hypot(end[0] - start[0], end[1] - start[1])
        angle = degrees(atan2(end[1] - start[1], end[0] - start[0]))
        across = (-(end[1] - start[1]) / length, (end[0] - start[0]) / length)
        upright = -90 < angle <= 90  # noqa: PLR2004 - text is read from below or from the right
        middle = ((start[0] + end[0]) / 2 - across[0] * 2, (start[1] + end[1]) / 2 - across[1] * 2)
        sheet.text(f"{length:.2f}", middle, 2.2, layer="대지경계", angle=angle if upright else angle + 180)
    for index, corner in enumerate(BOUNDARY, 1):
        sheet.circle("대지경계", corner, 0.9)
        sheet.text(f"P{index}", (corner[0] - 2.6, corner[1] + 1.8), 2, layer="주기")


def _building(  # noqa: PLR0913 - what a building is labelled with
    sheet: Sheet, outline: list[Point], name: str, floors: str, label: Point, level: str
) -> None:
    x, y = label
    window = [(x - 13, y - 5.4), (x + 13, y - 5.4), (x + 13, y + 4.4), (x - 13, y + 4.4)]
    sheet.hatch("건물해치", outline, window, pattern="ANSI31", pattern_scale=0.9)
    sheet.line("건물", *outline, close=True)
    centre = (sum(x for x, _ in outline) / len(outline), sum(y for _, y in outline) / len(outline))
    inner = [(x + (centre[0] - x) * 0.06, y + (centre[1] - y) * 0.06) for x, y in outline]
    sheet.line("도로", *inner, close=True)
    sheet.text(name, (x, y + 1.9), 3)
    sheet.text(floors, (x, y - 0.9), 2.2)
    sheet.text(level, (x, y - 3.4), 2.2, layer="주기")


def _cars(sheet: Sheet) -> None:
    """A row of parking bays with cars in some."""
    block = sheet.doc.blocks.new("승용차")
    block.add_lwpolyline(
        [(0.15, 0.3, 0.2), (1.85, 0.3, 0.2), (1.85, 4.7, 0.2), (0.15, 4.7, 0.2)],
        format="xyb",
        close=True,
        dxfattribs={"layer": "주차"},
    )
    for y0, y1 in ((1.2, 1.6), (3.5, 3.9)):
        block.add_lwpolyline([(0.35, y0), (1.65, y0), (1.5, y1), (0.5, y1)], close=True, dxfattribs={"layer": "주차"})
    for index in range(10):
        x = 62.5 + index * 2.6
        y = 60.2 - index * 0.28
        sheet.line("주차", (x, y), (x, y + 5.2))
        if index % 4 != 3:  # noqa: PLR2004 - every fourth bay is empty
            sheet.msp.add_blockref("승용차", (x + 0.3, y + 0.1), dxfattribs={"layer": "주차"})
    sheet.line("주차", (62.5, 65.4), (88.5, 62.6))
    sheet.text("옥외주차 10대", (74, 56.4), 2.2)


def _trees(sheet: Sheet) -> None:
    block = sheet.doc.blocks.new("교목")
    block.add_circle((0, 0), 1.5, dxfattribs={"layer": "조경"})
    for index in range(8):
        angle = index * pi / 4
        block.add_line(
            (0.3 * cos(angle), 0.3 * sin(angle)),
            (1.3 * cos(angle + 0.2), 1.3 * sin(angle + 0.2)),
            dxfattribs={"layer": "조경"},
        )
    for x, y, size in (
        (33, 88, 1.2), (34, 80, 1), (35, 72, 1.3), (36, 64, 1), (36, 56, 1.2), (37, 48, 1), (38, 41, 1.1), (52, 119, 1.1), (62, 120.5, 1.3),
        (72, 119, 1), (82, 118, 1.2), (92, 116.6, 1), (102, 115.4, 1.3), (112, 114, 1.1), (122, 112.4, 1.2), (128, 103, 1), (130, 94, 1.3),
        (132, 85, 1), (134, 76, 1.2), (135, 68, 1), (100, 37, 1), (107, 36.6, 1.2), (114, 37, 1), (110, 96, 1.4), (116, 90, 1), (112, 84, 1.1), (120, 98, 1),
    ):  # fmt: skip
        sheet.msp.add_blockref("교목", (x, y), dxfattribs={"layer": "조경", "xscale": size, "yscale": size})
    sheet.msp.add_spline(
        fit_points=[
            (104, 78, 0),
            (112, 76, 0),
            (124, 82, 0),
            (124, 104, 0),
            (112, 108, 0),
            (106, 98, 0),
            (104, 86, 0),
            (104, 78, 0),
        ],
        dxfattribs={"layer": "조경"},
    )
    sheet.text("어린이 놀이터", (115, 81), 2.2, layer="조경")


def _drain(sheet: Sheet) -> None:
    route = [(36.2, 99), (36.4, 97), (41, 40), (90, 40), (124, 42), (133, 60)]
    sheet.line("우수", *route)
    for index, at in enumerate(route[1:], 1):
        sheet.box("우수", at[0] - 0.8, at[1] - 0.8, 1.6, 1.6)
        sheet.text(f"MH-{index}", (at[0] + 3.4, at[1] + 1.5), 1.8, layer="우수")


def _north(sheet: Sheet, at: Point) -> None:
    x, y = at
    sheet.circle("주기", at, 5)
    sheet.hatch("문자", [(x, y + 7), (x - 2, y - 3.6), (x, y - 2.2)])
    sheet.line("문자", (x, y + 7), (x + 2, y - 3.6), (x, y - 2.2), (x - 2, y - 3.6), close=True)
    sheet.text("N", (x, y + 9), 3.5)


def _areas(sheet: Sheet, corner: Point) -> None:
    rows = [
        ("대지면적", "8,412.6㎡"),
        ("건축면적", "2,147.3㎡"),
        ("건폐율", "25.5 %"),
        ("연면적", "38,906.4㎡"),
        ("용적률", "318.2 %"),
    ]
    x, y = corner
    sheet.box("문자", x, y - 14, 40, 14)
    sheet.text("면적 개요", (x + 2, y - 1.6), 2.4, align="MIDDLE_LEFT")
    for index, (name, value) in enumerate(rows):
        at = y - 4 - index * 2.2
        sheet.text(name, (x + 2, at), 2.1, align="MIDDLE_LEFT", layer="주기")
        sheet.text(value, (x + 38, at), 2.1, align="MIDDLE_RIGHT")


def _bar(sheet: Sheet, at: Point) -> None:
    """A scale bar of thirty metres."""
    x, y = at[0] - 24, at[1]
    for index in range(3):
        if index % 2 == 0:
            sheet.hatch(
                "문자",
                [(x + index * 10, y), (x + index * 10 + 10, y), (x + index * 10 + 10, y + 1), (x + index * 10, y + 1)],
            )
        sheet.box("문자", x + index * 10, y, 10, 1)
    for metres in (0, 10, 20, 30):
        sheet.text(f"{metres}", (x + metres, y + 2.6), 2)
    sheet.text("m", (x + 33, y + 0.6), 2)
