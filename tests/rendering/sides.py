"""Draws one drawing twice for comparison, by us and by ezdxf's drawing add-on, as black hairlines in the same window.

Letters are kept out of the ink of both sides and given as boxes: the fonts differ, the places must not.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import ezdxf
from ezdxf import recover

from portal.rendering import Limits, render
from portal.rendering.entities import KINDS
from portal.rendering.opening import opened
from portal.rendering.sheets import MODEL
from portal.rendering.sniff import sniff
from tests.rendering.addon_side import BLACK, drawn_by_addon
from tests.rendering.likeness import Corners, Lettering, within

if TYPE_CHECKING:
    from ezdxf.document import Drawing

    from portal.rendering import Rendering, Sheet

SIDE: Final = 1200
PATIENT: Final = Limits(cpu=300, wall=300, memory=8 << 30)
UNSEEN: Final = frozenset({"VIEWPORT", "LIGHT", "SUN", "SEQEND"})


@dataclass(frozen=True, slots=True)
class Window:
    """What both sides show: a box in drawing units, as so many pixels."""

    box: tuple[float, float, float, float]
    width: int
    height: int

    @classmethod
    def of(cls, root: str) -> Window:
        """The window of a sheet, from the attributes of its SVG."""
        _, _, wide, high = map(float, _attribute(root, "viewBox").split())
        scale = float(_attribute(root, "data-scale"))
        x0, y1 = map(float, _attribute(root, "data-origin").split())
        box = (x0, y1 - high / scale, x0 + wide / scale, y1)
        part = SIDE / max(wide, high)
        return cls(box, max(1, round(wide * part)), max(1, round(high * part)))

    def lettering(self, text: str, corners: Corners) -> Lettering:
        """Letters with their corners in drawing units, in pixels."""
        x0, _, x1, y1 = self.box
        scale = self.width / (x1 - x0)
        shown = tuple(((x - x0) * scale, (y1 - y) * scale) for x, y in corners)
        # What a window has cut is no closed ring any more.
        return Lettering(text, shown, corners[0] == corners[-1] and within(shown, (0, 0, self.width, self.height)))


@dataclass(slots=True)
class Picture:
    """One side's SVG of a sheet; `letters` are filled in by the browser where the side has <text>."""

    svg: str
    letters: list[Lettering] = field(default_factory=list)
    types: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Pair:
    """A sheet drawn by both."""

    name: str
    window: Window
    ours: Picture
    model: Picture


def pairs(path: Path) -> list[Pair]:
    """All sheets of a drawing, drawn by both; raises ValueError when we refuse it."""
    with tempfile.TemporaryDirectory() as folder:
        answer = render(path, Path(folder), limits=PATIENT)
        if answer.outcome == "refused":
            raise ValueError(answer.message)
        documents = [_whole(Path(folder), sheet) for sheet in answer.sheets]
    doc = _read(path)
    found = []
    for sheet, whole in zip(answer.sheets, documents, strict=True):
        window = Window.of(whole)
        ours = Picture(_inked(whole), types=_our_types(path, sheet.name), lost=_our_losses(answer, sheet))
        found.append(Pair(sheet.name, window, ours, _model(doc, sheet.name, window)))
    return found


def _read(path: Path) -> Drawing:
    try:
        return ezdxf.readfile(path)
    except (ezdxf.DXFError, ValueError):
        return recover.readfile(path)[0]


def _whole(folder: Path, sheet: Sheet) -> str:
    """A sheet as one document: the base with its coarse groups replaced by the tiles' own."""
    base = (folder / sheet.svg).read_text(encoding="utf-8")
    if not sheet.parts:
        return base
    root, _, rest = base.partition(">")
    defs = rest[: rest.index("</defs>") + len("</defs>")] if rest.startswith("<defs>") else ""
    tiles = ((folder / tile.svg).read_text(encoding="utf-8") for tile in sheet.parts)
    inside = "".join(tile.partition(">")[2].removesuffix("</svg>") for tile in tiles)
    return f"{root}>{defs}{inside}</svg>"


def _inked(document: str) -> str:
    """Our SVG in black: every stroke a hairline, every area with an edge, masks white."""
    text = re.sub(r' (stroke|fill)-(opacity|width)="[^"]*"', "", document)
    text = re.sub(r'(stroke|fill)="(?!#ffffff|none)[^"]*"', rf'\1="{BLACK}"', text)
    return text.replace(
        f'fill="{BLACK}" stroke="none"', f'fill="{BLACK}" stroke="{BLACK}" vector-effect="non-scaling-stroke"'
    )


def _our_types(path: Path, name: str) -> Counter[str]:
    """How many objects of each type we read in a layout."""
    sniffed, data = sniff(path, PATIENT)
    doc, plain, _ = opened(path, sniffed, data)
    space = doc.modelspace() if name == MODEL else doc.layout(name)
    types = Counter(entity.dxftype() for entity in space)
    for kind, table in plain.of(space.block_record_name).items():
        types[KINDS[kind - 1]] += len(table)
    return _shown(types)


def _our_losses(answer: Rendering, sheet: Sheet) -> Counter[str]:
    return Counter(answer.skipped) if sheet.drawn < sheet.objects else Counter()


def _shown(types: Counter[str]) -> Counter[str]:
    return Counter({kind: count for kind, count in types.items() if kind not in UNSEEN})


def _model(doc: Drawing, name: str, window: Window) -> Picture:
    space = doc.modelspace() if name == MODEL else doc.layout(name)
    document, letters, lost = drawn_by_addon(doc, space, window)
    return Picture(document, letters, _shown(Counter(entity.dxftype() for entity in space)), lost)


def _attribute(root: str, name: str) -> str:
    found = re.search(rf' {name}="([^"]*)"', root)
    if found is None:
        raise ValueError(name)
    return found[1]
