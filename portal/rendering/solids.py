"""The edges of a 3DSOLID, REGION, BODY or SURFACE, seen from above: what a CAD shows of them in a wireframe.

ezdxf reads the ACIS data inside them. Straight edges, circles and ellipses are drawn; an edge on a free curve needs an ACIS
kernel, and so does a face without edges, such as a sphere's: those count as not drawn.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Final

from ezdxf.acis import entities as parts
from ezdxf.acis.const import ParsingError
from ezdxf.acis.dxf import load_dxf
from ezdxf.math import Matrix44, Vec3

from portal.rendering import curves
from portal.rendering.dxf import Entity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from portal.rendering.shapes import Step

KINDS: Final = frozenset({
    "3DSOLID", "REGION", "BODY", "SURFACE", "PLANESURFACE", "EXTRUDEDSURFACE", "LOFTEDSURFACE", "REVOLVEDSURFACE", "SWEPTSURFACE",
})  # fmt: skip
#: ACIS data is read object by object in Python, a second for about this much.
MOST_BYTES: Final = 4 << 20
MOST_EDGES: Final = 50_000
#: Of CPU, for all solids of a drawing: those after it are counted as not drawn, and the rest of the drawing is there.
SECONDS: Final = 5.0
#: Of a whole turn.
CHORDS: Final = 64
WHOLE_TURN: Final = math.tau * 1.001
#: How far an arc's end may lie from the vertex that it should meet, as a part of its radius.
CLOSE: Final = 1e-3


@parts.register
class EllipseCurve(parts.Curve):
    """A circle or ellipse, which ezdxf has no class for: centre, normal, half the long axis, and the ratio of the axes."""

    type: str = "ellipse-curve"
    centre = Vec3()
    normal = Vec3(0, 0, 1)
    major = Vec3(1, 0, 0)
    ratio = 1.0

    def restore_data(self, loader: Entity) -> None:
        """Read the record after what is common to all curves."""
        self.centre, self.normal, self.major = (Vec3(loader.read_vec3()) for _ in range(3))
        self.ratio = loader.read_double()
        super().restore_data(loader)

    def evaluate(self, param: float) -> Vec3:
        """The point at an angle in radians from the long axis."""
        minor = self.normal.cross(self.major) * self.ratio
        return self.centre + self.major * math.cos(param) + minor * math.sin(param)


@parts.register
class Placing(parts.Transform):
    """A body's place, which newer binary data (ASM 223 and later) holds as three axes, an origin and a scale."""

    def restore_data(self, loader: Entity) -> None:
        """Read the record after what is common to all."""
        try:
            super().restore_data(loader)
        except ParsingError:
            axes = [Vec3(loader.read_vec3()) for _ in range(3)]
            origin = Vec3(loader.read_vec3())
            scale = loader.read_double()
            ux, uy, uz = (axis * scale for axis in axes)
            self.matrix = Matrix44.ucs(ux, uy, uz, origin)


class Solids:
    """Reads the solids of one drawing, as long as there is time for them."""

    def __init__(self) -> None:
        self._spent = 0.0

    def edges(self, entity: Entity) -> tuple[list[Step], bool]:
        """As `edges`; raises curves.Unfit, too, when the time is over."""
        if self._spent > SECONDS:
            raise curves.Unfit("no time left for solids")
        began = time.process_time()
        try:
            return edges(entity)
        finally:
            self._spent += time.process_time() - began


def edges(entity: Entity) -> tuple[list[Step], bool]:
    """The edges as steps of a path in the drawing's plane, and whether there are more than could be drawn.

    Raises curves.Unfit when there is nothing to draw; what ezdxf cannot read raises its own errors.
    """
    data = entity.sab if entity.has_binary_data else entity.sat
    if (len(data) if isinstance(data, bytes | bytearray) else sum(map(len, data))) > MOST_BYTES:
        raise curves.Unfit("too much ACIS data")
    steps: list[Step] = []
    lost = False
    for body in load_dxf(entity):
        move = None if body.transform.is_none else body.transform.matrix
        for edge in _edges_of(body):
            points = _points(edge)
            if not points:
                lost = True
                continue
            first, *others = _flat(points, move)
            if any(other != first for other in others):  # an edge that runs towards the eye is not seen
                steps.append(("M", *first))
                steps += [("L", *point) for point in others]
    if not steps:
        raise curves.Unfit("no edge that can be drawn")
    return steps, lost


def _edges_of(body: Entity) -> Iterator[Entity]:
    """Each edge once; the two faces beside it both name it."""
    seen: set[int] = set()
    named = 0
    for lump in _chain(body.lump, lambda one: one.next_lump):
        for shell in _chain(lump.shell, lambda one: one.next_shell):
            for face in _chain(shell.face, lambda one: one.next_face):
                for loop in _chain(face.loop, lambda one: one.next_loop):
                    for coedge in _chain(loop.coedge, lambda one: one.next_coedge):
                        edge, named = coedge.edge, named + 1
                        if named > 4 * MOST_EDGES:  # a damaged file may come by the same edges again and again
                            raise curves.Unfit("too many edges")
                        if edge.is_none or id(edge) in seen:
                            continue
                        seen.add(id(edge))
                        yield edge


def _chain(first: Entity, after: Callable[[Entity], Entity]) -> Iterator[Entity]:
    """The members of a linked list, which closes on itself, ends, or, in a damaged file, does neither."""
    one, count, seen = first, 0, set()
    while not one.is_none and id(one) not in seen:
        if count >= MOST_EDGES:
            raise curves.Unfit("too many parts")
        seen.add(id(one))
        yield one
        one, count = after(one), count + 1


def _points(edge: Entity) -> list[Vec3]:
    """The edge as a string of points; none when its curve is one that cannot be drawn."""
    curve = edge.curve
    if edge.start_vertex.is_none or edge.end_vertex.is_none:
        return []
    start, end = edge.start_vertex.point.location, edge.end_vertex.point.location
    if curve.is_none:
        return []  # a point, such as the tip of a cone, or unknown
    if curve.type == "straight-curve":
        return [start, end]
    if not isinstance(curve, EllipseCurve):
        return []
    for sign in (-1.0, 1.0) if edge.sense else (1.0, -1.0):
        first, last = sign * edge.start_param, sign * edge.end_param
        if not abs(last - first) < WHOLE_TURN:
            return []
        reach = CLOSE * curve.major.magnitude
        if curve.evaluate(first).distance(start) <= reach and curve.evaluate(last).distance(end) <= reach:
            count = max(2, math.ceil(abs(last - first) / math.tau * CHORDS))
            return [curve.evaluate(first + (last - first) * step / count) for step in range(count + 1)]
    return []


def _flat(points: list[Vec3], move: Matrix44 | None) -> list[tuple[float, float]]:
    return [(point.x, point.y) for point in (move.transform_vertices(points) if move is not None else points)]
