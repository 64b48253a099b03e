"""What every sample sheet shares: layers, text, dimensions, and the A3 frame with its title block.

All lengths that belong to paper (text heights, gaps, the frame) are given in paper millimetres and scaled by the sheet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from math import cos, hypot, pi, sin

import ezdxf
from ezdxf.document import Drawing
from ezdxf.entities.dxfgfx import DXFGraphic
from ezdxf.enums import MTextEntityAlignment, TextEntityAlignment
from ezdxf.layouts.blocklayout import BlockLayout
from ezdxf.layouts.layout import Modelspace

Point = tuple[float, float]

STYLE = "고딕"
DIMENSIONS = "치수"
TITLE_BLOCK = "도곽_A3"
#: A3 in paper millimetres, the frame inside it, and the strip of the title block at its right.
WIDTH, HEIGHT, EDGE, STRIP = 420, 297, 10, 58

#: Layer -> (ACI colour, line type, line weight in 1/100 mm). The names an office here would use.
LAYERS: dict[str, tuple[int, str, int]] = {
    "도곽": (7, "CONTINUOUS", 35),
    "표제": (7, "CONTINUOUS", 18),
    "중심선": (1, "CENTER", 13),
    "치수": (8, "CONTINUOUS", 13),
    "문자": (7, "CONTINUOUS", 18),
    "주기": (8, "CONTINUOUS", 13),
    "해치": (9, "CONTINUOUS", 9),
}


@dataclass(slots=True)
class Sheet:
    """A drawing being made: `scale` is how many drawing units one paper millimetre covers."""

    scale: float
    layers: dict[str, tuple[int, str, int]] = field(default_factory=dict)
    arrow: str = "ARCHTICK"
    units: int = 4
    doc: Drawing = field(init=False)
    msp: Modelspace = field(init=False)

    def __post_init__(self) -> None:
        self.doc = ezdxf.new("R2018", setup=["linetypes"])  # type: ignore[attr-defined]  # exported by ezdxf's package
        self.doc.header["$INSUNITS"] = self.units
        self.doc.header["$LTSCALE"] = self.scale
        self.doc.header["$LWDISPLAY"] = 1
        self.msp = self.doc.modelspace()
        self.doc.styles.add(STYLE, font="NanumGothic.ttf")
        for name, (colour, linetype, weight) in (LAYERS | self.layers).items():
            self.doc.layers.add(name, color=colour, linetype=linetype, lineweight=weight)
        style = self.doc.dimstyles.new(DIMENSIONS)
        style.dxf.dimtxsty, style.dxf.dimscale, style.dxf.dimtxt = STYLE, self.scale, 2.5
        style.dxf.dimasz, style.dxf.dimexo, style.dxf.dimexe = (1.2 if self.arrow == "ARCHTICK" else 2.4), 1.5, 1.2
        style.dxf.dimgap, style.dxf.dimtad, style.dxf.dimtih, style.dxf.dimtoh = 0.8, 1, 0, 0
        style.dxf.dimclrd = style.dxf.dimclre = 8
        style.dxf.dimclrt, style.dxf.dimlwd, style.dxf.dimlwe = 7, 13, 13
        style.set_arrows(blk=self.arrow)

    def paper(self, millimetres: float) -> float:
        """Paper millimetres -> drawing units."""
        return millimetres * self.scale

    def line(self, layer: str, *points: Point, close: bool = False) -> DXFGraphic:
        """A polyline through `points`."""
        return self.msp.add_lwpolyline(points, close=close, dxfattribs={"layer": layer})

    def box(self, layer: str, x: float, y: float, width: float, height: float) -> DXFGraphic:
        return self.line(layer, (x, y), (x + width, y), (x + width, y + height), (x, y + height), close=True)

    def circle(self, layer: str, centre: Point, radius: float) -> DXFGraphic:
        return self.msp.add_circle(centre, radius, dxfattribs={"layer": layer})

    def arc(self, layer: str, centre: Point, radius: float, start: float, end: float) -> DXFGraphic:
        return self.msp.add_arc(centre, radius, start, end, dxfattribs={"layer": layer})

    def text(  # noqa: PLR0913 - what a text on a drawing is made of
        self,
        words: str,
        at: Point,
        height: float = 2.5,
        *,
        layer: str = "문자",
        align: str = "MIDDLE_CENTER",
        angle: float = 0,
    ) -> None:
        """One line of text, `height` in paper millimetres."""
        attributes = {"layer": layer, "style": STYLE, "rotation": angle, "width": 0.95}
        entity = self.msp.add_text(words, height=self.paper(height), dxfattribs=attributes)
        entity.set_placement(at, align=TextEntityAlignment[align])

    def notes(self, lines: list[str], at: Point, height: float = 2.2, layer: str = "주기") -> None:
        """Several lines from the top left corner `at`."""
        entity = self.msp.add_mtext(
            "\\P".join(lines), dxfattribs={"layer": layer, "style": STYLE, "char_height": self.paper(height)}
        )
        entity.set_location(at, attachment_point=MTextEntityAlignment.TOP_LEFT)
        entity.dxf.line_spacing_factor = 1.15

    def dimension(self, start: Point, end: Point, at: Point, words: str = "", angle: float = 0) -> None:
        """A linear dimension through `at`; `words` replaces the measured length."""
        length = abs(end[0] - start[0]) if angle == 0 else abs(end[1] - start[1])
        shown = words or f"{length:,.0f}"
        entity = self.msp.add_linear_dim(
            base=at, p1=start, p2=end, angle=angle, text=shown, dimstyle=DIMENSIONS, dxfattribs={"layer": "치수"}
        )
        entity.render()

    def chain(self, along: list[float], *, at: float, foot: float, horizontal: bool = True) -> None:
        """Dimensions side by side at the coordinate `at`, measured from things at `foot`."""
        for start, end in pairwise(along):
            if horizontal:
                self.dimension((start, foot), (end, foot), (start, at))
            else:
                self.dimension((foot, start), (foot, end), (at, start), angle=90)

    def hatch(
        self, layer: str, *paths: list[Point], pattern: str = "", pattern_scale: float = 1, colour: int = 256
    ) -> None:
        """Fill closed paths, solid without a `pattern`."""
        entity = self.msp.add_hatch(color=colour, dxfattribs={"layer": layer})
        if pattern:
            entity.set_pattern_fill(pattern, color=colour, scale=pattern_scale)
        for path in paths:
            entity.paths.add_polyline_path(path, is_closed=True)

    def leader(self, words: list[str], tip: Point, knee: Point, *, right: bool = True) -> None:
        """A note with a line that ends in a dot at `tip`."""
        shelf = self.paper(3) * (1 if right else -1)
        self.line("주기", tip, knee, (knee[0] + shelf, knee[1]))
        self.hatch("주기", _polygon(tip, self.paper(0.5), 12))
        for index, line in enumerate(words):
            place = (knee[0] + shelf + self.paper(0.8 if right else -0.8), knee[1] - index * self.paper(3.6))
            self.text(line, place, 2.2, layer="주기", align="MIDDLE_LEFT" if right else "MIDDLE_RIGHT")

    def bubble(self, words: str, at: Point, *, stem: Point) -> None:
        """A grid bubble at `at`, with its centre line from `stem`."""
        radius = self.paper(4)
        length = hypot(at[0] - stem[0], at[1] - stem[1])
        share = (length - radius) / length
        edge = (stem[0] + (at[0] - stem[0]) * share, stem[1] + (at[1] - stem[1]) * share)
        self.msp.add_line(stem, edge, dxfattribs={"layer": "중심선"})
        self.circle("문자", at, radius)
        self.text(words, at, 3)

    def view_title(self, number: str, words: str, scale: str, at: Point) -> None:
        """A view's name under it: number in a circle, double line, scale."""
        radius = self.paper(5)
        self.circle("문자", at, radius)
        self.text(number, at, 3.5)
        left = (at[0] + radius + self.paper(2), at[1])
        self.text(words, (left[0], at[1] + self.paper(3.4)), 4, align="MIDDLE_LEFT")
        self.text(scale, (left[0], at[1] - self.paper(2.8)), 2.4, align="MIDDLE_LEFT", layer="주기")
        self.line("문자", (at[0] + radius, at[1]), (at[0] + self.paper(62), at[1]))

    def frame(self, corner: Point, values: dict[str, str], history: tuple[str, ...]) -> None:
        """The frame with its title block at the paper's lower left `corner`: attributes by tag, revisions newest first."""
        block = self.doc.blocks.new(TITLE_BLOCK)
        _draw_title_block(block, history)
        reference = self.msp.add_blockref(
            TITLE_BLOCK,
            corner,
            dxfattribs={"layer": "도곽", "xscale": self.scale, "yscale": self.scale, "zscale": self.scale},
        )
        reference.add_auto_attribs(values)


def _polygon(centre: Point, radius: float, corners: int) -> list[Point]:
    return [
        (centre[0] + radius * cos(2 * pi * i / corners), centre[1] + radius * sin(2 * pi * i / corners))
        for i in range(corners)
    ]


#: Rows of the strip from the bottom: (tag, height, text height). An empty tag is a space for the office's name.
_ROWS: tuple[tuple[str, float, float], ...] = (
    ("개정", 11, 4.0),
    ("도면번호", 14, 5.0),
    ("축척", 11, 3.2),
    ("작성일", 11, 3.2),
    ("승인", 11, 3.2),
    ("검토", 11, 3.2),
    ("작성", 11, 3.2),
    ("도면명", 20, 4.2),
    ("사업명", 20, 3.4),
    ("발주처", 13, 3.2),
)


def _draw_title_block(block: BlockLayout, history: tuple[str, ...]) -> None:
    """Frame, strip and attribute definitions in paper millimetres."""
    right, top = WIDTH - EDGE, HEIGHT - EDGE
    left = right - STRIP
    block.add_lwpolyline(
        [(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)],
        close=True,
        dxfattribs={"layer": "표제", "color": 9, "lineweight": 9},
    )
    block.add_lwpolyline(
        [(EDGE, EDGE), (right, EDGE), (right, top), (EDGE, top)],
        close=True,
        dxfattribs={"layer": "도곽", "lineweight": 50},
    )
    block.add_line((left, EDGE), (left, top), dxfattribs={"layer": "도곽"})
    y: float = EDGE
    for tag, height, size in _ROWS:
        _text(block, tag, (left + 2.5, y + height - 3.2), 2.0, colour=8)
        definition = block.add_attdef(tag, dxfattribs={"layer": "표제", "style": STYLE, "height": size, "width": 0.92})
        definition.set_placement(
            (left + STRIP / 2, y + (height - 4) / 2 + 0.6), align=TextEntityAlignment.MIDDLE_CENTER
        )
        y += height
        block.add_line((left, y), (right, y), dxfattribs={"layer": "표제"})
    _text(block, "개정 내역", (left + 2.5, y + 34.4), 2.0, colour=8)
    for index, row in enumerate(history):
        _text(block, row, (left + 2.5, y + 26.5 - index * 8), 2.2)
        block.add_line(
            (left, y + 23.5 - index * 8), (right, y + 23.5 - index * 8), dxfattribs={"layer": "표제", "color": 9}
        )
    block.add_line((left, y + 38), (right, y + 38), dxfattribs={"layer": "표제"})
    _mark(block, (left + 12, top - 14))
    _text(block, "한빛종합건축사사무소", (left + STRIP / 2, top - 27), 3.6, centred=True)
    _text(block, "서울특별시 성동구 왕십리로 115", (left + STRIP / 2, top - 33), 2.1, centred=True, colour=8)
    _text(block, "전화 02-6000-0115", (left + STRIP / 2, top - 37.4), 2.1, centred=True, colour=8)
    block.add_line((left, top - 43), (right, top - 43), dxfattribs={"layer": "표제"})


def _text(  # noqa: PLR0913 - what a text on a sheet is made of
    block: BlockLayout, words: str, at: Point, height: float, *, centred: bool = False, colour: int = 256
) -> None:
    entity = block.add_text(
        words, height=height, dxfattribs={"layer": "표제", "style": STYLE, "color": colour, "width": 0.95}
    )
    entity.set_placement(at, align=TextEntityAlignment.MIDDLE_CENTER if centred else TextEntityAlignment.LEFT)


def _mark(block: BlockLayout, at: Point) -> None:
    """The office's sign: a house of three lines beside its initials."""
    x, y = at[0] + 4, at[1]
    for index in range(3):
        inset = index * 2.2
        block.add_lwpolyline(
            [
                (x + inset, y - 5),
                (x + inset, y + 3 - inset * 0.4),
                (x + 7, y + 8 - inset * 1.25),
                (x + 14 - inset, y + 3 - inset * 0.4),
                (x + 14 - inset, y - 5),
            ],
            dxfattribs={"layer": "표제", "lineweight": 35 if index == 0 else 18, "color": 5},
        )
    entity = block.add_text("HANBIT", height=4.4, dxfattribs={"layer": "표제", "style": STYLE})
    entity.set_placement((x + 17, y - 5), align=TextEntityAlignment.LEFT)
