"""Every page, light and dark, wide and narrow: no WCAG 2.2 AA violation, nothing wider than the screen, no complaint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyotp
import pytest

from tests.engines import wait_for
from tests.journey.conftest import Portal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

AXE = Path(__file__).resolve().parents[1] / "design" / "vendor" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
#: Both themes and both widths; the fourth pair would show nothing that these three do not.
LOOKS = (("light", 1440), ("dark", 1440), ("dark", 390))
PAGES = {
    "": ("/", "/prices/estimate?people=12&gb=300&views=9000", "/apply", "/sign-in", "/password/forgot", "/terms", "/privacy", "/nowhere"),
    "alice@hanbit.example": (
        "/drawings", "/drawings?view=list", "/drawings/bin", "/drawings/folders", "/drawings/1", "/drawings/1/revisions", "/drawings/1/edit",
        "/members", "/company", "/companies", "/me", "/me/devices", "/me/logins", "/me/password", "/me/email", "/me/second-factor",
        "/requests", "/requests/new", "/plans", "/plans/team", "/invoices", "/billing-details", "/usage/estimate",
    ),
    "admin@planroom.example": (
        "/staff", "/staff/work", "/staff/tenants", "/staff/tenants/1", "/staff/people", "/staff/visits",
        "/staff/quality", "/staff/quality/rules", "/staff/quality/releases", "/staff/quality/requests", "/staff/assistant",
        "/staff/billing/close", "/staff/billing/invoices", "/staff/billing/plans?plan=team", "/staff/billing/companies/1",
    ),
    "rita@planroom.example": ("/staff/applications", "/staff/applications/1", "/staff/applications/2"),
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

    wait_for(tried, f"{who} is signed in (a code is taken once, the next one comes within 30 s)", seconds=70)


def violations(page: Page) -> list[str]:
    page.add_script_tag(path=str(AXE))
    found: dict[str, Any] = page.evaluate("rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES)
    return [f"{each['id']}: {node['html'][:120]}" for each in found["violations"] for node in each["nodes"][:3]]


@pytest.mark.needs("chromium")
@pytest.mark.parametrize("who", PAGES, ids=lambda who: who.partition("@")[0] or "visitor")
def test_every_page_is_readable_by_everybody(portal: Portal, browser: Browser, who: str) -> None:
    context = browser.new_context(locale="ko-KR", viewport={"width": 1440, "height": 900}, bypass_csp=True)
    page = context.new_page()
    wrong: list[str] = []
    said: list[str] = []
    page.on("console", lambda line: said.append(f"{page.url}: {line.text}") if line.type == "error" else None)
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
    signed_in(page, portal, who)
    for path in PAGES[who]:
        for scheme, width in LOOKS:
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(portal.url + path)
            where = f"{path} {scheme} {width}"
            wrong += [f"{where}: {each}" for each in violations(page)]
            if (shown := page.evaluate("document.documentElement.scrollWidth")) > width:
                wrong.append(f"{where}: {shown} px wide")
    context.close()
    assert wrong == []
    assert [line for line in said if "404" not in line] == []
