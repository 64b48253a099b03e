"""A drawing of a million objects is drawn within the limits of any other; only the clock is let run, others share the machine."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from portal.rendering import Limits, render
from tests.bench.watched import watched
from tests.rendering.dxf_text import block, drawing, insert, layer, line, tags, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MILLION = 1_000_000
SIDE = 10_000.0
LAYERS = [f"층{number:02d}" for number in range(20)]
PATIENCE = 600


@pytest.mark.slow
def test_a_million_objects_are_drawn_within_the_memory_and_cpu_of_any_drawing(tmp_path: Path) -> None:
    source = tmp_path / "million.dxf"
    door = block("DOOR", *(line(at, 0, at, 1 + at % 3) for at in range(12)))
    frame = drawing("{objects}", blocks=door, layers="".join(layer(name, 1 + at % 7) for at, name in enumerate(LAYERS)))
    head, foot = frame.split("{objects}")
    with source.open("w", encoding="cp949") as stream:
        stream.write(head)
        stream.writelines(objects())
        stream.write(foot)
    standard = Limits()
    answer, cost = watched(lambda: render(source, tmp_path / "out", limits=replace(standard, wall=PATIENCE)))
    assert answer.outcome == "drawn", answer.message
    assert sum(sheet.drawn for sheet in answer.sheets) == MILLION
    assert cost.memory < standard.memory
    assert answer.timings["total"] < standard.cpu
    assert len(answer.sheets[0].parts) > 300
    assert all((tmp_path / "out" / part.svg).stat().st_size < 1 << 20 for part in answer.sheets[0].parts)


def objects() -> Iterator[str]:
    """Three lines in five, polylines, references to a block of twelve, texts."""
    rng = random.Random(7)
    for number in range(MILLION):
        x, y = round(rng.uniform(0, SIDE), 3), round(rng.uniform(0, SIDE), 3)
        name = LAYERS[number % 20]
        match number % 10:
            case 0:
                yield insert("DOOR", x, y, (50, 90 * (number % 4)), layer=name)
            case 1:
                yield text("외벽 마감", x, y, 2, layer=name)
            case 2 | 3:
                corners = [
                    (code, round(at + rng.uniform(-5, 5), 3)) for _ in range(6) for code, at in ((10, x), (20, y))
                ]
                yield tags((0, "LWPOLYLINE"), (8, name), (90, 6), (70, 0), *corners)
            case _:
                yield line(x, y, round(x + rng.uniform(-9, 9), 3), round(y + rng.uniform(-9, 9), 3), name)
