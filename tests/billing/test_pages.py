"""The pages of billing, for customers and staff, with and without htmx's headers; every figure adds up."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import date

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import delete, func, select

from portal.billing import closing, plans, receivables
from portal.billing import service as billing
from portal.billing.models import BillingProfile, CloseStep, CreditNote, Invoice, InvoiceState, PlanVersion
from portal.billing.rules.reading import document
from portal.core import clock
from portal.core.db import db, write
from portal.core.gate import Caller
from portal.core.korea import particle
from portal.tenants.models import Tenant, TenantState
from tests.billing.office import BILL, DETAILS, Office

GB = 1_000_000_000
DETAILS_FORM = {
    "name": DETAILS.name,
    "business_number": "124-81-00998",
    "ceo": DETAILS.ceo,
    "address": DETAILS.address,
    "business_type": DETAILS.business_type,
    "business_class": DETAILS.business_class,
    "contact_name": DETAILS.contact_name,
    "emails": "tax@hanbit.example, pay@hanbit.example",
    "phone": "02-555-0100",
    "pay_by": "transfer",
    "evidence": "TAX_INVOICE_FIRST",
}


def close(desk: Office, month: date = date(2026, 10, 1), on: date = date(2026, 11, 3)) -> None:
    desk.at(on)
    period = billing.month(month)
    closing.start(period)
    for row in closing.board(period):
        closing.close_company(period, row.tenant.id)


def billed(desk: Office) -> tuple[Caller, Invoice]:
    """A company with October's invoice: 12,000 + 150 GB x 200 + 1,001 views x 5 = 47,005, cut to 47,000."""
    owner = desk.paying()
    desk.use(owner.tenant_id, "stored_bytes", 250 * GB, date(2026, 9, 30))
    desk.use(owner.tenant_id, "drawing_views", 4001, date(2026, 10, 7))
    close(desk)
    return owner, db.session.scalars(select(Invoice).where(Invoice.tenant_id == owner.tenant_id)).one()


def flat(text: str) -> str:
    """The page's words alone."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


# ----- a company's pages ---------------------------------------------------------------------------------------------


def test_an_invoice_opens_every_amount_to_how_it_came_about(desk: Office) -> None:
    owner, invoice = billed(desk)
    client = desk.client(owner)
    listed = flat(client.get("/invoices").text)
    for words in ("2026-000001", "47,000", "4,700", "51,700", "2026.11.17 (화)"):
        assert words in listed, words
    text = flat(client.get(f"/invoices/{invoice.id}").text)
    for words in (
        "일금 오만일천칠백원정",
        "12,000원 × 1명 = 12,000원",
        "쓴 양 250 GB 가운데 100 GB까지는 무료입니다.",
        "150 GB × 200원 = 30,000원",
        "1구간: 3,000회 × 0원 = 0원",
        "2구간: 1,001회 × 5원 = 5,005원",
        "47,005원을 10원 단위로 잘라 47,000원으로 했습니다.",
        "한빛종합건설 소유자 31일 · 12,000원",
        "한빛은행 123-456789-01-012",
    ):
        assert words in text, words


def test_payments_show_on_the_invoice_with_what_is_open(desk: Office) -> None:
    owner, invoice = billed(desk)
    with write() as session:
        receivables.record_payment(session, invoice.id, 20_000, "transfer-allocation:1")
    text = flat(desk.client(owner).get(f"/invoices/{invoice.id}").text)
    assert "계좌 입금 20,000" in text
    assert "남은 금액 31,700" in text


def test_the_list_of_invoices_is_a_file_too(desk: Office) -> None:
    owner, _ = billed(desk)
    answer = desk.client(owner).get("/invoices.csv")
    (row,) = csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig")))
    assert (row["청구번호"], row["공급가액"], row["부가세"], row["합계"]) == ("2026-000001", "47000", "4700", "51700")
    assert "filename*=UTF-8''%EC%B2%AD" in answer.headers["Content-Disposition"]


def test_a_statement_tells_usage_people_and_formulas(desk: Office) -> None:
    owner, invoice = billed(desk)
    client = desk.client(owner)
    text = flat(client.get(f"/statements/{invoice.statement_id}").text)
    for words in ("도면 열람 4,001 회 1", "기간 평균 250 GB", "한빛종합건설 소유자 31", "51,700", "2026-000001"):
        assert words in text, words


def test_what_is_foreign_or_absent_answers_alike_and_only_payers_enter(desk: Office) -> None:
    owner, invoice = billed(desk)
    other = desk.client(desk.paying(since=date(2026, 10, 5), name="대성정밀"))
    for path in (f"/invoices/{invoice.id}", f"/invoices/{invoice.id}.pdf", f"/statements/{invoice.statement_id}"):
        foreign, absent = other.get(path), other.get(re.sub(r"\d+", "987654", path))
        assert (foreign.status_code, absent.status_code) == (404, 404), path
    viewer = desk.client(replace(owner, role="viewer"))
    for path in ("/invoices", f"/invoices/{invoice.id}", "/plans", "/usage/estimate", "/billing-details"):
        assert viewer.get(path).status_code == 403, path


def test_the_estimate_is_the_block_that_the_page_of_usage_asks_for(desk: Office) -> None:
    owner, _ = billed(desk)
    desk.at(date(2026, 11, 15))
    desk.use(owner.tenant_id, "drawing_views", 2000, date(2026, 11, 10))
    part = desk.client(owner).get("/usage/estimate", headers={"HX-Request": "true", "HX-Target": "section#estimate"})
    assert "<html" not in part.text
    text = flat(part.text)
    # half of the month with 2,000 views goes on to 4,000: 12,000 + 30,000 + 1,000 x 5 = 47,000
    assert "51,700 원" in text
    assert "지난달 51,700원과 같음" in text
    assert "4,000 회" in text


def test_a_company_without_invoices_is_told_what_comes(desk: Office) -> None:
    desk.at(date(2026, 10, 1))
    client = desk.client(desk.company(opened=date(2026, 10, 1)))
    assert "아직 청구서가 없습니다." in client.get("/invoices").text
    assert "체험 중에는 청구하지 않습니다." in client.get("/usage/estimate").text


def test_a_company_that_has_begun_is_told_the_day_of_its_first_invoice(desk: Office) -> None:
    owner = desk.paying(since=date(2026, 10, 16))
    page = desk.client(owner).get("/invoices").text
    assert "첫 청구서는 2026.11.03 (화)에 나옵니다." in page
    assert 'href="/usage/estimate"' in page
    assert "요금제 보기" not in page
    desk.at(date(2026, 11, 20))
    assert "첫 청구서는 2026.12.03 (목)에 나옵니다." in desk.client(owner).get("/invoices").text


# ----- choosing ------------------------------------------------------------------------------------------------------


def test_a_trial_sees_what_each_plan_would_cost_and_begins_one(desk: Office) -> None:
    desk.at(date(2026, 10, 16))
    owner = desk.company(opened=date(2026, 10, 1))
    desk.seat(owner.tenant_id, owner.person_id, date(2026, 10, 1))
    desk.use(owner.tenant_id, "stored_bytes", 50 * GB, date(2026, 9, 30))
    client = desk.client(owner)
    text = flat(client.get("/plans").text)
    assert "이번 달처럼 쓰면 52,800원" in text  # starter: (39,000 + 30 GB x 300) x 1.1
    assert "이번 달처럼 쓰면 13,200원" in text  # team: 12,000 x 1.1
    assert client.get("/plans/enterprise").status_code == 404, "agreed upon one by one"
    wrong = client.post(
        "/plans/team/convert", data=DETAILS_FORM | {"business_number": "124-81-00999", "evidence": "CARD_SLIP_ONLY"}
    )
    assert wrong.status_code == 422
    assert "카드 자동결제로 골라 주십시오." in wrong.text
    begun = client.post("/plans/team/convert", data=DETAILS_FORM | {"pay_by": "card"})
    assert (begun.status_code, begun.headers["Location"]) == (303, "/payment-methods"), (
        "the card comes next, as was said"
    )
    profile = billing.profile_of(owner.tenant_id)
    assert profile is not None
    assert (profile.business_number, profile.emails) == ("1248100998", ["tax@hanbit.example", "pay@hanbit.example"])
    assert "지금 쓰는 이용권" in client.get("/plans").text


def test_a_change_says_before_from_when_it_holds_and_can_be_taken_back(desk: Office) -> None:
    owner = desk.paying("starter")
    desk.at(date(2026, 10, 17))
    client = desk.client(owner)
    assert "2026.10.17 (토) (오늘)부터" in client.get("/plans/team").text
    assert client.post("/plans/team/change").status_code == 303
    assert "2026.11.01 (일) (다음 달)부터" in client.get("/plans/starter").text
    assert client.post("/plans/starter/change").status_code == 303
    text = client.get("/plans").text
    assert "바꾸지 않고 팀 그대로 쓰기" in text
    assert client.post("/plans/team/change").status_code == 303
    assert "바꾸지 않고" not in client.get("/plans").text
    assert client.post("/plans/cancel").status_code == 303
    assert "2026.11.01 (일)에 끝남" in client.get("/plans").text
    assert client.post("/plans/keep").status_code == 303
    assert "달마다 이어짐" in client.get("/plans").text


def test_an_ended_company_finds_its_way_back(desk: Office) -> None:
    owner, invoice = billed(desk)
    billing.cancel(owner)
    desk.at(date(2026, 12, 1))
    billing.end_due()
    with write() as session:
        session.get_one(Tenant, owner.tenant_id).state = TenantState.RETAINED
    client = desk.browser(owner)
    assert client.get(f"/invoices/{invoice.id}").status_code == 200
    assert "이용이 끝난 회사입니다." in client.get("/plans").text
    form = client.get("/plans/team").text
    assert DETAILS.address in form, "the details are as they were given"
    assert client.post("/plans/team/convert", data=DETAILS_FORM).status_code == 303
    assert db.session.get_one(Tenant, owner.tenant_id, populate_existing=True).state == TenantState.ACTIVE


def test_billing_details_are_changed_for_the_next_invoice_only(desk: Office) -> None:
    owner, invoice = billed(desk)
    client = desk.client(owner)
    assert client.post("/billing-details", data=DETAILS_FORM | {"ceo": ""}).status_code == 422
    assert client.post("/billing-details", data=DETAILS_FORM | {"name": "새한빛종합건설"}).status_code == 303
    assert "새한빛종합건설" in client.get("/billing-details").text
    assert '카드는 <a href="/payment-methods">결제 수단</a>에서 등록합니다.' in client.get("/billing-details").text
    assert "새한빛종합건설" not in client.get(f"/invoices/{invoice.id}").text


# ----- staff ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def staff(desk: Office) -> FlaskClient:
    desk.at(date(2026, 10, 1))
    return desk.client(BILL)


def test_the_board_shows_who_is_stuck_first_and_its_columns_add_up(desk: Office, staff: FlaskClient) -> None:
    _, invoice = billed(desk)
    stuck = desk.paying(since=date(2026, 10, 10), name="새길엔지니어링")
    with write() as session:
        session.execute(delete(BillingProfile).where(BillingProfile.tenant_id == stuck.tenant_id))
    desk.at(date(2026, 11, 4))
    board = staff.get("/staff/billing/close?month=2026-10").text
    assert "1곳 마감 시작" in board
    assert staff.post("/staff/billing/close", data={"month": "2026-10"}).status_code == 303
    assert 'hx-trigger="every 2s"' in staff.get("/staff/billing/close?month=2026-10").text, "it looks again by itself"
    period = billing.month(date(2026, 10, 1))
    closing.close_company(period, stuck.tenant_id)
    text = flat(staff.get("/staff/billing/close?month=2026-10").text)
    assert "새길엔지니어링 청구 · 1번 시도함 청구 정보가 없어 청구서를 만들 수 없습니다." in text
    assert "모두 2 47,000 4,700 51,700 0 51,700" in text
    assert staff.post(f"/staff/billing/companies/{stuck.tenant_id}", data=DETAILS_FORM).status_code == 303
    again = f"/staff/billing/close/{stuck.tenant_id}/again"
    assert staff.post(again, data={"month": "2026-10"}).status_code == 303
    assert staff.post("/staff/billing/close/987654/again", data={"month": "2026-10"}).status_code == 404
    closing.close_company(period, stuck.tenant_id)
    assert staff.post(again, data={"month": "2026-10"}).status_code == 409, "it is closed by now"
    with write() as session:
        receivables.record_payment(session, invoice.id, 51_700, "charge:1")
    part = staff.get(
        "/staff/billing/close?month=2026-10", headers={"HX-Request": "true", "HX-Target": "div#board"}
    ).text
    assert "<html" not in part
    rows = [re.sub(r"[^\d,]+", " ", flat(row)).split() for row in re.findall(r"<tr>.*?</tr>", part, re.DOTALL)[1:]]
    figures = [[int(cell.replace(",", "")) for cell in row] for row in rows]
    assert [sum(column) for column in zip(*figures[:-1], strict=True)] == figures[-1]
    assert figures[-1][0] == 2
    assert figures[-1][4] == 51_700


def test_an_open_month_and_an_empty_one_say_so(desk: Office, staff: FlaskClient) -> None:
    assert "아직 끝나지 않은 달입니다." in staff.get("/staff/billing/close?month=2026-10").text
    assert staff.post("/staff/billing/close", data={"month": "2026-10"}).status_code == 422
    assert "이 달에는 마감할 것이 없습니다." in staff.get("/staff/billing/close?month=2026-06").text
    assert staff.get("/staff/billing/close?month=2026-13").status_code == 404
    assert db.session.scalar(select(func.count()).select_from(CloseStep)) == 0


def test_all_invoices_are_found_by_state_and_words_and_go_out_as_seen(desk: Office, staff: FlaskClient) -> None:
    desk.paying(since=date(2026, 10, 2), name="=대성정밀")
    billed(desk)
    text = staff.get("/staff/billing/invoices?q=대성").text
    assert "=대성정밀" in text
    assert "한빛종합건설" not in text
    assert "찾는 청구서가 없습니다." in staff.get("/staff/billing/invoices?state=paid").text
    part = staff.get("/staff/billing/invoices", headers={"HX-Request": "true", "HX-Target": "div#list"}).text
    assert "<html" not in part
    found = csv.reader(
        io.StringIO(staff.get("/staff/billing/invoices.csv?reason=미수금+확인&q=대성").get_data().decode("utf-8-sig"))
    )
    head, row = list(found)
    assert (head[0], row[0]) == ("고객사", "'=대성정밀"), "a name is never a formula"
    book = load_workbook(
        io.BytesIO(staff.get("/staff/billing/invoices.xlsx?reason=미수금+확인&sort=-total").get_data())
    )
    cells = list(book.active.values)
    assert [row[7] for row in cells[1:]] == [51_700, 12_771]  # 12,000 x 30/31 = 11,612.9 -> 11,613 -> 11,610


def test_cancelling_asks_for_the_number_and_makes_a_credit_note(desk: Office, staff: FlaskClient) -> None:
    _, invoice = billed(desk)
    url = f"/staff/billing/invoices/{invoice.id}"
    assert "청구서 취소" in staff.get(url).text
    wrong = staff.post(f"{url}/void", data={"reason": "잘못", "number": "2026-000002"})
    assert wrong.status_code == 422
    assert "2026-000001을 그대로 적어 주십시오." in wrong.text
    assert staff.post(f"{url}/void", data={"reason": "잘못 냈습니다", "number": "2026-000001"}).status_code == 303
    note = db.session.scalars(select(CreditNote)).one()
    text = flat(staff.get(url).text)
    assert f"수정 청구서 {note.number}{particle(note.number, '으로/로')} 취소했습니다. 까닭: 잘못 냈습니다" in text
    assert staff.get(f"/staff/billing/credit-notes/{note.id}.pdf").mimetype == "application/pdf"
    assert staff.get("/staff/billing/credit-notes/987654.pdf").status_code == 404


def test_an_overdue_invoice_is_given_up_with_a_reason(desk: Office, staff: FlaskClient) -> None:
    _, invoice = billed(desk)
    url = f"/staff/billing/invoices/{invoice.id}"
    assert staff.post(f"{url}/give-up", data={"reason": "폐업"}).status_code == 409, "not due yet"
    desk.at(date(2026, 12, 1))
    receivables.fall_due()
    assert staff.post(f"{url}/give-up", data={"reason": ""}).status_code == 422
    assert staff.post(f"{url}/give-up", data={"reason": "폐업"}).status_code == 303
    assert db.session.get_one(Invoice, invoice.id, populate_existing=True).state == InvoiceState.UNCOLLECTIBLE
    assert "대손 51,700" in flat(staff.get(url).text)


def test_a_new_version_is_compared_before_it_is_published(desk: Office, staff: FlaskClient) -> None:
    url = "/staff/billing/plans"
    terms = document(plans.terms_of(plans.version_on("team", date(2026, 10, 1))))
    terms["prices"][0]["amount"] = "13000"
    sent = {"offered_from": "2026-11-01", "terms": json.dumps(terms)}
    for wrong, sentence in (
        ("{", "JSON 형식이 아닙니다."),
        (r"""{"\ud800": "\ud800"}""", "JSON 형식이 아닙니다."),
        ('{"prices": [{"key": "Seats", "name": "", "kind": "seat"}]}', "키는 영문 소문자로 시작하는"),
        (json.dumps(terms).replace('"13000"', "13000.5"), "따옴표 안의 십진수로 적어 주십시오."),
    ):
        answer = staff.post(f"{url}/team", data=sent | {"terms": wrong, "verb": "publish"})
        assert answer.status_code == 422
        assert sentence in answer.text
    text = flat(staff.post(f"{url}/team", data=sent | {"verb": "compare"}).text)
    assert "이용권 (seats) · 금액 12000 13000" in text
    assert "팀 2판 내기" in text
    assert staff.post(f"{url}/team", data=sent | {"verb": "publish"}).status_code == 303
    assert staff.post(f"{url}/nothing", data=sent).status_code == 404
    newest = db.session.scalars(select(PlanVersion).order_by(PlanVersion.id.desc()).limit(1)).one()
    assert (newest.number, newest.offered_from) == (2, date(2026, 11, 1))
    shown = flat(staff.get(f"{url}?plan=team").text)
    assert "앞 판과 다른 것" in shown
    assert "예정" in shown


def test_only_the_staff_of_billing_enter(desk: Office) -> None:
    desk.at(date(2026, 10, 1))
    support = desk.client(Caller(person_id=901, person_name="지원", staff_roles=frozenset({"support"})))
    for path in ("close", "invoices", "invoices.csv", "plans", "companies/1"):
        assert support.get(f"/staff/billing/{path}").status_code == 403, path
    assert clock.today() == date(2026, 10, 1)
