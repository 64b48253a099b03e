"""What the machine can carry, and what of the tests did not run for the lack of it.

A test says `@pytest.mark.needs("chromium")`, or asks for a fixture of tests/engines.py that does. On a machine without
it the test is skipped and listed at the end with the one command that brings it; under STRICT=1 it fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import cache

import pytest

STRICT = os.environ.get("STRICT") == "1"


@dataclass(frozen=True, slots=True)
class Capability:
    """Something a test leans on: how it is found, and the Debian packages that bring it ("" when none does)."""

    found: Callable[[], bool]
    debian: str = ""


def _runs(*command: str) -> bool:
    """Whether a program is there and starts: a wheel's binary may be there and not fit the machine."""
    try:
        return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _module(name: str) -> bool:
    try:
        __import__(name)
    except ImportError:
        return False
    return True


def chromium_path() -> str | None:
    """The machine's Chromium: Debian's package, or what stands under the same name."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


CAPABILITIES: dict[str, Capability] = {
    "linux": Capability(lambda: sys.platform == "linux"),
    "root": Capability(lambda: os.geteuid() == 0),
    "chromium": Capability(lambda: chromium_path() is not None and _module("playwright"), "chromium fonts-noto-cjk"),
    "jdk": Capability(lambda: _runs("javac", "-version"), "default-jdk-headless"),
    "strace": Capability(lambda: _runs("strace", "-o", "/dev/null", "true"), "strace"),
    "groovy": Capability(lambda: _runs("groovy", "--version"), "groovy default-jdk-headless"),
}


@cache
def able(name: str) -> bool:
    """Whether the machine has the capability `name`; looked up once for a run."""
    return CAPABILITIES[name].found()


def need(*names: str) -> None:
    """Skip the running test, with a reason that the closing list can read, where one of `names` is missing."""
    missing = [name for name in names if not able(name)]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        need(*mark.args)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under STRICT a test that did not run is a test that failed."""
    report = yield
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"did not run, and STRICT=1 allows none of that: {_reason(report.longrepr)}"
    return report


def _reason(longrepr: object) -> str:
    return str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List what did not run and the one command that brings it."""
    skipped = [report for report in terminalreporter.getreports("skipped") if not hasattr(report, "wasxfail")]
    if not skipped:
        return
    terminalreporter.section("not run on this machine")
    for report in skipped:
        terminalreporter.write_line(f"  {report.nodeid}: {_reason(report.longrepr)}")
    packages = sorted(
        {
            package
            for name, one in CAPABILITIES.items()
            if one.debian and not able(name)
            for package in one.debian.split()
        }
    )
    if packages:
        terminalreporter.write_line("")
        terminalreporter.write_line(f"  To run them: sudo apt-get install -y {' '.join(packages)} && make test")
