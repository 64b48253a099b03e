"""Companies that pay, on real processes: sandbox, clock and worker, on one clock that the test moves; SQLite or PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from uuid import uuid4

import pytest
from redis import Redis
from rq import Queue

from jobs.ports import free_port
from portal.billing import service as billing
from portal.billing.models import PayBy
from portal.core import clock, outbox
from portal.core.db import db
from portal.core.gate import Caller
from portal.core.queue import WORK, queue
from portal.core.turns import Turn
from portal.payments import cards
from tests.billing.office import DETAILS, Office
from tests.deaths import Deaths
from tests.engines import PostgresServer
from tests.sandbox.cards import auth_key
from tests.sandbox.conftest import Outside
from tests.tenants.premises import Premises, premises

#: For all the deaths of a test together, on a busy machine: a few of them, and all that there are.
LONGEST_SECONDS, LONGEST_SOAK_SECONDS = 180.0, 1800.0
#: So many looks, a tenth of a second apart, find no job before it is believed: one may be between queue and worker.
PATIENT_LOOKS = 4


@dataclass
class OnOneClock(Outside):
    """The sandbox, whose clock is the portal's row."""

    given: dict[str, str] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        return super().environ | self.given


@dataclass
class Site:
    """The portal of a test, its outside world, and the deaths that are planned in its processes."""

    place: Premises
    office: Office
    outside: OnOneClock
    deaths: Deaths
    patience: float = LONGEST_SECONDS

    def card_of(self, owner: Caller) -> None:
        """Register a card of the owner's in the window."""
        key = f"c-{uuid4().hex}"
        card, _window = cards.open_window(owner, key, "http://x/{card}", "http://x/{card}")
        cards.come_back(owner, card.id, key, auth_key(self.outside, key))
        cards.register(card.id)

    def paying_by_card(self, name: str, since: date) -> Caller:
        owner = self.office.paying(name=name, since=since)
        billing.update_profile(owner, replace(DETAILS, pay_by=PayBy.CARD))
        self.card_of(owner)
        return owner

    def payments(self) -> list[dict[str, object]]:
        """What the payment company has in its own books."""
        found: list[dict[str, object]] = self.outside.get("/_control/toss").json()["payments"]
        return found

    def tax_invoices(self) -> list[dict[str, object]]:
        """What the issuing service holds."""
        found: list[dict[str, object]] = self.outside.get("/_control/popbill").json()["invoices"]
        return found

    @contextmanager
    def alive(self) -> Iterator[None]:
        """The clock and a worker, which die as planned and come again."""
        with self.place.process("tests.faults.dying", str(self.deaths.folder)):
            yield

    def live_on(self, until: Callable[[], bool], what: str, step: timedelta = timedelta(minutes=2)) -> None:
        """Let time pass until a condition holds: `step` by `step`, each time all that can be done has been done.

        So leases of the dead run out and sweeps get their turn, and nobody is nudged while still at work.
        """
        deadline = time.monotonic() + self.patience
        moment = clock.fresh()
        while not self._comes(lambda: self._idle() and until(), deadline, moment):
            assert time.monotonic() < deadline, f"waited in vain until {what}; {sorted(self.deaths.missed())}"
            moment += step
            clock.set_to(moment)

    def _comes(self, condition: Callable[[], bool], deadline: float, moment: datetime) -> bool:
        """Whether a condition comes before the processes have looked around at `moment` and fallen idle."""
        idle = 0
        while idle < PATIENT_LOOKS and time.monotonic() < deadline:
            db.session.rollback()
            db.session.expire_all()
            if condition():
                return True
            idle = idle + 1 if self._looked_at(moment) and self._idle() else 0
            time.sleep(0.1)
        return False

    def _looked_at(self, moment: datetime) -> bool:
        """Whether the schedule has been gone through since then; its last line of a minute says so."""
        turn = db.session.get(Turn, "work.wake_due", populate_existing=True)
        return turn is not None and turn.taken_at >= moment

    def _idle(self) -> bool:
        """Nothing is untold, and no job waits."""
        return not outbox.backlog(db.session()) and not self._jobs.count

    @cached_property
    def _jobs(self) -> Queue:
        return queue(Redis.from_url(self.place.environ["REDIS_URL"]), WORK)

    def log(self) -> str:
        """All that the processes said."""
        return (self.place.folder / "processes.log").read_text(errors="replace")


@contextmanager
def site(folder: Path, redis_url: str, postgres: PostgresServer | None = None) -> Iterator[Site]:
    port = free_port()
    with premises(folder, redis_url, postgres, SANDBOX_PORT=str(port)) as place:
        outside = OnOneClock(folder, port, given=place.environ)
        outside.start()
        try:
            yield Site(place, Office(place.app), outside, Deaths(folder / "deaths"))
        finally:
            outside.stop()


@pytest.fixture
def at(request: pytest.FixtureRequest, tmp_path: Path, redis_url: str) -> Iterator[Site]:
    """The site on the engine that the test names by its parameter."""
    postgres: PostgresServer | None = None
    if request.param == "postgres":
        request.getfixturevalue("postgres_url")
        postgres = request.getfixturevalue("postgres")
    with site(tmp_path, redis_url, postgres) as made:
        if request.node.get_closest_marker("slow"):
            made.patience = LONGEST_SOAK_SECONDS
        yield made
