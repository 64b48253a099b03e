"""The payment company, as Toss Payments speaks: cards registered in a hosted window, charged by billing key, cancelled.

`/toss/v1` is what the portal calls, `/toss/window` what a person's browser opens, `/toss` what came so far,
`/_control/toss` how a test steers it. No message is sent when a charge is done, as outside; cancels are told.
"""

from __future__ import annotations

from flask import Blueprint

from portal.sandbox.toss import api, book, control, window
from portal.sandbox.toss.news import News
from portal.sandbox.world import Service, World

PREFIX = "/toss/v1"


def service() -> Service:
    return Service("toss", "결제사", PREFIX, _blueprint, page="toss.window.payments")


def _blueprint(world: World) -> Blueprint:
    world.store.prepare(book.SCHEMA)
    kept = book.Book(world)
    news = News(world, kept)
    together = Blueprint("toss", __name__)
    together.register_blueprint(api.blueprint(world, kept, news, PREFIX))
    together.register_blueprint(window.blueprint(world, kept))
    together.register_blueprint(control.blueprint(world, kept, news))
    return together
