"""What was walked: a walk's steps with their amounts and digests, as they are printed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


class StepFailed(Exception):  # noqa: N818 - reads as what happened
    """A step did not end as it had to; the message names the step and what was found instead."""


@dataclass(slots=True)
class Step:
    """One step: its portal instant, ids of rows, amounts in won, digests of files, details a person can recompute from."""

    step: str
    at: str
    ids: dict[str, Any] = field(default_factory=dict)
    won: dict[str, Any] = field(default_factory=dict)
    sha256: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def document(self) -> dict[str, Any]:
        shown = {"step": self.step, "at": self.at, "ids": self.ids, "won": self.won, "sha256": self.sha256}
        return shown | ({"facts": self.facts} if self.facts else {}) | {"seconds": round(self.seconds, 3)}


@dataclass(slots=True)
class Walk:
    """One company's way. `now` gives the portal's instant; `say` is told of every step as it ends."""

    name: str
    now: Callable[[], datetime]
    say: Callable[[str], None]
    tenant: str = ""
    steps: list[Step] = field(default_factory=list)
    _since: float = 0.0

    def begin(self) -> None:
        """What follows belongs to the next step: the other walk's time does not count."""
        self._since = time.monotonic()

    def done(self, step: str, **told: Any) -> Step:  # noqa: ANN401 - the fields of Step
        """A step has ended; `told` are its ids, won, sha256 and facts."""
        made = Step(step, self.now().isoformat(timespec="seconds"), **told)
        moment = time.monotonic()
        made.seconds, self._since = moment - self._since, moment
        self.steps.append(made)
        self.say(f"{self.name:9} {made.at}  {step} {made.seconds:.2f} s")
        return made

    def must(self, truth: object, what: str) -> None:
        """Raise StepFailed with `what` when it is not true."""
        if not truth:
            last = self.steps[-1].step if self.steps else "the beginning"
            raise StepFailed(f"{self.name}, after {last}: {what}")

    def document(self) -> dict[str, Any]:
        return {"name": self.name, "tenant": self.tenant, "steps": [step.document() for step in self.steps]}


def digest(body: bytes) -> str:
    """SHA-256 of a file, in hex."""
    return hashlib.sha256(body).hexdigest()
