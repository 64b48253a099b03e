"""The portal's client of the tax office, against the real sandbox over HTTP: honest whatever the other side does."""

from __future__ import annotations

import hashlib
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from portal.core import db
from portal.core.settings import Settings
from portal.trials import business_status
from portal.trials.business_status import Standing, ask, ask_many

if TYPE_CHECKING:
    from tests.sandbox.conftest import Outside

ACTIVE, SUSPENDED, CLOSED, UNREGISTERED = "1208800767", "1018190026", "1018190031", "1018190045"
SERVICE = "business-status"


@pytest.fixture(autouse=True)
def told(outside: Outside) -> None:
    for number, state in ((SUSPENDED, "suspended"), (CLOSED, "closed"), (UNREGISTERED, "unknown")):
        outside.post("/_control/business", json={"number": number, "state": state, "end_dt": "20251031"})


@contextmanager
def portal(folder: Path, **environ: str) -> Iterator[None]:
    """The least of a portal that has settings and a clock."""
    app = Flask("client")
    settings = Settings.read({"DATA_DIR": str(folder), **environ})
    app.extensions["planroom.settings"] = settings
    db.init_app(app, f"sqlite:///{folder / 'platform.db'}")
    with app.app_context():
        db.db.create_all()
        yield
        db.db.session.remove()
        db.db.engine.dispose()


@pytest.fixture
def asking(outside: Outside, tmp_path: Path) -> Iterator[None]:
    with portal(tmp_path, SANDBOX_PORT=str(outside.port)):
        yield


@pytest.mark.usefixtures("asking")
def test_every_standing_is_told_apart(outside: Outside) -> None:
    answers = ask_many([CLOSED, ACTIVE, UNREGISTERED, "101-81-90026"])
    assert [answer.number for answer in answers] == [CLOSED, ACTIVE, UNREGISTERED, SUSPENDED]
    wanted = [Standing.CLOSED, Standing.ACTIVE, Standing.UNKNOWN, Standing.SUSPENDED]
    assert [answer.status for answer in answers] == wanted
    closed, active, unknown, suspended = answers
    assert (closed.closed_on, active.closed_on) == (date(2025, 10, 31), None)
    assert closed.note == "폐업자 · 부가가치세 일반과세자 · 폐업일 2025.10.31"
    assert active.tax_type == "부가가치세 일반과세자"
    assert unknown.note == "국세청에 등록되지 않은 사업자등록번호입니다."
    assert unknown.tax_type == ""
    assert suspended.note.startswith("휴업자")
    assert len(outside.get(f"/_control/ledger?service={SERVICE}").json()) == 1, "one call for all of them"
    assert len({answer.digest for answer in answers}) == 1


@pytest.mark.usefixtures("asking")
def test_the_answer_keeps_its_time_and_its_digest(outside: Outside) -> None:
    before = datetime.now(UTC)
    answer = ask(ACTIVE)
    assert before <= answer.at <= datetime.now(UTC) + timedelta(seconds=1)
    same = outside.post("/api/nts-businessman/v1/status?serviceKey=sandbox", json={"b_no": [ACTIVE]})
    assert answer.digest == hashlib.sha256(same.content).hexdigest()


@pytest.mark.usefixtures("asking")
@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("500", "오류로 답했습니다(500)"),
        ("500-after-commit", "오류로 답했습니다(500)"),
        ("half-json", "읽을 수 없습니다"),
        ("answer-lost", "연결하지 못했습니다"),
        ("refuse", "연결하지 못했습니다"),
    ],
)
def test_a_failing_tax_office_is_unchecked_with_the_reason_and_asked_once(
    outside: Outside, kind: str, part: str
) -> None:
    outside.fault(SERVICE, kind)
    answer = ask(ACTIVE)
    assert answer.status is Standing.UNCHECKED
    assert part in answer.note
    assert answer.digest == ""
    assert outside.get("/_control/faults").json()["faults"] == []
    assert len(outside.get(f"/_control/ledger?service={SERVICE}").json()) <= 1
    assert ask(ACTIVE).status is Standing.ACTIVE, "asking again is a person's doing, and works"


@pytest.mark.usefixtures("asking")
def test_a_slow_tax_office_is_not_waited_for_for_ever(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(business_status, "ANSWER_SECONDS", 0.4)
    outside.fault(SERVICE, "slow", seconds=60)
    answer = ask(ACTIVE)
    assert (answer.status, "제때" in answer.note) == (Standing.UNCHECKED, True)


@pytest.mark.usefixtures("asking")
def test_a_hundred_are_one_call_and_one_more_is_a_bug(outside: Outside) -> None:
    assert {answer.status for answer in ask_many([ACTIVE] * 100)} == {Standing.ACTIVE}
    for wrong in ([ACTIVE] * 101, ["12345"], ["12O8800767"]):
        with pytest.raises(ValueError):
            ask_many(wrong)
    assert ask_many([]) == []
    assert len(outside.get(f"/_control/ledger?service={SERVICE}").json()) == 1


def test_a_wrong_key_is_told_as_such(outside: Outside, tmp_path: Path) -> None:
    with portal(tmp_path, SANDBOX_PORT=str(outside.port), NTS_STATUS_KEY="wrong"):
        answer = ask(ACTIVE)
    assert (answer.status, "인증키" in answer.note) == (Standing.UNCHECKED, True)


def test_a_key_handed_out_in_escaped_form_is_the_same_key(tmp_path: Path) -> None:
    own = "a+b/c=="
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        port = listener.getsockname()[1]
        seen = []
        for key in (own, "a%2Bb%2Fc%3D%3D"):
            with portal(tmp_path, NTS_STATUS_URL=f"http://127.0.0.1:{port}", NTS_STATUS_KEY=key):
                seen.append(_asked_line(listener))
    assert seen[0] == seen[1]
    assert "serviceKey=a%2Bb%2Fc%3D%3D " in seen[0]


def _asked_line(listener: socket.socket) -> str:
    """The first line the client sends to a server that answers nothing."""
    lines: list[str] = []

    def take() -> None:
        connection, _ = listener.accept()
        with connection:
            lines.append(connection.recv(65536).decode().split("\r\n")[0])

    taking = threading.Thread(target=take)
    taking.start()
    assert ask(ACTIVE).status is Standing.UNCHECKED
    taking.join(10)
    return lines[0]


@pytest.mark.parametrize(
    "without",
    [{"PORTAL_ENV": "production"}, {"PORTAL_ENV": "production", "NTS_STATUS_URL": "http://127.0.0.1:1"}],
)
def test_without_address_or_key_only_the_form_was_checked(tmp_path: Path, without: dict[str, str]) -> None:
    with portal(tmp_path, **without):
        answer = ask(ACTIVE)
    assert (answer.status, "형식만 확인" in answer.note) == (Standing.UNCHECKED, True)


def test_nobody_listening_is_unchecked(tmp_path: Path) -> None:
    with portal(tmp_path, NTS_STATUS_URL="http://127.0.0.1:1/x"):
        assert "연결하지 못했습니다" in ask(ACTIVE).note
    with portal(tmp_path, NTS_STATUS_URL="not an address"):
        assert ask(ACTIVE).status is Standing.UNCHECKED


@pytest.mark.usefixtures("asking")
def test_the_key_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    ask(ACTIVE)
    assert "serviceKey" not in caplog.text
