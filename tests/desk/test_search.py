"""Search everywhere finds what its reader could have found by looking, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from portal.billing.models import Invoice, InvoiceState, Subscription, SubscriptionState
from portal.core import clock
from portal.core.db import db, write
from portal.desk import search
from portal.quality import changes
from portal.tenants import service as tenants
from portal.tenants.models import Tenant
from portal.trials import review
from tests.desk.office import Office
from tests.desk.test_pages import opened


@pytest.fixture
def company(office: Office) -> int:
    """An opened company with an invoice and a change request."""
    tenant_id = opened(office)
    with office.at_work():
        with write() as session:
            agreement = Subscription(
                tenant_id=tenant_id, state=SubscriptionState.ACTIVE, started_on=date(2026, 1, 1),
                state_since=clock.now(), created_at=clock.now(),
            )  # fmt: skip
            session.add(agreement)
            session.flush()
            session.add(
                Invoice(
                    tenant_id=tenant_id, subscription_id=agreement.id, period_from=date(2026, 1, 1),
                    period_to=date(2026, 2, 1), state=InvoiceState.FINALISED, number="2026-000007", supply=50_000,
                    vat=5_000, total=55_000, state_since=clock.now(), created_at=clock.now(),
                )
            )  # fmt: skip
        owner = replace(office.people["charlie"], tenant_id=tenant_id, role="owner")
        changes.file(owner, "k" * 43, "치수선이 안 보입니다", "확대하면 사라집니다.")
    return tenant_id


def _groups(office: Office, who: str, words: str) -> str:
    page = office.client(who).get("/staff/search", query_string={"q": words})
    assert page.status_code == 200
    return page.text


def test_staff_find_a_company_by_name_number_invoice_and_request(office: Office, company: int) -> None:
    assert f"/staff/tenants/{company}" in _groups(office, "sam", "회사 0")
    assert f"/staff/tenants/{company}" in _groups(office, "sam", "124-81")
    bill = _groups(office, "bill", "2026-000007")
    assert "2026-000007" in bill
    assert "55,000원" in bill
    assert "치수선이 안 보입니다" in _groups(office, "sam", "치수선")
    assert "/staff/applications/" in _groups(office, "rita", "회사 0")


def test_what_somebody_may_not_open_is_not_found_by_them(office: Office, company: int) -> None:
    assert "55,000원" not in _groups(office, "rita", "2026-000007")
    assert "/staff/applications/" not in _groups(office, "bill", "회사 0")
    assert "치수선이" not in _groups(office, "bill", "치수선")
    with office.app.test_request_context():
        mine = replace(office.people["charlie"], tenant_id=company, role="owner")
        assert [group.name for group in search.of_member(mine, "2026-000007")] == ["청구서"]
        assert [group.name for group in search.of_member(mine, "치수선")] == ["수정요청"]
        for other in (replace(mine, role="viewer"), replace(mine, role="billing")):
            names = {group.name for word in ("2026-000007", "치수선") for group in search.of_member(other, word)}
            assert names == ({"수정요청"} if other.role == "viewer" else {"청구서"})


def test_another_company_finds_nothing_of_it(office: Office, company: int) -> None:
    application_id, _ = office.apply(5)
    with office.at_work():
        review.approve(office.people["rita"], application_id)
        other_id = db.session.scalars(select(Tenant.id).where(Tenant.id != company)).one()
    with office.at_work():
        tenants.provision(other_id)
    with office.app.test_request_context():
        stranger = replace(office.people["charlie"], tenant_id=other_id, role="owner")
        assert search.of_member(stranger, "2026-000007") == []
        assert search.of_member(stranger, "치수선") == []


def test_what_finds_nothing_says_what_can_be_found(office: Office, company: int) -> None:
    for typed in ("", "   ", "%", "_", "\0", "'; --", "가" * 5000, "\\"):
        page = _groups(office, "sam", typed)
        assert "수정요청에서 찾습니다." in page
        assert f"/staff/tenants/{company}" not in page


def test_every_page_of_a_signed_in_person_has_the_field(office: Office, company: int) -> None:
    page = office.client("sam").get("/staff/tenants").text
    assert 'action="/staff/search"' in page
    assert "Control+k" in page
