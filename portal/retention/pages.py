"""A company's own page of its data: what becomes of it, when, and all of it to take along."""

from __future__ import annotations

from flask import Blueprint, Response, stream_with_context
from flask.typing import ResponseReturnValue

from portal.core import audit, exports
from portal.core.clock import today
from portal.core.db import write
from portal.core.errors import NotFound
from portal.core.gate import access, caller
from portal.core.page import page
from portal.retention import export, rules, service
from portal.retention.models import CASE
from portal.tenants import service as tenants
from portal.tenants.rules import RIGHTS, Right

retention = Blueprint("retention", __name__)
OWNERS = RIGHTS[Right.OWN]


@retention.get("/data")
@access("member", roles=OWNERS, when_closed=True)
def data() -> ResponseReturnValue:
    tenant = tenants.tenant_for(caller())
    return page(
        "retention/data.html",
        tenant=tenant,
        case=service.live_case(tenant.id),
        machine=CASE,
        now_day=today(),
        policies=rules.POLICIES,
        span=rules.span(paid=tenant.subscribed_at is not None),
    )


@retention.get("/data/everything.zip")
@access("member", roles=OWNERS, when_closed=True)
def everything() -> ResponseReturnValue:
    """All of it in one file, made while it is sent."""
    tenant = tenants.tenant_for(caller())
    if not tenant.has_database:
        raise NotFound
    with write() as session:
        audit.record(session, "data.export", actor=caller().actor, subject=f"tenant:{tenant.id}", tenant_id=tenant.id)
    answer = Response(stream_with_context(export.everything(tenant)), mimetype="application/zip")
    answer.headers["Content-Disposition"] = exports.disposition(f"{tenant.name}-자료.zip")
    answer.headers["Cache-Control"] = "no-store"
    return answer
