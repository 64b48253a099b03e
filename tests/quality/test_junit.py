"""Reading reports: the counts that others assert of public files, and files that mean harm."""

from __future__ import annotations

import gzip
import time

import pytest

from portal.quality import junit
from portal.quality.junit import Outcome, UnreadableError

HOSTILE = {
    "empty": b"",
    "blank": b"  \n",
    "no xml": b"\x00\x01\x02\xff\xfe" * 40,
    "cut short": b"<testsuite><testcase",
    "another root": b"<suites><case/></suites>",
    "bomb": b'<!DOCTYPE b [<!ENTITY a "1"><!ENTITY c "&a;&a;">]><testsuite><testcase name="&c;"/></testsuite>',
    "late doctype": b"<!--" + b"x" * 6000 + b"--><!DOCTYPE testsuite SYSTEM 'http://127.0.0.1/x'><testsuite/>",
    "outside entity": b'<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]><testsuite name="&x;"/>',
    "deep": gzip.compress(b"<testsuite>" * 20_000 + b"</testsuite>" * 20_000),
    "too many cases": gzip.compress(b"<testsuite>" + b"<testcase/>" * (junit.MOST_CASES + 1) + b"</testsuite>"),
    "reference to nul": b'<testsuite><testcase name="a"><failure>&#0;</failure></testcase></testsuite>',
    "unknown encoding": b'<?xml version="1.0" encoding="rot13"?><testsuite/>',
    "wrong gzip": b"\x1f\x8b\x08\x00nothing",
    "gzip cut short": gzip.compress(b"<testsuite/>" + b" " * 9000)[:-9],
    "gzip bomb": gzip.compress(b"<testsuite>" + b" " * 60_000_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_a_sentence_and_soon(name: str) -> None:
    started = time.process_time()
    with pytest.raises(UnreadableError, match=r"[가-힣]"):
        junit.read(HOSTILE[name])
    assert time.process_time() - started < 5


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "euc-kr", "cp949"])
@pytest.mark.parametrize("zipped", [False, True])
def test_korean_survives_in_every_encoding_tools_write(encoding: str, zipped: bool) -> None:
    text = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?><testsuite><testcase classname="금액" name="부가세"/></testsuite>'
    data = text.encode(encoding)
    (case,) = junit.read(gzip.compress(data) if zipped else data).cases
    assert (case.klass, case.name) == ("금액", "부가세")


def test_korean_windows_without_a_declaration_is_read_too() -> None:
    (case,) = junit.read('<testsuite><testcase name="부가세"/></testsuite>'.encode("cp949")).cases
    assert case.name == "부가세"


def test_control_letters_that_a_program_printed_are_dropped() -> None:
    report = junit.read(
        b'<testsuite><testcase name="a"><failure>\x1b[31mred\x00\x1b[0m</failure></testcase></testsuite>'
    )
    assert report.cases[0].body == "[31mred[0m"


def test_the_worst_of_what_a_case_says_counts_once() -> None:
    report = junit.read(
        b"<testsuite><testcase name='a'><skipped/><failure/><error message='e'/></testcase></testsuite>"
    )
    assert (report.counts.tests, report.counts.failures, report.counts.errors, report.counts.skipped) == (1, 0, 1, 0)
    assert report.cases[0].message == "e"


def test_failed_and_passed_in_one_run_is_one_unsteady_test() -> None:
    report = junit.read(b"<testsuite><testcase name='a'><failure/></testcase><testcase name='a'/></testsuite>")
    assert [case.outcome for case in report.cases] == [Outcome.FLAKY]
    assert (report.counts.tests, report.counts.failures) == (1, 0)


def test_a_suite_that_fails_as_a_whole_is_one_error() -> None:
    report = junit.read(b"<testsuites><testsuite name='db'><error message='no server'/></testsuite></testsuites>")
    assert (report.counts.tests, report.counts.errors, report.cases[0].klass) == (1, 1, "db")


def test_numbers_without_cases_are_believed_but_the_file_is_not_complete() -> None:
    report = junit.read(b'<testsuite tests="6" failures="2" skipped="1"/>')
    assert (report.counts.tests, report.counts.failures, report.counts.skipped) == (6, 2, 1)
    assert not report.complete


def test_numbers_beside_cases_are_not_believed() -> None:
    report = junit.read(b'<testsuite tests="999" failures="99"><testcase name="a"/></testsuite>')
    assert (report.counts.tests, report.counts.failures, report.complete) == (1, 0, True)


def test_times_are_finite_and_not_negative() -> None:
    cases = "".join(
        f'<testcase name="{n}" time="{t}"/>' for n, t in enumerate(("1,5", "NaN", "-3", "1e309", "2,503.1", "x"))
    )
    assert [case.seconds for case in junit.read(f"<testsuite>{cases}</testsuite>".encode()).cases] == [
        1.5, 0.0, 0.0, 0.0, 2503.1, 0.0,
    ]  # fmt: skip


def test_nothing_invisible_is_left_in_a_name() -> None:
    (case,) = junit.read(b'<testsuite><testcase name="a&#x202E;b&#10;c"/></testsuite>').cases
    assert case.name == "ab c"
