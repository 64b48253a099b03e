"""Where the objects of a layout or block stand: in which order, in which rows and columns, and within which bounds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ezdxf import reorder
from ezdxf.xclip import XClip

from portal.rendering import curves
from portal.rendering.shapes import Clip, Matrix, Step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portal.rendering.dxf import Entity


def in_order(layout: Entity) -> Iterable[Entity]:
    """The objects of a layout or block, what lies above others after them."""
    order = _redraw_order(layout)
    return reorder.ascending(layout, order) if order else layout


def _redraw_order(layout: Entity) -> list[tuple[str, str]]:
    """Give what the drawing says of the order of its objects; nothing where that record is broken."""
    try:
        return list(layout.get_redraw_order())
    except Exception:  # noqa: BLE001 - the per-object guard: the file's own order is nearly always the right one
        return []


def moves_of(entity: Entity) -> list[Matrix]:
    """Give the moves of a reference that stands in rows and columns, turned with it."""
    dxf = entity.dxf
    turn = math.radians(dxf.rotation)
    cosine, sine = math.cos(turn), math.sin(turn)
    plane = curves.plane(entity)
    moves: list[Matrix] = []
    for row in range(max(1, dxf.row_count)):
        for column in range(max(1, dxf.column_count)):
            x, y = column * dxf.column_spacing, row * dxf.row_spacing
            along, up = x * cosine - y * sine, x * sine + y * cosine
            moves.append((1, 0, 0, 1, along * plane[0] + up * plane[2], along * plane[1] + up * plane[3]))
    return moves


def clip_of(entity: Entity) -> tuple[Clip | None, list[Step]]:
    """Give the clip of a reference (XCLIP) and its frame, which a drawing may ask to see."""
    if not entity.has_extension_dict:
        return None, []
    clip = XClip(entity)
    if not (clip.has_clipping_path and clip.is_clipping_enabled):
        return None, []
    path = clip.get_wcs_clipping_path()
    inner = tuple((point.x, point.y) for point in path.inner_polygon())
    rings = [inner]
    if path.is_inverted_clip:
        rings.append(tuple((point.x, point.y) for point in path.outer_bounds().rect_vertices()))
    return Clip(tuple(rings), None), curves.polygon(inner) if clip.get_xclip_frame_policy() else []
