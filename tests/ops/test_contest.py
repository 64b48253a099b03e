"""`flask sessions bench`: every store is measured, an engine that is not there is a row that says so."""

from __future__ import annotations

from contextlib import ExitStack
from xml.etree import ElementTree as ET

import pytest

from jobs.contest import grounds, measuring, table
from jobs.contest.stores import CONTESTANTS
from jobs.engines import EngineMissingError


def test_every_store_is_measured_and_a_missing_engine_is_a_row_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_made: grounds.Grounds, _ends: ExitStack) -> None:
        raise EngineMissingError("PostgreSQL 프로그램을 찾지 못했습니다.")

    monkeypatch.setattr(grounds, "_postgres", missing)
    document = measuring.contest(lambda _line: None, runs=2, seconds=0.0, least=5)
    rows = {row["name"]: row for row in document["rows"]}
    assert len(rows) == len(CONTESTANTS) * len(measuring.MEASURES)
    for contestant in CONTESTANTS:
        for measure in measuring.MEASURES:
            row = rows[f"{contestant.name}: {measure}"]
            if contestant.needs == "postgres":
                assert row["median"] is None
                assert "PostgreSQL" in row["missing"]
            else:
                assert len(row["runs"]) == 2
                assert min(row["runs"]) > 0
    assert {ratio["to"] for ratio in document["ratios"]} >= {"ours near cache: unmodified", "ours memory: read"}
    assert "없음 (missing)" in table.words(document)
    drawn = ET.fromstring(table.picture(document))
    told = " ".join(drawn.itertext())
    assert "ours near cache" in told
    assert "PostgreSQL" not in told
