"""Workers, the clock and Redis killed for real while jobs are under way: each job has its effect once, within two minutes.

The effect is that of counting a use: one row per event, and a sum of the day that a second count would show. Workers do not
fork for a job (jobs/__main__.py), so a worker's death is its job's death: RQ's case of a child that lives on is not there.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis.exceptions import RedisError
from sqlalchemy import func, select

from portal.core.clock import now
from portal.core.db import db, write
from portal.core.outbox import publish
from portal.metering.models import UsageDaily, UsageEvent
from tests.deaths import Deaths
from tests.engines import RedisServer, Sentinels, wait_for
from tests.tenants.premises import Premises, open_company, premises

#: The bar: from the moment of the fault.
WITHIN_SECONDS = 120.0
METER = "drawing_views"


@dataclass
class Counting:
    """A portal with one company whose uses are counted by processes that die."""

    place: Premises
    tenant_id: int
    deaths: Deaths
    asked: int = 0

    def use(self, *keys: str) -> None:
        """Something was used, once for each key."""
        with write() as session:
            for key in keys:
                publish(session, "usage.happened", self.tenant_id, METER, 1, now().isoformat(), key)
        self.asked += len(keys)

    @contextmanager
    def alive(self) -> Iterator[None]:
        with self.place.process("tests.faults.counting", str(self.deaths.folder)):
            yield

    def counted(self) -> tuple[int, int]:
        """Events that were counted, and the sum of the days."""
        db.session.rollback()
        mine = UsageDaily.tenant_id == self.tenant_id
        events = select(func.count()).select_from(UsageEvent).where(UsageEvent.tenant_id == self.tenant_id)
        days = select(func.coalesce(func.sum(UsageDaily.quantity), 0)).where(mine, UsageDaily.meter == METER)
        return db.session.scalar(events) or 0, int(db.session.scalar(days) or 0)

    def wait_for_all(self, since: float) -> float:
        """Seconds from `since` (monotonic) until everything was counted; and nothing more is counted afterwards."""
        left = WITHIN_SECONDS - (time.monotonic() - since)
        wait_for(lambda: self.counted()[0] == self.asked, f"all are counted; {self.log()[-2000:]}", left)
        taken = time.monotonic() - since
        assert self.counted() == (self.asked, self.asked)
        return taken

    def log(self) -> str:
        return (self.place.folder / "processes.log").read_text(errors="replace")


@contextmanager
def counting(folder: Path, redis_url: str, **settings: str) -> Iterator[Counting]:
    with premises(folder, redis_url, **settings) as place:
        tenant = open_company()
        made = Counting(place, tenant.id, Deaths(folder / "deaths"))
        made.deaths.plan([])
        yield made


#: A death at each moment of a job, and of the clock between telling and noting that it told.
MOMENTS = ("begin.before", "begin.after", "job.before", "take.before", "take.during", "take.after", "job.after",
           "receipt.before", "receipt.after")  # fmt: skip


@pytest.mark.slow
def test_a_worker_killed_at_any_moment_of_a_job_has_it_done_once(
    tmp_path: Path, redis_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with counting(tmp_path, redis_url) as at:
        doomed = {f"slow{number}": moment for number, moment in enumerate(MOMENTS)}
        at.deaths.plan([*(f"{key}.{moment}" for key, moment in doomed.items()), "0.told.before", "0.told.after"])
        begun = time.monotonic()
        with at.alive():
            at.use(*doomed, *(f"u{number}" for number in range(50)))
            wait_for(lambda: not at.deaths.missed() and len(at.deaths.died()) >= len(MOMENTS), "all have died", 100)
            last = begun + max(at.deaths.died().values()) - time.time() + (time.monotonic() - begun)
            taken = at.wait_for_all(last)
            time.sleep(5)  # whatever is told twice has come by then
            assert at.counted() == (at.asked, at.asked)
        _tell(
            capsys, f"{len(at.deaths.died())} deaths, {at.asked} jobs, all done once {taken:.1f} s after the last death"
        )


@pytest.mark.slow
@pytest.mark.parametrize("keeps", [True, False], ids=["keeps its log", "comes back empty"])
def test_jobs_outlive_a_redis_that_is_killed(
    tmp_path: Path, engine_folder: Path, capsys: pytest.CaptureFixture[str], *, keeps: bool
) -> None:
    options = ("--appendonly", "yes", "--appendfsync", "everysec") if keeps else ()
    server = RedisServer(engine_folder / f"jobs{keeps:d}", options=options).start()

    def fault() -> None:
        server.stop(signal.SIGKILL)
        time.sleep(2)
        server.start()

    try:
        with counting(tmp_path, server.url) as at:
            taken = _met_in_the_middle(at, fault)
        _tell(capsys, f"Redis killed, {at.asked} jobs, all done once after {taken:.1f} s (log kept: {keeps})")
    finally:
        server.stop()


@pytest.mark.slow
def test_jobs_outlive_the_master_of_redis(
    tmp_path: Path, sentinels: Sentinels, capsys: pytest.CaptureFixture[str]
) -> None:
    with counting(tmp_path, "", REDIS_SENTINELS=sentinels.setting) as at:
        old = sentinels.master()
        taken = _met_in_the_middle(at, lambda: old.stop(signal.SIGKILL))
        assert sentinels.master().port != old.port
    _tell(capsys, f"master killed, {at.asked} jobs, all done once after {taken:.1f} s")


def _met_in_the_middle(at: Counting, fault: Callable[[], None], jobs: int = 700) -> float:
    """Let `fault` happen while jobs run and more are asked for. Seconds from there until all are done, each once."""
    with at.alive():
        at.use(*(f"u{number}" for number in range(jobs)))
        wait_for(lambda: at.counted()[0] >= jobs // 10, "the worker is in the middle of it", 60)
        assert at.counted()[0] < jobs, "it was over before the fault"
        since = time.monotonic()
        fault()
        try:
            at.use(*(f"late{number}" for number in range(20)))
        except RedisError:
            pytest.fail("what is asked for while Redis is away is a row like any other")
        taken = at.wait_for_all(since)
        time.sleep(3)
        assert at.counted() == (at.asked, at.asked)
        return taken


def _tell(capsys: pytest.CaptureFixture[str], words: str) -> None:
    with capsys.disabled():
        print(f"\n{words}")  # noqa: T201 - a figure for docs/sessions.md
