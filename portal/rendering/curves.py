"""Turns the plain entities (lines, arcs, polylines, splines, solids) into path steps, exactly: arcs stay arcs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from ezdxf.math import Vec3
from ezdxf.path import Command, make_path

from portal.rendering.dxf import Entity
from portal.rendering.shapes import IDENTITY, TURN, Matrix, Step, moved_steps

if TYPE_CHECKING:
    from collections.abc import Iterable

SPLINE_FRAME: Final = 16
STRAIGHT: Final = 1e-9
PIECES: Final = 16
MOST_PIECES: Final = 20_000


class Unfit(Exception):  # noqa: N818 - it marks an entity as not drawable and is always answered by the guard
    """The entity has no shape that could be drawn; the text says why."""


def line(entity: Entity) -> list[Step]:
    """Give the steps of a LINE."""
    start, end = entity.dxf.start, entity.dxf.end
    return [("M", start.x, start.y), ("L", end.x, end.y)]


def round_shape(entity: Entity) -> list[Step]:
    """Give the steps of a CIRCLE or ARC: one arc step, whatever its plane."""
    dxf = entity.dxf
    radius = dxf.radius
    circle = entity.dxftype() == "CIRCLE"
    start = 0.0 if circle else math.radians(dxf.start_angle % 360)
    end = TURN if circle else math.radians(dxf.end_angle % 360)
    if end <= start:
        end += TURN
    ocs = entity.ocs()
    centre, first, second = Vec3(dxf.center), Vec3(radius, 0, 0), Vec3(0, radius, 0)
    if ocs.transform:
        centre, first, second = ocs.to_wcs(centre), ocs.to_wcs(first), ocs.to_wcs(second)
    return arc(centre.x, centre.y, first.x, first.y, second.x, second.y, start, end)


def ellipse(entity: Entity) -> list[Step]:
    """Give the steps of an ELLIPSE."""
    dxf = entity.dxf
    major = Vec3(dxf.major_axis)
    minor = Vec3(entity.minor_axis)
    start, end = dxf.start_param, dxf.end_param
    if abs(end - start) < STRAIGHT:
        start, end = 0.0, TURN
    elif not abs(end - start) <= TURN + STRAIGHT:
        start, end = math.fmod(start, TURN), math.fmod(end, TURN)
    if end <= start:
        end += TURN
    centre = Vec3(dxf.center)
    return arc(centre.x, centre.y, major.x, major.y, minor.x, minor.y, start, end)


def arc(  # noqa: PLR0913 - centre, two half-axes and two angles
    x: float, y: float, ux: float, uy: float, vx: float, vy: float, start: float, end: float
) -> list[Step]:
    """Give a path of one arc from its centre, conjugate half-axes and angles."""
    step: Step = ("A", x, y, ux, uy, vx, vy, start, end)
    cosine, sine = math.cos(start), math.sin(start)
    steps: list[Step] = [("M", x + ux * cosine + vx * sine, y + uy * cosine + vy * sine), step]
    if end - start >= TURN - STRAIGHT:
        steps.append(("Z",))
    return steps


def light_polyline(entity: Entity) -> list[Step]:
    """Give the steps of an LWPOLYLINE without width."""
    with entity.points("xyb") as points:
        vertices = [(float(x), float(y), float(bulge)) for x, y, bulge in points]
    return _in_plane(bulged(vertices, closed=bool(entity.closed)), entity, float(entity.dxf.elevation))


def heavy_polyline(entity: Entity) -> list[Step]:
    """Give the steps of a 2D or 3D POLYLINE without width; the control frame of a fitted curve is left out."""
    vertices = [
        (vertex.dxf.location.x, vertex.dxf.location.y, float(vertex.dxf.get("bulge", 0.0)))
        for vertex in entity.vertices
        if not vertex.dxf.get("flags", 0) & SPLINE_FRAME
    ]
    steps = bulged(vertices, closed=bool(entity.is_closed))
    if entity.is_3d_polyline:
        return steps
    return _in_plane(steps, entity, Vec3(entity.dxf.get("elevation", (0, 0, 0))).z)


def solid(entity: Entity) -> list[Step]:
    """Give the outline of a SOLID or TRACE."""
    corners = [Vec3(corner) for corner in entity.wcs_vertices(close=False)]
    return polygon((corner.x, corner.y) for corner in corners)


def polygon(points: Iterable[tuple[float, float]]) -> list[Step]:
    """Give the steps of a closed ring."""
    steps: list[Step] = [("L", x, y) for x, y in points]
    if not steps:
        return []
    steps[0] = ("M", *steps[0][1:])
    steps.append(("Z",))
    return steps


def spline(entity: Entity) -> list[Step]:
    """Give the steps of a SPLINE: cubic curves, or short lines where its knots are not clamped (closed splines).

    Outside the knots that all control points have a say in, an unclamped curve runs off to the origin; ezdxf's own path
    draws that part too.
    """
    if not len(entity.control_points):
        return from_path(make_path(entity))
    tool = entity.construction_tool()
    knots, degree, count = tool.knots(), tool.degree, tool.count
    low, high = knots[degree], knots[count]
    if knots[0] == low and knots[-1] == high:
        return from_path(make_path(entity))
    pieces = min(MOST_PIECES, PIECES * (count - degree))
    points = list(tool.points(low + (high - low) * part / pieces for part in range(pieces + 1)))
    return [("L" if number else "M", point.x, point.y) for number, point in enumerate(points)]


def from_path(path: Entity) -> list[Step]:
    """Give the steps of an ezdxf path (2D projection); quadratic curves become cubic ones."""
    start = path.start
    steps: list[Step] = [("M", start.x, start.y)]
    here = start
    for command in path.commands():
        end = command.end
        if command.type == Command.LINE_TO:
            steps.append(("L", end.x, end.y))
        elif command.type == Command.MOVE_TO:
            steps.append(("M", end.x, end.y))
        elif command.type == Command.CURVE4_TO:
            steps.append(("C", command.ctrl1.x, command.ctrl1.y, command.ctrl2.x, command.ctrl2.y, end.x, end.y))
        else:
            control = command.ctrl
            x1, y1 = here.x + (control.x - here.x) * 2 / 3, here.y + (control.y - here.y) * 2 / 3
            x2, y2 = end.x + (control.x - end.x) * 2 / 3, end.y + (control.y - end.y) * 2 / 3
            steps.append(("C", x1, y1, x2, y2, end.x, end.y))
        here = end
    return steps


def plane(entity: Entity, elevation: float = 0.0) -> Matrix:
    """Give the map from the entity's own plane (its extrusion) to the drawing seen from above."""
    ocs = entity.ocs()
    if not ocs.transform:
        return IDENTITY
    origin, x, y = ocs.to_wcs(Vec3(0, 0, elevation)), ocs.to_wcs(Vec3(1, 0, 0)), ocs.to_wcs(Vec3(0, 1, 0))
    return (x.x, x.y, y.x, y.y, origin.x, origin.y)


def _in_plane(steps: list[Step], entity: Entity, elevation: float) -> list[Step]:
    matrix = plane(entity, elevation)
    return steps if matrix == IDENTITY else moved_steps(steps, matrix)


def bulged(vertices: list[tuple[float, float, float]], *, closed: bool) -> list[Step]:
    """Give the steps of a polyline from its vertices (x, y, bulge)."""
    if not vertices:
        raise Unfit("polyline without vertices")
    steps: list[Step] = [("M", vertices[0][0], vertices[0][1])]
    following = vertices[1:] + vertices[:1] if closed else vertices[1:]
    for (x, y, bulge), (to_x, to_y, _) in zip(vertices, following, strict=False):
        if not math.isfinite(bulge):
            raise Unfit("bulge is not a number")
        if abs(bulge) < STRAIGHT or (x == to_x and y == to_y):
            steps.append(("L", to_x, to_y))
        else:
            steps.append(_bulge(x, y, to_x, to_y, bulge))
    if closed:
        # The last straight step is the closing one.
        if steps[-1][0] == "L":
            steps.pop()
        steps.append(("Z",))
    elif len(steps) == 1:
        steps.append(("L", *steps[0][1:]))
    return steps


def _bulge(x: float, y: float, to_x: float, to_y: float, bulge: float) -> Step:
    """Give the arc between two points whose bulge is the tangent of a quarter of its angle, left turns positive."""
    offset = (1 - bulge * bulge) / (4 * bulge)
    centre_x = (x + to_x) / 2 - (to_y - y) * offset
    centre_y = (y + to_y) / 2 + (to_x - x) * offset
    radius = math.hypot(x - centre_x, y - centre_y)
    start = math.atan2(y - centre_y, x - centre_x)
    return ("A", centre_x, centre_y, radius, 0.0, 0.0, radius, start, start + 4 * math.atan(bulge))
