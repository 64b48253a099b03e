"""What comes before every call of the payment company: who asks, the error that a test wants, and what was asked before.

An answer is kept for 15 days under (Idempotency-Key, API key, address, method) and given again, errors too; the body is
not part of it. While the first is at work, another gets 409.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Response, make_response, request

from portal.sandbox.toss.book import Book, Refused, digest
from portal.sandbox.toss.codes import CODES
from portal.sandbox.world import World

KEPT = timedelta(days=15)
#: Whoever died at work does not keep the key for ever.
AT_WORK = timedelta(minutes=2)
LONGEST_KEY = 300


def check_key(secret_key: str, client_key: str) -> None:
    """The Basic credentials of this request, which must end with a colon."""
    kind, _, coded = request.headers.get("Authorization", "").partition(" ")
    try:
        told = base64.b64decode(coded, validate=True).decode() if kind == "Basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        told = ""
    if not told:
        raise Refused("UNAUTHORIZED_KEY")
    user, colon, _ = told.partition(":")
    if not colon:
        raise Refused("INCORRECT_BASIC_AUTH_FORMAT")
    if user == client_key:
        raise Refused("INVALID_API_KEY")
    if user != secret_key:
        raise Refused("UNAUTHORIZED_KEY")


def check_wanted_error() -> None:
    """`TossPayments-Test-Code: CODE` is answered with that code, and nothing is done."""
    wanted = request.headers.get("TossPayments-Test-Code")
    if wanted is not None:
        raise Refused(wanted if wanted in CODES else "INVALID_TEST_CODE")


class Once:
    """The answers by idempotency key."""

    def __init__(self, world: World, book: Book) -> None:
        self._world, self._book = world, book

    def answer(self, work: Callable[[], dict[str, Any]]) -> Response:
        """What `work` answers, done at most once for a key. Without a key it is done each time."""
        key = request.headers.get("Idempotency-Key")
        if key is None or request.method != "POST":
            return self._made(*_done(work))
        if not 0 < len(key) <= LONGEST_KEY:
            raise Refused("INVALID_IDEMPOTENCY_KEY")
        scope = digest("\n".join((key, request.headers.get("Authorization", ""), request.path, request.method)))
        before = self._begin(scope)
        if before is not None:
            return self._made(*before)
        try:
            status, body = _done(work)
        except BaseException:
            self._forget(scope)
            raise
        with self._world.store.open() as rows:
            rows.execute(
                "UPDATE toss_once SET status = ?, answer = ? WHERE digest = ?",
                (status, json.dumps(body, ensure_ascii=False), scope),
            )
        return self._made(status, body)

    def _begin(self, scope: str) -> tuple[int, dict[str, Any]] | None:
        """The answer that was given before, or None and the key is ours."""
        now = self._world.now()
        with self._world.store.open() as rows:
            found = rows.execute("SELECT * FROM toss_once WHERE digest = ?", (scope,)).fetchone()
            age = now - datetime.fromisoformat(found["at"]) if found else KEPT
            if found and found["status"] is not None and age < KEPT:
                return found["status"], json.loads(found["answer"])
            if found and found["status"] is None and age < AT_WORK:
                raise Refused("IDEMPOTENT_REQUEST_PROCESSING")
            rows.execute(
                "REPLACE INTO toss_once (digest, at, status, answer) VALUES (?,?,NULL,'')",
                (scope, self._world.store.stamp()),
            )
        return None

    def _forget(self, scope: str) -> None:
        with self._world.store.open() as rows:
            rows.execute("DELETE FROM toss_once WHERE digest = ?", (scope,))

    def _made(self, status: int, body: dict[str, Any]) -> Response:
        answer = make_response(self._book.opened(body))
        answer.status_code = status
        return answer


def _done(work: Callable[[], dict[str, Any]]) -> tuple[int, dict[str, Any]]:
    try:
        return 200, work()
    except Refused as refused:
        return refused.status, refused.body
