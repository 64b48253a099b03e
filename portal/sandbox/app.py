"""Puts the outside world together: SERVICES is the list of what it plays; a new one is one file and one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from portal.core.clock import SEOUL
from portal.core.settings import Settings
from portal.sandbox import business_status, popbill, toss
from portal.sandbox.faults import SMTP_KINDS, Door, Faults
from portal.sandbox.ledger import Ledger
from portal.sandbox.mail import MailBox
from portal.sandbox.smtp import SERVICE as SMTP
from portal.sandbox.store import Store
from portal.sandbox.world import Service, World

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

SERVICES: tuple[Service, ...] = (business_status.service(), toss.service(), popbill.service())
STATIC = Path(__file__).resolve().parents[2] / "static"
LARGEST_REQUEST = 16 * 1024 * 1024
POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
SENTENCES = {404: "찾으시는 것이 없습니다. 지워진 메일일 수 있습니다.", 405: "이 주소로는 그 일을 할 수 없습니다."}


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The outside world, ready to be served: `wsgi` over HTTP, `box` behind SMTP."""

    wsgi: WSGIApplication
    world: World
    box: MailBox


def create_sandbox(settings: Settings, now: Callable[[], datetime]) -> Sandbox:
    """The outside world by the portal's settings; `now` gives an aware UTC instant."""
    store = Store(settings.data_dir / "sandbox", now)
    ledger = Ledger(store)
    faults = Faults(store, {**{service.name: service.faults for service in SERVICES}, SMTP: SMTP_KINDS})
    world = World(settings, store, ledger, faults, now)
    box = MailBox(store)

    app = Flask(__name__, static_folder=STATIC, static_url_path="/static")
    # Only ever reached over loopback; a page of elsewhere that names itself 127.0.0.1 by DNS gets nothing.
    app.config.update(TRUSTED_HOSTS=["127.0.0.1", "localhost"], MAX_CONTENT_LENGTH=LARGEST_REQUEST)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # the default provider has it
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        moment=lambda text: f"{datetime.fromisoformat(text).astimezone(SEOUL):%Y.%m.%d %H:%M:%S}",
        short=lambda text: f"{datetime.fromisoformat(text).astimezone(SEOUL):%m.%d %H:%M}",
    )
    app.jinja_env.globals["services"] = [(service.label, service.page) for service in SERVICES if service.page]
    app.register_blueprint(box.pages())
    app.register_blueprint(faults.control())
    app.register_blueprint(ledger.control())
    for service in SERVICES:
        app.register_blueprint(service.blueprint(world))
    _own_pages(app, world, box)
    prefixed = ProxyFix(app.wsgi_app, x_for=0, x_proto=0, x_prefix=1)
    return Sandbox(Door(prefixed, {service.prefix: service.name for service in SERVICES}, faults, ledger), world, box)


def _own_pages(app: Flask, world: World, box: MailBox) -> None:
    labels = {service.name: service.label for service in SERVICES} | {SMTP: "메일 서버"}
    own_css = Path(__file__).with_name("static") / "sandbox.css"

    @app.get("/")
    def home() -> ResponseReturnValue:
        faults = world.faults.all()
        return render_template(
            "home.html", mails=box.count(), faults=faults, labels=labels, ledger=world.ledger.latest(30)
        )

    @app.get("/sandbox.css")
    def css() -> ResponseReturnValue:
        return Response(own_css.read_bytes(), mimetype="text/css")

    @app.before_request
    def refuse_other_sites() -> ResponseReturnValue | None:
        if request.method not in {"GET", "HEAD"} and request.headers.get("Sec-Fetch-Site") == "cross-site":
            return "cross-site requests are refused\n", 403
        return None

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        if request.endpoint not in {"static", "css"}:
            response.headers["Cache-Control"] = "no-store"
        return response

    @app.errorhandler(HTTPException)
    def failed(error: HTTPException) -> ResponseReturnValue:
        sentence = SENTENCES.get(
            error.code or 500, "모의 환경에서 오류가 났습니다. 앞 화면으로 돌아가 다시 해 보십시오."
        )
        if request.path.startswith(("/api/", "/_control/")):
            return {"error": error.name}, error.code or 500
        return render_template("error.html", sentence=sentence), error.code or 500
