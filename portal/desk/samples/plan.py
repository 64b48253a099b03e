"""Sample 1: the plan of an apartment of 84 square metres, 1:50."""

from __future__ import annotations

from pathlib import Path

from portal.desk.samples.sheet import Point, Sheet
from portal.desk.samples.walls import Box, outlines

LAYERS = {
    "벽체": (7, "CONTINUOUS", 50),
    "벽해치": (253, "CONTINUOUS", 9),
    "문": (174, "CONTINUOUS", 18),
    "창호": (150, "CONTINUOUS", 18),
    "가구": (252, "CONTINUOUS", 13),
    "위생기구": (32, "CONTINUOUS", 13),
    "바닥": (254, "CONTINUOUS", 5),
}
X = [0.0, 3900.0, 8400.0, 11400.0]
Y = [0.0, 1500.0, 5700.0, 9900.0]
OUTER, INNER = 100, 60  # half thicknesses


def _upright(x: float, y0: float, y1: float, half: float = INNER) -> Box:
    return (x - half, y0 - half, x + half, y1 + half)


def _level(y: float, x0: float, x1: float, half: float = INNER) -> Box:
    return (x0 - half, y - half, x1 + half, y + half)


WALLS: list[Box] = [
    _level(0, 0, 11400, OUTER), _level(9900, 0, 11400, OUTER), _upright(0, 0, 9900, OUTER), _upright(11400, 0, 9900, OUTER),
    _upright(3900, 0, 5700, OUTER), _upright(3900, 5700, 9900), _upright(8400, 0, 3600, OUTER), _upright(8400, 5400, 9900),
    _level(1500, 0, 3900), _level(5700, 0, 3900), _level(7800, 0, 3900), _upright(2100, 7800, 9900),
    _level(3600, 8400, 11400), _level(5400, 8400, 11400), _level(7050, 8400, 11400), _upright(9900, 3600, 4140),
]  # fmt: skip
WINDOWS: list[Box] = [
    (600, -100, 3300, 100), (4500, -100, 7800, 100), (9000, -100, 10800, 100), (600, 1440, 3300, 1560),
    (4800, 9800, 6000, 10000), (600, 9800, 1500, 10000), (9300, 9800, 10800, 10000), (2500, 9800, 3500, 10000),
]  # fmt: skip
#: Doors: hinge, opening direction of the leaf (unit), way of the closed leaf (unit), width, half wall thickness.
DOORS: list[tuple[Point, Point, Point, float, float]] = [
    ((3900, 5460), (-1, 0), (0, -1), 900, 100),
    ((600, 5700), (0, 1), (1, 0), 800, 60),
    ((1900, 7800), (0, 1), (-1, 0), 750, 60),
    ((3900, 8200), (-1, 0), (0, 1), 800, 60),
    ((8720, 3600), (0, -1), (1, 0), 900, 60),
    ((9500, 5400), (0, 1), (-1, 0), 750, 60),
    ((8400, 8260), (1, 0), (0, -1), 900, 60),
    ((11400, 5180), (-1, 0), (0, -1), 1000, 100),
]


def make(path: Path) -> None:
    """Write the plan as DXF."""
    sheet = Sheet(50, LAYERS)
    _walls(sheet)
    for door in DOORS:
        _door(sheet, *door)
    for window in WINDOWS:
        _window(sheet, window)
    _floor(sheet)
    _furniture(sheet)
    _wet_rooms(sheet)
    _rooms(sheet)
    _measures(sheet)
    sheet.view_title("1", "기준층 단위세대 평면도 (84A형)", "축척 1 : 50", (200, -1560))
    _north(sheet, (13050, 9400))
    sheet.notes(
        [
            "일반사항",
            "1. 치수는 mm, 벽 중심선 기준이다.",
            "2. 외벽 T200, 세대 내 벽 T120.",
            "3. 창호는 A-601 일람표를 따른다.",
            "4. 욕실 바닥은 50 낮춘다.",
        ],
        (12350, 7600),
    )
    values = {
        "사업명": "송도 B7블록 오피스텔", "도면명": "기준층 평면도", "도면번호": "A-201", "축척": "1 : 50", "작성일": "2026.11.20",
        "작성": "박지훈", "검토": "김서연", "승인": "이도윤", "개정": "C", "발주처": "한빛종합건설㈜",
    }  # fmt: skip
    sheet.frame(
        (-2750, -2450),
        values,
        ("C  2026.11.20  창호 규격 조정", "B  2026.10.07  협의 의견 반영", "A  2026.09.02  최초 작성"),
    )
    sheet.doc.saveas(path)


def _walls(sheet: Sheet) -> None:
    openings = [*WINDOWS]
    for hinge, _swing, along, width, half in DOORS:
        end = (hinge[0] + along[0] * width, hinge[1] + along[1] * width)
        across = (half if along[0] == 0 else 0, half if along[1] == 0 else 0)
        xs, ys = sorted((hinge[0], end[0])), sorted((hinge[1], end[1]))
        openings.append((xs[0] - across[0], ys[0] - across[1], xs[1] + across[0], ys[1] + across[1]))
    loops = outlines(WALLS, openings)
    sheet.hatch("벽해치", *loops)
    for loop in loops:
        sheet.line("벽체", *loop, close=True)


def _door(  # noqa: PLR0913 - what a door is made of
    sheet: Sheet, hinge: Point, swing: Point, along: Point, width: float, half: float
) -> None:
    """A leaf standing open, its swing, and the two jambs."""
    hinge = (hinge[0] + swing[0] * half, hinge[1] + swing[1] * half)
    tip = (hinge[0] + swing[0] * width, hinge[1] + swing[1] * width)
    thick = (along[0] * 40, along[1] * 40)
    sheet.line(
        "문", hinge, tip, (tip[0] + thick[0], tip[1] + thick[1]), (hinge[0] + thick[0], hinge[1] + thick[1]), close=True
    )
    angles = {(1, 0): 0, (0, 1): 90, (-1, 0): 180, (0, -1): 270}
    first, second = angles[int(swing[0]), int(swing[1])], angles[int(along[0]), int(along[1])]
    start, end = (first, second) if (second - first) % 360 == 90 else (second, first)  # noqa: PLR2004 - a quarter turn
    sheet.arc("문", hinge, width, start, end)


def _window(sheet: Sheet, box: Box) -> None:
    """Frame, two sashes that meet in the middle, and the sill lines."""
    x0, y0, x1, y1 = box
    sheet.line("창호", (x0, y0), (x1, y0))
    sheet.line("창호", (x0, y1), (x1, y1))
    middle, quarter = (y0 + y1) / 2, (y1 - y0) / 5
    half = (x0 + x1) / 2
    for x in (x0, x1 - 50):
        sheet.box("창호", x, middle - quarter, 50, 2 * quarter)
    sheet.box("창호", x0 + 50, middle, half - x0 - 10, quarter * 0.7)
    sheet.box("창호", half - 40, middle - quarter * 0.7, x1 - half - 10, quarter * 0.7)


def _floor(sheet: Sheet) -> None:
    """Tiles where it gets wet, and the step of the entrance."""
    for x0, y0, x1, y1, size in (
        (60, 7860, 2040, 9800, 300),
        (8460, 5460, 11300, 6990, 300),
        (9960, 3660, 11300, 5340, 400),
        (100, 100, 3800, 1440, 300),
    ):
        x = x0 + size
        while x < x1:
            sheet.line("바닥", (x, y0), (x, y1))
            x += size
        y = y0 + size
        while y < y1:
            sheet.line("바닥", (x0, y), (x1, y))
            y += size
    sheet.line("문", (9960, 4200), (9960, 5340))
    sheet.line("바닥", (3900, 5700), (8340, 5700))


def _furniture(sheet: Sheet) -> None:
    box, line = sheet.box, sheet.line
    # bed and side tables of the main bedroom
    box("가구", 120, 2500, 2050, 1700)
    box("가구", 120, 2500, 90, 1700)
    for y in (2640, 3460):
        sheet.msp.add_lwpolyline(
            [(280, y, 0, 0, -0.12), (700, y, 0, 0, -0.12), (700, y + 600, 0, 0, -0.12), (280, y + 600, 0, 0, -0.12)],
            format="xyseb",
            close=True,
            dxfattribs={"layer": "가구"},
        )
    line("가구", (900, 2500), (900, 4200))
    line("가구", (900, 4200), (1300, 3950), (1300, 2500))
    for y in (2030, 4270):
        box("가구", 120, y, 430, 400)
        sheet.circle("가구", (335, y + 200), 110)
    # sofa, table and television
    box("가구", 4100, 1350, 900, 2500)
    box("가구", 4100, 1350, 220, 2500)
    for y in (1350, 3650):
        box("가구", 4100, y, 900, 200)
    line("가구", (4320, 2600), (5000, 2600))
    box("가구", 5450, 2000, 650, 1200)
    box("가구", 5500, 2050, 550, 1100)
    box("가구", 7880, 1500, 380, 2200)
    box("가구", 8060, 1850, 60, 1500)
    # dining table
    box("가구", 5300, 6350, 1700, 850)
    for x in (5550, 6350):
        for y, back in ((5980, 5940), (7260, 7660)):
            box("가구", x, y, 420, 400)
            box("가구", x, back, 420, 40)
    # wardrobes
    for x0, y0, width, depth in ((120, 6950, 3660, 600), (9760, 2940, 1540, 580)):
        box("가구", x0, y0, width, depth)
        line("가구", (x0, y0 + depth / 2), (x0 + width, y0 + depth / 2))
        x = x0 + 90
        while x < x0 + width - 60:
            line("가구", (x, y0 + 70), (x + 40, y0 + depth - 70))
            x += 130
    # beds and desks of the smaller rooms
    for x, y in ((10150, 250), (10150, 7250)):
        box("가구", x, y, 1100, 2000)
        box("가구", x + 150, y + 1500, 800, 380)
        line("가구", (x, y + 1250), (x + 1100, y + 1250))
    for x, y in ((8620, 250), (8560, 8900)):
        box("가구", x, y, 1200, 600)
        box("가구", x + 380, y + 650 if y < 1000 else y - 470, 440, 420)  # noqa: PLR2004 - the lower room
    # shoe cabinet
    box("가구", 10000, 3680, 1280, 360)
    line("가구", (10640, 3680), (10640, 4040))


def _wet_rooms(sheet: Sheet) -> None:
    box, layer = sheet.box, "위생기구"
    # kitchen: counter, sink, hob, fridge
    sheet.line(layer, (4020, 9780), (4020, 9160), (7350, 9160), (7350, 9780))
    box(layer, 4700, 9280, 800, 400)
    box(layer, 4740, 9320, 330, 320)
    box(layer, 5130, 9320, 330, 320)
    sheet.circle(layer, (5100, 9700), 30)
    box(layer, 6350, 9260, 620, 440)
    for x, y in ((6510, 9370), (6810, 9370), (6510, 9590), (6810, 9590)):
        sheet.circle(layer, (x, y), 85)
        sheet.circle(layer, (x, y), 45)
    box(layer, 7430, 9000, 850, 780)
    sheet.line(layer, (7430, 9780), (8280, 9000))
    # main bathroom
    _toilet(sheet, (700, 9500))
    _basin(sheet, (1560, 9420))
    box(layer, 120, 7900, 900, 900)
    sheet.circle(layer, (570, 8350), 60)
    sheet.line(layer, (120, 8800), (1020, 7900))
    # family bathroom
    box(layer, 9700, 6190, 1560, 750)
    sheet.msp.add_lwpolyline(
        [(9800, 6280), (10900, 6280, 0, 0, 0.6), (10900, 6850), (9800, 6850)],
        format="xyseb",
        close=True,
        dxfattribs={"layer": layer},
    )
    sheet.circle(layer, (11050, 6565), 40)
    _basin(sheet, (10860, 5760), up=False)
    _toilet(sheet, (10080, 5650), up=False)
    # utility room
    box(layer, 2230, 9080, 650, 650)
    sheet.circle(layer, (2555, 9405), 250)
    sheet.circle(layer, (2555, 9405), 200)
    box(layer, 3000, 9280, 720, 450)
    sheet.circle(layer, (3360, 9500), 90)


def _toilet(sheet: Sheet, at: Point, *, up: bool = True) -> None:
    x, y = at
    way = 1 if up else -1
    sheet.box("위생기구", x - 210, min(y, y + 190 * way), 420, 190)
    sheet.msp.add_ellipse((x, y - 220 * way), major_axis=(0, 250), ratio=0.72, dxfattribs={"layer": "위생기구"})
    sheet.msp.add_ellipse((x, y - 230 * way), major_axis=(0, 180), ratio=0.68, dxfattribs={"layer": "위생기구"})


def _basin(sheet: Sheet, at: Point, *, up: bool = True) -> None:
    x, y = at
    way = 1 if up else -1
    sheet.box("위생기구", x - 380, min(y - 260 * way, y + 300 * way), 760, 560)
    sheet.msp.add_ellipse((x, y), major_axis=(240, 0), ratio=0.68, dxfattribs={"layer": "위생기구"})
    sheet.circle("위생기구", (x, y + 200 * way), 26)


def _rooms(sheet: Sheet) -> None:
    rooms = {
        "안방": (2950, 3250, "15.2㎡"), "거실": (6650, 3450, "22.4㎡"), "주방 · 식당": (6150, 8500, "18.1㎡"), "침실 1": (9550, 2150, "10.1㎡"),
        "침실 2": (9700, 7600, "8.0㎡"), "드레스룸": (2750, 6330, "7.5㎡"), "부부욕실": (1450, 8950, "3.9㎡"), "욕실": (9060, 6680, "4.4㎡"),
        "현관": (10240, 4640, "2.6㎡"), "발코니": (1950, 800, "5.4㎡"), "다용도실": (2640, 8500, "3.4㎡"), "복도": (9200, 4600, ""),
    }  # fmt: skip
    for name, (x, y, area) in rooms.items():
        sheet.text(name, (x, y), 3.2)
        if area:
            sheet.text(area, (x, y - sheet.paper(4.4)), 2.1, layer="주기")


def _measures(sheet: Sheet) -> None:
    for name, x in zip(("X1", "X2", "X3", "X4"), X, strict=True):
        sheet.bubble(name, (x, 11450), stem=(x, -400))
    for name, y in zip(("Y1", "Y2", "Y3", "Y4"), Y, strict=True):
        sheet.bubble(name, (-1950, y), stem=(11700, y))
    sheet.chain(X, at=10600, foot=10100)
    sheet.chain([X[0], X[-1]], at=11000, foot=10100)
    sheet.chain(Y, at=-800, foot=-200, horizontal=False)
    sheet.chain([Y[0], Y[-1]], at=-1250, foot=-200, horizontal=False)
    sheet.chain([0, 600, 3300, 3900, 4500, 7800, 8400, 9000, 10800, 11400], at=-700, foot=-200)
    sheet.chain([0, 3600, 5400, 7050, 9900], at=12050, foot=11600, horizontal=False)


def _north(sheet: Sheet, at: Point) -> None:
    x, y = at
    sheet.circle("주기", at, 420)
    sheet.hatch("문자", [(x, y + 560), (x - 170, y - 300), (x, y - 180)])
    sheet.line("문자", (x, y + 560), (x + 170, y - 300), (x, y - 180), (x - 170, y - 300), close=True)
    sheet.text("N", (x, y + 730), 3.2)
