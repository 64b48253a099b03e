"""Which test, which cause, when it is mended, whose it is."""

from __future__ import annotations

from datetime import date

import pytest

from portal.quality import rules
from portal.quality.rules import Seen, cause_of, matches, mended

PYTHON = """Traceback (most recent call last):
  File "/home/{user}/portal/billing/rules.py", line {line}, in rate
    raise ValueError
  File "/usr/lib/python3.11/json/decoder.py", line 12, in decode
ValueError: line {line} of {path} at {time}, id {uuid}, object at {hexa}"""
JAVA = """java.lang.IllegalStateException: no rows {line}
\tat org.junit.Assert.fail(Assert.java:{line})
\tat kr.planroom.Money.vat(Money.java:{line})
\tat java.base/java.lang.Thread.run(Thread.java:829)"""
SCRIPT = """Error: expected {line}
    at Object.check (C:\\\\{user}\\\\src\\\\money.test.js:{line}:21)
    at run (C:\\\\{user}\\\\node_modules\\\\jest\\\\index.js:{line}:9)"""
ONE = {"user": "a", "line": "12", "path": "/tmp/x1/a.db", "time": "2026-11-23 10:00:01", "hexa": "0x7f01ab",
       "uuid": "0b8e3a52-0000-4000-8000-1234567890ab"}  # fmt: skip
TWO = {"user": "b", "line": "3456", "path": "/tmp/y9/b.db", "time": "2027-01-02T23:59:59.123Z", "hexa": "0x55aa",
       "uuid": "ffffffff-1111-4222-8333-abcdefabcdef"}  # fmt: skip


@pytest.mark.parametrize("trace", [PYTHON, JAVA, SCRIPT])
def test_the_same_failure_on_another_day_and_machine_is_the_same_cause(trace: str) -> None:
    assert cause_of("", "", trace.format(**ONE)) == cause_of("", "", trace.format(**TWO))


def test_another_message_type_or_place_is_another_cause() -> None:
    keys = {
        cause_of("", "", PYTHON.format(**ONE)).key,
        cause_of("", "", PYTHON.format(**ONE).replace("rate", "price")).key,
        cause_of("", "", PYTHON.format(**ONE).replace("ValueError", "KeyError")).key,
        cause_of("KeyError", "", "").key,
        cause_of("", "", "").key,
    }
    assert len(keys) == 5


def test_the_place_is_the_nearest_of_our_own() -> None:
    assert rules.top_frame(PYTHON.format(**ONE)) == "rules.py rate"
    assert rules.top_frame(JAVA.format(**ONE)) == "kr.planroom.Money.vat"
    assert rules.top_frame(SCRIPT.format(**ONE)) == "money.test.js Object.check"


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("tests/billing/", True),
        ("/tests/billing", True),
        ("tests/*/test_rules.py", True),
        ("test_rules.py", True),
        ("*.py", True),
        ("**/test_rules.py", True),
        ("billing", True),
        ("tests/bill", False),
        ("test_pages.py", False),
        ("@build", False),
        ("", False),
    ],
)
def test_rules_mean_tests_as_codeowners_does(pattern: str, meant: bool) -> None:
    assert matches(pattern, ["tests/billing/test_rules.py", "tests/billing/test_rules/test_vat"]) is meant


def test_a_class_is_a_path_too() -> None:
    assert matches("kr/planroom/billing/", rules.paths_of("", "kr.planroom.billing.MoneyTest", "vat"))


def seen(*outcomes: str, platform: str = "linux", complete: bool = True) -> list[Seen]:
    """R red, G green, S skipped, in builds 1, 2, ..."""
    return [
        Seen(1, platform, number, green=letter == "G", red=letter == "R", complete=complete)
        for number, letter in enumerate(outcomes, 1)
    ]


@pytest.mark.parametrize(
    ("letters", "closed"),
    [("RGGG", True), ("RGG", False), ("RGGSG", True), ("RGGRG", False), ("RGGRGGG", True), ("RSSS", False)],
)
def test_three_greens_after_the_last_red_close(letters: str, closed: bool) -> None:
    assert mended({(1, "linux")}, seen(*letters)) is closed


def test_greens_elsewhere_or_in_part_do_not_close() -> None:
    assert not mended({(1, "linux")}, seen(*"R") + seen(*" GGGG", platform="windows"))
    assert not mended({(1, "linux")}, seen(*"R") + seen(*" GGGG", complete=False)[1:])
    assert not mended({(1, "linux"), (1, "windows")}, seen(*"RGGG") + seen(*"RGG", platform="windows"))
    assert not mended(set(), seen(*"GGG"))


def test_branches_of_the_main_line_are_one_and_others_their_own() -> None:
    names = ("main", "origin/master", "refs/heads/main", "", "release/2", "topic/a")
    assert [rules.branch_class(name) for name in names] == ["main"] * 4 + ["release/2", "topic/a"]


def test_many_at_once_is_one_thing() -> None:
    assert [rules.is_cluster(count) for count in (3, 4)] == [False, True]
    assert [rules.is_mass(*counts) for counts in ((4, 20), (4, 19), (3, 3))] == [False, True, False]


def test_weeks_begin_on_sunday_and_the_rate_is_the_share_of_recurrences() -> None:
    events = [(date(2026, 11, 22), "opened"), (date(2026, 11, 28), "regressed"), (date(2026, 11, 21), "opened")]
    weeks = rules.weeks(events, date(2026, 11, 26), count=2)
    assert [(week.start.day, week.opened, week.regressed, week.rate) for week in weeks] == [
        (15, 1, 0, 0),
        (22, 1, 1, 50),
    ]


def test_values_in_brackets_can_be_left_out() -> None:
    assert [rules.without_parameters(name) for name in ("test_a[x-1]", "vat(int)", "[x]", "test_b")] == [
        "test_a", "vat", "[x]", "test_b",
    ]  # fmt: skip
