"""Counts looks at the public pages as they are answered, and holds the address of the prices.

Left out: people who are signed in, programs, fetches ahead of time, and everybody whose browser asks not to be followed
(DNT, Sec-GPC).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, g, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from portal.core.db import db
from portal.core.gate import access
from portal.core.settings import settings
from portal.visits import service
from portal.visits.models import Seen
from portal.visits.rules import is_program, source_of

visits = Blueprint("visits", __name__)

#: (method, path) -> what was seen, and the status that says so.
COUNTED: dict[tuple[str, str], tuple[Seen, int]] = {
    ("GET", "/"): (Seen.HOME, 200),
    ("GET", "/prices"): (Seen.PRICES, 303),
    ("GET", "/apply"): (Seen.APPLY, 200),
    ("POST", "/apply"): (Seen.SUBMITTED, 303),
    ("GET", "/terms"): (Seen.TERMS, 200),
    ("GET", "/privacy"): (Seen.PRIVACY, 200),
    ("GET", "/sign-in"): (Seen.SIGN_IN, 200),
}


@visits.get("/prices")
@access("public")
def prices() -> ResponseReturnValue:
    """The prices stand on the homepage; this address counts who went there."""
    return redirect("/#prices", 303)


@visits.after_app_request
def _count(response: Response) -> Response:
    seen, status = COUNTED.get((request.method, request.path), (None, 0))
    if seen is not None and response.status_code == status and not _left_out():
        db.session.rollback()  # the page is made: its connection goes back before another is asked for
        service.record(
            seen,
            address=request.remote_addr or "",
            agent=request.headers.get("User-Agent", ""),
            source=source_of(
                request.referrer or "",
                request.args.get("utm_source", ""),
                urlsplit(settings().public_url).hostname or "",
            ),
        )
    return response


def _left_out() -> bool:
    who = g.get("caller")
    headers = request.headers
    return (
        who is None
        or who.signed_in
        or "1" in {headers.get("DNT"), headers.get("Sec-GPC")}
        or "prefetch" in headers.get("Sec-Purpose", headers.get("Purpose", ""))
        or (headers.get("HX-Request") == "true" and request.method == "GET")
        or is_program(headers.get("User-Agent", ""))
    )
