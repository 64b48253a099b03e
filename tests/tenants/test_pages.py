"""Members, roles and companies through the pages: Alice owns A, Bob views it, Charlie owns B."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from portal.accounts import passwords
from portal.accounts import service as accounts
from portal.accounts.models import Person
from portal.core import clock, db
from portal.core.db import write
from portal.core.mail import Mail
from portal.tenants import service as tenants
from portal.tenants.models import Membership, Mode, Role, Tenant
from tests.tenants.premises import Premises, open_company

PASSWORD = "우산-고래-연필-77"
SignIn = Callable[[str], FlaskClient]


@pytest.fixture
def sign_in(on_sqlite: Premises) -> Iterator[SignIn]:
    """A, B and their people; gives a browser signed in as one of them."""
    for name, owner in (("가나건설", "alice"), ("다라제철", "charlie")):
        open_company(name, f"{owner}@example.com")
    with write() as session:
        bob = accounts.ensure_person(session, email="bob@example.com", name="박보기")
        session.add(Membership(person_id=bob.id, tenant_id=1, role=Role.VIEWER, created_at=clock.now()))
        for person in session.scalars(select(Person)):
            person.password_hash, person.password_changed_at = passwords.hash_of(PASSWORD), clock.now()
    browsers: dict[str, FlaskClient] = {}

    def browser(who: str) -> FlaskClient:
        if who not in browsers:
            browsers[who] = on_sqlite.app.test_client()
            answer = browsers[who].post("/sign-in", data={"email": f"{who}@example.com", "password": PASSWORD})
            assert answer.status_code == 303, answer.text
        return browsers[who]

    yield browser
    db.db.session.rollback()


def membership(email: str, tenant_id: int = 1) -> Membership | None:
    db.db.session.rollback()
    query = select(Membership).join(Person).where(Person.email == email, Membership.tenant_id == tenant_id)
    return db.db.session.scalar(query)


def role_of(email: str, tenant_id: int = 1) -> str | None:
    row = membership(email, tenant_id)
    return None if row is None else str(row.role)


def change(browser: FlaskClient, email: str, role: str, tenant_id: int = 1) -> TestResponse:
    row = membership(email, tenant_id)
    assert row is not None
    return browser.post(f"/members/{row.id}/role", data={"role": role})


def test_an_invited_person_gets_a_mail_with_a_way_in_and_shows_as_invited(sign_in: SignIn) -> None:
    answer = sign_in("alice").post("/members", data={"email": " Dora@Example.com ", "name": "도라", "role": "editor"})
    assert (answer.status_code, answer.location) == (303, "/members")
    assert role_of("dora@example.com") == "editor"
    mail = db.db.session.scalars(select(Mail).where(Mail.recipient == "dora@example.com")).one()
    assert "가나건설" in mail.subject
    token = re.search(r"/invitations/\S+", mail.body)
    assert token is not None
    assert sign_in("alice").get(token[0]).status_code == 200
    assert "초대함" in sign_in("alice").get("/members").text


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"email": "no address", "name": "가", "role": "viewer"}, "메일 주소를 다시 확인"),
        ({"email": "", "name": "", "role": "viewer"}, "이름을 적어 주십시오"),
        ({"email": "x@example.com", "name": "가", "role": "king"}, "역할 가운데에서"),
        ({"email": "bob@example.com", "name": "가", "role": "viewer"}, "이미 구성원입니다"),
        ({"email": "invited@example.com", "name": "가", "role": "viewer"}, "이미 초대했습니다"),
    ],
)
def test_a_wrong_invitation_comes_back_with_a_sentence(sign_in: SignIn, data: dict[str, str], sentence: str) -> None:
    invited = {"email": "invited@example.com", "name": "나", "role": "viewer"}
    assert sign_in("alice").post("/members", data=invited).status_code == 303
    answer = sign_in("alice").post("/members", data=data)
    assert answer.status_code == 422
    assert sentence in answer.text


def test_a_new_role_acts_with_the_next_request_and_the_session_gets_a_new_id(sign_in: SignIn) -> None:
    bob, alice = sign_in("bob"), sign_in("alice")
    assert bob.post("/members", data={}).status_code == 403
    old = bob.get_cookie("planroom")
    assert change(alice, "bob@example.com", "admin").status_code == 303
    assert bob.post("/members", data={}).status_code == 422
    assert old is not None
    assert bob.get_cookie("planroom").value != old.value  # type: ignore[union-attr]
    assert change(alice, "bob@example.com", "viewer").status_code == 303
    assert bob.post("/members", data={}).status_code == 403


def test_a_removed_member_is_out_at_once_and_can_be_brought_back(sign_in: SignIn) -> None:
    bob, alice = sign_in("bob"), sign_in("alice")
    row = membership("bob@example.com")
    assert row is not None
    assert alice.post(f"/members/{row.id}/remove").status_code == 303
    assert bob.get("/members").status_code == 403
    undo = re.search(r"/members/restore/[\w.-]+", alice.get("/members").text)
    assert undo is not None
    assert alice.post(undo[0]).status_code == 303
    assert bob.get("/members").status_code == 200
    assert role_of("bob@example.com") == "viewer"


def test_the_link_that_undoes_a_removal_is_of_no_use_elsewhere(sign_in: SignIn) -> None:
    row = membership("bob@example.com")
    assert row is not None
    sign_in("alice").post(f"/members/{row.id}/remove")
    undo = re.search(r"/members/restore/[\w.-]+", sign_in("alice").get("/members").text)
    assert undo is not None
    assert sign_in("charlie").post(undo[0]).status_code == 404
    assert sign_in("alice").post(undo[0] + "x").status_code == 409
    assert role_of("bob@example.com") is None


def test_the_last_owner_can_neither_leave_nor_step_down(sign_in: SignIn) -> None:
    alice = sign_in("alice")
    row = membership("alice@example.com")
    assert row is not None
    assert alice.post(f"/members/{row.id}/remove").status_code == 409
    assert change(alice, "alice@example.com", "viewer").status_code == 409
    assert role_of("alice@example.com") == "owner"
    change(alice, "bob@example.com", "owner")
    assert alice.post(f"/members/{row.id}/remove").status_code == 303
    assert role_of("alice@example.com") is None


def test_leaving_is_asked_for_twice_and_not_offered_to_the_only_owner(sign_in: SignIn) -> None:
    alice, bob = sign_in("alice"), sign_in("bob")
    row = membership("bob@example.com")
    assert row is not None
    asked = bob.get("/members").text.partition('<details class="ask">')[2].partition("</details>")[0]
    assert f'action="/members/{row.id}/remove"' in asked
    assert "가나건설에서 나가기" in asked
    owners = alice.get("/members").text
    assert "가나건설에서 나가기" not in owners
    assert "먼저 다른 분을 소유자로 정해 주십시오." in owners
    change(alice, "bob@example.com", "owner")
    assert "가나건설에서 나가기" in alice.get("/members").text


def test_who_lacks_a_right_is_sent_to_the_owner_and_on_to_the_drawings(sign_in: SignIn) -> None:
    alice, bob = sign_in("alice"), sign_in("bob")
    refused = bob.get("/invoices")
    assert refused.status_code == 403
    assert "회사 소유자에게 요청해 주십시오." in refused.text
    assert re.search(r'href="/drawings"[^>]*>\s*(<span>)?도면으로', refused.text)
    change(alice, "bob@example.com", "billing")
    assert 'href="/start"' in bob.get("/drawings").text
    staffs = bob.get("/staff").text
    assert "회사 소유자" not in staffs
    assert "관리자에게 요청해 주십시오." in staffs


def test_an_admin_can_neither_touch_an_owner_nor_become_one(sign_in: SignIn) -> None:
    change(sign_in("alice"), "bob@example.com", "admin")
    bob = sign_in("bob")
    owner = membership("alice@example.com")
    assert owner is not None
    assert change(bob, "alice@example.com", "viewer").status_code == 403
    assert bob.post(f"/members/{owner.id}/remove").status_code == 403
    assert change(bob, "bob@example.com", "owner").status_code == 403
    assert bob.post("/members", data={"email": "e@example.com", "name": "마", "role": "owner"}).status_code == 422


def test_members_of_another_company_are_not_there(sign_in: SignIn) -> None:
    row = membership("bob@example.com")
    assert row is not None
    charlie = sign_in("charlie")
    for path, data in (
        (f"/members/{row.id}/role", {"role": "owner"}),
        (f"/members/{row.id}/remove", {}),
        ("/companies/1", {}),
    ):
        foreign, absent = charlie.post(path, data=data), charlie.post(path.replace(str(row.id), "999"), data=data)
        assert foreign.status_code == 404
        assert path == "/companies/1" or foreign.text == absent.text
    assert role_of("bob@example.com") == "viewer"
    assert "bob@example.com" not in charlie.get("/members").text


def test_somebody_of_two_companies_switches_with_a_new_session_id(sign_in: SignIn) -> None:
    with write() as session:
        bob = accounts.person_by_email("bob@example.com")
        assert bob is not None
        session.add(Membership(person_id=bob.id, tenant_id=2, role=Role.EDITOR, created_at=clock.now()))
    browser = sign_in("bob")
    assert "다라제철" in browser.get("/company").text  # the newest one first
    old = browser.get_cookie("planroom")
    assert browser.post("/companies/1").location == "/start"
    assert old is not None
    assert browser.get_cookie("planroom").value != old.value  # type: ignore[union-attr]
    assert "가나건설" in browser.get("/company").text
    change(sign_in("alice"), "bob@example.com", "admin")
    row = membership("bob@example.com")
    assert row is not None
    sign_in("alice").post(f"/members/{row.id}/remove")
    assert "다라제철" in browser.get("/company").text  # no longer a member of the chosen one


def test_a_suspended_company_may_look_but_not_change_and_a_closed_one_neither(sign_in: SignIn) -> None:
    alice = sign_in("alice")
    tenants.suspend(db.db.session(), 1, "person:9", "요금이 밀렸습니다.")
    page = alice.get("/members")
    assert page.status_code == 200
    assert "요금이 밀렸습니다." in page.text
    assert alice.post("/company", data={"name": "새 이름"}).status_code == 403
    tenants.resume(db.db.session(), 1, "person:9")
    assert alice.post("/company", data={"name": "새 이름"}).status_code == 303
    tenants.set_read_only(db.db.session(), 1, "person:9", "옮기는 중입니다.")
    assert alice.post("/company", data={"name": "또"}).status_code == 403
    tenants.set_mode(db.db.session(), 1, Mode.CLOSED, "person:9", "점검합니다.")
    assert alice.get("/members").status_code == 403
    assert alice.get("/companies").status_code == 200
    tenants.set_mode(db.db.session(), 1, Mode.OPEN, "person:9")
    assert alice.get("/members").status_code == 200
    db.db.session.rollback()
    assert db.db.session.get_one(Tenant, 1).name == "새 이름"


def test_everybody_begins_with_a_page_that_is_open_to_them(sign_in: SignIn) -> None:
    alice, bob = sign_in("alice"), sign_in("bob")
    assert bob.get("/start").location == "/drawings"
    change(alice, "bob@example.com", "billing")
    assert bob.get("/start").location == "/invoices"
    row = membership("bob@example.com")
    assert row is not None
    alice.post(f"/members/{row.id}/remove")
    assert bob.get("/start").location == "/companies"
    assert "아직 속한 회사가 없습니다." in bob.get("/companies").text


def test_people_of_a_locked_company_are_shown_what_they_can_do(sign_in: SignIn) -> None:
    alice, bob = sign_in("alice"), sign_in("bob")
    tenants.end(db.db.session(), 1, "person:9")
    tenants.retain(db.db.session(), 1, "person:9")
    refused = bob.get("/drawings")
    assert (refused.status_code, 'href="/start"' in refused.text) == (403, True)
    for browser, said in ((alice, ('href="/plans"', 'href="/data"')), (bob, ("회사 소유자", "자료를 보관하고"))):
        assert browser.get("/start").location == "/companies"
        page = browser.get("/companies").text
        assert all(words in page for words in said)
        assert 'href="/drawings"' not in page
    for path in ("/plans", "/data"):
        assert alice.get(path).status_code == 200


def test_nothing_is_added_to_a_company_while_it_is_destroyed(sign_in: SignIn) -> None:
    alice = sign_in("alice")
    for move in (tenants.end, tenants.retain, tenants.purge):
        move(db.db.session(), 1, "person:9")
    for path in ("/payment-methods/card", "/billing-details", "/plans/team/convert"):
        answer = alice.post(path)
        assert (answer.status_code, "파기하고 있는 회사입니다." in answer.text) == (403, True), path
    assert alice.get("/payment-methods/card/1/back").status_code == 403
    assert alice.get("/start").location == "/companies"
    assert "파기하고 있는 회사입니다." in alice.get("/companies").text


def test_who_the_caller_is_takes_two_queries(sign_in: SignIn, on_sqlite: Premises) -> None:
    from sqlalchemy import event  # noqa: PLC0415 - only here

    bob = sign_in("bob")
    bob.get("/companies")
    statements: list[str] = []
    event.listen(db.db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    bob.get("/companies")
    about = [statement for statement in statements if "FROM person" in statement or "FROM membership" in statement]
    assert len(about) == 3, about  # person and device, membership and company; the page lists the companies once more


def test_pages_answer_with_the_block_that_was_asked_for(sign_in: SignIn) -> None:
    for path, block in (("/members", "members"), ("/company", "company"), ("/companies", "companies")):
        answer = sign_in("alice").get(path, headers={"HX-Request": "true", "HX-Target": f"div#{block}"})
        assert answer.status_code == 200
        assert answer.text.strip().startswith(f'<div id="{block}"')
        assert "<html" not in answer.text


def test_a_trial_that_ends_soon_says_so_on_pages_to_those_who_may_choose_a_plan(sign_in: SignIn) -> None:
    said = "요금제를 고르시면"
    for days, told in ((9, False), (5, True)):
        with write() as session:
            session.get_one(Tenant, 1).trial_ends_at = clock.now() + timedelta(days=days)
        assert (said in sign_in("alice").get("/members").text) is told
        assert said not in sign_in("bob").get("/start", follow_redirects=True).text
