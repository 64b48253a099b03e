"""Makes a drawing with one object of every type that ezdxf can write, for comparing how two programs draw it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ezdxf
from ezdxf.enums import TextEntityAlignment

if TYPE_CHECKING:
    from pathlib import Path

    from ezdxf.document import Drawing
    from ezdxf.layouts import Modelspace

SQUARE = ((0, 0), (8, 0), (8, 8), (0, 8))


def every_type(path: Path) -> Path:
    """Write the drawing."""
    doc = ezdxf.new("R2010", setup=True)
    doc.header["$PDMODE"], doc.header["$PDSIZE"] = 3, 2
    space = doc.modelspace()
    _strokes(space)
    _areas(space)
    _letters(space)
    _composites(doc, space)
    paper = doc.layout("Layout1")
    paper.reset_main_viewport()
    paper.add_viewport(center=(100, 75), size=(180, 130), view_center_point=(50, 40), view_height=110, status=2)
    paper.add_lwpolyline([(0, 0), (200, 0), (200, 150), (0, 150)], close=True)
    doc.saveas(path)
    return path


def _strokes(space: Modelspace) -> None:
    space.add_line((0, 0), (8, 8))
    space.add_line((0, 10), (95, 10), dxfattribs={"linetype": "DASHDOT", "ltscale": 4})
    space.add_circle((16, 4), 4)
    space.add_arc((28, 4), 4, 300, 200)
    space.add_ellipse((40, 4), (4, 2), 0.4, 0.5, 5)
    space.add_lwpolyline([(48, 0, 0.5), (56, 0, 0), (56, 8, -0.5)], format="xyb", close=True)
    space.add_lwpolyline([(60, 0, 1, 0.2), (68, 4, 0.2, 1), (60, 8, 1, 1)])
    space.add_polyline2d([(72, 0), (80, 4), (72, 8)])
    space.add_polyline3d([(84, 0, 0), (92, 4, 5), (84, 8, 9)])
    space.add_spline(fit_points=[(0, 14), (4, 20), (8, 14), (12, 20)])
    space.add_open_spline([(16, 14), (20, 22), (24, 10), (28, 18)])
    space.add_point((34, 16))
    space.add_ray((40, 16), (1, 0.1))
    space.add_xline((40, 18), (1, -0.05))
    space.add_mline([(60, 14), (68, 20), (76, 14)])


def _areas(space: Modelspace) -> None:
    space.add_solid([(0, 24), (8, 24), (0, 32), (8, 32)])
    space.add_trace([(12, 24), (20, 24), (12, 30), (20, 32)])
    space.add_3dface([(24, 24), (32, 24), (32, 32), (24, 32)])
    solid = space.add_hatch(color=1)
    solid.paths.add_polyline_path([(36 + x, 24 + y) for x, y in SQUARE], is_closed=True)
    solid.paths.add_polyline_path([(38 + x / 2, 26 + y / 2) for x, y in SQUARE], is_closed=True)
    lines = space.add_hatch(color=2)
    lines.set_pattern_fill("ANSI31", scale=0.5)
    edges = lines.paths.add_edge_path()
    edges.add_arc((52, 28), 4, 0, 360)
    mesh = space.add_mesh()
    with mesh.edit_data() as data:
        data.vertices = [(60, 24, 0), (68, 24, 0), (64, 32, 3)]
        data.faces = [(0, 1, 2)]
    space.add_polyface().append_faces([[(72, 24, 0), (80, 24, 0), (76, 32, 2)]])
    space.add_wipeout([(37, 25), (40, 28)])
    image = space.doc.add_image_def("absent.png", (8, 8))
    space.add_image(image, (84, 24), (8, 8))


def _letters(space: Modelspace) -> None:
    space.add_text("TEXT 외벽", height=2).set_placement((0, 40))
    space.add_text("turned", height=2, rotation=30).set_placement((20, 40), align=TextEntityAlignment.MIDDLE_CENTER)
    space.add_text("fitted", height=2).set_placement((30, 40), (44, 40), align=TextEntityAlignment.FIT)
    space.add_mtext(
        r"first line\Psecond, \Lunderlined\l\P{\H0.7x;\S1/2;} and {\H0.7x;\S3#4;} end",
        dxfattribs={"insert": (50, 46), "char_height": 2, "width": 30},
    )


def _composites(doc: Drawing, space: Modelspace) -> None:
    block = doc.blocks.new("DOOR")
    block.add_line((0, 0), (0, 4))
    block.add_arc((0, 0), 4, 0, 90)
    block.add_attdef("NO", (0, -2), height=1)
    space.add_blockref("DOOR", (4, 52), {"rotation": 30, "xscale": 2}).add_auto_attribs({"NO": "D-101"})
    space.add_blockref("DOOR", (16, 52), {"row_count": 2, "column_count": 2, "row_spacing": 6, "column_spacing": 6})
    space.add_linear_dim(base=(36, 60), p1=(32, 52), p2=(44, 54)).render()
    space.add_radius_dim(center=(56, 56), radius=4, angle=45).render()
    space.add_angular_dim_3p(base=(70, 60), center=(64, 52), p1=(72, 52), p2=(64, 60)).render()
    space.add_leader([(76, 52), (80, 58), (86, 58)])
    leader = space.add_multileader_mtext("Standard")
    leader.set_content("note", char_height=2)
    leader.add_leader_line(ezdxf.render.mleader.ConnectionSide.left, [ezdxf.math.Vec2(88, 52)])
    leader.build(insert=ezdxf.math.Vec2(94, 60))
