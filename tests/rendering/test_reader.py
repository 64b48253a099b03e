"""What is read straight from the bytes is drawn exactly as ezdxf reads it, whatever lies between, however it is cut."""

from __future__ import annotations

import io
import random
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import ezdxf
import numpy as np
import pytest
from ezdxf.lldxf.const import DXF2010

from portal.rendering import columns, opening, reader
from portal.rendering.batches import BATCHES, Shape, Strings, largest, lines
from portal.rendering.columns import Unplain
from portal.rendering.draughtsman import Draughtsman
from portal.rendering.entities import CIRCLE, INSERT, LINE, TEXT, Plain, Table
from portal.rendering.grid import Frame
from portal.rendering.ink import Palette
from portal.rendering.reader import plain_objects
from portal.rendering.result import Limits
from portal.rendering.shapes import Ink, Path, Words
from portal.rendering.sniff import sniff
from portal.rendering.svg import Writer
from tests.rendering.dxf_text import block, drawing, entity, insert, line, tags, text

if TYPE_CHECKING:
    from pathlib import Path as File

LOOKS: tuple[dict[str, Any], ...] = (
    {}, {"color": 1}, {"color": 0}, {"true_color": 0x123456}, {"lineweight": 50}, {"linetype": "DASHED"},
    {"linetype": "DASHED", "ltscale": 0.5}, {"lineweight": -2}, {"layer": "벽체"}, {"layer": "no such"}, {"layer": "off"},
)  # fmt: skip
PEN = Ink(0, "currentColor", 7, 1.0, 0.25, ())


def made(seed: int, version: str) -> str:
    """A drawing of everything that is taken, and of the unusual kinds that are left, in blocks in blocks and on paper."""
    rng = random.Random(seed)
    doc = ezdxf.new(version, setup=True)
    doc.layers.add("벽체", color=3, linetype="DASHED")
    doc.layers.add("off", color=4).off()
    inner, outer = doc.blocks.new("INNER", base_point=(1, 2)), doc.blocks.new("바깥")
    spaces = [inner, outer, doc.modelspace(), doc.paperspace()]
    for space in spaces:
        for _ in range(40):
            put(space, rng)
    for space in spaces[1:]:
        for _ in range(6):
            own = {
                **rng.choice(LOOKS),
                "rotation": rng.choice((0, 90, 33)),
                "xscale": rng.choice((1, -1, 2.5)),
                "yscale": rng.choice((1, 0.5)),
            }
            space.add_blockref("INNER", (rng.uniform(0, 90), rng.uniform(0, 90)), dxfattribs=own)
    for space in spaces[2:]:
        space.add_blockref(
            "바깥", (5, 5), dxfattribs={"row_count": 2, "column_count": 3, "row_spacing": 50, "column_spacing": 40}
        )
        space.add_blockref("missing", (5, 5))
    out = io.StringIO()
    doc.write(out)
    return out.getvalue()


def put(space: Any, rng: random.Random) -> None:  # noqa: ANN401, C901 - any layout of ezdxf; a way for each type
    """One object somewhere."""
    own: dict[str, Any] = dict(rng.choice(LOOKS))
    if rng.random() < 0.15:
        own["extrusion"] = rng.choice(((0, 0, -1), (0.1, 0.2, 1)))
    x, y, radius = rng.uniform(0, 100), rng.uniform(0, 100), rng.uniform(1, 9)
    match rng.randrange(8):
        case 0:
            own.pop("extrusion", None)
            space.add_line((x, y), (y, x + 3), dxfattribs=own)
        case 1:
            space.add_circle((x, y), radius, dxfattribs=own)
        case 2:
            space.add_arc((x, y), radius, rng.choice((0, 350, -20)), rng.choice((90, 10, 370)), dxfattribs=own)
        case 3 if space.doc.dxfversion >= DXF2010:
            bulge = rng.choice((0, 0, 0.4))
            width = rng.choice((0, 0, 0, 2))
            points = [
                (x + rng.uniform(-9, 9), y + rng.uniform(-9, 9), width, width, bulge)
                for _ in range(rng.randrange(1, 6))
            ]
            space.add_lwpolyline(points, close=rng.random() < 0.5, dxfattribs=own)
        case 4:
            own |= {
                "rotation": rng.choice((0, 45)),
                "width": rng.choice((1, 0.8)),
                "style": rng.choice(("Standard", "OpenSans")),
            }
            written = space.add_text(
                rng.choice(("외벽 마감", "%%c20 %%utext", "D-101", "")), height=radius, dxfattribs=own
            )
            if rng.random() < 0.5:
                written.dxf.halign, written.dxf.valign = rng.choice(((1, 2), (2, 0), (4, 0), (5, 0), (3, 0)))
                written.dxf.align_point = (x + 20, y + 3)
        case 5:
            space.add_solid(
                [(x, y), (x + radius, y), (x, y + radius), (x + radius, y + radius)][: rng.choice((3, 4))],
                dxfattribs=own,
            )
        case 6:
            space.add_polyline2d([(x, y), (y, x), (x, x)], dxfattribs=own)
        case 7 if space.doc.dxfversion >= DXF2010:
            space.add_ellipse((x, y), (radius, 1), 0.5, dxfattribs=own)


def opened(path: File) -> tuple[Any, Plain, str]:
    found, data = sniff(path, Limits())
    return opening.opened(path, found, data)


def seen(path: File) -> tuple[Counter[Any], Counter[str], list[tuple[str, int, int]]]:
    """Every stroke, area and line of text of every layout, what was skipped, and the layouts' counts."""
    doc, plain, _note = opened(path)
    hand = Draughtsman(doc, Limits(), time.monotonic() + 60, plain)
    hand.budget.check(doc)
    shapes: Counter[Any] = Counter()
    counts = []
    for layout in doc.layouts:
        groups, objects, good = hand.layout(layout)
        counts.append((layout.name, objects, good))
        for group in groups:
            for shape in group:
                shapes.update(looks_of(layout.name, shape, hand.palette))
    return shapes, hand.skipped, counts


def looks_of(where: str, shape: Shape, palette: Palette) -> list[Any]:
    if isinstance(shape, BATCHES):
        return [look for path in shape.paths() for look in looks_of(where, path, palette)]
    ink = shape.ink
    dashes = tuple(round(dash, 5) for dash in ink.dashes)
    own = (where, palette.layers[ink.layer].name, *ink[1:5], dashes)
    if isinstance(shape, Words):
        return [
            (
                *own,
                shape.text,
                tuple(round(number, 5) for number in (*shape.matrix, shape.height, shape.length)),
                shape.anchor,
            )
        ]
    assert isinstance(shape, Path)
    steps = tuple(
        (step[0], *(round(float(number), 5) + 0.0 for number in step[1:] if isinstance(number, int | float)))
        for step in shape.steps
    )
    return [(*own, shape.fill, steps)]


@pytest.mark.parametrize("version", ["R12", "R2010"])
@pytest.mark.parametrize("seed", range(4))
def test_a_drawing_is_the_same_whoever_reads_it(
    tmp_path: File, monkeypatch: pytest.MonkeyPatch, seed: int, version: str
) -> None:
    path = tmp_path / "drawing"
    path.write_text(made(seed, version), encoding="utf-8" if version == "R2010" else "cp949")
    assert opened(path)[1].count > 60
    ours = seen(path)
    monkeypatch.setattr(opening, "_quickly", lambda *_: None)
    theirs = seen(path)
    assert ours[1:] == theirs[1:]
    assert ours[0] - theirs[0] == Counter()
    assert theirs[0] - ours[0] == Counter()


def rows(plain: Plain, space: str, kind: int) -> Table:
    return plain.of(space)[kind]


@pytest.mark.parametrize("size", [150, 400, 5000])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_it_does_not_matter_where_a_file_is_cut_into_pieces(
    monkeypatch: pytest.MonkeyPatch, size: int, ending: str
) -> None:
    data = made(5, "R2010").replace("\n", ending).encode()
    whole = plain_objects(data, "utf-8")
    monkeypatch.setattr(reader, "pieces", lambda data: columns.pieces(data, size))
    cut = plain_objects(data, "utf-8")
    assert cut.rest == whole.rest
    assert cut.spaces.keys() == whole.spaces.keys()
    for space, tables in whole.spaces.items():
        for kind, table in tables.items():
            other = cut.of(space)[kind]
            assert table.texts == other.texts
            for name, column in table.columns.items():
                assert np.array_equal(column, other[name], equal_nan=True), (space, kind, name)
            assert np.array_equal(table.points, other.points)
            assert np.array_equal(table.bulges, other.bulges)
            assert np.array_equal(table.first, other.first)


def test_columns_are_what_the_file_says() -> None:
    data = drawing(
        line(1, 2, 3, 4, "벽", (62, 5), (5, "1F")),
        entity("CIRCLE", (10, 7), (20, 8), (40, 9), (67, 1)),
        insert("문", 5, 6, (50, 90)),
        text("외벽", 1, 1, 2),
        blocks=block("문", line(0, 0, 1, 0)),
    ).encode()
    plain = plain_objects(data, "utf-8")
    found = rows(plain, "*Model_Space", LINE)
    assert [found[name].tolist() for name in ("x0", "y0", "x1", "y1", "aci", "handle")] == [
        [1],
        [2],
        [3],
        [4],
        [5],
        [31],
    ]
    assert plain.layers[found["layer"][0]] == "벽"
    assert rows(plain, "*Paper_Space", CIRCLE)["radius"].tolist() == [9]
    assert plain.names[rows(plain, "*Model_Space", INSERT)["name"][0]] == "문"
    assert rows(plain, "*Model_Space", TEXT).texts == ["외벽"]
    assert len(rows(plain, "문", LINE)) == 1
    assert plain.count == 5
    assert b"LINE" not in plain.rest
    assert b"BLOCK" in plain.rest


@pytest.mark.parametrize(
    "unusual",
    [
        entity("CIRCLE", (10, 7), (20, 8), (40, -1)),
        entity("CIRCLE", (10, 7), (20, 8)),
        line("nan", 0, 1, 1),
        line(1e13, 0, 1, 1),
        line(0, 0, 1, 1, "0", (230, -1)),
        line(0, 0, 1, 1, "0", (60, 1)),
        insert("문", 0, 0, (66, 1)) + entity("ATTRIB", (10, 0), (20, 0), (40, 1), (1, "a"), (2, "A")) + entity("SEQEND"),
        insert("문", 0, 0, (70, 2)),
        entity("LWPOLYLINE", (90, 0)),
        entity("LWPOLYLINE", (90, 2), (43, 2), (10, 0), (20, 0), (10, 1), (20, 1)),
    ],
)  # fmt: skip
def test_what_is_unusual_is_left_to_ezdxf(unusual: str) -> None:
    plain = plain_objects(drawing(line(0, 0, 1, 1), unusual).encode(), "utf-8")
    assert plain.count == 1
    assert unusual.encode() in plain.rest


@pytest.mark.parametrize(
    "broken",
    [
        line(0, 0, 1, 1).replace("\n10\n", "\n1x\n"),
        line("3.5m", 0, 1, 1),
        line("", 0, 1, 1),
        tags((0, " LINE "), (8, "0")),
        line(0, 0, 1, 1, "0", (5, "no handle")),
        entity("LWPOLYLINE", (90, 2), (10, 0), (10, 1), (20, 0), (20, 1)),
    ],
)  # fmt: skip
def test_a_file_that_is_not_laid_out_plainly_is_left_alone(broken: str) -> None:
    with pytest.raises(Unplain):
        plain_objects(drawing(broken).encode(), "utf-8")


def test_a_picture_without_room_keeps_the_largest() -> None:
    sizes = np.arange(1, 101, dtype=float)
    ends = np.stack((np.zeros(100), np.zeros(100), sizes, np.zeros(100)), axis=1)
    kept = largest([lines(PEN, ends)], 10)
    assert isinstance(kept[0], Strings)
    assert kept[0].boxes[:, 2].tolist() == list(range(91, 101))


def test_of_objects_alike_it_keeps_some_evenly_and_no_more_than_it_has_room_for() -> None:
    starts = np.arange(0, 100, dtype=float)
    ends = np.stack((starts, np.zeros(100), starts + 1, np.zeros(100)), axis=1)
    ends[50, 2] += 5
    (kept,) = largest([lines(PEN, ends)], 5)
    assert isinstance(kept, Strings)
    assert kept.boxes[:, 0].tolist() == [0, 32, 50, 66, 99]


def test_a_large_sheet_is_a_base_and_tiles_that_hold_every_object_once() -> None:
    rng = np.random.default_rng(3)
    starts = rng.uniform(0, 1000, (15_000, 2))
    ends = np.concatenate((starts, starts + rng.uniform(-5, 5, (15_000, 2))), axis=1)
    frame = Frame.around((0, 0, 1000, 1000), 0)
    layers = Palette(ezdxf.new()).layers
    across = lines(PEN, np.array(((0.0, 0.0, 1000.0, 1000.0),)))
    written = Writer(frame, layers, Limits(), "s0").write([lines(PEN, ends), across], "큰 도면", "mm")
    parts = list(written.parts)
    assert [part.tile for part in parts] == [1, 2, 3, 4, 5]
    assert [f'<g data-tile="{part.tile}">' in written.base for part in parts] == [True] * 5
    strokes = sum(part.text.count("m") + part.text.count("M") for part in parts) - sum(
        part.text.count("transform") + part.text.count("me=") for part in parts
    )
    assert strokes >= 15_001
    assert parts[-1].text.count('d="M') == 1
    assert parts[0].box[2] < 520
    assert len(written.base) < sum(len(part.text) for part in parts)
