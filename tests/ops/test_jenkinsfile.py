"""The pipeline, run by Groovy without Jenkins: what is built when, and that the portal hears of it whatever came out."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
JENKINSFILE = ROOT / "ci" / "Jenkinsfile"
SECRET = "plr_very-secret-report-key"
PARSE = """
import org.codehaus.groovy.control.*
def unit = new CompilationUnit()
unit.addSource(new File(args[0]))
unit.compile(Phases.CONVERSION)
"""
REPORT = "<testsuite><testcase name='a'>{}</testcase></testsuite>"
#: Stands for make: writes a report as the tests would, and notes what every process of the build was called with.
MAKE = """#!/bin/sh
echo "make $*" >> calls
[ "$1" = test ] || exit 0
mkdir -p build
cat report > build/junit.xml
exit $(cat verdict)
"""
PYTHON = """#!/bin/sh
echo "python3 $*" >> calls
exec {python} "$@"
"""


@dataclass
class Portal:
    """What a portal at the other end was asked, and what it answers."""

    url: str
    asked: list[tuple[str, bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)


@pytest.fixture
def portal() -> Iterator[Portal]:
    counts = {"tests": 1, "failures": 1, "errors": 0, "skipped": 0}
    told = json.dumps({"build": 1, "counts": counts, "files": [], "opened": [7], "reopened": [], "closed": []}).encode()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            one.asked.append((self.headers["Authorization"], body))
            status = one.answers.pop(0) if one.answers else 200
            self.send_response(status)
            self.end_headers()
            self.wfile.write(told if status == 200 else b"")

        def log_message(self, *_args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    one = Portal(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield one
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Run:
    """A build that is over: whether it ended well, its steps, all it printed, and all that was called."""

    ok: bool
    steps: list[str]
    printed: str
    calls: str


def build(folder: Path, portal_url: str, *, red: bool) -> Run:
    """Run the pipeline in a folder of its own, with tests that pass or fail."""
    tools = folder / "tools"
    (folder / "ci").mkdir()
    tools.mkdir()
    (folder / "ci" / "report.py").write_text((ROOT / "ci" / "report.py").read_text())
    (folder / "report").write_text(REPORT.format("<failure/>" if red else ""))
    (folder / "verdict").write_text("2" if red else "0")
    for name, text in (("make", MAKE), ("python3", PYTHON.format(python=sys.executable))):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    done = subprocess.run(
        ["groovy", str(ROOT / "tests" / "ops" / "pipeline.groovy"), str(JENKINSFILE), "steps"],
        cwd=folder,
        env=os.environ
        | {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "PORTAL_URL": portal_url,
            "TEST_SECRET": SECRET,
            "JOB_NAME": "planroom",
            "BUILD_NUMBER": "12",
            "REPORT_WAIT_SECONDS": "0.01",
        },
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    steps = (folder / "steps").read_text().splitlines()
    return Run(done.returncode == 0, steps, done.stdout + done.stderr, (folder / "calls").read_text())


@pytest.mark.needs("groovy")
def test_groovy_can_read_the_pipeline_and_not_a_broken_one(tmp_path: Path) -> None:
    parse, broken = tmp_path / "parse.groovy", tmp_path / "broken"
    parse.write_text(PARSE)
    broken.write_text(JENKINSFILE.read_text().replace("stages {", "stages ", 1))
    codes = [
        subprocess.run(["groovy", str(parse), str(path)], capture_output=True, timeout=120, check=False).returncode
        for path in (JENKINSFILE, broken)
    ]
    assert codes == [0, 1]


def test_its_stages_call_make_targets_that_are_there() -> None:
    called = re.findall(r"sh '(?:\w+=\w+ )*make (\w+)'", JENKINSFILE.read_text())
    makefile = (ROOT / "Makefile").read_text()
    assert called == ["lint", "test", "build"]
    assert [target for target in called if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []


@pytest.mark.needs("groovy")
def test_red_tests_build_nothing_and_are_handed_over_all_the_same(tmp_path: Path, portal: Portal) -> None:
    portal.answers = [503]
    run = build(tmp_path, portal.url, red=True)
    assert not run.ok
    assert [step for step in run.steps if step.startswith(("stage", "skip", "junit", "archive"))] == [
        "stage Prepare", "stage Test", "skip Build", "junit build/junit.xml",
    ]  # fmt: skip
    assert "sh 0 python3 ci/report.py build/junit.xml" in run.steps
    assert len(portal.asked) == 2
    authorization, body = portal.asked[-1]
    assert authorization == f"Bearer {SECRET}"
    for words in (b'"job": "planroom"', b'"number": 12', b'"complete": true', b"<failure/>"):
        assert words in body, words
    assert "opened: 7" in run.printed
    assert SECRET not in run.printed + run.calls + "\n".join(run.steps)


@pytest.mark.needs("groovy")
def test_a_green_build_is_kept_and_handed_over_and_a_silent_portal_spoils_none(tmp_path: Path, portal: Portal) -> None:
    portal.answers = [401]
    run = build(tmp_path, portal.url, red=False)
    assert run.ok
    assert run.steps[-1] == "archive build/planroom-*.tar.gz"
    assert "caught the reports were not handed over" in run.steps
    assert len(portal.asked) == 1
    assert SECRET not in run.printed + run.calls


def test_the_hand_over_says_what_it_lacks_and_takes_no_key_as_an_argument(tmp_path: Path) -> None:
    script = [sys.executable, str(ROOT / "ci" / "report.py")]
    bare = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    done = subprocess.run([*script, "a.xml"], env=bare, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "PORTAL_REPORT_KEY" in done.stderr) == (2, True)
    full = bare | {"PORTAL_URL": "http://127.0.0.1:9", "PORTAL_REPORT_KEY": SECRET}
    done = subprocess.run(
        [*script, str(tmp_path / "a.xml")], env=full, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, "no report at" in done.stderr) == (1, True)
