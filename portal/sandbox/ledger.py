"""The ledger: everything the services received, in order, with what was answered and which fault was played.

Secrets are kept as their digest, so that a test sees which key was used and nobody else learns it.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any
from urllib.parse import unquote

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from portal.sandbox.store import Store

#: Longer requests and answers are cut here: the ledger is for people and tests.
LONGEST_TEXT = 100_000
#: Each with what stays in group 1, the secret in group 2, what stays in group 3.
_SECRETS = (
    re.compile(r"(?i)(\bserviceKey=)([^&\s]+)()"),
    re.compile(r"(/v1/billing/)(?!authorizations/)([^/?\s]+)()"),
    re.compile(r'("(?:billingKey|authKey|session_token|cardPassword|customerIdentityNumber)"\s*:\s*")([^"]+)(")'),
    re.compile(r'("cardNumber"\s*:\s*")([\d\s-]+)(")'),
)


class Ledger:
    """Writes and reads the ledger's rows."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def received(self, service: str, method: str, path: str, body: str, *, fault: str = "") -> int:
        """Note a call before anything is done about it. Returns its number, for `answered`."""
        with self._store.open() as rows:
            values = (self._store.stamp(), service, method, masked(path), masked(body)[:LONGEST_TEXT], None, "", fault)
            done = rows.execute(
                "INSERT INTO ledger (at, service, method, path, request, status, answer, fault)"
                " VALUES (?,?,?,?,?,?,?,?)",
                values,
            )
            return done.lastrowid or 0

    def answered(self, number: int, status: int, answer: str) -> None:
        """Note what the service answered, whether or not the answer gets through."""
        with self._store.open() as rows:
            rows.execute(
                "UPDATE ledger SET status=?, answer=? WHERE id=?", (status, masked(answer)[:LONGEST_TEXT], number)
            )

    def entries(self, service: str = "", after: int = 0) -> list[dict[str, Any]]:
        """In the order received; of one service when named; only those after an entry's number."""
        found = self._store.rows(
            "SELECT * FROM ledger WHERE (?1 = '' OR service = ?1) AND id > ?2 ORDER BY id", service, after
        )
        return [{**row, "request": _parsed(row["request"]), "answer": _parsed(row["answer"])} for row in found]

    def latest(self, count: int) -> list[dict[str, Any]]:
        """The last few, newest first, texts as they are."""
        return self._store.rows("SELECT * FROM ledger ORDER BY id DESC LIMIT ?", count)

    def clear(self) -> None:
        with self._store.open() as rows:
            rows.execute("DELETE FROM ledger")

    def control(self) -> Blueprint:
        """GET `/_control/ledger[?service=&after=]` -> JSON list; DELETE empties it."""
        control = Blueprint("ledger", __name__)

        @control.get("/_control/ledger")
        def read() -> ResponseReturnValue:
            after = request.args.get("after", "0")
            return jsonify(self.entries(request.args.get("service", ""), int(after) if after.isdecimal() else 0))

        @control.delete("/_control/ledger")
        def clear() -> ResponseReturnValue:
            self.clear()
            return "", 204

        return control


def masked(text: str) -> str:
    """An address, request or answer with its secrets as the first 12 letters of their SHA-256."""
    for secret in _SECRETS:
        text = secret.sub(lambda found: f"{found[1]}{_digest(found[2])}{found[3]}", text)
    return text


def _digest(secret: str) -> str:
    """Of the secret itself, however it was escaped."""
    return f"sha256:{hashlib.sha256(unquote(secret).encode()).hexdigest()[:12]}"


def _parsed(text: str) -> Any:  # noqa: ANN401 - whatever JSON the other side sent, or the text itself
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text
