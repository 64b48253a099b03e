"""The pictures of a render: packed into the blob store, and their rows in the company's database."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from markupsafe import Markup
from sqlalchemy import insert
from sqlalchemy.orm import Session

from portal.core import packing
from portal.core.blobs import Missing, blobs
from portal.drawings.models import Layer, Render, Sheet, Text
from portal.rendering.result import Sheet as DrawnSheet

FIRST = "first"
#: Elements and attributes of our own pictures; none that runs, loads or links.
_SHAPES = re.compile(
    r"""(?:</?(?:svg|defs|clipPath|g|path)\b(?:\s(?:xmlns|viewBox|class|id|d|fill|stroke|transform|display|color"""
    r"""|data-layer|aria-hidden|vector-effect|font-family|clip-path|clip-rule|fill-rule|(?:fill|stroke)-[a-z]+)="[^"<>]*")*/?>)*"""
)


@dataclass(frozen=True, slots=True)
class Packed:
    """One kept picture: the digest and size of the SVG before it was packed."""

    digest: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Kept:
    """The pictures of one sheet, those of its tiles in their order."""

    picture: Packed
    thumb: Packed
    tiles: tuple[Packed, ...] = ()


def svg_key(company: str, sha256: str, version: str, position: int, part: str = "") -> str:
    """Where the packed SVG of a sheet lies in the blob store; `part` is "thumb", "first", "tile-7" or nothing."""
    return f"{company}/renders/{version}/{sha256}/{position}{part and f'-{part}'}.svg.br"


def opened(key: str) -> tuple[BinaryIO, str, packing.Coding]:
    """A kept picture as a packed stream to read and close, its key in the store and its coding. Raises Missing.

    Pictures of renderers before this one's are gzip, and stay as they are until their drawing is drawn again.
    """
    try:
        return blobs().open(key), key, "br"
    except Missing:
        older = f"{key.removesuffix('.br')}.gz"
        return blobs().open(older), older, "gzip"


def first_of(company: str, render: Render | None, sheet: Sheet) -> Markup:
    """A large sheet at a glance, for the page that shows it; nothing for others, and for those of older renderers.

    It becomes part of the page: so it is taken only when it consists of shapes, whatever lies in the store.
    """
    if render is None or not sheet.tiles:
        return Markup()
    try:
        stream, _, coding = opened(svg_key(company, render.sha256, render.version, sheet.position, FIRST))
    except Missing:
        return Markup()
    with stream:
        text = b"".join(packing.unpacked(packing.read(stream), coding)).decode()
    return Markup(text) if _SHAPES.fullmatch(text) else Markup()  # noqa: S704 - looked through in this line


def keep(company: str, sha256: str, version: str, folder: Path, sheets: Sequence[DrawnSheet]) -> list[Kept]:
    """Pack the picture and the thumbnail of each sheet in `folder`, and put them into the blob store.

    Raises NoSpace or Unreachable; what was put before that is put again, the same, by the next attempt.
    """
    for position, sheet in enumerate(sheets, start=1):
        if sheet.first:
            _pack(folder / sheet.first, svg_key(company, sha256, version, position, FIRST))
    return [
        Kept(
            _pack(folder / sheet.svg, svg_key(company, sha256, version, position)),
            _pack(folder / sheet.thumb, svg_key(company, sha256, version, position, "thumb")),
            tuple(
                _pack(folder / tile.svg, svg_key(company, sha256, version, position, f"tile-{tile.number}"))
                for tile in sheet.parts
            ),
        )
        for position, sheet in enumerate(sheets, start=1)
    ]


def write_sheet(session: Session, render: Render, position: int, drawn: DrawnSheet, kept: Kept) -> None:
    """Write the rows of one sheet, its layers and its texts, inside the write that finishes the render."""
    sheet = Sheet(
        render_id=render.id,
        position=position,
        name=_storable(drawn.name, 255),
        digest=kept.picture.digest,
        svg_bytes=kept.picture.bytes,
        thumb_digest=kept.thumb.digest,
        extents=list(drawn.extents),
        full=list(drawn.full),
        units=drawn.units[:20],
        objects=drawn.objects,
        drawn=drawn.drawn,
        tiles=[
            {"number": tile.number, "box": list(tile.box), "digest": packed.digest, "bytes": packed.bytes}
            for tile, packed in zip(drawn.parts, kept.tiles, strict=True)
        ],
    )
    sheet.title = {_storable(tag, 200): _storable(value, 200) for tag, value in drawn.title.items()}
    sheet.blocks = {_storable(name, 200): count for name, count in drawn.blocks.items()}
    session.add(sheet)
    session.flush()
    layers = [
        {
            "sheet_id": sheet.id,
            "position": place,
            "name": _storable(layer.name, 255),
            "class_name": layer.css[:40],
            "colour": layer.colour[:20],
            "visible": layer.on,
            "objects": layer.objects,
        }
        for place, layer in enumerate(drawn.layers, start=1)
    ]
    texts = [
        {
            "sheet_id": sheet.id,
            "layer": _storable(drawn.layers[text.layer].name, 255) if 0 <= text.layer < len(drawn.layers) else "",
            "content": _storable(text.text, 2000),
            "x": text.x,
            "y": text.y,
            "height": text.height,
        }
        for text in drawn.texts
        if text.text.strip()
    ]
    for table, rows in ((Layer, layers), (Text, texts)):
        if rows:
            session.execute(insert(table), rows)


def _pack(svg: Path, key: str) -> Packed:
    packed = svg.with_name(f"{svg.name}.br")
    digest, size = hashlib.sha256(), 0

    def told() -> Iterator[bytes]:
        nonlocal size
        with svg.open("rb") as plain:
            for chunk in packing.read(plain):
                digest.update(chunk)
                size += len(chunk)
                yield chunk

    with packed.open("wb") as squeezed:
        squeezed.writelines(packing.packed(told(), "br"))
    blobs().put_named(key, packed, "image/svg+xml")
    return Packed(digest.hexdigest(), size)


def _storable(words: str, most: int) -> str:
    """Text as every database takes it: PostgreSQL refuses the null letter and lone surrogates."""
    return words.replace("\x00", "").encode("utf-8", "replace").decode()[:most]
