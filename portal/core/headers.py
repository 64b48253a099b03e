"""Security headers, per route: a strict policy for all, and a route that must open more names it itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, g, request
from werkzeug.wrappers import Response

from portal.core.settings import settings

POLICY: dict[str, str] = {
    "default-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
HSTS = "max-age=31536000; includeSubDomains"

View = TypeVar("View", bound=Callable[..., Any])


def policy(**directives: str) -> Callable[[View], View]:
    """Widen the content policy of one view: `@policy(frame_src="https://pay.example")`."""

    def widen(view: View) -> View:
        view.policy = {name.replace("_", "-"): value for name, value in directives.items()}  # type: ignore[attr-defined]
        return view

    return widen


def widened(**directives: str) -> str:
    """The content policy with some directives widened, for a view that knows the origin only at run time."""
    return _written(POLICY | {name.replace("_", "-"): value for name, value in directives.items()})


def _written(directives: dict[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def init_app(app: Flask) -> None:
    app.after_request(_add)


def _add(response: Response) -> Response:
    for name, value in FIXED.items():
        response.headers.setdefault(name, value)
    if "Content-Security-Policy" not in response.headers:
        view = current_app.view_functions.get(request.endpoint or "")
        response.headers["Content-Security-Policy"] = _written(POLICY | getattr(view, "policy", {}))
    if settings().https:
        response.headers.setdefault("Strict-Transport-Security", HSTS)
    if "Cache-Control" not in response.headers:
        who = g.get("caller")
        private = (who is not None and who.signed_in) or "Set-Cookie" in response.headers or response.status_code >= 400  # noqa: PLR2004
        response.headers["Cache-Control"] = "no-store" if private else "no-cache"
    return response
