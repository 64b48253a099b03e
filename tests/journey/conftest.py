"""A portal started as a user starts it, on a folder of its own, for the tests that click through it in Chromium."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from jobs.ports import free_port
from portal.desk.samples import make_samples
from tests.demo import first_start
from tests.engines import RedisServer, wait_for
from tests.journey import served
from tests.journey.served import Living

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data" / "drawings" / "dxf"
#: Real drawings, where they are beside the project; the project's own samples stand in for them.
WANTED = (
    "skydxf__test-resources-floorplan.dxf",
    "dxfparser__samples-data-api-cw750-details.dxf",
    "acadsharp__samples-sample_AC1009_ascii.dxf",
)


@dataclass
class Portal:
    """A running portal: where it answers, where it keeps things, and the sign-ins it printed."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]
    sign_ins: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def answers(self) -> bool:
        try:
            return (
                httpx.get(f"{self.url}/healthz", timeout=2).status_code == 200 and (self.folder / "demo.json").exists()
            )
        except httpx.HTTPError:
            return False

    def mails_to(self, address: str) -> list[dict[str, str]]:
        """What the sandbox's mail box holds for an address, newest first; nothing while it is not there yet."""
        box = f"http://127.0.0.1:{self.port + 1}/_control/mail"
        try:
            found = httpx.get(box, params={"to": address}, timeout=5).json()
        except httpx.TransportError:
            return []
        mails: list[dict[str, str]] = found["mails"] if isinstance(found, dict) else found
        return mails


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    folder = tmp_path_factory.mktemp("journey") / "data"
    first_start(tmp_path_factory, folder)
    port = free_port()
    environ = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
    environ |= {"DATA_DIR": str(folder), "PORT": str(port), "WEB_WORKERS": "1"}
    with (folder.parent / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "jobs.start"], cwd=ROOT, env=environ, stdout=said, stderr=said
        )
    started = Portal(port, folder, process)
    wait_for(started.answers, "the portal answers and its sample company is there", seconds=240)
    wait_for(
        lambda: "Ctrl-C" in (folder.parent / "said").read_text(encoding="utf-8"), "the start has finished", seconds=120
    )
    started.sign_ins = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
    yield started
    process.send_signal(signal.SIGINT)
    process.wait(120)


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> Iterator[Living]:
    """Half a year of companies, invoices and decisions, served in this process on a clock of its own."""
    with served.living(tmp_path_factory.mktemp("rich"), redis_server.url) as made:
        yield made


@pytest.fixture(scope="session")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three real drawings."""
    found = [SHARED / name for name in WANTED]
    if all(path.exists() for path in found):
        return found
    return [path for _, path in make_samples(tmp_path_factory.mktemp("samples"))][:3]
