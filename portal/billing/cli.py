"""`flask rate`: the rules of rating as a command, for anybody who wants to check an amount; `flask billing`: the bills."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup

from portal.billing import checking, invoicing
from portal.billing.rules.cases import BadCase, rate_case
from portal.core.cli import CHECK_FAILED, WRONG_USE, end_with_checks, print_json
from portal.core.settings import settings

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


billing = AppGroup("billing", help="Bills, whether they add up, and how fast they are made.")


@billing.command("dump")
@click.option("--period", "month", required=True, help="A month: 2026-10.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def dump(month: str, *, as_json: bool) -> None:
    """Print every numbered invoice of a month with its lines and what is booked on it."""
    try:
        period = invoicing.month(date.fromisoformat(f"{month}-01"))
    except (ValueError, OverflowError):
        click.echo(f"달을 2026-10처럼 적어 주십시오: {month}", err=True)
        sys.exit(WRONG_USE)
    document = checking.dump(period)
    if as_json:
        print_json(document)
        return
    for invoice in document["invoices"]:
        click.echo(f"{invoice['number']} {invoice['tenant']} {invoice['state']:13} {invoice['total']:>12,}원")
    click.echo(f"{len(document['invoices'])}건 {document['sums']['total']:,}원 {document['digest'][:16]}")


@billing.command("check")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def check(*, as_json: bool) -> None:
    """Work out anew whether all invoices, their numbers and the ledger agree. Exits 1 when something does not."""
    end_with_checks(checking.checks(), as_json=as_json)


@billing.command("bench")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--database-url", default="", help="A PostgreSQL server to measure on too; DATABASE_URL when it is one.")
def bench(database_url: str, *, as_json: bool) -> None:
    """Measure reading usage, rating and closing a month, on databases of its own."""
    from portal.billing import bench as measuring  # noqa: PLC0415 - it makes apps, and so leans on the whole house
    from portal.tenants.bench import show  # noqa: PLC0415

    own = settings().database_url
    show(measuring.run(database_url or (own if own.startswith("postgresql") else "")), as_json=as_json)
