"""The outside world as it really runs: its own process, real HTTP and SMTP, a free pair of ports, its own folder."""

from __future__ import annotations

import os
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from jobs.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 20.0
#: Nothing here is https, and reading the certificates takes longer than the call.
PLAIN = {"trust_env": False, "verify": False}


@dataclass
class Outside:
    """A running sandbox, started and stopped as often as a test likes."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environ(self) -> dict[str, str]:
        kept = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", str(ROOT))}
        return {**kept, "DATA_DIR": str(self.folder), "SANDBOX_PORT": str(self.port), "PYTHONWARNINGS": "error"}

    def start(self) -> None:
        command = [sys.executable, "-m", "portal.sandbox"]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert self.url in line, line + self.process.stdout.read()

    def run(self, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run to its own end, which must come: for starts that are refused."""
        command = [sys.executable, "-m", "portal.sandbox"]
        return subprocess.run(
            command,
            cwd=ROOT,
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition; fail when it does not come."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.02)

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        with self.process:
            return self.process.wait(PATIENCE)

    def get(self, path: str, **options: object) -> httpx.Response:
        return httpx.get(self.url + path, **PLAIN, **options)  # type: ignore[arg-type]

    def post(self, path: str, **options: object) -> httpx.Response:
        return httpx.post(self.url + path, **PLAIN, **options)  # type: ignore[arg-type]

    def delete(self, path: str) -> httpx.Response:
        return httpx.delete(self.url + path, **PLAIN)  # type: ignore[arg-type]

    def fault(self, service: str, kind: str | None, **how: object) -> None:
        answer = self.post("/_control/faults", json={"service": service, "kind": kind, **how})
        assert answer.status_code == 200, answer.text

    def smtp(self, timeout: float = PATIENCE) -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", self.port + 1, timeout=timeout)

    def send(self, to: str, subject: str, body: str, timeout: float = PATIENCE) -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "도면실 <no-reply@localhost>", to, subject
        message.set_content(body)
        with self.smtp(timeout) as server:
            server.send_message(message)


@pytest.fixture(scope="session")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    made = Outside(tmp_path_factory.mktemp("outside"))
    made.start()
    yield made
    assert made.stop() == 0


@pytest.fixture
def outside(_running: Outside) -> Outside:
    """The shared sandbox, swept clean."""
    told = ("faults", "mail", "business", "toss", "popbill", "ledger")
    for path in (f"/_control/{name}" for name in told):
        _running.delete(path)
    return _running


@pytest.fixture
def own_outside(tmp_path: Path) -> Iterator[Outside]:
    """A sandbox that the test starts and stops itself."""
    made = Outside(tmp_path / "own")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.stop()
