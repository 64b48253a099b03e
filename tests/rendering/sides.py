"""Draws one drawing twice for comparison, by us and by ezdxf's drawing add-on, as black hairlines in the same window.

Letters are kept out of the ink of both sides and given as boxes: the fonts differ, the places must not.
"""

from __future__ import annotations

import random
import re
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import ezdxf
from ezdxf import recover
from ezdxf.addons.drawing import RenderContext, layout, pipeline, svg
from ezdxf.addons.drawing.config import Configuration, ImagePolicy, TextPolicy
from ezdxf.addons.drawing.frontend import UniversalFrontend
from ezdxf.math import BoundingBox2d, Vec2

from portal.rendering import Limits, render
from portal.rendering.dashes import dashed
from portal.rendering.opening import opened
from portal.rendering.entities import KINDS
from portal.rendering.sheets import MODEL
from portal.rendering.sniff import sniff
from tests.rendering.likeness import Lettering

if TYPE_CHECKING:
    from ezdxf.document import Drawing

    from portal.rendering import Rendering, Sheet

SIDE: Final = 1200
PATIENT: Final = Limits(cpu=300, wall=300, memory=8 << 30)
BLACK: Final = "#000000"
UNSEEN: Final = frozenset({"VIEWPORT", "LIGHT", "SUN", "SEQEND"})


@dataclass(frozen=True, slots=True)
class Window:
    """What both sides show: a box in drawing units, as so many pixels."""

    box: tuple[float, float, float, float]
    width: int
    height: int

    @classmethod
    def of(cls, root: str) -> Window:
        """The window of a sheet, from the attributes of its SVG."""
        _, _, wide, high = map(float, _attribute(root, "viewBox").split())
        scale = float(_attribute(root, "data-scale"))
        x0, y1 = map(float, _attribute(root, "data-origin").split())
        box = (x0, y1 - high / scale, x0 + wide / scale, y1)
        part = SIDE / max(wide, high)
        return cls(box, max(1, round(wide * part)), max(1, round(high * part)))


@dataclass(slots=True)
class Picture:
    """One side's SVG of a sheet; `letters` are filled in by the browser where the side has <text>."""

    svg: str
    letters: list[Lettering] = field(default_factory=list)
    types: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Pair:
    """A sheet drawn by both."""

    name: str
    window: Window
    ours: Picture
    model: Picture


def pairs(path: Path) -> list[Pair]:
    """All sheets of a drawing, drawn by both; raises ValueError when we refuse it."""
    with tempfile.TemporaryDirectory() as folder:
        answer = render(path, Path(folder), limits=PATIENT)
        if answer.outcome == "refused":
            raise ValueError(answer.message)
        documents = [_whole(Path(folder), sheet) for sheet in answer.sheets]
    doc = _read(path)
    found = []
    for sheet, whole in zip(answer.sheets, documents, strict=True):
        window = Window.of(whole)
        ours = Picture(_inked(whole), types=_our_types(path, sheet.name), lost=_our_losses(answer, sheet))
        found.append(Pair(sheet.name, window, ours, _model(doc, sheet.name, window)))
    return found


def _read(path: Path) -> Drawing:
    try:
        return ezdxf.readfile(path)
    except (ezdxf.DXFError, ValueError):
        return recover.readfile(path)[0]


def _whole(folder: Path, sheet: Sheet) -> str:
    """A sheet as one document: the base with its coarse groups replaced by the tiles' own."""
    base = (folder / sheet.svg).read_text(encoding="utf-8")
    if not sheet.parts:
        return base
    root, _, rest = base.partition(">")
    defs = rest[: rest.index("</defs>") + len("</defs>")] if rest.startswith("<defs>") else ""
    tiles = ((folder / tile.svg).read_text(encoding="utf-8") for tile in sheet.parts)
    inside = "".join(tile.partition(">")[2].removesuffix("</svg>") for tile in tiles)
    return f"{root}>{defs}{inside}</svg>"


def _inked(document: str) -> str:
    """Our SVG in black: every stroke a hairline, every area with an edge, masks white."""
    text = re.sub(r' (stroke|fill)-(opacity|width)="[^"]*"', "", document)
    text = re.sub(r'(stroke|fill)="(?!#ffffff|none)[^"]*"', rf'\1="{BLACK}"', text)
    return text.replace(
        f'fill="{BLACK}" stroke="none"', f'fill="{BLACK}" stroke="{BLACK}" vector-effect="non-scaling-stroke"'
    )


def _our_types(path: Path, name: str) -> Counter[str]:
    """How many objects of each type we read in a layout."""
    sniffed, data = sniff(path, PATIENT)
    doc, plain, _ = opened(path, sniffed, data)
    space = doc.modelspace() if name == MODEL else doc.layout(name)
    types = Counter(entity.dxftype() for entity in space)
    for kind, table in plain.of(space.block_record_name).items():
        types[KINDS[kind - 1]] += len(table)
    return _shown(types)


def _our_losses(answer: Rendering, sheet: Sheet) -> Counter[str]:
    return Counter(answer.skipped) if sheet.drawn < sheet.objects else Counter()


def _shown(types: Counter[str]) -> Counter[str]:
    return Counter({kind: count for kind, count in types.items() if kind not in UNSEEN})


def _model(doc: Drawing, name: str, window: Window) -> Picture:
    space = doc.modelspace() if name == MODEL else doc.layout(name)
    # What the add-on draws at random, the first line of a hatching, must be the same in every run.
    random.seed(0)
    x0, y0, x1, y1 = window.box
    reach = 8 * ((x1 - x0) + (y1 - y0))
    configuration = Configuration(
        image_policy=ImagePolicy.RECT, text_policy=TextPolicy.REPLACE_RECT, infinite_line_length=reach
    )
    backend = _Backend()
    frontend = _Frontend(RenderContext(doc), _Pipeline(backend), configuration)
    frontend.draw_layout(space)
    page = layout.Page(window.width, window.height)
    box = BoundingBox2d([(x0, y0), (x1, y1)])
    document = backend.get_string(
        page, settings=layout.Settings(fit_page=True), render_box=box, xml_declaration=False
    )
    scale = window.width / (x1 - x0)
    letters = [
        Lettering(text, ((left - x0) * scale, (y1 - top) * scale, (right - x0) * scale, (y1 - bottom) * scale))
        for text, (left, bottom, right, top) in backend.letters
    ]
    return Picture(
        _model_inked(document), letters, _shown(Counter(entity.dxftype() for entity in space)), frontend.lost
    )


def _model_inked(document: str) -> str:
    """The add-on's SVG in black: what has the colour of the paper, a mask, is white."""
    found = re.search(r'<rect fill="(#[0-9a-f]{6})[^>]*>', document)
    paper = found[1] if found else "#ffffff"
    text = re.sub(r'<rect fill="#[^>]*>', "", document, count=1)

    def look(style: re.Match[str]) -> str:
        stroke, fill = re.findall(r"(?:stroke|fill): ([^;]+);", style[0])
        if fill == paper:
            return "{stroke: none; fill: #ffffff;}"
        return f"{{stroke: {BLACK}; stroke-width: 1px; fill: {BLACK if fill != 'none' else 'none'}; vector-effect: non-scaling-stroke;}}"

    return re.sub(r"\{stroke: [^}]*\}", look, text)


class _Backend(svg.SVGBackend):
    """Records as the add-on's own, the boxes of letters apart."""

    def __init__(self) -> None:
        super().__init__()
        self.letters: list[tuple[str, tuple[float, float, float, float]]] = []
        self.text = ""

    def draw_path(self, path: Any, properties: Any) -> None:
        if not self.text:
            super().draw_path(path, properties)
            return
        box = BoundingBox2d(path.control_vertices())
        self.letters.append((self.text, (*box.extmin, *box.extmax)))


class _Pipeline(pipeline.RenderPipeline2d):
    """The add-on's own, but letters go by as boxes and dashes begin where a CAD lets them begin."""

    def build_render_pipeline(self) -> pipeline.RenderStage2d:
        end = pipeline.BackendStage2d(self.backend, converter=self.get_backend_properties)
        dashes = _Dashes(self.config, get_ltype_scale=self.get_vp_ltype_scale, next_stage=end)
        return pipeline.ClippingStage2d(self.config, self.clipping_portal, next_stage=dashes)

    def draw_text(self, text: str, transform: Any, properties: Any, cap_height: float, dxftype: str = "TEXT") -> None:
        self.backend.text = text
        try:
            super().draw_text(text, transform, properties, cap_height, dxftype)
        finally:
            self.backend.text = ""


class _Dashes(pipeline.LinetypeStage2d):
    """Lays the add-on's patterns as a CAD does, with half a dash at both ends; the add-on begins with a whole one."""

    def _create_pattern(self, properties: Any, scale: float) -> Any:
        pattern = [element * scale for element in properties.linetype_pattern]
        return pattern[:-1] if len(pattern) % 2 else pattern

    def draw_line(self, start: Vec2, end: Vec2, properties: Any) -> None:
        self._lay([start, end], properties) or self.next_stage.draw_line(start, end, properties)

    def draw_path(self, path: Any, properties: Any) -> None:
        points = list(path.flattening(self.config.max_flattening_distance, segments=16))
        self._lay(points, properties) or self.next_stage.draw_path(path, properties)

    def _lay(self, points: list[Vec2], properties: Any) -> bool:
        pattern = tuple(self.pattern(properties))
        if sum(pattern) <= 0 or self.backend_text():
            return False
        steps = [("L" if number else "M", point.x, point.y) for number, point in enumerate(points)]
        lines = []
        here = None
        for name, x, y in dashed(steps, pattern):
            if name == "L" and here is not None:
                lines.append((here, Vec2(x, y)))
            here = Vec2(x, y)
        self.next_stage.draw_solid_lines(lines, properties)
        return True

    def backend_text(self) -> str:
        """The letters whose box is on its way, if it is one."""
        return str(self.next_stage.backend.text)


class _Frontend(UniversalFrontend):
    """The add-on's own, but one object it fails at costs that object and not the drawing."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.lost: Counter[str] = Counter()

    def draw_entity(self, entity: Any, properties: Any) -> None:
        try:
            super().draw_entity(entity, properties)
        except Exception:  # noqa: BLE001 - whatever it is, the comparison goes on and counts it
            self.lost[entity.dxftype()] += 1

    def skip_entity(self, entity: Any, msg: str) -> None:
        del msg
        self.lost[entity.dxftype()] += 1


def _attribute(root: str, name: str) -> str:
    found = re.search(rf' {name}="([^"]*)"', root)
    if found is None:
        raise ValueError(name)
    return found[1]
