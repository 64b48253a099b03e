"""Staff's countdown: what will be destroyed when and why, the word of two people, holds, the register of certificates."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.wrappers import Response

from portal.billing.pages import a_pdf
from portal.core.clock import today
from portal.core.db import db
from portal.core.errors import NotFound, Refusal
from portal.core.gate import Caller, access, caller
from portal.core.page import page, see_other
from portal.core.settings import settings
from portal.retention import pdf, rules, service
from portal.retention.cases import STAFF
from portal.retention.models import CASE, CaseState, Certificate

retention_staff = Blueprint("retention_staff", __name__, url_prefix="/staff/retention")


def waiting_count(_who: Caller) -> int:
    """How many cases wait for somebody's word: the number in the rail."""
    counts = service.counts()
    return counts.get(CaseState.DUE, 0) + counts.get(CaseState.ASKED, 0)


@retention_staff.get("")
@access("staff", roles=STAFF)
def cases() -> ResponseReturnValue:
    show = request.args.get("show", "")
    counts = service.counts()
    chips = [("", "진행 중", sum(counts.get(state, 0) for state in CaseState if state not in {"destroyed", "ended"}))]
    chips += [(str(state), CASE.look(state).word, counts.get(state, 0)) for state in CaseState]
    return page(
        "retention/cases.html", rows=service.cases(show), chips=chips, show=show, machine=CASE, today=today(),
        certificates=service.certificates(), kept=service.kept(), policies=rules.POLICIES,
    )  # fmt: skip


@retention_staff.get("/<int:case_id>")
@access("staff", roles=STAFF)
def case(case_id: int) -> ResponseReturnValue:
    return _case(case_id)


@retention_staff.post("/<int:case_id>/ask")
@access("staff", roles=STAFF)
def ask(case_id: int) -> ResponseReturnValue:
    try:
        service.ask(caller(), case_id, request.form.get("name", ""))
    except Refusal as refusal:
        if refusal.status != 422:  # noqa: PLR2004 - whatever is no matter of the form
            raise
        return _case(case_id, f"{refusal.message} {refusal.next_step}", 422)
    return see_other(url_for(".case", case_id=case_id), "파기를 요청했습니다. 다른 직원의 승인을 기다립니다.")


@retention_staff.post("/<int:case_id>/agree")
@access("staff", roles=STAFF)
def agree(case_id: int) -> ResponseReturnValue:
    row = service.agree(caller(), case_id)
    return see_other(
        url_for(".case", case_id=case_id),
        f"승인했습니다. {row.destroy_on:%Y.%m.%d}에 파기합니다. 그전에는 되돌릴 수 있습니다.",
    )


@retention_staff.post("/<int:case_id>/take-back")
@access("staff", roles=STAFF)
def take_back(case_id: int) -> ResponseReturnValue:
    service.take_back(caller(), case_id)
    return see_other(url_for(".case", case_id=case_id), "되돌렸습니다. 한 달 더 보관합니다.")


@retention_staff.post("/<int:case_id>/extend")
@access("staff", roles=STAFF)
def extend(case_id: int) -> ResponseReturnValue:
    service.extend(caller(), case_id)
    return see_other(url_for(".case", case_id=case_id), "한 달 더 보관합니다.")


@retention_staff.post("/<int:case_id>/hold")
@access("staff", roles=STAFF)
def hold(case_id: int) -> ResponseReturnValue:
    row, reason = service.case_with(case_id), request.form.get("reason", "").strip()
    if not reason:
        return _case(case_id, "보류하는 사유를 적어 주십시오.", 422)
    service.place_hold(caller(), row.tenant_id, reason)
    return see_other(url_for(".case", case_id=case_id), "보류했습니다. 풀 때까지 파기하지 않습니다.")


@retention_staff.post("/<int:case_id>/lift")
@access("staff", roles=STAFF)
def lift(case_id: int) -> ResponseReturnValue:
    service.lift_hold(caller(), service.case_with(case_id).tenant_id)
    return see_other(url_for(".case", case_id=case_id), "보류를 풀었습니다.")


@retention_staff.get("/certificates/<int:certificate_id>.pdf")
@access("staff", roles=STAFF)
def certificate(certificate_id: int) -> ResponseReturnValue:
    made = db.session.get(Certificate, certificate_id)
    if made is None:
        raise NotFound
    return a_pdf(pdf.certificate(made, settings().supplier), f"파기증명서-{made.number}")


def _case(case_id: int, problem: str = "", status: int = 200) -> Response:
    row = service.case_with(case_id)
    return page(
        "retention/case.html", status=status, row=row, machine=CASE, problem=problem, hold=service.hold_of(row.tenant_id),
        today=today(), me=caller().actor, span=rules.span(paid=row.paid), policies=rules.POLICIES,
        made=db.session.scalar(select(Certificate).where(Certificate.case_id == row.id)),
    )  # fmt: skip
