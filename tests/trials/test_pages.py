"""The applicant's and the reviewers' pages, with and without htmx's headers."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from portal.core.db import db
from portal.trials.models import Application
from tests.desk.office import Office, form


def _count() -> int:
    return db.session.scalar(select(func.count()).select_from(Application)) or 0


def test_a_visitor_applies_and_sees_what_comes_next(office: Office) -> None:
    client = office.client()
    answer = client.post("/apply", data=form())
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"])
    assert "회사 0" in page.text
    assert "확인 메일을 보냈습니다" in page.text
    assert page.text.count("메일 확인") == 1, "each step of the way is told once"


def test_a_wrong_form_comes_back_whole_with_sentences_and_what_was_typed(office: Office) -> None:
    answer = office.client().post("/apply", data=form(business_number="124-81-00999", terms="", company="한빛"))
    assert "이용약관에 동의합니다</a>:" in answer.text
    assert answer.status_code == 422
    assert "검증 숫자가 맞지 않습니다" in answer.text
    assert "이용약관을 읽고 동의해" in answer.text
    assert 'value="한빛"' in answer.text
    with office.at_work():
        assert _count() == 0


def test_a_program_that_fills_every_field_is_not_taken_in(office: Office) -> None:
    assert office.client().post("/apply", data=form(homepage="http://spam.example")).status_code == 422


def test_news_by_mail_is_asked_for_apart_and_off_unless_wanted(office: Office) -> None:
    office.client().post("/apply", data=form(0))
    office.client().post("/apply", data=form(1, advertising="y"))
    with office.at_work():
        assert list(db.session.scalars(select(Application.advertising).order_by(Application.id))) == [False, True]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("124-81", "5자리를 적으셨습니다"),
        ("124-81-00998", "형식이 맞습니다"),
        ("124-81-00999", "검증 숫자가 맞지 않습니다"),
    ],
)
def test_the_business_number_is_judged_while_it_is_typed(office: Office, typed: str, words: str) -> None:
    headers = {"HX-Request": "true", "HX-Target": "p#business-number-check"}
    answer = office.client().get("/apply/business-number", query_string={"business_number": typed}, headers=headers)
    assert words in answer.text
    assert "<html" not in answer.text


def test_looking_at_the_confirmation_link_confirms_nothing_and_pressing_the_button_does(office: Office) -> None:
    office.client().post("/apply", data=form())
    with office.at_work():
        link = next(
            line for line in office.mails("application_received")[0].body.splitlines() if "/apply/confirm/" in line
        )
    path = link[link.index("/apply/confirm/") :]
    assert office.client().get(path).status_code == 200
    with office.at_work():
        assert db.session.scalars(select(Application)).one().email_confirmed_at is None
    assert office.client().post(path).status_code == 303
    with office.at_work():
        assert db.session.scalars(select(Application)).one().email_confirmed_at is not None


def test_the_confirmation_mail_is_sent_again_a_few_times_and_only_while_it_is_needed(office: Office) -> None:
    _application_id, token = office.apply()
    client = office.client()
    page = client.get(f"/apply/status/{token}").text
    assert "스팸함" in page
    assert f'action="/apply/status/{token}/mail"' in page
    sent = [client.post(f"/apply/status/{token}/mail") for _ in range(4)]
    assert [answer.status_code for answer in sent] == [303, 303, 303, 429]
    assert f'/apply/status/{token}"' in sent[-1].text, "there is a way back"
    with office.at_work():
        letters = office.mails("application_received")
        assert len({letter.body for letter in letters}) == 1, "every one of them holds the link that works"
        link = next(line for line in letters[-1].body.splitlines() if "/apply/confirm/" in line)
    office.later(hours=2)
    assert client.post(f"/apply/status/{token}/mail").status_code == 303
    client.post(link[link.index("/apply/confirm/") :])
    assert "확인 메일 다시 보내기" not in client.get(f"/apply/status/{token}").text
    assert client.post(f"/apply/status/{token}/mail").status_code == 409


def test_an_applicant_withdraws_on_the_status_page_and_the_form_is_gone(office: Office) -> None:
    _application_id, token = office.apply()
    client = office.client()
    assert client.post(f"/apply/status/{token}/withdraw").status_code == 303
    page = client.get(f"/apply/status/{token}")
    assert "신청 취소하기" not in page.text
    assert client.post(f"/apply/status/{token}/withdraw").status_code == 409


def test_a_wrong_status_link_is_not_found(office: Office) -> None:
    office.apply()
    assert office.client().get("/apply/status/" + "x" * 43).status_code == 404


@pytest.mark.parametrize("who", ["", "bill", "charlie"])
def test_only_reviewers_see_or_decide_applications(office: Office, who: str) -> None:
    application_id, _ = office.apply()
    client = office.client(who)
    assert client.get("/staff/applications").status_code in {303, 403}
    assert client.post(f"/staff/applications/{application_id}/approve").status_code in {401, 403}
    with office.at_work():
        assert office.application(application_id).state == "submitted"


def test_the_queue_shows_the_longest_waiting_first_and_the_chosen_one_beside(office: Office) -> None:
    first, _ = office.apply(0)
    office.later(hours=3)
    second, _ = office.apply(1)
    client = office.client("rita")
    page = client.get(f"/staff/applications/{second}").text
    assert page.index("회사 0") < page.index("회사 1")
    assert "승인하고 환경 만들기" in page
    part = client.get(f"/staff/applications/{first}", headers={"HX-Request": "true", "HX-Target": "div#queue"}).text
    assert part.lstrip().startswith('<div id="queue"')


def test_a_reviewer_decides_with_plain_forms(office: Office) -> None:
    taken, _ = office.apply(0)
    asked, _ = office.apply(1)
    turned_down, _ = office.apply(2)
    opened, _ = office.apply(3)
    client = office.client("rita")
    for path, data in (
        (f"{taken}/assign", {}),
        (f"{asked}/ask", {"body": "몇 명입니까?"}),
        (f"{turned_down}/reject", {"reason": "이릅니다."}),
        (f"{opened}/approve", {}),
    ):
        assert client.post(f"/staff/applications/{path}", data=data).status_code == 303
    with office.at_work():
        states = [str(office.application(row).state) for row in (taken, asked, turned_down, opened)]
    assert states == ["reviewing", "needs_info", "rejected", "approved"]


def test_a_rejection_without_a_reason_comes_back_with_a_sentence(office: Office) -> None:
    application_id, _ = office.apply()
    answer = office.client("rita").post(f"/staff/applications/{application_id}/reject", data={"reason": " "})
    assert answer.status_code == 422
    assert "반려하는 까닭을 적어 주십시오" in answer.text


def test_what_an_applicant_writes_is_shown_as_text(office: Office) -> None:
    application_id, _ = office.apply(company="<b>회사</b>", purpose="<script>alert(1)</script>")
    page = office.client("rita").get(f"/staff/applications/{application_id}").text
    assert "<script>alert" not in page
    assert "&lt;b&gt;회사&lt;/b&gt;" in page
