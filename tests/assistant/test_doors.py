"""The command and the staff's page: one document, exit codes, a ZIP, and always a sentence."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.assistant.workshop import OWN
from tests.desk.office import Office

URL = "/staff/assistant"
DDL = "CREATE TABLE 고객 (id serial PRIMARY KEY, 이름 text NOT NULL, <b> int); COPY 고객 FROM stdin;\n1\tx\n\\.\n"


@pytest.fixture
def developers(office: Office) -> Office:
    from portal.core.gate import Caller  # noqa: PLC0415 - only here

    office.people["dana"] = Caller(90, "Dana", "dana@planroom.example", staff_roles=frozenset({"developer"}))
    return office


def run(office: Office, *arguments: str) -> tuple[int, dict[str, Any]]:
    answer = office.app.test_cli_runner().invoke(args=["assistant", "generate", *arguments, "--json"])
    return answer.exit_code, json.loads(answer.stdout) if answer.stdout else {}


def test_the_command_tells_one_document_and_its_exit_code(office: Office, tmp_path: Path) -> None:
    ddl, out = str(OWN / "works.mysql.sql"), str(tmp_path / "out")
    code, told = run(office, "--ddl", ddl, "--dialect", "mysql", "--out", out)
    assert (code, told["outcome"], told["tables"], told["dialect"]) == (0, "generated", 3, "mysql")
    assert told["left_out"]["TRIGGER"] == 1
    assert {"what", "why", "line"} == set(told["problems"][0])
    assert (tmp_path / "out/java/dbmodel/domain/Sawon.java").is_file()
    same = run(office, "--ddl", ddl, "--dialect", "mysql", "--out", out, "--check")
    assert (same[0], same[1]["outcome"], same[1]["sha256"]) == (0, "same", told["sha256"])
    (tmp_path / "out/java/dbmodel/domain/generated/SawonBase.java").unlink()
    assert run(office, "--ddl", ddl, "--dialect", "mysql", "--out", out, "--check")[0] == 1
    assert not (tmp_path / "out/java/dbmodel/domain/generated/SawonBase.java").exists()
    assert run(office, "--ddl", ddl, "--dialect", "mysql", "--out", out, "--target", "java")[0] == 0
    (tmp_path / "out/java/dbmodel/domain/generated/SawonBase.java").write_text("mine")
    code, told = run(office, "--ddl", ddl, "--dialect", "mysql", "--out", out)
    assert (code, told["outcome"]) == (3, "refused")
    assert "SawonBase.java" in told["message"]


def test_the_command_says_what_is_wrong_with_its_use(office: Office, tmp_path: Path) -> None:
    out, file = str(tmp_path / "out"), tmp_path / "a.sql"
    file.write_bytes(b"\xff\xff\xff")
    for arguments, expected in (
        (("--out", out), 2),
        (("--out", out, "--ddl", str(file)), 2),
        (("--out", out, "--ddl", str(file), "--url", "sqlite://", "--dialect", "mysql"), 2),
        (("--out", out, "--ddl", str(tmp_path / "none.sql"), "--dialect", "mysql"), 2),
        (("--out", out, "--ddl", str(tmp_path), "--dialect", "mysql"), 2),
        (("--out", str(file), "--ddl", str(file), "--dialect", "mysql"), 2),
        (("--out", out, "--ddl", str(file), "--dialect", "mysql", "--target", "cobol"), 2),
        (("--out", out, "--ddl", str(file), "--dialect", "mysql"), 3),
        (("--out", out, "--url", "sqlite:////nowhere.db"), 3),
    ):
        code, told = run(office, *arguments)
        assert (code, told["message"][-1]) == (expected, "."), (arguments, told)
    assert office.app.test_cli_runner().invoke(args=["assistant", "generate"]).exit_code == 2
    file.write_bytes("CREATE TABLE 표 (가 int);".encode("cp949"))
    answer = office.app.test_cli_runner().invoke(
        args=["assistant", "generate", "--ddl", str(file), "--dialect", "sqlite", "--out", out]
    )
    assert (answer.exit_code, "표 1개, 열 1개" in answer.stdout) == (0, True), answer.output


def test_a_bug_is_70_and_no_traceback_on_the_answer(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.assistant.service.code", lambda *_: 1 / 0)
    ddl = str(OWN / "works.sqlite.sql")
    assert run(office, "--ddl", ddl, "--dialect", "sqlite", "--out", str(tmp_path / "o"))[0] == 70


def test_the_page_shows_what_was_understood_and_gives_a_zip(developers: Office) -> None:
    client = developers.client("dana")
    assert "도우미" in client.get(URL).text
    sent: dict[str, Any] = {
        "ddl": DDL,
        "dialect": "postgresql",
        "targets": ["sqlalchemy", "mybatis"],
        "package": "kr.co.x",
    }
    answer = client.post(URL, data=sent)
    assert answer.status_code == 200
    for words in ("표 1개, 열 2개", "고객", "옮기지 못한 것", "&lt;b&gt; int", "자동 번호", "COPY 1"):
        assert words in answer.text, words
    answer = client.post(URL, data={**sent, "verb": "download"})
    assert answer.mimetype == "application/zip"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="kr.co.x.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.data)) as pack:
        names = pack.namelist()
    assert "python/kr/co/x/models/gogaek.py" in names
    assert "resources/kr/co/x/mapper/generated/GogaekMapperBase.xml" in names
    uploaded = {
        **sent,
        "ddl": "",
        "file": (io.BytesIO((OWN / "works.mysql.sql").read_bytes()), "a.sql"),
        "dialect": "mysql",
    }
    assert "표 3개" in client.post(URL, data=uploaded).text


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"ddl": ""}, "DDL이 비어 있습니다."),
        ({"ddl": "hello"}, "표를 하나도 찾지 못했습니다."),
        ({"dialect": "oracle"}, "방언"),
        ({"targets": []}, "만들 것을 하나 이상 골라 주십시오."),
        ({"package": "../../etc"}, "소문자와 점으로"),
        ({"package": "com.class", "verb": "download"}, "패키지 이름으로 쓸 수 없습니다"),
        ({"file": (io.BytesIO(b"\xff\xff\xff\xff"), "a.sql")}, "글자로 읽을 수 없는 파일입니다."),
    ],
)
def test_the_page_answers_every_mistake_with_itself(developers: Office, changed: dict[str, Any], sentence: str) -> None:
    sent = {"ddl": DDL, "dialect": "postgresql", "targets": ["java"], "package": "x"} | changed
    answer = developers.client("dana").post(URL, data=sent)
    assert answer.status_code == 422
    assert sentence in answer.text


def test_a_file_that_is_too_large_is_not_read(developers: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.assistant.staff.MOST_BYTES", 1000)
    sent = {"dialect": "mysql", "targets": ["java"], "package": "x", "file": (io.BytesIO(b"x" * 1001), "a.sql")}
    answer = developers.client("dana").post(URL, data=sent)
    assert (answer.status_code, "1 MB를 넘습니다." in answer.text) == (422, True)


def test_the_page_is_for_those_who_write_programs(developers: Office) -> None:
    for who, expected in (("anna", 200), ("bill", 403), ("rita", 403), ("charlie", 403)):
        assert developers.client(who).get(URL).status_code == expected, who
