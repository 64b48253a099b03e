"""A large sheet in a real browser: coarse at first, exact where one looks, no tile asked for twice, hidden layers stay hidden."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page, Route

pytestmark = pytest.mark.needs("chromium")
ROOT = 'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4000 4000" stroke="currentColor" fill="none"'
ACROSS = 4


def group(tile: int, look: str) -> str:
    x, y = (tile - 1) % ACROSS * 1000, (tile - 1) // ACROSS * 1000
    parts = "".join(
        f'<g class="l l-{layer}" data-layer="{layer}"><path class="{look}" vector-effect="non-scaling-stroke"'
        f' d="M{x + 100} {y + 100 + 300 * layer}h800"/></g>'
        for layer in (0, 1)
    )
    words = f'<g class="l l-0" data-layer="0"><text font-size="8" x="{x + 100}" y="{y + 100}">문</text></g>'
    return f'<g data-tile="{tile}">{parts}{words if look == "exact" else ""}</g>'


class Sheet:
    """Serves one sheet of 16 tiles and remembers what was asked for."""

    def __init__(self, tab: Page) -> None:
        self.asked: list[int] = []
        tab.route(re.compile(r"/viewer$"), self._page)
        tab.route("**/large.svg", self._base)
        tab.route("**/tile-*.svg", self._tile)

    def _page(self, route: Route) -> None:
        tiles = [
            {
                "number": tile,
                "url": f"/tile-{tile}.svg",
                "box": [
                    (tile - 1) % ACROSS * 10,
                    40 - (tile - 1) // ACROSS * 10 - 10,
                    (tile - 1) % ACROSS * 10 + 10,
                    40 - (tile - 1) // ACROSS * 10,
                ],
            }
            for tile in range(1, ACROSS**2 + 1)
        ]
        layers = [
            {"index": number, "name": name, "colour": "", "on": True, "objects": 16}
            for number, name in ((0, "벽"), (1, "창"))
        ]
        sheet = {"name": "모형", "url": "/large.svg", "units": "mm", "note": "", "layers": layers, "tiles": tiles}
        answer = route.fetch()
        told = html.escape(json.dumps([sheet]), quote=True)
        route.fulfill(
            response=answer,
            body=re.sub(r"data-sheets='[^']*'", lambda _: f'data-sheets="{told}"', answer.text()),
        )

    def _base(self, route: Route) -> None:
        groups = "".join(group(tile, "coarse") for tile in range(1, ACROSS**2 + 1))
        body = f'<svg {ROOT} data-scale="100" data-origin="0 40">{groups}</svg>'
        route.fulfill(body=body, content_type="image/svg+xml")

    def _tile(self, route: Route) -> None:
        found = re.search(r"tile-(\d+)", route.request.url)
        assert found
        self.asked.append(int(found[1]))
        route.fulfill(body=f"<svg {ROOT}>{group(int(found[1]), 'exact')}</svg>", content_type="image/svg+xml")


def count(tab: Page, look: str) -> int:
    return tab.locator(f"svg.sheet path.{look}").count()


def test_every_tile_comes_once_and_takes_the_place_of_the_coarse_one(tab: Page, gallery: str) -> None:
    sheet = Sheet(tab)
    tab.goto(gallery + "/viewer")
    tab.locator("drawing-viewer[data-state=ready]").wait_for()
    expect(tab.locator("svg.sheet path.exact")).to_have_count(32)
    assert count(tab, "coarse") == 0
    assert sorted(sheet.asked) == list(range(1, 17))
    for key in ("+", "+", "ArrowRight", "Home"):
        tab.locator(".viewer-stage").press(key)
        tab.wait_for_timeout(250)
    assert len(sheet.asked) == 16


def test_a_layer_that_was_hidden_stays_hidden_in_tiles_that_come_later(tab: Page, gallery: str) -> None:
    Sheet(tab)
    held: list[Route] = []
    tab.route("**/tile-*.svg", lambda route: held.append(route) if not held else route.fallback())
    tab.goto(gallery + "/viewer")
    tab.locator("drawing-viewer[data-state=ready]").wait_for()
    expect(tab.locator("svg.sheet path.exact")).to_have_count(30)
    tab.locator(".layer-list input").nth(1).uncheck()
    held[0].fallback()
    expect(tab.locator("svg.sheet path.exact")).to_have_count(32)
    shown = tab.locator("svg.sheet g.l-1").evaluate_all(
        "groups => groups.filter(one => one.getAttribute('display') !== 'none').length"
    )
    assert shown == 0
    assert tab.locator("svg.sheet g.l-0[display]").count() == 0


def test_a_tile_that_cannot_be_read_leaves_the_coarse_one_and_is_asked_for_again_with_the_next_view(
    tab: Page, gallery: str
) -> None:
    sheet = Sheet(tab)
    spoilt: list[Route] = []

    def spoil(route: Route) -> None:
        if spoilt:
            route.fallback()
            return
        spoilt.append(route)
        route.fulfill(body="<p>다시 로그인해 주십시오.</p>", content_type="text/html")

    tab.route("**/tile-6.svg", spoil)
    tab.goto(gallery + "/viewer")
    tab.locator("drawing-viewer[data-state=ready]").wait_for()
    expect(tab.locator("svg.sheet path.exact")).to_have_count(30)
    tab.wait_for_timeout(400)
    assert count(tab, "coarse") == 2
    assert 6 not in sheet.asked
    tab.locator(".viewer-stage").press("+")
    expect(tab.locator("svg.sheet path.exact")).to_have_count(32)
    assert len(sheet.asked) == len(set(sheet.asked)) == 16


def test_tiles_that_left_the_view_are_let_go(tab: Page, gallery: str) -> None:
    Sheet(tab)
    held: dict[int, Route] = {}
    gone: list[int] = []
    number = re.compile(r"tile-(\d+)")
    tab.route("**/tile-*.svg", lambda route: held.update({int(number.findall(route.request.url)[0]): route}))
    tab.on("requestfailed", lambda request: gone.extend(int(found) for found in number.findall(request.url)))
    tab.goto(gallery + "/viewer")
    tab.locator("drawing-viewer[data-state=ready]").wait_for()
    middle = {6, 7, 10, 11}
    _until(tab, lambda: len(held) == 4)
    assert set(held) == middle  # at most four at once, the nearest first
    corner = tab.locator('svg.sheet g[data-tile="1"]').bounding_box()
    assert corner
    tab.mouse.move(corner["x"] + 5, corner["y"] + 5)
    for _ in range(8):
        tab.mouse.wheel(0, -240)
    _until(tab, lambda: 1 in held)
    # Where the hand rested on its way, others were asked for; they are let go like the first.
    _until(tab, lambda: middle <= set(gone) and set(held) - set(gone) == {1})


def test_zoomed_in_only_what_is_near_is_drawn_and_letters_only_when_they_can_be_read(tab: Page, gallery: str) -> None:
    Sheet(tab)
    tab.goto(gallery + "/viewer")
    tab.locator("drawing-viewer[data-state=ready]").wait_for()
    expect(tab.locator("svg.sheet path.exact")).to_have_count(32)
    first, last = (tab.locator(f'svg.sheet g[data-tile="{tile}"]') for tile in (1, 16))
    letters = first.locator("text")
    expect(letters).to_be_hidden()
    corner = first.bounding_box()
    assert corner
    tab.mouse.move(corner["x"] + 5, corner["y"] + 5)
    for _ in range(8):
        tab.mouse.wheel(0, -240)
    expect(letters).to_be_visible()
    expect(last).to_be_hidden()
    tab.locator(".viewer-stage").press("Home")
    expect(last).to_be_visible()
    expect(letters).to_be_hidden()


def _until(tab: Page, condition: Callable[[], bool]) -> None:
    for _ in range(100):
        if condition():
            return
        tab.wait_for_timeout(50)
    assert condition()
