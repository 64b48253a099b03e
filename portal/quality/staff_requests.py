"""The staff's pages of customers' change requests and of the releases that carry them."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from portal.core.gate import access, caller
from portal.core.page import page, see_other
from portal.quality import changes
from portal.quality.change_models import REQUEST, ChangeRequest, RequestState
from portal.quality.forms import DeclineForm, ReleaseForm, SayForm, TieForm
from portal.quality.staff import QUALITY

requests_staff = Blueprint("requests_staff", __name__, url_prefix="/staff/quality")
SHOWN = (
    ("", "할 일"),
    (RequestState.MENDED, "고침"),
    (RequestState.DECLINED, "하지 않음"),
    (RequestState.WITHDRAWN, "취소"),
)


@requests_staff.get("/requests")
@access("staff", roles=QUALITY)
def requests() -> ResponseReturnValue:
    show = request.args.get("show", "")
    show = show if show in dict(SHOWN) else ""
    counts = changes.request_counts()
    return page(
        "quality/requests_staff.html",
        rows=changes.all_requests(show),
        show=show,
        shown=[(str(name), label, counts.get(name, 0)) for name, label in SHOWN],
        machine=REQUEST,
    )


@requests_staff.get("/requests/<int:request_id>")
@access("staff", roles=QUALITY)
def change_request(request_id: int) -> ResponseReturnValue:
    return _request(changes.request_with(request_id))


@requests_staff.post("/requests/<int:request_id>/take")
@access("staff", roles=QUALITY)
def take(request_id: int) -> ResponseReturnValue:
    changes.take(caller(), request_id)
    return _back(request_id, "맡으셨습니다.")


@requests_staff.post("/requests/<int:request_id>/answer")
@access("staff", roles=QUALITY)
def answer(request_id: int) -> ResponseReturnValue:
    form = SayForm(request.form)
    if not form.validate():
        return _request(changes.request_with(request_id), say=form, status=422)
    changes.answer(caller(), request_id, str(form.body.data))
    return _back(request_id, "답을 메일로 보냈습니다.")


@requests_staff.post("/requests/<int:request_id>/tie")
@access("staff", roles=QUALITY)
def tie(request_id: int) -> ResponseReturnValue:
    form = _tie_form(request.form)
    if not form.validate():
        return _request(changes.request_with(request_id), tie_form=form, status=422)
    changes.tie(caller(), request_id, form.item.data or None, form.release.data or None)
    return _back(request_id, "묶었습니다. 고쳐지면 고객에게 메일이 갑니다.")


@requests_staff.post("/requests/<int:request_id>/mend")
@access("staff", roles=QUALITY)
def mend(request_id: int) -> ResponseReturnValue:
    changes.mend(caller(), request_id)
    return _back(request_id, "고침으로 표시하고 고객에게 메일을 보냈습니다.")


@requests_staff.post("/requests/<int:request_id>/decline")
@access("staff", roles=QUALITY)
def decline(request_id: int) -> ResponseReturnValue:
    form = DeclineForm(request.form)
    if not form.validate():
        return _request(changes.request_with(request_id), decline_form=form, status=422)
    changes.decline(caller(), request_id, str(form.reason.data))
    return _back(request_id, "하지 않기로 하고 사유를 메일로 보냈습니다.")


@requests_staff.get("/releases")
@access("staff", roles=QUALITY)
def releases() -> ResponseReturnValue:
    return _releases(ReleaseForm())


@requests_staff.post("/releases")
@access("staff", roles=QUALITY)
def plan_release() -> ResponseReturnValue:
    form = ReleaseForm(request.form)
    if not form.validate():
        return _releases(form, status=422)
    row = changes.plan_release(caller(), str(form.name.data), str(form.notes.data or ""))
    return see_other(url_for("requests_staff.releases"), f"{row.name} 배포를 준비합니다. 수정요청을 묶을 수 있습니다.")


@requests_staff.post("/releases/<int:release_id>/publish")
@access("staff", roles=QUALITY)
def publish_release(release_id: int) -> ResponseReturnValue:
    row, told = changes.publish_release(caller(), release_id)
    return see_other(
        url_for("requests_staff.releases"), f"{row.name} 배포를 알렸습니다. 고객 {told}명에게 메일이 갑니다."
    )


def _request(
    row: ChangeRequest,
    *,
    say: SayForm | None = None,
    tie_form: TieForm | None = None,
    decline_form: DeclineForm | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    return page(
        "quality/request_staff.html",
        status=status,
        row=row,
        look=REQUEST.look(row.state),
        allows={step.verb for step in REQUEST.steps if row.state in step.origins},
        messages=changes.messages(row.id),
        say=say or SayForm(),
        tie_form=tie_form or _tie_form(None, item=row.item_id, release=row.release_id or 0),
        decline_form=decline_form or DeclineForm(),
    )


def _tie_form(sent: object, **values: int | None) -> TieForm:
    form = TieForm(sent, data=values or None)
    form.release.choices = [(0, "없음"), *((row.id, row.name) for row in changes.releases())]
    return form


def _releases(form: ReleaseForm, status: int = 200) -> ResponseReturnValue:
    rows = changes.releases()
    return page(
        "quality/releases.html",
        status=status,
        rows=rows,
        carried=changes.carried_by([row.id for row in rows]),
        form=form,
    )


def _back(request_id: int, notice: str) -> Response:
    return see_other(url_for("requests_staff.change_request", request_id=request_id), notice)
