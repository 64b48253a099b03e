"""Make "Planroom Drawing", the letters of drawings that Pretendard's subset does not hold, in slices a browser takes one by one.

    npm pack @embedpdf/fonts-kr@1.0.0 dejavu-fonts-ttf@2.37.3 && tar xf each into a folder of its own
    pip install fonttools brotli
    python ci/cut_drawing_font.py NOTO_PACKAGE DEJAVU_PACKAGE static/vendor/planroom-drawing

Noto Sans KR holds all 11,172 syllables and the 4,888 Hanja of KS X 1001, and looks like Pretendard because both are drawn
after Source Han Sans (Nanum Gothic lacks most of the Hanja). Of the signs, KS X 1001's rarest and ⌀ ℄ are in neither; these
few come from DejaVu Sans. The signs of geometrical tolerances that none of them has are drawn here (ISO 1101, ISO 129).
The outlines become TrueType, which a plot's PDF needs. Both licences ask that a changed font
bears another name.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import sys
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable

NAME = "Planroom Drawing"
VENDOR = Path(__file__).parents[1] / "static" / "vendor"
#: One letter of a slice brings the slice: small enough for a phone, few enough for a stylesheet.
LETTERS_IN_A_SLICE = 320
#: Hanja with their older block, syllables, and the Hanja that stand twice for having two readings.
BLOCKS = ((0x3400, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF))
SIGNS = "⌀℄"
#: The signs of portal/rendering/signs.py, in a slice of their own.
TOLERANCES = "∠⊥⏥⌓○⫽⌭↗⌯⌖⌒ⓁⓂ□ⓅⓈ⌰↧⌴⌵⌲⌳◎―"
#: Those that no font here has, as strokes on a grid of 10 to the height of a capital letter: points, or a centre, radius and angles.
STROKES: dict[str, list[tuple[float, ...]]] = {
    "⌓": [(5, 2, 5, 0, 180), (0, 2, 10, 2)],
    "⫽": [(1, 0, 5, 10), (5, 0, 9, 10)],
    "⌭": [(5, 5, 2.6, 0, 360), (0, 0, 4, 10), (6, 0, 10, 10)],
    "⌯": [(2, 8, 8, 8), (0, 5, 10, 5), (2, 2, 8, 2)],
    "⌖": [(5, 5, 3.2, 0, 360), (0, 5, 10, 5), (5, 0, 5, 10)],
    "⌰": [(0, 1, 5, 9, 5, 6), (5, 9, 2.6, 7.6), (4, 1, 9, 9, 9, 6), (9, 9, 6.6, 7.6), (0, 1, 4, 1)],
    "⌴": [(0, 7, 0, 2, 10, 2, 10, 7)],
    "⌵": [(0, 8, 5, 1, 10, 8)],
    "⌲": [(0, 5, 1, 5), (1, 1.5, 9, 5, 1, 8.5, 1, 1.5), (9, 5, 10, 5)],
    "⌳": [(0, 1, 10, 1, 10, 7, 0, 1)],
}
WIDTH, CAPITAL, SIDE = 0.75, 0.72, 0.09
"""Of a stroke, in the grid; a capital letter's height, and the room on each side, in em."""
ERROR = 0.5


def ks_x_1001() -> set[int]:
    """Every code point that EUC-KR can write."""
    cells = (bytes((row + 0xA0, cell + 0xA0)) for row in range(1, 95) for cell in range(1, 95))
    return {ord(letter) for cell in cells if (letter := cell.decode("euc_kr", "ignore"))}


def subset_of(font: TTFont, codes: set[int]) -> TTFont:
    """The font with these letters and without tables for setting running text."""
    options = subset.Options(layout_features=[], hinting=False, notdef_outline=True, glyph_names=False)
    options.drop_tables += ["BASE", "vhea", "vmtx", "VORG", "DSIG"]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=codes)
    cutter.subset(font)
    return font


def as_truetype(font: TTFont) -> TTFont:
    """The font with quadratic outlines in place of its cubic ones."""
    glyphs, order = font.getGlyphSet(), font.getGlyphOrder()
    drawn = {name: _drawn(glyphs, name) for name in order}
    font["loca"] = newTable("loca")
    font["glyf"] = table = newTable("glyf")
    table.glyphOrder, table.glyphs = order, drawn
    most: Any = font["maxp"]
    most.tableVersion = 0x00010000
    for name in ("Zones", "TwilightPoints", "Storage", "FunctionDefs", "InstructionDefs", "StackElements"):
        setattr(most, f"max{name}", 1 if name == "Zones" else 0)
    most.maxSizeOfInstructions = 0
    most.maxComponentElements = max(
        (len(glyph.components) for glyph in drawn.values() if glyph.isComposite()), default=0
    )
    font["post"].formatType = 3.0
    del font["CFF "]
    font.sfntVersion = "\0\1\0\0"
    return font


def _drawn(glyphs: Any, name: str, scale: float = 1.0) -> Any:  # noqa: ANN401 - fontTools knows its glyphs at run time
    whole = DecomposingRecordingPen(glyphs)
    glyphs[name].draw(whole)
    pen = TTGlyphPen(None)
    # Cubic outlines run the other way round than TrueType's.
    whole.replay(TransformPen(Cu2QuPen(pen, ERROR, reverse_direction=scale == 1.0), (scale, 0, 0, scale, 0, 0)))
    return pen.glyph()


def with_signs(font: TTFont, other: TTFont, codes: set[int]) -> TTFont:
    """The font with some letters of another font, set to its own grid."""
    scale = font["head"].unitsPerEm / other["head"].unitsPerEm
    glyphs, names = other.getGlyphSet(), other.getBestCmap()
    for code in sorted(codes):
        _put(font, code, _drawn(glyphs, names[code], scale), (round(glyphs[names[code]].width * scale), 0))
    return font


def with_strokes(font: TTFont) -> TTFont:
    """The font with the signs that are drawn here."""
    em = font["head"].unitsPerEm
    unit = CAPITAL * em / 10
    for sign, strokes in STROKES.items():
        pen = TTGlyphPen(None)
        for stroke in strokes:
            _stroke(pen, [(SIDE * em + x * unit, y * unit) for x, y in _points(stroke)], WIDTH * unit / 2)
        _put(font, ord(sign), pen.glyph(), (round((2 * SIDE + CAPITAL) * em), round(SIDE * em)))
    return font


def _put(font: TTFont, code: int, glyph: Any, metrics: tuple[int, int]) -> None:  # noqa: ANN401 - as _drawn
    """A letter with its advance and its room on the left."""
    name = f"uni{code:04X}"
    font["glyf"][name], font["hmtx"][name] = glyph, metrics
    for table in font["cmap"].tables:
        if table.isUnicode():
            table.cmap[code] = name


def _points(stroke: tuple[float, ...]) -> list[tuple[float, float]]:
    """The corners of a stroke; an arc as many short ones."""
    if len(stroke) != 5:  # noqa: PLR2004 - an arc has five numbers
        return list(zip(stroke[::2], stroke[1::2], strict=True))
    x, y, radius, first, last = stroke
    steps = max(8, round((last - first) / 15))
    angles = [math.radians(first + (last - first) * step / steps) for step in range(steps + 1)]
    return [(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles]


def _stroke(pen: TTGlyphPen, points: list[tuple[float, float]], half: float) -> None:
    """Each part of a stroke as a bar that reaches over its ends by half its width, all of one turn: together they fill."""
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        long = math.hypot(x1 - x0, y1 - y0)
        dx, dy = (x1 - x0) / long * half, (y1 - y0) / long * half
        corners = [
            (x0 - dx - dy, y0 - dy + dx), (x1 + dx - dy, y1 + dy + dx), (x1 + dx + dy, y1 + dy - dx), (x0 - dx + dy, y0 - dy - dx),
        ]  # fmt: skip
        pen.moveTo(_whole(corners[0]))
        for corner in corners[1:]:
            pen.lineTo(_whole(corner))
        pen.closePath()


def _whole(point: tuple[float, float]) -> tuple[int, int]:
    return round(point[0]), round(point[1])


def named(font: TTFont) -> TTFont:
    """The font under our own name; its copyright and licence stay in the file."""
    for record in list(font["name"].names):
        if record.nameID in {1, 4, 16}:
            record.string = NAME
        elif record.nameID in {3, 6}:
            record.string = NAME.replace(" ", "")
        elif record.nameID not in {0, 2, 7, 13, 14}:
            font["name"].names.remove(record)
    return font


def slices(codes: set[int]) -> list[tuple[list[int], str]]:
    """The letters in groups, each with its unicode-range.

    Of syllables and Hanja a slice claims all between its first and last, so that the stylesheet stays short: Pretendard
    is asked first, and what neither holds is met too seldom to matter.
    """
    found = []
    for first, last in BLOCKS:
        block = sorted(code for code in codes if first <= code <= last)
        parts = [block[at : at + LETTERS_IN_A_SLICE] for at in range(0, len(block), LETTERS_IN_A_SLICE)]
        found += [(part, ranges([*range(part[0], part[-1] + 1)])) for part in parts]
    own = set(map(ord, STROKES)) | (codes & set(map(ord, TOLERANCES)) - ks_x_1001())
    found.append((sorted(own), ranges(sorted(own))))
    others = sorted(codes - {code for part, _ in found for code in part})
    cuts = [others[at : at + LETTERS_IN_A_SLICE] for at in range(0, len(others), LETTERS_IN_A_SLICE)]
    return [(part, ranges(part)) for part in cuts] + found


def ranges(codes: list[int]) -> str:
    """A unicode-range of CSS."""
    found: list[list[int]] = []
    for code in sorted(codes):
        if found and code == found[-1][1] + 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return ",".join(f"U+{first:x}" if first == last else f"U+{first:x}-{last:x}" for first, last in found)


def main(noto: Path, dejavu: Path, folder: Path) -> None:
    """Write the slices with their stylesheet, the TrueType file of what Pretendard's own lacks, and the licences."""
    folder.mkdir(parents=True, exist_ok=True)
    small = set(TTFont(VENDOR / "pretendard" / "Pretendard-400.woff2").getBestCmap())
    large = set(TTFont(VENDOR / "pretendard" / "Pretendard-Regular.ttf").getBestCmap())
    font = TTFont(noto / "fonts" / "NotoSansKR-Regular.otf")
    theirs = {code for code in font.getBestCmap() if chr(code) > "\x7f"}
    font = as_truetype(subset_of(font, theirs - small))
    other = TTFont(dejavu / "ttf" / "DejaVuSans.ttf")
    missing = (ks_x_1001() | set(map(ord, SIGNS + TOLERANCES))) - theirs - small - set(map(ord, STROKES))
    whole = folder / "whole.ttf"
    named(with_strokes(with_signs(font, other, missing))).save(whole)

    codes = set(TTFont(whole).getBestCmap())
    rules = []
    for number, (letters, claimed) in enumerate(slices(codes)):
        part = subset_of(TTFont(whole), set(letters))
        part.flavor = "woff2"
        file = folder / f"{number}.woff2"
        part.save(file)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12]  # as portal/core/assets.py reads it: kept for ever
        rules.append(
            f'@font-face {{\n  font-family: "{NAME}";\n  src: url("../vendor/{folder.name}/{file.name}?v={digest}") format("woff2");\n'
            f"  font-display: swap;\n  unicode-range: {claimed};\n}}\n"
        )
    (VENDOR.parent / "css" / "drawing_font.css").write_text(
        "/* Written by ci/cut_drawing_font.py: the letters of drawings, a slice for each that is met. */\n"
        + "\n".join(rules)
    )
    subset_of(TTFont(whole), codes - large).save(folder / "PlanroomDrawing-Regular.ttf")
    whole.unlink()
    (folder / "LICENSE-NotoSansKR.txt").write_bytes((noto / "LICENSE").read_bytes())
    (folder / "LICENSE-DejaVu.txt").write_bytes((dejavu / "LICENSE").read_bytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
