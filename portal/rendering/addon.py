"""Lets ezdxf's drawing add-on draw what we do not draw ourselves (hatches, meshes, wide lines) into our own shapes.

No font, plot style or picture file is ever opened: the render context is built without a document, texts are not sent
here, and images are drawn as frames elsewhere.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from ezdxf.addons.drawing.config import Configuration, ImagePolicy, LinePolicy, ProxyGraphicPolicy, TextPolicy
from ezdxf.addons.drawing.frontend import UniversalFrontend
from ezdxf.addons.drawing.pipeline import AbstractPipeline
from ezdxf.addons.drawing.properties import Filling, RenderContext
from ezdxf.math import Vec2

from portal.rendering import curves
from portal.rendering.batches import Shape
from portal.rendering.dxf import Entity
from portal.rendering.shapes import Ink, Path

if TYPE_CHECKING:
    from collections.abc import Iterable

HATCHING_SECONDS = 2.0
CONFIGURATION = Configuration(
    pdsize=1,
    pdmode=0,
    image_policy=ImagePolicy.RECT,
    text_policy=TextPolicy.IGNORE,
    line_policy=LinePolicy.SOLID,
    proxy_graphic_policy=ProxyGraphicPolicy.IGNORE,
    hatching_timeout=HATCHING_SECONDS,
    min_hatch_line_distance=1e-12,
    circle_approximation_count=64,
)


class _Tap(AbstractPipeline):
    """The end of the add-on's pipeline: collects shapes in the ink of the entity that is being drawn."""

    def __init__(self) -> None:
        self.shapes: list[Shape] = []
        self.pen: Ink | None = None
        self.width = False

    def _take(self, steps: list[Entity], fill: str = "") -> None:
        if steps and self.pen is not None:
            self.shapes.append(Path(self.pen, steps, fill))

    def draw_point(self, pos: Entity, properties: Entity) -> None:  # noqa: ARG002 - the ink is ours
        point = Vec2(pos)
        self._take([("M", point.x, point.y), ("L", point.x, point.y)])

    def draw_line(self, start: Entity, end: Entity, properties: Entity) -> None:
        self.draw_solid_lines([(start, end)], properties)

    def draw_solid_lines(self, lines: Iterable[tuple[Entity, Entity]], properties: Entity) -> None:  # noqa: ARG002 - the ink is ours
        steps: list[Entity] = []
        for start, end in lines:
            steps.append(("M", start.x, start.y))
            steps.append(("L", end.x, end.y))
        self._take(steps)

    def draw_path(self, path: Entity, properties: Entity) -> None:  # noqa: ARG002 - the ink is ours
        if len(path):
            self._take(curves.from_path(path))

    def draw_filled_paths(self, paths: Iterable[Entity], properties: Entity) -> None:  # noqa: ARG002 - the ink is ours
        steps: list[Entity] = []
        for path in paths:
            if len(path):
                steps += curves.from_path(path)
                steps.append(("Z",))
        self._take(steps, "area")

    def draw_filled_polygon(self, points: Iterable[Entity], properties: Entity) -> None:  # noqa: ARG002 - the ink is ours
        self._take(curves.polygon((point.x, point.y) for point in points), "band" if self.width else "area")

    # What the add-on's interface asks for and a single entity never needs.
    def set_draw_entities_callback(self, callback: Entity) -> None: ...
    def set_config(self, config: Entity) -> None: ...
    def set_current_entity_handle(self, handle: str) -> None: ...
    def push_clipping_shape(self, shape: Entity, transform: Entity) -> None: ...
    def pop_clipping_shape(self) -> None: ...
    def draw_viewport(self, vp: Entity, layout_ctx: Entity, bbox_cache: Entity = None) -> None: ...
    def draw_text(
        self, text: Entity, transform: Entity, properties: Entity, cap_height: Entity, dxftype: str = "TEXT"
    ) -> None: ...
    def draw_image(self, image_data: Entity, properties: Entity) -> None: ...
    def finalize(self) -> None: ...
    def set_background(self, color: Entity) -> None: ...
    def enter_entity(self, entity: Entity, properties: Entity) -> None: ...
    def exit_entity(self, entity: Entity) -> None: ...


class AddOn:
    """Draws one entity at a time with the add-on."""

    def __init__(self) -> None:
        self._tap = _Tap()
        self._context = RenderContext()
        self._frontend = UniversalFrontend(self._context, self._tap, CONFIGURATION)

    def draw(self, entity: Entity, pen: Ink) -> list[Shape]:
        """Give the shapes of `entity` in `pen`; whatever the add-on raises passes through to the caller's guard."""
        tap = self._tap
        tap.shapes = []
        tap.width = entity.dxftype() in {"LWPOLYLINE", "POLYLINE"}
        properties = self._context.resolve_all(entity)
        filling = properties.filling
        gradient = filling is not None and filling.type == Filling.GRADIENT and filling.gradient_color1
        # Hatch lines come already broken; a gradient is shown in its first colour.
        tap.pen = pen._replace(colour=gradient, aci=0, dashes=()) if gradient else pen
        if filling is not None and filling.type == Filling.PATTERN:
            tap.pen = pen._replace(dashes=(), weight=0.0)
        # The add-on shifts hatch lines by a random hair; the same file must be drawn the same every time.
        random.seed(0)
        self._frontend.draw_entity(entity, properties)
        shapes, tap.shapes, tap.pen = tap.shapes, [], None
        return shapes
