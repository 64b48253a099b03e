"""An office that pays by card at the real sandbox, with one open invoice of 13,200 won."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select

from portal.billing import closing
from portal.billing import service as billing
from portal.billing.models import Invoice, PayBy
from portal.billing.rules.terms import Period
from portal.core.db import db, write
from portal.core.gate import Caller
from portal.payments import cards, charges, dunning
from portal.payments.models import Card, Charge, ChargeState
from tests.billing.office import DETAILS, Office, office
from tests.sandbox.cards import auth_key
from tests.sandbox.conftest import Outside

OCTOBER = Period(date(2026, 10, 1), date(2026, 11, 1))
ISSUED = date(2026, 11, 3)


@pytest.fixture(scope="session")
def _payment_company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    made = Outside(tmp_path_factory.mktemp("payments"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def outside(_payment_company: Outside) -> Outside:
    for name in ("faults", "toss", "ledger"):
        _payment_company.delete(f"/_control/{name}")
    return _payment_company


@dataclass
class Till:
    """The office, its payment company, and the company that pays."""

    desk: Office
    outside: Outside
    owner: Caller
    invoice: Invoice

    def register(self, behaviour: str = "") -> Card:
        """A card of the owner's, registered in the window; `behaviour` is what it does when it is charged."""
        key = f"c-{uuid4().hex}"
        card, _window = cards.open_window(self.owner, key, "http://x/{card}", "http://x/{card}")
        cards.come_back(self.owner, card.id, key, auth_key(self.outside, key, behaviour))
        cards.register(card.id)
        return db.session.get_one(Card, card.id, populate_existing=True)

    def collect(self) -> Charge:
        with write() as session:
            charge = charges.collect(session, self.invoice.id)
            assert charge is not None
            return charge

    def taken(self) -> list[int]:
        """Amounts that the payment company took for good, by its own books."""
        said = self.outside.get("/_control/toss").json()
        return [row["balance"] for row in said["payments"] if row["status"] in {"DONE", "PARTIAL_CANCELED"}]

    def until_known(self, charge: Charge) -> Charge:
        """Let workers look again and again, their leases run out, until the outcome is known."""
        for _ in range(8):
            row = db.session.get_one(Charge, charge.id, populate_existing=True)
            if row.state not in {ChargeState.CREATED, ChargeState.REQUESTED, ChargeState.UNKNOWN}:
                return row
            with write() as session:
                session.get_one(Charge, charge.id).lease_until = None
            charges.perform(charge.id)
        return db.session.get_one(Charge, charge.id, populate_existing=True)


@pytest.fixture
def till(tmp_path: Path, outside: Outside) -> Iterator[Till]:
    with office(tmp_path, SANDBOX_PORT=str(outside.port)) as desk:
        owner = desk.paying()
        billing.update_profile(owner, replace(DETAILS, pay_by=PayBy.CARD))
        desk.at(ISSUED)
        closing.start(OCTOBER)
        closing.close_company(OCTOBER, owner.tenant_id)
        invoice = db.session.scalars(select(Invoice)).one()
        dunning.open_for(str(uuid4()), invoice.id)
        yield Till(desk, outside, owner, invoice)
