"""Make "Planroom Drawing", the letters of drawings that Pretendard's subset does not hold, in slices a browser takes one by one.

    npm pack @embedpdf/fonts-kr@1.0.0 dejavu-fonts-ttf@2.37.3 && tar xf each into a folder of its own
    pip install fonttools brotli
    python ci/cut_drawing_font.py NOTO_PACKAGE DEJAVU_PACKAGE static/vendor/planroom-drawing

Noto Sans KR holds all 11,172 syllables and the 4,888 Hanja of KS X 1001, and looks like Pretendard because both are drawn
after Source Han Sans (Nanum Gothic lacks most of the Hanja). Of the signs, KS X 1001's rarest and ⌀ ℄ are in neither; these
few come from DejaVu Sans. The outlines become TrueType, which a plot's PDF needs. Both licences ask that a changed font
bears another name.
"""

from __future__ import annotations

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
        name = f"uni{code:04X}"
        font["glyf"][name] = _drawn(glyphs, names[code], scale)
        font["hmtx"][name] = (round(glyphs[names[code]].width * scale), 0)
        for table in font["cmap"].tables:
            if table.isUnicode():
                table.cmap[code] = name
    return font


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
    missing = (ks_x_1001() | set(map(ord, SIGNS))) - theirs - small
    whole = folder / "whole.ttf"
    named(with_signs(font, other, missing)).save(whole)

    codes = set(TTFont(whole).getBestCmap())
    rules = []
    for number, (letters, claimed) in enumerate(slices(codes)):
        part = subset_of(TTFont(whole), set(letters))
        part.flavor = "woff2"
        part.save(folder / f"{number}.woff2")
        rules.append(
            f'@font-face {{\n  font-family: "{NAME}";\n  src: url("../vendor/{folder.name}/{number}.woff2") format("woff2");\n'
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
