"""Pages of people, on one server and on two that share Redis and the database."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.accounts import own, passwords, second_factor, service, tickets
from portal.accounts.models import Person, Ticket
from portal.core import clock
from portal.core.db import db, write
from portal.core.mail import Mail
from tests.accounts.conftest import NEW_WORD, SECRET, WORD, add_person, code_of, cookie, is_in, link_in, sign_in

HX = {"HX-Request": "true"}


def _reset_link(app: Flask) -> str:
    with app.app_context():
        tickets.send_reset(db.session.scalars(select(Ticket.id).order_by(Ticket.id.desc())).first() or 0)
    return link_in(app, "reset", "/password/reset/")


# ---- the way in ----


def test_a_person_signs_in_goes_where_they_wanted_and_out_again(client: FlaskClient, alice: int) -> None:
    data = {"email": "Alice@A.example ", "password": WORD, "next": "/me/devices"}
    answer = client.post("/sign-in", data=data)
    assert (answer.status_code, answer.location) == (303, "/me/devices")
    assert "지금 이 기기" in client.get("/me/devices").text
    assert client.post("/sign-out").status_code == 303
    assert client.get("/me").status_code == 303


def test_without_a_wish_a_person_goes_to_the_start(client: FlaskClient, alice: int) -> None:
    answer = client.post("/sign-in", data={"email": "alice@a.example", "password": WORD, "next": "//evil.example"})
    assert answer.location == "/start"


def test_the_id_of_the_session_is_new_at_sign_in_and_the_old_one_is_dead(
    app: Flask, client: FlaskClient, alice: int
) -> None:
    client.get("/sign-in/code")  # a notice makes a session of somebody who is nobody yet
    before = cookie(client)
    assert before
    sign_in(client, "alice")
    assert cookie(client) not in {"", before}
    old = app.test_client()
    old.set_cookie("planroom", before)
    assert not is_in(old)


def test_unknown_disabled_and_wrong_are_answered_alike(app: Flask, alice: int) -> None:
    bob = add_person(app, "bob")
    with app.app_context(), write() as session:
        service.disable(session, bob, by="test")
        service.ensure_person(session, email="carol@a.example", name="carol")  # invited, no password yet
    answers = []
    for name, word in [("alice", "wrong word"), ("ghost", WORD), ("bob", WORD), ("carol", WORD)]:
        client = app.test_client()
        answer = client.post("/sign-in", data={"email": f"{name}@a.example", "password": word})
        answers.append((answer.status_code, answer.text.replace(name, "X")))
    assert answers[0][0] == 422
    assert len(set(answers)) == 1


def test_forgetting_is_answered_alike_for_somebody_and_nobody(app: Flask, alice: int) -> None:
    answers = []
    for name in ("alice", "ghost"):
        answer = app.test_client().post("/password/forgot", data={"email": f"{name}@a.example"})
        answers.append((answer.status_code, answer.location))
    assert answers[0] == answers[1]
    assert answers[0][0] == 303


def test_signing_in_is_as_much_work_for_nobody_as_for_somebody(
    app: Flask, alice: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters: list[list[str]] = []
    hasher = passwords.HASHER

    def counted(stored: str, typed: str) -> bool:
        parameters.append(stored.split("$")[:4])
        return hasher.verify(stored, typed)

    monkeypatch.setattr(passwords, "HASHER", SimpleNamespace(verify=counted, hash=hasher.hash))
    for name in ("alice", "ghost"):
        sign_in(app.test_client(), name, "wrong word")
    assert len(parameters) == 2
    assert parameters[0] == parameters[1]


def test_the_sixth_wrong_password_is_answered_429_with_the_time_to_wait(client: FlaskClient, alice: int) -> None:
    statuses = [sign_in(client, "alice", "wrong") for _ in range(5)]
    answer = client.post("/sign-in", data={"email": "alice@a.example", "password": WORD})
    assert (statuses, answer.status_code) == ([422] * 5, 429)
    assert int(answer.headers["Retry-After"]) > 0


def test_the_owner_held_off_gets_in_by_a_reset(app: Flask, client: FlaskClient, alice: int) -> None:
    for _ in range(6):
        sign_in(client, "alice", "wrong")
    client.post("/password/forgot", data={"email": "alice@a.example"})
    answer = client.post(_reset_link(app), data={"password": NEW_WORD, "again": NEW_WORD})
    assert answer.status_code == 303
    assert is_in(client)


def test_a_password_never_comes_back_in_an_answer(client: FlaskClient, alice: int) -> None:
    answer = client.post("/sign-in", data={"email": "alice@a.example", "password": "my wrong secret"})
    assert "my wrong secret" not in answer.text


def _kept(client: FlaskClient) -> bool:
    """Whether the browser keeps the session's cookie when it is closed."""
    found = client.get_cookie("planroom")
    return found is not None and found.expires is not None


def test_a_browser_keeps_its_sign_in_when_it_was_asked_to_and_not_otherwise(
    app: Flask, client: FlaskClient, alice: int
) -> None:
    data = {"email": "alice@a.example", "password": WORD}
    client.post("/sign-in", data=data)
    assert not _kept(client)
    other = app.test_client()
    other.post("/sign-in", data=data | {"remember": "y"})
    assert _kept(other)
    assert "로그인 유지" in other.get("/me/devices").text


def test_staff_are_asked_again_whatever_they_ticked(app: Flask, client: FlaskClient, rita: int) -> None:
    client.post("/sign-in", data={"email": "rita@a.example", "password": WORD, "remember": "y"})
    client.post("/sign-in/code", data={"code": code_of(app)})
    assert is_in(client)
    assert not _kept(client)


# ---- second factor ----


def test_staff_give_a_code_and_the_same_code_opens_nothing_twice(app: Flask, client: FlaskClient, rita: int) -> None:
    assert client.post("/sign-in", data={"email": "rita@a.example", "password": WORD}).location == "/sign-in/code"
    assert not is_in(client)
    code = code_of(app)
    assert client.post("/sign-in/code", data={"code": code}).location == "/start"
    assert is_in(client)
    other = app.test_client()
    sign_in(other, "rita")
    assert other.post("/sign-in/code", data={"code": code}).status_code == 422
    assert not is_in(other)


def test_the_code_is_asked_for_ten_minutes(app: Flask, client: FlaskClient, rita: int) -> None:
    sign_in(client, "rita")
    with app.app_context():
        clock.set_to(clock.now() + timedelta(minutes=11))
    assert client.post("/sign-in/code", data={"code": code_of(app)}).location == "/sign-in"
    assert not is_in(client)


def test_staff_without_a_second_factor_set_it_up_before_they_get_in(app: Flask, client: FlaskClient) -> None:
    add_person(app, "dora", roles=("support",))
    assert (
        client.post("/sign-in", data={"email": "dora@a.example", "password": WORD}).location == "/sign-in/second-factor"
    )
    page = client.get("/sign-in/second-factor").text
    key = page.split("<code>")[1].split("</code>")[0].replace(" ", "")
    assert "<svg" in page
    assert client.post("/sign-in/second-factor", data={"code": "000000"}).status_code == 422
    assert not is_in(client)
    assert client.post("/sign-in/second-factor", data={"code": code_of(app, key)}).location == "/me/recovery-codes"
    codes = client.get("/me/recovery-codes").text
    assert codes.count("<li><code") == 10
    assert client.post("/me/recovery-codes").location == "/start"
    assert client.get("/me/recovery-codes").status_code == 303


def test_a_recovery_code_opens_the_door_once(app: Flask, client: FlaskClient, rita: int) -> None:
    with app.app_context():
        with write() as session:
            session.get_one(Person, rita).totp_secret = second_factor.sealed(SECRET)
        code = own.renew_recovery_codes(rita, WORD)[0]
    sign_in(client, "rita")
    assert client.post("/sign-in/code?with=recovery", data={"code": code}).status_code == 303
    assert is_in(client)


def test_a_customer_turns_the_second_factor_on_and_off(app: Flask, client: FlaskClient, alice: int) -> None:
    sign_in(client, "alice")
    before = cookie(client)
    key = client.get("/me/second-factor").text.split("<code>")[1].split("</code>")[0].replace(" ", "")
    assert client.post("/me/second-factor", data={"code": code_of(app, key)}).status_code == 422
    assert client.post("/me/second-factor", data={"code": code_of(app, key), "current": "wrong"}).status_code == 422
    answer = client.post("/me/second-factor", data={"code": code_of(app, key), "current": WORD})
    assert answer.location == "/me/recovery-codes"
    assert cookie(client) != before
    client.post("/me/recovery-codes")
    assert "쓰고 계십니다" in client.get("/me/second-factor").text
    assert client.post("/me/second-factor/off", data={"off-current": "wrong"}).status_code == 422
    assert client.post("/me/second-factor/off", data={"off-current": WORD}).status_code == 303
    assert "2단계 인증 켜기" in client.get("/me/second-factor").text


# ---- links ----


def test_an_invitation_sets_a_password_signs_in_and_is_used_up(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), write() as session:
        token = service.invitation(session, service.ensure_person(session, email="bob@a.example", name="봅"))
    path = f"/invitations/{token}"
    for _ in range(2):  # looking uses nothing up
        page = client.get(path)
        assert page.status_code == 200
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["Cache-Control"] == "no-store"
    assert client.post(path, data={"password": "password", "again": "password"}).status_code == 422
    assert client.post(path, data={"password": NEW_WORD, "again": "other"}).status_code == 422
    assert client.post(path, data={"password": NEW_WORD, "again": NEW_WORD}).location == "/start"
    assert is_in(client)
    again = app.test_client().get(path)
    assert again.status_code == 410
    assert "비밀번호를 정하신 분은 로그인하시고" in again.text
    assert 'href="/sign-in"' in again.text


def test_links_in_mails_come_from_the_setting_and_not_from_the_host_header(app: Flask, alice: int) -> None:
    client = app.test_client()
    assert (
        client.post("/password/forgot", data={"email": "alice@a.example"}, headers={"Host": "evil.example"}).status_code
        == 400
    )
    client.post("/password/forgot", data={"email": "alice@a.example"})
    _reset_link(app)
    with app.app_context():
        body = db.session.scalars(select(Mail.body)).one()
    assert app.extensions["planroom.settings"].public_url + "/password/reset/" in body


def test_a_link_of_another_kind_or_of_nobody_is_dead_alike(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), write() as session:
        token = service.invitation(session, service.ensure_person(session, email="bob@a.example", name="봅"))
    assert client.get(f"/password/reset/{token}").status_code == 410
    assert client.get("/password/reset/nonsense").status_code == 410
    assert client.get("/me/email/nonsense").status_code == 410


# ---- about oneself ----


@pytest.mark.parametrize("path", ["/me", "/me/email", "/me/password", "/me/second-factor", "/me/devices", "/me/logins"])
def test_pages_about_oneself_open_for_a_person_and_send_others_to_sign_in(
    app: Flask, client: FlaskClient, alice: int, path: str
) -> None:
    assert client.get(path).location.startswith("/sign-in?next=")
    sign_in(client, "alice")
    page = client.get(path)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert "style=" not in page.text


def test_a_name_is_kept_and_a_wrong_phone_is_told(client: FlaskClient, alice: int) -> None:
    sign_in(client, "alice")
    assert client.post("/me", data={"name": "김하늘", "phone": "12"}).status_code == 422
    assert client.post("/me", data={"name": " 김  하늘 ", "phone": "010-1234-5678"}).status_code == 303
    assert 'value="김 하늘"' in client.get("/me").text


def test_appended_fields_change_nothing(app: Flask, client: FlaskClient, alice: int) -> None:
    sign_in(client, "alice")
    client.post("/me", data={"name": "alice", "email": "x@x.example", "staff_roles": "admin", "state": "disabled"})
    with app.app_context():
        found = service.person(alice)
        assert (found.email, found.staff_roles, str(found.state)) == ("alice@a.example", [], "active")


def test_the_list_of_devices_alone_answers_when_only_it_is_asked_for(client: FlaskClient, alice: int) -> None:
    sign_in(client, "alice")
    part = client.get("/me/devices", headers=HX | {"HX-Target": "section#devices"})
    assert "지금 이 기기" in part.text
    assert "<html" not in part.text
    whole = client.get("/me/devices")
    assert "<html" in whole.text


def test_the_history_pages_back(app: Flask, client: FlaskClient, alice: int) -> None:
    for _ in range(3):
        sign_in(app.test_client(), "alice")
    sign_in(client, "alice")
    page = client.get("/me/logins", headers=HX | {"HX-Target": "logins"})
    assert page.text.count("<tr>") == 1 + 4
    assert "더 지난 기록이 없습니다" in client.get("/me/logins?before=1").text


def test_nobody_ends_anothers_device(app: Flask, client: FlaskClient, alice: int) -> None:
    add_person(app, "bob")
    bob = app.test_client()
    sign_in(bob, "bob")
    sign_in(client, "alice")
    with app.app_context():
        bobs = service.devices(service.person_by_email("bob@a.example").id)[0].id  # type: ignore[union-attr]
    assert client.post(f"/me/devices/{bobs}/end").status_code == 404
    assert client.post("/me/devices/99999/end").status_code == 404
    assert is_in(bob)


def test_a_confirmed_address_is_the_one_to_sign_in_with(app: Flask, client: FlaskClient, alice: int) -> None:
    sign_in(client, "alice")
    assert client.post("/me/email", data={"email": "new@a.example", "current": "wrong"}).status_code == 422
    assert client.post("/me/email", data={"email": "new@a.example", "current": WORD}).status_code == 303
    link = link_in(app, "email_confirm", "/me/email/")
    assert "new@a.example" in client.get(link).text
    assert client.post(link).status_code == 303
    assert sign_in(app.test_client(), "new") == 303
