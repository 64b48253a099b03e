"""The data folder of a first start with its sample company, made once in a run of the tests and copied for whoever asks."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jobs.ports import free_port

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 400
#: What belongs to processes that have ended.
LEFT_OUT = shutil.ignore_patterns("*.sock", "*.pid", "control", "lock", "tmp")


def first_start(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> None:
    """Fill `folder`, which must not exist, with what a first start leaves behind."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "first-start"
    try:
        shared.mkdir()
    except FileExistsError:
        _await(shared / "done")
    else:
        _start(shared)
        (shared / "done").touch()
    shutil.copytree(shared / "data", folder, ignore=LEFT_OUT)


def _start(shared: Path) -> None:
    environ = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
    environ |= {
        "DATA_DIR": str(shared / "data"),
        "PORT": str(free_port()),
        "WEB_WORKERS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with (shared / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "jobs.start"], cwd=ROOT, env=environ, stdout=said, stderr=said
        )
    deadline = time.monotonic() + PATIENCE
    while "Ctrl-C" not in (told := (shared / "said").read_text(encoding="utf-8")):
        assert process.poll() is None, told
        assert time.monotonic() < deadline, told
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def _await(done: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done.exists():
        assert time.monotonic() < deadline, "another test process did not finish its first start"
        time.sleep(0.2)
