"""Commands answer words that make no sense with a sentence, never with a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.billing.office import office


@pytest.mark.parametrize(
    "words",
    [
        ("keys", "create", "--scope", "usage", "--tenant", "999999999999999999999"),
        ("billing", "dump", "--period", "9999-12", "--json"),
        ("clock", "set", "0001-01-01T00:00:00Z"),
        ("clock", "set", "9999-12-31T23:59:59"),
        ("clock", "set", "gestern"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    with office(tmp_path) as desk:
        result = desk.app.test_cli_runner().invoke(args=list(words), catch_exceptions=False)
    assert result.exit_code == 2
    assert result.stderr


def test_a_case_with_a_broken_letter_is_answered(tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    file.write_text(json.dumps([{"id": "\ud800"}]), encoding="utf-8")
    with office(tmp_path) as desk:
        result = desk.app.test_cli_runner().invoke(args=["rate", str(file)], catch_exceptions=False)
    assert result.exit_code == 1
    assert json.loads(result.stdout)[0]["id"] == "?"
