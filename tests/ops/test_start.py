"""`make run`: the portal comes up, mends itself, tells a fault in a sentence, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest

from jobs import checks
from jobs.manager import procfile
from jobs.ports import free_port
from jobs.start import MARK
from tests.demo import first_start
from tests.engines import PATIENCE, wait_for

ROOT = Path(__file__).resolve().parents[2]
TRACEBACK = "Traceback"
HANGUL = re.compile("[가-힣]")


@dataclass(slots=True)
class Start:
    """One `python -m jobs.start` on its own folder and ports."""

    data: Path
    port: int
    process: subprocess.Popen[str]

    def alive(self) -> list[psutil.Process]:
        """Every process of this start that lives, the launcher included."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                mine = process.environ().get(MARK) == str(self.data) or str(self.data) in " ".join(process.cmdline())
                if (mine or process.pid == self.process.pid) and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def playing(self, *words: str) -> psutil.Process | None:
        """The process whose command line ends with `words`."""
        for process in self.alive():
            with contextlib.suppress(psutil.Error):
                if tuple(process.cmdline()[-len(words) :]) == words and "setpriv" not in process.cmdline()[0]:
                    return process
        return None

    def well(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"http://127.0.0.1:{self.port}/healthz", timeout=10).json()["ok"] is True
        return False


def surroundings(data: Path, port: int) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
    return kept | {"DATA_DIR": str(data), "PORT": str(port), "WEB_WORKERS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def launch(data: Path, port: int | None = None) -> Start:
    port = port or free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "jobs.start"], cwd=ROOT, env=surroundings(data, port), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    return Start(data, port, process)


def refused(data: Path, port: int | None = None, **options: object) -> str:
    """What a start says that must not succeed; exit code 1 and no traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "jobs.start"], cwd=ROOT, env=surroundings(data, port or free_port()), text=True,
        capture_output=True, timeout=PATIENCE, check=False, **options,
    )  # fmt: skip
    assert done.returncode == 1
    assert TRACEBACK not in done.stdout + done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert HANGUL.search(done.stderr)
    return done.stderr


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """A portal that has been started once before, so that this start is one without the demo's making."""
    data = tmp_path_factory.mktemp("start") / "data"
    first_start(tmp_path_factory, data)
    start = launch(data)
    yield start
    start.process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        start.process.wait(PATIENCE)
    if start.process.stdout:
        start.process.stdout.close()
    for left in start.alive():
        left.kill()


def _until_told(start: Start, seconds: float) -> str:
    """What the start prints, up to the line that says how to end it."""
    assert start.process.stdout
    said, deadline = "", time.monotonic() + seconds
    while "Ctrl-C" not in said:
        line = start.process.stdout.readline()
        said += line
        assert line, f"the start ended: {said}"
        assert time.monotonic() < deadline, said
    return said


@pytest.mark.needs("linux")
def test_the_second_start_shows_a_page_and_tells_addresses_and_sign_ins(portal: Start) -> None:
    wait_for(portal.well, "the health page says that all is well", 60)
    said = _until_told(portal, 60)
    assert f"http://localhost:{portal.port}" in said
    assert "rita@planroom.example" in said
    assert httpx.get(f"http://127.0.0.1:{portal.port}/", timeout=60).status_code == 200


@pytest.mark.needs("linux")
def test_all_of_the_procfile_runs_and_its_secrets_are_its_owner_s_alone(portal: Start) -> None:
    for name, command in procfile().items():
        last = command if name != "redis" else "--set-proc-title no"
        wait_for(partial(portal.playing, *last.split()[-2:]), name)
    assert (portal.data / "secret.key").stat().st_mode & 0o077 == 0
    assert (portal.data / "redis").stat().st_mode & 0o077 == 0


@pytest.mark.needs("linux")
@pytest.mark.parametrize("words", [("worker", "work"), ("worker", "render"), ("jobs", "clock")])
def test_a_killed_process_comes_back(portal: Start, words: tuple[str, str]) -> None:
    wait_for(lambda: portal.playing(*words) is not None, f"{words} runs")
    victim = portal.playing(*words)
    assert victim
    victim.kill()

    def back() -> bool:
        now = portal.playing(*words)
        return now is not None and now.pid != victim.pid

    wait_for(back, f"{words} is back")


@pytest.mark.needs("linux")
def test_a_second_start_on_the_same_folder_is_refused(portal: Start) -> None:
    wait_for(portal.well, "the portal is well")
    assert "이미 실행 중" in refused(portal.data)


@pytest.mark.needs("linux")
def test_ctrl_c_ends_every_process(portal: Start) -> None:
    wait_for(portal.well, "the portal is well")
    portal.process.send_signal(signal.SIGINT)
    assert portal.process.wait(PATIENCE) == 0
    assert portal.alive() == []


@pytest.mark.needs("linux")
@pytest.mark.parametrize("victim", ["the launcher", "the process manager"])
def test_a_kill_leaves_no_process_either(portal: Start, victim: str) -> None:
    start = launch(portal.data)
    try:
        wait_for(start.well, "the portal is well", 60)
        if victim == "the launcher":
            start.process.kill()
        else:
            manager = start.playing("supervisor.supervisord", "-c", str(start.data / "run" / "supervisor.conf"))
            assert manager
            manager.kill()
        start.process.wait(PATIENCE)
        wait_for(lambda: start.alive() == [], "every process has ended")
    finally:
        for left in start.alive():
            left.kill()
        start.process.wait(PATIENCE)
        if start.process.stdout:
            start.process.stdout.close()


def test_a_port_in_use_is_a_sentence_with_the_port(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused(tmp_path / "data", port)
    assert f"포트 {port}번" in said


def test_a_folder_that_cannot_be_written_is_a_sentence_with_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert str(tmp_path / "file" / "data") in refused(tmp_path / "file" / "data")


def test_a_port_that_is_no_number_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(checks.StartRefused, match="PORT 값 'abc'"):
        checks.ports({"PORT": "abc"})
    with pytest.raises(checks.StartRefused, match="경로가 너무 깁니다"):
        checks.folder(tmp_path / ("폴더" * 20))


@pytest.mark.needs("linux", "root")
def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], check=True)
    try:
        (small / "filler").write_bytes(bytes(60 * 1024))
        assert "저장 공간이 모자랍니다" in refused(small / "data")
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_no_redis_server_is_a_sentence(tmp_path: Path) -> None:
    program = "import sys, jobs.engines as e; e._redis_candidates = lambda: iter(()); import jobs.start as s; sys.exit(s.main())"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=surroundings(tmp_path, free_port()), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "apt-get install redis-server" in done.stderr
    assert TRACEBACK not in done.stderr


def test_a_command_by_hand_writes_nothing_into_a_home(tmp_path: Path) -> None:
    environ = surroundings(tmp_path / "data", 1) | {"HOME": str(tmp_path / "home")}
    (tmp_path / "home").mkdir()
    command = [sys.executable, "-c", "import wsgi; from ezdxf.fonts import fonts; fonts.load()"]
    subprocess.run(command, cwd=ROOT, env=environ, check=True, timeout=PATIENCE)
    assert list((tmp_path / "home").iterdir()) == []
    assert (tmp_path / "data" / "cache" / "ezdxf").is_dir()
