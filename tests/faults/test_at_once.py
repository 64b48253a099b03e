"""Eight runs of the month's close at once, each a real process: one invoice a company, numbers without a gap, no error."""

from __future__ import annotations

from collections import Counter as Tally
from datetime import date

import pytest

from portal.billing.models import CloseStep, Invoice, InvoiceState
from portal.core.db import db
from portal.core.outbox import Message
from tests.faults.conftest import Site
from tests.faults.wholeness import books, every

RUNS, COMPANIES = 8, 10


@pytest.mark.parametrize("at", [pytest.param("sqlite", marks=pytest.mark.slow), "postgres"], indirect=True)
def test_eight_close_runs_at_once_make_one_invoice_a_company(at: Site) -> None:
    owners = [at.office.paying(name=f"회사 {number}", since=date(2026, 10, 1)) for number in range(COMPANIES)]
    at.office.at(date(2026, 11, 3))
    db.session.rollback()
    with at.place.process("tests.faults.closers", str(RUNS), "2026-10-01") as runs:
        assert runs.wait(120) == 0, at.log()
    assert books() == []
    invoices = every(Invoice)
    assert sorted(row.tenant_id for row in invoices) == sorted(owner.tenant_id for owner in owners)
    assert sorted(row.number for row in invoices) == [f"2026-{number:06d}" for number in range(1, COMPANIES + 1)]
    assert {row.state for row in invoices} == {InvoiceState.FINALISED}
    assert {(row.attempts, row.reason) for row in every(CloseStep)} == {(1, "")}
    told = Tally(row.args[0] for row in every(Message) if row.name == "invoice.finalised")
    assert told == {row.id: 1 for row in invoices}
    assert "ERROR" not in at.log()
