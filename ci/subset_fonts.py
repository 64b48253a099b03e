"""Cut Pretendard down to what Planroom's pages write: Latin, common symbols and the 2,350 Hangul of KS X 1001.

    npm pack pretendard@1.3.9 && tar xf pretendard-1.3.9.tgz
    pip install fonttools brotli
    python ci/subset_fonts.py package static/vendor/pretendard

Two weights come to about half a megabyte instead of 1.5 MB. Hangul outside KS X 1001 falls back to the reader's system
font, which every Korean system has.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset

WEIGHTS = {400: "Regular", 600: "SemiBold"}
RANGES = (
    (0x0020, 0x007E),  # ASCII
    (0x00A0, 0x00FF),  # Latin-1: the middle dot, multiplication sign, degrees, accents
    (0x2010, 0x2027),  # dashes, quotation marks, ellipsis
    (0x2030, 0x203B),  # per mille, reference mark
    (0x3000, 0x3015),  # Korean brackets and the ideographic space
    (0x3131, 0x318E),  # single jamo
    (0xFF01, 0xFF5E),  # full-width forms people paste
)
SYMBOLS = "₩€℃℡™№①②③④⑤⑥⑦⑧⑨⑩←↑→↓↔↵⇧⌘⌥−×÷±≤≥≠≈√∅∞■□▲△▼▽◆◇○●★☆✓✕㎜㎝㎞㎡㎥㎏㈜ΔΦφαβπµθ⌀ΩⅠⅡⅢⅣⅤ"
FEATURES = ["kern", "tnum", "calt", "liga", "ccmp", "locl", "mark", "mkmk", "case"]


def hangul_of_ks_x_1001() -> set[int]:
    """The Hangul syllables that EUC-KR can write: rows 16 to 40 of KS X 1001."""
    rows = (bytes((row + 0xA0, cell + 0xA0)).decode("euc_kr") for row in range(16, 41) for cell in range(1, 95))
    return {ord(letter) for letter in rows}


def letters() -> set[int]:
    """Every code point that the subset keeps."""
    return (
        hangul_of_ks_x_1001()
        | {code for first, last in RANGES for code in range(first, last + 1)}
        | set(map(ord, SYMBOLS))
    )


def cut(source: Path, target: Path) -> int:
    """Write the subset of `source` to `target` as woff2; returns its size in bytes."""
    options = subset.Options(
        flavor="woff2",
        layout_features=FEATURES,
        hinting=False,
        desubroutinize=False,
        name_IDs=[0, 1, 2, 4, 6, 13, 14],  # the licence stays in the file, as the OFL asks
        notdef_outline=True,
    )
    font = subset.load_font(str(source), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=letters())
    cutter.subset(font)
    subset.save_font(font, str(target), options)
    return target.stat().st_size


def main(package: Path, folder: Path) -> None:
    """Cut both weights of an unpacked npm package of Pretendard, and lay the licence beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    for weight, name in WEIGHTS.items():
        source = package / "dist" / "web" / "static" / "woff2" / f"Pretendard-{name}.woff2"
        size = cut(source, folder / f"Pretendard-{weight}.woff2")
        sys.stdout.write(f"Pretendard-{weight}.woff2 {size:,} bytes\n")
    (folder / "LICENSE.txt").write_bytes((package / "dist" / "LICENSE.txt").read_bytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
