"""Both lives of a company, clicked on the test clock: to the paid invoice, and to the certificate of its destruction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyotp
import pytest

from jobs.lifecycle import story
from jobs.lifecycle.house import SQLITE, House, open_house
from jobs.lifecycle.opening import drawing
from jobs.lifecycle.people import Person, staff
from tests.engines import wait_for
from tests.journey import test_main_way as way

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAYING, LEAVING = "가람건축사사무소", "하늘구조기술단"
OWNERS = {PAYING: "daon@garam.example", LEAVING: "sora@haneul.example"}
NUMBERS = {PAYING: "1208147521", LEAVING: "1018116293"}
#: One seat from 2 to 31 March: 12,000 won x 30/31, cut to ten won, with its tax.
TOTAL = "12,771"


@dataclass
class Walked:
    """A house that the other journeys' steps take for their portal."""

    house: House

    @property
    def url(self) -> str:
        return self.house.url

    @property
    def port(self) -> int:
        return int(self.house.environ["PORT"])

    def mails_to(self, address: str) -> list[dict[str, str]]:
        mails: list[dict[str, str]] = self.house.outside("mail", to=address)
        return mails


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with open_house(SQLITE) as made:
        made.set_clock(story.BEGUN)
        yield made


def forget_me(tab: Page) -> None:
    """Be nobody again, on no page: one that asks for news would lead to the sign-in while the next is opened."""
    tab.goto("about:blank")
    tab.context.clear_cookies()


def sign_in(tab: Page, house: House, email: str, password: str, secret: str = "") -> None:
    forget_me(tab)
    tab.goto(f"{house.url}/sign-in")
    tab.fill("[name=email]", email)
    tab.fill("[name=password]", password)
    tab.locator("main button[type=submit]").click()
    if secret:
        tab.fill("[name=code]", pyotp.TOTP(secret).at(house.now()))
        tab.locator("main button[type=submit]").click()
    tab.wait_for_url(re.compile(r"/staff|/drawings"))


def sign_in_as(tab: Page, person: Person) -> None:
    sign_in(tab, person.house, person.email, person.password, person.secret)


def sign_in_owner(tab: Page, house: House, company: str) -> None:
    sign_in(tab, house, OWNERS[company], way.PASSWORD)


def begin(tab: Page, walked: Walked, company: str, reviewer: Person, file: Path) -> None:
    """From the homepage to the first drawing with its picture."""
    forget_me(tab)
    way.apply(tab, walked, company, NUMBERS[company], OWNERS[company])  # type: ignore[arg-type]  # all it needs is here
    tab.goto(way.link_in(walked, OWNERS[company], "/apply/confirm/"))  # type: ignore[arg-type]
    tab.get_by_role("button", name=re.compile("내 메일이 맞습니다")).click()
    tab.wait_for_url(re.compile(r"/apply/status/"))
    walked.house.set_clock(walked.house.now() + story.A_MINUTE)  # a code is taken once
    sign_in_as(tab, reviewer)
    way.approve(tab, walked, company)  # type: ignore[arg-type]
    forget_me(tab)
    way.accept_invitation(tab, way.link_in(walked, OWNERS[company], "/invitations/"))  # type: ignore[arg-type]
    way.send(tab, [file])
    wait_for(lambda: way.all_drawn(tab, 1), "the drawing has its picture", seconds=240)


def choose_plan(tab: Page, house: House) -> None:
    tab.goto(f"{house.url}/plans")
    tab.locator("a[href='/plans/team']").first.click()
    tab.fill("[name=address]", "서울특별시 종로구 세종대로 209")
    tab.fill("[name=business_type]", "건설업")
    tab.fill("[name=business_class]", "건축설계")
    tab.check("[name=pay_by][value=card]")
    tab.get_by_role("button", name=re.compile("팀 시작하기")).click()
    tab.wait_for_url(re.compile(r"/payment-methods$"))


def register_card(tab: Page, house: House) -> None:
    tab.goto(f"{house.url}/payment-methods")
    tab.get_by_role("button", name="카드 등록하기").click()
    tab.get_by_role("button", name="승인되는 카드").click()
    tab.wait_for_url(re.compile(r"/payment-methods$"))
    tab.get_by_role("button", name="다른 카드로 바꾸기").wait_for()


def close_month(tab: Page, biller: Person) -> None:
    sign_in_as(tab, biller)
    tab.goto(f"{biller.house.url}/staff/billing/close?month=2027-03")
    tab.get_by_role("button", name=re.compile("마감 시작")).click()
    tab.wait_for_load_state()


def on_invoice(tab: Page, house: House, words: str) -> None:
    """The company's own invoice says `words`, sooner or later."""

    def says() -> bool:
        tab.goto(f"{house.url}/invoices")
        link = tab.locator("a[href^='/invoices/']:not([href$='.csv'])")
        if not link.count():
            return False
        link.first.click()
        tab.wait_for_load_state("networkidle")
        return words in tab.locator("main").inner_text()

    wait_for(says, f"the invoice says {words}", seconds=240)


def case_of(tab: Page, person: Person) -> None:
    sign_in_as(tab, person)

    def there() -> bool:
        tab.goto(f"{person.house.url}/staff/retention")
        row = tab.get_by_role("row").filter(has_text=LEAVING)
        return row.count() > 0 and ("파기 대상" in row.inner_text() or "승인 대기" in row.inner_text())

    wait_for(there, "the case waits for somebody's word", seconds=240)
    tab.get_by_role("link", name=LEAVING).first.click()


@pytest.mark.needs("chromium")
@pytest.mark.slow
def test_one_company_pays_and_the_other_is_destroyed(house: House, tab: Page, tmp_path: Path) -> None:
    walked = Walked(house)
    rita = staff(house, "rita@planroom.example", "정리타", ("reviewer", "support"))
    bill = staff(house, "bill@planroom.example", "박필", ("billing",))
    han = staff(house, "han@planroom.example", "한도윤", ("admin",))
    file = tmp_path / "평면도.dxf"
    file.write_bytes(drawing("평면도"))
    begin(tab, walked, LEAVING, rita, file)
    begin(tab, walked, PAYING, rita, file)
    choose_plan(tab, house)
    register_card(tab, house)

    house.set_clock(story.TRIAL_OVER)
    close_month(tab, bill)
    sign_in_owner(tab, house, PAYING)
    on_invoice(tab, house, TOTAL)
    sign_in_owner(tab, house, LEAVING)
    wait_for(lambda: _only_looks(tab, house), "the company may only look", seconds=240)
    tab.locator("#list a[href^='/drawings/']:has(img)").first.click()
    tab.wait_for_selector("drawing-viewer .viewer-stage svg path", state="attached")

    house.set_clock(story.FILED)
    sign_in_owner(tab, house, PAYING)
    on_invoice(tab, house, "승인번호")
    house.set_clock(story.DUE)
    sign_in_owner(tab, house, PAYING)
    on_invoice(tab, house, "모두 냈습니다")

    house.set_clock(story.DESTROYABLE)
    case_of(tab, rita)
    tab.fill("[name=name]", LEAVING)
    tab.get_by_role("button", name="파기 요청").click()
    tab.get_by_text("다른 직원의 승인을 기다립니다", exact=False).first.wait_for()
    case_of(tab, han)
    tab.get_by_role("button", name="승인하고 봉인").click()
    tab.get_by_text("되돌리기").wait_for()
    house.set_clock(story.UNSEALED)
    sign_in_as(tab, han)
    wait_for(lambda: _certified(tab, house), "the register has its certificate", seconds=240)
    assert LEAVING not in tab.locator("main").inner_text()
    assert PAYING not in tab.locator("main").inner_text()


def _only_looks(tab: Page, house: House) -> bool:
    tab.goto(f"{house.url}/drawings")
    return tab.locator("input[type=file][name=files]").count() == 0


def _certified(tab: Page, house: House) -> bool:
    tab.goto(f"{house.url}/staff/retention")
    return tab.get_by_role("link", name="D2027-000001").count() > 0
