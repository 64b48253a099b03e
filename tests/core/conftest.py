"""A small app on the core alone: its tables, two routes of each class of access, no feature of the product."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, g, request
from htmx_flask import Htmx

from portal.core import db, errors, gate, headers, outbox, page, queue, redis, sessions
from portal.core.db import write
from portal.core.gate import Caller, access
from portal.core.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.read({"DATA_DIR": str(tmp_path), "SECRET_KEY": "s" * 40, "SESSION_STORE": "memory"})


@pytest.fixture
def core_app(settings: Settings) -> Iterator[Flask]:
    root = Path(__file__).resolve().parents[2]
    app = Flask("core", root_path=str(root), static_folder="static", template_folder="templates")
    app.config.update(SECRET_KEY=settings.secret_key)
    Htmx(app)
    app.extensions["planroom.settings"] = settings
    db.init_app(app, settings.database_url)
    redis.init_app(app, settings)
    sessions.init_app(app, settings, redis.connect(settings))
    errors.init_app(app)
    headers.init_app(app)
    page.init_app(app, [], [])
    queue.init_app(app, queue.Subscriptions(events={"thing.done": ["a.one", "b.two"]}, queues={"b.two": queue.RENDER}))
    gate.init_app(app, _identify, key_holder={"good-key": gate.KeyHolder(1, "usage")}.get)
    gate.access("public")(app.view_functions["static"])
    _routes(app)
    with app.app_context():
        db.db.create_all()
        yield app
        db.db.session.remove()
    db.dispose(app)


def _identify() -> Caller:
    """Tests say who asks by a header; the real identify is tenants.service's."""
    role, staff, why = (request.headers.get(name, "") for name in ("X-Role", "X-Staff", "X-Read-Only"))
    if not role and not staff:
        return Caller()
    return Caller(
        person_id=7, tenant_id=3 if role else 0, role=role, staff_roles=frozenset(staff.split()), read_only=why
    )


def _routes(app: Flask) -> None:
    def add(
        rule: str,
        kind: gate.AccessClass,
        *,
        roles: tuple[str, ...] = (),
        when_read_only: bool = False,
        often: bool = False,
    ) -> None:
        def view() -> str:
            return f"in as {gate.caller().actor}"

        view.__name__ = rule.strip("/").replace("-", "_") or "root"
        app.add_url_rule(
            rule,
            view_func=access(kind, roles=roles, when_read_only=when_read_only, often=often)(view),
            methods=["GET", "POST"],
        )

    add("/open", "public")
    add("/me", "person")
    add("/rooms", "member")
    add("/often", "member", often=True)
    add("/owners", "member", roles=("owner",))
    add("/export", "member", when_read_only=True)
    add("/staff", "staff")
    add("/bills", "staff", roles=("billing",))
    add("/api", "key", roles=("usage",))

    _session_routes(app)

    @app.get("/bug")
    @access("public")
    def bug() -> str:
        message = "boom with a secret path /etc/secret"
        raise ValueError(message)

    @app.get("/refused")
    @access("public")
    def refused() -> str:
        raise errors.Refusal("그렇게는 할 수 없습니다.", "다르게 해 주십시오.")

    @app.post("/told")
    @access("public")
    def told() -> str:
        with write() as session:
            outbox.publish(session, "thing.done", 5)
        return str(g.get("now"))


def _session_routes(app: Flask) -> None:
    @app.get("/sign-in", endpoint="accounts.sign_in")
    @access("public")
    def sign_in() -> str:
        return "sign in"

    @app.post("/put/<value>")
    @access("public")
    def put(value: str) -> str:
        sessions.begin(value=value)
        return value

    @app.post("/end")
    @access("public")
    def end() -> str:
        sessions.end()
        return "ended"

    @app.get("/get")
    @access("public")
    def get() -> str:
        from flask import session  # noqa: PLC0415 - shown where it is read

        return str(session.get("value"))

    @app.get("/change")
    @access("public")
    def change() -> str:
        from flask import session  # noqa: PLC0415 - shown where it is read

        session["changed"] = True
        return "changed"

    @app.post("/said")
    @access("public")
    def said() -> str:
        from flask import session  # noqa: PLC0415 - shown where it is read

        return str(session.get("value"))
