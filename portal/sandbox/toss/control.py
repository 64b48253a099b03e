"""How a test or a developer steers the payment company: `/_control/toss`."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from portal.sandbox.toss.book import Book
from portal.sandbox.toss.codes import CODES
from portal.sandbox.toss.news import News
from portal.sandbox.world import World

TABLES = ("toss_card", "toss_payment", "toss_cancel", "toss_once", "toss_news", "toss_target")
_SLOW = re.compile(r"slow(:[0-9]{1,2}(\.[0-9]+)?)?")


def blueprint(world: World, book: Book, news: News) -> Blueprint:
    """GET: payments and messages. DELETE: forget all. POST `/card`, `/tick`, `/target` as they say."""
    control = Blueprint("control", __name__, url_prefix="/_control/toss")

    @control.get("")
    def read() -> ResponseReturnValue:
        return jsonify(payments=book.payments(), messages=news.all(), target=news.target())

    @control.delete("")
    def forget() -> ResponseReturnValue:
        with world.store.open() as rows:
            for table in TABLES:
                rows.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        return "", 204

    @control.post("/card")
    def behave() -> ResponseReturnValue:
        """`{"customerKey","behaviour"}`: a code of the error table, `slow[:seconds]`, or empty for approved."""
        wanted: Any = request.get_json(force=True, silent=True)
        told = wanted.get("behaviour") if isinstance(wanted, dict) else None
        if not isinstance(told, str) or (told and told not in CODES and not _SLOW.fullmatch(told)):
            return jsonify(error="behaviour must be empty, slow[:seconds] or a code"), 400
        return jsonify(cards=book.behave(str(wanted.get("customerKey", "")), told))

    @control.post("/tick")
    def tick() -> ResponseReturnValue:
        """Send again what is due by the clock -> `{"tried","delivered"}`."""
        return jsonify(news.tick())

    @control.post("/target")
    def target() -> ResponseReturnValue:
        """`{"url"}`: where messages go, on this machine; empty for the portal's own address."""
        wanted: Any = request.get_json(force=True, silent=True)
        url = wanted.get("url") if isinstance(wanted, dict) else None
        if not isinstance(url, str) or (url and urlsplit(url).hostname not in {"127.0.0.1", "localhost"}):
            return jsonify(error="url must be empty or an address of this machine"), 400
        news.register(url)
        return jsonify(target=news.target())

    return control
