"""The contrast of the tokens, computed from tokens.css: every pair of writing and ground, in both themes."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

TOKENS = (Path(__file__).parents[2] / "static" / "css" / "tokens.css").read_text(encoding="utf-8")
OKLCH = r"oklch\(([\d.]+)% ([\d.]+) ([\d.]+)\)"
GROUNDS = ["desk", "paper", "rail", "well"]
TONES = ["blue", "red", "amber", "green", "grey"]
WRITING = [
    *((ink, ground) for ink in ("ink", "ink-2") for ground in GROUNDS),
    *(("ink-2", f"{tone}-tint") for tone in TONES),
    *((tone, ground) for tone in ("blue", "red", "amber", "green") for ground in ("paper", "desk", "well")),
    *((tone, f"{tone}-tint") for tone in TONES),
    *(("ink", f"{tone}-tint") for tone in TONES),
    *(("on-blue", ground) for ground in ("blue", "blue-strong")),
    *(("on-red", ground) for ground in ("red", "red-strong")),
    ("paper", "ink"),
]


def tokens(theme: int) -> dict[str, tuple[float, float, float]]:
    """The opaque colours of one theme (0 light, 1 dark) as linear sRGB."""
    pairs = re.findall(rf"--([a-z0-9-]+): light-dark\({OKLCH}, {OKLCH}\)", TOKENS)
    found = {name: linear(*map(float, values[3 * theme : 3 * theme + 3])) for name, *values in pairs}
    for name, other in re.findall(r"--([a-z0-9-]+): var\(--([a-z0-9-]+)\);", TOKENS):
        if other in found:
            found[name] = found[other]
    return found


def linear(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    """oklch (percent, chroma, degrees) to linear sRGB, cut to what a screen shows. Source: CSS Color 4, section 9."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    base = lightness / 100
    long = (base + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (base - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (base - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short
    return min(max(red, 0), 1), min(max(green, 0), 1), min(max(blue, 0), 1)


def contrast(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    """The ratio of WCAG 2.2, 1 to 21."""
    first, second = sorted(
        (0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in (one, other)), reverse=True
    )
    return (first + 0.05) / (second + 0.05)


def test_black_on_white_is_21() -> None:
    assert contrast(linear(0, 0, 0), linear(100, 0, 0)) == pytest.approx(21, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), WRITING, ids=lambda name: name)
def test_what_is_written_can_be_read(theme: int, ink: str, ground: str) -> None:
    colours = tokens(theme)
    assert contrast(colours[ink], colours[ground]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "desk"])
def test_the_edge_of_a_control_can_be_seen(theme: int, ground: str) -> None:
    colours = tokens(theme)
    assert contrast(colours["edge"], colours[ground]) >= 3


def test_both_weights_of_the_font_are_small() -> None:
    folder = Path(__file__).parents[2] / "static" / "vendor" / "pretendard"
    fonts = sorted(folder.glob("*.woff2"))
    assert [font.name for font in fonts] == ["Pretendard-400.woff2", "Pretendard-600.woff2"]
    assert sum(font.stat().st_size for font in fonts) < 700_000
    assert "SIL OPEN FONT LICENSE" in (folder / "LICENSE.txt").read_text(encoding="utf-8")
