"""What drawing costs, beside ezdxf's own drawing add-on in the same run: CPU, bytes and memory, per file and in sum.

`make bench WHAT=drawings` draws generated drawings of 1,000 to 100,000 objects and, where they are, the shared ones;
`python -m tests.bench.drawings FILE...` other files, `--million` a drawing of a million objects by us alone.
Each run is a process of its own. CPU of "read" is from the bytes to a document, "draw" from there to SVG on disk.
"""

from __future__ import annotations

import gzip
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from portal.rendering.result import Limits

SIZES = (1_000, 10_000, 100_000)
MILLION = 1_000_000
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "drawings" / "dxf"
LARGEST_SHARED = 20 << 20
PATIENCE = 300


def main(arguments: list[str]) -> None:
    """Print one line per drawing and the sums."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(name) for name in arguments if not name.startswith("--")]
        if not files:
            files = [generated(Path(folder), size) for size in SIZES]
            files += sorted(path for path in SHARED.glob("*.dxf") if path.stat().st_size < LARGEST_SHARED)
        print(
            f"{'drawing':44} {'MB':>6} {'ours CPU read + draw':>21} {'add-on':>14} {'CPU':>6} {'draw':>6} {'gz':>6} {'RSS':>6}"
        )
        lines = [line for path in files if (line := _compared(path))]
        for name, what in (("CPU", "cpu"), ("draw", "draw"), ("gzip", "packed"), ("memory", "memory")):
            ratios = [line[0][what] / line[1][what] for line in lines if line[1][what]]
            if ratios:
                print(f"{name}: median {statistics.median(ratios):.3f}x of the add-on's over {len(ratios)} drawings")
        total = [sum(line[side]["cpu"] for line in lines) for side in (0, 1)]
        print(f"CPU in sum: {total[0]:.2f} s beside {total[1]:.2f} s, {total[0] / total[1]:.3f}x")
        if "--million" in arguments:
            ours = _asked("ours", generated(Path(folder), MILLION))
            print(
                f"a million objects: CPU {ours['cpu']:.1f} s, {ours['memory'] >> 20} MB resident, {ours['packed'] / 1e6:.1f} MB packed"
            )


def generated(folder: Path, size: int) -> Path:
    """The mix of the shared generator: 60 % lines, 15 % polylines of 6, 4 % circles and arcs each, 10 % blocks of 12, 7 % texts."""
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
    path = folder / f"generated {size}.dxf"
    doc.saveas(path)
    return path


def _compared(path: Path) -> tuple[dict[str, Any], dict[str, Any]] | None:
    ours, theirs = _asked("ours", path), _asked("add-on", path)
    if not ours or not theirs:
        print(f"{path.name[:44]:44} {'ours' if not ours else 'the add-on'} did not draw it")
        return None
    ratios = " ".join(f"{ours[what] / theirs[what]:6.3f}" for what in ("cpu", "draw", "packed", "memory"))
    print(
        f"{path.name[:44]:44} {path.stat().st_size / 1e6:6.2f} {ours['read']:10.3f} + {ours['draw']:8.3f}"
        f" {theirs['read']:6.2f} + {theirs['draw']:5.2f} {ratios}"
    )
    return ours, theirs


def _asked(side: str, path: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.drawings", f"--as={side}", str(path)],
        capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    if done.returncode:
        return {}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _ours(path: Path, out: Path) -> dict[str, float]:
    from portal.rendering.work import rendered  # noqa: PLC0415 - only in the process that draws

    start = time.process_time()
    answer = rendered(path, out, "bench", Limits(memory=8 << 30, wall=PATIENCE, cpu=PATIENCE), None)
    whole = time.process_time() - start
    if answer.outcome == "refused":
        sys.exit(1)
    files = [path for path in out.glob("sheet-*.svg") if not path.name.endswith("-thumb.svg")]
    tiled = {path.name.partition("-tile-")[0] for path in files if "-tile-" in path.name}
    # The base of a tiled sheet is a coarse copy: what is compared is the drawing itself.
    return {
        "read": answer.timings["read"], "draw": whole - answer.timings["read"],
        **_bytes([path for path in files if path.stem not in tiled]),
    }  # fmt: skip


def _theirs(path: Path, out: Path) -> dict[str, float]:
    import ezdxf  # noqa: PLC0415 - only in the process that draws
    from ezdxf.addons.drawing import Frontend, RenderContext, layout, svg  # noqa: PLC0415

    start = time.process_time()
    doc = ezdxf.readfile(path)
    read = time.process_time() - start
    backend = svg.SVGBackend()
    Frontend(RenderContext(doc), backend).draw_layout(doc.modelspace())
    (out / "sheet-0.svg").write_text(backend.get_string(layout.Page(0, 0)), encoding="utf-8")
    return {"read": read, "draw": time.process_time() - start - read, **_bytes([out / "sheet-0.svg"])}


def _bytes(files: list[Path]) -> dict[str, float]:
    texts = [path.read_bytes() for path in files]
    return {"raw": sum(map(len, texts)), "packed": sum(len(gzip.compress(text, 6)) for text in texts)}


def _answer(side: str, path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = (_ours if side == "ours" else _theirs)(path, Path(folder))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    print(json.dumps({**found, "cpu": found["read"] + found["draw"], "memory": memory}))


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1].startswith("--as="):
        _answer(sys.argv[1].removeprefix("--as="), Path(sys.argv[2]))
    else:
        main(sys.argv[1:])
