"""A company's own pages of use: how much this month, whose the seats are, and the keys of its programs."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask.typing import ResponseReturnValue

from portal.core import exports, gate
from portal.core.db import write
from portal.core.gate import access, caller
from portal.core.page import page, see_other
from portal.core.settings import settings
from portal.metering import rules, service, viewing
from portal.metering.forms import KeyForm
from portal.tenants import keys as api_keys
from portal.tenants import service as tenants
from portal.tenants.rules import RIGHTS, ROLE_WORDS, Right, may

usage_pages = Blueprint("metering", __name__)
ADMINS = RIGHTS[Right.MEMBERS]
#: The page above this room that tells what the month will cost, when it is there.
ESTIMATE = "billing.estimate"
TABLES = ("days", "people", "meters")


@usage_pages.context_processor
def surroundings() -> dict[str, Any]:
    """The tabs that a caller may open."""
    here = request.endpoint
    tabs = [("사용량", url_for("metering.usage"), here == "metering.usage")]
    if caller().role in ADMINS:
        tabs.append(("이용권", url_for("metering.seats"), here == "metering.seats"))
        tabs.append(("열쇠", url_for("metering.keys"), here in {"metering.keys", "metering.create_key"}))
    return {"tabs": tabs, "in_unit": rules.in_unit}


@usage_pages.get("/usage")
@access("member", roles=viewing.SEES)
def usage() -> ResponseReturnValue:
    return page(
        "metering/usage.html",
        usage=viewing.usage_of(caller().tenant_id, request.args.get("month", ""), request.args.get("meter", "")),
        csv_url=url_for("metering.usage_csv"),
        estimate_url=_estimate_url(),
    )


def _estimate_url() -> str | None:
    """Where the estimate is, for those who may see it."""
    return url_for(ESTIMATE) if gate.may_open(ESTIMATE) else None


@usage_pages.get("/usage.csv")
@access("member", roles=viewing.SEES)
def usage_csv() -> Response:
    """One table of the page, as it is seen."""
    return csv_of(caller().tenant_id)


def csv_of(tenant_id: int) -> Response:
    """The table that the request names, of a company's month."""
    name = request.args.get("table", "")
    name = name if name in TABLES else TABLES[0]
    found = viewing.usage_of(tenant_id, request.args.get("month", ""), request.args.get("meter", ""))
    response = Response(exports.as_csv(*viewing.table_of(found, name)), mimetype="text/csv")
    file_name = f"usage-{found.first:%Y-%m}-{name}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response


@usage_pages.get("/seats")
@access("member", roles=ADMINS)
def seats() -> ResponseReturnValue:
    who = caller()
    held = {seat.person_id: seat for seat in service.open_seats(who.tenant_id)}
    rows = [
        {
            "member": member,
            "seat": held.get(member.person_id),
            "role": ROLE_WORDS[member.role],
            "changes": may(member.role, Right.CHANGE),
        }
        for member in tenants.members(who)
    ]
    most = service.limit(who.tenant_id, service.SEATS)
    return page("metering/seats.html", rows=rows, held=len(held), most=most, may_change=not who.read_only)


@usage_pages.post("/members/<int:membership_id>/seat")
@access("member", roles=ADMINS)
def assign(membership_id: int) -> ResponseReturnValue:
    member = tenants.member_for(caller(), membership_id)
    name = member.person.name
    service.assign(caller(), member.person_id)
    return see_other(url_for("metering.seats"), f"{name}님께 이용권을 드렸습니다.")


@usage_pages.post("/members/<int:membership_id>/seat/release")
@access("member", roles=ADMINS)
def release(membership_id: int) -> ResponseReturnValue:
    member = tenants.member_for(caller(), membership_id)
    name = member.person.name
    service.release(caller(), member.person_id)
    flash(
        f"{name}님의 이용권을 거두었습니다. 보는 일은 그대로 할 수 있습니다.",
        f"undo:{url_for('metering.assign', membership_id=membership_id)}",
    )
    return see_other(url_for("metering.seats"))


@usage_pages.get("/keys")
@access("member", roles=ADMINS)
def keys() -> ResponseReturnValue:
    return _keys(KeyForm())


@usage_pages.post("/keys")
@access("member", roles=ADMINS)
def create_key() -> ResponseReturnValue:
    """Make a key and show it. No 303 here: to show it on another page, the secret would have to be kept somewhere."""
    form = KeyForm(request.form)
    if not form.validate():
        return _keys(form, status=422)
    who = caller()
    with write() as session:
        _, secret = api_keys.create(
            session, "usage", tenant_id=who.tenant_id, label=form.label.data or "", by=who.actor
        )
    return _keys(KeyForm(), secret=secret)


@usage_pages.post("/keys/<int:key_id>/revoke")
@access("member", roles=ADMINS)
def revoke_key(key_id: int) -> ResponseReturnValue:
    key = api_keys.revoke(key_id, caller().tenant_id, caller().actor)
    return see_other(url_for("metering.keys"), f"'{key.label}' 열쇠를 없앴습니다. 이제 이 열쇠로는 보낼 수 없습니다.")


def _keys(form: KeyForm, secret: str = "", status: int = 200) -> ResponseReturnValue:
    who = caller()
    return page(
        "metering/keys.html",
        status=status,
        rows=api_keys.keys_of(who.tenant_id),
        form=form,
        secret=secret,
        tenant_id=who.tenant_id,
        public_url=settings().public_url,
        may_change=not who.read_only,
    )
