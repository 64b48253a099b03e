"""The reviewers' queue: those who wait longest first, the chosen one at the right, one key per decision."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from portal.core import ids
from portal.core.errors import Unavailable
from portal.core.gate import access, caller
from portal.core.page import page, see_other
from portal.tenants.provisioning import provision_rows
from portal.trials import review, service
from portal.trials.business_status import Standing
from portal.trials.forms import INDUSTRIES, PEOPLE, AskForm, RejectForm
from portal.trials.models import APPLICATION, BUSINESS, Application
from portal.visits import service as visits

trials_staff = Blueprint("trials_staff", __name__, url_prefix="/staff/applications")
REVIEWERS = frozenset({"reviewer", "admin"})
LABELS = {"waiting": "기다림", "needs_info": "보완 요청", "approved": "승인", "closed": "끝남"}


@trials_staff.get("")
@access("staff", roles=REVIEWERS)
def applications() -> ResponseReturnValue:
    return _queue(None)


@trials_staff.get("/<int:application_id>")
@access("staff", roles=REVIEWERS)
def application(application_id: int) -> ResponseReturnValue:
    """The same queue with one application opened."""
    return _queue(review.application_with(application_id))


@trials_staff.post("/<int:application_id>/assign")
@access("staff", roles=REVIEWERS)
def assign(application_id: int) -> ResponseReturnValue:
    row = review.assign(caller(), application_id)
    return _back(application_id, f"{row.company}: 맡으셨습니다.", undo="trials_staff.release")


@trials_staff.post("/<int:application_id>/release")
@access("staff", roles=REVIEWERS)
def release(application_id: int) -> ResponseReturnValue:
    review.release(caller(), application_id)
    return _back(application_id, "신청을 대기열로 돌려놓았습니다.")


@trials_staff.post("/<int:application_id>/ask")
@access("staff", roles=REVIEWERS)
def ask(application_id: int) -> ResponseReturnValue:
    form = AskForm(request.form)
    if not form.validate():
        return _queue(review.application_with(application_id), ask_form=form, status=422)
    row = review.ask_info(caller(), application_id, str(form.body.data))
    return _back(
        application_id, f"{row.company}: 보완을 요청했습니다. 메일은 잠시 뒤 나갑니다.", undo="trials_staff.unask"
    )


@trials_staff.post("/<int:application_id>/unask")
@access("staff", roles=REVIEWERS)
def unask(application_id: int) -> ResponseReturnValue:
    review.unask(caller(), application_id)
    return _back(application_id, "묻지 않은 것으로 했습니다. 메일은 나가지 않습니다.")


@trials_staff.post("/<int:application_id>/approve")
@access("staff", roles=REVIEWERS)
def approve(application_id: int) -> ResponseReturnValue:
    row = review.approve(caller(), application_id)
    return _back(application_id, f"{row.company}: 승인했습니다. 환경을 만들고 있습니다.")


@trials_staff.post("/<int:application_id>/reject")
@access("staff", roles=REVIEWERS)
def reject(application_id: int) -> ResponseReturnValue:
    form = RejectForm(request.form)
    if not form.validate():
        return _queue(review.application_with(application_id), reject_form=form, status=422)
    row = review.reject(caller(), application_id, str(form.reason.data))
    return _back(application_id, f"{row.company}: 반려했습니다. 사유를 메일로 보냈습니다.")


@trials_staff.post("/<int:application_id>/check")
@access("staff", roles=REVIEWERS)
def check(application_id: int) -> ResponseReturnValue:
    """Ask the tax office again, now, while the reviewer waits."""
    answer = review.check_business(application_id)
    if answer.status == Standing.UNCHECKED:
        raise Unavailable(answer.note, "심사는 이어서 하실 수 있습니다. 잠시 뒤 다시 조회해 주십시오.")
    return _back(application_id, f"국세청 답: {answer.note}")


def _queue(
    chosen: Application | None,
    *,
    ask_form: AskForm | None = None,
    reject_form: RejectForm | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    show = request.args.get("show", "")
    if show not in review.FILTERS:
        show = next((name for name, states in review.FILTERS.items() if chosen and chosen.state in states), "waiting")
    text = request.args.get("q", "").strip()[:60]
    number = ids.whole(request.args.get("page")) or 1
    pages = review.queue(show, text, number)
    rows = list(pages.items)
    return page(
        "trials/applications.html",
        status=status,
        rows=rows,
        show=show,
        q=text,
        pages=pages,
        filters=[(name, LABELS[name], count) for name, count in review.counts().items()],
        machine=APPLICATION,
        industries=dict(INDUSTRIES),
        people=dict(PEOPLE),
        reviewers=review.reviewers([row.reviewer_id or 0 for row in [*rows, *([chosen] if chosen else [])]]),
        chosen=chosen,
        detail=_detail(chosen, rows, ask_form, reject_form) if chosen else None,
    )


def _detail(
    chosen: Application, rows: list[Application], ask_form: AskForm | None, reject_form: RejectForm | None
) -> dict[str, object]:
    order = [row.id for row in rows]
    at = order.index(chosen.id) if chosen.id in order else -1
    return {
        "look": APPLICATION.look(chosen.state),
        "undecided": review.undecided(chosen),
        "can_assign": APPLICATION.allows(chosen.state, "assign"),
        "can_ask": APPLICATION.allows(chosen.state, "ask"),
        "can_unask": review.can_unask(chosen),
        "business": BUSINESS.get(chosen.business_status),
        "alike": review.alike(chosen),
        "messages": service.messages(chosen.id),
        "journey": visits.journey(chosen.journey_key) if chosen.journey_key else [],
        "place": service.place_of(chosen),
        "opening": provision_rows(chosen.tenant_id) if chosen.tenant_id else [],
        "ask_form": ask_form or AskForm(),
        "reject_form": reject_form or RejectForm(),
        "before": order[at - 1] if at > 0 else None,
        "after": order[at + 1] if at + 1 < len(order) else None,
    }


def _back(application_id: int, notice: str = "", undo: str = "") -> Response:
    """To the application, in the list the reviewer was in, with a notice; `undo` is the endpoint that takes it back."""
    show = request.args.get("show", "")
    keep: dict[str, Any] = {"application_id": application_id} | ({"show": show} if show in review.FILTERS else {})
    if notice:
        flash(notice, f"undo:{url_for(undo, **keep)}" if undo else "message")
    return see_other(url_for("trials_staff.application", **keep))
