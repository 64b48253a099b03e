"""`python -m tests.faults.counting FOLDER`: the real clock and the real worker, killed around the counting of usage.

Plans bear the key of the use that is counted (portal/metering/counting.note_usage), those of the clock bear 0. A use whose
key begins with `slow` takes a moment, so that it can be met in its middle.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from redis import Redis

from jobs import __main__ as processes
from jobs import metering
from portal.core import outbox
from portal.metering import service
from tests.deaths import Mortal

MIDDLE_SECONDS = 0.1


def plan(mortal: Mortal) -> None:
    """Spots: `begin`, between taking a job and beginning it; `take`, inside its transaction; `job`, around all of it;
    `receipt`, when it was done and is being noted as such; `told`, of the clock.
    """
    begun, take_usage, take = processes.begun, metering.take_usage, service.take

    def named_begun(connection: Redis, function: str, args: Sequence[int | str]) -> None:
        mortal.whose = str(args[-1])
        mortal.live_through(f"{mortal.whose}.begin", lambda: begun(connection, function, args))

    def slow_take(*words: Any) -> Any:  # noqa: ANN401 - whatever it takes and answers
        def act() -> Any:  # noqa: ANN401
            if mortal.whose.startswith("slow"):
                time.sleep(MIDDLE_SECONDS)
            return take(*words)

        return mortal.live_through(f"{mortal.whose}.take", act, MIDDLE_SECONDS / 2)

    def job(*words: Any) -> None:  # noqa: ANN401
        mortal.live_through(f"{mortal.whose}.job", lambda: take_usage(*words))

    processes.begun, metering.take_usage, service.take = named_begun, job, slow_take  # type: ignore[assignment]
    mortal.spot("receipt", processes, "taken_in")
    mortal.spot("told", outbox, "mark_sent")


if __name__ == "__main__":
    doomed = Mortal(Path(sys.argv[1]))
    plan(doomed)
    doomed.keep_alive(["clock"], ["worker", "work"])
