"""The business-status service speaks the tax office's wire format and can be told what to say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Outside

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "korea.json"
STATUS = "/api/nts-businessman/v1/status?serviceKey=sandbox"
VALIDATE = "/api/nts-businessman/v1/validate?serviceKey=sandbox"
ACTIVE = "1208800767"


def number(serial: str, kind: str = "81") -> str:
    """A number of this serial whose check digit fits."""
    nine = f"101{kind}{serial}"
    total = sum(int(digit) * weight for digit, weight in zip(nine, (1, 3, 7, 1, 3, 7, 1, 3, 5), strict=True))
    return nine + str(-(total + int(nine[8]) * 5 // 10) % 10)


def status(outside: Outside, *numbers: str) -> list[dict[str, Any]]:
    answer = outside.post(STATUS, json={"b_no": list(numbers)})
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


def test_an_active_number_has_every_field_of_the_tax_office(outside: Outside) -> None:
    assert status(outside, ACTIVE) == [
        {
            "b_no": ACTIVE,
            "b_stt": "계속사업자",
            "b_stt_cd": "01",
            "tax_type": "부가가치세 일반과세자",
            "tax_type_cd": "01",
            "end_dt": "",
            "utcc_yn": "N",
            "tax_type_change_dt": "",
            "invoice_apply_dt": "",
            "rbf_tax_type": "해당없음",
            "rbf_tax_type_cd": "99",
        }
    ]


@pytest.mark.parametrize(
    ("asked", "code", "word", "tax"),
    [
        (number("9002"), "02", "휴업자", "01"),
        (number("9003"), "03", "폐업자", "01"),
        (number("9004"), "", "", ""),
        (number("9005"), "01", "계속사업자", "02"),
        (number("9006"), "01", "계속사업자", "03"),
        (number("1234", "90"), "01", "계속사업자", "03"),
        (number("1234", "82"), "01", "계속사업자", "04"),
        ("1234567890", "", "", ""),
        ("0000000000", "", "", ""),
        ("99", "", "", ""),
    ],
)
def test_what_a_number_is_follows_from_the_number(outside: Outside, asked: str, code: str, word: str, tax: str) -> None:
    (found,) = status(outside, asked)
    assert (found["b_stt_cd"], found["b_stt"], found["tax_type_cd"]) == (code, word, tax)
    assert (found["end_dt"] != "") == (code == "03")
    assert (found["tax_type"] == "국세청에 등록되지 않은 사업자등록번호입니다.") == (code == "")


def test_many_numbers_are_answered_in_order_and_counted(outside: Outside) -> None:
    answer = outside.post(STATUS, json={"b_no": [number("9003"), "0000000000", "120-88-00767"]}).json()
    assert [entry["b_stt_cd"] for entry in answer["data"]] == ["03", "", "01"]
    assert (answer["request_cnt"], answer["match_cnt"], answer["status_code"]) == (3, 2, "OK")


@pytest.mark.parametrize(
    ("path", "body", "code", "word"),
    [
        (STATUS, json.dumps({"b_no": [ACTIVE] * 101}), 413, "TOO_LARGE_REQUEST"),
        (STATUS, "{half", 400, "BAD_JSON_REQUEST"),
        (STATUS, "{}", 411, "REQUEST_DATA_MALFORMED"),
        (STATUS, '{"b_no": []}', 411, "REQUEST_DATA_MALFORMED"),
        (STATUS, '{"b_no": [1]}', 411, "REQUEST_DATA_MALFORMED"),
        (STATUS, "[]", 411, "REQUEST_DATA_MALFORMED"),
        (VALIDATE, json.dumps({"businesses": [{"b_no": ACTIVE}]}), 411, "REQUEST_DATA_MALFORMED"),
    ],
)
def test_a_wrong_request_is_refused_in_the_tax_offices_words(
    outside: Outside, path: str, body: str, code: int, word: str
) -> None:
    answer = outside.post(path, content=body)
    assert (answer.status_code, answer.json()) == (code, {"status_code": word})


def test_a_hundred_numbers_are_answered(outside: Outside) -> None:
    assert len(status(outside, *[ACTIVE] * 100)) == 100


def test_without_the_right_key_nothing_is_told(outside: Outside) -> None:
    path = STATUS.split("?", maxsplit=1)[0]
    assert outside.post(path, json={"b_no": [ACTIVE]}).json()["code"] == -401
    assert outside.post(f"{path}?serviceKey=wrong", json={"b_no": [ACTIVE]}).json()["code"] == -4


def test_a_number_is_what_it_was_told_to_be_until_that_is_forgotten(outside: Outside) -> None:
    told = {"number": "120-88-00767", "state": "closed", "end_dt": "20261031"}
    assert outside.post("/_control/business", json=told).json()["b_stt_cd"] == "03"
    (found,) = status(outside, ACTIVE)
    assert (found["b_stt"], found["end_dt"], found["tax_type_cd"]) == ("폐업자", "20261031", "01")
    assert outside.get("/_control/business").json()["told"][0]["number"] == ACTIVE
    outside.delete("/_control/business")
    assert status(outside, ACTIVE)[0]["b_stt_cd"] == "01"


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {"number": "1", "state": "active"},
        {"number": ACTIVE, "state": "asleep"},
        {"number": ACTIVE, "state": "active", "tax_type_cd": "77"},
        {"number": ACTIVE, "state": "active", "p_nm": 5},
    ],
)
def test_what_cannot_be_told_is_refused(outside: Outside, wrong: object) -> None:
    assert outside.post("/_control/business", json=wrong).status_code == 400
    assert outside.get("/_control/business").json()["told"] == []


def test_owner_and_opening_day_are_compared_once_told(outside: Outside) -> None:
    asked = {"b_no": ACTIVE, "start_dt": "20200101", "p_nm": "한도윤"}
    answer = outside.post(VALIDATE, json={"businesses": [asked]}).json()
    assert (answer["valid_cnt"], answer["data"][0]["valid"]) == (1, "01")
    assert answer["data"][0]["status"]["b_stt_cd"] == "01"
    outside.post("/_control/business", json={"number": ACTIVE, "state": "active", "p_nm": "다른이"})
    answer = outside.post(VALIDATE, json={"businesses": [asked]}).json()
    assert (answer["request_cnt"], answer["valid_cnt"]) == (1, 0)
    assert answer["data"][0]["valid"] == "02"
    assert answer["data"][0]["request_param"] == asked


def test_the_ledger_shows_what_came_in_order_without_the_key(outside: Outside) -> None:
    status(outside, ACTIVE)
    status(outside, "0000000000")
    ledger = outside.get("/_control/ledger?service=business-status").json()
    assert [entry["request"]["b_no"] for entry in ledger] == [[ACTIVE], ["0000000000"]]
    assert [entry["answer"]["data"][0]["b_stt_cd"] for entry in ledger] == ["01", ""]
    assert all("serviceKey=sha256:" in entry["path"] and "=sandbox" not in entry["path"] for entry in ledger)
    assert outside.get(f"/_control/ledger?after={ledger[0]['id']}").json() == ledger[1:]


def test_each_fault_is_played_as_often_as_told_and_no_more(outside: Outside) -> None:
    def ask() -> httpx.Response:
        return outside.post(STATUS, json={"b_no": [ACTIVE]})

    outside.fault("business-status", "500", count=2)
    outside.fault("business-status", "500-after-commit")
    assert [ask().status_code for _ in range(4)] == [500, 500, 500, 200]
    outside.fault("business-status", "half-json")
    with pytest.raises(ValueError):
        ask().json()
    for kind in ("answer-lost", "refuse"):
        outside.fault("business-status", kind)
        with pytest.raises(httpx.TransportError):
            ask()
    outside.fault("business-status", "slow", seconds=30)
    with pytest.raises(httpx.ReadTimeout):
        outside.post(STATUS, json={"b_no": [ACTIVE]}, timeout=0.3)
    assert ask().status_code == 200
    played = [(entry["fault"], entry["status"]) for entry in outside.get("/_control/ledger").json()]
    assert played == [
        ("500", 500),
        ("500", 500),
        ("500-after-commit", 200),
        ("", 200),
        ("half-json", 200),
        ("answer-lost", 200),
        ("slow", 200),
        ("", 200),
    ], "the ledger tells what the service did; a refused call it never saw"


def test_a_fault_until_cleared_lasts_and_may_be_for_one_address_only(outside: Outside) -> None:
    outside.fault("business-status", "500", count=None, path="/validate")
    asked = {"businesses": [{"b_no": ACTIVE, "start_dt": "20200101", "p_nm": "한도윤"}]}
    assert [outside.post(VALIDATE, json=asked).status_code for _ in range(3)] == [500] * 3
    assert status(outside, ACTIVE)
    assert outside.get("/_control/faults").json()["faults"][0]["remaining"] is None
    outside.fault("business-status", None)
    assert outside.post(VALIDATE, json=asked).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "x",
        {},
        {"service": "nobody", "kind": "500"},
        {"service": "smtp", "kind": "half-json"},
        {"service": "smtp", "kind": "hang", "seconds": -1},
        {"service": "smtp", "kind": "hang", "seconds": "5"},
        {"service": "smtp", "kind": "hang", "count": 0},
        {"service": "smtp", "kind": "hang", "count": True},
        {"service": "smtp", "kind": "hang", "path": 5},
    ],
)
def test_a_fault_nobody_can_play_is_refused(outside: Outside, wrong: object) -> None:
    assert outside.post("/_control/faults", json=wrong).status_code == 400
    assert outside.get("/_control/faults").json()["faults"] == []


def test_the_first_page_shows_faults_and_what_came(outside: Outside) -> None:
    assert "아직 받은 요청이 없습니다" in outside.get("/").text
    outside.fault("smtp", "451", count=None)
    status(outside, ACTIVE)
    page = outside.get("/").text
    assert "풀 때까지" in page
    assert "POST /api/nts-businessman/v1/status" in page


@pytest.mark.skipif(not SHARED.exists(), reason="the shared vectors are not on this machine")
def test_the_shared_vectors_hold(outside: Outside) -> None:
    data = json.loads(SHARED.read_text())
    wanted = data["nts_status"]
    assert status(outside, wanted["active"]["b_no"]) == [wanted["active"]]
    (unknown,) = status(outside, wanted["unknown"]["b_no"])
    assert wanted["unknown"].items() <= unknown.items()
    real = [case["n"] for case in data["business_number"]["valid"]]
    assert {entry["b_stt_cd"] for entry in status(outside, *real)} == {"01"}
