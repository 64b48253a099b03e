"""`flask rate`: the rules of rating as a command, for anybody who wants to check an amount."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from portal.billing.rules.cases import BadCase, rate_case
from portal.core.cli import CHECK_FAILED, WRONG_USE, print_json

REFUSED = 3


@click.command("rate")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON document (it always is).")
def rate(file: Path, *, as_json: bool) -> None:  # noqa: ARG001 - every command of the house knows --json
    """Rate the case, or the cases, in FILE; print an array in their order. Exits 1 when one cannot be rated."""
    try:
        document = json.loads(file.read_bytes(), parse_float=str)
    except OSError as error:
        click.echo(f"파일을 읽을 수 없습니다: {file} ({error.strerror}). 경로를 확인해 주십시오.", err=True)
        sys.exit(WRONG_USE)
    except (ValueError, RecursionError):
        click.echo(f"JSON 파일이 아닙니다: {file}. 사례 하나나 사례의 배열을 적어 주십시오.", err=True)
        sys.exit(REFUSED)
    answers = [_answer(entry) for entry in _entries(document)]
    print_json(answers)
    sys.exit(CHECK_FAILED if any("error" in answer for answer in answers) else 0)


def _entries(document: object) -> list[Any]:
    """A file of cases, an array of them, or one; a case may come alone or with its id and what is expected."""
    if isinstance(document, dict) and isinstance(document.get("cases"), list):
        return list(document["cases"])
    return document if isinstance(document, list) else [document]


def _answer(entry: object) -> dict[str, Any]:
    name = entry.get("id") if isinstance(entry, dict) else None
    case = entry["case"] if isinstance(entry, dict) and "case" in entry else entry
    try:
        return {"id": name, **rate_case(case)}
    except BadCase as bad:
        return {"id": name, "error": str(bad)}
