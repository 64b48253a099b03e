"""The shape of the house: files of one idea, words where they belong, nothing forgotten."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 400
OWN = ("portal", "jobs", "static", "tests", "migrations", "ci")
#: A longer file says why in its first lines with this word.
REASON = re.compile(r"longer than 400 lines because", re.IGNORECASE)


def own_files(*endings: str) -> list[Path]:
    return [
        path
        for folder in OWN
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in endings and "vendor" not in path.parts and path.is_file()
    ]


def test_no_file_is_two_ideas_long() -> None:
    too_long = {}
    for path in own_files(".py", ".js", ".mjs"):
        lines = path.read_text(encoding="utf-8").splitlines()
        if len(lines) > LONGEST and not REASON.search("\n".join(lines[:10])):
            too_long[str(path.relative_to(ROOT))] = len(lines)
    assert too_long == {}


def test_every_module_opens_with_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in own_files(".py")
        if path.stat().st_size and not path.read_text(encoding="utf-8").lstrip().startswith(('"""', "#!", 'r"""'))
    ]
    assert silent == []


@pytest.mark.parametrize("word", ["TODO", "FIXME", "NotImplementedError", "secure_filename"])
def test_nothing_unfinished_or_forbidden_stands_in_the_product(word: str) -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in own_files(".py", ".js")
        if path.parts[len(ROOT.parts)] in {"portal", "jobs", "static"} and word in path.read_text(encoding="utf-8")
    ]
    assert found == []


def test_only_the_clock_reads_the_time_of_day() -> None:
    reads = re.compile(r"datetime\.now\(|date\.today\(|utcnow\(")
    allowed = {"portal/core/clock.py", "portal/core/cli.py", "portal/sandbox/__main__.py"}
    found = {
        str(path.relative_to(ROOT))
        for path in own_files(".py")
        if path.parts[len(ROOT.parts)] in {"portal", "jobs"} and reads.search(path.read_text(encoding="utf-8"))
    }
    assert found - allowed == set()


@pytest.mark.parametrize(
    "name", ["README.md", "CHANGELOG.md", "docs/architecture.md", "docs/settings.md", "docs/dependencies.md"]
)
def test_the_papers_are_there(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8").strip()
