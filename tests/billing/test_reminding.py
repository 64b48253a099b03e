"""The end of a trial is told a week and a day before it, once each, to those who may choose a plan."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select

from portal.billing import reminding
from portal.billing import service as billing
from portal.core.db import db
from portal.core.gate import Caller
from portal.core.mail import Mail
from portal.tenants.models import Tenant
from tests.billing.office import DETAILS, Office

BEGUN = date(2026, 10, 1)


def _mails() -> list[Mail]:
    return list(db.session.scalars(select(Mail).where(Mail.template == "trial_ending").order_by(Mail.id)))


def _end(owner: Caller) -> date:
    ends_on = db.session.get_one(Tenant, owner.tenant_id, populate_existing=True).trial_ends_on
    assert ends_on is not None
    return ends_on


def test_a_trial_is_told_of_a_week_and_a_day_before_its_end_once_each(desk: Office) -> None:
    desk.at(BEGUN)
    owner = desk.company("한빛종합건설", BEGUN)
    end = _end(owner)
    for before, sent in ((8, 0), (7, 1), (6, 1), (2, 1), (1, 2), (0, 2)):
        desk.at(end - timedelta(days=before))
        for _ in range(2):
            reminding.remind_due()
        assert len(_mails()) == sent, before
    assert f"{end:%Y.%m.%d}" in _mails()[0].subject


def test_after_a_week_without_a_clock_it_is_told_of_once(desk: Office) -> None:
    desk.at(BEGUN)
    owner = desk.company("한빛종합건설", BEGUN)
    desk.at(_end(owner) - timedelta(days=1))
    assert reminding.remind_due() == 1
    assert reminding.remind_due() == 0


def test_who_has_chosen_a_plan_is_not_told_of_the_trials_end(desk: Office) -> None:
    desk.at(BEGUN)
    owner = desk.company("한빛종합건설", BEGUN)
    end = _end(owner)
    billing.convert(owner, "team", DETAILS)
    desk.at(end - timedelta(days=1))
    assert reminding.remind_due() == 0
