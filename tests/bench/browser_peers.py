"""The pages our viewer is measured against: an empty one, one SVG path to an object, and npm's dxf-viewer.

`pages(folder, drawing, cache)` writes them into `folder`. dxf-viewer and esbuild come from the npm registry into `cache`
when they are not there yet; they are no part of this project. Where that does not succeed, `pages` says why.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ezdxf.entities import DXFEntity
    from ezdxf.math import Vec3

VIEWER, BUNDLER = "dxf-viewer@1.0.49", "esbuild@0.28.2"
DRAWING = "drawing.dxf"
PATIENCE = 300
STYLE = (
    "html,body{margin:0;height:100%;background:#fff}#room{width:100vw;height:100vh;overflow:hidden;touch-action:none}"
)
PAGE = '<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{style}</style><div id="room">{body}</div>{script}'

#: The plain way to pan an SVG: another viewBox for every move of the hand.
PAN = """<script>
const svg = document.querySelector("svg"), room = document.querySelector("#room");
const view = svg.viewBox.baseVal, box = [view.x, view.y, view.width, view.height];
let held = null;
room.addEventListener("pointerdown", (event) => { held = [event.clientX, event.clientY, box[0], box[1]]; });
addEventListener("pointerup", () => { held = null; });
addEventListener("pointermove", (event) => {
  if (!held) return;
  const unit = Math.max(box[2] / innerWidth, box[3] / innerHeight);
  box[0] = held[2] - (event.clientX - held[0]) * unit;
  box[1] = held[3] - (event.clientY - held[1]) * unit;
  svg.setAttribute("viewBox", box.join(" "));
});
</script>"""

#: Without fonts it draws no text: the less work for it. The worker reads the file, as its authors advise.
MAIN = f"""import {{DxfViewer}} from "dxf-viewer";
import {{Color}} from "three";
const room = document.querySelector("#room");
const viewer = new DxfViewer(room, {{autoResize: true, clearColor: new Color("#fff"), colorCorrection: true}});
const loading = {{url: "{DRAWING}", fonts: null, workerFactory: () => new Worker("worker.js")}};
viewer.Load(loading).then(() => {{ document.documentElement.dataset.loaded = ""; }});
"""
WORKER = 'import {DxfViewer} from "dxf-viewer";\nDxfViewer.SetupWorker();\n'


def pages(folder: Path, drawing: Path, cache: Path) -> str:
    """Write empty.html, svg.html and dxf-viewer.html; give "" or the reason why the last one is missing."""
    folder.mkdir()
    (folder / "empty.html").write_text(PAGE.format(title="empty", style=STYLE, body="", script=""), encoding="utf-8")
    cache = cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    kept = cache / f"{_digest(drawing)}.html"
    if not kept.is_file():  # Half a minute for a drawing that is always the same.
        text = PAGE.format(title="svg", style=STYLE, body=one_path_each(drawing), script=PAN)
        kept.write_text(text, encoding="utf-8")
    shutil.copyfile(kept, folder / "svg.html")
    missing = _dxf_viewer(folder, cache)
    if not missing:
        shutil.copyfile(drawing, folder / DRAWING)
    return missing


def _digest(drawing: Path) -> str:
    """Of the objects alone: the head has the time at which the file was written."""
    objects = drawing.read_bytes().partition(b"ENTITIES")[2].partition(b"ENDSEC")[0]
    return hashlib.sha256(objects).hexdigest()[:16]


def one_path_each(drawing: Path) -> str:
    """The modelspace as an SVG with one element to each object, a block's insert being one."""
    import ezdxf  # noqa: PLC0415 - not in the process that only measures

    lines: list[str] = []
    xs: list[float] = []
    ys: list[float] = []
    for entity in ezdxf.readfile(drawing).modelspace():
        steps = list(_steps(entity))
        for _, points in steps:
            xs += [x for x, _ in points]
            ys += [y for _, y in points]
        lines.append(_element(entity, steps))
    box = f"{min(xs):.2f} {min(ys):.2f} {max(xs) - min(xs):.2f} {max(ys) - min(ys):.2f}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="100%" viewBox="{box}" fill="none" stroke="#222">'
        f"{''.join(lines)}</svg>"
    )


_Step = tuple[str, list[tuple[float, float]]]
"""A letter of SVG's path data and its points."""


def _element(entity: DXFEntity, steps: list[_Step]) -> str:
    if entity.dxftype() == "TEXT":
        ((x, y),) = steps[0][1]
        words = escape(entity.dxf.text)
        return f'<text x="{x:.2f}" y="{y:.2f}" font-size="{entity.dxf.height:.2f}" fill="#222" stroke="none">{words}</text>'
    data = "".join(letter + " ".join(f"{x:.2f} {y:.2f}" for x, y in points) for letter, points in steps)
    return f'<path vector-effect="non-scaling-stroke" d="{data}"/>'


def _steps(entity: DXFEntity) -> Iterator[_Step]:
    from ezdxf import path  # noqa: PLC0415 - not in the process that only measures

    kind = entity.dxftype()
    if kind == "TEXT":
        yield "M", _flat([entity.dxf.insert])
    elif kind == "LINE":
        yield "M", _flat([entity.dxf.start])
        yield "L", _flat([entity.dxf.end])
    elif kind == "INSERT":
        for part in entity.virtual_entities():  # type: ignore[attr-defined]  # an INSERT has it
            yield from _steps(part)
    else:
        line = path.make_path(entity)
        yield "M", _flat([line.start])
        for step in line.commands():
            curved = step.type == path.Command.CURVE4_TO
            yield "C" if curved else "L", _flat([step.ctrl1, step.ctrl2, step.end] if curved else [step.end])  # type: ignore[union-attr]


def _flat(points: list[Vec3]) -> list[tuple[float, float]]:
    return [(point.x, -point.y) for point in points]


def _dxf_viewer(folder: Path, cache: Path) -> str:
    npm = shutil.which("npm")
    if npm is None:
        return "npm is missing"
    try:
        if not _installed(cache):
            _run([npm, "install", "--no-audit", "--no-fund", "--prefix", str(cache), VIEWER, BUNDLER], cache)
        for name, text in (("main.js", MAIN), ("worker.js", WORKER)):
            (cache / name).write_text(text, encoding="utf-8")
        bundler = str(cache / "node_modules" / ".bin" / "esbuild")
        _run([bundler, "main.js", "worker.js", "--bundle", "--minify", f"--outdir={folder}"], cache)
    except subprocess.CalledProcessError as error:
        return f"npm did not bring it: {error.stderr.decode(errors='replace').strip()[-300:]}"
    except (subprocess.SubprocessError, OSError) as error:
        return f"npm did not bring it: {error}"
    script = '<script src="main.js" data-loads></script>'
    (folder / "dxf-viewer.html").write_text(
        PAGE.format(title="dxf-viewer", style=STYLE, body="", script=script), encoding="utf-8"
    )
    return ""


def _installed(cache: Path) -> bool:
    for pinned in (VIEWER, BUNDLER):
        name, _, version = pinned.partition("@")
        told = cache / "node_modules" / name / "package.json"
        if not told.is_file() or json.loads(told.read_text(encoding="utf-8"))["version"] != version:
            return False
    return True


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=PATIENCE)
