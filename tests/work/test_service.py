"""Work items: opened by processes, done by people, one line for one thing."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from portal.core.db import db, write
from portal.core.errors import NotFound, Refusal
from portal.work import service
from portal.work.models import WorkItem, WorkState
from tests.desk.office import Office


def ask(subject: str = "thing:1", roles: tuple[str, ...] = ("reviewer",)) -> int:
    with write() as session:
        return service.open_item(
            session, kind="trial", subject=subject, title="살펴보십시오", url="/staff", roles=roles
        ).id


def test_asking_twice_is_one_line_and_asking_again_after_it_was_done_reopens_and_counts_it(office: Office) -> None:
    rita = office.people["rita"]
    with office.at_work():
        item_id = ask()
        assert ask() == item_id
        assert db.session.get_one(WorkItem, item_id).openings == 1
        service.done(rita, item_id)
        assert ask() == item_id
        item = db.session.get_one(WorkItem, item_id)
        assert (item.state, item.openings) == (WorkState.OPEN, 2)
        assert db.session.scalar(select(func.count()).select_from(WorkItem)) == 1


def test_staff_see_what_their_roles_ask_for_and_admins_see_all(office: Office) -> None:
    with office.at_work():
        item_id = ask()
        assert [service.open_count(office.people[who]) for who in ("rita", "bill", "anna", "charlie")] == [1, 0, 1, 0]
        with pytest.raises(NotFound):
            service.done(office.people["bill"], item_id)


def test_what_somebody_else_took_is_no_longer_counted_for_me(office: Office) -> None:
    rita, roy = office.people["rita"], office.people["roy"]
    with office.at_work():
        item_id = ask()
        service.assign(rita, item_id, rita.person_id)
        assert (service.open_count(rita), service.open_count(roy)) == (1, 0)


def test_work_is_given_to_staff_only(office: Office) -> None:
    with office.at_work():
        item_id = ask()
        with pytest.raises(Refusal, match="직원이 아닌"):
            service.assign(office.people["rita"], item_id, office.people["charlie"].person_id)


def test_a_snoozed_item_comes_back_by_itself(office: Office) -> None:
    rita = office.people["rita"]
    with office.at_work():
        item_id = ask()
        service.snooze(rita, item_id, "tomorrow")
        assert service.open_count(rita) == 0
        assert service.wake_due() == 0
    office.later(days=2)
    with office.at_work():
        assert service.open_count(rita) == 1
        assert service.wake_due() == 1
        assert db.session.get_one(WorkItem, item_id).state == WorkState.OPEN


def test_closing_what_nobody_asked_for_does_nothing(office: Office) -> None:
    with office.at_work(), write() as session:
        service.close_item(session, kind="trial", subject="never", by="process")


def test_an_item_that_is_done_cannot_be_done_again(office: Office) -> None:
    with office.at_work():
        item_id = ask()
        service.done(office.people["rita"], item_id)
        with pytest.raises(Refusal, match="완료"):
            service.done(office.people["roy"], item_id)
