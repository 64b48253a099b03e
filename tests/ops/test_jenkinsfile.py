"""The pipeline that customers' Jenkins runs: Groovy can read it, and it calls only make targets that are there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
JENKINSFILE = ROOT / "ci" / "Jenkinsfile"
PARSE = """
import org.codehaus.groovy.control.*
def unit = new CompilationUnit()
unit.addSource(new File(args[0]))
unit.compile(Phases.CONVERSION)
"""


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
