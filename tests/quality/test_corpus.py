"""An extra: every file of a folder of public reports against what its own project asserts.

    JUNIT_CORPUS=<folder with MANIFEST.tsv> python -m pytest tests/quality/test_corpus.py

Collected only where such a folder is (conftest.py); the shapes that matter stand in test_junit.py too.
"""

from __future__ import annotations

import csv
import re

from tests.quality.conftest import CORPUS, Builds

REFUSED = re.compile(r"must-report-parse-error|^reject|parse error|OOB DTD")
NAMES = {
    "tests": "tests", "totalCount": "tests", "fail": "failures", "failedCount": "failures", "error": "errors",
    "skip": "skipped", "skippedCount": "skipped",
}  # fmt: skip


def expected(row: dict[str, str]) -> dict[str, int]:
    """The counts a row asserts, under the names of the answer."""
    found = re.findall(r"\b(\w+)=(\d+)", row["expected"])
    return {NAMES[name]: int(value) for name, value in found if name in NAMES}


def test_every_file_is_counted_as_its_project_says_or_refused_as_the_list_says(builds: Builds) -> None:
    with (CORPUS / "MANIFEST.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    assert len(rows) >= 50
    wrong: list[str] = []
    for row in rows:
        answer = builds.send((row["file"], (CORPUS / row["file"]).read_bytes()))
        if answer.status_code != 200:
            wrong.append(f"{row['file']}: {answer.status_code}")
            continue
        body = answer.get_json()
        refused = REFUSED.search(row["expected"]) is not None
        if body["files"][0]["ok"] is refused:
            wrong.append(f"{row['file']}: {body['files'][0]}")
        told = {} if refused else expected(row)
        if any(body["counts"][name] != count for name, count in told.items()):
            wrong.append(f"{row['file']}: {body['counts']}, not {told}")
    assert wrong == []
