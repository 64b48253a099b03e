"""The countdown as people see it: a company takes its data along, staff give their word, the certificate can be read."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pyotp
import pypdfium2
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.accounts import passwords
from portal.accounts import service as accounts
from portal.accounts.models import Person
from portal.core import clock
from portal.core.db import db, write
from portal.retention import service
from portal.retention.models import Certificate
from tests.billing.office import PASSWORD
from tests.retention.conftest import World


def _browser(world: World, email: str = "", role: str = "") -> FlaskClient:
    """The doomed company's owner, or a member of staff made for it."""
    secret = pyotp.random_base32()
    with write() as session:
        if role:
            accounts.make_staff(session, email=email, name="직원", roles=[role], password=PASSWORD, totp_secret=secret)
        else:
            person = session.get_one(Person, world.doomed.owner_id)
            person.password_hash, person.password_changed_at = passwords.hash_of(PASSWORD), clock.now()
            email = person.email
    client = world.place.app.test_client()
    assert client.post("/sign-in", data={"email": email, "password": PASSWORD}).status_code == 303
    if role:
        code = pyotp.TOTP(secret).at(clock.now())
        assert client.post("/sign-in/code", data={"code": code}).status_code == 303
    return client


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
def test_a_company_takes_everything_along_even_when_it_is_locked_out(world: World) -> None:
    case = world.lapse()
    world.at(case.lock_on)
    service.step_due()
    owner = _browser(world)
    assert owner.get("/drawings").status_code == 403
    assert "파기합니다" in owner.get("/data").text
    answer = owner.get("/data/everything.zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as package:
        names = package.namelist()
        assert package.testzip() is None
        assert b"CANARYDOOMED" in package.read(next(name for name in names if name.endswith(".dxf")))
        assert "canarydoomed@example.com" in package.read("구성원.csv").decode("utf-8-sig")
        assert "도면목록.csv" in names


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
def test_two_members_of_staff_seal_a_case_and_the_certificate_says_what_was_done(world: World, tmp_path: Path) -> None:
    case = world.lapse()
    world.at(case.due_on)
    service.step_due()
    service.step_due()
    first, second = _browser(world, "a@staff.example", "support"), _browser(world, "b@staff.example", "admin")
    page = f"/staff/retention/{case.id}"
    assert "보존 정책" in first.get("/staff/retention").text
    assert "적은 이름이" in first.post(f"{page}/ask", data={"name": "다른 회사"}).text
    assert "사유를 적어" in first.post(f"{page}/hold", data={"reason": " "}).text
    name = db.session.get_one(type(world.doomed), world.doomed.id, populate_existing=True).name
    assert first.post(f"{page}/ask", data={"name": name}).status_code == 303
    assert first.post(f"{page}/agree").status_code == 403
    assert second.post(f"{page}/agree").status_code == 303
    sealed = world.case()
    assert sealed.destroy_on is not None
    world.at(sealed.destroy_on)
    service.step_due()
    run = world.place.app.test_cli_runner().invoke
    assert json.loads(run(args=["retention", "run", "--json"]).stdout)["destroyed"] == [case.id]
    answer = second.get("/staff/retention/certificates/1.pdf")
    with pypdfium2.PdfDocument(answer.data) as document:
        text = document[0].get_textpage().get_text_range()
    for words in ("파기 증명서", "D2026-000001", "되살릴 수 없게", "데이터베이스", "0건"):
        assert words in text, words
    assert "CANARY" not in text
    assert "D2026-000001" in second.get("/staff/retention").text
    out = tmp_path / "증명서.pdf"
    told = run(args=["retention", "certificate", "D2026-000001", "--out", str(out), "--json"])
    assert json.loads(told.stdout)[0]["digest"] == db.session.scalars(select(Certificate.digest)).one()
    assert out.read_bytes().startswith(b"%PDF")
    assert run(args=["retention", "certificate", "D1999-000001"]).exit_code == 2


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
def test_the_command_exports_what_the_owner_can_take_along(world: World, tmp_path: Path) -> None:
    run, out = world.place.app.test_cli_runner().invoke, tmp_path / "all.zip"
    told = run(args=["tenants", "export", str(world.doomed.id), "--out", str(out), "--json"])
    assert json.loads(told.stdout)["bytes"] == out.stat().st_size
    with zipfile.ZipFile(out) as package:
        assert "도면목록.csv" in package.namelist()
        assert package.testzip() is None
    absent = run(args=["tenants", "export", "999", "--out", str(out)])
    assert (absent.exit_code, "999 번 회사가 없거나" in absent.stderr) == (2, True)
    nowhere = run(args=["tenants", "export", str(world.doomed.id), "--out", str(tmp_path / "no" / "all.zip")])
    assert (nowhere.exit_code, "쓸 수 없습니다" in nowhere.stderr) == (2, True)
