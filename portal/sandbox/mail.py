"""The mail box: everything the portal sends arrives here over real SMTP, is kept, and can be read in a browser."""

from __future__ import annotations

import email
import email.policy
import json
import re
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any, cast

from flask import Blueprint, abort, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape

from portal.sandbox.store import Store

PAGE = 50
_LINK = re.compile(r"https?://[^\s<>\"'\u3000-\u303f\uac00-\ud7a3]+")
_AFTER_LINK = ".,;:!?)]}*"


class MailBox:
    """Keeps and finds mails. A mail that came twice is kept twice: that is what happened."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def receive(self, sender: str, recipients: list[str], raw: bytes) -> int:
        """Keep a mail as it came over the wire. Returns its number."""
        message = _parsed(raw)
        values = (
            self._store.stamp(),
            sender,
            json.dumps(recipients),
            str(message["Subject"] or ""),
            _text(message),
            raw,
        )
        with self._store.open() as rows:
            done = rows.execute(
                "INSERT INTO mail (at, sender, recipients, subject, text, raw) VALUES (?,?,?,?,?,?)", values
            )
            return done.lastrowid or 0

    def mails(self, search: str = "", *, start: int = 0, count: int = -1) -> list[dict[str, Any]]:
        """Newest first; `search` finds in addresses and subjects."""
        rows = self._store.rows(
            "SELECT * FROM mail WHERE recipients LIKE ?1 ESCAPE '!' OR subject LIKE ?1 ESCAPE '!'"
            " ORDER BY id DESC LIMIT ?2 OFFSET ?3",
            f"%{_escaped(search)}%",
            count,
            start,
        )
        return [_mail(row) for row in rows]

    def mail(self, number: int) -> dict[str, Any] | None:
        rows = self._store.rows("SELECT * FROM mail WHERE id = ?", number)
        return _mail(rows[0]) if rows else None

    def count(self) -> int:
        return int(self._store.rows("SELECT count(*) AS n FROM mail")[0]["n"])

    def clear(self) -> None:
        with self._store.open() as rows:
            rows.execute("DELETE FROM mail")

    def pages(self) -> Blueprint:
        """`/mail` for people, `/_control/mail` for programs: GET `[?to=]` -> JSON list, newest first; DELETE."""
        pages = Blueprint("mail", __name__)

        @pages.get("/mail")
        def inbox() -> ResponseReturnValue:
            search = request.args.get("q", "").strip()
            page = min(max(request.args.get("page", 1, type=int), 1), 100_000)
            found = self.mails(search, start=(page - 1) * PAGE, count=PAGE + 1)
            return render_template("inbox.html", mails=found[:PAGE], search=search, page=page, more=len(found) > PAGE)

        @pages.get("/mail/<int:number>")
        def mail(number: int) -> ResponseReturnValue:
            found = self.mail(number)
            if found is None:
                abort(404)
            return render_template("mail.html", mail=found, body=linked(found["text"]))

        @pages.post("/mail/delete-all")
        def delete_all() -> ResponseReturnValue:
            self.clear()
            return redirect(url_for("mail.inbox"), 303)

        @pages.get("/_control/mail")
        def read() -> ResponseReturnValue:
            address = request.args.get("to", "").strip().lower()
            mails = self.mails(address)
            return jsonify([mail for mail in mails if not address or address in map(str.lower, mail["to"])])

        @pages.delete("/_control/mail")
        def clear() -> ResponseReturnValue:
            self.clear()
            return "", 204

        return pages


def linked(text: str) -> Markup:
    """The text made safe for HTML, its addresses as links."""
    parts, end = [], 0
    for found in _LINK.finditer(text):
        url = found[0].rstrip(_AFTER_LINK)
        parts += [escape(text[end : found.start()]), Markup('<a href="{0}" rel="noreferrer">{0}</a>').format(url)]
        end = found.start() + len(url)
    return Markup("").join([*parts, escape(text[end:])])


def _escaped(search: str) -> str:
    """For LIKE: what would be a wildcard is meant as it stands."""
    return re.sub(r"([%_!])", r"!\1", search)


def _mail(row: dict[str, Any]) -> dict[str, Any]:
    message = _parsed(row["raw"])
    return {
        "id": row["id"],
        "at": datetime.fromisoformat(row["at"]).astimezone(UTC).isoformat(),
        "from": row["sender"],
        "to": json.loads(row["recipients"]),
        "subject": row["subject"],
        "text": row["text"],
        "headers": {name: str(value) for name, value in message.items()},
    }


def _parsed(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def _text(message: EmailMessage) -> str:
    """The readable part; of a mail that is only HTML, its source."""
    part = message.get_body(("plain", "html"))
    if part is None:
        return ""
    try:
        return str(part.get_content()).replace("\r\n", "\n")
    except (LookupError, KeyError):
        return cast("bytes", part.get_payload(decode=True) or b"").decode("utf-8", "replace")
