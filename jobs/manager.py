"""The process manager of the embedded start: supervisor runs the Procfile's processes, pages first.

Two waves, because everything loads the same program and two cores are soon shared too thinly: Redis and the web process
start at once, the others when the web process has answered (`start_the_rest`).
docs/decisions/002-process-manager.md says why this manager, and how the children die with it.
"""

from __future__ import annotations

import http.client
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from string import Template
from xmlrpc.client import Error, ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from jobs.engines import tethered

ROOT = Path(__file__).resolve().parent.parent
#: Supervisor gives each process this long after SIGTERM; a render in hand is repeated at the next start.
STOP_SECONDS = 8
#: What somebody looking at a page waits for.
FIRST = ("redis", "web")
#: Drawings render behind everything else. Somebody waits for the mails and the new company that `worker` and `clock`
#: bring, so on a busy machine they are not starved as a drawing may be.
NICE = {"render": 10, "worker": 4, "clock": 4, "sandbox": 4}
LOG_BYTES = 5 * 1024 * 1024


def procfile() -> dict[str, str]:
    """The Procfile: process name -> command line."""
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition(":") for line in lines if line.strip() and not line.startswith("#"))
    return {name.strip(): command.strip() for name, _, command in pairs}


def start(data: Path, environ: dict[str, str]) -> subprocess.Popen[bytes]:
    """The manager with the first wave: Redis and the web process."""
    (data / "run" / "supervisor.conf").write_text(_configuration(data, environ), encoding="utf-8")
    return subprocess.Popen(
        tethered([sys.executable, "-m", "supervisor.supervisord", "-c", str(data / "run" / "supervisor.conf")]),
        env=environ, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0,
    )  # fmt: skip


def wake(process: subprocess.Popen[bytes], data: Path) -> None:
    """Talk to the manager as soon as it listens: left alone, it sleeps a second before it starts anything."""
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            _asked(data).supervisor.getState()
        except (OSError, http.client.HTTPException, Error):
            time.sleep(0.02)
        else:
            return


def start_the_rest(data: Path) -> None:
    """The second wave. Raises OSError or xmlrpc.client.Error when the manager does not answer."""
    _asked(data).supervisor.startProcessGroup("portal", False)


def _asked(data: Path) -> ServerProxy:
    # The address in the first argument is not used: the transport goes to the socket.
    return ServerProxy("http://manager", transport=SupervisorTransport(serverurl=f"unix://{control_socket(data)}"))


def control_socket(data: Path) -> Path:
    """Where the manager listens, for the owner of the data folder alone."""
    return data / "run" / "control"


def _configuration(data: Path, environ: dict[str, str]) -> str:
    """Supervisor's file for the Procfile's processes.

    Two groups: Redis starts first and ends last; within a group supervisor tells all to end at once.
    """
    commands = procfile()
    others = ",".join(name for name in commands if name != "redis")
    return (
        "[supervisord]\nnodaemon = true\nsilent = true\n"
        f"logfile = {_escaped(data / 'logs' / 'supervisor.log')}\nlogfile_maxbytes = {LOG_BYTES}\nlogfile_backups = 1\n"
        f"pidfile = {_escaped(data / 'run' / 'supervisor.pid')}\nchildlogdir = {_escaped(data / 'logs')}\n"
        f"directory = {_escaped(ROOT)}\n"
        f"[unix_http_server]\nfile = {_escaped(control_socket(data))}\nchmod = 0600\n"
        "[rpcinterface:supervisor]\n"
        "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n"
        + "".join(_program(name, command, data, environ) for name, command in commands.items())
        + f"[group:engines]\nprograms = redis\npriority = 1\n[group:portal]\nprograms = {others}\npriority = 2\n"
    )


def _program(name: str, command: str, data: Path, environ: dict[str, str]) -> str:
    words = shlex.split(Template(command).substitute(environ))
    if words[0] == "python":
        words[0] = sys.executable
    if name in NICE:
        words = ["nice", "-n", str(NICE[name]), *words]
    return (
        f"[program:{name}]\ncommand = {_escaped(shlex.join(tethered(words)))}\n"
        f"autostart = {str(name in FIRST).lower()}\nautorestart = true\n"
        # The wait before each next try grows by a second; it never gives up.
        "startretries = 1000000\nstartsecs = 1\n"
        f"stopwaitsecs = {STOP_SECONDS}\nkillasgroup = true\nredirect_stderr = true\n"
        f"stdout_logfile = {_escaped(data / 'logs' / name)}.log\n"
        f"stdout_logfile_maxbytes = {LOG_BYTES}\nstdout_logfile_backups = 1\n"
    )


def _escaped(value: str | os.PathLike[str]) -> str:
    """A value for supervisor's file, where % begins an expansion."""
    return os.fspath(value).replace("%", "%%")
