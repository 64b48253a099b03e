"""The demo makes a living portal, and running it again changes nothing."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import ezdxf
from sqlalchemy import func, select

from portal.accounts.models import Person
from portal.core.db import db
from portal.core.settings import settings
from portal.desk.samples import make_samples
from portal.rendering import render
from portal.tenants.models import Membership, Tenant
from portal.trials.models import Application
from tests.desk.office import Office


def _rows() -> tuple[int, ...]:
    return tuple(
        db.session.scalar(select(func.count()).select_from(table)) or 0
        for table in (Person, Tenant, Membership, Application)
    )


def test_the_demo_is_made_once_and_prints_the_same_sign_ins_again(office: Office) -> None:
    runner = office.app.test_cli_runner()
    first = json.loads(runner.invoke(args=["demo", "--json"]).stdout)
    with office.at_work():
        rows = _rows()
        file = settings().data_dir / "demo.json"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(runner.invoke(args=["demo", "--json"]).stdout) == first
    with office.at_work():
        assert _rows() == rows
        waiting = db.session.scalars(select(Application.company).where(Application.state == "submitted")).all()
    assert first["drawings"] == 4
    assert sorted(waiting) == ["누리설비", "대성정밀㈜"]
    staff = [row for row in first["sign_ins"] if row["secret"]]
    assert len(staff) == 3
    assert all(row["code_url"].startswith("otpauth://totp/") for row in staff)


def test_every_sample_is_a_sheet_with_its_title_block_and_is_drawn_whole(tmp_path: Path) -> None:
    for sample, path in make_samples(tmp_path):
        block = next(iter(ezdxf.readfile(path).modelspace().query("INSERT[name=='도곽_A3']")))
        values = {attribute.dxf.tag: attribute.dxf.text for attribute in block.attribs}
        assert (values["도면번호"], values["도면명"]) == (sample.number, sample.title)
        drawn = render(path, tmp_path / sample.number)
        assert (drawn.outcome, drawn.skipped) == ("drawn", {})
        assert sample.title in {text.text for text in drawn.sheets[0].texts}
