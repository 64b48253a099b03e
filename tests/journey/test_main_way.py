"""The main way, clicked: apply, confirm, review, own database, invitation, upload, see. With JavaScript and without."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pyotp
import pytest

from tests.engines import wait_for
from tests.journey.conftest import Portal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PASSWORD = "콘크리트-양생-28일"
#: Numbers that pass the check and that the sandbox's tax office knows as open, one for each way.
NUMBERS = {"scripted": "1208147521", "plain": "1018116293"}


def apply(page: Page, portal: Portal, company: str, number: str, email: str) -> None:
    page.goto(f"{portal.url}/")
    page.get_by_role("link", name=re.compile("무료체험 신청")).first.click()
    page.fill("[name=company]", company)
    page.fill("[name=business_number]", number)
    page.fill("[name=ceo]", "윤가람")
    page.select_option("[name=industry]", index=1)
    page.locator("[name=people]").nth(1).check()
    page.fill("[name=purpose]", "현장에 도면을 나누어 주고 개정을 관리하려고 합니다.")
    page.fill("[name=applicant]", "정다온")
    page.fill("[name=email]", email)
    page.fill("[name=phone]", "010-2345-6789")
    page.check("[name=terms]")
    page.locator("main button[type=submit]").last.click()
    page.wait_for_url(re.compile(r"/apply/status/"))


def link_in(portal: Portal, email: str, path: str) -> str:
    """The newest link to `path` in the mails of an address."""
    pattern = re.compile(rf"http://localhost:{portal.port}({path}\S+)")

    def found() -> str:
        for mail in portal.mails_to(email):
            text = mail.get("body") or mail.get("text") or ""
            if match := pattern.search(text):
                return match[1]
        return ""

    wait_for(lambda: bool(found()), f"a mail with {path} reaches {email}", seconds=240)
    return portal.url + found()


def sign_in_staff(page: Page, portal: Portal, who: str) -> None:
    account = portal.sign_ins[who]
    page.goto(f"{portal.url}/sign-in")
    page.fill("[name=email]", who)
    page.fill("[name=password]", account["password"])
    page.locator("main button[type=submit]").click()
    page.fill("[name=code]", pyotp.TOTP(account["secret"]).now())
    page.locator("main button[type=submit]").click()
    page.wait_for_url(re.compile(r"/staff"))


def begin_a_question_by_key(page: Page, portal: Portal, company: str) -> None:
    """`n` opens the question and leads into it: the letters that follow are its text, not the keys of other decisions."""
    page.goto(f"{portal.url}/staff/applications")
    page.get_by_role("link", name=company).first.click()
    page.get_by_role("button", name=re.compile("승인하고 환경 만들기")).wait_for()
    page.keyboard.press("n")
    page.keyboard.type("area")
    assert page.locator("details.ask[open] textarea").input_value() == "area"


def approve(page: Page, portal: Portal, company: str) -> None:
    page.goto(f"{portal.url}/staff/applications")
    page.get_by_role("link", name=company).first.click()
    page.get_by_role("button", name=re.compile("승인하고 환경 만들기")).click()
    page.wait_for_load_state()


def accept_invitation(page: Page, link: str) -> None:
    page.goto(link)
    for box in page.locator("input[type=password]").all():
        box.fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    page.wait_for_url(re.compile(r"/drawings"))


def all_drawn(page: Page, count: int) -> bool:
    """Whether the list shows `count` drawings, each with its picture."""
    pictures = page.locator("#list img[src*='/thumb']")
    return pictures.count() == count and all(
        picture.evaluate("image => image.decode().then(() => image.naturalWidth)") for picture in pictures.all()
    )


def send(page: Page, drawings: list[Path]) -> None:
    page.locator("input[type=file][name=files]").set_input_files([str(path) for path in drawings])


@pytest.mark.needs("chromium")
def test_a_company_comes_from_the_homepage_to_its_own_drawing(portal: Portal, tab: Page, drawings: list[Path]) -> None:
    company, email = "가람건축사사무소", "daon@garam.example"
    apply(tab, portal, company, NUMBERS["scripted"], email)
    tab.goto(link_in(portal, email, "/apply/confirm/"))
    tab.get_by_role("button", name=re.compile("내 메일이 맞습니다")).click()
    tab.wait_for_url(re.compile(r"/apply/status/"))
    sign_in_staff(tab, portal, "rita@planroom.example")
    begin_a_question_by_key(tab, portal, company)
    approve(tab, portal, company)
    tab.context.clear_cookies()
    accept_invitation(tab, link_in(portal, email, "/invitations/"))
    send(tab, drawings)
    wait_for(lambda: all_drawn(tab, len(drawings)), "every drawing has its picture", seconds=240)
    assert tab.locator(".upload-list li").count() == 0, "what arrived is told once, in the result"
    assert f"도면 {len(drawings)}장" in tab.locator("#list-note").inner_text()
    for number in range(len(drawings)):
        tab.goto(f"{portal.url}/drawings")
        tab.locator("#list a[href^='/drawings/']:has(img)").nth(number).click()
        tab.wait_for_selector("drawing-viewer .viewer-stage svg path", state="attached")
        assert tab.locator("drawing-viewer svg path").count() > 5
    look_around(tab)


def look_around(page: Page) -> None:
    """Zoom by key, hide a layer, fit again: the picture follows, and nothing complains."""
    drawing = page.locator("drawing-viewer .viewer-stage svg").first
    before = drawing.get_attribute("viewBox")
    page.locator("drawing-viewer .viewer-stage").focus()
    page.keyboard.press("+")
    wait_for(lambda: drawing.get_attribute("viewBox") != before, "the plus key zooms")
    page.keyboard.press("f")
    wait_for(lambda: drawing.get_attribute("viewBox") == before, "F fits the drawing again")


@pytest.mark.needs("chromium")
def test_the_same_way_without_javascript(portal: Portal, browser: Browser, drawings: list[Path]) -> None:
    page = browser.new_context(locale="ko-KR", java_script_enabled=False).new_page()
    company, email = "나래산업", "kim@narae.example"
    apply(page, portal, company, NUMBERS["plain"], email)
    page.goto(link_in(portal, email, "/apply/confirm/"))
    page.get_by_role("button", name=re.compile("내 메일이 맞습니다")).click()
    sign_in_staff(page, portal, "admin@planroom.example")
    approve(page, portal, company)
    page.context.clear_cookies()
    accept_invitation(page, link_in(portal, email, "/invitations/"))
    send(page, drawings)
    page.locator("form:has(input[type=file]) button[type=submit]").click()
    page.wait_for_load_state()

    def drawn() -> bool:
        page.goto(f"{portal.url}/drawings")
        return page.locator("#list img[src*='/thumb']").count() == len(drawings)

    wait_for(drawn, "every drawing has its picture", seconds=240)
    page.locator("#list a[href^='/drawings/']:has(img)").first.click()
    assert page.locator("drawing-viewer img").first.get_attribute("src")
    page.context.close()
