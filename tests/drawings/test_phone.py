"""The drawing page on a phone: what the bar opens stands above it, a sheet is fitted above it, and the address tells the sheet."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import ezdxf
import pytest
from playwright.sync_api import expect

from portal.drawings.models import Revision
from tests.drawings.conftest import standing
from tests.drawings.world import World
from tests.serving import answering

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with standing(tmp_path_factory.mktemp("phone")) as made:
        yield made


@pytest.fixture(scope="module")
def drawing(world: World) -> Revision:
    """A tall drawing whose two layers are stored off, and a layout on a third that is on."""
    document = ezdxf.new("R2010", units=4)
    for name in ("벽체", "문자"):
        document.layers.add(name).off()
        document.modelspace().add_line((0, 0), (300, 1000), dxfattribs={"layer": name})
    document.layers.add("도곽")
    frame = [(0, 0), (300, 0), (300, 1000), (0, 1000)]
    document.layout("Layout1").add_lwpolyline(frame, close=True, dxfattribs={"layer": "도곽"})
    stream = io.StringIO()
    document.write(stream)
    return world.drawn("alice", "A-201 기준층.dxf", stream.getvalue().encode())


@pytest.fixture(scope="module")
def served(world: World) -> Iterator[str]:
    with answering(world.app) as address:
        yield address


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, extra_http_headers={"X-As": "alice"}
    )
    yield context.new_page()
    context.close()


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    page.locator("drawing-viewer[data-state=ready]").wait_for()
    return page


def test_what_the_bar_opens_stands_above_it_and_can_be_pressed(phone: Page, served: str, drawing: Revision) -> None:
    opened(phone, f"{served}/drawings/{drawing.drawing_id}")
    bar = phone.locator(".viewer-bar").bounding_box()
    assert bar
    for opener in phone.locator(".viewer-bar summary").all():
        opener.click()
        opened_now = phone.locator(".viewer-bar details[open] > :is(.pad, .menu-list)")
        box = opened_now.bounding_box()
        assert box
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= bar["y"]
        opener.click()  # not covered by what it opened
        expect(opened_now).to_have_count(0)
    phone.locator(".viewer-pan summary").click()
    for way in ("위로", "왼쪽으로", "오른쪽으로", "아래로"):
        phone.get_by_role("button", name=f"{way} 옮기기").click()


def test_a_sheet_is_fitted_above_the_bar(phone: Page, served: str, drawing: Revision) -> None:
    opened(phone, f"{served}/drawings/{drawing.drawing_id}?sheet=1")
    bar = phone.locator(".viewer-bar").bounding_box()
    drawn = phone.locator("svg.sheet g.l path").bounding_box()
    assert bar
    assert drawn
    assert drawn["y"] + drawn["height"] <= bar["y"]
    assert drawn["height"] > bar["y"] / 2


def test_menus_keep_their_arrows_and_a_badge_its_size(phone: Page, served: str, drawing: Revision) -> None:
    opened(phone, f"{served}/drawings/{drawing.drawing_id}")
    expect(phone.locator(".revision-menu > summary .icon").last).to_be_visible()
    phone.locator('summary[title="더보기"]').click()
    badge, room = phone.locator(".menu-who .badge").bounding_box(), phone.locator(".menu-who").last.bounding_box()
    assert badge
    assert room
    assert badge["width"] < room["width"] / 2


def test_a_sheet_that_was_chosen_is_there_again_after_a_reload(phone: Page, served: str, drawing: Revision) -> None:
    opened(phone, f"{served}/drawings/{drawing.drawing_id}?revision={drawing.id}")
    phone.get_by_role("link", name="Layout1").click()
    phone.locator('a[data-sheet="1"][aria-current]').wait_for()
    assert phone.url.endswith(f"?revision={drawing.id}&sheet=1")
    phone.reload()
    expect(phone.get_by_role("link", name="Layout1")).to_have_attribute("aria-current", "true")


def test_a_sheet_that_looks_empty_says_that_its_layers_are_off(phone: Page, served: str, drawing: Revision) -> None:
    opened(phone, f"{served}/drawings/{drawing.drawing_id}")
    note, line = phone.locator(".viewer-note"), phone.locator(".layer-off")
    expect(note).to_have_text("꺼진 채 저장된 레이어 2개")
    phone.locator(".viewer-bar [data-act=layers]").click()
    expect(line).to_have_text("꺼진 채 저장된 레이어 2개")
    phone.locator(".layer-list input").first.check()
    expect(line).to_have_text("꺼진 채 저장된 레이어 1개")
    expect(note).to_have_text("")
    phone.get_by_role("button", name="모두 켬").click()
    expect(line).to_be_hidden()


def test_nobody_is_asked_to_drag_with_a_finger(world: World, phone: Page, tab: Page, served: str) -> None:
    phone.set_extra_http_headers({"X-As": "charlie"})  # whose company has no drawings
    tab.set_extra_http_headers({"X-As": "charlie"})
    for page, shown in ((phone, False), (tab, True)):
        page.goto(f"{served}/drawings")
        expect(page.get_by_text("끌어다 놓으시면 됩니다")).to_be_visible(visible=shown)
        expect(page.get_by_text("잠시 뒤 그림이 나타납니다")).to_be_visible()
