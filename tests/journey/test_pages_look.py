"""Every page, light and dark, wide and narrow: no WCAG 2.2 AA violation, nothing wider than the screen, no complaint.

In the dark each page is judged by `make soak`, and colours and sizes of full ones; what pages are made of is judged so
every time, by tests/design/test_gallery.py.
"""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import pyotp
import pytest

from tests.design.axe import CONTENT, NARROW_AND_DARK, PAINTED, RULES, judging, violations
from tests.engines import wait_for
from tests.journey.conftest import Portal
from tests.journey.served import Living

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Browser, Page

#: A finger's width, in CSS pixels.
TOUCH = 44
#: What the sample company has nothing in, or what only a portal with processes shows; the same with rows in it is in RICH.
PAGES = {
    "": ("/", "/prices/estimate?people=12&gb=300&views=9000", "/apply", "/sign-in", "/password/forgot", "/terms", "/privacy", "/nowhere"),
    "alice@hanbit.example": (
        "/drawings", "/drawings?view=list", "/drawings/bin", "/drawings/folders", "/drawings/1", "/drawings/1/revisions", "/drawings/1/edit",
        "/members", "/company", "/company/log", "/companies", "/me", "/me/devices", "/me/logins", "/me/password", "/me/email", "/me/second-factor",
        "/requests/new", "/plans", "/plans/team", "/billing-details", "/usage/estimate",
    ),
    "admin@planroom.example": (
        "/staff", "/staff/health", "/staff/tenants/1", "/staff/people", "/staff/visits", "/staff/quality/rules",
        "/staff/quality/releases", "/staff/quality/requests", "/staff/assistant", "/staff/billing/plans?plan=team",
        "/staff/billing/companies/1",
    ),
    "rita@planroom.example": ("/staff/applications", "/staff/applications/1", "/staff/applications/2"),
}  # fmt: skip

#: The same with rows in them: what a company that pays, one that is late, one that leaves, and the staff see.
RICH = {
    "alice": (
        "/search", "/search?q=1", "/usage", "/seats", "/keys", "/payment-methods", "/requests", "/requests/1", "/data", "/plans/starter",
        "/invoices", "/invoices/{paid}", "/statements/{statement}", "/tax-invoices", "/tax-invoices/{paper}",
        "/invoices/{paid}/tax-invoice",
    ),
    "late": ("/invoices", "/invoices/{overdue}", "/invoices/{overdue}/pay"),
    "long": ("/invoices/{void}", "/tax-invoices", "/company"),
    "looking": ("/data", "/plans"),
    "trial": ("/keys", "/seats", "/tax-invoices", "/payment-methods"),
    "bill": (
        "/staff/billing/close?month=2026-10", "/staff/billing/invoices", "/staff/billing/invoices/{void}",
        "/staff/billing/invoices/{overdue}", "/staff/payments", "/staff/payments/charges/{refunded}",
        "/staff/payments/charges/{declined}", "/staff/payments/transfers", "/staff/payments/transfers/{doubtful}",
        "/staff/payments/transfers/{matched}", "/staff/tax-invoices", "/staff/tax-invoices/{amended}",
    ),
    "admin": (
        "/staff/search?q=건설", "/staff/retention", "/staff/retention/{due}", "/staff/retention/{sealed}", "/staff/retention/{destroyed}",
        "/staff/meters", "/staff/keys", "/staff/tenants", "/staff/tenants/1/usage", "/staff/access-log", "/staff/access-log?month=2026-10", "/staff/rights",
        "/staff/quality", "/staff/quality/items/1", "/staff/quality/requests/1", "/staff/quality/releases", "/staff/work",
    ),
}  # fmt: skip


def signed_in(page: Page, portal: Portal, who: str) -> None:
    if not who:
        return
    account = portal.sign_ins[who]

    def tried() -> bool:
        page.goto(f"{portal.url}/sign-in")
        page.fill("[name=email]", who)
        page.fill("[name=password]", account["password"])
        page.locator("main button[type=submit]").click()
        if page.locator("[name=code]").count():
            page.fill("[name=code]", pyotp.TOTP(account["secret"]).now())
            page.locator("main button[type=submit]").click()
        return "/sign-in" not in page.url

    wait_for(tried, f"{who} is signed in (a code is taken once, the next one comes within 30 s)", seconds=240)


@pytest.fixture(params=["by day", pytest.param("by night", marks=pytest.mark.slow)])
def at_night(request: pytest.FixtureRequest) -> bool:
    """Whether pages are judged narrow and in the dark, too."""
    night: bool = request.param == "by night"
    return night


@pytest.mark.needs("chromium")
@pytest.mark.parametrize("who", PAGES, ids=lambda who: who.partition("@")[0] or "visitor")
def test_every_page_is_readable_by_everybody(portal: Portal, browser: Browser, who: str, at_night: bool) -> None:
    context = judging(browser, locale="ko-KR", reduced_motion="reduce")
    page = context.new_page()
    wrong: list[str] = []
    said: list[str] = []
    page.on("console", lambda line: said.append(f"{page.url}: {line.text}") if line.type == "error" else None)
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
    signed_in(page, portal, who)
    for path in PAGES[who]:
        page.set_viewport_size({"width": 1440, "height": 900})
        page.emulate_media(color_scheme="light")
        page.goto(portal.url + path)
        framed = path == PAGES[who][0] or not who
        wrong += [f"{path}: {each}" for each in _looks(page, night=at_night, framed=framed)]
    context.close()
    assert wrong == []
    assert [line for line in said if "404" not in line] == []


@pytest.mark.needs("chromium")
def test_every_page_is_as_readable_when_it_is_full(living: Living, browser: Browser, at_night: bool) -> None:
    context = judging(browser, locale="ko-KR", reduced_motion="reduce")
    page = context.new_page()
    wrong: list[str] = []
    said: list[str] = []
    page.on("console", lambda line: said.append(f"{page.url}: {line.text}") if line.type == "error" else None)
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
    for who, paths in RICH.items():
        context.set_extra_http_headers({"X-As": who})
        for path in paths:
            address = path.format(**living.ids)
            page.set_viewport_size({"width": 1440, "height": 900})
            page.emulate_media(color_scheme="light")
            answer = page.goto(living.url + address, wait_until="load")
            if answer is None or answer.status != HTTPStatus.OK:
                wrong.append(f"{who} {address}: {answer.status if answer else 'no answer'}")
                continue
            looks = _looks(page, night=at_night, framed=path == paths[0], but=() if at_night else PAINTED)
            wrong += [f"{who} {address}: {each}" for each in looks]
    context.close()
    assert not wrong, "\n".join(wrong)
    assert not said, "\n".join(said)


def _looks(page: Page, *, night: bool, framed: bool, but: Sequence[str] = ()) -> list[str]:
    """One page wide in daylight and, at `night`, narrow in the dark, without asking for it twice.

    The frame around it is judged when `framed`: once for each person, who has the same on every page. The rules `but` are
    left out by day.
    """
    page.add_style_tag(content="*, *::before, *::after { transition: none !important; }")  # colours are there at once
    part = "html" if framed else CONTENT
    wrong = [f"light: {each}" for each in violations(page, within=part, but=but)] + _menus(page, "light", RULES, "tag")
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        if (shown := page.evaluate("document.documentElement.scrollWidth")) > width:
            wrong.append(f"{shown} px wide at {width}")
        cut = page.evaluate(
            "[...document.querySelectorAll('.table-frame')].filter(one => one.scrollWidth > one.clientWidth + 1)"
            ".map(one => one.ariaLabel)"
        )
        wrong += [f"the table '{name}' is cut at {width}" for name in cut]
    if not night:
        return wrong
    page.emulate_media(color_scheme="dark")
    wrong += [f"dark: {each}" for each in violations(page, NARROW_AND_DARK, "rule", part)]
    return wrong + _menus(page, "dark", NARROW_AND_DARK, "rule")


def _menus(page: Page, light: str, values: Sequence[str], kind: str) -> list[str]:
    """The menus of a viewer's bar, opened one after the other: closed, they are not judged."""
    wrong: list[str] = []
    menus = page.locator(".viewer-bar > details")
    for at in range(menus.count()):
        menu = menus.nth(at)
        menu.evaluate("menu => { menu.open = true; menu.id ||= 'judged'; }")
        name, part = menu.locator("summary").get_attribute("title"), menu.get_attribute("id")
        wrong += [f"{light}, {name}: {each}" for each in violations(page, values, kind, f"#{part}")]
        box = menu.locator(".menu-list").bounding_box()
        wide = page.evaluate("innerWidth")
        if box is None or box["x"] < 0 or box["x"] + box["width"] > wide:
            wrong.append(f"{light}, {name}: its list is not on the screen at {wide}")
        menu.evaluate("menu => { menu.open = false; if (menu.id === 'judged') menu.removeAttribute('id'); }")
    return wrong


@pytest.mark.needs("chromium")
def test_what_a_newcomer_stumbled_over_is_mended(living: Living, browser: Browser, drawings: list[Path]) -> None:
    context = browser.new_context(
        locale="ko-KR", bypass_csp=True, reduced_motion="reduce", extra_http_headers={"X-As": "admin"}
    )
    page = context.new_page()

    page.goto(f"{living.url}/staff/applications")
    for _ in range(2):  # into the first application, and on to the next: the focus goes along
        page.keyboard.press("j")
        page.wait_for_function("document.activeElement.id === 'chosen-name'")

    context.set_extra_http_headers({"X-As": "trial"})
    page.goto(f"{living.url}/drawings")
    assert page.locator(".once-filled:visible").count() == 0
    assert page.locator("upload-box button[type=submit]").is_hidden(), "what is chosen is on its way at once"
    page.set_input_files("#upload-input", drawings[0])
    page.locator(".drawing-card").wait_for()
    assert page.locator(".once-filled:visible").count() == 2

    context.set_extra_http_headers({"X-As": "alice"})
    page.goto(f"{living.url}/drawings/1/revisions")
    page.locator("form:has(file-input) button[type=submit]").click()
    assert "보낼 파일이 없습니다" in page.locator("file-input output").inner_text()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{living.url}/drawings/1")
    page.locator(".viewer-bar .tools .tool").first.wait_for()
    sizes = page.evaluate(
        "[...document.querySelectorAll('.viewer-bar .tool')].filter(one => one.checkVisibility())"
        ".map(one => one.getBoundingClientRect()).map(box => [box.width, box.height, box.left, box.right])"
    )
    assert len(sizes) >= 8
    assert [box for box in sizes if min(box[:2]) < TOUCH or box[2] < 0 or box[3] > 390] == []

    page.emulate_media(media="print")
    for path in ("/members", "/drawings"):
        page.goto(living.url + path)
        assert page.locator("main :is(button, .form, input, .chips):visible").count() == 0, path
    context.close()
