"""What a person waits for in a browser without a GPU: `make bench WHAT=browser`, with 100,000 objects or so many as told.

In one run of Chromium, on one machine: the frames while a hand drags the whole drawing, of an empty page, of an SVG with
one path to an object, of npm's dxf-viewer and of ours once everything is there; and the time from the address to the first
picture of the drawing, with what crossed the wire until then. Exits 1 when a bar is missed.

- A frame is the time between two calls of requestAnimationFrame.
- The first picture is the first frame the browser showed whose middle has a quarter of the contrast that it has in the
  end: the same for every page, and nothing that a page says about itself. Frames are those of the browser's own trace,
  which keeps them without waiting for us; a screencast waits for an answer to each, and so shows the next one late.
- What a worker fetches is not in the bytes: dxf-viewer's drawing of 20 MB is one such.
- Warm: the second visit of one browser window, which has what it may keep. Cold: the first; bytes are counted there.
"""

from __future__ import annotations

import base64
import io
import itertools
import json
import math
import operator
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any, Final

from tests.bench.browser_peers import pages
from tests.bench.drawings import generated
from tests.capabilities import chromium_path

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data" / "make_drawing.py"
CACHE = ROOT / "build" / "browser"
SIZE = 100_000
ROUNDS = 3
WINDOW = {"width": 1440, "height": 900}
#: Software for everything, WebGL included: what a machine without a GPU has.
FLAGS = ["--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader"]
PATIENCE = 180.0
STEADY = 1.5
REACH, MOVES = 300, 240
#: A page that is slow is dragged less far: a hand gives up, too.
LONGEST_DRAG = 8.0
CONTRAST = 0.25
#: A browser's trace has its frames about this wide.
SEEN = 480
MOST_BYTES = 200_000

FRAMES = """() => { window.frames_ = []; const note = (at) => { window.frames_.push(at); window.noting_ = requestAnimationFrame(note); };
window.noting_ = requestAnimationFrame(note); }"""
TAKEN = "() => { cancelAnimationFrame(window.noting_); return window.frames_; }"
#: All of the drawing has come: every tile of our sheet, or what dxf-viewer was told to load.
WHOLE = """() => { const viewer = document.querySelector("drawing-viewer");
if (!viewer) return !document.querySelector("[data-loads]") || "loaded" in document.documentElement.dataset;
const tiles = JSON.parse(viewer.dataset.sheets)[Number(viewer.dataset.current)].tiles.length;
return viewer.dataset.state === "ready" && viewer.querySelectorAll('g[data-tile] g[transform="scale(2)"]').length === 0
  && performance.getEntriesByType("resource").filter((one) => one.name.includes("/tiles/")).length >= tiles; }"""


@dataclass
class Found:
    """What was measured of one page: frames in ms; first pictures in ms and bytes, cold and warm."""

    frames: list[float] = field(default_factory=list)
    cold: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    wire: list[int] = field(default_factory=list)

    @property
    def middle(self) -> float:
        return median(self.frames)

    @property
    def late(self) -> float:
        return quantiles(self.frames, n=20)[-1]


@dataclass
class Film:
    """What a browser showed since it was sent to an address, what it showed in the end, and what it received."""

    begun: float = 0.0
    last: bytes = b""
    pictures: list[tuple[float, bytes]] = field(default_factory=list)
    received: list[tuple[float, int]] = field(default_factory=list)

    def first(self) -> float:
        """When the drawing was first to be seen, on the clock of the machine."""
        least = contrast(self.last) * CONTRAST
        return next(at for at, picture in self.pictures if at >= self.begun and contrast(picture) >= least)

    def bytes_until(self, moment: float) -> int:
        return sum(size for at, size in self.received if at <= moment)


def contrast(picture: bytes) -> float:
    """How much the middle of a picture varies, SEEN pixels wide: nothing on an empty sheet, much where lines are."""
    from PIL import Image, ImageStat  # noqa: PLC0415 - not in the processes that only serve

    image = Image.open(io.BytesIO(picture)).convert("L")
    image.thumbnail((SEEN, SEEN))
    wide, high = image.size
    return ImageStat.Stat(image.crop((wide * 3 // 10, high * 3 // 10, wide * 7 // 10, high * 7 // 10))).stddev[0]


@contextmanager
def filmed(browser: Browser, tab: Page) -> Iterator[Film]:
    """Write down what the tab shows and receives until the block ends."""
    film = Film()
    door = tab.context.new_cdp_session(tab)
    counted: dict[str, int] = {}
    apart: list[float] = []

    def ask(event: dict[str, Any]) -> None:
        apart.append(event["wallTime"] - event["timestamp"])

    def receive(event: dict[str, Any], *, whole: bool = False) -> None:
        before = counted.get(event["requestId"], 0)
        more = int(event["encodedDataLength"]) - (before if whole else 0)
        counted[event["requestId"]] = before + more
        film.received.append((event["timestamp"] + apart[-1], more))

    door.on("Network.requestWillBeSent", ask)
    door.on("Network.dataReceived", receive)
    door.on("Network.loadingFinished", lambda event: receive(event, whole=True))
    door.send("Network.enable")
    browser.start_tracing(page=tab, screenshots=True, categories=["-*"])
    try:
        yield film
    finally:
        trace = json.loads(browser.stop_tracing())
        door.detach()
    for event in trace["traceEvents"]:
        if event["name"] == "Screenshot":
            film.pictures.append((event["ts"] / 1e6 + apart[-1], base64.b64decode(event["args"]["snapshot"])))
    film.pictures.sort(key=operator.itemgetter(0))


def visited(browser: Browser, tab: Page, address: str) -> Film:
    """Go to an address and stay until all of the drawing is there."""
    with filmed(browser, tab) as film:
        tab.goto(address, wait_until="commit")
        film.begun = float(tab.evaluate("performance.timeOrigin")) / 1000
        tab.wait_for_load_state("load", timeout=PATIENCE * 1000)
        tab.wait_for_function(WHOLE, timeout=PATIENCE * 1000)
        tab.wait_for_timeout(STEADY * 1000)
        film.last = tab.screenshot(timeout=PATIENCE * 1000)
    if contrast(film.last) <= 1:
        raise TimeoutError(f"{address} showed no drawing")
    return film


def dragged(tab: Page) -> list[float]:
    """Frame times in ms while a hand drags in a circle: as far as from one side of a sheet to its middle."""
    x, y = WINDOW["width"] / 2, WINDOW["height"] / 2
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.evaluate(FRAMES)
    end = time.monotonic() + LONGEST_DRAG
    for step in itertools.takewhile(lambda _: time.monotonic() < end, range(MOVES)):
        turn = 2 * math.pi * step / MOVES
        tab.mouse.move(x + REACH * math.sin(turn), y + REACH * (1 - math.cos(turn)) / 2)
    frames = tab.evaluate(TAKEN)
    tab.mouse.up()
    return [after - before for before, after in itertools.pairwise(frames)]


def measured(browser: Browser, address: str, found: Found, *, drawn: bool) -> None:
    """One round of one page: a first visit, a second in the same window, and the drag."""
    context = browser.new_context(locale="ko-KR", viewport=WINDOW)
    try:
        tab = context.new_page()
        if drawn:
            cold = visited(browser, tab, address)
            found.cold.append((cold.first() - cold.begun) * 1000)
            found.wire.append(cold.bytes_until(cold.first()))
            tab.goto("about:blank")
            warm = visited(browser, tab, address)
            found.warm.append((warm.first() - warm.begun) * 1000)
        else:
            tab.goto(address)
            tab.wait_for_timeout(STEADY * 1000)
        found.frames += dragged(tab)
    finally:
        context.close()


@contextmanager
def served(folder: Path, drawing: Path) -> Iterator[dict[str, str]]:
    """The portal in a process of its own, as its readers' browsers have it."""
    command = [sys.executable, "-m", "tests.bench.browser_server", str(folder), str(drawing)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        try:
            told = server.stdout.readline() if server.stdout else ""
            if not told:
                raise SystemExit("the portal did not start")
            yield json.loads(told)
        finally:
            server.communicate()


def drawing_of(folder: Path, size: int) -> Path:
    """The drawing of the shared generator, or of our copy where that is not there."""
    if not SHARED.is_file():
        return generated(folder, size)
    path = folder / f"drawing {size}.dxf"
    subprocess.run([sys.executable, str(SHARED), str(size), str(path)], check=True)
    return path


def main(arguments: list[str]) -> int:
    """Measure, print the table and the bars, and tell by the exit code whether all were met."""
    if chromium_path() is None:
        print("chromium is missing: nothing was measured")
        return 0
    size = int(next((word for word in arguments if word.isdigit()), SIZE))
    rounds = int(next((word.removeprefix("--rounds=") for word in arguments if word.startswith("--rounds=")), ROUNDS))
    with tempfile.TemporaryDirectory(prefix="planroom-browser-") as name:
        folder = Path(name)
        drawing = drawing_of(folder, size)
        missing = pages(folder / "peers", drawing, CACHE)
        with served(folder, drawing) as server:
            found = _all(server, missing, rounds)
    _table(found, size, rounds, missing)
    return _bars(found, missing)


PLAIN: Final = "one path to an object"


def _all(server: dict[str, str], missing: str, rounds: int) -> dict[str, Found]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - not there where chromium is not

    places = {"empty page": "/peers/empty.html", PLAIN: "/peers/svg.html", "ours": server["viewer"]}
    if not missing:
        places["dxf-viewer"] = "/peers/dxf-viewer.html"
    found = {name: Found() for name in places}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        for _ in range(rounds):
            for name, place in places.items():
                measured(browser, server["url"] + place, found[name], drawn=name != "empty page")
                print(f"{name}: {_told(found[name])}", file=sys.stderr, flush=True)
        browser.close()
    return found


def _table(found: dict[str, Found], size: int, rounds: int, missing: str) -> None:
    print(f"{size:,} objects, {rounds} rounds, medians")
    print(f"{'page':24} {'frame ms':>9} {'p95 ms':>8} {'cold ms':>9} {'warm ms':>9} {'wire KB':>9}")
    for name, row in found.items():
        print(f"{name:24} {_told(row)}")
    if missing:
        print(f"{'dxf-viewer':24} not measured: {missing}")


def _told(row: Found) -> str:
    told = f"{row.middle:9.1f} {row.late:8.1f}"
    if row.cold:
        told += f" {median(row.cold):9.0f} {median(row.warm):9.0f} {median(row.wire) / 1000:9.1f}"
    return told


def _bars(found: dict[str, Found], missing: str) -> int:
    ours = found["ours"]
    bars = [
        ("median frame beside an empty page's", ours.middle / found["empty page"].middle, 1.2, "x"),
        ("p95 frame beside one path to an object", ours.late / found[PLAIN].late, 0.2, "x"),
        ("KB on the wire before the first picture", median(ours.wire) / 1000, MOST_BYTES / 1000, ""),
    ]
    if not missing:
        other = median(found["dxf-viewer"].warm)
        bars.append(("first picture beside dxf-viewer's, warm", median(ours.warm) / other, 0.1, "x"))
    for name, value, most, unit in bars:
        print(f"{'met   ' if value <= most else 'MISSED'} {name:42} {value:8.3f}{unit}  (at most {most:g}{unit})")
    return int(any(value > most for _, value, most, _ in bars))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
