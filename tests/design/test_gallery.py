"""The parts in a real browser: accessible, whole at every width, usable by keyboard alone and without JavaScript."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from tests.design.axe import judging, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOMS = ["/", "/?long=1&read-only=1", "/staff", "/public", "/viewer", "/error"]


def opened(page: Page, address: str) -> None:
    """Open a room that is whole: its letters are there, and its drawing, if it shows one."""
    page.goto(address)
    page.evaluate("document.fonts.ready.then(() => true)")
    if page.locator("drawing-viewer").count():
        page.locator("drawing-viewer[data-state=ready]").wait_for()


@pytest.mark.needs("chromium")
@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_accessible_and_whole(
    browser: Browser, gallery: str, room: str, width: int, theme: Literal["light", "dark"]
) -> None:
    context = judging(browser, viewport={"width": width, "height": 900}, color_scheme=theme)
    page = context.new_page()
    opened(page, gallery + room)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    context.close()


@pytest.mark.needs("chromium")
def test_axe_sees_a_picture_without_words(browser: Browser, gallery: str) -> None:
    context = judging(browser)
    page = context.new_page()
    opened(page, gallery + "/public")
    page.evaluate("document.querySelector('main').append(new Image())")
    assert any(line.startswith("image-alt") for line in violations(page))
    context.close()


@pytest.mark.needs("chromium")
@pytest.mark.parametrize("room", ROOMS[:5])
def test_a_room_breaks_no_rule_of_its_own_policy(tab: Page, gallery: str, room: str) -> None:
    opened(tab, gallery + room)
    assert tab.evaluate("document.fonts.check('600 15px Pretendard', '도면')")


@pytest.mark.needs("chromium")
def test_the_theme_switch_is_kept_on_the_next_page(tab: Page, gallery: str) -> None:
    tab.goto(gallery + "/public")
    paper = "getComputedStyle(document.querySelector('.public')).backgroundColor"
    light = tab.evaluate(paper)
    tab.get_by_role("button", name="어둡게").click()
    assert tab.evaluate(paper) != light
    tab.reload()
    assert tab.get_by_role("button", name="어둡게").get_attribute("aria-pressed") == "true"
    assert tab.evaluate(paper) != light


@pytest.mark.needs("chromium")
def test_the_question_mark_lists_the_keys_and_typing_does_not(tab: Page, gallery: str) -> None:
    opened(tab, gallery + "/?quiet=1")
    tab.keyboard.press("/")
    assert tab.evaluate("document.activeElement.id") == "top-search"
    tab.keyboard.type("?u")
    assert tab.locator("#top-search").input_value() == "?u"
    assert not tab.locator("#keys").is_visible()
    tab.locator("h1").focus()
    tab.keyboard.press("?")
    assert tab.locator("#keys").is_visible()
    assert "도면 올리기" in tab.locator("#keys").inner_text()
    tab.keyboard.press("Escape")
    assert not tab.locator("#keys").is_visible()


@pytest.mark.needs("chromium")
def test_the_arrows_walk_the_rows_and_enter_opens_one(tab: Page, gallery: str) -> None:
    opened(tab, gallery + "/?quiet=1")
    tab.locator("#invoices tbody tr").first.focus()
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowUp")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/?row=2")


@pytest.mark.needs("chromium")
def test_a_refused_form_focuses_its_first_wrong_field(tab: Page, gallery: str) -> None:
    opened(tab, gallery + "/public")
    assert tab.evaluate("document.activeElement.id") == "company"
    tab.get_by_role("link", name="이메일", exact=True).click()
    assert tab.evaluate("document.activeElement.id") == "email"


@pytest.mark.needs("chromium")
def test_numbers_take_their_form_as_typed_and_the_caret_stays(tab: Page, gallery: str) -> None:
    opened(tab, gallery + "/?quiet=1")
    number = tab.locator("#number")
    number.press_sequentially("1248100000")
    assert number.input_value() == "124-81-00000"
    tab.locator("#phone").press_sequentially("0212345678")
    assert tab.locator("#phone").input_value() == "02-1234-5678"
    number.fill("1248")
    number.press("Home")
    number.press_sequentially("9")
    assert number.input_value() == "912-48"
    assert number.evaluate("field => field.selectionStart") == 1


@pytest.mark.needs("chromium")
def test_files_go_up_one_by_one_and_a_refused_one_can_be_tried_again(tab: Page, gallery: str) -> None:
    opened(tab, gallery + "/?quiet=1")
    files = [{"name": name, "mimeType": "application/dxf", "buffer": b"0\nEOF\n"} for name in ("a.dxf", "refuse.dxf")]
    tab.set_input_files("#upload-input", files)  # type: ignore[arg-type]
    tab.locator(".upload-list .done").wait_for()
    failed = tab.locator(".upload-list .failed")
    failed.wait_for()
    assert "이 파일은 열 수 없습니다." in failed.inner_text()
    assert failed.get_by_role("button", name="refuse.dxf 다시").is_visible()
    assert "2개 중 1개" in tab.locator(".upload-sum").inner_text()


@pytest.mark.needs("chromium")
def test_a_notice_offers_to_undo(tab: Page, gallery: str) -> None:
    opened(tab, gallery + "/")
    notice = tab.locator("[data-notice]")
    assert notice.get_by_role("button", name="되돌리기").is_visible()
    notice.get_by_role("button", name="알림 닫기").click()
    assert notice.count() == 0


@pytest.mark.needs("chromium")
def test_the_phone_has_a_dock_of_five_that_opens_the_rest(browser: Browser, gallery: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    opened(page, gallery + "/?quiet=1")
    dock = page.locator(".dock")
    assert dock.locator("> *").count() == 5
    assert not page.locator(".rail").is_visible()
    dock.get_by_text("더보기").click()
    assert dock.get_by_role("link", name="설정").is_visible()
    page.keyboard.press("Escape")
    assert not dock.get_by_role("link", name="설정").is_visible()
    context.close()


@pytest.mark.needs("chromium")
def test_without_javascript_dialogs_menus_and_the_first_sheet_still_work(browser: Browser, gallery: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(gallery + "/?quiet=1")
    page.get_by_role("button", name="파기 묻기").click()
    assert page.locator("#ask").is_visible()
    page.goto(gallery + "/viewer")
    assert page.locator("img.viewer-still").is_visible()
    assert page.locator(".viewer-sheets a").count() == 3
    assert not page.locator("[data-act=fit]").is_visible()
    context.close()
