"""The people as admins of the house see and change them."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounts import service
from tests.accounts.conftest import NEW_WORD, SECRET, add_person, code_of, is_in, link_in, sign_in


@pytest.fixture
def admin(app: Flask, client: FlaskClient) -> FlaskClient:
    add_person(app, "ada", roles=("admin",), secret=SECRET)
    sign_in(client, "ada")
    client.post("/sign-in/code", data={"code": code_of(app)})
    return client


def test_an_admin_finds_disables_and_enables_somebody(app: Flask, admin: FlaskClient, alice: int) -> None:
    theirs = app.test_client()
    sign_in(theirs, "alice")
    assert "alice@a.example" in admin.get("/staff/people?q=ALI").text
    assert "alice@a.example" not in admin.get("/staff/people?kind=staff").text
    assert admin.get(f"/staff/people/{alice}").status_code == 200
    assert admin.post(f"/staff/people/{alice}/disable").status_code == 303
    assert not is_in(theirs)
    assert admin.post(f"/staff/people/{alice}/disable").status_code == 409
    assert admin.post(f"/staff/people/{alice}/enable").status_code == 303
    assert sign_in(app.test_client(), "alice") == 303


def test_an_admin_gives_roles_and_resets_a_second_factor(app: Flask, admin: FlaskClient, alice: int, rita: int) -> None:
    assert admin.post(f"/staff/people/{alice}/roles", data={"roles": ["support", "billing"]}).status_code == 303
    assert admin.post(f"/staff/people/{alice}/roles", data={"roles": ["king"]}).status_code == 422
    assert admin.post(f"/staff/people/{rita}/second-factor").status_code == 303
    with app.app_context():
        assert service.person(alice).staff_roles == ["billing", "support"]
        assert not service.person(rita).second_factor


def test_an_admin_invites_staff_by_mail(app: Flask, admin: FlaskClient) -> None:
    data = {"email": "new@a.example", "name": "새 직원", "roles": ["support"]}
    assert admin.post("/staff/people/new", data=data).status_code == 303
    link = link_in(app, "staff_invitation", "/invitations/")
    answer = app.test_client().post(link, data={"password": NEW_WORD, "again": NEW_WORD})
    assert answer.location == "/sign-in/second-factor"


def test_other_staff_and_customers_do_not_see_the_people(app: Flask, alice: int, rita: int) -> None:
    reviewer, customer = app.test_client(), app.test_client()
    sign_in(reviewer, "rita")
    reviewer.post("/sign-in/code", data={"code": code_of(app)})
    sign_in(customer, "alice")
    assert reviewer.get("/staff/people").status_code == 403
    assert customer.get("/staff/people").status_code == 403
    assert customer.post(f"/staff/people/{alice}/roles", data={"roles": ["admin"]}).status_code == 403


def test_the_first_admin_is_invited_from_the_command_line(app: Flask) -> None:
    made = app.test_cli_runner().invoke(
        args=["people", "invite-staff", "ada@a.example", "에이다", "--role", "admin", "--json"]
    )
    assert made.exit_code == 0, made.output
    assert '"/invitations/' not in made.output
    assert "/invitations/" in made.output
