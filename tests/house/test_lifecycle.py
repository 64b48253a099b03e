"""`flask lifecycle` walks both lives for real on each engine, and its printed steps are enough to recompute every won."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAID = [
    "applied", "confirmed", "approved", "provisioned", "invited", "uploaded", "viewed", "converted", "card", "usage",
    "closed", "invoiced", "tax_invoice_issued", "tax_invoice_filed", "charged", "settled", "next_month",
    "next_month_filed", "untouched",
]  # fmt: skip
DESTROYED = [
    "applied", "confirmed", "approved", "provisioned", "invited", "uploaded", "viewed", "lapsed", "locked", "noticed_30",
    "noticed_7", "noticed_1", "asked", "sealed", "kept_to_the_last_day", "destroyed", "scanned", "certified",
    "nobody_comes_in",
]  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def told(request: pytest.FixtureRequest) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "lifecycle", "--json", "--engine", request.param],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    document: dict[str, Any] = json.loads(done.stdout)
    assert (document["ok"], document["engine"]) == (True, request.param)
    return document


def steps(told: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    walk = next(walk for walk in told["walks"] if walk["name"] == name)
    return {step["step"]: step for step in walk["steps"]}


def test_both_lives_are_walked_in_the_order_of_the_calendar(told: dict[str, Any]) -> None:
    for name, wanted in (("paid", PAID), ("destroyed", DESTROYED)):
        walk = steps(told, name)
        assert list(walk) == wanted
        instants = [step["at"] for step in walk.values()]
        assert instants == sorted(instants)
        digests = [digest for step in walk.values() for digest in step["sha256"].values()]
        assert len(digests) >= 5
        assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)


def test_the_month_can_be_recomputed_from_what_is_printed(told: dict[str, Any]) -> None:
    """The price list as an exact sum of its own: 30 of March's 31 days, a seat, 420 GB from the 10th on, graduated views."""
    paid = steps(told, "paid")
    share, used = Fraction(30, 31), paid["usage"]["facts"]
    views = used["drawing_views"] + 1  # the owner looked once
    gigabytes = Fraction(used["stored_bytes"], 10**9) * Fraction(22, 31)
    tiers = (3000 * share, 20000 * share)
    seat = 12000 * share
    storage = (gigabytes - 100 * share) * 200
    looks = (tiers[1] - tiers[0]) * 5 + (views - tiers[1]) * Fraction("2.5")
    lines = [int(amount + Fraction(1, 2)) for amount in (seat, storage, looks)]
    invoiced = paid["invoiced"]
    assert invoiced["won"]["lines"] == lines
    assert [line["won"] for line in invoiced["facts"]["lines"]] == [*lines, invoiced["won"]["cut"]]
    supply = sum(lines) // 10 * 10
    assert invoiced["won"]["cut"] == supply - sum(lines)
    assert (invoiced["won"]["supply"], invoiced["won"]["vat"], invoiced["won"]["total"]) == (
        supply, supply // 10, supply + supply // 10,
    )  # fmt: skip


def test_invoice_ledger_card_and_tax_invoice_say_the_same(told: dict[str, Any]) -> None:
    paid = steps(told, "paid")
    foot = {name: paid["invoiced"]["won"][name] for name in ("supply", "vat", "total")}
    assert paid["tax_invoice_issued"]["won"] == paid["tax_invoice_filed"]["won"] == foot
    assert re.fullmatch(r"20270401\d{8}[a-z0-9]{8}", paid["tax_invoice_filed"]["facts"]["approval_number"])
    assert paid["charged"]["won"] == {"charged": foot["total"], "receivable": 0, "cash_card": foot["total"]}
    settled = paid["settled"]["won"]
    assert settled["card_company"] == [foot["total"]]
    assert settled["tax_service"] == [{"supply": foot["supply"], "vat": foot["vat"]}]
    assert sum(settled["ledger"].values()) == 0
    assert paid["charged"]["at"][:10] == paid["invoiced"]["facts"]["due_on"]


def test_of_the_destroyed_company_nothing_is_left_and_the_other_one_did_not_notice(told: dict[str, Any]) -> None:
    destroyed, untouched = steps(told, "destroyed"), steps(told, "paid")["untouched"]
    assert set(destroyed["scanned"]["facts"]["found"].values()) == {0}
    certified = destroyed["certified"]
    assert certified["ids"]["certificate"] == "D2027-000001"
    assert certified["facts"]["asked_by"] != certified["facts"]["agreed_by"]
    assert certified["facts"]["destroyed"]["files"] > 0
    assert untouched["sha256"]["before"] == untouched["sha256"]["after"]
    assert {"original", "sheet"} <= {name for step in destroyed.values() for name in step["sha256"]}


def test_a_machine_without_postgresql_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from jobs import postgres  # noqa: PLC0415 - only here
    from jobs.engines import EngineMissingError  # noqa: PLC0415

    monkeypatch.setattr(postgres, "_of_the_wheel", lambda _folder: None)
    monkeypatch.setattr(postgres, "DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineMissingError, match="설치"):
        postgres.programs(tmp_path)
