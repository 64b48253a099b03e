"""The letters of drawings are there on a machine without any font: what Pretendard's subset lacks, our own slices hold."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from fontTools.ttLib import TTFont

from portal.rendering import Plot, plot, render, signs
from portal.rendering.command import FONTS, REST
from tests.rendering.dxf_text import drawing, text

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
RARE = "똠뷁펲쀍 隙閒龜 ⌀±℄⌖⏥"


def ks_x_1001() -> set[int]:
    cells = (bytes((row + 0xA0, cell + 0xA0)) for row in range(1, 95) for cell in range(1, 95))
    return {ord(letter) for cell in cells if (letter := cell.decode("euc_kr", "ignore"))}


def needed() -> set[int]:
    """All syllables, and all that KS X 1001 has: its 4,888 Hanja and its signs; and those that drawings add."""
    hanja = {code for code in ks_x_1001() if 0x3400 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF}
    assert len(hanja) == 4888
    return set(range(0xAC00, 0xD7A4)) | ks_x_1001() | set(map(ord, "⌀±℄°" + "".join(signs.SIGNS.values())))


def cmap(font: Path) -> set[int]:
    with TTFont(font, lazy=True) as opened:
        return set(opened.getBestCmap())


def slices() -> list[tuple[Path, set[int]]]:
    """The font files of the stylesheet, each with the letters it claims."""
    sheet = STATIC / "css" / "drawing_font.css"
    found = re.findall(r'url\("([^"?]+)\?v=\w+"\)[^}]*unicode-range: ([^;]+);', sheet.read_text(encoding="utf-8"))
    return [(sheet.parent / address, claimed(ranges)) for address, ranges in found]


def claimed(ranges: str) -> set[int]:
    codes: set[int] = set()
    for one in ranges.replace("U+", "").split(","):
        first, _, last = one.partition("-")
        codes.update(range(int(first, 16), int(last or first, 16) + 1))
    return codes


def test_a_browser_finds_every_letter_in_a_font_of_ours() -> None:
    held = cmap(FONTS / "Pretendard-400.woff2")
    for font, claims in slices():
        held |= cmap(font) & claims
    assert sorted(map(chr, needed() - held)) == []


def test_one_rare_letter_brings_little() -> None:
    sizes = [font.stat().st_size for font, _ in slices()]
    assert max(sizes) < 100_000
    assert (STATIC / "css" / "drawing_font.css").stat().st_size < 20_000
    for one, (_, claims) in enumerate(slices()):
        for _, others in slices()[:one]:
            assert not claims & others, "a letter would bring two slices"


def test_a_plot_finds_every_letter_in_its_two_fonts() -> None:
    held = cmap(FONTS / "Pretendard-Regular.ttf") | cmap(REST)
    assert sorted(map(chr, needed() - held)) == []


def test_a_plot_sets_what_its_font_lacks_in_the_other_and_no_boxes(tmp_path: Path) -> None:
    pictures = []
    for number, words in enumerate((RARE, "\ue000" * len(RARE))):
        source, out = tmp_path / f"{number}.dxf", tmp_path / f"{number}.pdf"
        source.write_text(drawing(text(words, 0, 0, 10)), encoding="utf-8")
        order = Plot((420.0, 297.0), str(FONTS / "Pretendard-Regular.ttf"), rest=str(REST), scale=1)
        assert plot(source, out, order).outcome == "drawn"
        page = pypdfium2.PdfDocument(out.read_bytes())[0]
        pictures.append(np.asarray(page.render(scale=2).to_pil().convert("L")))
        if not number:
            assert page.get_textpage().get_text_range().strip() == RARE
            assert b"PlanroomDrawing" in out.read_bytes()
    assert (pictures[0] != pictures[1]).mean() > 0.001


@pytest.mark.parametrize("name", ["kr_2000_1252_but_cp949", "kr_r12_949_but_utf8", "kr_r12_949_true"])
def test_the_letters_are_right_whatever_the_header_says(tmp_path: Path, name: str) -> None:
    source = ROOT.parent / "shared" / "data" / "drawings" / "bad" / f"{name}.dxf"
    if not source.is_file():
        pytest.skip("an extra: the shared drawings are not beside this checkout")
    (sheet,) = render(source, tmp_path).sheets
    assert [words.text for words in sheet.texts] == ["외벽 마감 평면도 도면번호 A-101", "⌀25 32.5㎡"]
    assert [layer.name for layer in sheet.layers] == ["벽체"]
