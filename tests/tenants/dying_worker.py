"""`python -m tests.tenants.dying_worker FOLDER`: the real worker, which kills itself and its child at planned moments.

FOLDER holds a file per death to come, named `<tenant>.<step>.<moment>`; a file is renamed to `<name>.died` just before.
Moments: `before` the step's effect, `during` it (some milliseconds in), `after` it but before its row says so, and
`noted`, when the row says so. This process only holds what is imported and forks the next worker when one has died, as
a process manager would, without the seconds that importing the house costs on a busy machine.
"""

from __future__ import annotations

import ctypes
import dataclasses
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from jobs.__main__ import main
from portal.tenants import provisioning
from portal.tenants.models import Tenant

#: How far into the step `during` is; CREATE DATABASE takes 25 to 100 ms.
DURING_SECONDS = 0.012
PR_SET_PDEATHSIG = 1


def die_if_planned(folder: Path, name: str) -> None:
    """SIGKILL, which nothing can catch, for the worker and its child at work, which is this process."""
    try:
        (folder / name).rename(folder / f"{name}.died")
    except FileNotFoundError:
        return
    (folder / f"{name}.died").write_text(repr(time.time()))
    os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def mortal(stage: provisioning.Stage, folder: Path) -> provisioning.Stage:
    """The stage with its deaths."""
    real: Callable[[Tenant], None] | None = stage.outside

    def outside(tenant: Tenant) -> None:
        plan = f"{tenant.id}.{stage.name}"
        die_if_planned(folder, f"{plan}.before")
        if (folder / f"{plan}.during").exists():
            threading.Timer(DURING_SECONDS, die_if_planned, (folder, f"{plan}.during")).start()
        if real is not None:
            real(tenant)
        die_if_planned(folder, f"{plan}.after")

    return dataclasses.replace(stage, outside=outside)


def plan(folder: Path) -> None:
    stages = tuple(mortal(stage, folder) for stage in provisioning.STAGES)
    provisioning.STAGES, provisioning.STAGE = stages, {stage.name: stage for stage in stages}
    finish = provisioning._finish

    def finish_and_die(tenant_id: int, token: str, stage: provisioning.Stage) -> None:
        finish(tenant_id, token, stage)
        die_if_planned(folder, f"{tenant_id}.{stage.name}.noted")

    provisioning._finish = finish_and_die


def keep_one_alive() -> None:
    """A worker, and the next one when it dies; none outlives this process."""
    while True:
        worker = os.fork()
        if worker == 0:
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            os._exit(main(["worker", "work"]))
        os.waitpid(worker, 0)


if __name__ == "__main__":
    plan(Path(sys.argv[1]))
    keep_one_alive()
