"""Staff's side of metering: the meters there are, the house's own keys, and one company's usage."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from portal.core.db import db, write
from portal.core.errors import NotFound, Refusal
from portal.core.gate import access, caller
from portal.core.page import page, see_other
from portal.metering import catalogue, viewing
from portal.metering import service as metering
from portal.metering.forms import AGGREGATIONS, HouseKeyForm, MeterForm
from portal.metering.models import Aggregation
from portal.metering.pages import csv_of
from portal.tenants import keys as api_keys
from portal.tenants.models import Tenant

usage_staff = Blueprint("metering_staff", __name__, url_prefix="/staff")
BUILDERS = frozenset({"admin", "developer"})
SEES = frozenset({"billing", "support", "developer", "admin"})


@usage_staff.get("/meters")
@access("staff", roles=BUILDERS)
def meters() -> ResponseReturnValue:
    return _meters(MeterForm())


@usage_staff.post("/meters")
@access("staff", roles=BUILDERS)
def add_meter() -> ResponseReturnValue:
    form = MeterForm(request.form)
    if not form.validate():
        return _meters(form, status=422)
    wanted = catalogue.Wanted(
        form.key.data or "",
        form.name.data or "",
        form.unit.data or "",
        form.scale.data or 1,
        Aggregation(form.aggregation.data),
    )
    try:
        meter = catalogue.add(caller(), wanted)
    except Refusal as refusal:
        form.key.errors = [f"{refusal.message} {refusal.next_step}"]
        return _meters(form, status=422)
    return see_other(url_for("metering_staff.meters"), f"'{meter.name}' 계량기를 더했습니다.")


@usage_staff.post("/meters/<key>/retire")
@access("staff", roles=BUILDERS)
def retire_meter(key: str) -> ResponseReturnValue:
    meter = catalogue.retire(caller(), key)
    return see_other(
        url_for("metering_staff.meters"), f"'{meter.name}' 계량기를 그만 씁니다. 지금까지 센 것은 남습니다."
    )


@usage_staff.post("/meters/<key>/resume")
@access("staff", roles=BUILDERS)
def resume_meter(key: str) -> ResponseReturnValue:
    meter = catalogue.resume(caller(), key)
    return see_other(url_for("metering_staff.meters"), f"'{meter.name}' 계량기를 다시 씁니다.")


@usage_staff.get("/keys")
@access("staff", roles=BUILDERS)
def keys() -> ResponseReturnValue:
    return _keys(HouseKeyForm())


@usage_staff.post("/keys")
@access("staff", roles=BUILDERS)
def create_key() -> ResponseReturnValue:
    """Make a key of the house and show it this once; see the customers' page for why this answers itself."""
    form = HouseKeyForm(request.form)
    if not form.validate():
        return _keys(form, status=422)
    with write() as session:
        _, secret = api_keys.create(
            session, form.scope.data, tenant_id=None, label=form.label.data or "", by=caller().actor
        )
    return _keys(HouseKeyForm(), secret=secret)


@usage_staff.post("/keys/<int:key_id>/revoke")
@access("staff", roles=BUILDERS)
def revoke_key(key_id: int) -> ResponseReturnValue:
    key = api_keys.revoke(key_id, None, caller().actor)
    return see_other(url_for("metering_staff.keys"), f"'{key.label}' 열쇠를 없앴습니다.")


@usage_staff.get("/tenants/<int:tenant_id>/usage")
@access("staff", roles=SEES)
def usage(tenant_id: int) -> ResponseReturnValue:
    tenant = _tenant(tenant_id)
    return page(
        "metering/usage_staff.html",
        tenant=tenant,
        usage=viewing.usage_of(tenant.id, request.args.get("month", ""), request.args.get("meter", "")),
        csv_url=url_for("metering_staff.usage_csv", tenant_id=tenant.id),
        estimate_url=None,
    )


@usage_staff.get("/tenants/<int:tenant_id>/usage.csv")
@access("staff", roles=SEES)
def usage_csv(tenant_id: int) -> Response:
    return csv_of(_tenant(tenant_id).id)


def _tenant(tenant_id: int) -> Tenant:
    tenant = db.session.get(Tenant, tenant_id) if tenant_id < 2**31 else None
    if tenant is None:
        raise NotFound
    return tenant


def _meters(form: MeterForm, status: int = 200) -> ResponseReturnValue:
    return page(
        "metering/meters.html",
        status=status,
        rows=list(metering.meters(retired=True).values()),
        form=form,
        own=catalogue.OWN,
        words=AGGREGATIONS,
    )


def _keys(form: HouseKeyForm, secret: str = "", status: int = 200) -> ResponseReturnValue:
    return page(
        "metering/keys_staff.html",
        status=status,
        rows=api_keys.keys_of(None),
        form=form,
        secret=secret,
        scopes=api_keys.SCOPES,
    )
