"""The last days of a trial: those who may choose a plan are told a week and a day before it ends, by mail and on their pages."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.billing.models import Subscription, SubscriptionState
from portal.core import mail
from portal.core.clock import now, today
from portal.core.db import db, write
from portal.tenants import service as tenants
from portal.tenants.models import Tenant, TenantState
from portal.tenants.rules import ENDS_SOON, RIGHTS, Right

#: Days before the end of a trial on which it is told; on pages it stands from the first of them on.
DAYS_BEFORE = (ENDS_SOON.days, 1)


def remind_due() -> int:
    """Tell of the trials that end soon; for the schedule. Each is told once for each of DAYS_BEFORE. Returns how many."""
    moment = now()
    ending = (
        select(Subscription.id)
        .join(Tenant)
        .where(
            Subscription.state == SubscriptionState.TRIALING,
            Tenant.state == TenantState.TRIAL,
            Tenant.trial_ends_at > moment,
            Tenant.trial_ends_at < moment + timedelta(days=max(DAYS_BEFORE) + 1),
        )
    )
    return sum(_remind(subscription_id) for subscription_id in db.session.scalars(ending).all())


def step_of(ends_on: date, day: date) -> date | None:
    """The newest day up to `day` on which a trial that ends on `ends_on` is to be told of; None when none has come yet."""
    passed = [told for before in DAYS_BEFORE if (told := ends_on - timedelta(days=before)) <= day]
    return max(passed, default=None)


def _remind(subscription_id: int) -> bool:
    with write() as session:
        subscription = session.get_one(Subscription, subscription_id, with_for_update=True, populate_existing=True)
        tenant = session.get_one(Tenant, subscription.tenant_id)
        ends_on = tenant.trial_ends_on
        if ends_on is None or subscription.state != SubscriptionState.TRIALING:
            return False
        step, told = step_of(ends_on, today()), subscription.reminded_on
        if step is None or (told is not None and told >= step):
            return False
        subscription.reminded_on = today()
        _tell(session, tenant, ends_on=ends_on)
        return True


def _tell(session: Session, tenant: Tenant, **values: object) -> None:
    for address in tenants.emails_of(session, tenant.id, RIGHTS[Right.BILLING]):
        mail.post(session, address, "trial_ending", tenant=tenant, ends_at=tenant.trial_ends_at, **values)
