"""The closing loop over a real socket, with a key from the command line and the pipeline's own script."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.core.db import db, write
from portal.quality.models import Item
from portal.work.models import WorkItem
from tests.quality.conftest import Builds, junit
from tests.quality.world import company
from tests.serving import answering

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def address(builds: Builds) -> Iterator[str]:
    """Where the office's portal answers."""
    with answering(builds.office.app) as address:
        yield address


def test_red_green_green_green_red_is_one_item_of_one_owner(builds: Builds, address: str, tmp_path: Path) -> None:
    with builds.office.at_work(), write() as session:
        tenant = str(company(session))
    arguments = ["keys", "create", "--scope", "reports", "--tenant", tenant, "--json"]
    made = json.loads(builds.office.app.test_cli_runner().invoke(args=arguments).stdout)
    secret = next(value for value in made.values() if str(value).startswith("plr_"))
    report = tmp_path / "junit.xml"

    def hand_over(number: int, case: str) -> str:
        report.write_bytes(junit(case))
        told = {"PORTAL_URL": address, "PORTAL_REPORT_KEY": secret, "JOB_NAME": "planroom", "BRANCH_NAME": "main"}
        done = subprocess.run(
            [sys.executable, str(ROOT / "ci" / "report.py"), str(report)],
            env=os.environ | told | {"BUILD_NUMBER": str(number)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "opened: 1" in hand_over(1, "-test_vat")
    with builds.office.at_work():
        owner = db.session.get_one(Item, 1).owner_id
    assert ["closed: 1" in hand_over(number, "+test_vat") for number in (2, 3, 4)] == [False, False, True]
    assert "reopened: 1" in hand_over(5, "-test_vat")
    with builds.office.at_work():
        item = db.session.scalars(select(Item)).one()
        line = db.session.scalars(select(WorkItem).where(WorkItem.kind == "quality")).one()
        assert (item.state, item.owner_id, item.regressions) == ("regressed", owner, 1)
        assert (line.assignee_id, line.openings, line.title[:2]) == (owner, 2, "재발")
