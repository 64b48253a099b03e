"""Solids and regions are seen as their edges from above, as far as ezdxf can read what is in them."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

import ezdxf
import pytest
from ezdxf.acis import entities as parts
from ezdxf.acis.dxf import export_dxf
from ezdxf.acis.mesh import body_from_mesh
from ezdxf.acis.sab import SabDataLoader, Tags, Token
from ezdxf.math import Vec3
from ezdxf.render.forms import cube

from portal.rendering import Rendering, render
from portal.rendering import solids as our

if TYPE_CHECKING:
    from ezdxf.acis.entities import Body
    from ezdxf.document import Drawing


class Writable(our.EllipseCurve):
    """The curve, as ezdxf would write it if it knew it."""

    def write_data(self, exporter: parts.DataExporter) -> None:
        exporter.write_loc_vec3(self.centre)
        exporter.write_dir_vec3(self.normal)
        exporter.write_dir_vec3(self.major)
        exporter.write_double(self.ratio)
        super().write_data(exporter)


class Unknown(parts.StraightCurve):
    type = "intcurve-curve"


def solid(kind: str = "3DSOLID", version: str = "R2010", body: Body | None = None) -> Drawing:
    """A cube of 10 with its middle at (50, 20)."""
    doc = ezdxf.new(version)
    mesh = cube()
    mesh.scale_uniform(10)
    mesh.translate(50, 20, 7)
    entity = doc.modelspace().new_entity(kind, {"layer": "몸체"})
    export_dxf(entity, [body or body_from_mesh(mesh)])
    return doc


def edges(body: Body) -> list[parts.Edge]:
    return list(our._edges_of(body))


def drawn(doc: Drawing, folder: Path) -> Rendering:
    doc.saveas(folder / "drawing.dxf")
    return render(folder / "drawing.dxf", folder / "out")


@pytest.mark.parametrize(("kind", "version"), [("3DSOLID", "R2000"), ("REGION", "R2010"), ("3DSOLID", "R2018")])
def test_its_edges_are_seen_and_those_towards_the_eye_are_not(tmp_path: Path, kind: str, version: str) -> None:
    answer = drawn(solid(kind, version), tmp_path)
    assert (answer.outcome, answer.skipped) == ("drawn", {})
    (sheet,) = answer.sheets
    assert sheet.extents == pytest.approx((45, 15, 55, 25))
    svg = (tmp_path / "out" / sheet.svg).read_text(encoding="utf-8").rpartition("</defs>")[2]
    assert len(re.findall("[Mm]", "".join(re.findall(r' d="([^"]*)"', svg)))) <= 8, "eight of the twelve edges"


def bent(**changes: float) -> Body:
    """A cube of 2 around the origin, one of whose upper edges is half a circle outwards."""
    body = body_from_mesh(cube())
    edge = next(
        one
        for one in edges(body)
        if {point.z for point in ends(one)} == {0.5} and ends(one)[0].y == ends(one)[1].y == 0.5
    )
    start, end = ends(edge)
    curve = Writable()
    curve.centre, curve.major = (start + end) / 2, (start - end) / 2
    curve.normal = Vec3(0, 0, -1 if start.x < end.x else 1)
    edge.curve, edge.start_param, edge.end_param = curve, 0.0, math.pi
    for name, value in changes.items():
        setattr(edge, name, value)
    return body


def ends(edge: parts.Edge) -> tuple[Vec3, Vec3]:
    return edge.start_vertex.point.location, edge.end_vertex.point.location


def test_an_arc_is_drawn_round(tmp_path: Path) -> None:
    answer = drawn(solid(body=bent()), tmp_path)
    assert (answer.outcome, answer.skipped) == ("drawn", {})
    assert answer.sheets[0].extents == pytest.approx((-0.5, -0.5, 0.5, 1.0), abs=0.01)


def test_an_arc_against_its_curve_is_the_same_arc(tmp_path: Path) -> None:
    answer = drawn(solid(body=bent(sense=True, end_param=-math.pi)), tmp_path)
    assert answer.skipped == {}


@pytest.mark.parametrize("what", ["its ends are elsewhere", "it turns a thousand times", "its curve is unknown"])
def test_what_cannot_be_drawn_of_it_is_told_and_the_rest_is_there(tmp_path: Path, what: str) -> None:
    turns = {"its ends are elsewhere": 1.0, "it turns a thousand times": 2001 * math.pi}
    body = bent(end_param=turns[what]) if what in turns else bent()
    if what == "its curve is unknown":
        next(one for one in edges(body) if isinstance(one.curve, Writable)).curve = Unknown()
    answer = drawn(solid(body=body), tmp_path)
    assert (answer.outcome, answer.skipped) == ("partial", {"3DSOLID": 1})
    assert answer.sheets[0].extents == pytest.approx((-0.5, -0.5, 0.5, 0.5), abs=0.01)


def test_newer_binary_data_holds_its_place_as_axes() -> None:
    values: list[tuple[int, object]] = [
        (Tags.DIRECTION_VEC, axis) for axis in ((0, 1, 0), (-1, 0, 0), (0, 0, 1), (5, 6, 7))
    ]
    place = our.Placing()
    place.restore_data(SabDataLoader([Token(*one) for one in [*values, (Tags.DOUBLE, 2.0)]], 22300))
    assert place.matrix.transform((1, 0, 0)).isclose((5, 8, 7))


@pytest.mark.parametrize(
    "data", [["nothing"], ["700 0 1 0", "@8 unknown @2 x", "1 1e-06 1e-10", "body $-1 -1 $-1 $9 $-1 $-1 #"]]
)
def test_damaged_data_costs_the_solid_and_not_the_drawing(tmp_path: Path, data: list[str]) -> None:
    doc = ezdxf.new("R2010")
    doc.modelspace().add_line((0, 0), (9, 9))
    doc.modelspace().new_entity("3DSOLID", {}).sat = data
    answer = drawn(doc, tmp_path)
    assert (answer.outcome, answer.skipped) == ("partial", {"3DSOLID": 1})


def test_solids_have_their_time_and_the_others_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, entity = our.Solids(), solid().modelspace()[0]
    assert reader.edges(entity)[0]
    monkeypatch.setattr(our, "SECONDS", -1.0)
    with pytest.raises(our.curves.Unfit):
        reader.edges(entity)


def test_edges_that_are_named_again_and_again_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(our, "MOST_EDGES", 5)
    with pytest.raises(our.curves.Unfit):
        our.edges(solid().modelspace()[0])


def test_a_chain_that_never_ends_is_cut() -> None:
    class Link:
        is_none = False

    first, second = Link(), Link()
    after = {first: second, second: second}
    assert list(our._chain(first, after.__getitem__)) == [first, second]
    with pytest.raises(our.curves.Unfit):
        list(our._chain(first, lambda _one: Link()))
