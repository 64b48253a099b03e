"""What a company has agreed to: the trial that opens with it, the plan it chooses, changes of it, and its end.

An upgrade holds from the day it is chosen, as a phase of its own; a downgrade from the next period. Days are Seoul days.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from portal.billing import plans
from portal.billing.models import (
    SUBSCRIPTION,
    BillingProfile,
    Evidence,
    PayBy,
    PlanVersion,
    Subscription,
    SubscriptionPhase,
    SubscriptionState,
)
from portal.billing.rules.terms import Phase, Terms
from portal.core import audit, mail
from portal.core.clock import SEOUL, now, today
from portal.core.db import db, write
from portal.core.errors import Forbidden, NotFound, Refusal
from portal.core.gate import Caller
from portal.core.outbox import once, publish
from portal.metering import service as metering
from portal.tenants import rules as tenant_rules
from portal.tenants import service as tenants
from portal.tenants.models import Tenant, TenantState

log = logging.getLogger("planroom.billing")

S = SubscriptionState
LIVE = (S.TRIALING, S.ACTIVE, S.PAST_DUE, S.ENDING)
PAYING = (S.ACTIVE, S.PAST_DUE, S.ENDING)
#: Companies of these states have no agreement any more.
OVER = frozenset({TenantState.ENDED, TenantState.RETAINED, TenantState.PURGING, TenantState.PURGED})


@dataclass(frozen=True, slots=True)
class Details:
    """Whom the invoices are for: what a company fills in when it chooses a plan."""

    name: str
    business_number: str
    ceo: str
    address: str
    business_type: str
    business_class: str
    contact_name: str
    emails: tuple[str, ...]
    phone: str
    evidence: Evidence = Evidence.TAX_INVOICE_FIRST
    pay_by: PayBy = PayBy.TRANSFER


def live(tenant_id: int) -> Subscription | None:
    """The company's agreement that has not ended."""
    query = select(Subscription).where(Subscription.tenant_id == tenant_id, Subscription.state.in_(LIVE))
    return db.session.scalar(query)


def newest(tenant_id: int) -> Subscription | None:
    """The company's newest agreement, ended or not."""
    query = select(Subscription).where(Subscription.tenant_id == tenant_id).order_by(Subscription.id.desc())
    return db.session.scalars(query.limit(1)).first()


def profile_of(tenant_id: int) -> BillingProfile | None:
    """Whom the company's invoices are for; None until it has said so."""
    return db.session.get(BillingProfile, tenant_id)


def evidence_of(tenant_ids: Iterable[int]) -> dict[int, Evidence]:
    """What each company takes as the proof of its invoices; of those that have said whom these are for."""
    query = select(BillingProfile.tenant_id, BillingProfile.evidence).where(BillingProfile.tenant_id.in_(tenant_ids))
    return {row.tenant_id: Evidence(row.evidence) for row in db.session.execute(query)}


def phases(subscription: Subscription) -> list[Phase]:
    """The agreement's phases for rating, each until the next one or the agreement's end."""
    rows = subscription.phases
    ends = [row.from_on for row in rows[1:]] + [subscription.ends_on]
    return [
        Phase(plans.label(row.plan_version), plans.terms_of(row.plan_version), row.from_on, until)
        for row, until in zip(rows, ends, strict=True)
        if until is None or until > row.from_on
    ]


def current_version(subscription: Subscription, day: date | None = None) -> PlanVersion:
    """The plan version that holds on `day` (today)."""
    day = day or today()
    holding = [row for row in subscription.phases if row.from_on <= day]
    return (holding[-1] if holding else subscription.phases[0]).plan_version


def next_version(subscription: Subscription) -> PlanVersion | None:
    """The cheaper plan version chosen for the next period, if any."""
    chosen = subscription.next_plan_version_id
    return db.session.get(PlanVersion, chosen) if chosen is not None else None


# ----- beginning -----------------------------------------------------------------------------------------------------


def open_trial(event_id: str, tenant_id: int) -> None:
    """The trial agreement of a company that has just been opened."""
    with write() as session:
        if not once(session, event_id, "billing.open_trial") or live(tenant_id) is not None:
            return
        tenant = session.get_one(Tenant, tenant_id)
        if tenant.state in OVER:
            return  # told so late that the company has gone meanwhile
        opened = (tenant.opened_at or now()).astimezone(SEOUL).date()
        version = plans.version_on(plans.TRIAL, opened)
        subscription = Subscription(
            tenant_id=tenant_id, state=S.TRIALING, started_on=opened, state_since=now(), created_at=now()
        )
        session.add(subscription)
        session.flush()
        session.add(SubscriptionPhase(subscription_id=subscription.id, plan_version_id=version.id, from_on=opened))
        _entitle(session, subscription, plans.terms_of(version))


def convert(who: Caller, plan_key: str, details: Details) -> Subscription:
    """Choose a plan after the trial, also while the company's data is only kept. Paid for from today on."""
    _only_payers(who)
    with write() as session:
        tenant = _locked(session, who.tenant_id)
        _offered(plan_key)
        day = today()
        version = plans.version_on(plan_key, day)
        subscription = _taken_up(session, tenant)
        SUBSCRIPTION.move(session, subscription, "convert", by=who.actor, converted_on=day, state_since=now())
        _phase(session, subscription, version, day)
        _keep_profile(session, who, who.tenant_id, details)
        tenants.activate(session, tenant.id, who.actor)
        _entitle(session, subscription, plans.terms_of(version))
        tell_payer(session, tenant.id, "agreement_begun", subscription=subscription, plan=version.plan)
        publish(session, "subscription.activated", tenant.id)
        return subscription


def _taken_up(session: Session, tenant: Tenant) -> Subscription:
    """The agreement to convert: the running trial, or a new one for a company that comes back after its end."""
    subscription = live(tenant.id)
    if subscription is not None:
        return subscription
    if tenant.state not in {TenantState.ENDED, TenantState.RETAINED}:
        raise Refusal("지금은 이용권을 고를 수 없습니다.", "회사가 열린 뒤 다시 골라 주십시오.")
    subscription = Subscription(
        tenant_id=tenant.id, state=S.TRIALING, started_on=today(), state_since=now(), created_at=now()
    )
    session.add(subscription)
    session.flush()
    return subscription


# ----- changes -------------------------------------------------------------------------------------------------------


def change_plan(who: Caller, plan_key: str) -> Subscription:
    """Another plan: a dearer one from today, a cheaper one from the first of next month."""
    _only_payers(who)
    with write() as session:
        _locked(session, who.tenant_id)
        _offered(plan_key)
        subscription = _paying(who.tenant_id)
        version = plans.version_on(plan_key, today())
        if version.id == current_version(subscription).id and subscription.next_plan_version_id is None:
            raise Refusal("이미 쓰고 있는 요금제입니다.", "다른 요금제를 골라 주십시오.", 422)
        at_once = is_upgrade(subscription, version)
        if at_once:
            subscription.next_plan_version_id = None
            _phase(session, subscription, version, today())
            _entitle(session, subscription, plans.terms_of(version))
        else:
            subscription.next_plan_version_id = version.id
        from_on = today() if at_once else first_of_next(today())
        tell_payer(session, who.tenant_id, "agreement_changed", plan=version.plan, from_on=from_on, at_once=at_once)
        _note(session, who, subscription, "change_plan", plan=plans.label(version))
        return subscription


def is_upgrade(subscription: Subscription, version: PlanVersion) -> bool:
    """Whether a version stands later in the price list than the one that holds: it then holds at once."""
    return version.plan.position >= current_version(subscription).plan.position


def cancel(who: Caller) -> Subscription:
    """End the agreement with the running month. It can be taken back until then."""
    _only_payers(who)
    with write() as session:
        subscription = _paying(who.tenant_id)
        ends = first_of_next(today())
        SUBSCRIPTION.move(session, subscription, "cancel", by=who.actor, ends_on=ends, state_since=now())
        tell_payer(session, who.tenant_id, "agreement_cancelled", last_day=ends - timedelta(days=1))
        return subscription


def keep(who: Caller) -> Subscription:
    """Take a cancellation back."""
    _only_payers(who)
    with write() as session:
        subscription = _paying(who.tenant_id)
        SUBSCRIPTION.move(session, subscription, "keep", by=who.actor, ends_on=None, state_since=now())
        tell_payer(session, who.tenant_id, "agreement_kept")
        return subscription


def update_profile(who: Caller, details: Details) -> BillingProfile:
    """Change whom the next invoices are for, and how they are paid. Numbered invoices stay as they are."""
    _only_payers(who)
    with write() as session:
        return _keep_profile(session, who, who.tenant_id, details)


def correct_profile(who: Caller, tenant_id: int, details: Details) -> BillingProfile:
    """The same by staff of billing for a company that told them, e.g. so that a stuck close can go on."""
    if not who.staff_roles & {"billing", "admin"}:
        raise Forbidden
    with write() as session:
        _locked(session, tenant_id)
        return _keep_profile(session, who, tenant_id, details)


# ----- ends, by the schedule -----------------------------------------------------------------------------------------


def end_due() -> int:
    """End trials that were not converted and agreements that were cancelled, and begin chosen downgrades. Returns how many."""
    count = 0
    moment, day = now(), today()
    trials = (
        select(Subscription.id).join(Tenant).where(Subscription.state == S.TRIALING, Tenant.trial_ends_at <= moment)
    )
    count += _each(trials, _lapse)
    ending = select(Subscription.id).where(Subscription.state == S.ENDING, Subscription.ends_on <= day)
    count += _each(ending, _end)
    waiting = select(Subscription.id).where(
        Subscription.state.in_(PAYING), Subscription.next_plan_version_id.is_not(None)
    )
    for subscription_id in list(db.session.scalars(waiting)) if day.day == 1 else []:
        count += _begin_next(subscription_id, day)
    return count


def _each(which: Select[int], act: Callable[[int], int]) -> int:
    """Do `act` for each; a company whose state does not allow it keeps none of the others waiting."""
    count = 0
    for subscription_id in db.session.scalars(which).all():
        try:
            count += act(subscription_id)
        except Refusal as refusal:
            log.warning("subscription %s could not be ended: %s", subscription_id, refusal.message)
    return count


def _lapse(subscription_id: int) -> int:
    with write() as session:
        subscription = session.get_one(Subscription, subscription_id, with_for_update=True, populate_existing=True)
        tenant = _locked(session, subscription.tenant_id)
        if subscription.state != S.TRIALING or tenant.trial_ends_at is None or tenant.trial_ends_at > now():
            return 0
        SUBSCRIPTION.move(session, subscription, "lapse", by="schedule", ends_on=today(), state_since=now())
        tenants.end(session, tenant.id, "schedule")
        publish(session, "subscription.lapsed", tenant.id)
        return 1


def _end(subscription_id: int) -> int:
    with write() as session:
        subscription = session.get_one(Subscription, subscription_id, with_for_update=True, populate_existing=True)
        if subscription.state != S.ENDING or subscription.ends_on is None or subscription.ends_on > today():
            return 0
        SUBSCRIPTION.move(session, subscription, "end", by="schedule", state_since=now())
        tenants.end(session, subscription.tenant_id, "schedule")
        publish(session, "subscription.ended", subscription.tenant_id)
        return 1


def _begin_next(subscription_id: int, day: date) -> int:
    with write() as session:
        subscription = session.get_one(Subscription, subscription_id, with_for_update=True, populate_existing=True)
        if subscription.next_plan_version_id is None:
            return 0
        version = session.get_one(PlanVersion, subscription.next_plan_version_id)
        subscription.next_plan_version_id = None
        _phase(session, subscription, version, day)
        _entitle(session, subscription, plans.terms_of(version))
        return 1


# ----- parts ---------------------------------------------------------------------------------------------------------


def first_of_next(day: date) -> date:
    """The first day of the month after `day`'s."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _phase(session: Session, subscription: Subscription, version: PlanVersion, day: date) -> None:
    """`version` holds from `day` on; chosen twice on one day, the last choice holds."""
    session.flush()
    same = update(SubscriptionPhase).where(
        SubscriptionPhase.subscription_id == subscription.id, SubscriptionPhase.from_on == day
    )
    if not getattr(session.execute(same.values(plan_version_id=version.id)), "rowcount", 0):
        session.add(SubscriptionPhase(subscription_id=subscription.id, plan_version_id=version.id, from_on=day))
    session.flush()
    session.expire(subscription, ["phases"])


def tell_payer(session: Session, tenant_id: int, template: str, **values: object) -> None:
    """Mail those whom the company's invoices are for; nobody, until it has said who they are."""
    profile = profile_of(tenant_id)
    for address in profile.emails if profile is not None else []:
        mail.post(session, address, template, profile=profile, **values)


def _entitle(session: Session, subscription: Subscription, terms: Terms) -> None:
    metering.set_entitlements(session, subscription.tenant_id, terms.limits, f"subscription:{subscription.id}")


def _keep_profile(session: Session, who: Caller, tenant_id: int, details: Details) -> BillingProfile:
    profile = session.get(BillingProfile, tenant_id)
    if profile is None:
        profile = BillingProfile(tenant_id=tenant_id)
        session.add(profile)
    for name in Details.__slots__:
        value = getattr(details, name)
        setattr(profile, name, list(value) if name == "emails" else value)
    profile.updated_at = now()
    audit.record(
        session,
        "billing_profile.update",
        actor=who.actor,
        subject=f"tenant:{tenant_id}",
        tenant_id=tenant_id,
        evidence=str(details.evidence),
        pay_by=str(details.pay_by),
    )
    return profile


def _offered(plan_key: str) -> None:
    if plan_key not in {offer.plan.key for offer in plans.offers()}:
        raise NotFound


def _paying(tenant_id: int) -> Subscription:
    subscription = live(tenant_id)
    if subscription is None or subscription.state not in PAYING:
        raise Refusal("이용 중인 이용권이 없습니다.", "먼저 요금제를 골라 주십시오.")
    return subscription


def _locked(session: Session, tenant_id: int) -> Tenant:
    return session.get_one(Tenant, tenant_id, with_for_update=True, populate_existing=True)


def _only_payers(who: Caller) -> None:
    if not tenant_rules.may(who.role, tenant_rules.Right.BILLING):
        raise Forbidden


def _note(session: Session, who: Caller, subscription: Subscription, verb: str, *, plan: str) -> None:
    audit.record(
        session,
        f"subscription.{verb}",
        actor=who.actor,
        subject=f"subscription:{subscription.id}",
        tenant_id=subscription.tenant_id,
        plan=plan,
    )
