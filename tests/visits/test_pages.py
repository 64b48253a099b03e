"""Looks at public pages are counted, without anybody being known, and never at a visitor's cost."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from portal import create_app
from portal.accounts import passwords, second_factor
from portal.accounts import service as accounts
from portal.core import clock, db
from portal.core.db import BUSY_SECONDS, write
from portal.visits import service
from portal.visits.models import Seen, Visit, VisitSalt

AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36"
BROWSER = {"User-Agent": AGENT}
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
WORD = "참나무 아래 바위 셋"


@pytest.fixture
def app(tmp_path: Path, redis_url: str) -> Iterator[Flask]:
    made = create_app({"DATA_DIR": str(tmp_path), "SECRET_KEY": "k" * 40, "REDIS_URL": redis_url})
    with made.app_context():
        db.db.create_all()
    yield made
    db.dispose(made)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def _count(app: Flask) -> int:
    with app.app_context():
        return db.db.session.scalar(select(func.count()).select_from(Visit)) or 0


def test_a_look_at_a_public_page_is_counted_with_its_source(app: Flask, client: FlaskClient) -> None:
    client.get("/sign-in", headers=BROWSER | {"Referer": "https://search.naver.com/?q=x"})
    client.get("/prices", headers=BROWSER)
    with app.app_context():
        seen = [(row.page, row.source) for row in db.db.session.scalars(select(Visit).order_by(Visit.id))]
    assert seen == [(Seen.SIGN_IN, "네이버"), (Seen.PRICES, "")]


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Googlebot/2.1"},
        BROWSER | {"DNT": "1"},
        BROWSER | {"Sec-GPC": "1"},
        BROWSER | {"Sec-Purpose": "prefetch;prerender"},
        {"User-Agent": ""},
    ],
)
def test_programs_and_those_who_ask_not_to_be_followed_are_left_out(
    app: Flask, client: FlaskClient, headers: dict[str, str]
) -> None:
    assert client.get("/sign-in", headers=headers).status_code == 200
    assert _count(app) == 0


def _staff(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        with write() as session:
            accounts.make_staff(
                session, email="rita@a.example", name="리타", roles=["reviewer"], password=WORD, totp_secret=SECRET
            )
        code = second_factor.code_at(SECRET, clock.now())
        assert passwords.AT_ONCE
    client.post("/sign-in", data={"email": "rita@a.example", "password": WORD}, headers=BROWSER)
    client.post("/sign-in/code", data={"code": code}, headers=BROWSER)


def test_people_who_are_signed_in_are_not_counted(app: Flask, client: FlaskClient) -> None:
    _staff(app, client)
    before = _count(app)
    client.get("/prices", headers=BROWSER)
    assert _count(app) == before


def test_neither_address_nor_browser_is_kept(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    client.get("/sign-in", headers=BROWSER, environ_base={"REMOTE_ADDR": "203.0.113.77"})
    with sqlite3.connect(tmp_path / "platform.db") as raw:
        dump = "\n".join(raw.iterdump())
    assert "203.0.113" not in dump
    assert "Chrome" not in dump


def test_the_salt_of_a_day_that_is_over_is_destroyed_and_the_key_is_another(app: Flask) -> None:
    with app.app_context():
        first = service.visitor_key("203.0.113.77", AGENT)
        assert first == service.visitor_key("203.0.113.77", AGENT)
        clock.set_to(clock.now() + timedelta(days=1))
        service.tidy()
        assert db.db.session.scalar(select(VisitSalt)) is None
        assert service.visitor_key("203.0.113.77", AGENT) != first


def test_a_page_is_answered_at_once_while_the_database_is_locked(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    client.get("/sign-in", headers=BROWSER)
    lock = sqlite3.connect(tmp_path / "platform.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    begun = time.monotonic()
    answer = client.get("/sign-in", headers=BROWSER)
    taken = time.monotonic() - begun
    lock.execute("ROLLBACK")
    lock.close()
    assert answer.status_code == 200
    assert taken < BUSY_SECONDS, "it waited for the lock"
    assert _count(app) == 1


def test_after_a_lock_the_connection_waits_as_long_as_ever(app: Flask) -> None:
    with app.app_context():
        service.record(Seen.HOME, address="1.2.3.4", agent=AGENT, source="")
        with db.db.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == db.BUSY_SECONDS * 1000


def test_the_journey_is_in_order_and_counts_a_reload_as_one_step(app: Flask) -> None:
    with app.app_context():
        for seen, source in [(Seen.HOME, "구글"), (Seen.HOME, ""), (Seen.PRICES, ""), (Seen.APPLY, "")]:
            service.record(seen, address="1.2.3.4", agent=AGENT, source=source)
        key = service.visitor_key("1.2.3.4", AGENT)
        assert [(step.label, step.source) for step in service.journey(key)] == [
            ("첫 화면", "구글"),
            ("요금", ""),
            ("신청서", ""),
        ]
        assert service.journey("nobody") == []


def test_an_approval_told_twice_counts_once(app: Flask) -> None:
    with app.app_context():
        service.approved("k" * 32)
        service.approved("k" * 32)
        service.approved("")
        assert service.journey("k" * 32) == [], "a reviewer's act is no step of the visitor's way"
        assert service.funnel(7).totals["approved"] == 1


def test_staff_see_the_funnel_whole_and_in_part(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        for number in range(4):
            service.record(Seen.HOME, address=f"1.2.3.{number}", agent=AGENT, source="네이버")
        service.record(Seen.APPLY, address="1.2.3.1", agent=AGENT, source="")
    _staff(app, client)
    whole = client.get("/staff/visits")
    assert whole.status_code == 200
    assert "네이버" in whole.text
    assert "첫 화면의 25.0%" in whole.text
    assert whole.text.count('<tr class="nobody">') == 29, "a phone's list has the day with visitors alone"
    part = client.get("/staff/visits?days=7", headers={"HX-Request": "true", "HX-Target": "section#funnel"})
    assert "<html" not in part.text
    assert "첫 화면의 25.0%" in part.text


def test_the_funnel_is_for_staff_only(client: FlaskClient) -> None:
    assert client.get("/staff/visits").status_code == 303


def test_looks_are_counted_on_postgresql_too(tmp_path: Path, postgres_url: str) -> None:
    made = create_app(
        {"DATA_DIR": str(tmp_path), "SECRET_KEY": "k" * 40, "SESSION_STORE": "memory", "DATABASE_URL": postgres_url}
    )
    with made.app_context():
        db.db.create_all()
        try:
            assert service.record(Seen.HOME, address="1.2.3.4", agent=AGENT, source="구글")
            key = service.visitor_key("1.2.3.4", AGENT)
            assert [step.source for step in service.journey(key)] == ["구글"]
            assert service.funnel(7).totals["visitors"] == 1
        finally:
            db.db.session.remove()
            db.db.drop_all()
    db.dispose(made)
