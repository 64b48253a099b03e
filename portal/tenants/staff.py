"""Staff of support enter a company, and leave it."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask import session as browser_session
from flask.typing import ResponseReturnValue

from portal.accounts import device_keys
from portal.core import sessions
from portal.core.errors import Refusal
from portal.core.gate import access, caller
from portal.core.page import see_other
from portal.tenants import grants, service

tenants_staff = Blueprint("tenants_staff", __name__, url_prefix="/staff")


@tenants_staff.post("/tenants/<int:tenant_id>/enter")
@access("staff", roles=grants.MAY_ENTER)
def enter(tenant_id: int) -> ResponseReturnValue:
    """The rights are others inside, so the session gets a new id. One that is made anew of its device is inside as well: else
    the company would read that support is there, and support would see no banner and no way out.
    """
    try:
        grant = grants.enter(caller(), tenant_id, request.form.get("reason", ""))
    except Refusal as refusal:
        if refusal.status == 404:  # noqa: PLR2004 - there is no page to go back to
            raise
        return see_other(f"/staff/tenants/{tenant_id}", f"{refusal.message} {refusal.next_step}")
    sessions.renew()
    browser_session[service.ACTING] = grant.id
    device_keys.keep(caller().device_id, **{service.ACTING: grant.id})
    return see_other(url_for("tenants.company"), f"{grant.tenant.name}에 들어왔습니다. 보신 화면은 기록됩니다.")


@tenants_staff.post("/leave")
@access("staff")
def leave() -> ResponseReturnValue:
    """Out of the company that support is in."""
    tenant_id = caller().tenant_id if caller().acting else 0
    grants.leave(caller())
    sessions.renew()
    browser_session.pop(service.ACTING, None)
    device_keys.keep(caller().device_id, **{service.ACTING: None})
    return see_other(f"/staff/tenants/{tenant_id}" if tenant_id else "/staff", "회사에서 나왔습니다.")
