"""An office with one numbered invoice of 13,200 won, and the issuing service on the same clock."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import has_app_context
from sqlalchemy import select

from portal.billing import closing as closes
from portal.billing.models import Invoice
from portal.billing.rules.terms import Period
from portal.core import clock, outbox
from portal.core.clock import SEOUL, ClockShift
from portal.core.db import db, dispose, write
from portal.core.gate import Caller
from portal.taxinvoices import service
from portal.taxinvoices.models import TaxInvoice, TaxInvoiceState
from portal.taxinvoices.providers import popbill
from tests.billing.office import BILL, Office, office
from tests.sandbox.conftest import Outside

OCTOBER = Period(date(2026, 10, 1), date(2026, 11, 1))
ISSUED = date(2026, 11, 3)
FILED = TaxInvoiceState.FILED


class Service(Outside):
    """The outside world on a clock of its own database, which follows the portal's when told to."""

    @property
    def environ(self) -> dict[str, str]:
        return {**super().environ, "DATABASE_URL": f"sqlite:///{self.folder / 'clock.db'}"}

    def follow(self) -> None:
        """Set the clock as the running app has it; without one, back to the machine's."""
        shift = db.session.scalar(select(ClockShift.microseconds)) or 0 if has_app_context() else 0
        with closing(sqlite3.connect(self.folder / "clock.db")) as rows, rows:
            rows.execute("CREATE TABLE IF NOT EXISTS clock_shift (id INTEGER PRIMARY KEY, microseconds BIGINT)")
            rows.execute("INSERT OR REPLACE INTO clock_shift VALUES (1, ?)", (shift,))


@pytest.fixture(scope="session")
def _service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    made = Service(tmp_path_factory.mktemp("taxinvoices"))
    made.follow()
    made.start()
    yield made
    made.stop()


@dataclass
class Desk:
    """The office, the issuing service, the company and its invoice."""

    office: Office
    outside: Service
    owner: Caller
    invoice: Invoice

    def move(self, instant: datetime) -> None:
        """Move the clocks of the portal and of the service."""
        clock.set_to(instant)
        self.outside.follow()

    def ask(self) -> TaxInvoice:
        """What hears of the numbered invoice, hears."""
        service.heard_finalised(str(uuid4()), self.invoice.id)
        return self.papers()[0]

    def papers(self) -> list[TaxInvoice]:
        return list(
            db.session.scalars(select(TaxInvoice).order_by(TaxInvoice.id).execution_options(populate_existing=True))
        )

    def work(self, paper: TaxInvoice, times: int = 1) -> TaxInvoice:
        """Let workers look at it, their leases run out each time."""
        for _ in range(times):
            with write() as session:
                session.get_one(TaxInvoice, paper.id).lease_until = None
            service.move_on(paper.id)
        return db.session.get_one(TaxInvoice, paper.id, populate_existing=True)

    def until_filed(self, paper: TaxInvoice) -> TaxInvoice:
        """Let the business day pass on which the service files."""
        self.move(datetime(2026, 11, 5, 10, tzinfo=SEOUL))
        return self.work(paper, 2)

    def amended(self, paper: TaxInvoice, code: int, change: int = 0) -> list[TaxInvoice]:
        """Staff amend it; the amendments are issued and filed. Returns them."""
        first = service.amend(BILL, paper.id, code, change)
        made = [row for row in self.papers() if row.id >= first.id]
        return [self.filed_now(row) for row in made]

    def filed_now(self, paper: TaxInvoice) -> TaxInvoice:
        """Issued, and filed at once because staff want it so."""
        self.work(paper)
        service.send_now(BILL, paper.id)
        self.later(minutes=25)
        return self.work(paper, 2)

    def later(self, **ahead: float) -> None:
        self.move(clock.fresh() + timedelta(**ahead))

    def issue_calls(self) -> list[dict[str, Any]]:
        """Every call that asked the service to issue something, as it came in."""
        calls = self.outside.get("/_control/ledger?service=popbill").json()
        return [call for call in calls if call["path"].endswith("/Taxinvoice")]

    def over_there(self) -> list[dict[str, str]]:
        """What the issuing service holds."""
        held: list[dict[str, str]] = self.outside.get("/_control/popbill").json()["invoices"]
        return held


@cache
def _october() -> tuple[bytes, Caller]:
    """The office after October was closed, as a file's bytes, and the company's owner: made once, every test wants it."""
    with tempfile.TemporaryDirectory() as name, office(Path(name)) as made:
        owner = made.paying()
        made.at(ISSUED)
        closes.start(OCTOBER)
        closes.close_company(OCTOBER, owner.tenant_id)
        db.session.commit()
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return Path(name, "platform.db").read_bytes(), owner


@pytest.fixture(scope="module")
def _office(tmp_path_factory: pytest.TempPathFactory, _service: Service) -> Iterator[tuple[Office, Path]]:
    """One app for the tests of a file; each test gets its database anew."""
    _october()
    folder = tmp_path_factory.mktemp("office")
    with office(folder, SANDBOX_PORT=str(_service.port)) as made:
        yield made, folder


@pytest.fixture
def desk(
    _office: tuple[Office, Path], _service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    # No relay runs here, and looking for the one that is not there takes 45 ms a write.
    monkeypatch.setattr(outbox._Wake, "__call__", lambda _: None)
    for name in ("faults", "popbill", "business", "ledger"):
        _service.delete(f"/_control/{name}")
    made, folder = _office
    closed, owner = _october()
    dispose(made.app)
    for old in folder.glob("platform.db*"):
        old.rename(tmp_path / old.name)
    (folder / "platform.db").write_bytes(closed)
    with made.app.app_context():
        made.at(ISSUED)
        _service.follow()
        yield Desk(made, _service, owner, db.session.scalars(select(Invoice)).one())
        db.session.rollback()
    popbill._tokens.clear()
