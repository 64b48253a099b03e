"""Support enters a company: with a reason, to look, for an hour, in the company's own sight."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from redis import Redis
from sqlalchemy import select

from portal.accounts import service as accounts
from portal.core import clock
from portal.core.audit import AuditEntry
from portal.core.db import db, write
from portal.tenants.models import ActingGrant
from tests.duties.conftest import SignIn

WHY = "문의 4711: 회사 화면이 비어 보인다고 합니다"


def grants() -> list[ActingGrant]:
    db.session.rollback()
    return list(db.session.scalars(select(ActingGrant).order_by(ActingGrant.id)))


def device_of(name: str) -> int:
    person = accounts.person_by_email(f"{name}@example.com")
    assert person is not None
    return accounts.devices(person.id)[0].id


def inside(browser: object) -> bool:
    answer = browser.get("/company")  # type: ignore[attr-defined]
    return answer.status_code == 200 and "가나건설" in answer.text


def test_support_enters_with_a_reason_sees_a_banner_and_goes_out_again(sign_in: SignIn) -> None:
    sue = sign_in("sue")
    assert not inside(sue)
    assert "들어가는 까닭" in sue.get("/staff/tenants/1").text
    old = sue.get_cookie("planroom").value  # type: ignore[union-attr]
    assert sue.post("/staff/tenants/1/enter", data={"reason": WHY}).location == "/company"
    assert sue.get_cookie("planroom").value != old  # type: ignore[union-attr]
    page = sue.get("/company").text
    assert inside(sue)
    assert "지원 중" in page
    assert "가나건설을 보고 있습니다" in page
    assert sue.post("/staff/leave").location == "/staff/tenants/1"
    assert not inside(sue)
    db.session.rollback()
    acts = list(db.session.scalars(select(AuditEntry.action).where(AuditEntry.action.startswith("support."))))
    assert acts == ["support.enter", "support.leave"]


def test_without_a_reason_nobody_enters_and_others_of_the_staff_do_not_either(sign_in: SignIn) -> None:
    for reason in ("", "   ", "왜"):
        assert sign_in("sue").post("/staff/tenants/1/enter", data={"reason": reason}).location == "/staff/tenants/1"
    assert "까닭을 적어 주십시오" in sign_in("sue").get("/staff/tenants/1").text
    for who in ("ada", "bill"):
        assert sign_in(who).post("/staff/tenants/1/enter", data={"reason": WHY}).status_code == 403
    assert sign_in("alice").post("/staff/tenants/2/enter", data={"reason": WHY}).status_code == 403
    assert sign_in("sue").post("/staff/tenants/99/enter", data={"reason": WHY}).status_code == 404
    assert grants() == []


def test_support_looks_and_changes_nothing(sign_in: SignIn) -> None:
    sue = sign_in("sue")
    sue.post("/staff/tenants/1/enter", data={"reason": WHY})
    assert sue.get("/drawings").status_code == 200
    assert sue.get("/members").status_code == 200
    for url in (
        "/company",
        "/members",
        "/drawings/folders",
        "/company/devices",
        "/requests",
        "/company/log/visits/1/end",
    ):
        assert sue.post(url, data={"name": "새 이름"}).status_code == 403, url
    for url in ("/invoices", "/company/log", "/data"):
        assert sue.get(url).status_code == 403, url


def test_a_visit_ends_by_itself_after_an_hour(sign_in: SignIn) -> None:
    sue = sign_in("sue")
    sue.post("/staff/tenants/1/enter", data={"reason": WHY})
    began = clock.now()
    clock.set_to(began + timedelta(minutes=59))
    assert inside(sue)
    clock.set_to(began + timedelta(minutes=61))
    assert not inside(sue)
    assert sue.get("/staff").status_code == 200


BANNER = "지원 중"


def emptied(redis_url: str) -> None:
    with Redis.from_url(redis_url) as client:
        client.flushall()


def test_a_visit_goes_on_with_its_banner_when_redis_was_emptied_and_ends_when_it_would_have(
    sign_in: SignIn, redis_url: str
) -> None:
    sue = sign_in("sue")
    sue.post("/staff/tenants/1/enter", data={"reason": WHY})
    began = clock.now()
    clock.set_to(began + timedelta(minutes=40))
    emptied(redis_url)
    page = sue.get("/company").text
    assert "가나건설" in page
    assert BANNER in page
    assert sue.post("/members", data={"name": "새 이름"}).status_code == 403
    clock.set_to(began + timedelta(minutes=61))
    emptied(redis_url)
    for url in ("/company", "/drawings", "/members"):
        answer = sue.get(url)
        assert answer.status_code == 403, url
        assert "가나건설" not in answer.text
    assert BANNER not in sue.get("/staff").text


def test_who_went_out_is_not_let_in_again_by_a_redis_that_was_emptied(sign_in: SignIn, redis_url: str) -> None:
    sue = sign_in("sue")
    sue.post("/staff/tenants/1/enter", data={"reason": WHY})
    sue.post("/staff/leave")
    emptied(redis_url)
    assert not inside(sue)
    assert sue.get("/staff").status_code == 200


def test_who_was_turned_out_is_not_let_in_again_by_a_redis_that_was_emptied(sign_in: SignIn, redis_url: str) -> None:
    sue, alice = sign_in("sue"), sign_in("alice")
    sue.post("/staff/tenants/1/enter", data={"reason": WHY})
    emptied(redis_url)
    assert inside(sue)
    assert alice.post("/company/log/visits/1/end").status_code == 303
    emptied(redis_url)
    assert not inside(sue)


def test_a_visit_goes_on_with_its_banner_while_redis_is_away(sign_in: SignIn, cut_off: Callable[[], None]) -> None:
    sue = sign_in("sue")
    sue.post("/staff/tenants/1/enter", data={"reason": WHY})
    began = clock.now()

    cut_off()
    page = sue.get("/company").text
    assert "가나건설" in page
    assert BANNER in page
    clock.set_to(began + timedelta(minutes=61))
    assert not inside(sue)


def test_a_visit_ends_when_its_person_is_no_longer_support(sign_in: SignIn) -> None:
    sue = sign_in("sue")
    sue.post("/staff/tenants/1/enter", data={"reason": WHY})
    with write() as session:
        person = accounts.person_by_email("sue@example.com")
        assert person is not None
        accounts.set_staff_roles(session, person.id, ["billing"], by="test")
    assert not inside(sue)


def test_a_visit_holds_on_its_own_device_and_in_its_own_company_only(sign_in: SignIn) -> None:
    sue = sign_in("sue")
    sue.post("/staff/tenants/1/enter", data={"reason": WHY})
    sue.post("/staff/tenants/2/enter", data={"reason": WHY})
    assert "다라제철" in sue.get("/company").text
    first, second = grants()
    assert first.ended_at is not None
    assert second.ended_at is None
    sign_in("alice")
    with write() as session:
        session.get_one(ActingGrant, second.id).device_id = device_of("alice")
    assert sue.get("/company").status_code == 403


def test_the_companys_admin_sees_who_came_why_and_what_they_saw_and_can_turn_them_out(sign_in: SignIn) -> None:
    sue, alice = sign_in("sue"), sign_in("alice")
    sue.post("/staff/tenants/1/enter", data={"reason": WHY})
    sue.get("/drawings")
    page = alice.get("/company/log").text
    for words in (WHY, "Sue", "지금 들어와 있음", "회사의 도면 조회"):
        assert words in page
    assert WHY not in sign_in("charlie").get("/company/log").text
    assert sign_in("bob").get("/company/log").status_code == 403
    assert sign_in("charlie").post("/company/log/visits/1/end").status_code == 404
    assert inside(sue)
    assert alice.post("/company/log/visits/1/end").status_code == 303
    assert not inside(sue)
    assert "지금 들어와 있음" not in alice.get("/company/log").text


def test_support_is_told_in_the_companys_timeline(sign_in: SignIn) -> None:
    sue = sign_in("sue")
    sue.post("/staff/tenants/1/enter", data={"reason": WHY})
    sue.post("/staff/leave")
    assert "지원 담당이 들어왔습니다" in sue.get("/staff/tenants/1").text
