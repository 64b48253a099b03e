"""A company that is destroyed is gone everywhere, provably; its neighbour is as it was, and whoever pays in time stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from portal.accounts import service as accounts
from portal.accounts.models import Device, Person
from portal.billing import service as billing
from portal.core import audit, clock
from portal.core.audit import AuditEntry
from portal.core.db import db, write
from portal.core.errors import Forbidden, Refusal
from portal.core.gate import Caller
from portal.core.mail import Mail
from portal.duties import service as duties
from portal.duties.models import Act, StaffAccess
from portal.metering import service as metering
from portal.metering.models import Entitlement
from portal.retention import destruction, service
from portal.retention.models import CaseState, Certificate, KeptRecord
from portal.tenants import grants
from portal.tenants.models import ActingGrant, Tenant, TenantState
from tests.billing.office import DETAILS
from tests.retention.conftest import ASKER, OTHER, World, live

#: For what no database decides.
on_one_engine = pytest.mark.parametrize("world", ["sqlite"], indirect=True)


def test_everything_of_the_company_is_gone_and_its_neighbour_did_not_notice(world: World) -> None:
    key = world.doomed.key
    assert world.hits() != []
    case = world.until_destroying()
    before = world.digest_of_neighbour()
    service.destroy(case.id)
    case = world.case()
    assert (case.state, live(world.doomed)) == (CaseState.DESTROYED, "purged"), case.done
    assert world.hits() == []
    assert world.digest_of_neighbour() == before
    made = db.session.scalars(select(Certificate)).one()
    assert made.number == "D2026-000001"
    assert made.document["company"] == key
    assert made.document["databases"] >= 1
    assert made.document["files"] > 0
    assert made.document["scanned"]
    assert (made.document["asked_by"], made.document["agreed_by"]) == (ASKER.actor, OTHER.actor)
    assert audit.verify(db.session()) is None
    kept = db.session.scalars(select(KeptRecord)).all()
    assert {row.record_class for row in kept} == {"contract"}
    assert all(world.canary not in row.sealed for row in kept)
    service.destroy(case.id)
    assert len(db.session.scalars(select(Certificate)).all()) == 1
    with pytest.raises(Refusal):
        service.open_kept(kept[0].id, " ", "test")
    assert "subscription" in service.open_kept(kept[0].id, "감사에 냅니다.", "test")
    last_day, digest = kept[0].keep_until, kept[0].digest
    world.at(last_day)
    assert service.forget_kept() == 0
    world.at(last_day + timedelta(days=1))
    assert service.forget_kept() == 1
    assert service.kept() == []
    assert digest in str(db.session.scalars(select(AuditEntry.details)).all())


def test_workers_that_die_after_each_step_leave_their_successor_one_certificate(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = world.until_destroying()

    class DeadError(BaseException):
        """As a kill: nothing after it runs."""

    def dying(step: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        def run(*words: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever a step takes
            step(*words)
            raise DeadError

        return run

    for name, _step in destruction.STEPS:
        steps = tuple((one, dying(step) if one == name else step) for one, step in destruction.STEPS)
        with monkeypatch.context() as patched, pytest.raises(DeadError):
            patched.setattr(destruction, "STEPS", steps)
            destruction.destroy(case.id)
        assert name not in world.case().done
        assert db.session.scalars(select(Certificate)).all() == []
    service.destroy(case.id)
    assert world.case().state == CaseState.DESTROYED
    assert world.hits() == []
    assert len(db.session.scalars(select(Certificate)).all()) == 1


@on_one_engine
def test_what_comes_back_after_the_rows_went_is_found_and_deleted_the_next_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = world.until_destroying()
    tenant_id, delete_rows = world.doomed.id, dict(destruction.STEPS)["rows"]

    def and_back(*words: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever a step takes
        found = delete_rows(*words)
        with write() as session:
            session.add(Entitlement(tenant_id=tenant_id, key="seats", limit_value=5, source="late", since=clock.now()))
        return found

    steps = tuple((name, and_back if name == "rows" else step) for name, step in destruction.STEPS)
    with monkeypatch.context() as patched:
        patched.setattr(destruction, "STEPS", steps)
        service.destroy(case.id)
    assert (world.case().state, db.session.scalars(select(Certificate)).all()) == (CaseState.DESTROYING, [])
    stock = {name: world.case().inventory[name] for name in ("databases", "files", "backups", "sessions")}
    service.destroy(case.id)
    assert world.case().state == CaseState.DESTROYED
    assert {name: world.case().inventory[name] for name in stock} == stock, "the certificate tells of all that went"
    assert world.hits() == []


@on_one_engine
def test_a_company_that_is_gone_is_given_nothing_by_an_event_that_is_heard_late(world: World) -> None:
    case = world.until_destroying()
    metering.grant_trial(world.doomed.id)
    service.destroy(case.id)
    metering.grant_trial(world.doomed.id)
    assert db.session.scalars(select(Entitlement).where(Entitlement.tenant_id == world.doomed.id)).all() == []


@on_one_engine
def test_what_staff_saw_of_a_destroyed_company_stays_without_words(world: World) -> None:
    with write() as session:
        staff = accounts.make_staff(
            session, email="sue@planroom.example", name="수지원", roles=["support"], password="우산-고래-연필-77"
        )
        device = Device(
            person_id=staff.id,
            label="",
            network="",
            browser="s" * 64,
            created_at=clock.now(),
            seen_at=clock.now(),
            remembered=False,
        )
        session.add(device)
        session.flush()
        sue = Caller(person_id=staff.id, device_id=device.id, staff_roles=frozenset({"support"}))
    visit = grants.enter(sue, world.doomed.id, f"{world.canary} 문의")
    inside = replace(sue, acting=visit.id, tenant_id=world.doomed.id)
    duties.note(inside, "203.0.113.9", duties.What(Act.LOOK, "drawings.drawing", "drawing:1", f"{world.canary} 문의"))
    case = world.until_destroying()
    service.destroy(case.id)
    assert world.case().state == CaseState.DESTROYED, world.case().done
    assert world.hits() == []
    (line,), (kept,) = db.session.scalars(select(StaffAccess)).all(), db.session.scalars(select(ActingGrant)).all()
    assert (line.person_id, line.tenant_id, line.subject, line.reason) == (staff.id, world.doomed.id, "drawing:1", "")
    assert (kept.person_id, kept.tenant_id, kept.reason) == (staff.id, world.doomed.id, "")


def _pay(world: World) -> None:
    owner = db.session.get_one(Person, world.doomed.owner_id)
    billing.convert(Caller(person_id=owner.id, tenant_id=world.doomed.id, role="owner"), "team", DETAILS)


@on_one_engine
def test_a_company_that_pays_one_second_before_is_not_destroyed(world: World) -> None:
    case = world.until_sealed()
    assert case.destroy_on is not None
    world.at(case.destroy_on - timedelta(days=1), time(23, 59, 59))
    assert service.step_due() == 0
    _pay(world)
    world.at(case.destroy_on, time(0))
    assert service.step_due() == 0
    service.heard_activated(str(uuid4()), world.doomed.id)
    assert service.step_due() == 0
    assert (world.case().state, live(world.doomed)) == (CaseState.ENDED, "active")
    assert world.hits() != []


@on_one_engine
def test_a_company_that_pays_one_second_after_the_seal_was_broken_is_told_so(world: World) -> None:
    case = world.until_destroying()
    with pytest.raises(Refusal):
        _pay(world)
    assert (case.state, live(world.doomed)) == (CaseState.DESTROYING, "purging")


@on_one_engine
def test_a_hold_stops_everything_until_it_is_lifted(world: World) -> None:
    case = world.until_sealed()
    service.place_hold(OTHER, world.doomed.id, "소송 중")
    assert case.destroy_on is not None
    world.at(case.destroy_on)
    assert service.step_due() == 0
    service.lift_hold(OTHER, world.doomed.id)
    assert service.step_due() == 1
    assert live(world.doomed) == TenantState.PURGING


@on_one_engine
def test_two_people_are_needed_and_the_name_is_typed(world: World) -> None:
    case = world.lapse()
    world.at(case.lock_on)
    service.step_due()
    assert live(world.doomed) == "retained"
    with pytest.raises(Refusal):
        service.ask(ASKER, case.id, world.doomed.name)
    world.at(case.due_on)
    service.step_due()
    with pytest.raises(Refusal, match="적은 이름이"):
        service.ask(ASKER, case.id, world.neighbour.name)
    with pytest.raises(Forbidden):
        service.ask(Caller(person_id=5, staff_roles=frozenset({"billing"})), case.id, world.doomed.name)
    service.ask(ASKER, case.id, db.session.get_one(Tenant, world.doomed.id).name)
    with pytest.raises(Refusal, match="요청한 사람은"):
        service.agree(ASKER, case.id)
    service.agree(OTHER, case.id)
    assert service.take_back(OTHER, case.id).state == CaseState.KEPT


@on_one_engine
def test_notices_go_out_before_the_day_each_once(world: World) -> None:
    case = world.lapse()
    world.at(case.lock_on)
    service.step_due()
    for days in (30, 29, 8, 7, 6, 1):
        world.at(case.due_on.fromordinal(case.due_on.toordinal() - days))
        service.step_due()
        service.step_due()
    templates = [
        mail.template for mail in db.session.scalars(select(Mail).where(Mail.template.startswith("retention")))
    ]
    assert templates == ["retention_begun", "retention_locked", *["retention_notice"] * 3]
