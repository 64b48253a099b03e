"""Real processes, killed for real at every moment of a company's opening, on both engines."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal.core import db
from portal.core.db import write
from portal.core.mail import Mail
from portal.core.outbox import Message
from portal.tenants import orphans
from portal.tenants import service as tenants
from portal.tenants.databases import servers
from portal.tenants.models import Belonging, Membership, StepName, Tenant, TenantState
from tests.deaths import Deaths
from tests.tenants.premises import Premises, request_company

MOMENTS = ("before", "after", "noted")
#: What an engine does in its own way; the other steps are the same rows on each.
OUTSIDE = (StepName.ROLE, StepName.DATABASE, StepName.SCHEMA)
#: For all the deaths together on a busy machine; the slowest single recovery is printed.
LONGEST_SECONDS = 300


def plan_deaths(deaths: Deaths, steps: Iterable[StepName]) -> dict[str, int]:
    """A company for each moment of each step, with the file that kills the worker there: file name -> company."""
    moments = [(step, moment) for step in steps for moment in MOMENTS]
    moments += [(step, "during") for step in OUTSIDE] * 2
    plans = {}
    for step, moment in moments:
        tenant_id = request_company(f"{step} {moment}")
        plans[f"{tenant_id}.{step}.{moment}"] = tenant_id
    deaths.plan(plans)
    return plans


def states() -> dict[int, str]:
    db.db.session.rollback()
    return {tenant_id: str(state) for tenant_id, state in db.db.session.execute(select(Tenant.id, Tenant.state))}


def half_visible() -> int:
    """Memberships and mails of companies that are not open; read at one instant."""
    db.db.session.rollback()
    unopened = select(Tenant.id).where(Tenant.state != TenantState.TRIAL)
    return (
        db.db.session.scalar(select(func.count()).select_from(Membership).where(Membership.tenant_id.in_(unopened)))
        or 0
    )


def live_through(portal: Premises, folder: Path) -> dict[int, float]:
    """Real clock and worker until every company is open; when each was first seen open."""
    opened: dict[int, float] = {}
    deadline = time.monotonic() + LONGEST_SECONDS
    with portal.process("jobs", "clock"), portal.process("tests.tenants.dying_worker", str(folder)):
        while len(opened) < len(states()) and time.monotonic() < deadline:
            now_open = {tenant_id for tenant_id, state in states().items() if state == TenantState.TRIAL}
            opened |= {tenant_id: time.time() for tenant_id in now_open - opened.keys()}
            assert half_visible() == 0
            time.sleep(0.05)
    return opened


@pytest.mark.parametrize(
    ("portal", "steps"),
    [
        ("sqlite", OUTSIDE),
        pytest.param("postgres", OUTSIDE, marks=pytest.mark.slow),
        pytest.param("sqlite", StepName, marks=pytest.mark.slow),
        pytest.param("postgres", StepName, marks=pytest.mark.slow),
    ],
    ids=["sqlite", "postgres", "sqlite every step", "postgres every step"],
    indirect=["portal"],
)
def test_a_worker_killed_at_any_moment_leaves_one_usable_company_and_nothing_else(
    portal: Premises, tmp_path: Path, steps: Iterable[StepName]
) -> None:
    deaths = Deaths(tmp_path / "deaths")
    plans = plan_deaths(deaths, steps)
    opened = live_through(portal, deaths.folder)

    assert set(opened) == set(plans.values()), {key: value for key, value in states().items() if value != "trial"}
    died = deaths.died()
    assert not deaths.missed()
    waits = {name: opened[plans[name]] - at for name, at in died.items()}
    print(f"{len(died)} kills, slowest recovery {max(waits.values()):.1f} s")

    for tenant_id in plans.values():
        with portal.app.app_context():
            check_usable(tenant_id)
    assert [each for each in orphans.check() if each.trouble != "exposed"] == []
    (server,) = servers().values()
    things = server.found()
    expected = {kind: len(plans) for kind in {thing.kind for thing in things} - {"template"}}
    assert {kind: sum(thing.kind == kind for thing in things) for kind in expected} == expected
    assert [thing.name for thing in things if thing.kind == "file"] == []
    told = db.db.session.scalars(select(Message.args).where(Message.name == "tenant.opened")).all()
    assert sorted(args[0] for args in told) == sorted(plans.values())


def check_usable(tenant_id: int) -> None:
    """Its database is its own and takes rows; one owner; one invitation."""
    tenant = db.db.session.get_one(Tenant, tenant_id)
    company = tenants.session(tenant_id)
    assert company.scalars(select(Belonging.key)).all() == [tenant.key]
    with write(company) as session:
        session.get_one(Belonging, 1).made_at = tenant.created_at
    roles = db.db.session.scalars(select(Membership.role).where(Membership.tenant_id == tenant_id)).all()
    assert roles == ["owner"]
    mails = (
        select(func.count())
        .select_from(Mail)
        .where(Mail.recipient == tenant.owner.email, Mail.template == "invitation")
    )
    assert db.db.session.scalar(mails) == 1
