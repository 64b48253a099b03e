"""Broken files of every kind end with an answer: 300 of them, a third of an hour on a busy machine (`make soak`).

FUZZ_SEED repeats a run and FUZZ_FILES says how many files it has; the seed of a file that broke something is in the test's
message, and the file itself lies in build/fuzz.
"""

from __future__ import annotations

import os
import random
import re
import struct
import tempfile
import zlib
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import ezdxf
import pytest

from portal.rendering import render
from tests.bench.corpus import MOST_BYTES, MOST_SECONDS, ink_of
from tests.bench.watched import watched
from tests.rendering import pdf_bytes
from tests.rendering.dxf_text import block, drawing, insert, layer, line, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from portal.rendering import Rendering
    from tests.bench.watched import Cost

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "drawings"
OWN = Path(__file__).parent / "data"
KEPT = Path("build") / "fuzz"
FILES = int(os.environ.get("FUZZ_FILES", "300"))
LARGEST = 700_000
"""Of the files to break: larger ones take longer and hold nothing that the smaller do not."""
HOPELESS = frozenset(
    {"png_named.dxf", "random_head.dwg", "trunc_60.dwg", "trunc_50.dxf", "selfblock.dxf", "flip50.dwg"}
)
"""Refused as they are: to break them further shows nothing."""
NUMBER = re.compile(rb"(?<![\w.$#/*-])-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])")
EXTREMES = (
    b"0", b"-1", b"-0.0", b"1e-300", b"1e308", b"-1e308", b"1e400", b"nan", b"inf", b"-inf", b"2147483647", b"-2147483648",
    b"4294967296", b"99999999999999999999", b"1e12", b"-1e15", b"256", b"32767", b"65536", b"1e5000", b"0x1F", b"1,5", b"", b"--1",
)  # fmt: skip
DOUBLES = (0.0, -1.0, 1e-300, 1e308, -1e308, float("nan"), float("inf"), 1e12, 4294967296.0)
INTEGERS = (0, -1, 1, 32767, -32768, 255)


@pytest.mark.slow
def test_whatever_a_file_holds_it_ends_with_an_answer(tmp_path: Path) -> None:
    first = int(os.environ.get("FUZZ_SEED") or random.SystemRandom().randrange(10**9))
    print(f"FUZZ_SEED={first}")  # noqa: T201 - what is needed to run it again
    sources = whole_files()
    broken = []
    for seed in range(first, first + FILES):
        name, data, how = broken_file(random.Random(seed), sources)
        path = tmp_path / f"{seed}-{Path(name).name}"
        path.write_bytes(data)
        answer, cost = watched(lambda path=path: render(path, tmp_path / "out"))
        faults = faults_of(answer, cost, tmp_path / "out")
        said = f"{seed} {name} {how}: {answer.outcome} {answer.reason} {cost.cpu:.2f} s {cost.memory >> 20} MB"
        print(said, flush=True)  # noqa: T201
        if faults:
            KEPT.mkdir(parents=True, exist_ok=True)
            (KEPT / path.name).write_bytes(data)
            broken.append(f"FUZZ_SEED={seed} {path.name} ({how}): {', '.join(faults)}")
        path.unlink()
    assert not broken, "\n".join(broken)


def faults_of(answer: Rendering, cost: Cost, out: Path) -> list[str]:
    """What an answer must never be. Seconds are of CPU: others share the machine."""
    faults = []
    if answer.outcome not in {"drawn", "partial", "refused"} or answer.reason == "crashed":
        faults.append(f"{answer.outcome} {answer.reason}")
    if answer.outcome != "drawn" and not answer.message:
        faults.append("no reason for a person")
    if cost.cpu > MOST_SECONDS:
        faults.append(f"{cost.cpu:.1f} s")
    if cost.memory > MOST_BYTES:
        faults.append(f"{cost.memory >> 20} MB")
    if answer.outcome != "refused":
        ink = ink_of(answer, out)
        faults += ink.faults
        if not ink.marks:
            faults.append("blank")
    return faults


def whole_files() -> list[tuple[str, bytes]]:
    """The files to break, of every kind: our own, and the shared ones where they are."""
    found = [
        ("made.dxf", made_dxf()),
        ("made-r12.dxf", made_r12()),
        ("made-binary.dxf", made_binary()),
        ("made.pdf", made_pdf()),
    ]
    found += [(path.name, path.read_bytes()) for path in sorted(OWN.glob("*.dwg"))]
    for kind in ("dxf", "dwg", "pdf", "bad"):
        paths = sorted(path for path in (SHARED / kind).glob("*") if 0 < path.stat().st_size < LARGEST)
        paths = [path for path in paths if path.name not in HOPELESS]
        found += [(f"{kind}/{path.name}", path.read_bytes()) for path in paths]
    return found


def broken_file(rng: random.Random, sources: list[tuple[str, bytes]]) -> tuple[str, bytes, str]:
    """A file of the sources with one to three things done to it: its name, its bytes, and what was done."""
    kinds = sorted({kind_of(name) for name, _ in sources})
    kind = rng.choice(kinds)
    name, data = rng.choice([source for source in sources if kind_of(source[0]) == kind])
    ways: list[Callable[[random.Random, bytes], bytes]] = [flipped, cut, without_a_piece, with_a_piece_twice, moved]
    ways += [with_extremes] * 8 if is_text(data) else [with_binary_extremes] * 4
    done = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        way = rng.choice(ways)
        data = way(rng, data)
        done.append(way.__name__)
    return name, data, "+".join(done)


def kind_of(name: str) -> str:
    return name.partition("/")[0] if "/" in name else Path(name).suffix


def is_text(data: bytes) -> bool:
    return b"\x00" not in data[:2000]


def flipped(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 5, 50, 500)) if changed else 0):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def without_a_piece(rng: random.Random, data: bytes) -> bytes:
    start, size = rng.randrange(len(data) + 1), rng.choice((1, 3, 100, 5000))
    return data[:start] + data[start + size :]


def with_a_piece_twice(rng: random.Random, data: bytes) -> bytes:
    start, size = rng.randrange(len(data) + 1), rng.choice((10, 1000, 50_000))
    return data[: start + size] + data[start : start + size] * rng.choice((1, 1, 20)) + data[start + size :]


def moved(rng: random.Random, data: bytes) -> bytes:
    start, to, size = rng.randrange(len(data) + 1), rng.randrange(len(data) + 1), rng.choice((8, 500))
    piece = data[start : start + size]
    rest = data[:start] + data[start + size :]
    return rest[:to] + piece + rest[to:]


def with_extremes(rng: random.Random, data: bytes) -> bytes:
    """Some of the numbers are what no drawing has: group codes, colours, counts and coordinates alike."""
    places = list(NUMBER.finditer(data))
    if not places:
        return data
    chosen = sorted(rng.sample(range(len(places)), min(len(places), rng.choice((1, 5, 40, 400)))))
    parts, at = [], 0
    for place in (places[number] for number in chosen):
        parts += [data[at : place.start()], rng.choice(EXTREMES)]
        at = place.end()
    return b"".join([*parts, data[at:]])


def with_binary_extremes(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 5, 40))):
        value = (
            struct.pack("<d", rng.choice(DOUBLES)) if rng.random() < 0.7 else struct.pack("<h", rng.choice(INTEGERS))
        )
        at = rng.randrange(max(1, len(changed) - len(value)))
        changed[at : at + len(value)] = value
    return bytes(changed)


def made_dxf() -> bytes:
    """A drawing with an object of nearly every type."""
    doc = ezdxf.new("R2018", setup=True)
    space = doc.modelspace()
    door = doc.blocks.new("DOOR")
    door.add_line((0, 0), (0, 10))
    door.add_arc((0, 0), 10, 0, 90)
    door.add_attdef("NAME", (0, 1), "문")
    for number in range(20):
        space.add_line((number * 10, 0), (number * 10, 50), dxfattribs={"color": number})
        space.add_blockref("DOOR", (number * 10, 5)).add_attrib("NAME", "D-1", (number * 10, 6))
        space.add_text("외벽 마감", height=2).set_placement((number * 10, 60))
    for scale in (1, 20):
        hatch = space.add_hatch(color=2)
        hatch.set_pattern_fill("ANSI31", scale=scale)
        hatch.paths.add_polyline_path([(0, 70), (40, 70), (40, 90, 0.5), (0, 90)], is_closed=True)
    space.add_spline([(0, 100), (10, 110), (20, 100), (30, 120)])
    space.add_ellipse((60, 110), (20, 0), 0.4, 0, 5)
    space.add_lwpolyline([(0, 130, 0, 0, 0.5), (20, 130, 1, 2, 0), (40, 140, 0, 0, -1)], close=True)
    space.add_polyline3d([(0, 150, 0), (10, 160, 5), (20, 150, 9)])
    space.add_mtext(
        "평면도 {\\H1.5x;크게} \\S1/2; 끝\\P둘째 줄", dxfattribs={"char_height": 3, "width": 40, "insert": (60, 150)}
    )
    space.add_linear_dim((0, 170), (0, 165), (50, 165)).render()
    space.add_radius_dim((80, 170), radius=8, angle=30).render()
    space.add_leader([(0, 180), (10, 190), (20, 190)])
    space.add_solid([(60, 180), (70, 180), (60, 190), (70, 190)])
    space.add_point((75, 185))
    space.add_xline((0, 0), (1, 1))
    space.add_ray((0, 0), (1, 2))
    space.add_wipeout([(90, 180), (100, 190)])
    space.add_image(doc.add_image_def("none.png", (100, 100)), (110, 180), (10, 10))
    space.add_3dface([(120, 180), (130, 180), (130, 190), (120, 190)])
    space.add_lwpolyline([(0, 0), (200, 200)], dxfattribs={"linetype": "DASHED"})
    doc.layout("Layout1").add_viewport((100, 100), (150, 150), (100, 100), 220)
    stream = StringIO()
    doc.write(stream)
    return stream.getvalue().encode()


def made_r12() -> bytes:
    things = [line(at, 0, at + 5, 9, "벽체") for at in range(50)]
    things += [insert("기둥", at, 20) for at in range(20)] + [text("평면도", at * 9, 30, 2) for at in range(9)]
    return drawing(
        *things, blocks=block("기둥", line(0, 0, 1, 1), line(1, 0, 0, 1)), layers=layer("벽체", 3)
    ).encode("cp949")  # fmt: skip


def made_binary() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "binary.dxf"
        ezdxf.read(StringIO(made_dxf().decode())).saveas(path, fmt="bin")
        return path.read_bytes()


def made_pdf() -> bytes:
    moves = [b"%d %d m %d %d l S" % (x, x, x + 50, 700 - x) for x in range(0, 500, 10)]
    packed = pdf_bytes.stream(zlib.compress(b"\n".join(moves)))
    return pdf_bytes.page(packed, more=b"/Rotate 90")
