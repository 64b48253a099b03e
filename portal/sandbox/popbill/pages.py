"""What people see of the tax-invoice service, and how a test steers it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from portal.sandbox.popbill.papers import FAILURES, Papers
from portal.sandbox.popbill.refusals import Refused
from portal.sandbox.world import World


def blueprint(papers: Papers) -> Blueprint:
    pages = Blueprint("pages", __name__, url_prefix="/popbill")

    @pages.get("")
    def invoices() -> ResponseReturnValue:
        return render_template("popbill/invoices.html", invoices=papers.rows())

    @pages.get("/<key>")
    def invoice(key: str) -> ResponseReturnValue:
        try:
            row = papers.row(key)
        except Refused:
            abort(404)
        return render_template("popbill/invoice.html", invoice=papers.shown(row), info=papers.info(row))

    return pages


def control(world: World, papers: Papers) -> Blueprint:
    """`/_control/popbill`: GET what came, DELETE forgets it, POST `/fail` orders a failure of the filing."""
    doors = Blueprint("control", __name__, url_prefix="/_control/popbill")

    @doors.get("")
    def read() -> ResponseReturnValue:
        return jsonify(invoices=[papers.info(row) for row in papers.rows()])

    @doors.delete("")
    def forget() -> ResponseReturnValue:
        with world.store.open() as rows:
            rows.execute("DELETE FROM popbill_invoice")
            rows.execute("DELETE FROM popbill_told")
        return "", 204

    @doors.post("/fail")
    def fail() -> ResponseReturnValue:
        """`{"code","mgtKey"?}`: this invoice, or the next one issued, is refused by the tax office with this code."""
        wanted: Any = request.get_json(force=True, silent=True)
        code = wanted.get("code") if isinstance(wanted, dict) else None
        if code not in FAILURES:
            return jsonify(error=f"code must be one of {', '.join(FAILURES)}"), 400
        try:
            papers.fail(code, str(wanted.get("mgtKey") or ""))
        except Refused as refused:
            return refused.body, refused.status
        return jsonify(code=code)

    return doors
