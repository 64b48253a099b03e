"""Draws the layouts of a document as shapes, object by object, each behind a guard that counts what could not be drawn.

A block is drawn once per look it inherits and then moved to its references; a composite (dimension, leader, table) is
opened into plain entities and drawn by the same hands, so that its letters stay letters.
"""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np
from ezdxf.addons.drawing.gfxproxy import DXFGraphicProxy
from ezdxf.entities.dxfgfx import DXFGraphic
from ezdxf.math import Vec3
from ezdxf.protocols import SupportsVirtualEntities, virtual_entities

from portal.rendering import budget, curves, frames, leaders, solids, tolerance
from portal.rendering.addon import AddOn
from portal.rendering.batches import Shape, around, boxes_of
from portal.rendering.dxf import Entity
from portal.rendering.entities import NOTHING_PLAIN, Plain
from portal.rendering.ink import TOP, Palette, Setting
from portal.rendering.lines_of_text import single_line
from portal.rendering.noting import number_of, places_of
from portal.rendering.paragraphs import multi_line
from portal.rendering.placing import clip_of, in_order, moves_of
from portal.rendering.plain import PlainHand, placed
from portal.rendering.reasons import Refused
from portal.rendering.shapes import Clip, Matrix, Path, shifted, sound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ezdxf.document import Drawing

    from portal.rendering.album import Album
    from portal.rendering.noting import Notes, Section
    from portal.rendering.result import Limits

DIMENSIONS: Final = frozenset({"DIMENSION", "ARC_DIMENSION", "LARGE_RADIAL_DIMENSION"})
UNSEEN: Final = frozenset({"VIEWPORT", "LIGHT", "SUN", "SEQEND"})
CONSTANT: Final = 2
SHEER: Final = 1e-9
ENDLESS_LENGTH: Final = 1.0


class Draughtsman:
    """Draws entities of one document; `skipped` counts by type what could not be drawn."""

    def __init__(  # noqa: PLR0913 - the document, its bounds, and what it shares with the drawing that refers to it
        self,
        doc: Drawing,
        limits: Limits,
        deadline: float,
        plain: Plain = NOTHING_PLAIN,
        album: Album | None = None,
        palette: Palette | None = None,
        skipped: Counter[str] | None = None,
        notes: Notes | None = None,
    ) -> None:
        self.palette = palette or Palette(doc)
        self.skipped: Counter[str] = Counter() if skipped is None else skipped
        self.budget = budget.Budget(doc, limits, plain)
        self._album = album
        self._foreign: dict[str, Draughtsman] = {}
        self._doc = doc
        self._limits = limits
        self._deadline = deadline
        self._addon = AddOn()
        self._solids = solids.Solids()
        self._styles = {style.dxf.name.lower(): style for style in doc.styles}
        self._dimstyles = {style.dxf.name.lower(): style for style in doc.dimstyles}
        self._blocks: dict[tuple[str, Setting], list[Shape]] = {}
        self._open: list[str] = []
        self._plain_hand = PlainHand(
            plain, self.palette, self._styles, self._plain_block, self.skipped, limits.letters, deadline, notes
        )
        self._notes = notes
        self.plain = plain
        own: dict[str, Callable[[Entity], list[Entity]]] = {
            "LINE": curves.line,
            "CIRCLE": curves.round_shape,
            "ARC": curves.round_shape,
            "ELLIPSE": curves.ellipse,
            "SPLINE": curves.spline,
            "HELIX": curves.spline,
        }
        self._plain = own
        self._special: dict[str, Callable[[Entity, Setting], list[Shape]]] = {
            "LWPOLYLINE": self._polyline,
            "POLYLINE": self._polyline,
            "SOLID": self._solid,
            "TRACE": self._solid,
            "TEXT": self._text,
            "ATTRIB": self._text,
            "ATTDEF": self._text,
            "MTEXT": self._mtext,
            "INSERT": self._insert,
            "POINT": self._point,
            "XLINE": self._endless,
            "RAY": self._endless,
            "IMAGE": self._image,
            "PDFUNDERLAY": self._frame,
            "DWFUNDERLAY": self._frame,
            "DGNUNDERLAY": self._frame,
            "OLE2FRAME": self._frame,
            "WIPEOUT": self._wipeout,
            "TOLERANCE": self._tolerance,
            **dict.fromkeys(solids.KINDS, self._edges),
        }

    def attach(self, block: str, other: Draughtsman) -> None:
        """Have the model of another drawing be the content of a block."""
        self._foreign[block.lower()] = other
        self.budget.foreign[block.lower()] = other.budget

    def layout(self, layout: Entity) -> tuple[list[list[Shape]], int, int]:
        """Draw a layout's own entities: shapes per entity in drawing order, number of entities, number drawn.

        Viewports are left to sheets.py. Raises Refused("time") when the clock runs out.
        """
        drawn: list[list[Shape]] = []
        section = self._notes.of(layout.block_record_name, TOP) if self._notes else None
        count = good = 0
        for entity in in_order(layout):
            if entity.dxftype() in UNSEEN:
                continue
            count += 1
            before = self.skipped.total()
            shapes = self.draw(entity, TOP)
            if section is not None:
                self._note(section, entity, shapes, TOP)
            good += self.skipped.total() == before
            if shapes:
                drawn.append(shapes)
        before = self.skipped.total()
        shapes, number = self._plain_hand.shapes(layout.block_record_name, TOP, once=True)
        if shapes:
            # First, as they would mostly be: what covers others, a mask behind letters, is none of them.
            drawn.insert(0, shapes)
        return drawn, count + number, good + max(0, number - (self.skipped.total() - before))

    def size_of(self, reference: Entity) -> float:
        """How large the block of a reference is drawn, corner to corner; 0 when nothing of it was."""
        block = reference.block()
        # A block whose objects were all plain is empty here, and so counts as false.
        key = (block.name.lower(), self.palette.setting(reference, TOP)) if block is not None else ("", TOP)
        shapes = self._blocks.get(key)
        if not shapes:
            return 0.0
        x0, y0, x1, y1 = around(boxes_of(shapes))
        return math.hypot((x1 - x0) * reference.dxf.xscale, (y1 - y0) * reference.dxf.yscale)

    def draw(self, entity: Entity, setting: Setting) -> list[Shape]:
        """Draw one entity; nothing, and a count in `skipped`, when it cannot be drawn."""
        if time.monotonic() > self._deadline:
            raise Refused("time")
        kind = _type_name(entity.dxftype())
        try:
            known = entity if isinstance(entity, DXFGraphic) else DXFGraphicProxy(entity)
            if known.dxf.get("invisible", 0):
                return []
            budget.check_entity(known, self._limits)
            shapes = self._shapes(kind, known, setting)
            good = [shape for shape in shapes if sound(shape.box)]
        except (Refused, MemoryError):
            raise
        except Exception:  # noqa: BLE001 - the per-object guard: one bad object must not cost the drawing
            self.skipped[kind] += 1
            return []
        if len(good) < len(shapes):
            self.skipped[kind] += 1
        return good

    def _shapes(self, kind: str, entity: Entity, setting: Setting) -> list[Shape]:
        plain = self._plain.get(kind)
        if plain is not None:
            return [Path(self.palette.of(entity, setting), plain(entity))]
        special = self._special.get(kind)
        if special is not None:
            return special(entity, setting)
        if kind in DIMENSIONS:
            return self._dimension(entity, setting)
        composite: Entity = entity
        if kind in {"MULTILEADER", "MLEADER"}:
            leaders.readable(entity, (style for _name, style in self._doc.mleader_styles))
        if isinstance(entity, SupportsVirtualEntities):
            parts = list(virtual_entities(entity))
            if not parts:
                raise curves.Unfit("nothing to show")
            return self._parts(parts, self.palette.setting(composite, setting))
        shapes = self._addon.draw(entity, self.palette.of(entity, setting))
        if not shapes and kind not in {"HATCH", "MPOLYGON"}:
            raise curves.Unfit("unsupported")
        return shapes

    def _parts(self, entities: Iterable[Entity], setting: Setting) -> list[Shape]:
        return [shape for part in entities for shape in self.draw(part, setting)]

    def _polyline(self, entity: Entity, setting: Setting) -> list[Shape]:
        pen = self.palette.of(entity, setting)
        heavy = entity.dxftype() == "POLYLINE"
        if (heavy and (entity.is_polygon_mesh or entity.is_poly_face_mesh)) or entity.has_width:
            return self._addon.draw(entity, pen)
        return [Path(pen, curves.heavy_polyline(entity) if heavy else curves.light_polyline(entity))]

    def _solid(self, entity: Entity, setting: Setting) -> list[Shape]:
        return [Path(self.palette.of(entity, setting)._replace(dashes=()), curves.solid(entity), "area")]

    def _text(self, entity: Entity, setting: Setting) -> list[Shape]:
        pen = self.palette.of(entity, setting)
        kind = entity.dxftype()
        if kind != "TEXT" and entity.is_invisible:
            return []
        if kind != "TEXT" and entity.has_embedded_mtext_entity:
            return self._mtext(entity.virtual_mtext_entity(), setting)
        return list(single_line(entity, pen, self._style(entity), self._limits.letters))

    def _mtext(self, entity: Entity, setting: Setting) -> list[Shape]:
        return multi_line(entity, self.palette.of(entity, setting), self._style(entity), self._limits.letters)

    def _style(self, entity: Entity) -> Entity:
        return self._styles.get(str(entity.dxf.get("style", "Standard")).lower())

    def _point(self, entity: Entity, setting: Setting) -> list[Shape]:
        pen = self.palette.of(entity, setting)._replace(dashes=())
        layer = self.palette.layers[pen.layer].name
        if layer.lower() == "defpoints":
            return []
        mode, size = int(self._doc.header.get("$PDMODE", 0)), float(self._doc.header.get("$PDSIZE", 0.0))
        if mode == 1:
            return []
        if mode and size > 0:
            return self._parts(entity.virtual_entities(size, mode), self.palette.setting(entity, setting))
        where = Vec3(entity.dxf.location)
        return [Path(pen, [("M", where.x, where.y), ("L", where.x, where.y)])]

    def _endless(self, entity: Entity, setting: Setting) -> list[Shape]:
        start = Vec3(entity.dxf.start)
        along = Vec3(entity.dxf.unit_vector) * ENDLESS_LENGTH
        first = start if entity.dxftype() == "RAY" else start - along
        steps = [("M", first.x, first.y), ("L", (start + along).x, (start + along).y)]
        return [Path(self.palette.of(entity, setting), steps, endless=True)]

    def _image(self, entity: Entity, setting: Setting) -> list[Shape]:
        frame = self._frame(entity, setting)
        return self._album.placed(entity, frame[0].ink, frame) if self._album else frame

    def _frame(self, entity: Entity, setting: Setting) -> list[Shape]:
        return [Path(self.palette.of(entity, setting)._replace(dashes=()), frames.frame(entity))]

    def _wipeout(self, entity: Entity, setting: Setting) -> list[Shape]:
        pen = self.palette.of(entity, setting)._replace(colour="paper", aci=0, dashes=())
        ring = curves.polygon((point.x, point.y) for point in entity.boundary_path_wcs())
        return [Path(pen, ring, "mask")]

    def _dimension(self, entity: Entity, setting: Setting) -> list[Shape]:
        inner = self.palette.setting(entity, setting)
        parts = list(entity.virtual_entities())
        if not parts:
            # The block with the dimension's picture is missing: draw the picture from its numbers.
            if not self._doc.dimstyles.has_entry(entity.dxf.dimstyle):
                entity.dxf.dimstyle = "Standard"
            entity.override().render()
            parts = list(entity.virtual_entities())
        if not parts:
            raise curves.Unfit("dimension without picture")
        return self._parts((part for part in parts if part.dxftype() != "POINT"), inner)

    def _tolerance(self, entity: Entity, setting: Setting) -> list[Shape]:
        style = self._dimstyles.get(str(entity.dxf.get("dimstyle", "Standard")).lower())
        parts = tolerance.opened(entity, style)
        before = self.skipped.copy()
        shapes = self._parts(parts, self.palette.setting(entity, setting))
        if self.skipped != before:  # a person knows of the frame, and not of what it was opened into
            self.skipped.clear()
            self.skipped.update(before)
            raise curves.Unfit("a frame with a part that cannot be drawn")
        return shapes

    def _edges(self, entity: Entity, setting: Setting) -> list[Shape]:
        steps, lost = self._solids.edges(entity)
        if lost:
            self.skipped[entity.dxftype()] += 1
        return [Path(self.palette.of(entity, setting), steps)]

    def _insert(self, entity: Entity, setting: Setting) -> list[Shape]:
        inner = self.palette.setting(entity, setting)
        shapes: list[Shape] = []
        block = entity.block()
        if block is None:
            if not entity.attribs:
                raise curves.Unfit("missing block")
        else:
            shapes += self._reference(entity, block, inner)
            if entity.mcount > 1:
                shapes, lost = placed(shapes, np.array(moves_of(entity)))
                self.skipped.update({"INSERT": lost} if lost else {})
        # Attributes lie outside the block reference but are hidden and coloured with it.
        return shapes + self._parts(entity.attribs, inner)

    def _reference(self, entity: Entity, block: Entity, inner: Setting) -> list[Shape]:
        placed = entity.matrix44()
        x, y, z, origin = placed.ux, placed.uy, placed.uz, placed.origin
        matrix: Matrix = (x.x, x.y, y.x, y.y, origin.x, origin.y)
        clip, frame = clip_of(entity)
        border = [Path(self.palette.of(entity, TOP)._replace(dashes=()), frame)] if frame else []
        if (abs(z.x) > SHEER or abs(z.y) > SHEER) and block.name.lower() not in self._foreign:
            # A reference tilted out of the plane: heights in the block move things sideways, so open it in 3D.
            flat = self._plain_hand.shapes(block.name, inner)[0]
            shapes = shifted(flat, matrix) + self._parts(entity.virtual_entities(), inner)
            return border + ([_within(shape, clip) for shape in shapes] if clip else shapes)
        return border + shifted(self._block(block, inner), matrix, clip)

    def _note(self, section: Section, entity: Entity, shapes: list[Shape], setting: Setting) -> None:
        """Note an entity that was drawn; of a reference its places, and its attributes as objects beside it."""
        if not isinstance(entity, DXFGraphic):
            entity = DXFGraphicProxy(entity)
        kind, layer, handle = _type_name(entity.dxftype()), str(entity.dxf.get("layer", "0")), number_of(entity)
        block = entity.block() if kind == "INSERT" and shapes else None
        if block is None:
            section.drawn(kind, layer, handle, shapes)
            return
        inner = self.palette.setting(entity, setting)
        content = self._blocks.get((block.name.lower(), inner), ())
        if content:
            places, base = places_of(entity, moves_of(entity)), Vec3(block.block.dxf.get("base_point", (0, 0, 0)))
            box = around(boxes_of(content))
            whole = np.array([len(places)])
            section.references(layer, np.array([handle]), block.name, places, whole, box, (base.x, base.y))
        skipped = self.skipped.copy()
        for attribute in entity.attribs:
            parts = self.draw(attribute, inner)
            section.drawn("ATTRIB", str(attribute.dxf.get("layer", "0")), number_of(attribute), parts)
        self.skipped.clear()
        self.skipped.update(skipped)

    def _plain_block(self, name: str, inner: Setting) -> tuple[list[Shape], tuple[float, float]]:
        block: Entity = self._doc.blocks.get(name)
        if block is None:
            raise curves.Unfit("missing block")
        base = Vec3(block.block.dxf.get("base_point", (0, 0, 0)))
        return self._block(block, inner), (base.x, base.y)

    def _block(self, block: Entity, inner: Setting) -> list[Shape]:
        name = block.block_record.dxf.name.lower()
        if name in self._open:
            raise curves.Unfit("block contains itself")
        key = (name, inner)
        known = self._blocks.get(key)
        if known is not None:
            return known
        self._open.append(name)
        try:
            foreign = self._foreign.get(name)
            shapes = foreign.model(block, inner) if foreign else self._content(block, name, inner)
        finally:
            self._open.pop()
        self._blocks[key] = shapes
        return shapes

    def _content(self, block: Entity, name: str, inner: Setting) -> list[Shape]:
        section = self._notes.of(name, inner) if self._notes else None
        shapes: list[Shape] = []
        for entity in in_order(block):
            kind = entity.dxftype()
            if kind in UNSEEN or (kind == "ATTDEF" and not entity.dxf.get("flags", 0) & CONSTANT):
                continue
            parts = self.draw(entity, inner)
            if section is not None:
                self._note(section, entity, parts, inner)
            shapes += parts
        shapes[:0] = self._plain_hand.shapes(name, inner)[0]
        return shapes

    def model(self, block: Entity, inner: Setting) -> list[Shape]:
        """Draw model space as the content of another drawing's `block`: its base point is ours where it has none."""
        shapes = self._block(self._doc.modelspace(), inner)
        base = Vec3(self._doc.header.get("$INSBASE", (0, 0, 0)))
        own = Vec3(block.block.dxf.get("base_point", (0, 0, 0)))
        return (
            shifted(shapes, (1, 0, 0, 1, -base.x, -base.y)) if (base.x or base.y) and not (own.x or own.y) else shapes
        )


def _type_name(name: str) -> str:
    """Give a type name that may be shown: a damaged file has any bytes there."""
    return name if re.fullmatch(r"[A-Z0-9_]{1,40}", name) else "UNKNOWN"


def _within(shape: Shape, clip: Clip) -> Shape:
    shape.clip = clip if shape.clip is None else shape.clip.moved((1, 0, 0, 1, 0, 0), clip)
    return shape
