"""Reads the text of TEXT, ATTRIB and MTEXT: control codes, escapes, and how wide the letters will be.

A viewer's browser has other fonts than the drawing's SHX files, so widths are estimates from the metrics of the sans
faces the SVG asks for; they are used to wrap MTEXT and to keep text in its box, never to place single letters.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from portal.rendering.shapes import Span
from portal.rendering.signs import SIGNS

CAP: Final = 0.72
"""Cap height of the fonts asked for, in em: DXF heights are cap heights, SVG sizes are em."""
FAMILY: Final = "Pretendard, 'Planroom Drawing', 'Noto Sans KR', 'NanumGothic', sans-serif"
"""The first two are shipped: what a page's Pretendard lacks (rare syllables, Hanja, signs) the second holds in slices."""

_ESCAPE: Final = re.compile(r"\\U\+([0-9A-Fa-f]{4})|\\M\+([1-5])([0-9A-Fa-f]{4})")
_MULTIBYTE: Final = {"1": "cp932", "2": "cp950", "3": "cp949", "4": "johab", "5": "gbk"}
_PERCENT: Final = re.compile(r"%%(\d{3}|.)", re.DOTALL)
_SIGNS: Final = {"c": "⌀", "d": "°", "p": "±", "%": "%"}
_TOGGLES: Final = {"u": "u", "o": "o", "k": "k"}
_ADVANCES: Final = {
    **dict.fromkeys("ijl'|", 0.23), **dict.fromkeys("ft.,:;!/\\I[] ", 0.28), **dict.fromkeys("()r-`", 0.33),
    **dict.fromkeys("ckszvxyJ", 0.5), **dict.fromkeys("wCDHNRU", 0.72), **dict.fromkeys("GOQ", 0.78),
    **dict.fromkeys("mM%", 0.85), **dict.fromkeys("ABEKPSVXYZFTL&", 0.65), "W": 0.94, "@": 1.0,
}  # fmt: skip
"""Advance widths in em of a usual sans face; letters and digits not listed are 0.56."""


WIDE_SIGNS: Final = frozenset(SIGNS.values()) - {"⌀"}


def unescaped(text: str) -> str:
    r"""Replace \U+XXXX and \M+nXXXX by their letters; one that is no letter becomes U+FFFD."""

    def letter(found: re.Match[str]) -> str:
        if found[1]:
            code = int(found[1], 16)
            return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "�"  # noqa: PLR2004
        return bytes.fromhex(found[3]).decode(_MULTIBYTE[found[2]], "replace")

    return _ESCAPE.sub(letter, text) if "\\" in text else text


def clean(text: str) -> str:
    """Keep what XML can hold and a person can see: no control letters, no surrogates, NFC."""
    if text.isascii() and text.isprintable():
        return text
    kept = "".join(
        letter if letter.isprintable() or unicodedata.category(letter) in {"Zs", "Cf", "Co"} else " "
        for letter in text
        if not 0xD800 <= ord(letter) < 0xE000 and ord(letter) not in {0xFFFE, 0xFFFF}  # noqa: PLR2004
    )
    return unicodedata.normalize("NFC", kept)


def spans(text: str) -> tuple[Span, ...]:
    """Read a TEXT's own codes: %%c %%d %%p %%% %%nnn for signs, %%u %%o %%k switch under-, over- and strike lines."""
    text = unescaped(text)
    if "%%" not in text:
        return (Span(clean(text)),) if text else ()
    result: list[Span] = []
    lines = ""
    at = 0
    run = ""
    for found in _PERCENT.finditer(text):
        run += text[at : found.start()]
        at = found.end()
        code = found[1].lower()
        if code in _TOGGLES:
            if run:
                result.append(Span(clean(run), lines=lines))
            run = ""
            lines = lines.replace(code, "") if code in lines else lines + code
        elif code.isdigit() and len(code) == 3:  # noqa: PLR2004 - %%065 is the letter A
            run += chr(int(code)) if int(code) >= 32 else ""  # noqa: PLR2004 - control letters are not shown
        else:
            run += _SIGNS.get(code, found[0])
    run += text[at:]
    if run:
        result.append(Span(clean(run), lines=lines))
    return tuple(result)


def width(text: str, height: float) -> float:
    """Estimate how wide `text` is at a cap height, in the unit of `height`."""
    total = 0.0
    for letter in text:
        if letter < "\x7f":
            total += _ADVANCES.get(letter, 0.56)
        elif unicodedata.east_asian_width(letter) in {"W", "F"} or letter in WIDE_SIGNS:
            total += 0.9
        elif unicodedata.combining(letter):
            continue
        else:
            total += 0.6
    return total * height / CAP


def spans_width(parts: tuple[Span, ...], height: float) -> float:
    """Estimate the width of a line."""
    return sum(width(part.text, height * part.size) * part.stretch for part in parts)
