"""A company's rule on how many devices one of its people may use at once: the newest stay."""

from __future__ import annotations

from flask.testing import FlaskClient
from sqlalchemy import select

from portal.core import db
from portal.core.audit import AuditEntry
from tests.tenants.premises import Premises
from tests.tenants.test_pages import PASSWORD, SignIn, sign_in

__all__ = ["sign_in"]


def another(portal: Premises, who: str) -> FlaskClient:
    browser = portal.app.test_client()
    assert browser.post("/sign-in", data={"email": f"{who}@example.com", "password": PASSWORD}).status_code == 303
    return browser


def is_in(browser: FlaskClient) -> bool:
    return browser.get("/members").status_code == 200


def test_with_one_device_allowed_a_second_sign_in_ends_the_first(on_sqlite: Premises, sign_in: SignIn) -> None:
    bob, alice = sign_in("bob"), sign_in("alice")
    second = another(on_sqlite, "bob")
    assert is_in(bob)
    assert is_in(second)
    assert alice.post("/company/devices", data={"most": "1"}).status_code == 303
    assert not is_in(bob)
    assert is_in(second)
    third = another(on_sqlite, "bob")
    assert is_in(third)
    assert not is_in(second)
    assert is_in(alice)


def test_the_rule_is_the_companys_own_and_told_in_its_log(on_sqlite: Premises, sign_in: SignIn) -> None:
    charlie = sign_in("charlie")
    other = another(on_sqlite, "charlie")
    sign_in("alice").post("/company/devices", data={"most": "1"})
    assert is_in(charlie)
    assert is_in(other)
    db.db.session.rollback()
    entry = db.db.session.scalars(select(AuditEntry).where(AuditEntry.action == "tenant.limit_devices")).one()
    assert (entry.tenant_id, entry.details) == (1, {"before": None, "after": 1})
    sign_in("alice").post("/company/devices", data={"most": "0"})
    assert "제한 없음" in sign_in("alice").get("/company").text


def test_only_what_is_on_the_list_is_taken_and_from_whom_may_set_it(sign_in: SignIn) -> None:
    for most in ("", "4", "-1", "많이", "99"):
        assert sign_in("alice").post("/company/devices", data={"most": most}).status_code == 422, most
    assert sign_in("bob").post("/company/devices", data={"most": "1"}).status_code == 403
