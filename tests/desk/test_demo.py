"""The demo makes a living portal, and running it again changes nothing."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ezdxf
import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.accounts.models import Person
from portal.billing import ledger
from portal.billing.models import Invoice
from portal.core import clock
from portal.core.clock import ClockShift
from portal.core.db import db
from portal.core.settings import settings
from portal.desk import demo_year
from portal.desk.samples import make_samples
from portal.metering.models import UsageDaily
from portal.payments.models import Charge, Transfer
from portal.quality.models import Item
from portal.rendering import render
from portal.taxinvoices.models import TaxInvoice
from portal.tenants.models import Membership, Tenant
from portal.trials.models import Application
from portal.work.models import WorkItem
from tests.billing.office import office as with_plans


def _rows() -> tuple[int, ...]:
    return tuple(
        db.session.scalar(select(func.count()).select_from(table)) or 0
        for table in (Person, Tenant, Membership, Application, Invoice, Item, WorkItem)
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, dict[str, Any]]]:
    """An empty portal without an outside world, and what the demo said of it."""
    with with_plans(tmp_path_factory.mktemp("demo"), REDIS_URL="unix:///nowhere", SANDBOX_PORT="1") as desk:
        yield desk.app, json.loads(desk.app.test_cli_runner().invoke(args=["demo", "--json"]).stdout)


def test_the_demo_is_made_once_and_prints_the_same_sign_ins_again(made: tuple[Flask, dict[str, Any]]) -> None:
    app, first = made
    rows = _rows()
    assert stat.S_IMODE((settings().data_dir / "demo.json").stat().st_mode) == 0o600
    assert json.loads(app.test_cli_runner().invoke(args=["demo", "--json"]).stdout) == first
    assert _rows() == rows
    waiting = db.session.scalars(select(Application.company).where(Application.state == "submitted")).all()
    assert first["drawings"] == 4
    assert sorted(waiting) == ["누리설비", "대성정밀㈜"]
    staff = [row for row in first["sign_ins"] if row["secret"]]
    assert [row["email"].partition("@")[0] for row in staff] == ["rita", "bill", "dana", "admin"]
    assert all(row["code_url"].startswith("otpauth://totp/") for row in staff)


def test_the_company_lived_through_a_year_and_its_last_invoice_is_open(made: tuple[Flask, dict[str, Any]]) -> None:
    _, first = made
    invoices = db.session.scalars(select(Invoice).order_by(Invoice.id)).all()
    assert len(invoices) == first["invoices"] == demo_year.MONTHS
    assert [row.period_from for row in invoices] == sorted({row.period_from for row in invoices})
    assert [row.state for row in invoices[:-1]] == ["paid"] * (demo_year.MONTHS - 1)
    assert invoices[-1].open_won == invoices[-1].total
    assert ledger.crooked() == []
    assert ledger.balance("receivable") == invoices[-1].total
    used = {row.day for row in db.session.scalars(select(UsageDaily).where(UsageDaily.meter == "drawing_views"))}
    assert len({(day.year, day.month) for day in used}) >= demo_year.MONTHS
    assert max(used) < clock.today()


def test_without_an_outside_world_no_charge_and_no_approval_number_is_invented(
    made: tuple[Flask, dict[str, Any]],
) -> None:
    assert db.session.scalars(select(Charge)).all() == []
    papers = db.session.scalars(select(TaxInvoice)).all()
    assert {(paper.state, paper.approval_number) for paper in papers} == {("waiting", None)}
    assert len(db.session.scalars(select(Transfer)).all()) == demo_year.MONTHS - 1


def test_after_the_year_the_clock_stands_where_it_stood(made: tuple[Flask, dict[str, Any]]) -> None:
    shift = db.session.get_one(ClockShift, 1).microseconds
    assert abs(shift) < 60_000_000


def test_quality_has_a_failure_that_came_back_and_requests_in_hand(made: tuple[Flask, dict[str, Any]]) -> None:
    titles = db.session.scalars(select(WorkItem.title).where(WorkItem.state == "open")).all()
    assert any("재발" in title for title in titles)
    assert sum("수정요청" in title for title in titles) == 2


def test_every_sample_is_a_sheet_with_its_title_block_and_is_drawn_whole(tmp_path: Path) -> None:
    for sample, path in make_samples(tmp_path):
        block = next(iter(ezdxf.readfile(path).modelspace().query("INSERT[name=='도곽_A3']")))
        values = {attribute.dxf.tag: attribute.dxf.text for attribute in block.attribs}
        assert (values["도면번호"], values["도면명"]) == (sample.number, sample.title)
        drawn = render(path, tmp_path / sample.number)
        assert (drawn.outcome, drawn.skipped) == ("drawn", {})
        assert sample.title in {text.text for text in drawn.sheets[0].texts}
