"""Choosing: the plans with what they would cost, beginning one, changing it, ending it, and whom the invoices are for."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from portal.billing import listing, quoting
from portal.billing import service as billing
from portal.billing.forms import DetailsForm
from portal.billing.models import SUBSCRIPTION, PayBy, Subscription, SubscriptionState
from portal.billing.pages import PAYERS
from portal.billing.plans import Offer
from portal.billing.rules import wording
from portal.billing.rules.totals import totals
from portal.core.clock import today
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.gate import access, caller
from portal.core.page import page, see_other
from portal.metering import service as metering
from portal.tenants.models import Tenant
from portal.trials.models import Application

plan_pages = Blueprint("plans", __name__)
S = SubscriptionState


@plan_pages.get("/plans")
@access("member", roles=PAYERS, when_closed=True)
def plans() -> ResponseReturnValue:
    """What there is to choose, with what each would have cost for this month's use."""
    subscription = billing.newest(caller().tenant_id)
    live = subscription is not None and subscription.state != S.ENDED
    quotes = quoting.quotes_for(subscription, today()) if live and subscription is not None else {}
    return page(
        "billing/plans.html",
        subscription=subscription,
        live=live,
        paying=_paying(subscription),
        look=SUBSCRIPTION.look(subscription.state) if subscription is not None else None,
        current=billing.current_version(subscription) if subscription is not None else None,
        coming=billing.next_version(subscription) if subscription is not None else None,
        next_month=billing.month(today()).to_date,
        expected=totals(billing.expected(subscription, today()).lines) if subscription is not None and live else None,
        tenant=db.session.get_one(Tenant, caller().tenant_id),
        can_cancel=subscription is not None and SUBSCRIPTION.allows(subscription.state, "cancel"),
        can_keep=subscription is not None and SUBSCRIPTION.allows(subscription.state, "keep"),
        profile=billing.profile_of(caller().tenant_id),
        cards=[_card(offer, quotes.get(offer.plan.key)) for offer in billing.offers()],
    )


@plan_pages.get("/plans/<plan_key>")
@access("member", roles=PAYERS, when_closed=True)
def plan(plan_key: str) -> ResponseReturnValue:
    """One plan before it is chosen: what happens when, and for a company that does not pay yet the billing details."""
    return _plan(_offer(plan_key), details_form())


@plan_pages.post("/plans/<plan_key>/convert")
@access("member", roles=PAYERS, when_read_only=True, when_closed=True)
def convert(plan_key: str) -> ResponseReturnValue:
    form = DetailsForm(request.form)
    offer = _offer(plan_key)
    if not form.validate():
        return _plan(offer, form, status=422)
    details = form.details()
    billing.convert(caller(), plan_key, details)
    begun = f"{offer.plan.name} 요금제를 시작했습니다."
    if details.pay_by == PayBy.CARD:
        return see_other(url_for("payments.methods"), f"{begun} 이제 자동결제할 카드를 등록해 주십시오.")
    return see_other(url_for("plans.plans"), f"{begun} 첫 청구서는 다음 달 초에 나옵니다.")


@plan_pages.post("/plans/<plan_key>/change")
@access("member", roles=PAYERS, when_read_only=True, when_closed=True)
def change(plan_key: str) -> ResponseReturnValue:
    offer = _offer(plan_key)
    subscription = billing.change_plan(caller(), plan_key)
    when = f"{billing.month(today()).to_date:%Y.%m.%d}부터" if subscription.next_plan_version_id else "오늘부터"
    return see_other(url_for("plans.plans"), f"{when} {offer.plan.name} 요금제를 씁니다.")


@plan_pages.post("/plans/cancel")
@access("member", roles=PAYERS, when_read_only=True, when_closed=True)
def cancel() -> ResponseReturnValue:
    subscription = billing.cancel(caller())
    return see_other(
        url_for("plans.plans"), f"{subscription.ends_on:%Y.%m.%d}에 해지합니다. 그 전에 언제든 거둘 수 있습니다."
    )


@plan_pages.post("/plans/keep")
@access("member", roles=PAYERS, when_read_only=True, when_closed=True)
def keep() -> ResponseReturnValue:
    billing.keep(caller())
    return see_other(url_for("plans.plans"), "해지를 거두었습니다. 이용권을 그대로 씁니다.")


@plan_pages.get("/billing-details")
@access("member", roles=PAYERS, when_closed=True)
def details() -> ResponseReturnValue:
    return page("billing/details.html", form=details_form())


@plan_pages.post("/billing-details")
@access("member", roles=PAYERS, when_read_only=True, when_closed=True)
def keep_details() -> ResponseReturnValue:
    form = DetailsForm(request.form)
    if not form.validate():
        return page("billing/details.html", form=form, status=422)
    billing.update_profile(caller(), form.details())
    return see_other(url_for("plans.details"), "청구 정보를 고쳤습니다. 다음 청구서부터 적용합니다.")


def details_form() -> DetailsForm:
    """The billing details as they were given, or as far as the application told them."""
    who = caller()
    profile = billing.profile_of(who.tenant_id)
    if profile is not None:
        return DetailsForm.of(profile)
    tenant = db.session.get_one(Tenant, who.tenant_id)
    query = select(Application).where(Application.tenant_id == tenant.id).order_by(Application.id.desc())
    told = db.session.scalars(query.limit(1)).first()
    return DetailsForm(
        data={
            "name": told.company if told else tenant.name,
            "business_number": tenant.business_number,
            "ceo": told.ceo if told else "",
            "contact_name": who.person_name,
            "emails": who.email,
            "phone": told.phone if told else "",
        }
    )


def _plan(offer: Offer, form: DetailsForm, status: int = 200) -> ResponseReturnValue:
    subscription = billing.live(caller().tenant_id)
    quote = quoting.quotes_for(subscription, today()).get(offer.plan.key) if subscription is not None else None
    paying = _paying(subscription)
    upgrade = subscription is not None and paying and billing.is_upgrade(subscription, offer.version)
    current = billing.current_version(subscription) if subscription is not None else None
    return page(
        "billing/plan.html",
        status=status,
        card=_card(offer, quote),
        form=form,
        paying=paying,
        upgrade=upgrade,
        current=current,
        same=current is not None and current.id == offer.version.id,
        lines=listing.in_words(quote.lines) if quote else [],
        foot=quote.totals if quote else None,
        today=today(),
        month=billing.month(today()),
    )


def _card(offer: Offer, quote: quoting.Quote | None) -> dict[str, object]:
    """A plan as its card shows it."""
    amount, per = wording.headline(offer.terms)
    return {
        "key": offer.plan.key,
        "name": offer.plan.name,
        "summary": offer.plan.summary,
        "version": offer.version,
        "amount": wording.plain(amount),
        "per": per,
        "prices": wording.price_rows(offer.terms),
        "limits": wording.limit_rows(offer.terms, metering.LIMITS),
        "quote": quote,
    }


def _offer(plan_key: str) -> Offer:
    offer = next((offer for offer in billing.offers() if offer.plan.key == plan_key), None)
    if offer is None:
        raise NotFound
    return offer


def _paying(subscription: Subscription | None) -> bool:
    return subscription is not None and subscription.state in billing.PAYING
