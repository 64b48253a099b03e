"""What drawing costs, beside ezdxf's own drawing add-on in the same run: CPU, bytes and memory, per file and in sum.

`make bench WHAT=drawings` draws generated drawings of 1,000 to 100,000 objects and, where they are, the shared ones;
`SIZE=million` also one of a million objects, by us alone: the add-on takes minutes and gigabytes for it. DWG and PDF, which the
add-on does not read, are ours alone too. `python -m tests.bench.drawings FILE...` draws other files.

Ours is what an upload gets: the limited child, with its own peak of resident memory; the add-on is a process of its own.
CPU of "read" is from the bytes to a document, "draw" from there to SVG on disk; neither has its imports in it. The exit code is 1
when one of BARS is broken.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portal.rendering.result import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = (1_000, 10_000, 100_000)
MILLION = 1_000_000
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SHARED = DATA / "drawings"
KEPT = Path("build") / "drawings"
LARGEST_SHARED = 20 << 20
PATIENCE = 900
BARS = {"cpu": 0.10, "draw": 0.04, "memory": 0.5}
"""Of the add-on's, at 100,000 objects."""
MOST_PACKED = 0.33
"""Of the add-on's gzip bytes, median of all drawings."""
MOST_STEEP = 1.5
"""CPU for an object of a million may be this many times that of one of 10,000."""
MOST_MILLION = 1536 << 20

Line = dict[str, Any]


def main(arguments: list[str]) -> int:
    """Print one line per drawing, the medians, and the bars; 1 when one is broken."""
    sizes = {_made(size): size for size in SIZES} if not arguments else {}
    files = [Path(name) for name in arguments] or [*sizes, *_shared()]
    print(
        f"{'drawing':44} {'MB':>6} {'ours CPU read + draw':>21} {'MB':>5} {'add-on':>14} {'CPU':>6} {'draw':>6} {'gz':>6} {'RSS':>6}"
    )
    beside: dict[Path, tuple[Line, Line]] = {}
    each: dict[int, Line] = {}
    for path in files:
        ours = _asked("ours", path)
        theirs = _asked("add-on", path) if path.suffix.lower() == ".dxf" else {}
        _print(path, ours, theirs)
        if ours and theirs:
            beside[path] = ours, theirs
        if path in sizes and ours:
            each[sizes[path]] = ours
    if os.environ.get("SIZE") == "million":
        path = _made(MILLION)
        if found := _asked("ours", path):
            each[MILLION] = found
        _print(path, found, {})
    ratios = {what: [_ratio(pair, what) for pair in beside.values()] for what in ("cpu", "draw", "packed", "memory")}
    for what, found_ratios in ratios.items():
        if found_ratios:
            print(
                f"{what}: median {statistics.median(found_ratios):.3f}x of the add-on's over {len(found_ratios)} drawings"
            )
    for size, ours in each.items():
        print(
            f"{size} objects: {ours['cpu'] / size * 1e6:.1f} microseconds of CPU each, {ours['memory'] >> 20} MB resident"
        )
    large = beside.get(next((path for path, size in sizes.items() if size == SIZES[-1]), Path()))
    broken = list(_broken(ratios["packed"], large, each))
    print("\n".join(broken) if broken else "no bar is broken")
    return int(bool(broken))


def _broken(packed: list[float], large: tuple[Line, Line] | None, each: dict[int, Line]) -> Iterator[str]:
    if packed and statistics.median(packed) > MOST_PACKED:
        yield f"broken: gzip bytes, median {statistics.median(packed):.3f}x, bar {MOST_PACKED}x"
    for what, bar in BARS.items():
        if large and _ratio(large, what) > bar:
            yield f"broken: {what} at {SIZES[-1]} objects {_ratio(large, what):.3f}x, bar {bar}x"
    if MILLION in each:
        steep = each[MILLION]["cpu"] / MILLION / (each[SIZES[1]]["cpu"] / SIZES[1])
        if steep > MOST_STEEP:
            yield f"broken: an object of a million costs {steep:.2f} times one of {SIZES[1]}"
        if each[MILLION]["memory"] > MOST_MILLION or each[MILLION]["cpu"] > Limits().cpu:
            yield f"broken: a million objects take {each[MILLION]['memory'] >> 20} MB and {each[MILLION]['cpu']:.1f} s"


def _ratio(pair: tuple[Line, Line], what: str) -> float:
    ours, theirs = pair
    return float(ours[what] / theirs[what])


def _shared() -> list[Path]:
    """The shared drawings of all kinds."""
    found = [path for kind in ("dxf", "dwg", "pdf") for path in sorted((SHARED / kind).glob("*"))]
    return [path for path in found if path.stat().st_size < LARGEST_SHARED]


def _made(size: int) -> Path:
    """A generated drawing, by the shared generator where there is one; it is kept, for a million objects take minutes to write."""
    path = KEPT / f"generated {size}.dxf"
    if not path.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        whole = path.with_suffix(".part")
        maker = DATA / "make_drawing.py"
        if maker.exists():
            subprocess.run([sys.executable, str(maker), str(size), str(whole)], check=True)
        else:
            generated(whole, size)
        whole.rename(path)
    return path


def generated(path: Path, size: int) -> None:
    """Write the mix of the shared generator: 60 % lines, 15 % polylines of 6, 4 % circles and arcs each, 10 % blocks of 12, 7 % texts."""
    import ezdxf  # noqa: PLC0415 - not in the process that only compares

    rng = random.Random(7)
    doc = ezdxf.new("R2010", setup=True)
    space = doc.modelspace()
    for number in range(20):
        doc.layers.add(f"L{number:02d}", color=1 + number % 7)
    block = doc.blocks.new("DOOR")
    for number in range(10):
        block.add_line((number, 0), (number, 1 + number % 3))
    block.add_arc((0, 0), 5, 0, 90)
    block.add_circle((1, 1), 0.5)
    side = int(size**0.5 * 10) + 10
    for _ in range(size):
        x, y = rng.random() * side, rng.random() * side
        own = {"layer": f"L{rng.randrange(20):02d}"}
        kind = rng.random()
        if kind < 0.6:
            space.add_line((x, y), (x + rng.uniform(-9, 9), y + rng.uniform(-9, 9)), dxfattribs=own)
        elif kind < 0.75:
            space.add_lwpolyline([(x + rng.uniform(-5, 5), y + rng.uniform(-5, 5)) for _ in range(6)], dxfattribs=own)
        elif kind < 0.79:
            space.add_circle((x, y), rng.uniform(0.5, 4), dxfattribs=own)
        elif kind < 0.83:
            space.add_arc((x, y), rng.uniform(0.5, 4), 10, 200, dxfattribs=own)
        elif kind < 0.93:
            space.add_blockref("DOOR", (x, y), dxfattribs=own | {"rotation": rng.choice((0, 90, 180, 270))})
        else:
            words = rng.choice(("WALL-200", "외벽 마감", "D-101", "평면도 1:100"))
            space.add_text(words, height=2, dxfattribs=own).set_placement((x, y))
    doc.saveas(path)


def _print(path: Path, ours: Line, theirs: Line) -> None:
    size = path.stat().st_size / 1e6
    if not ours:
        print(f"{path.name[:44]:44} {size:6.2f} refused")
        return
    line = f"{path.name[:44]:44} {size:6.2f} {ours['read']:10.3f} + {ours['draw']:8.3f} {ours['memory'] >> 20:5}"
    if theirs:
        pair = ours, theirs
        ratios = " ".join(f"{_ratio(pair, what):6.3f}" for what in ("cpu", "draw", "packed", "memory"))
        print(f"{line} {theirs['read']:6.2f} + {theirs['draw']:5.2f} {ratios}", flush=True)
    else:
        print(f"{line} ours alone, {ours['packed'] / 1e6:.2f} MB packed", flush=True)


def _asked(side: str, path: Path) -> Line:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.drawings", f"--as={side}", str(path)],
        capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    if done.returncode:
        return {}
    found: Line = json.loads(done.stdout)
    return found


def _ours(path: Path, out: Path) -> Line:
    from portal.rendering import render  # noqa: PLC0415 - only in the process that draws
    from tests.bench.watched import watched  # noqa: PLC0415

    # The clock is let run: what counts here is CPU, however busy the machine is.
    limits = replace(Limits(), wall=PATIENCE, cpu=PATIENCE, memory=MOST_MILLION)
    answer, cost = watched(lambda: render(path, out, limits=limits))
    if answer.outcome == "refused":
        sys.exit(1)
    read = answer.timings.get("read", 0.0)
    files = [path for path in out.glob("sheet-0*.svg") if not path.name.endswith("-thumb.svg")]
    tiled = {path.name.partition("-tile-")[0] for path in files if "-tile-" in path.name}
    # The add-on draws model space only, our first sheet. The base of a tiled sheet is a coarse copy: what is compared is the drawing itself.
    return {
        "read": read, "draw": answer.timings["total"] - read, "memory": cost.memory,
        **_bytes([path for path in files if path.stem not in tiled]),
    }  # fmt: skip


def _theirs(path: Path, out: Path) -> Line:
    import ezdxf  # noqa: PLC0415 - only in the process that draws
    from ezdxf.addons.drawing import Frontend, RenderContext, layout, svg  # noqa: PLC0415

    start = time.process_time()
    doc = ezdxf.readfile(path)
    read = time.process_time() - start
    backend = svg.SVGBackend()
    Frontend(RenderContext(doc), backend).draw_layout(doc.modelspace())
    (out / "sheet-0.svg").write_text(backend.get_string(layout.Page(0, 0)), encoding="utf-8")
    drawn = time.process_time() - start - read
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    return {"read": read, "draw": drawn, "memory": memory, **_bytes([out / "sheet-0.svg"])}


def _bytes(files: list[Path]) -> dict[str, float]:
    texts = [path.read_bytes() for path in files]
    return {"raw": sum(map(len, texts)), "packed": sum(len(gzip.compress(text, 6)) for text in texts)}


def _answer(side: str, path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = (_ours if side == "ours" else _theirs)(path, Path(folder))
    print(json.dumps({**found, "cpu": found["read"] + found["draw"]}))


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1].startswith("--as="):
        _answer(sys.argv[1].removeprefix("--as="), Path(sys.argv[2]))
    else:
        sys.exit(main(sys.argv[1:]))
