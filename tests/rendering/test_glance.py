"""A large sheet at a glance: the largest of what it shows, and nothing that a page must not hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from portal.rendering import glance, render
from tests.rendering.dxf_text import drawing, layer, line, text

if TYPE_CHECKING:
    from pathlib import Path


def test_a_large_sheet_has_its_largest_strokes_at_a_glance_and_no_words(tmp_path: Path) -> None:
    lines = (line(x * 10, y * 10, x * 10 + 4, y * 10 + 3, "켬") for x in range(122) for y in range(122))
    content = drawing(
        *lines,
        line(0, 0, 1220, 1220, "켬"),
        line(0, 1220, 1220, 0, "끔"),
        text(10, 10, 100, "이름"),
        layers=layer("켬", 1) + layer("끔", -3),
    )
    source = tmp_path / "대지.dxf"
    source.write_text(content, encoding="utf-8")
    (sheet,) = render(source, tmp_path, name="대지").sheets
    shown = (tmp_path / sheet.first).read_text(encoding="utf-8")
    assert set(re.findall(r"</?([A-Za-z]+)", shown)) == {"svg", "g", "path"}
    assert "대지" not in shown
    data = "".join(re.findall(r' d="([^"]*)"', shown))
    assert len(re.findall("[Mm]", data)) == glance.MOST
    # Either way round: the order of the strokes decides where each begins, and whether it needs its letter.
    assert re.search(r"\d{4}-\d{4}|-\d{4} \d{4}", data), "the longest line of all is there"
    assert not re.search(r"(?<![M\d])\d{4} \d{4}|-\d{4}-\d{4}", data), "that of the layer which is off is not"


def test_a_small_sheet_has_none(tmp_path: Path) -> None:
    source = tmp_path / "작은.dxf"
    source.write_text(drawing(line(0, 0, 10, 10)), encoding="utf-8")
    (sheet,) = render(source, tmp_path).sheets
    assert sheet.first == ""
