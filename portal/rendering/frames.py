"""The frames in which a drawing places what it does not hold itself: pictures, underlays, objects of other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.rendering import curves
from portal.rendering.dxf import Entity

if TYPE_CHECKING:
    from portal.rendering.shapes import Step


def frame(entity: Entity) -> list[Step]:
    """The frame of an IMAGE, an underlay or an OLE2FRAME as a closed path; raises curves.Unfit when it has none."""
    kind = entity.dxftype()
    if kind == "OLE2FRAME":
        box = entity.bbox()
        points = () if box.is_empty else box.rect_vertices()
    elif kind == "IMAGE":
        points = entity.boundary_path_wcs()
    else:
        points = entity.boundary_path if len(entity.boundary_path) > 1 else ()
    ring = [(point[0], point[1]) for point in points]
    if not ring:
        raise curves.Unfit("no frame")
    return curves.polygon(ring)
