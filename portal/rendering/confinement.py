"""Binds the process that reads a file: what it may use, see and call. Nothing here can be taken back.

Besides the resource limits, Landlock (Linux 5.13 and newer, docs: kernel.org/doc/html/latest/userspace-api/landlock.html)
leaves it the files it is given, and a seccomp filter (man 2 seccomp) takes sockets, other programs and other processes
from it. Both need no rights and no program on the machine.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portal.rendering.result import Limits

HERE: Final = Path(__file__).resolve().parent
IMPORT_MARGIN: Final = 512 << 20
"""Address space is not memory: the interpreter and numpy reserve this much before they use any of it."""
SYSTEM: Final = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/null", "/dev/urandom", "/proc/self")

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
SIGKILL, SECCOMP_MODE_FILTER = 9, 2

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""The calls of Landlock, with the same numbers on every processor."""
PATH_BENEATH, VERSION = 1, 1
READ_FILE, READ_DIR = 1 << 2, 1 << 3
FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many rights over files each version of Landlock knows; the newest has them all."""
ON_FILES: Final = 1 << 0 | 1 << 1 | READ_FILE | 1 << 14 | 1 << 15
"""The rights that make sense for a file: execute, write, read, truncate, ioctl. Others are refused for it."""
NET_RIGHTS, SCOPES = 0b11, 0b11

CALLS: Final = {
    # socket, socketpair, connect, execve, execveat, ptrace, kill, process_vm_readv, process_vm_writev, pidfd_getfd,
    # pidfd_send_signal, io_uring_setup, bpf, unshare, setns, mount, userfaultfd, keyctl, add_key, perf_event_open
    "x86_64": (
        0xC000003E,
        (41, 53, 42, 59, 322, 101, 62, 310, 311, 438, 424, 425, 321, 272, 308, 165, 323, 250, 248, 298),
    ),
    "aarch64": (
        0xC00000B7,
        (198, 199, 203, 221, 281, 117, 129, 270, 271, 438, 424, 425, 280, 97, 268, 40, 282, 219, 217, 241),
    ),
}
"""Per processor its audit number and the calls that drawing never needs."""
LOAD, EQUAL, AT_LEAST, ANSWER = 0x20, 0x15, 0x35, 0x06
ALLOW, REFUSE, END = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
OTHER_ABI: Final = 0x40000000


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("rights", ctypes.c_uint64), ("parent", ctypes.c_int32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def confine(limits: Limits, readable: Iterable[str], writable: Iterable[str], *, webassembly: bool) -> None:
    """Bind this process for good: its limits, the files it may read, the folders it may write in, no network.

    WebAssembly reserves gigabytes of addresses that it never uses: there, what is writable counts.
    """
    libc = _libc()
    for option, value in ((PR_SET_NO_NEW_PRIVS, 1), (PR_SET_DUMPABLE, 0), (PR_SET_PDEATHSIG, SIGKILL)):
        libc.prctl(option, value, 0, 0, 0)
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, limits.cpu),
        (resource.RLIMIT_FSIZE, limits.output),
        (resource.RLIMIT_NOFILE, limits.descriptors),
        (resource.RLIMIT_DATA if webassembly else resource.RLIMIT_AS, limits.memory + IMPORT_MARGIN),
    ):
        _, hard = resource.getrlimit(what)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))
    if landlock_version():
        _see_only((*SYSTEM, sys.prefix, sys.base_prefix, str(HERE), *readable), writable)
    _call_only_what_drawing_needs(libc)


def landlock_version() -> int:
    """Which version of Landlock this machine offers; 0 for none."""
    version: int = _libc().syscall(CREATE_RULESET, None, 0, VERSION)
    return max(version, 0)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _see_only(readable: Iterable[str], writable: Iterable[str]) -> None:
    """Leave this process the given files and folders; raises OSError when the rule cannot be laid down."""
    libc = _libc()
    version = landlock_version()
    rights = (1 << FILE_RIGHTS.get(version, 16)) - 1
    rules = _Ruleset(rights, NET_RIGHTS if version >= 4 else 0, SCOPES if version >= 6 else 0)  # noqa: PLR2004
    size = ctypes.sizeof(rules) if version >= 6 else 16 if version >= 4 else 8  # noqa: PLR2004 - as each version knows it
    ruleset = libc.syscall(CREATE_RULESET, ctypes.byref(rules), size, 0)
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "landlock_create_ruleset")
    for path, allowed in (*((path, READ_FILE | READ_DIR) for path in readable), *((path, rights) for path in writable)):
        try:
            parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError:
            continue  # No machine has all of SYSTEM.
        kept = allowed if Path(path).is_dir() else allowed & ON_FILES
        rule = _Beneath(kept & rights, parent)
        if libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(rule), 0):
            raise OSError(ctypes.get_errno(), "landlock_add_rule", path)
        os.close(parent)
    if libc.syscall(RESTRICT_SELF, ruleset, 0):
        raise OSError(ctypes.get_errno(), "landlock_restrict_self")
    os.close(ruleset)


def _call_only_what_drawing_needs(libc: ctypes.CDLL) -> None:
    """Refuse the calls of CALLS with EPERM, and end a process that calls by another processor's numbers."""
    if platform.machine() not in CALLS:
        return
    audit, refused = CALLS[platform.machine()]
    steps = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, audit), (ANSWER, 0, 0, END), (LOAD, 0, 0, 0), (AT_LEAST, 0, 1, OTHER_ABI)]
    steps.append((ANSWER, 0, 0, REFUSE))
    for call in refused:
        steps += [(EQUAL, 0, 1, call), (ANSWER, 0, 0, REFUSE)]
    steps.append((ANSWER, 0, 0, ALLOW))
    program = _Program(len(steps), b"".join(struct.pack("=HBBI", *step) for step in steps))
    # A kernel without seccomp leaves the other bounds standing.
    libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0)
