"""Writes a page of a PDF as a sheet: its picture as <image> elements, and its letters over it, unseen but selectable.

The SVG follows the contract of svg.py, with millimetres on paper as drawing units, and one layer. A page that fits into
a small picture is one document. A larger one is a base, which stays, and tiles of 200 dots to the inch over it.
"""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Final

from portal.rendering import raster
from portal.rendering.grid import SIDE, Frame, short
from portal.rendering.letters import CAP
from portal.rendering.pdf_page import STRIP_PIXELS, Format, Line, Page, lines_of, picture
from portal.rendering.result import Layer, Sheet, Text, Tile
from portal.rendering.root import about, root

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from PIL.Image import Image

BASE_PIXELS: Final = 1_400_000
BASE_SIDE: Final = 1500
BASE_BYTES: Final = 105_000
"""Of the packed picture: a third more as base64, and room for the letters, makes 200 KB at most."""
BASE_LETTERS: Final = 50_000
"""Of the letters, which are left out of a base that they would make slow to arrive."""
WHOLE_BYTES: Final = 190_000
TILE_PIXELS: Final = 1_300_000
MOST_ACROSS: Final = 24
THUMB: Final = 320
THUMB_BYTES: Final = 36_000
LAYER: Final = "쪽"
LETTER_SIZE: Final = (0.5, 1900.0)
"""Letters outside these SVG units are kept for the search only: browsers draw no such sizes reliably."""


class PageSheet:
    """One page, being written into a folder: first coarsely, later in full."""

    def __init__(self, page: Page, format_: Format, number: int, objects: int) -> None:
        self.format = format_
        self.number = number
        wide, high = format_.paper
        self.frame = Frame((0.0, 0.0, wide, high), SIDE / max(wide, high))
        self.lines = lines_of(page, format_)
        self.blank = False
        self._objects = objects
        self._base = b""
        self._across = min(MOST_ACROSS, math.ceil(math.sqrt(format_.pixels / TILE_PIXELS)))
        self._wide, self._high = math.ceil(format_.across / self._across), math.ceil(format_.down / self._across)

    def write_base(self, page: Page, out: Path, name: str) -> Sheet:
        """Write the page coarsely, and its thumbnail."""
        drawn = picture(page, *self.format.within(BASE_PIXELS, BASE_SIDE))
        self.blank = not self.lines and raster.blank(drawn)
        self._base = raster.packed_within(drawn, BASE_BYTES)
        sheet = self._write_tiled({}, out, name, self.lines)
        self._put(out / sheet.thumb, _thumb(drawn))
        return sheet

    def write_full(self, page: Page, out: Path, name: str) -> Sheet:
        """Write the page in full: as one document when that is small, else as a base and tiles over it."""
        format_, high = self.format, self._high
        found: dict[int, str] = {}
        rows = max(1, min(self._across, STRIP_PIXELS // (format_.across * high)))
        for first in range(0, self._across, rows):
            top = first * high
            # One dot more below, and to the right, so that no seam is seen between two tiles.
            tall = min(format_.down, (first + rows) * high + 1) - top
            if tall > 0:
                found |= self._cut(picture(page, format_.across, format_.down, top, tall), first)
        if sum(len(image) for image in found.values()) + self._letters_size() > WHOLE_BYTES:
            return self._write_tiled(found, out, name)
        sheet = self._sheet(())
        body = "".join(found.values()) or self._picture(self._base, (0, 0, *self.frame.size))
        self._put(out / sheet.svg, self._document(body + self._text(self.lines), name))
        return sheet

    def _cut(self, strip: Image, first: int) -> dict[int, str]:
        """The pictures of the tiles in a strip that begins with row `first`, by place; not those that are white."""
        x_scale, y_scale = self.frame.size[0] / self.format.across, self.frame.size[1] / self.format.down
        found: dict[int, str] = {}
        for row in range(first, self._across):
            top = (row - first) * self._high
            bottom = min(strip.height, top + self._high + 1)
            if bottom - top < 2:  # noqa: PLR2004 - the one dot more belongs to the strip below
                break
            for column in range(self._across):
                left = column * self._wide
                part = strip.crop((left, top, min(strip.width, left + self._wide + 1), bottom))
                if part.width > 0 and not raster.blank(part):
                    y = row * self._high * y_scale
                    place = (left * x_scale, y, part.width * x_scale, part.height * y_scale)
                    found[row * self._across + column] = self._picture(raster.packed(part), place)
        return found

    def _write_tiled(self, found: dict[int, str], out: Path, name: str, over: Sequence[Line] = ()) -> Sheet:
        """Write the tiles, and the base with a place for each; before there are tiles, the letters lie `over` all of it."""
        lines = self._by_tile() if not over else {}
        texts = {place: self._text(lines.get(place, ())) for place in sorted(found.keys() | lines.keys())}
        tiles = tuple(Tile(place + 1, f"sheet-{self.number}-tile-{place + 1}.svg", self._box(place)) for place in texts)
        for tile, (place, text) in zip(tiles, texts.items(), strict=True):
            group = f'<g data-tile="{tile.number}">{found.get(place, "")}{text}</g>'
            self._put(out / tile.svg, root(self.frame, group))
        light = self._letters_size() < BASE_LETTERS
        places = "".join(f'<g data-tile="{place + 1}">{text if light else ""}</g>' for place, text in texts.items())
        body = self._picture(self._base, (0, 0, *self.frame.size)) + places + (self._text(over) if light else "")
        sheet = self._sheet(tiles)
        self._put(out / sheet.svg, self._document(body, name))
        return sheet

    def _document(self, body: str, name: str) -> str:
        return root(self.frame, body, about(self.frame, f"{name} {self.number + 1}쪽".strip(), "mm"))

    def _by_tile(self) -> dict[int, list[Line]]:
        """The lines of each tile, counted from 0 at the top left: where their middle lies."""
        dots = self.format.across / self.frame.box[2]
        result: dict[int, list[Line]] = {}
        for line in self.lines:
            turn = math.radians(line.angle)
            x = (line.x + math.cos(turn) * line.length / 2) * dots
            y = (self.frame.box[3] - line.y - math.sin(turn) * line.length / 2) * dots
            column, row = (
                min(max(int(at / side), 0), self._across - 1) for at, side in ((x, self._wide), (y, self._high))
            )
            result.setdefault(row * self._across + column, []).append(line)
        return result

    def _box(self, place: int) -> tuple[float, float, float, float]:
        row, column = divmod(place, self._across)
        x, y = self.frame.box[2] / self.format.across, self.frame.box[3] / self.format.down
        left, top = column * self._wide * x, self.frame.box[3] - row * self._high * y
        return left, max(0.0, top - self._high * y), min(self.frame.box[2], left + self._wide * x), top

    def _letters(self, lines: Iterable[Line]) -> Iterable[str]:
        scale, top = self.frame.scale, self.frame.box[3]
        for line in lines:
            size = line.size * scale
            if not LETTER_SIZE[0] <= size <= LETTER_SIZE[1]:
                continue
            x, y = short(line.x * scale), short((top - line.y) * scale)
            turned = f' transform="rotate({short(-line.angle)} {x} {y})"' if abs(line.angle) > 0.01 else ""  # noqa: PLR2004
            kept = ' xml:space="preserve"' if "  " in line.text or line.text != line.text.strip() else ""
            yield (
                f'<text x="{x}" y="{y}" font-size="{short(size)}" textLength="{short(line.length * scale)}"'
                f' lengthAdjust="spacingAndGlyphs"{turned}{kept}>{escape(line.text, quote=False)}</text>'
            )

    def _picture(self, data: bytes, place: raster.Place) -> str:
        return f'<g class="l l-0" data-layer="0">{raster.image(data, place)}</g>'

    def _text(self, lines: Iterable[Line]) -> str:
        letters = "".join(self._letters(lines))
        if not letters:
            return ""
        return f'<g class="l l-0" data-layer="0" stroke="none" fill="currentColor" fill-opacity="0">{letters}</g>'

    def _letters_size(self) -> int:
        """About how many bytes the letters take as SVG."""
        return sum(130 + len(line.text.encode()) for line in self.lines)

    def _sheet(self, tiles: tuple[Tile, ...]) -> Sheet:
        number = self.number
        texts = tuple(Text(line.text, line.x, line.y, line.size * CAP, 0) for line in self.lines)
        layer = Layer(LAYER, "l-0", "currentColor", True, self._objects)
        box = self.frame.box
        return Sheet(
            f"{number + 1}쪽", f"sheet-{number}.svg", f"sheet-{number}-thumb.svg", box, box, "mm", (layer,), texts,
            self._objects, self._objects, tiles,
        )  # fmt: skip

    @staticmethod
    def _put(file: Path, text: str) -> None:
        """Write a file whole or not at all: the watch may end this process at any moment."""
        unfinished = file.with_name(f"{file.name}.part")
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(file)


def _thumb(drawn: Image) -> str:
    small = drawn.copy()
    small.thumbnail((THUMB, THUMB), reducing_gap=2.0)
    data = raster.packed_within(small, THUMB_BYTES)
    wide, high = small.size
    drawn_small = raster.image(data, (0, 0, wide, high))
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}">{drawn_small}</svg>'
