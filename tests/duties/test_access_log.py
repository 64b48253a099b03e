"""The staff's access log: who, when, from where, whose data, what; reasons for downloads; the monthly review."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from portal.accounts.models import LoginRecord
from portal.core import clock, gate
from portal.core.db import db, write
from portal.core.errors import Refusal
from portal.duties import rights, rules, service
from portal.duties.models import AccessReview, Act, StaffAccess
from portal.duties.service import Wanted
from portal.retention.rules import POLICIES
from portal.work.models import WorkItem
from tests.duties.conftest import SignIn
from tests.tenants.premises import Premises

DOCS = Path(__file__).parents[2] / "docs"


def log(who: str = "") -> list[StaffAccess]:
    """The lines so far, of one person of the staff."""
    db.session.rollback()
    rows = db.session.scalars(select(StaffAccess).order_by(StaffAccess.id)).all()
    people, _ = service.names(rows)
    return [row for row in rows if not who or people[row.person_id] == who]


def test_what_staff_look_at_and_do_is_a_line_with_the_five_things_the_law_asks(sign_in: SignIn) -> None:
    ada = sign_in("ada")
    ada.get("/staff/tenants/1", environ_base={"REMOTE_ADDR": "203.0.113.9"})
    ada.post("/staff/tenants/2/suspend", data={"reason": "요금이 밀렸습니다"})
    look, change = log("Ada")
    assert (look.act, look.endpoint, look.subject, look.tenant_id) == (Act.LOOK, "desk_staff.tenant", "tenant:1", 1)
    assert look.address == "203.0.113.9"
    assert look.device_id > 0
    assert (change.act, change.subject, change.tenant_id) == (Act.CHANGE, "tenant:2", 2)


def test_the_same_look_again_is_the_same_line_for_ten_minutes(sign_in: SignIn) -> None:
    ada = sign_in("ada")
    for _ in range(3):
        ada.get("/staff/tenants/1")
    assert len(log("Ada")) == 1
    clock.set_to(clock.now() + timedelta(minutes=11))
    ada.get("/staff/tenants/1")
    assert len(log("Ada")) == 2


def test_what_was_refused_is_told_and_what_is_not_there_is_not(sign_in: SignIn) -> None:
    bill = sign_in("bill")
    bill.get("/staff/people")
    bill.get("/staff/tenants/987654")
    assert [(row.act, row.endpoint) for row in log("Bill")] == [(Act.REFUSED, "accounts_staff.people")]


def test_customers_leave_no_line_in_the_staffs_log(sign_in: SignIn) -> None:
    sign_in("alice").get("/company")
    assert log() == []


def test_a_file_goes_out_to_staff_with_a_reason_only(sign_in: SignIn) -> None:
    bill = sign_in("bill")
    asked = bill.get("/staff/billing/invoices.csv?state=open")
    assert asked.status_code == 422
    assert "Content-Disposition" not in asked.headers
    assert 'name="state" value="open"' in asked.text
    assert bill.get("/staff/billing/invoices.csv?reason=aaaaaa").status_code == 422
    assert log("Bill") == []
    taken = bill.get("/staff/billing/invoices.csv", query_string={"reason": "10월 미수금 확인"})
    assert taken.status_code == 200
    assert taken.headers["Content-Disposition"].startswith("attachment")
    (line,) = log("Bill")
    assert (line.act, line.reason) == (Act.DOWNLOAD, "10월 미수금 확인")


def test_customers_take_their_own_files_without_a_reason(sign_in: SignIn) -> None:
    assert sign_in("alice").get("/invoices.csv").status_code == 200


def test_a_log_that_cannot_be_written_shows_nothing(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415 - only this test speaks of it

    def full(*_words: object) -> None:
        raise OperationalError("insert", {}, Exception("disk is full"))

    ada = sign_in("ada")
    monkeypatch.setattr(service, "note", full)
    answer = ada.get("/staff/tenants/1")
    assert answer.status_code == 503
    assert "가나건설" not in answer.text


def test_the_log_is_shown_to_admins_filtered_and_taken_as_a_file(sign_in: SignIn) -> None:
    sign_in("bill").get("/staff/tenants/1")
    ada = sign_in("ada")
    page = ada.get("/staff/access-log")
    assert page.status_code == 200
    assert "가나건설" in page.text
    assert "가나건설" not in ada.get("/staff/access-log?act=download").text.split("<tbody>")[-1]
    file = ada.get("/staff/access-log.csv", query_string={"reason": "11월 점검 자료"})
    assert "Bill" in file.get_data().decode("utf-8-sig")
    assert sign_in("bill").get("/staff/access-log").status_code == 403
    assert ada.get("/staff/access-log?month=never").status_code == 200


# ---- the monthly review ----


def at(day: int, hour: int = 10, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC) - timedelta(hours=9)


def test_a_month_that_is_over_asks_once_for_its_review_and_closes_with_a_finding(sign_in: SignIn) -> None:
    clock.set_to(at(20))
    ada = sign_in("ada")
    ada.get("/staff/tenants/1")
    service.open_due()
    assert db.session.scalars(select(WorkItem).where(WorkItem.kind == service.ITEM)).all() == [], (
        "October had no portal"
    )
    clock.set_to(at(1, month=12))
    for _ in range(2):
        service.open_due()
    db.session.rollback()
    (item,) = db.session.scalars(select(WorkItem).where(WorkItem.kind == service.ITEM))
    assert (item.subject, item.state, item.openings) == ("2026-11", "open", 1)
    assert item.due_at == at(10, 18, 12)
    assert ada.post("/staff/access-log/review", data={"month": "2026-11", "finding": ""}).status_code == 422
    assert ada.post("/staff/access-log/review", data={"month": "2026-12", "finding": "이상 없음"}).status_code == 422
    said = {"month": "2026-11", "finding": "내려받기가 없고 밤의 접속도 없었습니다"}
    assert ada.post("/staff/access-log/review", data=said).status_code == 303
    assert ada.post("/staff/access-log/review", data=said).status_code == 409
    db.session.rollback()
    assert db.session.scalars(select(AccessReview)).one().lines == 1
    assert db.session.scalars(select(WorkItem.state).where(WorkItem.kind == service.ITEM)).one() == "done"
    assert "밤의 접속도 없었습니다" in ada.get("/staff/access-log?month=2026-11").text
    service.open_due()
    db.session.rollback()
    assert db.session.scalars(select(WorkItem.state).where(WorkItem.kind == service.ITEM)).one() == "done"


def test_figures_tell_downloads_refusals_and_what_was_done_at_night(on_sqlite: Premises) -> None:
    with write() as session:
        for number, (when, act) in enumerate(
            [
                (at(2), Act.LOOK),
                (at(2, 23), Act.LOOK),
                (at(7), Act.DOWNLOAD),
                (at(3), Act.REFUSED),
                (at(1, month=12), Act.LOOK),
            ]
        ):
            session.add(
                StaffAccess(
                    at=when,
                    person_id=1 + number // 2,
                    device_id=1,
                    address="",
                    act=act,
                    endpoint="x.y",
                    subject="",
                    reason="",
                )
            )
    found = service.figures("2026-11")
    assert (found.lines, found.people, found.downloads, found.refused) == (4, 2, 1, 1)
    assert found.off_hours == 2  # the night of the 2nd, and Saturday the 7th
    assert found.busiest == (1, 2)
    with pytest.raises(Refusal):
        Wanted("13-2026").condition()


def test_lines_and_sign_ins_are_kept_two_years_and_no_longer(sign_in: SignIn) -> None:
    sign_in("ada").get("/staff/tenants/1")
    assert service.forget_old() == 0
    with write() as session:
        session.execute(update(StaffAccess).values(at=clock.now() - timedelta(days=731)))
        session.execute(update(LoginRecord).values(at=clock.now() - timedelta(days=731)))
    assert service.forget_old() >= 2
    assert log() == []
    assert POLICIES["access_log"].days == rules.KEPT.days


# ---- rights ----


def test_every_place_of_the_staff_has_its_name_in_the_log(on_sqlite: Premises) -> None:
    nameless = {
        line["endpoint"]
        for line in gate.rules(on_sqlite.app)
        if line["access"] == "staff" and line["endpoint"].partition(".")[0] not in rules.PLACES
    }
    assert nameless == set()


def test_the_table_of_rights_is_shown_to_staff_and_stands_in_the_papers(sign_in: SignIn, on_sqlite: Premises) -> None:
    page = sign_in("bill").get("/staff/rights").text
    assert "소유자 정하기" in page
    rows = {row.place: row.marks for row in rights.of_staff(on_sqlite.app)}
    assert rows["사람"] == {"reviewer": "–", "billing": "–", "support": "–", "developer": "–", "admin": "보기·처리"}
    assert rights.as_markdown(on_sqlite.app) in (DOCS / "rights.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("said", "fits"), [("", False), ("aaaaa", False), ("짧다", False), ("세무 대리인 제출", True), ("가" * 201, False)]
)
def test_a_reason_says_something(said: str, fits: bool) -> None:
    assert (rules.reason_problem(said) is None) == fits
