"""The closing loop over HTTP with a real key: a failure has an owner, greens close it, it comes back to the same hands."""

from __future__ import annotations

from sqlalchemy import select

from portal.core.db import db
from portal.quality.models import Item, ItemState
from portal.work.models import WorkItem
from tests.quality.conftest import Builds, junit


def line(item_id: int) -> WorkItem:
    return db.session.scalars(select(WorkItem).where(WorkItem.subject == f"test_item:{item_id}")).one()


def test_a_failure_opens_an_item_for_its_author_three_greens_close_it_and_it_comes_back_to_the_same_hands(
    builds: Builds,
) -> None:
    red = builds.report("-test_vat", "+test_won", authors=["Dana <dana@planroom.example>"])
    assert red["counts"] == {"tests": 2, "failures": 1, "errors": 0, "skipped": 0}
    (item_id,) = red["opened"]
    dana = builds.office.people["dana"].person_id
    with builds.office.at_work():
        item, work = builds.item(item_id), line(item_id)
        assert (item.state, item.owner_id, work.assignee_id, work.state) == ("open", dana, dana, "open")
        assert "변경을 만들었습니다" in item.owner_reason
        assert item.owner_reason in work.body
    greens = [builds.report("+test_vat", authors=["dave@planroom.example"]) for _ in range(3)]
    assert [green["closed"] for green in greens] == [[], [], [item_id]]
    with builds.office.at_work():
        assert (builds.item(item_id).state, line(item_id).state) == ("resolved", "done")
    again = builds.report("-test_vat", authors=["dave@planroom.example"])
    assert (again["opened"], again["reopened"]) == ([], [item_id])
    with builds.office.at_work():
        item, work = builds.item(item_id), line(item_id)
        assert (item.state, item.owner_id, item.regressions) == (ItemState.REGRESSED, dana, 1)
        assert (work.state, work.assignee_id, work.openings) == ("open", dana, 2)
        assert "재발" in work.title
        assert len(db.session.scalars(select(Item)).all()) == 1


def test_the_same_file_again_changes_nothing_and_is_answered_alike(builds: Builds) -> None:
    first = builds.report("-test_vat")
    assert builds.report("-test_vat", number=1) == first
    with builds.office.at_work():
        assert builds.item(first["opened"][0]).failures == 1


def test_absent_skipped_incomplete_and_other_platforms_are_not_green(builds: Builds) -> None:
    (item_id,) = builds.report("-test_vat")["opened"]
    for _ in range(3):
        builds.report("+test_other")
        builds.report("~test_vat")
        builds.report("+test_vat", complete=False)
        builds.report("+test_vat", platform="windows")
        assert builds.send(junit("+test_vat"), ("broken.xml", b"<testsuite>")).status_code == 200
    builds.report("+test_vat")
    builds.report("+test_vat")
    with builds.office.at_work():
        assert builds.item(item_id).state == "open"
    assert builds.report("+test_vat")["closed"] == [item_id]


def test_old_news_does_not_bring_an_item_back(builds: Builds) -> None:
    (item_id,) = builds.report("-test_vat", number=5)["opened"]
    for number in (6, 7, 9):
        builds.report("+test_vat", number=number)
    assert builds.report("-test_vat", number=8)["reopened"] == []
    with builds.office.at_work():
        assert builds.item(item_id).state == "resolved"
    assert builds.report("-test_vat", number=10)["reopened"] == [item_id]
