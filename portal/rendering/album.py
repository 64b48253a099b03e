"""The pictures that a drawing places: read from the files that were handed in, made small, and packed once each."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Final

from ezdxf.math import Vec3

from portal.rendering.references import IMAGE, References
from portal.rendering.shapes import Clip, Ink, Picture, Raster

if TYPE_CHECKING:
    from pathlib import Path as File

    from portal.rendering.batches import Shape
    from portal.rendering.dxf import Entity
    from portal.rendering.result import Limits

FORMATS: Final = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")
SIDE: Final = 2400
"""Pixels on the longer side: as many as a large screen has."""
BYTES: Final = 400_000
WITH_FRAME: Final = 1
SHOWN: Final = 1
FADE: Final = 100


class Album:
    """The pictures of one drawing and of those it refers to."""

    def __init__(self, references: References, limits: Limits) -> None:
        self._references = references
        self._limits = limits
        self._packed: dict[File, Raster | None] = {}

    def placed(self, entity: Entity, ink: Ink, frame: list[Shape]) -> list[Shape]:
        """Give an IMAGE as its picture, with its frame where the drawing shows frames; the frame when it is not there."""
        definition = entity.image_def
        name = str(definition.dxf.get("filename", "")) if definition is not None else ""
        raster = self._raster(name)
        if raster is None:
            return frame
        dxf = entity.dxf
        if not dxf.get("flags", SHOWN) & SHOWN:
            return frame
        corner, size = Vec3(dxf.insert), dxf.image_size
        along, up = Vec3(dxf.u_pixel) * size[0], Vec3(dxf.v_pixel) * size[1]
        clip = None
        if dxf.get("clipping", 0):
            clip = Clip((tuple((point.x, point.y) for point in entity.boundary_path_wcs()),), None)
        alpha = ink.alpha * (1 - min(max(float(dxf.get("fade", 0)), 0.0), FADE) / FADE)
        matrix = (along.x, along.y, up.x, up.y, corner.x, corner.y)
        picture = Picture(ink._replace(alpha=alpha), raster, matrix, clip)
        if _framed(entity):
            return [picture, *frame]
        return [picture]

    def _raster(self, name: str) -> Raster | None:
        file = self._references.file(name)
        if file is None:
            return None
        if file not in self._packed:
            self._packed[file] = self._read(file, name)
        return self._packed[file]

    def _read(self, file: File, name: str) -> Raster | None:
        # Most drawings have no picture, and Pillow takes a while to load.
        from PIL import Image  # noqa: PLC0415

        from portal.rendering import raster  # noqa: PLC0415

        # The size is looked at below, before any pixel is read; libtiff's complaints are the file's affair.
        Image.MAX_IMAGE_PIXELS = None
        try:
            with warnings.catch_warnings(), file.open("rb") as stream, Image.open(stream, formats=FORMATS) as picture:
                warnings.simplefilter("ignore")
                if picture.width * picture.height > self._limits.pixels:
                    self._references.unusable(IMAGE, name, "그림이 너무 큽니다.")
                    return None
                picture.draft("RGB", (SIDE, SIDE))
                clear = picture.mode in {"LA", "PA", "RGBA"} or "transparency" in picture.info
                shown = picture.convert("RGBA" if clear else "RGB")
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - Pillow's readers raise anything on a broken picture; the drawing must not pay
            self._references.unusable(IMAGE, name, "그림 파일을 읽을 수 없습니다.")
            return None
        shown.thumbnail((SIDE, SIDE), reducing_gap=2.0)
        data = raster.packed(shown)
        if len(data) > BYTES:
            data = raster.packed_within(shown, BYTES)
        return Raster(data, shown.width, shown.height)


def _framed(entity: Entity) -> bool:
    """Whether the drawing shows the frames of its pictures (IMAGEFRAME), as it does when it says nothing."""
    doc = entity.doc
    variables = doc.objects.query("RASTERVARIABLES").first if doc is not None else None
    return variables is None or int(variables.dxf.get("frame", WITH_FRAME)) == WITH_FRAME
