"""`flask lifecycle`, `flask sessions bench`: commands that start engines and processes, which no room may know of."""

from __future__ import annotations

import json
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click
from flask.cli import AppGroup

if TYPE_CHECKING:
    from jobs.lifecycle.story import Told

FAILED, BUG = 1, 70
WORDS = {"paid": "결제까지 (paid)", "destroyed": "파기까지 (destroyed)"}


@click.command("lifecycle")
@click.option("--engine", type=click.Choice(["sqlite", "postgresql"]), default="sqlite", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def lifecycle(*, engine: str, as_json: bool) -> None:
    """Walk both lives of a company, to the receipt and to the destruction, in a portal of their own that ends with them.

    Exits 0 when every step was walked and every amount agrees, 1 when one did not or an engine is missing, 70 on a bug.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        told = _walked(engine)
    except KeyboardInterrupt:
        sys.exit(FAILED)
    except Exception:  # noqa: BLE001 - the outermost door: what is left is a bug, and says so by its code
        traceback.print_exc()
        sys.exit(BUG)
    document = told.document()
    click.echo(json.dumps(document, ensure_ascii=False, default=str) if as_json else _table(document))
    if told.failure:
        click.echo(told.failure, err=True)
        sys.exit(FAILED)


def _walked(engine: str) -> Told:
    """Everything that walks is loaded here: a web server that only wants the app pays nothing for it."""
    import httpx  # noqa: PLC0415 - see above

    from jobs.checks import StartRefused  # noqa: PLC0415
    from jobs.engines import EngineMissingError  # noqa: PLC0415
    from jobs.lifecycle.record import StepFailed  # noqa: PLC0415
    from jobs.lifecycle.story import Told, run  # noqa: PLC0415

    try:
        return run(engine, lambda line: click.echo(line, err=True), (StepFailed, httpx.HTTPError))
    except (EngineMissingError, StartRefused, StepFailed) as refusal:
        return Told(engine, 0.0, failure=str(refusal))


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _table(document: dict[str, Any]) -> str:
    """The same for people: one line a step, amounts in won."""
    lines = []
    for walk in document["walks"]:
        lines += [f"{WORDS[walk['name']]} · {walk['tenant']}"]
        for step in walk["steps"]:
            amounts = ", ".join(f"{name} {amount}" for name, amount in step["won"].items())
            digests = ", ".join(f"{name} {value[:12]}…" for name, value in step["sha256"].items())
            told = " · ".join(part for part in (amounts, digests) if part)
            lines.append(f"  {step['at'][:16]}  {step['step']:22} {step['seconds']:6.2f} s  {told}".rstrip())
        lines.append("")
    verdict = f"실패 (failed): {document['failure']}" if "failure" in document else "모두 맞습니다. (All agree.)"
    return "\n".join([*lines, f"{document['engine']} {document['seconds']:.1f} s  {verdict}"])


sessions = AppGroup("sessions", help="Where sessions are kept.")


@sessions.command("bench")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--picture", type=click.Path(dir_okay=False), help="Draw the table as SVG into this file.")
@click.option("--http", "over_http", is_flag=True, help="Also whole answers, behind two web processes (a minute more).")
@click.option("--seconds", type=click.FloatRange(0.01, 10), default=0.4, show_default=True, help="For each figure.")
def sessions_bench(*, picture: str | None, seconds: float, over_http: bool, as_json: bool) -> None:
    """Measure every store twice on one core, on engines of its own. Exits 1 when a bar is not held.

    An engine that this machine does not have is a row that says so.
    """
    from jobs.contest import measuring, table  # noqa: PLC0415 - a web server that only wants the app pays nothing for it

    document = measuring.contest(lambda line: click.echo(line, err=True), seconds=seconds, over_http=over_http)
    if picture:
        Path(picture).write_text(table.picture(document), encoding="utf-8")
    click.echo(json.dumps(document, ensure_ascii=False) if as_json else table.words(document))
    sys.exit(0 if all(ratio["ok"] for ratio in document["ratios"]) else FAILED)
