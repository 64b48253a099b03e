"""A large drawing's tiles: kept beside its sheet, shown to whoever may look at it, and gone with it."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest

from portal.core.blobs import blobs
from portal.drawings.models import Revision
from portal.tenants import service as tenants
from tests.drawings.world import World
from tests.rendering.dxf_text import drawing, layer, line

ACROSS = 120


@pytest.fixture
def large(world: World) -> Revision:
    """A field of 14,400 short lines on two layers whose names sort the other way than they are numbered."""
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


def test_the_layers_of_the_list_are_the_layers_of_the_picture(world: World, large: Revision) -> None:
    (sheet,) = sheets_of(world, large)
    text = world.get("alice", sheet["tiles"][0]["url"]).text
    colours = dict(re.findall(r'data-layer="(\d+)"[^>]*><g [^>]*><path class="(k-\d+)"', text))
    assert {shown["name"]: colours[str(shown["index"])] for shown in sheet["layers"]} == {"가": "k-3", "다": "k-1"}


def test_tiles_go_with_the_company(world: World, large: Revision) -> None:
    company = tenants.key_of(world.people["alice"].tenant_id)
    assert sum("-tile-" in key for key in blobs().keys(company)) == 4
    blobs().delete_company(company)
    assert list(blobs().keys(company)) == []
