"""Planroom. create_app is the only place that wires; FEATURES is the list of rooms.

Importing `portal` loads nothing else: a rendering child, or the sandbox, must not carry the whole house.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from portal.core.feature import Feature
    from portal.core.queue import Subscriptions

#: From the ground up: a feature leans only on those before it.
FEATURES = (
    "visits",
    "accounts",
    "work",
    "tenants",
    "duties",
    "trials",
    "metering",
    "billing",
    "payments",
    "taxinvoices",
    "drawings",
    "assistant",
    "quality",
    "desk",
    "retention",
)

ROOT = Path(__file__).resolve().parent.parent


def create_app(environ: Mapping[str, str] | None = None) -> Flask:
    """The portal as a WSGI app, by the settings in `environ` (the process's own when None).

    Raises SystemExit with one Korean sentence per line when production settings are wrong or missing.
    """
    from flask import Flask
    from htmx_flask import Htmx
    from werkzeug.middleware.proxy_fix import ProxyFix

    from portal.accounts import staying
    from portal.core import asked, blobs, cli, db, errors, gate, gauges, headers, ids, page, queue, redis, sessions
    from portal.core import numbers as _numbers  # noqa: F401 - its table belongs to the schema, whoever counts
    from portal.core import turns as _turns  # noqa: F401 - only the clock uses it, but its table belongs to the schema
    from portal.core.health import health
    from portal.core.metrics import metrics
    from portal.core.outside import outside
    from portal.core.settings import Settings
    from portal.tenants import keys
    from portal.tenants.service import identify

    features: list[Feature] = [import_module(f"portal.{name}").feature for name in FEATURES]
    settings = Settings.read(os.environ if environ is None else environ)
    if settings.problems and not settings.embedded:
        raise SystemExit("\n".join(settings.problems))
    app = Flask("portal", root_path=str(ROOT), static_folder="static", template_folder="templates")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=gate.LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=1024 * 1024,
        MAX_FORM_PARTS=500,
        PREFERRED_URL_SCHEME="https" if settings.https else "http",
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # the default provider has it
    app.extensions["planroom.settings"] = settings
    app.extensions["planroom.blobs"] = blobs.make_blobs(settings.blob_url, settings.data_dir / "tmp")
    if not settings.embedded:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign]  # Flask's own idiom

    Htmx(app)
    app.request_class = asked.Request
    app.url_map.converters["int"] = ids.RowNumber
    db.init_app(app, settings.database_url)
    redis.init_app(app, settings)
    line = redis.connect(settings, protocol=redis.PUSHES) if settings.session_near_cache else None
    store = redis.connect(settings)
    gauges.init_app(app, settings, store)
    sessions.init_app(app, settings, store, line)
    errors.init_app(app)
    gate.init_app(app, identify, key_holder=keys.holder, make_anew=staying.make_anew)
    headers.init_app(app)
    page.init_app(
        app,
        [section for feature in features for section in feature.sections],
        [section for feature in features for section in feature.searches],
    )
    queue.init_app(app, _subscriptions(features))
    app.extensions["planroom.checks"] = [check for feature in features for check in feature.checks]

    gate.access("public")(app.view_functions["static"])
    app.register_blueprint(health)
    app.register_blueprint(metrics)
    if settings.embedded:
        app.register_blueprint(outside)
    for feature in features:
        for blueprint in feature.blueprints:
            app.register_blueprint(blueprint)
        for command in feature.commands:
            app.cli.add_command(command)
    for command in cli.commands:
        app.cli.add_command(command)
    gate.check_complete(app)
    return app


def _subscriptions(features: list[Feature]) -> Subscriptions:
    from portal.core.queue import Subscriptions

    events: dict[str, list[str]] = {}
    queues: dict[str, str] = {}
    for feature in features:
        queues.update(feature.queues)
        for event, jobs in feature.subscriptions.items():
            events.setdefault(event, []).extend(jobs)
    return Subscriptions(events, queues)
