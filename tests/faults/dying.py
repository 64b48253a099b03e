"""`python -m tests.faults.dying FOLDER`: the real clock and the real worker, killed at the moments planned in FOLDER.

A job's plans bear its company's id; plans of the clock, which works for all of them, bear 0.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import Any

import jobs.billing
import jobs.payments
import jobs.retention
import jobs.taxinvoices
from portal.billing import closing, invoicing
from portal.billing import service as billing
from portal.billing.models import Invoice
from portal.core import outbox
from portal.core.db import db
from portal.payments import charges
from portal.payments.models import Charge
from portal.payments.providers.toss import Toss
from portal.retention import cases, destruction
from portal.retention.models import Case
from portal.taxinvoices import issuing
from portal.taxinvoices.models import TaxInvoice
from portal.taxinvoices.providers.popbill import Popbill
from tests.deaths import Mortal

#: A call outside is under way for this long at least (the test has the sandbox answer late): half of it is its middle.
MIDDLE_OF_A_CALL = 0.1
#: Spot -> the function that it is. Where one is inside a transaction, `after` it is before the commit.
SPOTS: dict[str, tuple[object, str]] = {
    "start": (closing, "start"),
    "nudge": (closing, "_nudge"),
    "told": (outbox, "mark_sent"),
    "collect": (charges, "collect"),
    "seal": (cases, "_break_seal"),
    "bill": (closing, "_bill"),
    "draft": (invoicing, "draft"),
    "number": (invoicing, "next_number"),
    "publish": (invoicing, "publish"),
    "claim": (charges, "_claim"),
    "record": (billing, "record_payment"),
    "settle": (charges, "_settle"),
    "take": (issuing, "_claimed"),
    "note": (issuing, "service_answers"),
    "issued": (issuing, "_issued"),
    "filed": (issuing, "_filed"),
    "certificate": (destruction, "next_number"),
    "certify": (destruction, "_certify"),
}
#: The same, for calls to the outside.
CALLS: dict[str, tuple[object, str]] = {"charge": (Toss, "charge"), "issue": (Popbill, "issue")}
#: Spot -> the job that it is, and whose it is by the job's arguments after the event.
JOBS: dict[str, tuple[object, str, Callable[..., int]]] = {
    "close": (jobs.billing, "close_company", lambda _first_day, tenant_id: tenant_id),
    "pay": (jobs.payments, "charge", lambda row_id: _tenant_of(Charge, row_id)),
    "hear": (jobs.taxinvoices, "invoice_finalised", lambda row_id: _tenant_of(Invoice, row_id)),
    "move": (jobs.taxinvoices, "move_on", lambda row_id: _tenant_of(TaxInvoice, row_id)),
    "destroy": (jobs.retention, "destroy", lambda row_id: _tenant_of(Case, row_id)),
}


def _tenant_of(table: type[Any], row_id: int) -> int:
    found: int = db.session.get_one(table, row_id).tenant_id
    db.session.rollback()
    return found


def _job(mortal: Mortal, spot: str, holder: object, name: str, whose: Callable[..., int]) -> None:
    real: Callable[..., None] = getattr(holder, name)

    @wraps(real)
    def job(event_id: str, *words: Any) -> None:  # noqa: ANN401 - whatever the job takes
        mortal.whose = str(whose(*words))
        mortal.live_through(f"{mortal.whose}.{spot}", partial(real, event_id, *words))

    setattr(holder, name, job)


def _steps(mortal: Mortal) -> None:
    """The steps of a destruction, and the moment when its row says that one is done."""

    def step(name: str, real: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        return lambda *words: mortal.live_through(f"{mortal.whose}.{name}", partial(real, *words))

    destruction.STEPS = tuple((name, step(name, real)) for name, real in destruction.STEPS)
    do = destruction._do

    def noted(case_id: int, name: str, act: Callable[..., dict[str, Any]]) -> None:
        do(case_id, name, act)
        mortal.die(f"{mortal.whose}.{name}.noted")

    destruction._do = noted


def plan(mortal: Mortal) -> None:
    for spot, (holder, name) in SPOTS.items():
        mortal.spot(spot, holder, name)
    for spot, (holder, name) in CALLS.items():
        mortal.spot(spot, holder, name, MIDDLE_OF_A_CALL)
    for spot, job in JOBS.items():
        _job(mortal, spot, *job)
    _steps(mortal)


if __name__ == "__main__":
    doomed = Mortal(Path(sys.argv[1]))
    plan(doomed)
    doomed.keep_alive(["clock"], ["worker", "work"])
