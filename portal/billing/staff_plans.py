"""The price list as staff keep it: versions, a new one compared with the one before, and a company's billing details."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from portal.billing import listing, plans
from portal.billing import service as billing
from portal.billing.forms import DetailsForm, VersionForm
from portal.billing.models import Plan, PlanVersion
from portal.billing.rules import wording
from portal.billing.rules.reading import WrongTerms, document, read_terms
from portal.billing.staff import BILLERS
from portal.core import ids
from portal.core.clock import today
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.gate import access, caller
from portal.core.page import page, see_other
from portal.metering import service as metering
from portal.tenants.models import Tenant

plans_staff = Blueprint("plans_staff", __name__, url_prefix="/staff/billing")


@plans_staff.get("/plans")
@access("staff", roles=BILLERS)
def plan_list() -> ResponseReturnValue:
    rows = listing.all_plans()
    if not rows:
        return page("billing/versions.html", plan=None)
    wanted = request.args.get("plan", "")
    return _versions(next((row for row in rows if row.key == wanted), rows[0]), None)


@plans_staff.post("/plans/<plan_key>")
@access("staff", roles=BILLERS)
def publish(plan_key: str) -> ResponseReturnValue:
    """Look at a new version beside the one before, or publish it (`verb`)."""
    plan = next((row for row in listing.all_plans() if row.key == plan_key), None)
    if plan is None:
        raise NotFound
    form = VersionForm(request.form)
    if not form.validate():
        return _versions(plan, form, status=422)
    if request.form.get("verb") != "publish":
        return _versions(plan, form, proposed=form.document())
    version = plans.publish(caller(), plan_key, form.document(), form.offered_from.data)
    return see_other(
        url_for("plans_staff.plan_list", plan=plan_key),
        f"{plan.name} 요금제 {version.number}판을 냈습니다. 지금 쓰는 회사는 쓰던 판을 그대로 씁니다.",
    )


@plans_staff.get("/companies/<int:tenant_id>")
@access("staff", roles=BILLERS)
def details(tenant_id: int) -> ResponseReturnValue:
    tenant = _tenant(tenant_id)
    profile = billing.profile_of(tenant_id)
    form = DetailsForm.of(profile) if profile else DetailsForm(data={"business_number": tenant.business_number})
    return page("billing/details_staff.html", tenant=tenant, form=form)


@plans_staff.post("/companies/<int:tenant_id>")
@access("staff", roles=BILLERS)
def keep_details(tenant_id: int) -> ResponseReturnValue:
    tenant, form = _tenant(tenant_id), DetailsForm(request.form)
    if not form.validate():
        return page("billing/details_staff.html", tenant=tenant, form=form, status=422)
    billing.correct_profile(caller(), tenant_id, form.details())
    return see_other(url_for("plans_staff.details", tenant_id=tenant_id), f"{tenant.name}의 청구 정보를 고쳤습니다.")


def _versions(
    plan: Plan, form: VersionForm | None, *, proposed: dict[str, Any] | None = None, status: int = 200
) -> ResponseReturnValue:
    versions = listing.versions(plan.key)
    newest = versions[0] if versions else None
    if form is None:
        form = VersionForm(
            data={"offered_from": today(), "terms": _written(newest.terms if newest else {"prices": []})}
        )
    chosen = ids.whole(request.args.get("version")) or 0
    shown = next((row for row in versions if row.number == chosen), newest)
    return page(
        "billing/versions.html",
        status=status,
        tabs=[
            (row.name, url_for("plans_staff.plan_list", plan=row.key), row.id == plan.id) for row in listing.all_plans()
        ],
        plan=plan,
        versions=versions,
        users=listing.users([row.id for row in versions]),
        shown=shown,
        prices=_prices(shown),
        written=_written(shown.terms) if shown else "",
        compared=_compared(versions, shown),
        form=form,
        proposal=_proposal(newest, proposed) if proposed is not None else None,
        today=today(),
    )


def _prices(version: PlanVersion | None) -> list[wording.Row]:
    if version is None:
        return []
    terms = plans.terms_of(version)
    return [*wording.price_rows(terms), *wording.limit_rows(terms, metering.LIMITS)]


def _compared(versions: list[PlanVersion], shown: PlanVersion | None) -> list[wording.Change]:
    """What a version changed against the one before it; nothing for the first."""
    before = next((row for row in versions if shown is not None and row.number == shown.number - 1), None)
    return wording.changes(before.terms, shown.terms) if before is not None and shown is not None else []


def _proposal(newest: PlanVersion | None, proposed: dict[str, Any]) -> dict[str, object]:
    try:
        terms = read_terms(proposed)
    except WrongTerms:  # the form said so already
        return {"changes": [], "prices": [], "same": False}
    found = wording.changes(newest.terms if newest else None, document(terms))
    prices = [*wording.price_rows(terms), *wording.limit_rows(terms, metering.LIMITS)]
    return {"changes": found, "prices": prices, "same": not found}


def _written(terms: dict[str, Any]) -> str:
    return json.dumps(terms, ensure_ascii=False, indent=2)


def _tenant(tenant_id: int) -> Tenant:
    tenant = db.session.get(Tenant, tenant_id)
    if tenant is None:
        raise NotFound
    return tenant
