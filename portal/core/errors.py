"""A person's mistake and a bug are different errors, and get different pages.

A `Refusal` carries a Korean sentence and the next step, and is no one's fault to mend. Everything else is logged with a
number that the page shows, so that a person can quote it. The error page needs no database, no session and no Redis.
"""

from __future__ import annotations

import logging
import secrets
from contextlib import suppress

from flask import Flask, Response, jsonify, make_response, render_template, request, url_for
from jinja2_fragments.flask import render_block
from redis.exceptions import RedisError
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from portal.core.db import give_back

log = logging.getLogger("planroom")

#: What lies below is asked by programs, whatever they say that they accept.
MACHINES = "/api/"
#: Who gives a right that is missing: in a company its owner, who has them all; on the staff's pages an admin.
STAFF_PAGES = "/staff"
ASK_THE_OWNER = "권한이 필요하시면 회사 소유자에게 요청해 주십시오."
ASK_AN_ADMIN = "권한이 필요하시면 관리자에게 요청해 주십시오."
#: Where a member without a right is sent on to, when it is open to them.
DRAWINGS = "drawings.drawings"


class Refusal(Exception):  # noqa: N818 - a refusal is an answer to a person, not an error of the program
    """The portal will not do this. `message` and `next_step` are Korean sentences for the person who asked.

    `way` is the button of the page that says so, as (words, address), where the next step has a page of its own.
    """

    status = 409
    way: tuple[str, str] | None = None

    def __init__(self, message: str, next_step: str = "", status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step
        if status is not None:
            self.status = status


class NotFound(Refusal):
    """Absent, or another's: both answer alike, so that nobody learns which."""

    status = 404

    def __init__(
        self,
        message: str = "찾으시는 것이 없습니다.",
        next_step: str = "주소를 확인하시거나 목록에서 다시 골라 주십시오.",
    ) -> None:
        super().__init__(message, next_step)


class Forbidden(Refusal):
    """Signed in, but without the right."""

    status = 403

    def __init__(
        self,
        message: str = "이 일을 할 권한이 없습니다.",
        next_step: str = "",
    ) -> None:
        super().__init__(message, next_step)


class Unavailable(Refusal):
    """Something we lean on does not answer right now; trying again helps."""

    status = 503

    def __init__(
        self,
        message: str = "잠시 연결이 고르지 않습니다.",
        next_step: str = "잠시 뒤 다시 시도해 주십시오. 하시던 일은 그대로 있습니다.",
    ) -> None:
        super().__init__(message, next_step)


SENTENCES = {
    400: ("보내신 내용을 읽을 수 없습니다.", "앞 화면으로 돌아가 다시 보내 주십시오."),
    401: ("로그인이 필요합니다.", "로그인하신 뒤 이어서 하실 수 있습니다."),
    403: ("이 일을 할 권한이 없습니다.", ""),
    404: ("찾으시는 것이 없습니다.", "주소를 확인하시거나 목록에서 다시 골라 주십시오."),
    405: ("이 주소로는 그 일을 할 수 없습니다.", "앞 화면으로 돌아가 단추를 다시 눌러 주십시오."),
    413: ("보내신 파일이 너무 큽니다.", "파일을 나누거나 줄여서 다시 올려 주십시오."),
    415: ("이 형식은 받을 수 없습니다.", "앞 화면으로 돌아가 다시 보내 주십시오."),
    429: ("너무 자주 시도하셨습니다.", "잠시 뒤 다시 시도해 주십시오."),
    503: ("잠시 연결이 고르지 않습니다.", "잠시 뒤 다시 시도해 주십시오. 하시던 일은 그대로 있습니다."),
    507: ("저장할 자리가 모자랍니다.", "관리자에게 알렸습니다. 잠시 뒤 다시 올려 주십시오."),
}


def init_app(app: Flask) -> None:
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(RedisError, _dependency_gone)
    app.register_error_handler(OperationalError, _dependency_gone)
    app.register_error_handler(Exception, _bug)


def answer(status: int, message: str, next_step: str, number: str = "", way: tuple[str, str] | None = None) -> Response:
    """The error page: whole, or only its block when a part of a page asked for it. A program is told in JSON."""
    if status == Forbidden.status and not next_step:
        next_step = ASK_AN_ADMIN if request.path.startswith(STAFF_PAGES) else ASK_THE_OWNER
    values = {"status": status, "sentence": message, "next_step": next_step, "number": number, "way": way}
    if request.path.startswith(MACHINES) or request.accept_mimetypes.best == "application/json":
        return make_response(jsonify(error=message, next=next_step, number=number), status)
    if request.headers.get("HX-Request") == "true" and request.headers.get("HX-Request-Type") != "full":
        return make_response(render_block("error.html", "error", **values), status)
    return make_response(render_template("error.html", **values), status)


def _refused(refusal: Refusal) -> Response:
    way = refusal.way or (_to_drawings() if refusal.status == Forbidden.status else None)
    return answer(refusal.status, refusal.message, refusal.next_step, way=way)


def _to_drawings() -> tuple[str, str] | None:
    """The way on of a member without a right; none for who may not see drawings either, nor for the staff's own pages."""
    from portal.core.gate import caller, may_open  # noqa: PLC0415 - the gate raises what is defined here

    if request.path.startswith(STAFF_PAGES) or not caller().tenant_id or not may_open(DRAWINGS):
        return None
    return "도면으로", url_for(DRAWINGS)


def _http(error: HTTPException) -> Response | BaseResponse:
    if error.code is None or error.code < 400:  # noqa: PLR2004 - redirects are raised as exceptions too
        return error.get_response()
    message, next_step = SENTENCES.get(error.code, SENTENCES[400])
    if error.code >= 500 and error.code not in SENTENCES:  # noqa: PLR2004
        return _bug(error)
    return answer(error.code, message, next_step)


def _dependency_gone(error: Exception) -> Response:
    """Redis or the database does not answer: say so quickly, and never show a trace."""
    log.warning("a dependency does not answer: %s", type(error).__name__, exc_info=error)
    _give_back_database()
    return answer(503, *SENTENCES[503])


def _bug(error: Exception) -> Response:
    number = secrets.token_hex(4)
    log.error("bug %s at %s %s", number, request.method, request.path, exc_info=error)
    _give_back_database()
    return answer(500, "저희 쪽에서 오류가 났습니다.", "다시 해 보시고, 또 생기면 아래 번호를 알려 주십시오.", number)


def _give_back_database() -> None:
    """A failed statement leaves its transaction open; the page that tells of it must not need it."""
    with suppress(SQLAlchemyError):
        give_back()
