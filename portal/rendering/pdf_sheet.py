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
    from collections.abc import Iterable
    from pathlib import Path

    from PIL.Image import Image

BASE_PIXELS: Final = 2_000_000
BASE_SIDE: Final = 1800
BASE_BYTES: Final = 105_000
"""Of the packed picture: a third more as base64, and room for the letters, makes 200 KB at most."""
BASE_LETTERS: Final = 50_000
SINGLE_PIXELS: Final = 4_200_000
"""A page of A4 at 200 dpi."""
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
        self.whole = False
        self._data = b""
        self._objects = objects

    def write_base(self, page: Page, out: Path, name: str) -> Sheet:
        """Write the page as one document or as its base, and its thumbnail."""
        single = self.format.pixels <= SINGLE_PIXELS
        size = (self.format.across, self.format.down) if single else self.format.within(BASE_PIXELS, BASE_SIDE)
        drawn = picture(page, *size)
        self.blank = not self.lines and raster.blank(drawn)
        letters = "".join(self._letters(self.lines))
        if single:
            self._data = raster.packed(drawn)
            self.whole = len(self._data) <= BASE_BYTES and self._light(letters)
        if not self.whole:
            drawn.thumbnail(self.format.within(BASE_PIXELS, BASE_SIDE), reducing_gap=2.0)
            self._data = raster.packed_within(drawn, BASE_BYTES)
        sheet = self._sheet(())
        text = self._text(letters if self._light(letters) else "")
        body = self._picture(self._data, (0, 0, *self.frame.size)) + text
        self._put(out / sheet.svg, root(self.frame, body, about(self.frame, self._label(name), "mm")))
        self._put(out / sheet.thumb, _thumb(drawn))
        return sheet

    def write_tiles(self, page: Page, out: Path, name: str) -> Sheet:
        """Write the tiles of the full picture, and the base with a place for each; white ones without letters are none."""
        format_ = self.format
        across = min(MOST_ACROSS, math.ceil(math.sqrt(format_.pixels / TILE_PIXELS)))
        wide, high = math.ceil(format_.across / across), math.ceil(format_.down / across)
        lines = self._by_tile(across, wide, high)
        found: dict[int, str] = {}
        rows = max(1, min(across, STRIP_PIXELS // (format_.across * high)))
        for first in range(0, across, rows):
            top = first * high
            tall = min(format_.down, (first + rows) * high + 1) - top
            if tall <= 0:
                break
            strip = picture(page, format_.across, format_.down, top, tall)
            for place in range(first * across, min(first + rows, across) * across):
                # One dot more to the right and below, so that no seam is seen between two.
                x, y = place % across * wide, place // across * high - top
                box = (x, y, min(strip.width, x + wide + 1), min(strip.height, y + high + 1))
                if box[0] >= box[2] or box[1] >= box[3]:
                    continue
                body = self._tile(strip.crop(box), (x, y + top), lines.get(place, []))
                if body:
                    found[place + 1] = body
        tiles = tuple(
            Tile(number, f"sheet-{self.number}-tile-{number}.svg", self._box(number - 1, across, wide, high))
            for number in found
        )
        for tile in tiles:
            self._put(out / tile.svg, root(self.frame, f'<g data-tile="{tile.number}">{found[tile.number]}</g>'))
        sheet = self._sheet(tiles)
        texts = {number: self._text("".join(self._letters(lines.get(number - 1, [])))) for number in found}
        light = self._light("".join(texts.values()))
        places = "".join(f'<g data-tile="{number}">{texts[number] if light else ""}</g>' for number in found)
        body = self._picture(self._data, (0, 0, *self.frame.size)) + places
        self._put(out / sheet.svg, root(self.frame, body, about(self.frame, self._label(name), "mm")))
        self.whole = True
        return sheet

    def _tile(self, part: Image, at: tuple[int, int], lines: list[Line]) -> str:
        text = self._text("".join(self._letters(lines)))
        if raster.blank(part):
            return text
        x, y = self.frame.size[0] / self.format.across, self.frame.size[1] / self.format.down
        place = (at[0] * x, at[1] * y, part.width * x, part.height * y)
        return self._picture(raster.packed(part), place) + text

    def _by_tile(self, across: int, wide: int, high: int) -> dict[int, list[Line]]:
        """The lines of each tile, counted from 0 at the top left: where their middle lies."""
        dots = self.format.across / self.frame.box[2]
        result: dict[int, list[Line]] = {}
        for line in self.lines:
            turn = math.radians(line.angle)
            x = (line.x + math.cos(turn) * line.length / 2) * dots
            y = (self.frame.box[3] - line.y - math.sin(turn) * line.length / 2) * dots
            column, row = (min(max(int(value), 0), across - 1) for value in (x / wide, y / high))
            result.setdefault(row * across + column, []).append(line)
        return result

    def _box(self, place: int, across: int, wide: int, high: int) -> tuple[float, float, float, float]:
        x, y = self.frame.box[2] / self.format.across, self.frame.box[3] / self.format.down
        left, top = place % across * wide * x, self.frame.box[3] - place // across * high * y
        return left, max(0.0, top - high * y), min(self.frame.box[2], left + wide * x), top

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

    def _text(self, letters: str) -> str:
        if not letters:
            return ""
        return f'<g class="l l-0" data-layer="0" stroke="none" fill="currentColor" fill-opacity="0">{letters}</g>'

    def _light(self, letters: str) -> bool:
        """Whether letters may be in the base without making it slow to arrive."""
        return len(letters) <= BASE_LETTERS

    def _sheet(self, tiles: tuple[Tile, ...]) -> Sheet:
        number = self.number
        texts = tuple(Text(line.text, line.x, line.y, line.size * CAP, 0) for line in self.lines)
        layer = Layer(LAYER, "l-0", "currentColor", True, self._objects)
        box = self.frame.box
        return Sheet(
            f"{number + 1}쪽", f"sheet-{number}.svg", f"sheet-{number}-thumb.svg", box, box, "mm", (layer,), texts,
            self._objects, self._objects, tiles,
        )  # fmt: skip

    def _label(self, name: str) -> str:
        return f"{name} {self.number + 1}쪽".strip()

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
