"""Homepage, legal pages, staff home, companies and the stream of one company."""

from __future__ import annotations

import json
import re
from datetime import date

import pytest
from sqlalchemy import select

from portal.billing.models import Plan, PlanVersion
from portal.billing.plans import digest_of
from portal.core import clock
from portal.core.db import db, write
from portal.desk import timeline
from portal.desk.pages import homepage_sheets
from portal.rendering import RENDERER_VERSION
from portal.tenants import service as tenants
from portal.tenants.models import Tenant
from portal.trials import review
from tests.desk.office import Office


def opened(office: Office) -> int:
    application_id, _ = office.apply()
    with office.at_work():
        review.approve(office.people["rita"], application_id)
        tenant_id = db.session.scalars(select(Tenant.id)).one()
    with office.at_work():
        tenants.provision(tenant_id)
    return tenant_id


def test_the_homepage_holds_a_drawing_that_the_portals_own_renderer_drew(office: Office) -> None:
    page = office.client().get("/")
    assert page.status_code == 200
    assert "<drawing-viewer" in page.text
    with office.app.test_request_context():
        (sheet,) = homepage_sheets()
    with office.client().get(sheet["url"]) as svg:
        assert svg.mimetype == "image/svg+xml"
        assert all(f'data-layer="{layer["index"]}"' in svg.text for layer in sheet["layers"])
    with office.app.open_resource("static/home/plan.json") as file:
        assert json.load(file)["renderer"] == RENDERER_VERSION, "run: flask --app wsgi samples --homepage"


@pytest.mark.parametrize("path", ["/terms", "/privacy"])
def test_the_law_is_shown_to_everybody(office: Office, path: str) -> None:
    page = office.client().get(path)
    assert page.status_code == 200
    assert "2026-11-01" in page.text


def test_the_day_begins_with_what_waits(office: Office) -> None:
    office.apply()
    page = office.client("rita").get("/staff").text
    assert "회사 0 체험 신청을 검토해 주십시오" in page


def test_the_stream_of_a_company_tells_application_decision_and_opening(office: Office) -> None:
    tenant_id = opened(office)
    with office.app.test_request_context():
        texts = [event.text for event in timeline.of_company(db.session.get_one(Tenant, tenant_id))]
    assert {"무료체험을 신청했습니다", "신청을 승인했습니다", "체험을 시작했습니다"} <= set(texts)
    assert any("데이터베이스 만들기" in text for text in texts)
    page = office.client("sam").get(f"/staff/tenants/{tenant_id}?kind=decision").text
    assert "신청을 승인했습니다" in page
    assert "데이터베이스 만들기: 끝났습니다" not in page


def test_a_company_leads_to_its_papers_that_somebody_may_see(office: Office) -> None:
    tenant_id = opened(office)
    seen = {who: office.client(who).get(f"/staff/tenants/{tenant_id}").text for who in ("sam", "bill")}
    assert all(re.search(r"요금제</dt>\s*<dd[^>]*>\s*없음", page) for page in seen.values())
    assert all(f'href="/staff/tenants/{tenant_id}/usage"' in page for page in seen.values())
    assert ["청구 정보" in page for page in seen.values()] == [False, True]


def test_support_limits_a_company_with_a_reason_and_lifts_it_again(office: Office) -> None:
    tenant_id = opened(office)
    client = office.client("sam")
    bare = client.post(f"/staff/tenants/{tenant_id}/suspend", data={"reason": ""})
    assert bare.status_code == 422
    assert "있었던 일" in bare.text, "the company's page comes back with the sentence at the field"
    assert client.post(f"/staff/tenants/{tenant_id}/suspend", data={"reason": "요금이 밀렸습니다."}).status_code == 303
    with office.at_work():
        assert db.session.get_one(Tenant, tenant_id).state == "suspended"
    assert client.post(f"/staff/tenants/{tenant_id}/resume").status_code == 303
    with office.at_work():
        assert db.session.get_one(Tenant, tenant_id).state == "trial"


def test_a_missing_reason_is_asked_for_in_the_form_it_belongs_to(office: Office) -> None:
    page = f"/staff/tenants/{opened(office)}"
    bare = office.client("sam").post(f"{page}/mode", data={"mode": "read_only", "reason": " "})
    assert bare.status_code == 422
    open_form = bare.text.partition("<details open>")[2].partition("</details>")[0]
    assert f'action="{page}/mode"' in open_form
    assert 'aria-invalid="true"' in open_form
    assert bare.text.count("<details open>") == 1


def test_a_reviewer_sees_companies_but_limits_none(office: Office) -> None:
    tenant_id = opened(office)
    client = office.client("rita")
    assert "이용 제한" not in client.get(f"/staff/tenants/{tenant_id}").text
    assert client.post(f"/staff/tenants/{tenant_id}/suspend", data={"reason": "왜"}).status_code == 403


def test_companies_are_found_by_name_and_number(office: Office) -> None:
    opened(office)
    client = office.client("rita")
    assert "회사 0" in client.get("/staff/tenants?q=회사").text
    assert "회사 0" in client.get("/staff/tenants?q=124-81").text
    assert "찾는 고객사가 없습니다." in client.get("/staff/tenants?q=없는이름").text


def _with_plans(office: Office) -> None:
    """Two plans on offer and one by agreement, as the house's own price list has them."""
    prices = {
        "starter": [{"key": "base", "name": "기본료", "kind": "flat", "amount": "39000"}],
        "team": [{"key": "seats", "name": "이용권", "kind": "seat", "amount": "12000", "unit_word": "명"}],
        "enterprise": [],
    }
    with office.at_work(), write() as session:
        for number, (key, asked) in enumerate(prices.items(), 1):
            terms = {"prices": asked, "limits": {"seats": 10 if key == "starter" else None}}
            plan = Plan(key=key, name=key.title(), summary="요약", public=key != "enterprise", position=number)
            session.add(
                PlanVersion(
                    plan=plan, number=1, terms=terms, digest=digest_of(terms), offered_from=date(2026, 1, 1),
                    published_at=clock.now(), published_by="test",
                )
            )  # fmt: skip


def test_the_homepage_sells_what_billing_offers_and_works_out_prices_by_its_rules(office: Office) -> None:
    _with_plans(office)
    client = office.client()
    page = client.get("/").text
    assert "39,000원" in page
    assert "Enterprise" in page
    whole = client.get("/prices/estimate?people=3&gb=0&views=0")
    assert (whole.status_code, "<html" in whole.text, "39,600원" in whole.text) == (200, True, True)
    part = client.get(
        "/prices/estimate?people=11&gb=0&views=0", headers={"HX-Request": "true", "HX-Target": "div#answers"}
    ).text
    assert "<html" not in part
    assert "145,200원" in part  # 11 x 12,000 x 1.1
    assert "이용권 한도는 10명까지입니다." in part
    assert part.index("가장 쌉니다") > part.index("Team 요금"), "what does not hold its limits is not the cheapest"


@pytest.mark.parametrize("typed", ["-1", "1.5", "열", "99999999999999999999", "0" * 12 + "9" * 40, "<b>", "²"])
def test_a_guess_that_is_no_number_is_answered_with_a_sentence(office: Office, typed: str) -> None:
    _with_plans(office)
    page = office.client().get("/prices/estimate", query_string={"people": typed})
    assert page.status_code == 200
    assert "0부터 1,000명까지의 수로 적어 주십시오." in page.text
