"""What the child may not do is tried by a process bound as the child is; its parent is killed while it draws."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from portal.rendering import births, confinement, render
from tests.rendering.dxf_text import drawing, line
from tests.rendering.processes import descendants, lives

ROOT = Path(__file__).resolve().parents[2]

BOUND = """
    import errno, os, signal, socket, subprocess, sys
    from pathlib import Path
    from portal.rendering.confinement import confine
    from portal.rendering.result import Limits

    def tried(name, act):
        try:
            act()
        except OSError as error:
            print(name, errno.errorcode[error.errno])
        else:
            print(name, "done")

    own, other, folder, parent = sys.argv[1:]
    confine(Limits(), [own], [folder], webassembly=False)
    tried("read own", Path(own).read_bytes)
    tried("write in folder", lambda: Path(folder, "picture").write_text("x"))
    tried("read other", Path(other).read_bytes)
    tried("list", lambda: os.listdir(Path(other).parent))
    tried("write own", lambda: Path(own).write_text("x"))
    tried("write beside", lambda: Path(other + ".new").write_text("x"))
    tried("other's memory", Path(f"/proc/{parent}/environ").read_bytes)
    tried("socket", socket.socket)
    tried("signal", lambda: os.kill(int(parent), signal.SIGTERM))
    tried("program", lambda: os.execv("/bin/true", ["true"]))
"""


def python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def test_a_bound_process_reads_its_file_writes_in_its_folder_and_can_do_nothing_else(tmp_path: Path) -> None:
    own, other, folder = tmp_path / "own", tmp_path / "other", tmp_path / "folder"
    own.write_text("mine")
    other.write_text("canary")
    folder.mkdir()
    done = python(BOUND, own, other, folder, os.getpid())
    assert done.returncode == 0, done.stderr
    answers = dict(answer.rsplit(" ", 1) for answer in done.stdout.splitlines())
    calls = {"socket": "EPERM", "signal": "EPERM", "program": "EPERM"}
    files = {"read other", "list", "write own", "write beside", "other's memory"}
    seen = dict.fromkeys(files, "EACCES") if confinement.landlock_version() else {}
    assert {name: answers[name] for name in (*seen, *calls)} == seen | calls
    assert answers["read own"] == answers["write in folder"] == "done"
    assert own.read_text() == "mine"


def plan(tmp_path: Path, lines: int) -> Path:
    source = tmp_path / f"{lines}.dxf"
    source.write_text(drawing(*(line(number, 0, number * 7 % 991, 900) for number in range(lines))))
    return source


def test_a_drawing_whose_parent_was_killed_is_drawn_by_the_next(tmp_path: Path) -> None:
    small = plan(tmp_path, 3)
    assert render(small, tmp_path / "out").outcome == "drawn"
    assert births._kept is not None
    births._kept[0].kill()
    births._kept[0].wait()
    assert render(small, tmp_path / "out").outcome == "drawn"


def test_a_child_whose_parent_is_killed_while_it_draws_is_drawn_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[int] = []

    def killing(order: dict[str, object], log: object) -> births.Child:
        child = births.born(order, log)  # type: ignore[arg-type]
        if not killed and births._kept is not None:
            killed.append(births._kept[0].pid)
            births._kept[0].kill()
        return child

    monkeypatch.setattr("portal.rendering.cell.born", killing)
    assert render(plan(tmp_path, 50_000), tmp_path / "out").outcome == "drawn"
    assert killed


def test_nothing_outlives_a_caller_that_is_killed(tmp_path: Path) -> None:
    source, out = plan(tmp_path, 200_000), tmp_path / "out"
    code = "import sys; from pathlib import Path; from portal.rendering import render; render(*map(Path, sys.argv[1:]))"
    caller = subprocess.Popen([sys.executable, "-c", code, str(source), str(out)], cwd=ROOT)
    until = time.monotonic() + 60
    while len(started := descendants(caller.pid)) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    assert len(started) == 2, "the parent of the children, and one child"
    caller.send_signal(signal.SIGKILL)
    caller.wait()
    while any(map(lives, started)) and time.monotonic() < until:
        time.sleep(0.02)
    assert not any(map(lives, started))


def test_a_fork_of_the_caller_gets_a_parent_of_its_own(tmp_path: Path) -> None:
    source = plan(tmp_path, 3)
    code = """
        import os, sys
        from pathlib import Path
        from portal.rendering import births, render

        source, out = map(Path, sys.argv[1:])
        render(source, out)
        first = births._kept[0].pid
        child = os.fork()
        if child == 0:
            drawn = render(source, out).outcome == "drawn" and births._kept[0].pid != first
            sys.exit(0 if drawn else 9)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), render(source, out).outcome, births._kept[0].pid == first)
    """
    done = python(code, source, tmp_path / "out")
    assert done.stdout.split() == ["0", "drawn", "True"], done.stderr
