"""`flask rate` rates one case or many, in their order, and says which cannot be rated."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from portal.billing import feature
from portal.billing.cli import rate
from portal.billing.rules.cases import BadCase, rate_case

OWN = Path(__file__).with_name("rating_cases.json")
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "rating_cases.json"


def cases(path: Path) -> list[Any]:
    """The cases of a file; none where the file is an extra that this machine has not."""
    if not path.exists():
        return []
    return [pytest.param(case, id=case["id"]) for case in json.loads(path.read_text(encoding="utf-8"))["cases"]]


def as_expected(case: dict[str, Any]) -> None:
    answer = rate_case(case["case"])
    expected = {word: Decimal(str(value)) for word, value in case["expected"].items()}
    assert {word: Decimal(str(answer[word])) for word in expected} == expected


@pytest.mark.parametrize("case", cases(OWN))
def test_every_word_of_the_grammar_is_rated_as_worked_out_by_hand(case: dict[str, Any]) -> None:
    as_expected(case)


@pytest.mark.parametrize("case", cases(SHARED))
def test_the_shared_cases_hold(case: dict[str, Any]) -> None:
    as_expected(case)


@pytest.mark.parametrize("case", cases(OWN) + cases(SHARED))
def test_the_lines_of_a_case_add_up_to_its_amount(case: dict[str, Any]) -> None:
    answer = rate_case(case["case"])
    if answer["lines"] and "cycles" not in answer:
        assert sum(Decimal(line["amount"]) for line in answer["lines"]) == Decimal(answer["amount"])


BAD = [
    ({}, "무엇을 계산할지"),
    ("text", "객체"),
    ({"price": {"model": "magic"}, "quantity": "1"}, "magic"),
    ({"price": {"model": "unit", "unit": "1"}, "quantity": "one"}, "one"),
    ({"price": {"model": "unit", "unit": "1"}, "quantity": "1e400"}, "1e400"),
    ({"price": {"model": "unit", "unit": "-1"}, "quantity": "1"}, "0 이상"),
    ({"price": {"model": "unit", "unit": True}, "quantity": "1"}, "True"),
    ({"price": {"model": "package", "unit": "1", "size": "0"}, "quantity": "1"}, "0보다 커야"),
    ({"price": {"model": "graduated", "tiers": [{"up_to": "5", "unit": "1"}]}, "quantity": "6"}, "last tier"),
    ({"price": {"model": "graduated", "tiers": [{"up_to": "5"}, {"up_to": "5"}]}, "quantity": "1"}, "차례로"),
    ({"price": {"model": "graduated", "tiers": [{"up_to": None}, {"up_to": "5"}]}, "quantity": "1"}, "차례로"),
    ({"price": {"model": "graduated", "tiers": "5"}, "quantity": "1"}, "배열"),
    ({"price": {"model": "capacity"}}, "tiers"),
    ({"price": {"model": "unit", "unit": "1"}, "closes_period": "yes"}, "closes_period"),
    ({"prorate": {"price": 100, "days": 3, "of": 0}}, "days"),
    ({"prorate": {"days": 3, "of": 30}}, "price"),
    ({"prorate": {"price": 100, "days": "3.5", "of": 30}}, "정수"),
    ({"cycles": {"start": "2026-02-30", "target": "2026-03-01"}}, "계산할 수 없는"),
    ({"cycles": {"start": "2026-02-03", "target": "2026-02-01"}}, "start"),
    ({"cycles": {"start": "2026-02-03", "target": "2026-03-01", "period": "sometimes"}}, "sometimes"),
    ({"cycles": {"start": "2026-02-03", "target": "2026-03-01", "billing_day": 32}}, "billing day"),
    ({"cycles": {"target": "2026-03-01"}}, "start"),
    ({"aggregate": {"kind": "magic", "period": ["2026-01-01", "2026-02-01"]}}, "magic"),
    ({"aggregate": {"kind": "sum", "period": ["2026-01-01"]}}, "period"),
    ({"aggregate": {"kind": "sum", "period": ["2026-02-01", "2026-01-01"]}}, "period"),
    ({"aggregate": {"kind": "sum", "events": [["2026-01-01"]], "period": ["2026-01-01", "2026-02-01"]}}, "계산할"),
    ({"vat": {"supply": "1.5"}}, "정수"),
]


@pytest.mark.parametrize(("case", "word"), BAD)
def test_a_bad_case_is_refused_with_its_reason(case: object, word: str) -> None:
    with pytest.raises(BadCase, match=word):
        rate_case(case)


# ----- the command ---------------------------------------------------------------------------------------------------


def run(path: Path) -> Result:
    return CliRunner().invoke(rate, [str(path)])


def written(folder: Path, document: object) -> Path:
    path = folder / "cases.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


GOOD = {"id": "a", "case": {"price": {"model": "unit", "unit": "0.5"}, "quantity": "3"}, "expected": {"won": 2}}


def test_rate_is_a_command_of_the_house() -> None:
    assert rate in feature.commands


@pytest.mark.parametrize("document", [[GOOD], GOOD, {"cases": [GOOD]}, {"format": "…", "cases": [GOOD]}])
def test_a_file_holds_one_case_or_many(tmp_path: Path, document: object) -> None:
    result = run(written(tmp_path, document))
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert [(one["id"], one["amount"], one["won"]) for one in answer] == [("a", "1.5", 2)]
    assert answer[0]["lines"] == [{"quantity": "3", "unit": "0.5", "amount": "1.5"}]


def test_a_case_may_come_without_a_name(tmp_path: Path) -> None:
    result = run(written(tmp_path, GOOD["case"]))
    assert json.loads(result.stdout)[0]["won"] == 2


def test_a_number_of_json_is_read_as_it_is_written(tmp_path: Path) -> None:
    result = run(written(tmp_path, '{"price": {"model": "unit", "unit": 0.1}, "quantity": 3}'))
    assert json.loads(result.stdout)[0]["amount"] == "0.3"


def test_a_bad_case_stands_in_its_place_and_the_command_ends_with_1(tmp_path: Path) -> None:
    result = run(written(tmp_path, [GOOD, {"id": "b", "case": {}}, 7, GOOD | {"id": "c"}]))
    assert result.exit_code == 1
    answers = json.loads(result.stdout)
    assert [answer["id"] for answer in answers] == ["a", "b", None, "c"]
    assert ["error" in answer for answer in answers] == [False, True, True, False]


def test_a_file_that_is_not_there_ends_with_2(tmp_path: Path) -> None:
    assert run(tmp_path / "absent.json").exit_code == 2
    assert run(tmp_path).exit_code == 2


@pytest.mark.parametrize("text", ["\x00", "{", "\ufeff[", "[" * 100_000])
def test_a_file_that_is_no_json_ends_with_3(tmp_path: Path, text: str) -> None:
    result = run(written(tmp_path, text))
    assert result.exit_code == 3
    assert result.stdout == ""
