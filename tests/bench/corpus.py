"""Whether every file of a folder ends with an answer: `make bench WHAT=corpus`, or `python -m tests.bench.corpus FOLDER...`.

Without a folder, the shared drawings and the hostile files. Each file goes through `render` as an upload does. Printed are its
outcome and reason, the objects beside ezdxf's count, the marks of ink in its SVG, CPU and wall seconds and the child's
peak of resident memory. The exit code is 1 when a bar is broken:

- within 20 s (but for those that a busy machine let it wait) and 1 GiB, without an error of ours ("crashed" is one);
- no silent blank: what is "drawn" has ink in it, in SVG that is well-formed and has no number that is none;
- no silent loss: ezdxf, where it can read the file, does not count objects that we neither drew nor listed;
- a folder's MANIFEST.tsv may say for a file that it is "drawn ..." or "refused ...", and then it is.
"""

from __future__ import annotations

import csv
import logging
import resource
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from portal.rendering import render
from tests.bench.watched import Cost, watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portal.rendering import Rendering

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
FOLDERS = (SHARED / "drawings", SHARED / "hostile")
MOST_SECONDS, MOST_BYTES = 20.0, 1 << 30
PATIENCE = 30
UNCOUNTED = frozenset({"VIEWPORT", "LIGHT", "SUN", "SEQEND"})
"""What is never drawn and never counted: a window onto the model, and what has no picture."""
SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True, slots=True)
class Ink:
    """What the sheets' SVG shows: strokes, areas, texts and pictures together, and faults of its text."""

    marks: int = 0
    faults: tuple[str, ...] = ()


def main(arguments: list[str]) -> int:
    """Print a line for each file and the sums; 1 when a bar is broken."""
    folders = [Path(name) for name in arguments] or [folder for folder in FOLDERS if folder.is_dir()]
    outcomes: Counter[str] = Counter()
    broken: list[str] = []
    worst = Cost()
    print(
        f"{'file':58} {'outcome':8} {'reason':14} {'objects':>8} {'ezdxf':>7} {'ink':>7} {'CPU s':>6} {'wall':>6} {'MB':>5}"
    )
    for folder in folders:
        expected = _expected(folder)
        paths = sorted(file for file in folder.rglob("*") if file.is_file())
        for path, count in zip(paths, _counted(paths), strict=True):
            name = str(path.relative_to(folder))
            answer, cost, ink = _drawn(path)
            outcomes[answer.outcome] += 1
            worst = worst.beside(cost)
            faults = [*_faults(answer, cost, ink, count), *_against(expected.get(name, ""), answer)]
            broken += [f"{name}: {fault}" for fault in faults]
            print(
                f"{name[-58:]:58} {answer.outcome:8} {answer.reason:14} {_objects(answer):8} {'-' if count is None else count:>7}"
                f" {ink.marks:7} {cost.cpu:6.2f} {cost.wall:6.2f} {cost.memory >> 20:5}{_thin(answer, ink)}{' ' + '; '.join(faults) if faults else ''}",
                flush=True,
            )
    print(", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())))
    print(f"at most {worst.cpu:.2f} s of CPU, {worst.wall:.2f} s, {worst.memory >> 20} MB resident")
    print("\n".join(["broken:", *broken]) if broken else "no bar is broken")
    return int(bool(broken))


def _drawn(path: Path) -> tuple[Rendering, Cost, Ink]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        answer, cost = watched(lambda: render(path, out))
        return answer, cost, ink_of(answer, out)


def ink_of(answer: Rendering, out: Path) -> Ink:
    """Count what the SVG of an answer shows: of a tiled sheet that of the tiles, and otherwise the sheet itself."""
    marks = 0
    faults = []
    for sheet in answer.sheets:
        for name in (sheet.svg, *(part.svg for part in sheet.parts)):
            try:
                tree = ET.parse(out / name)
            except (ET.ParseError, OSError) as error:
                faults.append(f"{name} is no SVG ({error})")
                continue
            here = 0
            for element in tree.iter():
                data = element.get("d", "")
                if "nan" in data or "inf" in data:
                    faults.append(f"{name} has a number that is none")
                here += _marks(element)
            marks += here if name != sheet.svg or not sheet.parts else 0
    return Ink(marks, tuple(faults))


def _marks(element: ET.Element) -> int:
    match element.tag.removeprefix(SVG):
        case "path":
            data = element.get("d", "")
            return data.count("M") + data.count("m")
        case "text":
            return int(any(part.strip() for part in element.itertext()))
        case "image":
            return 1
    return 0


def _objects(answer: Rendering) -> int:
    return sum(sheet.objects for sheet in answer.sheets)


def _thin(answer: Rendering, ink: Ink) -> str:
    """Worth a look, and no fault by itself: an empty text or a reference to an empty block is drawn without ink."""
    missing = sum(sheet.drawn for sheet in answer.sheets) - ink.marks
    return f" {missing} drawn without ink" if missing > 0 else ""


def _faults(answer: Rendering, cost: Cost, ink: Ink, count: int | None) -> list[str]:
    """Which bars a file breaks."""
    found = list(ink.faults)
    if cost.wall - cost.waited > MOST_SECONDS:
        found.append(f"took {cost.wall:.1f} s")
    if cost.memory > MOST_BYTES:
        found.append(f"took {cost.memory >> 20} MB")
    if answer.reason == "crashed" or (not answer.message and answer.outcome != "drawn"):
        found.append("no reason for a person")
    if answer.outcome != "refused":
        if not ink.marks:
            found.append("blank")
        if count is not None and _objects(answer) < count:
            found.append(f"{count - _objects(answer)} objects without a word")
    return found


def _against(expectation: str, answer: Rendering) -> list[str]:
    if expectation.startswith("drawn") and "refused" not in expectation and answer.outcome == "refused":
        return ["was to be drawn"]
    if expectation.startswith("refused with") and answer.outcome != "refused":
        return ["was to be refused"]
    return []


def _expected(folder: Path) -> dict[str, str]:
    """What a folder's manifest says a trusted product does with each file, where it says that."""
    manifest = folder / "MANIFEST.tsv"
    if not manifest.is_file():
        return {}
    with manifest.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {row["file"]: row.get("what a trusted product shows") or "" for row in rows}


def _counted(paths: list[Path]) -> Iterator[int | None]:
    """Give ezdxf's count of each DXF's objects in all layouts; None for what it cannot read, and for other files."""
    counter = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.corpus", "--count", *map(str, paths)], stdout=subprocess.PIPE, text=True
    )
    with counter as running:
        for path in paths:
            line = (running.stdout.readline() if running.stdout else "").strip()
            if not line:
                print(f"the count of {path.name} ended ezdxf")
            yield int(line) if line.isdigit() else None


def _count(paths: list[Path]) -> int:
    import ezdxf  # noqa: PLC0415 - only in the process that counts

    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    signal.signal(signal.SIGALRM, _too_long)
    for path in paths:
        found = "none"
        signal.alarm(PATIENCE if path.suffix.lower() == ".dxf" else 0)
        try:
            if path.suffix.lower() == ".dxf":
                doc = ezdxf.readfile(path)
                found = str(sum(entity.dxftype() not in UNCOUNTED for layout in doc.layouts for entity in layout))
        except Exception as error:  # noqa: BLE001 - ezdxf raises anything at all for a broken file; then it has no count
            found = type(error).__name__
        signal.alarm(0)
        print(found, flush=True)
    return 0


def _too_long(*_: object) -> None:
    raise TimeoutError


if __name__ == "__main__":
    sys.exit(_count([Path(name) for name in sys.argv[2:]]) if sys.argv[1:2] == ["--count"] else main(sys.argv[1:]))
