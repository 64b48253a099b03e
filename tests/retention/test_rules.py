"""How long what is kept: every table has a policy, and the days follow from the kind of company."""

from __future__ import annotations

from datetime import date

import pytest

import portal
from portal.core.db import Platform, Tenanted
from portal.retention import rules
from portal.retention.scope import Scope, rows_of, tables


@pytest.fixture(scope="module", autouse=True)
def every_table(tmp_path_factory: pytest.TempPathFactory) -> None:
    portal.create_app({"DATA_DIR": str(tmp_path_factory.mktemp("retention"))})


def test_every_table_of_both_roots_declares_a_class_that_has_a_policy() -> None:
    declared = {
        table.name: table.info.get("record_class")
        for root in (Platform, Tenanted)
        for table in root.metadata.tables.values()
    }
    assert {name: kind for name, kind in declared.items() if kind not in rules.POLICIES} == {}
    assert len(list(tables())) == len(Platform.metadata.tables)


def test_a_table_that_holds_a_companys_rows_is_found_by_what_it_declares() -> None:
    scope = Scope(1, "k")
    found = {table.name for table, _policy in tables() if rows_of(table, scope) is not None}
    assert {"invoice_line", "transfer_allocation", "subscription_phase", "audit_personal", "change_message"} <= found
    assert not found & {"meter", "plan", "plan_version", "counter", "turn", "installation", "outbox", "deposit_list"}


def test_a_trial_is_kept_for_a_month_and_a_customer_for_two() -> None:
    assert rules.days(date(2026, 10, 1), paid=False) == (date(2026, 10, 8), date(2026, 11, 7))
    assert rules.days(date(2026, 10, 1), paid=True) == (date(2026, 10, 31), date(2026, 12, 30))


def test_notices_go_out_once_each_and_the_most_urgent_first() -> None:
    due = date(2026, 12, 1)
    assert rules.notice(due, date(2026, 10, 31), []) is None
    assert rules.notice(due, date(2026, 11, 1), []) == 30
    assert rules.notice(due, date(2026, 11, 10), [30]) is None
    assert rules.notice(due, date(2026, 11, 24), [30]) == 7
    assert rules.notice(due, date(2026, 11, 30), []) == 1
    assert rules.notice(due, date(2026, 11, 30), [1, 7, 30]) is None
