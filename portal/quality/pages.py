"""A company's change requests: what it asked for, how far each is, and the words exchanged."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from portal.core import ids
from portal.core.gate import access, caller
from portal.core.page import page, see_other
from portal.quality import changes
from portal.quality.change_models import REQUEST
from portal.quality.forms import RequestForm, SayForm

change_requests = Blueprint("change_requests", __name__, url_prefix="/requests")


@change_requests.get("")
@access("member")
def requests() -> ResponseReturnValue:
    return page("quality/requests.html", rows=changes.requests_of(caller()), machine=REQUEST)


@change_requests.get("/new")
@access("member")
def new() -> ResponseReturnValue:
    return _new(RequestForm(form_key=ids.token()))


@change_requests.post("")
@access("member", when_read_only=True)
def file() -> ResponseReturnValue:
    form = RequestForm(request.form)
    if not form.validate():
        return _new(form, status=422)
    row = changes.file(caller(), form.form_key.data or ids.token(), str(form.title.data), str(form.body.data))
    return _back(row.id, "요청을 받았습니다. 고쳐지면 메일로 알려 드립니다.")


@change_requests.get("/<int:request_id>")
@access("member")
def change_request(request_id: int) -> ResponseReturnValue:
    return _request(request_id, SayForm())


@change_requests.post("/<int:request_id>/say")
@access("member", when_read_only=True)
def say(request_id: int) -> ResponseReturnValue:
    changes.request_for(caller(), request_id)
    form = SayForm(request.form)
    if not form.validate():
        return _request(request_id, form, status=422)
    changes.say(caller(), request_id, str(form.body.data))
    return _back(request_id, "말씀을 전했습니다.")


@change_requests.post("/<int:request_id>/withdraw")
@access("member", when_read_only=True)
def withdraw(request_id: int) -> ResponseReturnValue:
    changes.withdraw(caller(), request_id)
    return _back(request_id, "요청을 취소했습니다.")


@change_requests.post("/<int:request_id>/reopen")
@access("member", when_read_only=True)
def reopen(request_id: int) -> ResponseReturnValue:
    changes.request_for(caller(), request_id)
    form = SayForm(request.form)
    if not form.validate():
        return _request(request_id, form, status=422)
    changes.reopen(caller(), request_id, str(form.body.data))
    return _back(request_id, "다시 열었습니다. 담당자가 살펴봅니다.")


def _new(form: RequestForm, status: int = 200) -> ResponseReturnValue:
    return page("quality/request_new.html", status=status, form=form)


def _request(request_id: int, form: SayForm, status: int = 200) -> ResponseReturnValue:
    row = changes.request_for(caller(), request_id)
    return page(
        "quality/request.html",
        status=status,
        row=row,
        look=REQUEST.look(row.state),
        allows={step.verb for step in REQUEST.steps if row.state in step.origins},
        messages=changes.messages(row.id),
        form=form,
    )


def _back(request_id: int, notice: str) -> Response:
    return see_other(url_for("change_requests.change_request", request_id=request_id), notice)
