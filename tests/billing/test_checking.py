"""The dump of a month is the same for the same month, and the check finds what does not add up."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text

from portal.billing import checking, closing, invoicing, receivables
from portal.billing.models import Invoice
from portal.core.db import db, write
from tests.billing.office import Office

OCTOBER = invoicing.month(date(2026, 10, 1))


@pytest.fixture
def closed(desk: Office) -> Office:
    """Two companies billed for October; the first has paid a part."""
    owners = [desk.paying(name="가나건설"), desk.paying(name="다라정밀")]
    desk.at(date(2026, 11, 3))
    closing.start(OCTOBER)
    for owner in owners:
        closing.close_company(OCTOBER, owner.tenant_id)
    with write() as session:
        first = session.query(Invoice).order_by(Invoice.id).first()
        assert first is not None
        receivables.record_payment(session, first.id, 1_000, "transfer-allocation:1")
    return desk


def _failed() -> list[str]:
    db.session.rollback()
    return [check["name"] for check in checking.checks() if not check["ok"]]


def _break(statement: str) -> None:
    with write() as session:
        session.execute(text(statement))


def test_a_month_is_dumped_whole_and_always_alike(closed: Office) -> None:
    with closed.app.app_context():
        first, again = checking.dump(OCTOBER), checking.dump(OCTOBER)
    assert first == again
    assert len(first["invoices"]) == 2
    assert first["sums"]["total"] == sum(row["supply"] + row["vat"] for row in first["invoices"])
    assert all(sum(line["won"] for line in row["lines"]) == row["supply"] for row in first["invoices"])
    assert sum(first["ledger"].values()) == 0
    assert first["ledger"]["receivable"] == first["sums"]["total"] - 1_000
    assert first["digest"] == checking.digest({key: part for key, part in first.items() if key != "digest"})


def test_what_was_only_written_by_billing_adds_up(closed: Office) -> None:
    assert _failed() == []


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE invoice_line SET won = won + 1 WHERE id = 1", "sums"),
        ("UPDATE invoice SET vat = vat - 1, total = total - 1 WHERE id = 1", "sums"),
        ("UPDATE ledger_entry SET won = won + 1 WHERE account = 'revenue' AND invoice_id = 1", "ledger"),
        ("UPDATE invoice SET paid = paid + 1 WHERE id = 2", "receivable"),
        ("UPDATE invoice SET number = '2026-000009' WHERE id = 2", "numbers"),
    ],
)
def test_what_does_not_add_up_is_found(closed: Office, statement: str, found: str) -> None:
    _break(statement)
    assert found in _failed()


def test_the_commands_print_documents_and_say_by_their_exit_what_they_found(closed: Office) -> None:
    run = closed.app.test_cli_runner().invoke
    assert run(args=["billing", "check", "--json"]).exit_code == 0
    assert '"period": "2026-10"' in run(args=["billing", "dump", "--period", "2026-10", "--json"]).stdout
    wrong = run(args=["billing", "dump", "--period", "시월"])
    assert (wrong.exit_code, "2026-10처럼" in wrong.stderr) == (2, True)
    _break("UPDATE invoice SET paid = paid + 1 WHERE id = 2")
    broken = run(args=["billing", "check"])
    assert (broken.exit_code, "미납액과 다릅니다" in broken.stdout) == (1, True)
