"""`make run`: the whole portal on one machine, without root and without anything installed beforehand.

Looks at folder, ports and engines, brings the database to its newest schema, lets supervisor run the Procfile's
processes, waits until the portal answers, fills an empty data folder with the demo, prints addresses and sign-ins, and
leaves no process behind. Everything written lies in DATA_DIR. docs/decisions/002-process-manager.md says how the
children die with this process.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import psutil

from jobs import checks, manager
from jobs.checks import StartRefused
from jobs.engines import EngineMissingError, redis_binary, tethered
from jobs.manager import ROOT

#: Every process of a start carries this in its environment, with the data folder as its value; so stray ones are found.
MARK = "PLANROOM_RUN"
START_SECONDS = 90
OUTSIDE_SECONDS = 15


def main() -> int:
    """Start, stay, end. Exit code 0 after Ctrl-C or SIGTERM, 1 when something refused to start or broke."""
    # SIGINT too: a script that starts this in the background has it ignored, and Python then leaves it so.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _as_interrupt)
    data = Path(os.environ.get("DATA_DIR", "").strip() or "var").expanduser().absolute()
    try:
        return run(data)
    except KeyboardInterrupt:
        return 0
    except (StartRefused, EngineMissingError) as refusal:
        print(refusal, file=sys.stderr)
    except OSError as error:
        print(checks.disk_sentence(error, data), file=sys.stderr)
    return 1


def _as_interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def run(data: Path) -> int:
    """Everything between the first look and the last process's end."""
    if sys.platform != "linux":
        print("리눅스가 아닌 컴퓨터에서는 강제로 끝낸 뒤 프로세스가 남을 수 있습니다.", file=sys.stderr)
    checks.folder(data)
    redis_binary()
    (data / "run").mkdir(exist_ok=True)
    with checks.only_one(data):
        end_strays(data)
        port, sandbox_port = checks.ports(os.environ)
        environ = surroundings(data, port, sandbox_port)
        _migrate(data, environ)
        process = manager.start(data, environ)
        try:
            manager.wake(process, data)
            _wait_until_well(process, data, port)
            _start_the_rest(data)
            _tell(data, environ, _demo(data, environ))
            process.wait()
            print(
                f"프로세스 관리자가 끝났습니다. {data / 'logs'} 의 기록을 확인해 주십시오. (The process manager ended.)"
            )
            return 1
        finally:
            _end(process, data)


def surroundings(data: Path, port: int, sandbox_port: int, told: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of every process: settings that `told` (this process's own) has not, caches and temporary files under `data`."""
    told = os.environ if told is None else told
    for name in ("tmp", "home", "cache", "logs", "redis"):
        (data / name).mkdir(mode=0o700, exist_ok=True)
    for left in (data / "tmp").iterdir():
        shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
    given = {
        "PORTAL_ENV": "embedded",
        "WEB_WORKERS": "2",
        "REDIS_URL": f"unix://{data / 'redis' / 'redis.sock'}",
        "SECRET_KEY": _secret(data),
        "PUBLIC_URL": f"http://localhost:{port}",
    }
    fixed = {
        MARK: str(data),
        "DATA_DIR": str(data),
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox_port),
        "HOME": str(data / "home"),
        "TMPDIR": str(data / "tmp"),
        "XDG_CACHE_HOME": str(data / "cache"),
        "XDG_CONFIG_HOME": str(data / "home" / ".config"),
        # ci/prepare.sh has compiled what runs here; nothing is written beside the source while it runs.
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{told.get('PATH', '')}",
    }
    return given | {name: value for name, value in told.items() if value.strip()} | fixed


def _secret(data: Path) -> str:
    """The key that signs links: made at the first start, readable by its owner alone."""
    path = data / "secret.key"
    if not path.exists():
        unfinished = data / "run" / "secret.part"
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
        unfinished.replace(path)
    return path.read_text(encoding="ascii").strip()


def _migrate(data: Path, environ: dict[str, str]) -> None:
    """Bring the platform's database to the newest schema; asked only when a migration or the database is another one.

    Asking costs a second and a half of the five that a start may take.
    """
    stamp = data / "run" / "migrated"
    steps = sorted((ROOT / "migrations").rglob("*.py"))
    digest = hashlib.sha256(environ.get("DATABASE_URL", "").encode())
    for step in steps:
        digest.update(step.read_bytes())
    known = digest.hexdigest()
    database = data / "platform.db"
    if (database.exists() or environ.get("DATABASE_URL")) and stamp.exists() and stamp.read_text() == known:
        return
    _flask(environ, "platform", "migrate")
    stamp.write_text(known)


def _flask(environ: dict[str, str], *words: str) -> str:
    """Run one of the portal's commands; its stdout."""
    done = subprocess.run(
        tethered([sys.executable, "-m", "flask", "--app", "wsgi", *words]),
        env=environ, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise StartRefused(_failed(" ".join(words), done.stderr, Path(environ["DATA_DIR"])))
    return done.stdout


def _failed(what: str, said: str, data: Path) -> str:
    if "disk is full" in said or "No space left" in said or "disk I/O error" in said:
        return checks.disk_sentence(OSError(28, "No space left on device"), data)
    log = data / "logs" / "start.log"
    with contextlib.suppress(OSError):
        log.write_text(said, encoding="utf-8")
    last = (said.strip().splitlines() or [""])[-1]
    return f"'{what}' 단계에서 멈추었습니다: {last} 자세한 내용은 {log} 에 있습니다. (This step failed; see the log.)"


def _wait_until_well(process: subprocess.Popen[bytes], data: Path, port: int) -> None:
    """Return when the portal's health page answers 200."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if _well(port):
            return
        time.sleep(0.05)
    said = _last_lines(data / "logs" / "web.log") or _last_lines(data / "logs" / "supervisor.log")
    raise StartRefused(
        f"화면 서버가 {START_SECONDS}초 안에 응답하지 않았습니다. {data / 'logs'} 의 기록을 확인해 주십시오. "
        f"(The web process did not answer.) {said}"
    )


def _last_lines(log: Path) -> str:
    try:
        return " / ".join(log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-2:])
    except OSError:
        return ""


def _well(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _start_the_rest(data: Path) -> None:
    try:
        manager.start_the_rest(data)
    except (OSError, http.client.HTTPException, xmlrpc.client.Error) as error:
        raise StartRefused(
            f"작업 프로세스를 시작하지 못했습니다. {data / 'logs' / 'supervisor.log'} 의 기록을 확인해 주십시오. "
            f"(The process manager refused: {error}.)"
        ) from error


def _wait_for_outside(port: int) -> None:
    """Return when the sandbox listens, or after a while: the demo's cards and tax invoices come from there."""
    deadline = time.monotonic() + OUTSIDE_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)


def _demo(data: Path, environ: dict[str, str]) -> dict[str, Any]:
    """What `flask demo` printed: made once in an empty data folder, told again at every later start.

    A portal without it is still a portal: what went wrong is told, and the next start tries again.
    """
    kept = data / "run" / "demo.json"
    if not kept.exists():
        unfinished = data / "run" / "demo.part"
        unfinished.touch(0o600)
        print("표본 회사와 도면을 만드는 중입니다. (Making the sample company.)", flush=True)
        _wait_for_outside(int(environ["SANDBOX_PORT"]))
        try:
            unfinished.write_text(_flask(environ, "demo", "--json"), encoding="utf-8")
        except StartRefused as failed:
            print(failed, file=sys.stderr)
            return {}
        unfinished.replace(kept)
    found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
    return found


def _tell(data: Path, environ: dict[str, str], demo: dict[str, Any]) -> None:
    """Addresses and sign-ins."""
    address = environ["PUBLIC_URL"]
    lines = [
        "",
        "도면실이 시작되었습니다. (Planroom is running.)",
        f"  주소 Address    {address}",
        f"  메일함 Mail      {address}/sandbox/mail",
        f"  기록 Logs       {data / 'logs'}  ({', '.join(manager.procfile())})",
        "",
        "  로그인 Sign-in",
    ]
    for row in demo.get("sign_ins", []):
        lines.append(f"    {row['who']}: {row['email']} / {row['password']}")
        if row.get("secret"):
            lines.append(f"      인증 앱 열쇠 One-time-code secret: {row['secret']}")
    lines += ["", "  끝내기 Stop     Ctrl-C", ""]
    print("\n".join(lines), flush=True)


def _end(process: subprocess.Popen[bytes], data: Path) -> None:
    """End every process of this start: supervisor in order, then whatever carries the mark."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave half of them alive
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(2 * manager.STOP_SECONDS + 2)
    end_strays(data)


def end_strays(data: Path) -> None:
    """End the processes that an earlier or this start on `data` left: its ones carry the mark in their environment."""
    strays = list(_strays(data))
    for stray in strays:
        with contextlib.suppress(psutil.NoSuchProcess):
            stray.terminate()
    _, stubborn = psutil.wait_procs(strays, timeout=3)
    for stray in stubborn:
        with contextlib.suppress(psutil.NoSuchProcess):
            stray.kill()
    psutil.wait_procs(stubborn, timeout=3)


def _strays(data: Path) -> Iterable[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(MARK) == str(data):
                yield process


if __name__ == "__main__":
    sys.exit(main())
