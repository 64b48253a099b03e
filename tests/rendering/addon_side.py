"""A layout as ezdxf's drawing add-on draws it, in black hairlines, made comparable where it goes its own way.

What is changed about the add-on, and why (docs/rendering.md, "Differences from the add-on"): an object it fails at costs
that object only; a viewport is shown whatever its status says; dashes begin where a CAD lets them begin; its fonts have
the widths we reckon with, so that both break lines alike, whatever fonts the machine has. Letters go by as boxes.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ezdxf.addons.drawing import RenderContext, frontend, layout, mtext_complex, pipeline, svg
from ezdxf.addons.drawing import text as addon_text
from ezdxf.addons.drawing.config import Configuration, ImagePolicy, TextPolicy
from ezdxf.fonts import fonts
from ezdxf.math import BoundingBox2d, Vec2
from ezdxf.npshapes import NumpyPath2d
from ezdxf.path import from_vertices
from ezdxf.tools import text_layout
from ezdxf.tools.text import text_wrap

from portal.rendering import letters, solids
from portal.rendering.dashes import dashed
from portal.rendering.dxf import Entity
from portal.rendering.paragraphs import SQUEEZE
from portal.rendering.sheets import shown_viewports
from tests.rendering.likeness import Corners, Lettering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ezdxf.document import Drawing

    from tests.rendering.sides import Window

BLACK: Final = "#000000"
FAR: Final = 8


def drawn_by_addon(doc: Drawing, space: Entity, window: Window) -> tuple[str, list[Lettering], Counter[str]]:
    """The add-on's SVG of a layout in a window, its letters in pixels, and what it did not draw by type."""
    shown = shown_viewports(space)
    for number, viewport in enumerate(space.query("VIEWPORT")):
        viewport.dxf.status = number + 2 if viewport in shown else 0
    # What the add-on draws at random, the first line of a hatching, must be the same in every run.
    random.seed(0)
    x0, y0, x1, y1 = window.box
    configuration = Configuration(
        image_policy=ImagePolicy.RECT,
        text_policy=TextPolicy.REPLACE_RECT,
        infinite_line_length=FAR * ((x1 - x0) + (y1 - y0)),
    )
    backend = _Backend()
    hand = _Frontend(RenderContext(doc), _Pipeline(backend), configuration)
    with _our_fonts():
        hand.draw_layout(space)
    page = layout.Page(window.width, window.height)
    box = BoundingBox2d([(x0, y0), (x1, y1)])
    document = backend.get_string(page, settings=layout.Settings(fit_page=True), render_box=box, xml_declaration=False)
    return _inked(document), [window.lettering(text, corners) for text, corners in backend.letters], hand.lost


def _inked(document: str) -> str:
    """The add-on's SVG in black: what has the colour of the paper, a mask, is white."""
    found = re.search(r'<rect fill="(#[0-9a-f]{6})[^>]*>', document)
    paper = found[1] if found else "#ffffff"
    text = re.sub(r'<rect fill="#[^>]*>', "", document, count=1)

    def look(style: re.Match[str]) -> str:
        fill = re.findall(r"fill: ([^;]+);", style[0])[0]
        if fill == paper:
            return "{stroke: none; fill: #ffffff;}"
        inside = BLACK if fill != "none" else "none"
        return f"{{stroke: {BLACK}; stroke-width: 1px; fill: {inside}; vector-effect: non-scaling-stroke;}}"

    return re.sub(r"\{stroke: [^}]*\}", look, text)


class _Backend(svg.SVGBackend):
    """Records as the add-on's own, the boxes of letters apart."""

    def __init__(self) -> None:
        super().__init__()
        self.letters: list[tuple[str, Corners]] = []
        self.text = ""

    def draw_path(self, path: Entity, properties: Entity) -> None:
        if not self.text:
            super().draw_path(path, properties)
            return
        corners = [(float(corner.x), float(corner.y)) for corner in path.control_vertices()]
        self.letters.append((self.text, tuple(corners)))


class _Pipeline(pipeline.RenderPipeline2d):
    """The add-on's own, but letters go by as the boxes they stand in, turned with them.

    Dashes are laid on paper already, so the viewport's scale, by which the add-on lengthens them, is left out.
    """

    def build_render_pipeline(self) -> pipeline.RenderStage2d:
        end = pipeline.BackendStage2d(self.backend, converter=self.get_backend_properties)
        dashes = _Dashes(self.config, get_ltype_scale=lambda: 1.0, next_stage=end)
        return pipeline.ClippingStage2d(self.config, self.clipping_portal, next_stage=dashes)

    def draw_text(
        self, text: str, transform: Entity, properties: Entity, cap_height: float, dxftype: str = "TEXT"
    ) -> None:
        shown = pipeline.prepare_string_for_rendering(text, dxftype)
        if not shown.strip():
            return
        wide = self.text_engine.get_text_line_width(shown, properties.font or self.default_font_face, cap_height)
        corners = transform.transform_vertices([(0, 0), (wide, 0), (wide, cap_height), (0, cap_height), (0, 0)])
        self.backend.text = shown
        self._pipeline.draw_path(NumpyPath2d(from_vertices(corners)), properties)
        self.backend.text = ""


class _Dashes(pipeline.LinetypeStage2d):
    """Lays the add-on's patterns as a CAD does, with half a dash at both ends; the add-on begins with a whole one."""

    def _create_pattern(self, properties: Entity, scale: float) -> Entity:
        pattern = [element * scale for element in properties.linetype_pattern]
        return pattern[:-1] if len(pattern) % 2 else pattern

    def draw_line(self, start: Vec2, end: Vec2, properties: Entity) -> None:
        if not self._laid([start, end], properties):
            self.next_stage.draw_line(start, end, properties)

    def draw_path(self, path: Entity, properties: Entity) -> None:
        if not self._laid(list(path.flattening(self.config.max_flattening_distance, segments=16)), properties):
            self.next_stage.draw_path(path, properties)

    def _laid(self, points: list[Vec2], properties: Entity) -> bool:
        pattern = tuple(self.pattern(properties))
        if sum(pattern) <= 0 or self.next_stage.backend.text:
            return False
        steps = [("L" if number else "M", point.x, point.y) for number, point in enumerate(points)]
        self.next_stage.draw_solid_lines(list(_pieces(dashed(steps, pattern))), properties)
        return True


def _pieces(steps: list[Entity]) -> Iterator[tuple[Vec2, Vec2]]:
    here = Vec2()
    for name, x, y in steps:
        if name == "L":
            yield here, Vec2(x, y)
        here = Vec2(x, y)


class _Frontend(frontend.UniversalFrontend):
    """The add-on's own, but one object it fails at costs that object and not the drawing.

    Solids, which it never draws, get our edges: whether those are right is for their own tests, and the rest can be compared.
    """

    def __init__(self, *arguments: Entity) -> None:
        super().__init__(*arguments)
        self.lost: Counter[str] = Counter()

    def draw_entity(self, entity: Entity, properties: Entity) -> None:
        kind = entity.dxftype()
        before = self.lost[kind]
        try:
            super().draw_entity(entity, properties)
            if kind in solids.KINDS and self.lost[kind] > before:
                self.pipeline.draw_solid_lines(list(_pieces(solids.edges(entity)[0])), properties)
        except Exception:  # noqa: BLE001 - whatever it is, the comparison goes on and counts it
            self.lost[kind] += 1

    def skip_entity(self, entity: Entity, msg: str) -> None:
        if msg != "invisible":
            self.lost[entity.dxftype()] += 1


class _Reckoned(fonts.MonospaceFont):
    """A font as wide as we reckon."""

    def text_width_ex(self, text: str, cap_height: float, width_factor: float = 1.0) -> float:
        return letters.width(text, cap_height) * width_factor

    def space_width(self) -> float:
        return self.text_width(" ")


@contextmanager
def _our_fonts() -> Iterator[None]:
    """While it lasts, all fonts of the add-on are reckoned ones, and lines are broken where we break them.

    Lines under and through letters are part of the letters.
    """
    changes: list[tuple[Entity, str, Entity]] = [
        (fonts, "find_font_file_name", lambda _face: ""),
        (fonts, "make_font", lambda _name, height, factor=1.0: _Reckoned(height, factor)),
        (mtext_complex.TextRenderer, "line", lambda *_: None),
        # The way it sets a text without inline codes knows no background.
        (
            frontend,
            "is_complex_mtext",
            lambda text, own=frontend.is_complex_mtext: own(text) or text.dxf.get("bg_fill"),
        ),
        (addon_text, "text_wrap", lambda words, width, measure: text_wrap(words, width and width * SQUEEZE, measure)),
    ]
    for kind in (text_layout.LeftLine, text_layout.NoTabLine):
        changes += [(kind, name, _with_room(getattr(kind, name))) for name in ("append", "append_with_tab")]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in changes]
    for owner, name, changed in changes:
        setattr(owner, name, changed)
    pipeline.AbstractPipeline.text_engine.__init__()  # type: ignore[misc]
    try:
        yield
    finally:
        for owner, name, own in before:
            setattr(owner, name, own)
        pipeline.AbstractPipeline.text_engine.__init__()  # type: ignore[misc]


def _with_room(own: Entity) -> Entity:
    """A line's way to take a word, but by SQUEEZE wider than its box, as ours may be."""

    def taken(line: Entity, *cells: Entity) -> Entity:
        before, line._width = line._width, line._width * SQUEEZE
        try:
            return own(line, *cells)
        finally:
            line._width = before

    return taken
