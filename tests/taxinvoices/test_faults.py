"""Workers killed for real at every moment, and every way in which the service's answer can go wrong: one tax invoice."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from portal.billing import service as billing
from portal.core.db import db, dispose
from portal.core.settings import Settings
from portal.taxinvoices import issuing, service
from portal.taxinvoices.models import TaxInvoice, TaxInvoiceState
from portal.taxinvoices.providers import popbill
from tests.billing.office import BILL
from tests.taxinvoices.conftest import Desk

X = TaxInvoiceState
#: Where a worker dies: the function, and whether it still runs it. What it leaves behind comes from what it had done.
MOMENTS: dict[str, tuple[object, str, bool]] = {
    "before it claims": (issuing, "_claimed", False),
    "claimed": (issuing, "_issue", False),
    "about to ask": (popbill.Popbill, "issue", False),
    "asked, not noted": (popbill.Popbill, "issue", True),
    "noted, not released": (issuing, "_release", False),
}


def _die_at(holder: object, name: str, *, after: bool) -> None:
    real: Callable[..., Any] = getattr(holder, name)

    def deadly(*given: object) -> None:
        if after:
            real(*given)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(holder, name, deadly)


def _in_another_process(desk: Desk, work: Callable[[], object]) -> int:
    """Do `work` in a process of its own, as a worker's child; its pid."""
    db.session.rollback()
    dispose(desk.office.app)
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    return pid


def _killed(desk: Desk, paper: TaxInvoice, moment: tuple[object, str, bool]) -> None:
    paper_id, (holder, name, after) = paper.id, moment

    def work() -> None:
        _die_at(holder, name, after=after)
        service.move_on(paper_id)

    _, status = os.waitpid(_in_another_process(desk, work), 0)
    assert os.WIFSIGNALED(status), "the worker was meant to be killed"


def _live_on(desk: Desk, paper: TaxInvoice, times: int = 4) -> TaxInvoice:
    """Time passes, leases run out, and the sweep sends workers."""
    for _ in range(times):
        desk.later(minutes=12)
        if service.sweep():
            service.move_on(paper.id)
    return db.session.get_one(TaxInvoice, paper.id, populate_existing=True)


def _accepted(desk: Desk) -> int:
    """How many times the service said that it issued something."""
    return sum(isinstance(call["answer"], dict) and call["answer"].get("code") == 1 for call in desk.issue_calls())


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_worker_killed_while_it_issues_leaves_one_tax_invoice(desk: Desk, moment: str) -> None:
    paper = desk.ask()
    _killed(desk, paper, MOMENTS[moment])
    service.move_on(paper.id)  # its lease may still hold; whoever comes now does no harm
    assert _live_on(desk, paper).state == X.ISSUED
    assert (len(desk.over_there()), _accepted(desk), len(desk.issue_calls())) == (1, 1, 1)


@pytest.mark.parametrize("after", [False, True])
def test_a_worker_killed_while_it_takes_back_leaves_it_cancelled(desk: Desk, after: bool) -> None:
    paper = desk.work(desk.ask())
    billing.void(BILL, desk.invoice.id, "잘못 청구함")
    service.heard_voided(str(uuid4()), desk.invoice.id)
    _killed(desk, paper, (popbill.Popbill, "cancel_issue", after))
    assert _live_on(desk, paper).state == X.CANCELLED
    assert [row["stateCode"] for row in desk.over_there()] == [600]


@pytest.mark.parametrize("after", [False, True])
def test_a_worker_killed_while_it_files_again_leaves_it_filed(desk: Desk, after: bool) -> None:
    paper = desk.work(desk.ask())
    desk.outside.post("/_control/popbill/fail", json={"code": "SYN003", "mgtKey": paper.management_key})
    desk.until_filed(paper)
    service.try_again(BILL, paper.id)
    _killed(desk, paper, (popbill.Popbill, "send_now", after))
    assert _live_on(desk, paper, 8).state == X.FILED
    assert len(desk.over_there()) == 1


def test_workers_at_the_same_paper_at_once_issue_it_once(desk: Desk) -> None:
    paper = desk.ask()
    paper_id = paper.id
    for pid in [_in_another_process(desk, lambda: service.move_on(paper_id)) for _ in range(3)]:
        os.waitpid(pid, 0)
    assert _live_on(desk, paper).state == X.ISSUED
    assert (len(desk.over_there()), len(desk.issue_calls())) == (1, 1)


@pytest.mark.parametrize("path", ["/Taxinvoice", "/Token"])
@pytest.mark.parametrize("fault", ["answer-lost", "500-after-commit", "half-json", "500", "refuse", "slow"])
def test_whatever_becomes_of_the_answer_there_is_one_tax_invoice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, fault: str, path: str
) -> None:
    real = popbill.of

    def impatient(settings: Settings) -> popbill.Popbill | None:
        made = real(settings)
        return made and replace(made, seconds=0.4)

    paper = desk.ask()
    with monkeypatch.context() as patch:
        patch.setattr(popbill, "of", impatient if fault == "slow" else real)
        desk.outside.fault("popbill", fault, path=path, seconds=0.6 if fault == "slow" else 0, count=1)
        assert desk.work(paper).state in {X.UNKNOWN, X.ISSUED}
    assert _live_on(desk, paper).state == X.ISSUED
    assert (len(desk.over_there()), _accepted(desk)) == (1, 1)


def test_a_service_that_is_away_for_hours_gets_it_once_when_it_is_back(desk: Desk) -> None:
    paper = desk.ask()
    desk.outside.fault("popbill", "refuse", count=None)
    assert _live_on(desk, paper, 6).state in {X.UNKNOWN, X.WAITING}
    desk.outside.delete("/_control/faults")
    assert _live_on(desk, paper).state == X.ISSUED
    assert len(desk.over_there()) == 1
