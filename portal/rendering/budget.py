"""Counts what drawing a document would cost before any of it is drawn: a bomb of 1 KB must be known by counting.

The number of objects after all blocks are opened is exact and costs one visit per block definition, because the count
of a block is remembered: ten levels of ten references are ten additions, not ten billion lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ezdxf.math import Vec2

from portal.rendering import curves
from portal.rendering.dxf import Entity
from portal.rendering.plain import count_of
from portal.rendering.reasons import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ezdxf.document import Drawing

    from portal.rendering.entities import Plain
    from portal.rendering.result import Limits

ENDLESS = 1 << 62
MESH_FACES = 200_000


class Budget:
    """The block graph of a document, its cycles and its expanded size."""

    def __init__(self, doc: Drawing, limits: Limits, plain: Plain) -> None:
        self.limits = limits
        self._plain = plain
        self.cycles: set[str] = set()
        self._model: Entity = doc.modelspace()
        self._blocks: Entity = doc.blocks
        self.foreign: dict[str, Budget] = {}
        """Of the drawings that are the content of this one's blocks, by the lower-case names of these."""
        self._cost: dict[str, tuple[int, int]] = {}
        self._open: list[str] = []

    def check(self, doc: Drawing) -> None:
        """Refuse a document whose layouts together hold too many objects, or that has too many layers.

        Raises Refused: too-many-objects, too-deep, too-many-layers.
        """
        if len(doc.layers) > self.limits.layers:
            raise Refused("too-many-layers", count=len(doc.layers), limit=self.limits.layers)
        total = 0
        for layout in doc.layouts:
            count, _ = self._sum(layout, layout.block_record_name)
            total += count
        if total > self.limits.objects:
            raise Refused("too-many-objects", count=total, limit=self.limits.objects)

    def of_model(self) -> tuple[int, int]:
        """The objects of model space and how deep they lie, for a drawing that another one refers to."""
        known = self._cost.get("")
        if known is None:
            known = self._cost[""] = self._sum(self._model, self._model.block_record_name)
        return known

    def _sum(self, entities: Iterable[Entity], space: str) -> tuple[int, int]:
        total, references = count_of(self._plain, space)
        deepest = 0
        for name, times in references.items():
            count, depth = self._block(name)
            total = min(ENDLESS, total + times * max(1, count))
            deepest = max(deepest, depth)
        for entity in entities:
            name, times = _reference(entity)
            if not name:
                total += 1
                continue
            count, depth = self._block(name)
            # An empty block still costs a visit per copy.
            total = min(ENDLESS, total + times * max(1, count))
            deepest = max(deepest, depth)
        return total, deepest

    def _block(self, name: str) -> tuple[int, int]:
        key = name.lower()
        if key in self._open:
            self.cycles.update(self._open[self._open.index(key) :])
            return 1, 0
        known = self._cost.get(key)
        if known is not None:
            return known
        if len(self._open) >= self.limits.depth:
            raise Refused("too-deep", depth=self.limits.depth)
        block = self._blocks.get(name)
        self._open.append(key)
        if key in self.foreign:
            count, depth = self.foreign[key].of_model()
        else:
            count, depth = self._sum(block, key) if block is not None else (1, 0)
        self._open.pop()
        self._cost[key] = count, depth + 1
        return count, depth + 1


def check_entity(entity: Entity, limits: Limits) -> None:
    """Refuse one entity that alone would cost too much; raises curves.Unfit with the reason."""
    kind = entity.dxftype()
    if kind == "SPLINE":
        if entity.dxf.degree > limits.degree:
            raise curves.Unfit("spline degree")
        if len(entity.control_points) + len(entity.fit_points) > limits.points:
            raise curves.Unfit("spline points")
    elif kind in {"HATCH", "MPOLYGON"}:
        _check_hatch(entity, limits)
    elif kind == "LWPOLYLINE":
        if len(entity) > limits.points:
            raise curves.Unfit("polyline points")
    elif kind == "MESH":
        if len(entity.faces) > MESH_FACES:
            raise curves.Unfit("mesh faces")
    elif kind == "INSERT" and len(entity.attribs) > limits.letters:
        raise curves.Unfit("too many attributes")


def _reference(entity: Entity) -> tuple[str, int]:
    kind = entity.dxftype()
    if kind == "INSERT":
        dxf = entity.dxf
        rows, columns = dxf.get("row_count", 1), dxf.get("column_count", 1)
        return str(dxf.get("name", "")), max(1, rows) * max(1, columns)
    if kind in {"DIMENSION", "ARC_DIMENSION", "LARGE_RADIAL_DIMENSION", "ACAD_TABLE"}:
        return str(entity.dxf.get("geometry", "") or ""), 1
    return "", 1


def _check_hatch(entity: Entity, limits: Limits) -> None:
    if len(entity.paths) > limits.hatch_lines:
        raise curves.Unfit("hatch paths")
    if entity.dxf.solid_fill:
        return
    if entity.pattern is None or not entity.pattern.lines:
        raise curves.Unfit("hatch without pattern")
    points = [vertex for path in entity.paths for vertex in _corners(path)]
    if not points:
        raise curves.Unfit("hatch without boundary")
    reach = max(
        max(p[0] for p in points) - min(p[0] for p in points), max(p[1] for p in points) - min(p[1] for p in points)
    )
    if not reach < float("inf"):
        raise curves.Unfit("hatch boundary is not finite")
    lines = pieces = 0.0
    for line in entity.pattern.lines:
        spacing = abs(_across(line))
        if not spacing > 0:
            raise curves.Unfit("hatch lines without distance")
        count = reach / spacing
        period = sum(abs(dash) for dash in line.dash_length_items)
        lines += count
        pieces += count * (reach / period if period > 0 else 1.0)
    if lines > limits.hatch_lines or pieces > limits.dashes:
        raise curves.Unfit("hatch too dense")


def _across(line: Entity) -> float:
    """Give the distance between two lines of a pattern: the offset's part across the line's direction."""
    direction = Vec2.from_deg_angle(line.angle)
    return float(direction.det(Vec2(line.offset)))


def _corners(path: Entity) -> list[tuple[float, float]]:
    if hasattr(path, "vertices"):
        return [(float(vertex[0]), float(vertex[1])) for vertex in path.vertices]
    points: list[tuple[float, float]] = []
    for edge in path.edges:
        for name in ("start", "end"):
            point = getattr(edge, name, None)
            if point is not None:
                points.append((float(point[0]), float(point[1])))
        centre = getattr(edge, "center", None)
        if centre is not None:
            radius = getattr(edge, "radius", None) or edge.major_axis.magnitude
            points += [(centre[0] - radius, centre[1] - radius), (centre[0] + radius, centre[1] + radius)]
        points += [(float(point[0]), float(point[1])) for point in getattr(edge, "control_points", ())]
    return points
