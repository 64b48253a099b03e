"""A company's own log: how its people signed in, and when support was in it, why, and what it saw."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from portal.core import ids
from portal.core.gate import access, caller
from portal.core.page import page, see_other
from portal.duties import rules, service
from portal.tenants import grants
from portal.tenants.rules import RIGHTS, Right

duties = Blueprint("duties", __name__, url_prefix="/company/log")
MEMBERS = RIGHTS[Right.MEMBERS]
SHOWN = 50


@duties.get("")
@access("member", roles=MEMBERS)
def log() -> ResponseReturnValue:
    before = ids.whole(request.args.get("before")) or 0
    rows = service.logins_of_company(caller(), SHOWN + 1, before)
    visits = grants.visits(caller().tenant_id)
    return page(
        "duties/log.html",
        logins=rows[:SHOWN],
        more=rows[SHOWN - 1][0].id if len(rows) > SHOWN else None,
        before=before,
        visits=visits,
        seen=service.seen_during(visit.id for visit in visits),
        place=rules.place,
        subject=rules.subject,
    )


@duties.post("/visits/<int:grant_id>/end")
@access("member", roles=MEMBERS, when_read_only=True)
def end_visit(grant_id: int) -> ResponseReturnValue:
    """Support has to go, now."""
    grants.turn_out(caller(), grant_id)
    return see_other(url_for("duties.log"), "지원 담당을 내보냈습니다. 다시 들어오려면 까닭을 새로 적어야 합니다.")
