"""The inbox as a page."""

from __future__ import annotations

from portal.core.db import db, write
from portal.work import service
from portal.work.models import WorkItem
from tests.desk.office import Office


def test_an_item_is_done_from_the_inbox_and_can_be_brought_back(office: Office) -> None:
    with office.at_work(), write() as session:
        item_id = service.open_item(session, kind="trial", subject="a", title="살펴볼 것", url="/staff").id
    client = office.client("rita")
    assert "살펴볼 것" in client.get("/staff/work").text
    assert client.post(f"/staff/work/{item_id}/done").status_code == 303
    after = client.get("/staff/work").text
    assert "끝냈습니다: 살펴볼 것" in after
    assert f'action="/staff/work/{item_id}/reopen"' in after
    assert client.post(f"/staff/work/{item_id}/reopen").status_code == 303
    with office.at_work():
        assert db.session.get_one(WorkItem, item_id).state == "open"


def test_the_inbox_and_the_day_say_the_number_that_the_rail_shows(office: Office) -> None:
    rita = office.people["rita"]
    with office.at_work(), write() as session:
        for subject in "abc":
            item_id = service.open_item(session, kind="trial", subject=subject, title="살펴볼 것", url="/staff").id
    with office.at_work():
        service.assign(rita, item_id, office.people["roy"].person_id)
    client = office.client("rita")
    assert "내가 할 일 2건 · 다른 사람이 맡은 일 1건" in client.get("/staff/work").text
    assert "모두 3건" in client.get("/staff").text


def test_an_empty_inbox_says_so(office: Office) -> None:
    assert "할 일이 없습니다." in office.client("rita").get("/staff/work").text


def test_another_roles_item_is_not_found(office: Office) -> None:
    with office.at_work(), write() as session:
        item_id = service.open_item(
            session, kind="charge", subject="a", title="결제", url="/staff", roles=("billing",)
        ).id
    assert office.client("rita").post(f"/staff/work/{item_id}/done").status_code == 404
