"""The tax-invoice service, as Popbill speaks: a token by signature, issue, state by the clock, cancel, file at once.

`/linkhub/auth` and `/linkhub/popbill` are its two hosts, `/popbill` shows people what came, `/_control/popbill` steers it.
"""

from __future__ import annotations

from flask import Blueprint

from portal.sandbox.popbill import api, pages, papers
from portal.sandbox.popbill.tokens import Tokens
from portal.sandbox.world import Service, World

PREFIX = "/linkhub"


def service() -> Service:
    return Service("popbill", "세금계산서 대행사", PREFIX, _blueprint, page="popbill.pages.invoices")


def _blueprint(world: World) -> Blueprint:
    world.store.prepare(papers.SCHEMA)
    kept, tokens = papers.Papers(world), Tokens(world)
    together = Blueprint("popbill", __name__)
    together.register_blueprint(api.auth(tokens, f"{PREFIX}/auth"))
    together.register_blueprint(api.taxinvoice(kept, tokens, f"{PREFIX}/popbill"))
    together.register_blueprint(pages.blueprint(kept))
    together.register_blueprint(pages.control(world, kept))
    return together
