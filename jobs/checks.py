"""What the embedded start looks at before it starts anything: each fault is one sentence, never a traceback."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from portal.core.korea import particle

#: Below this the start refuses: a first start writes about 30 MB, and SQLite must not run dry in its first hour.
LEAST_FREE_BYTES = 100 * 1024 * 1024
#: The kernel's limit of a socket's path, less its closing zero byte.
LONGEST_SOCKET_PATH = 107
PORT_TRIES = 40


class StartRefused(Exception):  # noqa: N818 - reads as what happened
    """The portal cannot start; the message says why and what to do, in Korean and shortly in English."""


def number(environ: Mapping[str, str], name: str, default: int, highest: int = 65535) -> int:
    """The setting `name` as a number from 1 to `highest`."""
    raw = environ.get(name, "").strip() or str(default)
    if not (raw.isascii() and raw.isdigit() and 1 <= int(raw) <= highest):
        raise StartRefused(
            f"{name} 값 '{raw}'{particle(raw, '을/를')} 쓸 수 없습니다. 1부터 {highest} 사이의 숫자로 적어 주십시오. "
            f"({name} must be a number from 1 to {highest}.)"
        )
    return int(raw)


def folder(path: Path) -> None:
    """Make the data folder and see that it can be written, has room, and that a socket's path fits in."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".probe"
        probe.write_bytes(b"x" * 4096)
        probe.unlink()
        free = shutil.disk_usage(path).free
    except OSError as error:
        raise StartRefused(disk_sentence(error, path)) from error
    if free < LEAST_FREE_BYTES:
        raise StartRefused(_full(path))
    if len(os.fsencode(path / "redis" / "redis.sock")) > LONGEST_SOCKET_PATH:
        raise StartRefused(
            f"자료 폴더의 경로가 너무 깁니다: {path}. DATA_DIR 에 더 짧은 경로를 적어 주십시오. "
            "(The path of DATA_DIR is too long for a socket.)"
        )


def disk_sentence(error: OSError, path: Path) -> str:
    """What to tell a person about a failed write under `path`."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return _full(path)
    return (
        f"자료 폴더에 쓸 수 없습니다: {path} ({error.strerror}). 쓸 수 있는 폴더를 DATA_DIR 에 적어 주십시오. "
        "(DATA_DIR cannot be written.)"
    )


def _full(path: Path) -> str:
    return (
        f"저장 공간이 모자랍니다: {path}. {LEAST_FREE_BYTES // 1024 // 1024} MB 이상 비운 다음 다시 시작해 주십시오. "
        "(The disk is full.)"
    )


def ports(environ: Mapping[str, str]) -> tuple[int, int]:
    """The portal's port and the sandbox's, all free now (the sandbox's mail server takes the one above its own).

    The portal's port is the one asked for; the sandbox's is looked for from there on when nobody asked for one.
    """
    port = number(environ, "PORT", 8000)
    if not free(port, "0.0.0.0"):  # noqa: S104 - the portal is for other machines too
        raise StartRefused(_taken("PORT", port))
    if environ.get("SANDBOX_PORT", "").strip():
        sandbox = number(environ, "SANDBOX_PORT", 8001, 65534)
        for one in (sandbox, sandbox + 1):
            if one == port or not free(one):
                raise StartRefused(_taken("SANDBOX_PORT", one))
        return port, sandbox
    for sandbox in range(port + 1, min(port + PORT_TRIES, 65534)):
        if free(sandbox) and free(sandbox + 1):
            return port, sandbox
    raise StartRefused(_taken("SANDBOX_PORT", port + 1))


def _taken(name: str, port: int) -> str:
    return (
        f"포트 {port}번을 쓸 수 없습니다. 다른 프로그램이 쓰고 있거나 허용되지 않은 번호입니다. "
        f"다른 번호로 다시 시작해 주십시오. 예: {name}={port + 100 if 1024 <= port < 65000 else 8100} make run "  # noqa: PLR2004 - an example that is a port
        f"(Port {port} is in use.)"
    )


def free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on `port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def only_one(path: Path) -> IO[bytes]:
    """Hold the data folder for this process; the lock is gone with the process, however it ends."""
    held = (path / "run" / "lock").open("ab")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        held.close()
        raise StartRefused(
            f"이 자료 폴더로 이미 실행 중입니다: {path}. 실행 중인 것을 끝내거나 다른 DATA_DIR 로 시작해 주십시오. "
            "(Planroom already runs on this DATA_DIR.)"
        ) from error
    return held
