"""Agreements: the trial, the choice of a plan, changes of it in the middle of a month, and every way to the end."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from portal.billing import invoicing, subscriptions
from portal.billing import service as billing
from portal.billing.models import SubscriptionState
from portal.billing.rules.terms import Period
from portal.core.db import db, write
from portal.core.errors import Forbidden, NotFound, Refusal
from portal.core.gate import Caller
from portal.core.mail import Mail
from portal.metering import service as metering
from portal.tenants.models import Tenant, TenantState
from tests.billing.office import DETAILS, Office

S = SubscriptionState


def _tenant(owner: Caller) -> Tenant:
    return db.session.get_one(Tenant, owner.tenant_id, populate_existing=True)


def test_a_new_company_has_the_trials_limits_and_pays_nothing(desk: Office) -> None:
    desk.at(date(2026, 9, 1))
    owner = desk.company()
    subscription = billing.live(owner.tenant_id)
    assert subscription is not None
    assert subscription.state == S.TRIALING
    assert metering.limit(owner.tenant_id, "seats") == 5
    assert invoicing.rated(subscription, Period(date(2026, 9, 1), date(2026, 10, 1)), closes=True).lines == []


def test_choosing_a_plan_makes_the_company_a_customer_with_the_plans_limits(desk: Office) -> None:
    owner = desk.paying("starter")
    assert _tenant(owner).state == TenantState.ACTIVE
    assert metering.limit(owner.tenant_id, "seats") == 10
    assert metering.limit(owner.tenant_id, "stored_bytes") == 200_000_000_000


def test_only_those_who_may_pay_choose_a_plan_and_only_one_that_is_offered(desk: Office) -> None:
    desk.at(date(2026, 9, 1))
    owner = desk.company()
    editor = Caller(person_id=1, tenant_id=owner.tenant_id, role="editor")
    with pytest.raises(Forbidden):
        billing.convert(editor, "team", DETAILS)
    for plan in ("enterprise", "trial", "nothing"):
        with pytest.raises(NotFound):
            billing.convert(owner, plan, DETAILS)


def test_a_trial_that_nobody_converts_ends_with_its_day_and_can_still_be_taken_up(desk: Office) -> None:
    desk.at(date(2026, 9, 1))
    owner = desk.company()
    desk.at(date(2026, 9, 30))
    assert billing.end_due() == 0
    desk.at(date(2026, 10, 2))
    assert billing.end_due() == 1
    assert billing.end_due() == 0
    assert _tenant(owner).state == TenantState.ENDED
    assert billing.live(owner.tenant_id) is None
    billing.convert(owner, "team", DETAILS)
    assert _tenant(owner).state == TenantState.ACTIVE
    assert billing.end_due() == 0


def test_a_dearer_plan_holds_at_once_and_a_cheaper_one_from_next_month(desk: Office) -> None:
    owner = desk.paying("starter", date(2026, 10, 1))
    desk.at(date(2026, 10, 16))
    billing.change_plan(owner, "team")
    subscription = billing.live(owner.tenant_id)
    assert subscription is not None
    assert [phase.version for phase in subscriptions.phases(subscription)] == ["plan:starter@1", "plan:team@1"]
    october = invoicing.rated(subscription, Period(date(2026, 10, 1), date(2026, 11, 1)), closes=True)
    base = next(line for line in october.lines if line.key == "2026-10|plan:starter@1|base")
    assert base.won == 18_871  # 39,000 x 15 / 31 days
    billing.change_plan(owner, "starter")
    assert billing.current_version(subscription).plan.key == "team"
    desk.at(date(2026, 11, 1))
    billing.end_due()
    assert billing.current_version(subscription).plan.key == "starter"


def test_an_upgrade_taken_back_on_the_same_day_leaves_no_trace(desk: Office) -> None:
    owner = desk.paying("starter", date(2026, 10, 1))
    subscription = billing.live(owner.tenant_id)
    assert subscription is not None
    desk.at(date(2026, 10, 16))
    billing.change_plan(owner, "team")
    billing.change_plan(owner, "starter")
    assert subscription.next_plan_version_id is not None


def test_an_agreement_ends_with_its_month_and_can_be_kept_until_then(desk: Office) -> None:
    owner = desk.paying()
    assert billing.cancel(owner).ends_on == date(2026, 11, 1)
    assert billing.keep(owner).ends_on is None
    billing.cancel(owner)
    desk.at(date(2026, 10, 31))
    assert billing.end_due() == 0
    desk.at(date(2026, 11, 1))
    assert billing.end_due() == 1
    assert _tenant(owner).state == TenantState.ENDED
    with pytest.raises(Refusal):
        billing.cancel(owner)


def test_whom_the_invoices_are_for_is_told_of_every_agreement(desk: Office) -> None:
    owner = desk.paying("starter")
    billing.change_plan(owner, "team")
    billing.change_plan(owner, "starter")
    billing.cancel(owner)
    billing.keep(owner)
    told = db.session.scalars(select(Mail).where(Mail.template.startswith("agreement_")).order_by(Mail.id)).all()
    assert {mail.recipient for mail in told} == set(DETAILS.emails)
    assert [mail.template.removeprefix("agreement_") for mail in told] == [
        "begun",
        "changed",
        "changed",
        "cancelled",
        "kept",
    ]
    begun, dearer, cheaper, cancelled, _kept = told
    day = _converted(owner)
    assert f"{day:%Y.%m.%d}" in begun.body
    assert f"{day:%Y.%m.%d}부터" in dearer.body
    assert f"{subscriptions.first_of_next(day):%Y.%m.%d}부터" in cheaper.body
    assert f"{subscriptions.first_of_next(day) - timedelta(days=1):%Y.%m.%d}까지" in cancelled.subject


def _converted(owner: Caller) -> date:
    subscription = billing.live(owner.tenant_id)
    assert subscription is not None
    assert subscription.converted_on is not None
    return subscription.converted_on


def test_a_company_whose_state_allows_no_end_keeps_no_other_trial_waiting(desk: Office) -> None:
    desk.at(date(2026, 9, 1))
    stuck, other = desk.company("가나건설"), desk.company("다라건설")
    with write() as session:
        session.get_one(Tenant, stuck.tenant_id).state = TenantState.PURGING
    desk.at(date(2026, 10, 2))
    assert billing.end_due() == 1
    assert (_tenant(stuck).state, _tenant(other).state) == (TenantState.PURGING, TenantState.ENDED)


def test_a_company_told_of_after_its_end_opens_no_trial(desk: Office) -> None:
    desk.at(date(2026, 9, 1))
    owner = desk.company()
    desk.at(date(2026, 10, 2))
    assert billing.end_due() == 1
    billing.open_trial(str(uuid4()), owner.tenant_id)
    assert billing.live(owner.tenant_id) is None
