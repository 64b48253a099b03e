"""Commands of the house itself: schema, doctor, access table, clock. Each `--json` prints one document on stdout."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NoReturn

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext

from portal.core import clock, gate, migrate
from portal.core.db import db
from portal.core.health import checks, outside
from portal.core.ids import LARGEST_ID
from portal.core.korea import particle

CHECK_FAILED = 1
WRONG_USE = 2
REFUSED = 3
#: The id of a row, as a command takes it.
ROW_ID = click.IntRange(1, LARGEST_ID)
#: To these the clock can be moved: every date that is worked out from one of them exists.
YEARS = range(2000, 2100)


def print_json(document: Any) -> None:  # noqa: ANN401 - any value that JSON, a template or a library may hold
    """One JSON document on stdout."""
    text = json.dumps(document, ensure_ascii=False, default=str)
    click.echo(text.encode("utf-8", "replace").decode())  # a broken letter of somebody's file is a "?"


def end_with_checks(found: list[dict[str, Any]], *, as_json: bool) -> NoReturn:
    """Print {"checks": [{name, ok, message}]} or lines to read, and exit 1 when one is not ok."""
    if as_json:
        print_json({"checks": found})
    else:
        for check in found:
            click.echo(f"{'○' if check['ok'] else '×'} {check['name']}: {check['message']}")
    sys.exit(0 if all(check["ok"] for check in found) else CHECK_FAILED)


platform = AppGroup("platform", help="The platform database.")


@platform.command("migrate")
def platform_migrate() -> None:
    """Bring the platform database to the newest schema."""
    migrate.upgrade(db.engine, migrate.PLATFORM)
    click.echo(f"platform at {migrate.current(db.engine)}", err=True)


@platform.command("revision")
@click.option("--tree", type=click.Choice([migrate.PLATFORM, migrate.TENANT]), default=migrate.PLATFORM)
@click.option("-m", "--message", required=True)
def platform_revision(tree: str, message: str) -> None:
    """Write a migration from what the models have and the newest schema has not (for developers)."""
    migrate.revise(tree, message)


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@with_appcontext
def doctor(*, as_json: bool) -> None:
    """Check settings, databases, Redis and disk, and what the rooms want looked at."""
    own = [check() for check in current_app.extensions["planroom.checks"]]
    end_with_checks([*checks(), *outside(), *own], as_json=as_json)


@click.command("access")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@with_appcontext
def access(*, as_json: bool) -> None:
    """List every route with who may enter."""
    rows = gate.rules(current_app)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['method']:6} {row['rule']:60} {row['access']:12} {' '.join(row['roles'])}")


clock_group = AppGroup("clock", help="The clock of all processes (embedded mode).")


@clock_group.command("set")
@click.argument("instant")
def clock_set(instant: str) -> None:
    """Move the clock to INSTANT (ISO 8601; Seoul time when without offset), or back with `real`."""
    moment = None
    with suppress(ValueError):
        moment = datetime.now(UTC) if instant == "real" else datetime.fromisoformat(instant)
    if moment is None or moment.year not in YEARS:
        click.echo(
            f"'{instant}'{particle(instant, '은/는')} 시각이 아닙니다. 2026-11-23T14:05 처럼 적어 주십시오.", err=True
        )
        sys.exit(WRONG_USE)
    clock.set_to(moment if moment.tzinfo else moment.replace(tzinfo=clock.SEOUL))
    click.echo(clock.now().isoformat(), err=True)


commands: tuple[click.Command, ...] = (platform, doctor, access, clock_group)
