"""`flask assistant generate`: from a DDL file or a live database to code in a folder."""

from __future__ import annotations

import hashlib
import logging
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup

from portal.assistant import output, service
from portal.assistant.output import File, Written
from portal.assistant.schema import DIALECTS, MOST_BYTES, Schema
from portal.core.cli import CHECK_FAILED, WRONG_USE, print_json
from portal.core.errors import Refusal
from portal.core.korea import particle

REFUSED, BUG = 3, 70
assistant = AppGroup("assistant", help="From a database schema to code.")


@assistant.command("generate")
@click.option("--ddl", "ddl_file", type=click.Path(path_type=Path), help="A file of CREATE TABLE statements.")
@click.option("--url", help="A live database (SQLAlchemy URL); it is only read.")
@click.option("--dialect", type=click.Choice(DIALECTS), help="What the DDL is written in.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where the code goes.")
@click.option("--target", default=",".join(service.TARGETS), show_default=True, help="One or more, with commas.")
@click.option("--package", default=service.PACKAGE, show_default=True, help="Name of the Python and Java package.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when code and schema differ.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def generate(  # noqa: PLR0913 - one argument for each option of the command
    *, ddl_file: Path | None, url: str | None, dialect: str | None, out: Path, target: str, package: str,
    check: bool, as_json: bool,
) -> None:  # fmt: skip
    """Make models, repositories, Java classes and MyBatis mappers of a schema."""
    targets = tuple(dict.fromkeys(part.strip() for part in target.split(",") if part.strip()))
    wrong = _wrong_use(ddl_file, url, dialect, targets, out)
    if wrong:
        _say(as_json, {"outcome": "wrong use", "message": wrong}, wrong)
        sys.exit(WRONG_USE)
    try:
        schema = service.inspect(url) if url else service.understand(_text(ddl_file), str(dialect))
        files = service.code(schema, targets, package)
        written = output.compare(files, out) if check else service.write(files, out)
    except Refusal as refusal:
        told = f"{refusal.message} {refusal.next_step}".strip()
        _say(as_json, {"outcome": "refused", "message": told}, told)
        sys.exit(REFUSED)
    except OSError as error:
        told = (
            f"파일을 읽거나 쓸 수 없습니다: {error.filename or out} ({error.strerror}). 경로와 권한을 확인해 주십시오."
        )
        _say(as_json, {"outcome": "wrong use", "message": told}, told)
        sys.exit(WRONG_USE)
    except Exception:
        logging.getLogger("planroom").exception("the assistant failed")
        _say(
            as_json,
            {"outcome": "bug", "message": "저희 쪽 오류입니다."},
            "저희 쪽 오류입니다. 위의 기록을 보내 주십시오.",
        )
        sys.exit(BUG)
    drifted = check and any(entry.what in {"written", "made", "left over"} for entry in written)
    _report(as_json, schema, targets, files, written, drifted=drifted, checked=check)
    sys.exit(CHECK_FAILED if drifted else 0)


def _wrong_use(ddl_file: Path | None, url: str | None, dialect: str | None, targets: tuple[str, ...], out: Path) -> str:
    """A Korean sentence, or nothing."""
    if (ddl_file is None) == (url is None):
        return "--ddl FILE 과 --url URL 가운데 하나만 적어 주십시오."
    if ddl_file is not None and dialect is None:
        return "--ddl 에는 --dialect postgresql|mysql|sqlite 를 함께 적어 주십시오."
    unknown = [name for name in targets if name not in service.TARGETS]
    if unknown or not targets:
        return f"--target 에는 {', '.join(service.TARGETS)} 가운데 하나 이상을 적어 주십시오."
    return f"{out}{particle(str(out), '은/는')} 폴더가 아닙니다." if out.exists() and not out.is_dir() else ""


def _text(path: Path | None) -> str:
    """The file's text, of which no more is read than can be an answer."""
    if path is None:
        return ""
    with path.open("rb") as file:
        return service.decoded(file.read(MOST_BYTES + 4))


def _say(as_json: bool, document: dict[str, Any], line: str) -> None:  # noqa: FBT001 - the option as it came
    if as_json:
        print_json(document)
    else:
        click.echo(line, err=True)


def _report(  # noqa: PLR0913 - everything the document tells
    as_json: bool, schema: Schema, targets: tuple[str, ...], files: list[File], written: list[Written],  # noqa: FBT001
    *, drifted: bool, checked: bool,
) -> None:  # fmt: skip
    counts = Counter(entry.what for entry in written)
    if as_json:
        print_json({
            "outcome": "differs" if drifted else "same" if checked else "generated",
            "message": "",
            "dialect": schema.dialect,
            "targets": list(targets),
            "tables": len(schema.tables),
            "columns": schema.columns,
            "sha256": digest(files),
            "files": [asdict(entry) for entry in written],
            "problems": [asdict(problem) for problem in schema.problems],
            "left_out": dict(sorted(schema.left_out.items())),
        })  # fmt: skip
        return
    click.echo(f"표 {len(schema.tables):,}개, 열 {schema.columns:,}개를 읽었습니다.")
    words = {
        "written": "새로 씀",
        "unchanged": "그대로",
        "made": "처음 만듦",
        "kept": "손대지 않음",
        "left over": "남은 파일",
    }
    click.echo(", ".join(f"{words[what]} {count:,}" for what, count in sorted(counts.items())))
    for problem in schema.problems:
        click.echo(f"  {f'{problem.line}행 ' if problem.line else ''}{problem.what}: {problem.why}")
    if drifted:
        click.echo("스키마와 코드가 다릅니다. --check 없이 다시 실행해 주십시오.", err=True)


def digest(files: list[File]) -> str:
    """One SHA-256 over everything that is generated."""
    total = hashlib.sha256()
    for file in files:
        total.update(f"{file.path}\0{file.text}\0".encode())
    return total.hexdigest()
