"""The calls the portal makes of the tax-invoice service. What a POST means stands in X-HTTP-Method-Override."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from portal.sandbox.popbill.papers import Papers
from portal.sandbox.popbill.refusals import Refused
from portal.sandbox.popbill.tokens import Tokens

SHOWN_AS = {"VIEW", "PRINT", "PDF", "POPUP"}


def auth(tokens: Tokens, prefix: str) -> Blueprint:
    """The token service, which stands on a host of its own outside."""
    doors = Blueprint("auth", __name__, url_prefix=prefix)

    @doors.post("/<service>/Token")
    def token(service: str) -> ResponseReturnValue:
        return tokens.give(request, service)

    @doors.errorhandler(Refused)
    def refused(error: Refused) -> ResponseReturnValue:
        return error.body, error.status

    return doors


def taxinvoice(papers: Papers, tokens: Tokens, prefix: str) -> Blueprint:
    calls = Blueprint("api", __name__, url_prefix=prefix)

    @calls.before_request
    def check() -> None:
        tokens.check(request)

    @calls.errorhandler(Refused)
    def refused(error: Refused) -> ResponseReturnValue:
        return error.body, error.status

    @calls.post("/Taxinvoice")
    def register_issue() -> ResponseReturnValue:
        if request.headers.get("X-HTTP-Method-Override") != "ISSUE":
            raise Refused(-11000001)
        number = papers.issue(_sent())
        return {"code": 1, "message": "발행 완료", "ntsConfirmNum": number}

    @calls.get("/Taxinvoice/SELL/<key>")
    def read(key: str) -> ResponseReturnValue:
        return _told(papers, papers.row(key))

    @calls.post("/Taxinvoice/SELL/<key>")
    def change(key: str) -> ResponseReturnValue:
        return _changed(papers, key, request.headers.get("X-HTTP-Method-Override", ""))

    @calls.route("/<path:_elsewhere>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def elsewhere(_elsewhere: str) -> ResponseReturnValue:
        raise Refused(-11000001, 404)

    return calls


def _told(papers: Papers, row: dict[str, Any]) -> dict[str, Any]:
    if "Detail" in request.args:
        return {**json.loads(row["document"]), "ntsconfirmNum": row["confirm_num"]}
    if request.args.get("TG") in SHOWN_AS:
        return {"url": papers.address(row["mgt_key"])}
    if request.args:
        raise Refused(-11000001)
    return papers.info(row)


def _changed(papers: Papers, key: str, verb: str) -> dict[str, object]:
    if verb == "CANCELISSUE":
        papers.cancel(key)
        return {"code": 1, "message": "발행취소 완료"}
    if verb == "NTS":
        papers.send(key)
        return {"code": 1, "message": "전송요청 완료"}
    if verb == "EMAIL":
        papers.mail(key, str(_sent().get("receiver") or ""))
        return {"code": 1, "message": "전송 완료"}
    raise Refused(-11000001)


def _sent() -> dict[str, Any]:
    sent: Any = request.get_json(force=True, silent=True)
    if not isinstance(sent, dict):
        raise Refused(-11000001)
    return sent
