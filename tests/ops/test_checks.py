"""The checks of style and of the arrows, as tests: one command says whether the house is clean."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
RUFF_FOLDERS = ("portal", "jobs", "tests", "ci", "migrations", "wsgi.py")


def passes(*command: str) -> None:
    done = subprocess.run([PROGRAMS / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"


def test_ruff_finds_nothing() -> None:
    passes("ruff", "check", "--no-cache", "--output-format=concise", *RUFF_FOLDERS)


def test_every_file_is_laid_out_as_the_formatter_does() -> None:
    passes("ruff", "format", "--no-cache", "--check", *RUFF_FOLDERS)


def test_mypy_finds_nothing() -> None:
    passes("mypy")


def test_the_arrows_point_downwards() -> None:
    passes("lint-imports", "--no-cache")


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_with_hashes_and_names_no_place(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = [part for part in text.replace("\\\n", " ").splitlines() if part and not part.startswith((" ", "#"))]
    assert entries
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []
    assert "://" not in text


def test_every_package_asked_for_has_its_reason() -> None:
    reasons = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").lower()
    asked = [
        line.split("==")[0].split("[")[0].strip().lower()
        for name in ("requirements.in", "requirements-dev.in")
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines()
        if "==" in line and not line.startswith("#")
    ]
    assert [name for name in asked if f"| {name} " not in reasons] == []
