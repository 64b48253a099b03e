"""From the application to the decision, on a real database."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, select

from portal.core import audit
from portal.core.db import db
from portal.core.errors import NotFound, Refusal
from portal.core.mail import Mail, MailState
from portal.core.outbox import Message
from portal.tenants.models import Tenant
from portal.trials import review
from portal.trials import service as trials
from portal.trials.forgetting import forget
from portal.trials.models import Application, ApplicationState
from portal.work.models import WorkItem, WorkState
from tests.desk.office import Office, number

S = ApplicationState


def _item(application_id: int) -> WorkItem:
    return db.session.scalars(select(WorkItem).where(WorkItem.subject == f"application:{application_id}")).one()


def test_an_application_asks_the_reviewers_mails_its_applicant_and_has_its_number_checked(office: Office) -> None:
    application_id, token = office.apply()
    with office.at_work():
        assert office.application(application_id).state == S.SUBMITTED
        assert _item(application_id).state == WorkState.OPEN
        (letter,) = office.mails("application_received")
        assert f"/apply/status/{token}" in letter.body
        names = set(db.session.scalars(select(Message.name)))
        assert {"trials.check_business", "application.submitted", "mail.deliver"} <= names


def test_the_database_holds_no_token_that_opens_an_application(office: Office) -> None:
    application_id, token = office.apply()
    with office.at_work():
        row = office.application(application_id)
        values = [str(getattr(row, column.key)) for column in Application.__table__.columns]
        assert not any(token in value for value in values)
        assert trials.application_for(token).id == application_id
        with pytest.raises(NotFound):
            trials.application_for(row.status_digest)


def test_the_same_form_sent_twice_is_one_application(office: Office) -> None:
    assert office.apply() == office.apply()
    with office.at_work():
        assert db.session.scalar(select(func.count()).select_from(Application)) == 1


def test_a_company_under_review_is_not_taken_twice_and_its_applicant_gets_the_link_again(office: Office) -> None:
    application_id, token = office.apply()
    with office.at_work():
        review.assign(office.people["rita"], application_id)
    with pytest.raises(trials.AlreadyApplied):
        office.apply(form_key="another", email="other@b.example")
    with office.at_work():
        (letter,) = office.mails("application_link")
        assert letter.recipient == "alice0@a0.example"
        assert token in letter.body


def test_an_application_nobody_confirmed_gives_way_to_a_newer_one(office: Office) -> None:
    first, _ = office.apply()
    second, _ = office.apply(form_key="another", email="real@a.example")
    with office.at_work():
        assert office.application(first).state == S.WITHDRAWN
        assert _item(first).state == WorkState.DONE
        assert office.application(second).state == S.SUBMITTED


def test_confirming_the_mail_address_twice_is_confirming_it_once(office: Office) -> None:
    application_id, status = office.apply()
    with office.at_work():
        link = next(
            line for line in office.mails("application_received")[0].body.splitlines() if "/apply/confirm/" in line
        )
        confirm = link.rpartition("/")[2]
        assert trials.confirm_email(confirm)[1] == status
        first = office.application(application_id).email_confirmed_at
    office.later(hours=1)
    with office.at_work():
        trials.confirm_email(confirm)
        assert office.application(application_id).email_confirmed_at == first


def test_a_question_is_answered_and_it_is_the_reviewers_turn_again(office: Office) -> None:
    application_id, token = office.apply()
    with office.at_work():
        review.ask_info(office.people["rita"], application_id, "협력사는 몇 곳입니까?")
        assert office.application(application_id).state == S.NEEDS_INFO
        assert _item(application_id).state == WorkState.DONE
    with office.at_work():
        trials.answer_info(token, "열두 곳입니다.")
        assert office.application(application_id).state == S.REVIEWING
        assert _item(application_id).state == WorkState.OPEN
        assert [row.body for row in trials.messages(application_id)] == ["협력사는 몇 곳입니까?", "열두 곳입니다."]


def test_a_question_is_taken_back_while_its_mail_waits_and_not_after(office: Office) -> None:
    application_id, _ = office.apply()
    rita = office.people["rita"]
    with office.at_work():
        review.ask_info(rita, application_id, "잘못 물은 말")
        review.unask(rita, application_id)
        assert office.mails("application_question") == []
        assert trials.messages(application_id) == []
        assert office.application(application_id).state == S.REVIEWING
    with office.at_work():
        review.ask_info(rita, application_id, "바르게 물은 말")
        db.session.execute(
            Mail.__table__.update().where(Mail.template == "application_question").values(state=MailState.SENT)
        )
        db.session.commit()
        with pytest.raises(Refusal, match="이미 나갔습니다"):
            review.unask(rita, application_id)


def test_approving_opens_one_company_closes_the_work_and_mails_the_applicant(office: Office) -> None:
    application_id, _ = office.apply()
    with office.at_work():
        review.approve(office.people["rita"], application_id)
        row = office.application(application_id)
        tenant = db.session.get_one(Tenant, row.tenant_id)
        assert (row.state, tenant.name, tenant.business_number) == (S.APPROVED, "회사 0", number(0))
        assert tenant.owner.email == "alice0@a0.example"
        assert _item(application_id).state == WorkState.DONE
        assert len(office.mails("application_approved")) == 1
        assert audit.verify(db.session()) is None


def test_two_reviewers_who_approve_at_once_have_one_effect(office: Office) -> None:
    application_id, _ = office.apply()
    start, outcomes = threading.Barrier(2), []

    def decide(name: str) -> None:
        with office.at_work():
            start.wait()
            try:
                review.approve(office.people[name], application_id)
                outcomes.append("approved")
            except Refusal:
                outcomes.append("refused")

    threads = [threading.Thread(target=decide, args=(name,)) for name in ("rita", "roy")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with office.at_work():
        assert sorted(outcomes) == ["approved", "refused"]
        assert db.session.scalar(select(func.count()).select_from(Tenant)) == 1
        assert len(office.mails("application_approved")) == 1


def test_nothing_is_approved_when_the_company_cannot_be_opened(office: Office) -> None:
    application_id, _ = office.apply(email="charlie@b.example")
    with office.at_work():
        charlie = db.session.get_one(Tenant.owner.property.entity.class_, office.people["charlie"].person_id)
        charlie.state = "disabled"
        db.session.commit()
        with pytest.raises(Refusal, match="막혀 있습니다"):
            review.approve(office.people["rita"], application_id)
        assert office.application(application_id).state == S.SUBMITTED
        assert office.mails("application_approved") == []


def test_a_rejection_mails_its_reason_and_cannot_be_followed_by_an_approval(office: Office) -> None:
    application_id, _ = office.apply()
    with office.at_work():
        review.reject(office.people["rita"], application_id, "도면을 쓰지 않는 업종입니다.")
        assert "도면을 쓰지 않는 업종입니다." in office.mails("application_rejected")[0].body
        with pytest.raises(Refusal):
            review.approve(office.people["roy"], application_id)


def test_what_nobody_answers_lapses_after_two_weeks(office: Office) -> None:
    asked, _ = office.apply(0)
    unconfirmed, _ = office.apply(1)
    taken, _ = office.apply(2)
    with office.at_work():
        review.ask_info(office.people["rita"], asked, "몇 명입니까?")
        review.assign(office.people["rita"], taken)
        assert trials.expire() == 0
    office.later(days=15)
    with office.at_work():
        assert trials.expire() == 2
        states = [office.application(row).state for row in (asked, unconfirmed, taken)]
        assert states == [S.EXPIRED, S.EXPIRED, S.REVIEWING]


def test_other_applications_of_the_same_number_or_domain_are_shown_and_free_mail_is_not(office: Office) -> None:
    first, _ = office.apply(0, email="kim@hanbit.example")
    with office.at_work():
        review.reject(office.people["rita"], first, "아직 이릅니다.")
    same_domain, _ = office.apply(1, email="park@hanbit.example")
    free, _ = office.apply(2, email="kim@naver.com")
    also_free, _ = office.apply(3, email="lee@naver.com")
    with office.at_work():
        found = review.alike(office.application(same_domain))
        assert [(like.sort, like.application.id) for like in found if like.application] == [("domain", first)]
        assert review.alike(office.application(also_free)) == []
        assert free != also_free


def test_a_visitor_who_applies_too_often_is_asked_to_wait(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.trials.rules.MOST_AN_HOUR", 2)
    office.apply(0, journey_key="v" * 32)
    office.apply(1, journey_key="v" * 32)
    with pytest.raises(Refusal, match="잦습니다"):
        office.apply(2, journey_key="v" * 32)
    office.later(hours=2)
    office.apply(2, journey_key="v" * 32)


def test_a_month_after_a_rejection_nothing_names_the_applicant_and_the_audit_still_holds(office: Office) -> None:
    application_id, _ = office.apply(applicant="카나리아", email="canary@a.example")
    kept, _ = office.apply(1)
    with office.at_work():
        review.reject(office.people["rita"], application_id, "이릅니다.")
        assert forget() == 0
    office.later(days=31)
    with office.at_work():
        assert forget() == 1
        for table in db.metadata.sorted_tables:
            said = str(db.session.execute(table.select()).all())
            assert "카나리아" not in said, table.name
            assert "canary@a.example" not in said, table.name
        assert office.application(kept).state == S.SUBMITTED
        assert audit.verify(db.session()) is None
