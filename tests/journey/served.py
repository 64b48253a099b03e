"""The rich world while it answers: served in this process on its own clock, with the callers handed in by a header."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import request
from sqlalchemy import select
from werkzeug.serving import make_server

from portal import create_app
from portal.billing.models import Invoice, InvoiceState
from portal.core.db import db, dispose
from portal.core.migrate import PLATFORM, upgrade
from portal.payments.models import Charge, ChargeState, Refund, RefundState, Transfer
from portal.retention.models import Case
from portal.taxinvoices.models import TaxInvoice
from tests.journey.rich import MONTHS, Rich, make
from tests.taxinvoices.conftest import Service

STATES = ("due", "asked", "sealed", "destroyed")
PLACED = ("doubtful", "matched")


@dataclass
class Living:
    """The rich portal while it answers: the callers are handed in by the header X-As, `ids` names rows to look at."""

    url: str
    ids: dict[str, int]


@contextmanager
def living(folder: Path, redis_url: str) -> Iterator[Living]:
    """Make the world in `folder` and serve it, with its sandbox, until the block ends."""
    for name in ("outside", "data"):
        (folder / name).mkdir(parents=True)
    outside = Service(folder / "outside")
    outside.follow()
    outside.start()
    settings = {"DATA_DIR": str(folder / "data"), "SECRET_KEY": "b" * 40, "SESSION_STORE": "memory"}
    app = create_app({**settings, "REDIS_URL": redis_url, "SANDBOX_PORT": str(outside.port)})
    try:
        with app.app_context():
            upgrade(db.engine, PLATFORM)
            rich = make(app, outside)
            ids = _ids(rich)
            db.session.remove()
        identify = app.extensions["planroom.identify"]
        people = rich.owners | rich.staff
        app.extensions["planroom.identify"] = lambda: people.get(request.headers.get("X-As", "")) or identify()
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Living(f"http://127.0.0.1:{server.server_port}", ids)
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()
    finally:
        dispose(app)
        outside.stop()


def _ids(rich: Rich) -> dict[str, int]:
    """One row of each state that has a page of its own."""
    first, last = MONTHS[1], MONTHS[4]
    paid = rich.invoice("alice", first)
    voided = db.session.scalars(select(Invoice).where(Invoice.state == InvoiceState.VOID)).first()
    refund = db.session.scalars(select(Refund).where(Refund.state == RefundState.CREATED)).first()
    declined = db.session.scalars(select(Charge).where(Charge.state == ChargeState.DECLINED)).first()
    papers = select(TaxInvoice).order_by(TaxInvoice.id)
    paper = db.session.scalars(papers.where(TaxInvoice.tenant_id == rich.owners["alice"].tenant_id)).first()
    amended = db.session.scalars(papers.where(TaxInvoice.modify_code.is_not(None))).first()
    assert None not in (voided, refund, declined, paper, amended)
    cases = {state: db.session.scalars(select(Case).where(Case.state == state)).first() for state in STATES}
    deposits = {state: db.session.scalars(select(Transfer).where(Transfer.state == state)).first() for state in PLACED}
    return {
        "paid": paid.id, "statement": paid.statement_id or 0, "overdue": rich.invoice("late", last).id,
        "void": voided.id, "refunded": refund.charge_id, "declined": declined.id, "paper": paper.id,
        "amended": amended.id, **{name: row.id for name, row in (cases | deposits).items() if row is not None},
    }  # fmt: skip
