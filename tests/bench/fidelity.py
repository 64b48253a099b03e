"""How faithful our drawings are, beside the raster of ezdxf's drawing add-on: ink within a pixel, letters by box, types.

`make bench WHAT=fidelity` draws the shared drawings where they are, else a made one of every type;
`python -m tests.bench.fidelity FOLDER_OR_FILE...` others. Both sides are black hairlines at 1200 pixels in the same
window, drawn by the same browser. build/fidelity.html and build/fidelity-N.png show ours, the add-on's and the
difference: red is ink only the add-on has, blue ink only we have. docs/rendering.md explains what differs.
"""

from __future__ import annotations

import base64
import io
import os
import sys
import tempfile
import warnings
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageDraw

from tests.rendering.likeness import Lettering, Share, inked, reached, share_of_ink, share_of_letters, within

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from playwright.sync_api import Page

    from tests.rendering.sides import Pair

PROJECT: Final = Path(__file__).resolve().parents[2]
SHARED: Final = PROJECT.parent / "shared" / "data" / "drawings" / "dxf"
BUILD: Final = PROJECT / "build"
BAR: Final = 0.99
SMALL: Final = 400
PER_SHEET: Final = 8
CHARACTERS: Final = 60

BOXES: Final = """() => [...document.querySelectorAll('svg text')].filter(one => !one.closest('[display=none]')).map(one => {
  const size = parseFloat(one.getAttribute('font-size') || one.closest('[font-size]').getAttribute('font-size'));
  const own = one.getBBox(), low = parseFloat(one.getAttribute('y') || 0), map = one.getScreenCTM();
  const spans = [...one.querySelectorAll('tspan')].map(span => parseFloat(span.getAttribute('font-size') || size));
  const high = low - Math.max(size, ...spans) * 0.72;
  const at = (x, y) => [map.a * x + map.c * y + map.e, map.b * x + map.d * y + map.f];
  const ends = [at(own.x, low), at(own.x + own.width, low), at(own.x + own.width, high), at(own.x, high)];
  let box = null;
  for (let group = one.closest('[clip-path]'); group; ) {
    const name = group.getAttribute('clip-path').slice(5, -1), clip = document.getElementById(name);
    const ring = clip.querySelector('path').getBBox(), part = parseFloat(clip.querySelector('path').getAttribute('transform').slice(6));
    const root = document.querySelector('svg').getScreenCTM();
    const seen = [ring.x * part * root.a + root.e, ring.y * part * root.d + root.f,
      (ring.x + ring.width) * part * root.a + root.e, (ring.y + ring.height) * part * root.d + root.f];
    box = box ? [Math.max(box[0], seen[0]), Math.max(box[1], seen[1]), Math.min(box[2], seen[2]), Math.min(box[3], seen[3])] : seen;
    group = clip.hasAttribute('clip-path') ? clip : null;
  }
  return [one.textContent, ends, box];
})"""
"""The letters of our SVG as they stand in the browser: the box from the base line to the height of capitals."""


@dataclass(frozen=True, slots=True)
class Result:
    """One sheet compared."""

    drawing: str
    sheet: str
    ink: Share
    letters: Share
    ours: Image.Image
    model: Image.Image
    difference: Image.Image
    types: str
    lost: str

    @property
    def good(self) -> bool:
        """Whether it meets the bar."""
        return self.ink.worst >= BAR and self.letters.worst >= BAR and self.types == "equal"


def main(arguments: list[str]) -> None:
    """Compare, print a line per sheet, write the contact sheet."""
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as home:
        os.environ["XDG_CACHE_HOME"] = home
        files = [file for name in arguments or [str(SHARED)] for file in _files(Path(name))]
        if not files:
            from tests.rendering.every_type import every_type  # noqa: PLC0415 - ezdxf only after its cache has a home

            files = [every_type(Path(home) / "every type.dxf")]
        print(
            f"{'drawing':52} {'sheet':14} {'ink rec':>8} {'prec':>7} {'text rec':>8} {'prec':>7}  types, what each side lost"
        )
        results = []
        for result in compared(files):
            results.append(result)
            print(_line(result), flush=True)
    good = sum(result.good for result in results)
    print(f"{good} of {len(results)} sheets at {BAR} or more in ink and letters, with equal types")
    print(f"contact sheet: {_contact_sheet(results, BUILD)}")


def _files(path: Path) -> list[Path]:
    return sorted(path.glob("*.dxf")) if path.is_dir() else [path] if path.exists() else []


def compared(files: list[Path]) -> Iterator[Result]:
    """Compare the sheets of drawings in a browser of its own."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where a browser is at hand

    from tests.capabilities import chromium_path  # noqa: PLC0415 - the same

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        page = browser.new_page()
        for file in files:
            try:
                yield from sheets_compared(file, page)
            except ValueError as refusal:
                print(f"{file.name[:52]:52} refused: {refusal}")
        browser.close()


def sheets_compared(file: Path, page: Page) -> Iterator[Result]:
    """Compare the sheets of one drawing in a browser's page; raises ValueError for one that we refuse."""
    from tests.rendering.sides import pairs  # noqa: PLC0415 - ezdxf only after its cache has a home

    for pair in pairs(file):
        yield _result(file.stem, pair, page)


def _result(drawing: str, pair: Pair, page: Page) -> Result:
    ours = inked(_raster(page, pair.ours.svg, pair))
    pair.ours.letters = _letters(page, pair)
    model = inked(_raster(page, pair.model.svg, pair))
    whole = (0, 0, pair.window.width, pair.window.height)
    seen = [one for one in pair.model.letters if _inside(one, whole)]
    return Result(
        drawing,
        pair.name,
        share_of_ink(ours, model),
        share_of_letters(pair.ours.letters, seen),
        _lettered(ours, pair.ours.letters),
        _lettered(model, seen),
        _difference(ours, model),
        _types(pair.ours.types, pair.model.types),
        " / ".join(_listed(side.lost) for side in (pair.ours, pair.model)),
    )


def _difference(ours: NDArray[np.bool_], model: NDArray[np.bool_]) -> Image.Image:
    """Grey where both have ink, pale where one has it a pixel beside the other's, red or blue where it has it alone."""
    colours = np.full((*ours.shape, 3), 255, np.uint8)
    colours[ours & model] = (190, 190, 190)
    colours[model & ~ours] = (240, 200, 200)
    colours[ours & ~model] = (200, 200, 240)
    colours[model & ~reached(ours)] = (220, 0, 0)
    colours[ours & ~reached(model)] = (0, 0, 220)
    return Image.fromarray(colours)


def _raster(page: Page, svg: str, pair: Pair) -> NDArray[np.uint8]:
    width, height = pair.window.width, pair.window.height
    page.set_viewport_size({"width": width, "height": height})
    root, _, rest = svg.partition(">")
    sized = f'{root} id="drawing" preserveAspectRatio="none" style="display:block;width:{width}px;height:{height}px">'
    page.set_content(
        f"<body style='margin:0;background:#fff;overflow:hidden'><style>#drawing text{{opacity:0}}</style>{sized}{rest}"
    )
    shot = page.screenshot(clip={"x": 0, "y": 0, "width": width, "height": height}, timeout=120_000)
    return np.asarray(Image.open(io.BytesIO(shot)).convert("L"))


def _letters(page: Page, pair: Pair) -> list[Lettering]:
    """Our letters that can be seen."""
    found = []
    for text, ends, clip in page.evaluate(BOXES):
        corners = tuple(map(tuple, ends))
        edges = clip or (0, 0, pair.window.width, pair.window.height)
        one = Lettering(text, corners, within(corners, edges))
        if text.strip() and _inside(one, (0, 0, pair.window.width, pair.window.height)) and _inside(one, clip):
            found.append(one)
    return found


def _inside(one: Lettering, box: Sequence[float] | None) -> bool:
    """Whether some of a box of letters lies inside another box."""
    if box is None:
        return True
    xs, ys = zip(*one.corners, strict=True)
    return max(xs) >= box[0] and max(ys) >= box[1] and min(xs) <= box[2] and min(ys) <= box[3]


def _lettered(ink: NDArray[np.bool_], letters: list[Lettering]) -> Image.Image:
    picture = Image.fromarray(np.where(ink, 0, 255).astype(np.uint8)).convert("RGB")
    draw = ImageDraw.Draw(picture)
    for one in letters:
        draw.polygon(one.corners, outline=(0, 150, 60))
    return picture


def _types(ours: Counter[str], model: Counter[str]) -> str:
    kinds = sorted({*ours, *model})
    return ", ".join(f"{kind} {ours[kind]}:{model[kind]}" for kind in kinds if ours[kind] != model[kind]) or "equal"


def _listed(lost: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(lost.items())) or "-"


def _line(result: Result) -> str:
    mark = " " if result.good else "*"
    return (
        f"{result.drawing[:51]:51}{mark} {result.sheet[:14]:14} {result.ink.recall:8.4f} {result.ink.precision:7.4f}"
        f" {result.letters.recall:8.4f} {result.letters.precision:7.4f}  {result.types}; {result.lost}"
    )


def _contact_sheet(results: list[Result], build: Path) -> Path:
    """Write the page with all pictures and PNGs of eight rows each."""
    build.mkdir(exist_ok=True)
    for old in build.glob("fidelity-*.png"):
        old.unlink()
    folder = build / "fidelity"
    folder.mkdir(exist_ok=True)
    rows = []
    for result in results:
        images = "".join(f'<img src="{_data(picture)}">' for picture in (result.ours, result.model, result.difference))
        rows.append(f"<h2>{escape(_line(result))}</h2>{images}")
    page = build / "fidelity.html"
    page.write_text(
        "<!doctype html><meta charset=utf-8><title>ours | add-on | difference</title>"
        "<style>img{width:32%;border:1px solid #ccc;margin:2px}h2{font:13px monospace;white-space:pre}</style>"
        + "".join(rows),
        encoding="utf-8",
    )
    for result in results:
        for side in ("ours", "model", "difference"):
            getattr(result, side).save(folder / f"{result.drawing} {result.sheet} {side}.png".replace("/", "-"))
    for start in range(0, len(results), PER_SHEET):
        _poster(results[start : start + PER_SHEET]).save(build / f"fidelity-{start // PER_SHEET}.png")
    return page


def _data(picture: Image.Image) -> str:
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode('ascii')}"


def _poster(results: list[Result]) -> Image.Image:
    heights = [round(result.ours.height * SMALL / max(result.ours.size)) + 24 for result in results]
    poster = Image.new("RGB", (3 * (SMALL + 8), sum(heights)), "white")
    draw = ImageDraw.Draw(poster)
    for row, result in enumerate(results):
        top = sum(heights[:row])
        draw.text((4, top + 4), _line(result).encode("ascii", "replace").decode()[:190], fill="black")
        for column, picture in enumerate((result.ours, result.model, result.difference)):
            small = picture.copy()
            small.thumbnail((SMALL, SMALL), Image.Resampling.BOX)
            poster.paste(small, (column * (SMALL + 8), top + 20))
    return poster


if __name__ == "__main__":
    main(sys.argv[1:])
