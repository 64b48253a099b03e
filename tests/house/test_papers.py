"""What the papers on security name is there: each test, each place."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ASVS = (ROOT / "docs/asvs.md").read_text(encoding="utf-8")


def test_every_test_and_place_that_the_asvs_table_names_is_there() -> None:
    missing = []
    for path, name in re.findall(r"\b((?:tests|portal|docs|templates)/[\w/]+\.(?:py|md|html))(?:::(\w+))?", ASVS):
        if not (ROOT / path).is_file():
            missing.append(path)
        elif name and f"def {name}(" not in (ROOT / path).read_text(encoding="utf-8"):
            missing.append(f"{path}::{name}")
    assert missing == []


def test_the_asvs_table_passes_no_line_of_its_chapters_by() -> None:
    """The lines of levels 1 and 2 by section, as 5.0.0 counts them."""
    last = {"6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2,
            "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1}  # fmt: skip
    told = set()
    for first, to in re.findall(r"^\| (\d\.\d\.\d+)(?:-(\d\.\d\.\d+))? \|", ASVS, re.MULTILINE):
        section, _, number = first.rpartition(".")
        told |= {f"{section}.{each}" for each in range(int(number), int((to or first).rpartition(".")[2]) + 1)}
    assert {f"{section}.{number}" for section, most in last.items() for number in range(1, most + 1)} - told == set()
