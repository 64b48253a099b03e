"""A customer's request: filed, taken, tied, mended, told; come back, told again. And nobody else's."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from portal.accounts import service as accounts
from portal.core.db import db, write
from portal.core.gate import Caller
from portal.quality import changes
from portal.quality.change_models import ChangeRequest
from portal.work import service as work
from tests.quality.conftest import Builds
from tests.quality.world import company


@pytest.fixture
def alice(builds: Builds) -> FlaskClient:
    """The browser of a customer."""
    office = builds.office
    with office.at_work(), write() as session:
        tenant_id = company(session)
        person = accounts.ensure_person(session, email="owner@hanbit.example", name="한가람")
        office.people["alice"] = Caller(
            person.id, person.name, person.email, tenant_id=tenant_id, tenant_name="한빛건설", role="owner", companies=1
        )
    return office.client("alice")


def file(alice: FlaskClient, key: str = "form-1") -> int:
    answer = alice.post("/requests", data={"form_key": key, "title": "치수가 깨집니다", "body": "평면도 2층입니다."})
    assert answer.status_code == 303, answer.text
    return int(answer.headers["Location"].rpartition("/")[2])


def state(builds: Builds, request_id: int) -> str:
    with builds.office.at_work():
        return str(db.session.get_one(ChangeRequest, request_id).state)


def told(builds: Builds, template: str) -> int:
    with builds.office.at_work():
        return len([mail for mail in builds.office.mails(template) if mail.recipient == "owner@hanbit.example"])


def test_who_answers_first_looks_after_it(builds: Builds, alice: FlaskClient) -> None:
    request_id = file(alice)
    dana = builds.office.client("dana")
    dana.post(f"/staff/quality/requests/{request_id}/answer", data={"body": "어느 도면입니까?"})
    assert "처리 중" in alice.get(f"/requests/{request_id}").text
    with builds.office.at_work():
        request = db.session.get_one(ChangeRequest, request_id)
        assert request.assignee_id == builds.office.people["dana"].person_id


def test_a_request_is_work_for_staff_and_the_talk_goes_both_ways(builds: Builds, alice: FlaskClient) -> None:
    request_id = file(alice)
    assert file(alice) == request_id
    dana = builds.office.client("dana")
    with builds.office.at_work():
        (line,) = work.items(builds.office.people["dana"])
        assert (line.kind, line.url) == ("change_request", f"/staff/quality/requests/{request_id}")
    assert "평면도 2층입니다." in dana.get(f"/staff/quality/requests/{request_id}").text
    assert dana.post(f"/staff/quality/requests/{request_id}/take").status_code == 303
    assert (
        dana.post(f"/staff/quality/requests/{request_id}/answer", data={"body": "살펴보겠습니다."}).status_code == 303
    )
    assert alice.post(f"/requests/{request_id}/say", data={"body": "급합니다."}).status_code == 303
    page = alice.get(f"/requests/{request_id}").text
    assert "살펴보겠습니다." in page
    assert "급합니다." in page
    assert "처리 중" in alice.get("/requests").text
    assert told(builds, "request_answered") == 1


def test_the_customer_is_told_when_the_test_is_mended_and_when_it_fails_again(
    builds: Builds, alice: FlaskClient
) -> None:
    request_id = file(alice)
    (item_id,) = builds.report("-a")["opened"]
    dana = builds.office.client("dana")
    assert (
        dana.post(f"/staff/quality/requests/{request_id}/tie", data={"item": item_id, "release": 0}).status_code == 303
    )
    for _ in range(3):
        builds.report("+a")
    assert (state(builds, request_id), told(builds, "request_mended")) == ("mended", 1)
    builds.report("-a")
    assert (state(builds, request_id), told(builds, "request_recurred")) == ("recurred", 1)
    for _ in range(3):
        builds.report("+a")
    assert (state(builds, request_id), told(builds, "request_mended")) == ("mended", 2)


def test_a_request_tied_to_a_release_is_mended_when_that_is_out(builds: Builds, alice: FlaskClient) -> None:
    request_id = file(alice)
    (item_id,) = builds.report("-a")["opened"]
    dana = builds.office.client("dana")
    assert dana.post("/staff/quality/releases", data={"name": "2026.12.1", "notes": "치수 글자"}).status_code == 303
    assert dana.post("/staff/quality/releases", data={"name": "2026.12.1"}).status_code == 422
    dana.post(f"/staff/quality/requests/{request_id}/tie", data={"item": item_id, "release": 1})
    for _ in range(3):
        builds.report("+a")
    assert state(builds, request_id) == "working"
    assert dana.post("/staff/quality/releases/1/publish").status_code == 303
    assert dana.post("/staff/quality/releases/1/publish").status_code == 409
    assert (state(builds, request_id), told(builds, "request_mended")) == ("mended", 1)
    assert "2026.12.1 배포에 들어 있습니다" in alice.get(f"/requests/{request_id}").text


def test_declined_withdrawn_and_opened_again(builds: Builds, alice: FlaskClient) -> None:
    first, second = file(alice), file(alice, "form-2")
    dana = builds.office.client("dana")
    assert dana.post(f"/staff/quality/requests/{first}/decline", data={"reason": ""}).status_code == 422
    assert (
        dana.post(f"/staff/quality/requests/{first}/decline", data={"reason": "지원하지 않습니다."}).status_code == 303
    )
    assert (state(builds, first), told(builds, "request_declined")) == ("declined", 1)
    assert alice.post(f"/requests/{first}/reopen", data={"body": "다시 봐 주십시오."}).status_code == 303
    assert state(builds, first) == "working"
    assert alice.post(f"/requests/{second}/withdraw").status_code == 303
    assert alice.post(f"/requests/{second}/withdraw").status_code == 409
    with builds.office.at_work():
        assert [line.subject for line in work.items(builds.office.people["dana"])] == [f"change_request:{first}"]


def test_a_foreign_request_is_as_absent_as_one_that_never_was(builds: Builds, alice: FlaskClient) -> None:
    request_id = file(alice)
    charlie = builds.office.client("charlie")
    for url in ("", "/say", "/withdraw", "/reopen"):
        send = charlie.post if url else charlie.get
        assert send(f"/requests/{request_id}{url}").status_code == 404
        assert send(f"/requests/987654{url}").status_code == 404
    assert charlie.post("/requests", data={"form_key": "form-1", "title": "a", "body": "b"}).status_code == 422
    assert "치수가 깨집니다" not in charlie.get("/requests").text


def test_a_wrong_form_comes_back_with_sentences(alice: FlaskClient) -> None:
    answer = alice.post("/requests", data={"form_key": "k", "title": "", "body": "본문"})
    assert answer.status_code == 422
    assert "한 줄로 적어 주십시오" in answer.text
    assert "본문" in answer.text


def test_taking_the_line_in_the_inbox_takes_the_request(builds: Builds, alice: FlaskClient) -> None:
    request_id = file(alice)
    dana = builds.office.people["dana"]
    with builds.office.at_work():
        (line,) = work.items(dana)
        work.assign(dana, line.id, dana.person_id)
        changes.follow_inbox(line.id)
        assert db.session.get_one(ChangeRequest, request_id).assignee_id == dana.person_id
    assert state(builds, request_id) == "working"
