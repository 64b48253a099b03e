"""A large drawing's tiles: kept beside its sheet, shown to whoever may look at it, brought by the viewer, and gone with it."""

from __future__ import annotations

import gzip
import hashlib
import html
import io
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from portal.core import packing
from portal.core.blobs import blobs
from portal.drawings.models import Revision
from portal.rendering import glance
from portal.tenants import service as tenants
from tests.drawings.conftest import standing
from tests.drawings.world import World
from tests.rendering.dxf_text import drawing, layer, line
from tests.serving import answering

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

ACROSS = 122
#: The grid of a coarse picture, which the viewer replaces: two SVG units to a step.
COARSE = 'g[transform="scale(2)"]'


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world for this file: drawing the large drawing is what costs."""
    with standing(tmp_path_factory.mktemp("tiles")) as made:
        yield made


@pytest.fixture(scope="module")
def large(world: World) -> Revision:
    """A field of 14,884 short lines on two layers whose names sort the other way than they are numbered."""
    lines = (
        line(x * 10, y * 10, x * 10 + 4, y * 10 + 3, "다" if (x + y) % 2 else "가")
        for x in range(ACROSS)
        for y in range(ACROSS)
    )
    content = drawing(*lines, layers=layer("다", 1) + layer("가", 3))
    return world.drawn("alice", "대지.dxf", content.encode())


def sheets_of(world: World, revision: Revision) -> list[dict[str, Any]]:
    page = world.get("alice", f"/drawings/{revision.drawing_id}").text
    found = re.search(r"data-sheets='([^']*)'", page)
    assert found
    sheets: list[dict[str, Any]] = json.loads(html.unescape(found[1]))
    return sheets


def test_tiles_are_told_to_the_viewer_and_hold_what_the_sheet_leaves_out(world: World, large: Revision) -> None:
    (sheet,) = sheets_of(world, large)
    assert len(sheet["tiles"]) == 4
    base = world.get("alice", sheet["url"]).text
    drawn = [world.get("alice", tile["url"]).text for tile in sheet["tiles"]]
    for tile, text in zip(sheet["tiles"], drawn, strict=True):
        assert f'<g data-tile="{tile["number"]}">' in text
        assert f'<g data-tile="{tile["number"]}">' in base
        assert tile["box"][0] < tile["box"][2]
    assert sum(len(text) for text in drawn) > 0
    assert "<script" not in base + "".join(drawn)


def test_a_tile_is_shown_like_its_sheet_and_to_nobody_else(world: World, large: Revision) -> None:
    address = sheets_of(world, large)[0]["tiles"][0]["url"]
    shown = world.get("vera", address, **{"Accept-Encoding": "gzip"})
    assert (shown.status_code, shown.headers["Content-Encoding"]) == (200, "gzip")
    assert shown.headers["Content-Security-Policy"].startswith("sandbox")
    assert world.get("vera", address, **{"If-None-Match": shown.headers["ETag"]}).status_code == 304
    assert world.get("charlie", address).status_code == 404
    assert world.get("bill", address).status_code in {403, 404}
    assert world.get("vera", address.replace("/tiles/1", "/tiles/99")).status_code == 404


@pytest.mark.parametrize(
    ("header", "coding"),
    [("gzip, br", "br"), ("gzip", "gzip"), ("br;q=0, *", "gzip"), ("identity", ""), ("br;q=0", "")],
)
def test_a_picture_comes_in_the_coding_its_caller_takes_and_is_the_same_picture(
    world: World, large: Revision, header: str, coding: str
) -> None:
    sheet = sheets_of(world, large)[0]
    for address in (sheet["url"], sheet["tiles"][0]["url"]):
        answer = world.get("alice", address, **{"Accept-Encoding": header})
        plain = world.get("alice", address, **{"Accept-Encoding": "identity"})
        assert answer.headers.get("Content-Encoding", "") == coding
        assert b"".join(packing.unpacked([answer.data], answer.headers.get("Content-Encoding", ""))) == plain.data
        assert "Accept-Encoding" in answer.vary
        assert answer.headers["ETag"] == plain.headers["ETag"]
        assert answer.headers["ETag"].strip('W/"') == hashlib.sha256(plain.data).hexdigest()


def test_a_picture_that_an_older_renderer_kept_as_gzip_is_still_shown(world: World, large: Revision) -> None:
    sheet = sheets_of(world, large)[0]
    plain = world.get("alice", sheet["url"], **{"Accept-Encoding": "identity"}).data
    company = tenants.key_of(world.people["alice"].tenant_id)
    key = next(key for key in blobs().keys(company) if key.endswith("/1.svg.br"))
    with blobs().open(key) as kept:
        packed = kept.read()
    blobs().put_named(key.removesuffix("br") + "gz", io.BytesIO(gzip.compress(plain)), "image/svg+xml")
    blobs().delete(key)
    try:
        shown = world.get("alice", sheet["url"], **{"Accept-Encoding": "gzip, br"})
        assert (shown.headers["Content-Encoding"], gzip.decompress(shown.data)) == ("gzip", plain)
        assert world.get("alice", sheet["url"], **{"Accept-Encoding": "br"}).data == plain
    finally:
        blobs().put_named(key, io.BytesIO(packed), "image/svg+xml")


def test_the_layers_of_the_list_are_the_layers_of_the_picture(world: World, large: Revision) -> None:
    (sheet,) = sheets_of(world, large)
    text = world.get("alice", sheet["tiles"][0]["url"]).text
    colours = dict(re.findall(r'data-layer="(\d+)"[^>]*><g [^>]*><path class="(k-\d+)"', text))
    assert {shown["name"]: colours[str(shown["index"])] for shown in sheet["layers"]} == {"가": "k-3", "다": "k-1"}


def test_the_page_of_a_large_sheet_holds_its_first_picture_and_that_of_a_small_one_none(
    world: World, large: Revision
) -> None:
    shown = world.get("alice", f"/drawings/{large.drawing_id}").text
    (first,) = re.findall(r'<svg [^>]*class="ahead".*?</svg>', shown)
    assert set(re.findall(r"</?([A-Za-z]+)", first)) == {"svg", "g", "path"}
    lines = "".join(re.findall(r' d="([^"]*)"', first))
    assert len(re.findall("[Mm]", lines)) == glance.MOST
    small = world.drawn("alice", "작은.dxf", drawing(line(0, 0, 10, 10)).encode())
    assert "ahead" not in world.get("alice", f"/drawings/{small.drawing_id}").text


@pytest.mark.parametrize(
    "spoilt",
    [
        '<svg class="ahead"><script href="/x.js"/></svg>',
        '<svg class="ahead" onload="x()"></svg>',
        "<svg></svg><form>",
        '<svg><image id="x"/></svg>',
        "다른 것",
    ],
)
def test_a_page_takes_nothing_but_shapes_from_the_store(world: World, large: Revision, spoilt: str) -> None:
    company = tenants.key_of(world.people["alice"].tenant_id)
    key = next(key for key in blobs().keys(company) if key.endswith("-first.svg.br"))
    with blobs().open(key) as kept:
        before = kept.read()
    blobs().put_named(key, io.BytesIO(b"".join(packing.packed([spoilt.encode()], "br"))), "image/svg+xml")
    try:
        shown = world.get("alice", f"/drawings/{large.drawing_id}").text
        assert spoilt not in shown
        assert "sheet_ahead" not in shown
    finally:
        blobs().put_named(key, io.BytesIO(before), "image/svg+xml")


@pytest.fixture
def served(world: World) -> Iterator[str]:
    """The address where the world answers."""
    with answering(world.app) as address:
        yield address


@pytest.mark.needs("chromium")
def test_letters_come_after_the_first_drawing_and_on_a_later_visit_after_the_first_frame(
    tab: Page, served: str, large: Revision
) -> None:
    """The page of a drawing asks for no letters before there is something to see."""
    come = tab.locator("html:not(.letters-later)")
    tab.set_extra_http_headers({"X-As": "alice"})
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    tab.route("**/sheets/*.svg", hold)
    with tab.expect_request("**/sheets/*.svg"):
        tab.goto(f"{served}/drawings/{large.drawing_id}", wait_until="domcontentloaded")
    assert come.count() == 0, "no drawing is there yet"
    held.pop(0).continue_()
    tab.locator("drawing-viewer[data-state=ready]").wait_for()
    come.wait_for()
    tab.reload(wait_until="domcontentloaded")
    come.wait_for(timeout=2500)  # the patience of a page without a drawing is longer


@pytest.mark.needs("chromium")
def test_the_viewer_brings_the_tiles_one_looks_at_once_and_without_the_hidden_layers(
    tab: Page, served: str, large: Revision
) -> None:
    asked: list[int] = []
    tab.on("request", lambda request: asked.extend(int(found) for found in re.findall(r"/tiles/(\d+)", request.url)))
    tab.set_extra_http_headers({"X-As": "alice"})
    # A browser that always has something to do: the tiles of the whole sheet would come only when it is idle.
    tab.add_init_script("window.requestIdleCallback = () => 1; window.cancelIdleCallback = () => {};")
    tab.goto(f"{served}/drawings/{large.drawing_id}")
    tab.locator("drawing-viewer[data-state=ready]").wait_for()
    expect(tab.locator("svg.sheet g[data-tile]")).to_have_count(4)
    tab.locator(".layer-list label", has_text="가").locator("input").uncheck()
    assert asked == []

    whole = tab.locator("svg.sheet").get_attribute("viewBox")
    corner = tab.locator('svg.sheet g[data-tile="1"]').bounding_box()
    assert corner
    tab.mouse.move(corner["x"] + 20, corner["y"] + 20)
    for _ in range(8):
        tab.mouse.wheel(0, -240)
    expect(tab.locator(f'svg.sheet g[data-tile="1"] {COARSE}')).to_have_count(0)
    # A neighbour may have been near enough where the hand rested a moment; what is across the sheet was not.
    assert 1 in asked
    assert 4 not in asked
    assert tab.locator(f"svg.sheet {COARSE}").count() >= 2  # the layers of a tile that nobody asked for
    assert _layers_seen(tab) == {"0": True, "1": False}

    for key in ("Home", "PageUp", "Home", *["PageUp"] * 2, *["Shift+ArrowRight"] * 4, *["Shift+ArrowDown"] * 4, "Home"):
        tab.locator(".viewer-stage").press(key)
        tab.wait_for_timeout(150)  # as long as a hand needs for the next key
    for x, y in ((0, 0), (1, 0), (0, 1), (1, 1)):
        _look_at(tab, x, y, whole)
    expect(tab.locator(f"svg.sheet {COARSE}")).to_have_count(0)
    assert sorted(asked) == [1, 2, 3, 4]
    assert _layers_seen(tab) == {"0": True, "1": False}
    tab.locator(".layer-list label", has_text="가").locator("input").check()
    assert _layers_seen(tab) == {"0": True, "1": True}


@pytest.mark.needs("chromium")
def test_the_first_picture_is_where_and_as_the_sheet_will_be(tab: Page, served: str, large: Revision) -> None:
    """The viewer itself does not come: what is seen is what the page brought."""
    address, ahead = f"{served}/drawings/{large.drawing_id}", tab.locator("svg.ahead")
    inside = 'svg g.l[data-layer="1"] path'
    tab.set_extra_http_headers({"X-As": "alice"})
    tab.goto(address)
    tab.locator("drawing-viewer[data-state=ready]").wait_for()
    expect(ahead).to_have_count(0)
    sheet = tab.locator("svg.sheet").evaluate("svg => svg.getScreenCTM().e")
    tab.locator("[data-act=ground][data-ground=dark]").click()

    tab.route("**/viewer.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    tab.goto(address)
    expect(ahead).to_be_visible()
    assert ahead.evaluate("svg => svg.getScreenCTM().e") == pytest.approx(sheet, abs=1)
    assert tab.locator("drawing-viewer").get_attribute("data-ground") == "dark"
    assert tab.locator(inside).first.evaluate("path => getComputedStyle(path).stroke") == "rgb(0, 255, 0)"

    tab.unroute("**/viewer.js")
    tab.goto(address)
    tab.locator("drawing-viewer[data-state=ready]").wait_for()
    tab.locator(".layer-list label", has_text="가").locator("input").uncheck()
    tab.route("**/viewer.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    tab.goto(address)
    expect(ahead).to_have_count(0)


def _look_at(tab: Page, x: int, y: int, whole: str | None) -> None:
    """From the `whole` sheet zoom into a corner, and stay there until its tile has come."""
    tab.locator(".viewer-stage").press("Home")
    tab.wait_for_function(
        "whole => { const svg = document.querySelector('svg.sheet');"
        " return !svg.style.transform && svg.getAttribute('viewBox') === whole; }",
        arg=whole,
    )
    tile = tab.locator(f'svg.sheet g[data-tile="{2 * y + x + 1}"]')
    box = tile.bounding_box()
    assert box
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for _ in range(8):
        tab.mouse.wheel(0, -240)
    expect(tile.locator(COARSE)).to_have_count(0)


def _layers_seen(tab: Page) -> dict[str, bool]:
    """Layer number -> whether its groups are rendered; all groups of a layer are alike."""
    groups: list[tuple[str, bool]] = tab.locator("svg.sheet g.l").evaluate_all(
        "groups => groups.map(one => [one.dataset.layer, getComputedStyle(one).display !== 'none'])"
    )
    seen = dict(groups)
    assert all(seen[number] == shown for number, shown in groups)
    return seen


def test_tiles_are_counted_kept_and_let_go_with_the_company(world: World, large: Revision) -> None:
    """Backup and destruction go by the company's keys, so a tile is one of them. The last test of this file."""
    company = tenants.key_of(world.people["alice"].tenant_id)
    tiles = [key for key in blobs().keys(company) if "-tile-" in key]
    assert len(tiles) == 4
    assert all(blobs().size(key) > 0 for key in tiles)
    blobs().delete_company(company)
    assert list(blobs().keys(company)) == []
    address = f"/drawings/revisions/{large.id}/sheets/1/tiles/1.svg"
    assert world.get("alice", address).status_code == 404
