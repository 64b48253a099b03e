"""`python -m tests.tenants.dying_worker FOLDER`: the real worker, killed at the moments of a company's opening in FOLDER.

Beside those of tests/deaths.py there is `noted`: when the row of a step says that it is done.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

from portal.tenants import provisioning
from portal.tenants.models import Tenant
from tests.deaths import Mortal


def mortal_stage(stage: provisioning.Stage, mortal: Mortal) -> provisioning.Stage:
    """The stage with its deaths."""
    real: Callable[[Tenant], None] | None = stage.outside

    def outside(tenant: Tenant) -> None:
        mortal.live_through(f"{tenant.id}.{stage.name}", lambda: real(tenant) if real is not None else None)

    return dataclasses.replace(stage, outside=outside)


def plan(mortal: Mortal) -> None:
    stages = tuple(mortal_stage(stage, mortal) for stage in provisioning.STAGES)
    provisioning.STAGES, provisioning.STAGE = stages, {stage.name: stage for stage in stages}
    finish = provisioning._finish

    def finish_and_die(tenant_id: int, token: str, stage: provisioning.Stage) -> None:
        finish(tenant_id, token, stage)
        mortal.die(f"{tenant_id}.{stage.name}.noted")

    provisioning._finish = finish_and_die


if __name__ == "__main__":
    doomed = Mortal(Path(sys.argv[1]))
    plan(doomed)
    doomed.keep_alive(["worker", "work"])
