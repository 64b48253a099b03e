"""Two web servers, one Redis, one platform database: what happens on one holds on the other, at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import update

from jobs.telling import relay_one
from portal import create_app
from portal.accounts import service as accounts
from portal.core import db, gate, mail, outbox, queue
from portal.core.db import write
from portal.tenants.models import Membership, Role
from tests.house.cast import PASSWORD, House

if TYPE_CHECKING:
    from tests.engines import RedisServer


#: What the template of a mail asks of an application.
APPLICATION = SimpleNamespace(company="회사", applicant="밥")


@pytest.fixture
def other(house: House, redis_server: RedisServer) -> Iterator[Flask]:
    """A second server of the same house."""
    app = create_app({"DATA_DIR": str(house.folder), "SECRET_KEY": "h" * 40, "REDIS_URL": redis_server.url})
    yield app
    db.dispose(app)


def signed_in(app: Flask, who: str) -> FlaskClient:
    client = app.test_client()
    assert client.post("/sign-in", data={"email": f"{who}@example.com", "password": PASSWORD}).status_code == 303
    return client


def with_cookies_of(client: FlaskClient, app: Flask) -> FlaskClient:
    """The same browser, sent to another server."""
    moved = app.test_client()
    cookie = client.get_cookie("planroom")
    assert cookie is not None
    moved.set_cookie("planroom", cookie.value)
    return moved


def is_in(client: FlaskClient) -> bool:
    return client.get("/drawings").status_code == 200


def test_a_sign_in_on_one_holds_on_the_other_and_a_sign_out_ends_both(house: House, other: Flask) -> None:
    first = signed_in(house.app, "alice")
    second = with_cookies_of(first, other)
    assert is_in(second)
    second.post("/sign-out")
    assert not is_in(first)
    assert not is_in(second)


def test_a_change_of_role_acts_on_both_at_once(house: House, other: Flask) -> None:
    first = signed_in(house.app, "bob")
    second = with_cookies_of(first, other)
    assert second.post("/drawings/folders", data={"name": "안 되는 폴더"}).status_code == 403
    _set_role(house, Role.EDITOR)
    assert second.post("/drawings/folders", data={"name": "되는 폴더"}).status_code == 303
    _set_role(house, Role.VIEWER)
    assert with_cookies_of(second, house.app).post("/drawings/folders", data={"name": "또"}).status_code == 403


def _set_role(house: House, role: Role) -> None:
    with house.app.app_context(), write() as session:
        bob = accounts.person_by_email("bob@example.com")
        assert bob is not None
        session.execute(update(Membership).where(Membership.person_id == bob.id).values(role=role))


def test_disabling_somebody_ends_them_on_both_at_once(house: House, other: Flask) -> None:
    first = signed_in(house.app, "charlie")
    second = with_cookies_of(first, other)
    assert is_in(first)
    assert is_in(second)
    with house.app.app_context(), write() as session:
        charlie = accounts.person_by_email("charlie@example.com")
        assert charlie is not None
        charlie_id = charlie.id
        accounts.disable(session, charlie_id, by="person:0")
    try:
        assert not is_in(first)
        assert not is_in(second)
    finally:
        with house.app.app_context(), write() as session:
            accounts.enable(session, charlie_id, by="person:0")


def test_a_slow_request_in_flight_does_not_bring_a_session_back(house: House, other: Flask) -> None:
    begun, may_end = threading.Event(), threading.Event()

    @other.get("/slow")
    @gate.access("person")
    def slow() -> str:
        from flask import session  # noqa: PLC0415 - as a view would

        session["touched"] = True
        begun.set()
        may_end.wait(10)
        return "slow"

    client = signed_in(house.app, "alice")
    in_flight = with_cookies_of(client, other)
    thread = threading.Thread(target=in_flight.get, args=("/slow",))
    old = in_flight.get_cookie("planroom").value  # type: ignore[union-attr]  # just set
    thread.start()
    assert begun.wait(10)
    client.post("/sign-out")
    may_end.set()
    thread.join(10)
    client.set_cookie("planroom", old)
    assert not is_in(client)
    assert not is_in(with_cookies_of(client, other))


def test_emptying_redis_loses_no_job(house: House, redis_server: RedisServer) -> None:
    connection = Redis.from_url(redis_server.url)
    work = queue.queue(connection, queue.WORK)
    with house.app.app_context():
        with write() as session:
            mail_id = mail.post(
                session, "bob@example.com", "application_rejected", application=APPLICATION, reason="모름"
            ).id
        relay_one(connection, outbox.PLATFORM)
        assert mail_id in {job.args[1] for job in work.jobs if job.func_name == "jobs.mail.deliver"}
    connection.flushall()
    assert work.jobs == []
    with house.app.app_context():
        mail.nudge_waiting()
        relay_one(connection, outbox.PLATFORM)
    assert mail_id in {job.args[1] for job in work.jobs if job.func_name == "jobs.mail.deliver"}
    connection.close()
