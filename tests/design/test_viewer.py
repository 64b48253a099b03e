"""The viewer in a real browser: the camera keeps what the hand holds, layers and grounds are remembered, states are told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.needs("chromium")
CAMERA = "svg => { const b = svg.viewBox.baseVal; return [b.x, b.y, b.width, b.height]; }"


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    page.locator("drawing-viewer[data-state=ready]").wait_for()
    return page


def camera(page: Page) -> list[float]:
    found: list[float] = page.locator("svg.sheet").evaluate(CAMERA)
    return found


def settled(page: Page, before: list[float]) -> list[float]:
    """The camera once it has moved and stands still."""
    page.wait_for_function(
        "([b]) => JSON.stringify((" + CAMERA + ")(document.querySelector('svg.sheet'))) !== b", arg=[_json(before)]
    )
    last = camera(page)
    while True:
        page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        now = camera(page)
        if now == last:
            return now
        last = now


def _json(values: list[float]) -> str:
    return "[" + ",".join(f"{value:g}" if value == int(value) else repr(value) for value in values) + "]"


def position(page: Page) -> tuple[float, float]:
    words = page.locator(".viewer-position").inner_text()
    x, y = re.findall(r"-?[\d,]+(?:\.\d+)?", words)[:2]
    return float(x.replace(",", "")), float(y.replace(",", ""))


def test_the_whole_sheet_is_in_view_at_first_and_after_f(tab: Page, gallery: str) -> None:
    opened(tab, gallery + "/viewer")
    x, y, width, height = first = camera(tab)
    assert x <= 0
    assert y <= 0
    assert x + width >= 4000
    assert y + height >= 2800
    tab.keyboard.press("+")
    assert settled(tab, first)[2] < width
    tab.keyboard.press("f")
    tab.wait_for_function(
        "w => Math.abs(document.querySelector('svg.sheet').viewBox.baseVal.width - w) < 0.01", arg=width
    )


def test_the_wheel_zooms_about_the_pointer(tab: Page, gallery: str) -> None:
    opened(tab, gallery + "/viewer")
    tab.mouse.move(500, 400)
    tab.wait_for_function("document.querySelector('.viewer-position').textContent.length > 3")
    before, at = camera(tab), position(tab)
    for _ in range(6):
        tab.mouse.wheel(0, -120)
    after = settled(tab, before)
    assert after[2] < before[2] / 2
    tab.mouse.move(501, 400)
    tab.mouse.move(500, 400)
    assert position(tab) == pytest.approx(at, abs=before[2] * 6 / 1440 * 2)  # within two pixels of the first view


def test_a_drag_carries_the_drawing_with_the_hand(tab: Page, gallery: str) -> None:
    opened(tab, gallery + "/viewer")
    x, y, width, _ = before = camera(tab)
    tab.mouse.move(600, 400)
    tab.mouse.down()
    tab.mouse.move(700, 450, steps=5)
    tab.mouse.up()
    after = settled(tab, before)
    unit = width / tab.locator(".viewer-stage").bounding_box()["width"]  # type: ignore[index]
    assert after[0] == pytest.approx(x - 100 * unit, abs=0.5)
    assert after[1] == pytest.approx(y - 50 * unit, abs=0.5)
    assert after[2] == pytest.approx(width)


def test_every_movement_has_a_button_and_a_key(tab: Page, gallery: str) -> None:
    opened(tab, gallery + "/viewer")
    before = camera(tab)
    tab.get_by_role("button", name="키우기").click()
    zoomed = settled(tab, before)
    assert zoomed[2] < before[2]
    tab.locator("summary.tool").click()
    tab.get_by_role("button", name="오른쪽으로 옮기기").click()
    moved = settled(tab, zoomed)
    assert moved[0] > zoomed[0]
    tab.locator(".viewer-stage").focus()
    tab.keyboard.press("ArrowLeft")
    assert settled(tab, moved)[0] < moved[0]


def test_zooming_ends_at_sane_bounds(tab: Page, gallery: str) -> None:
    opened(tab, gallery + "/viewer")
    fit = camera(tab)
    tab.mouse.move(600, 400)
    for _ in range(20):
        tab.mouse.wheel(0, -960)
    near = settled(tab, fit)
    assert 1 < near[2] < 20
    for _ in range(30):
        tab.mouse.wheel(0, 960)
    far = settled(tab, near)
    assert far[2] == pytest.approx(fit[2] * 4, rel=0.01)


def test_the_status_line_speaks_drawing_units_and_is_honest(tab: Page, gallery: str) -> None:
    opened(tab, gallery + "/viewer")
    x, y = position(tab)
    assert x == pytest.approx(12000, abs=200)
    assert y == pytest.approx(8400, abs=200)
    assert re.fullmatch(r"1:[\d.,]+", tab.locator(".viewer-scale").inner_text())
    assert "1,508개 중 3개 표시하지 못함: 3DSOLID" in tab.locator(".viewer-status").inner_text()


def test_layers_are_hidden_searched_shown_alone_and_remembered(tab: Page, gallery: str) -> None:
    opened(tab, gallery + "/viewer")
    walls, words = tab.locator("g.l-0").first, tab.locator("g.l-4").first
    tab.get_by_label("A-벽체 188", exact=False).or_(tab.locator(".layer-list input").first).first.uncheck()
    assert walls.get_attribute("display") == "none"
    opened(tab, gallery + "/viewer")
    assert walls.get_attribute("display") == "none"
    assert "7개 중 6개" in tab.locator(".layer-count").inner_text()
    tab.get_by_role("button", name="처음대로").click()
    assert walls.get_attribute("display") is None
    tab.get_by_label("레이어 찾기").fill("문자")
    assert tab.locator(".layer-list li:visible").count() == 1
    tab.locator(".layer-list li:visible").hover()
    tab.get_by_role("button", name="A-문자 레이어만 보기").click()
    assert words.get_attribute("display") is None
    assert walls.get_attribute("display") == "none"
    tab.get_by_role("button", name="모두 끔").click()
    assert words.get_attribute("display") == "none"
    assert "모두 껐습니다" in tab.locator("#said").inner_text()


def test_the_layer_panel_opens_by_its_key_and_is_remembered(tab: Page, gallery: str) -> None:
    opened(tab, gallery + "/viewer")
    assert tab.locator(".viewer-panel").is_visible()
    tab.locator(".viewer-stage").focus()
    tab.keyboard.press("l")
    assert not tab.locator(".viewer-panel").is_visible()
    opened(tab, gallery + "/viewer")
    assert not tab.locator(".viewer-panel").is_visible()


def test_grounds_change_paper_and_ink(tab: Page, gallery: str) -> None:
    opened(tab, gallery + "/viewer")
    ground = "getComputedStyle(document.querySelector('.viewer-room')).backgroundColor"
    ink = "getComputedStyle(document.querySelector('g.l-5 path')).stroke"
    paper, red = tab.evaluate(ground), tab.evaluate(ink)
    tab.get_by_role("button", name="어둡게").last.click()
    assert tab.evaluate(ground) != paper
    tab.get_by_role("button", name="흑백").click()
    assert tab.evaluate(ink) == "rgb(0, 0, 0)"
    assert red == "rgb(255, 0, 0)"


def test_a_sheet_that_does_not_come_says_so_and_one_that_was_refused_says_why(browser: Browser, gallery: str) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = opened(context.new_page(), gallery + "/viewer")
    page.get_by_role("link", name="A1 배치").click()
    page.get_by_role("heading", name="도면을 불러오지 못했습니다.").wait_for()
    assert page.get_by_role("button", name="다시 열기").is_visible()
    page.get_by_role("link", name="A3 배치").click()
    page.locator("[data-when=refused]").get_by_text("객체가 2,000,000개를 넘습니다.").wait_for()
    page.get_by_role("link", name="모형").click()
    page.locator("drawing-viewer[data-state=ready]").wait_for()
    assert page.locator("svg.sheet").count() == 1
    context.close()


def test_the_address_tells_the_sheet_but_not_where_the_viewer_is_part_of_a_page(tab: Page, gallery: str) -> None:
    opened(tab, gallery + "/viewer")
    tab.get_by_role("link", name="A3 배치").click()
    tab.locator("drawing-viewer[data-state=refused]").wait_for()
    assert tab.url == gallery + "/viewer?sheet=2"
    opened(tab, gallery + "/viewer")
    tab.locator("drawing-viewer").evaluate("viewer => viewer.toggleAttribute('data-embedded', true)")
    tab.get_by_role("link", name="A3 배치").click()
    tab.locator("drawing-viewer[data-state=refused]").wait_for()
    assert tab.url == gallery + "/viewer"


def test_two_fingers_pinch_about_their_middle(browser: Browser, gallery: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = opened(context.new_page(), gallery + "/viewer")
    before = camera(page)
    touch = context.new_cdp_session(page)
    for kind, spread in (("touchStart", 40), ("touchMove", 60), ("touchMove", 80), ("touchEnd", 0)):
        points = [{"x": 195 - spread, "y": 400, "id": 1}, {"x": 195 + spread, "y": 400, "id": 2}] if spread else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    after = settled(page, before)
    assert after[2] == pytest.approx(before[2] / 2, rel=0.05)
    assert after[0] + after[2] / 2 == pytest.approx(before[0] + before[2] / 2, rel=0.02)
    context.close()


def test_a_heavy_sheet_moves_as_a_picture_and_is_redrawn_at_the_end(tab: Page, gallery: str) -> None:
    opened(tab, gallery + "/viewer?many=20000")
    before = camera(tab)
    tab.mouse.move(600, 400)
    tab.mouse.down()
    tab.mouse.move(700, 450, steps=4)
    tab.wait_for_function("document.querySelector('svg.sheet').style.transform.includes('translate')")
    assert camera(tab) == before
    tab.mouse.up()
    assert settled(tab, before)[0] < before[0]
    assert tab.locator("svg.sheet").evaluate("svg => svg.style.transform") == ""
