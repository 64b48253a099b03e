"""What the renderer hands back: one frozen value per drawing, the same as the manifest.json beside its sheets.

All coordinates here are drawing units with y upwards, as in the file; the SVG has its own grid (see svg.py).
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pathlib import Path

Outcome = Literal["drawn", "partial", "refused"]
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost. The first group binds the child process, the second is counted before drawing.

    seconds are CPU and wall clock of the child, memory and output are bytes; `lines` is group-code lines of the file.
    `references` is files handed in beside it, `pixels` those of one picture, `pictures` bytes of all in one sheet.
    """

    cpu: int = 30
    wall: int = 28
    memory: int = 1 << 30
    output: int = 64 << 20
    descriptors: int = 64

    source: int = 400 << 20
    lines: int = 40_000_000
    objects: int = 2_400_000
    depth: int = 32
    layers: int = 20_000
    letters: int = 10_000
    points: int = 200_000
    degree: int = 15
    hatch_lines: int = 20_000
    dashes: int = 400_000
    svg: int = 64 << 20
    references: int = 64
    reference_depth: int = 8
    pixels: int = 60_000_000
    pictures: int = 12 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """The file as it was received. `kind` is decided by content: dxf, dxf-binary, dwg, pdf, png, gzip, html ..."""

    kind: str
    version: str
    encoding: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A file that the drawing names. `name` is the last part of what it says, without folders.

    `kind` is xref, image, pdf, dwf, dgn, plot style, font or shapes; `found` tells whether it was handed in, and `note` is
    a Korean sentence on what is shown instead, or why it could not be used.
    """

    name: str
    kind: str
    found: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a sheet. `css` is the class of its groups in the SVG, `colour` is "#rrggbb" or "currentColor".

    `on` is False for a layer that is off or frozen in the file: its groups carry display="none".
    """

    name: str
    css: str
    colour: str
    on: bool
    objects: int


@dataclass(frozen=True, slots=True)
class Text:
    """A readable text: insertion point and height in drawing units, `layer` indexes the sheet's layers."""

    text: str
    x: float
    y: float
    height: float
    layer: int


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of a large sheet, in a file beside it: what replaces the base's <g data-tile="number"> when one is near.

    `box` [x0, y0, x1, y1] is around its objects, in drawing units.
    """

    number: int
    svg: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Model space or one paper layout. `svg` and `thumb` are file names beside the manifest.

    `extents` is the useful part [x0, y0, x1, y1] that the SVG's viewBox shows; `full` holds everything drawn.
    `objects` counts the entities of the layout, `drawn` those of which something is visible or could be. `title` is tag ->
    value of the title block, `blocks` name -> number of references. `first` is the file of a large sheet's picture at a
    glance (glance.py), which may be empty.
    """

    name: str
    svg: str
    thumb: str
    extents: tuple[float, float, float, float]
    full: tuple[float, float, float, float]
    units: str
    layers: tuple[Layer, ...]
    texts: tuple[Text, ...]
    objects: int
    drawn: int
    parts: tuple[Tile, ...] = ()
    title: dict[str, str] = field(default_factory=dict)
    blocks: dict[str, int] = field(default_factory=dict)
    first: str = ""


@dataclass(frozen=True, slots=True)
class Rendering:
    """The answer for one file. `reason` is a short code (reasons.py), `message` the Korean sentence for a person."""

    outcome: Outcome
    reason: str
    message: str
    source: Source
    renderer: str
    sheets: tuple[Sheet, ...] = ()
    skipped: dict[str, int] = field(default_factory=dict)
    references: tuple[Reference, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Give the JSON document of the manifest and of `flask render --json`."""
        return dataclasses.asdict(self)

    def write(self, folder: Path) -> None:
        """Write manifest.json into `folder`, whole or not at all."""
        unfinished = folder / f"{MANIFEST}.part"
        unfinished.write_text(json.dumps(self.document(), ensure_ascii=False, allow_nan=False), encoding="utf-8")
        unfinished.replace(folder / MANIFEST)

    @classmethod
    def read(cls, folder: Path) -> Rendering:
        """Read the manifest of `folder` back; raises OSError, ValueError, KeyError or TypeError when it is not one."""
        return cls.from_document(json.loads((folder / MANIFEST).read_text(encoding="utf-8")))

    @classmethod
    def from_document(cls, whole: dict[str, Any]) -> Rendering:
        """Rebuild the value from its JSON document."""
        return cls(
            **{
                **whole,
                "source": Source(**whole["source"]),
                "sheets": tuple(_sheet(sheet) for sheet in whole["sheets"]),
                "references": tuple(Reference(**reference) for reference in whole["references"]),
            },
        )


def _sheet(values: dict[str, Any]) -> Sheet:
    return Sheet(
        **{
            **values,
            "extents": tuple(values["extents"]),
            "full": tuple(values["full"]),
            "layers": tuple(Layer(**layer) for layer in values["layers"]),
            "texts": tuple(Text(**text) for text in values["texts"]),
            "parts": tuple(Tile(**{**tile, "box": tuple(tile["box"])}) for tile in values["parts"]),
        },
    )
