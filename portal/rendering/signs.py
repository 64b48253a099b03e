"""The signs of geometrical tolerances: fonts such as gdt.shx draw them in the place of small letters.

The letters are those of AutoCAD's gdt.shx, which the fonts of its Mechanical (amgdt) and of Inventor (aigdt) keep to. The signs
are those of Unicode, so that a text with them can be searched and copied; "Planroom Drawing" has them all.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_FONTS: Final = frozenset({"gdt", "amgdt", "amgdtans", "aigdt"})
SIGNS: Final = {
    "a": "∠", "b": "⊥", "c": "⏥", "d": "⌓", "e": "○", "f": "⫽", "g": "⌭", "h": "↗", "i": "⌯", "j": "⌖", "k": "⌒", "l": "Ⓛ",
    "m": "Ⓜ", "n": "⌀", "o": "□", "p": "Ⓟ", "q": "℄", "r": "◎", "s": "Ⓢ", "t": "⌰", "u": "―", "v": "⌴", "w": "⌵", "x": "↧",
    "y": "⌲", "z": "⌳",
}  # fmt: skip
"""Angularity, perpendicularity, flatness, profile of a surface, circularity, parallelism, cylindricity, circular run-out,
symmetry, position, profile of a line, least and most material, diameter, square, projected zone, centre line, concentricity,
regardless of size, total run-out, straightness, counterbore, countersink, depth, conical taper, slope."""
_TABLE: Final = str.maketrans(SIGNS)
#: No part may match what the next one begins with, and none is long: a damaged text is read in one go.
_RUN: Final = re.compile(r"\{\\[Ff]([^;|{}\\]{0,80})(?:\|[^;{}\\]{0,80})?;([^{}\\]{0,400})\}")
_CODE: Final = re.compile(r"\\[A-Za-z][^;\\{}]{0,80};|[{}]")


@lru_cache(maxsize=1024)
def are_in(font: str) -> bool:
    """Whether a font's small letters are signs; `font` is a file's or a family's name."""
    return font.lower().replace("\\", "/").rpartition("/")[2].removesuffix(".shx").removesuffix(".ttf") in _FONTS


def shown(text: str, font: str) -> str:
    """What a person sees who reads `text` in `font`."""
    return text.translate(_TABLE) if are_in(font) else text


def seen(mtext: str) -> str:
    """The letters of a short MTEXT without its codes, signs in their places."""
    return _CODE.sub("", _RUN.sub(lambda found: shown(found[2], found[1]), mtext))
