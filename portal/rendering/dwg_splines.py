"""Brings back the splines that go through fit points: the conversion misreads them in files of 2013 and newer.

It leaves a spline without any point, so those are looked up in the DWG itself and written as they should have been. Where
the file gives derivatives at the ends, or the spline is closed, its control points are computed here: DXF, and so ezdxf,
knows only the directions of those derivatives.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from ezdxf.math import BSpline, Vec3, cad_fit_point_interpolation, global_bspline_interpolation

from portal.rendering.dwg_bits import Bits
from portal.rendering.dwg_entities import common_of, kind_of_record
from portal.rendering.dwg_mends import Written, objects_in, replaced
from portal.rendering.dwg_pages import Pages, Tangled

if TYPE_CHECKING:
    from collections.abc import Iterator

SINCE: Final = "AC1027"
SPLINE: Final = 36
THROUGH_POINTS: Final = 1
CLOSED: Final = 4
CUSTOM_KNOTS: Final = 15
#: How the parameter grows from point to point: the file's number, ezdxf's name, the power of the distance.
GROWTH: Final = {0: ("chord", 1.0), 1: ("centripetal", 0.5), 2: ("uniform", 0.0)}
CHORD: Final = GROWTH[0]
MOST_POINTS: Final = 100_000
MOST_SOLVED: Final = 2_000
AROUND_SEAM: Final = 16
_ANY_POINT: Final = re.compile(rb"\n[ \t]*1[01][ \t]*\r?\n")
_MARKER: Final = re.compile(rb"\n[ \t]*100[ \t]*\r?\nAcDbSpline\r?\n")


@dataclass(frozen=True, slots=True)
class Fit:
    """A cubic curve through points, with derivatives by its parameter at its ends (null for a free end)."""

    closed: bool
    growth: tuple[str, float]
    ends: tuple[Vec3, Vec3]
    points: tuple[Vec3, ...]


def restored(dxf: bytes, data: bytes, version: str) -> bytes:
    """The DXF of the DWG `data` with the fit points of its splines; what cannot be read stays as it is."""
    if version < SINCE or b"\nSPLINE" not in dxf:
        return dxf
    bare = [one for one in objects_in(dxf) if one.kind == b"SPLINE" and _without_points(dxf, one)]
    if not bare:
        return dxf
    try:
        records = Pages(data).objects({_number(one) for one in bare})
    except Tangled:
        return dxf
    parts: dict[tuple[int, int], bytes] = {}
    for one in bare:
        fit = fit_of(records[_number(one)].data) if _number(one) in records else None
        marker = _MARKER.search(dxf, one.start, one.until)
        if fit and marker:
            parts[marker.end(), one.until] = _written(fit)
    return replaced(dxf, parts)


def fit_of(record: bytes) -> Fit | None:
    """The fit points of a spline's record in a DWG of 2013 or newer; None for any other record."""
    bits = Bits(record)
    try:
        if kind_of_record(bits) != SPLINE:
            return None
        common_of(bits, SINCE)
        bits.long()  # whether through points, which the two after it say again and better
        flags, knots = bits.long(), bits.long()
        if not flags & THROUGH_POINTS or knots == CUSTOM_KNOTS:
            return None
        bits.long()  # a degree, whatever it says: a curve through points is cubic
        bits.double()  # a tolerance
        ends = Vec3(bits.point()), Vec3(bits.point())
        count = bits.long()
        if not 2 <= count <= MOST_POINTS:  # noqa: PLR2004 - a curve has two ends
            return None
        points = tuple(Vec3(bits.point()) for _ in range(count))
    except IndexError:
        return None
    if not all(math.isfinite(number) for point in (*ends, *points) for number in point.xyz):
        return None
    return Fit(bool(flags & CLOSED), GROWTH.get(knots, CHORD), ends, points)


def curve_of(fit: Fit) -> BSpline | None:
    """The curve with its derivatives at the ends; None for one with a free end, of which its points say enough."""
    points, ends, (name, power) = fit.points, fit.ends, fit.growth
    if len(points) > MOST_SOLVED or any(one.isclose(other) for one, other in pairwise(points)):
        return None
    try:
        if fit.closed and len(points) > 3 and points[0].isclose(points[-1]):  # noqa: PLR2004 - there and back
            ends, (name, power) = (_along_seam(points),) * 2, CHORD
        if any(end.is_null for end in ends):
            return None
        long = sum(one.distance(other) ** power for one, other in pairwise(points))
        return global_bspline_interpolation(points, 3, tangents=[end * long for end in ends], method=name)
    except (ArithmeticError, ValueError):
        return None


def _along_seam(points: tuple[Vec3, ...]) -> Vec3:
    """The derivative by length where a closed curve meets itself, from the curve through the points on both sides.

    What lies farther away than some points has no say in it: each point takes three quarters of the rest's weight.
    """
    before, after = points[-AROUND_SEAM - 1 : -1], points[:AROUND_SEAM]
    around = [*before, *after]
    lengths = [one.distance(other) for one, other in pairwise(around)]
    control, knots = cad_fit_point_interpolation(list(around))  # which adds to it
    seam = sum(lengths[: len(before)]) / sum(lengths) * knots[-1]
    derivative: Vec3 = BSpline(control, order=4, knots=knots).derivative(seam, n=1)[1]
    return derivative * (knots[-1] / sum(lengths))


def _without_points(dxf: bytes, one: Written) -> bool:
    return _ANY_POINT.search(dxf, one.start, one.until) is None


def _number(one: Written) -> int:
    try:
        return int(one.handle or b"", 16)
    except ValueError:
        return 0


def _written(fit: Fit) -> bytes:
    curve = curve_of(fit)
    return "".join(
        f"{code:3}\r\n{value!r}\r\n" for code, value in (_by_points(fit) if curve is None else _by_control(curve, fit))
    ).encode("ascii")


def _by_control(curve: BSpline, fit: Fit) -> Iterator[tuple[int, float]]:
    knots = [float(knot) for knot in curve.knots()]
    yield from ((70, 8 | fit.closed), (71, curve.degree), (72, len(knots)), (73, curve.count), (74, 0))
    yield from ((40, knot) for knot in knots)
    for point in curve.control_points:
        yield from zip((10, 20, 30), point.xyz, strict=True)


def _by_points(fit: Fit) -> Iterator[tuple[int, float]]:
    yield from ((70, 8 | fit.closed), (71, 3), (72, 0), (73, 0), (74, len(fit.points)))
    for point in fit.points:
        yield from zip((11, 21, 31), point.xyz, strict=True)
