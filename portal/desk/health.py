"""상태: how the portal is now, and whether its next step pays. All web processes, whichever of them answers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue
from redis.exceptions import RedisError

from portal.core import board, outbox
from portal.core.clock import now
from portal.core.db import db
from portal.core.gate import access
from portal.core.gauges import WINDOW_SECONDS, Pause, gauges
from portal.core.health import checks, outside
from portal.core.histogram import added, quantile
from portal.core.page import page
from portal.core.queue import Standing, standings
from portal.core.redis import redis
from portal.core.settings import settings
from portal.core.states import Look
from portal.desk.steps import Figures, milliseconds, percent, seconds, steps

health_staff = Blueprint("health_staff", __name__, url_prefix="/staff/health")
#: Who looks after the machines, and who is asked when something is slow.
KEEPERS = frozenset({"admin", "developer", "support"})
SHOWN_PAUSES = 10
#: A process that has just started is busy with that, and not with people.
LEAST_SECONDS = 60.0
#: What the checks are called on the screen.
CHECKS = {
    "settings": "설정",
    "database": "데이터베이스",
    "redis": "Redis",
    "disk": "저장 공간",
    "cards": "카드 결제",
    "tax_invoices": "세금계산서",
    "backup": "백업",
}


@dataclass(frozen=True, slots=True)
class Found:
    """What lies on the board now. `alone`: Redis does not answer, so only this process can be seen."""

    processes: list[board.Process]
    queues: list[Standing]
    pauses: list[tuple[Pause, str]]
    alone: bool


@health_staff.get("")
@access("staff", roles=KEEPERS)
def health() -> ResponseReturnValue:
    """The page; the board has news every ten seconds."""
    found = _found()
    untold = outbox.oldest_untold(db.session())
    figures = _figures(found)
    return page(
        "desk/health.html",
        found=found,
        queue_names={"work": "짧은 작업", "render": "도면 그리기"},
        steps=steps(figures),
        figures=figures,
        rows=[_row(one) for one in found.processes],
        known=percent(_hit_rate(found.processes)),
        pauses=[(datetime.fromtimestamp(one.at, UTC), one.seconds, who) for one, who in found.pauses[:SHOWN_PAUSES]],
        pause_count=len(found.pauses),
        failovers=max((one.failovers for one in found.processes), default=0),
        untold=outbox.backlog(db.session()),
        untold_seconds=0 if untold is None else max(0, int((now() - untold).total_seconds())),
        checks=[(CHECKS.get(row["name"], row["name"]), row | {"look": _look(row)}) for row in _checks()],
        minutes=int(WINDOW_SECONDS // 60),
        milliseconds=milliseconds,
        seconds=seconds,
    )


def _found() -> Found:
    client = redis()
    try:
        return Found(_processes(), standings(client), board.pauses(client), alone=False)
    except RedisError:
        mine = gauges()
        return Found([board.this_one(mine)], [], [(one, mine.name) for one in mine.pauses], alone=True)


def _processes() -> list[board.Process]:
    """Those on the board, and this one even when it has laid nothing there yet."""
    found, mine = board.processes(redis()), gauges()
    if mine.name not in {one.name for one in found}:
        found.append(board.this_one(mine))
    return found


def _figures(found: Found) -> Figures:
    reads = added(one.window.reads for one in found.processes)
    writes = sum(sum(one.window.writes) / one.window.at for one in found.processes if one.window.at)
    busy: dict[str, float] = defaultdict(float)
    for one in found.processes:
        if one.window.at >= LEAST_SECONDS:
            busy[one.host] += one.busy / one.cores
    set_up = settings()
    return Figures(
        reads=sum(reads),
        read_p95=quantile(reads, 0.95),
        read_p99=quantile(reads, 0.99),
        writes_a_second=writes,
        longest_pause=max((one.seconds for one, _who in found.pauses), default=0.0),
        busiest=max(busy.values(), default=None),
        longest_wait=max((one.oldest_seconds for one in found.queues), default=0.0),
        near=any(one.near for one in found.processes),
        sentinel=bool(set_up.redis_sentinels),
        on_redis=set_up.session_store == "redis",
    )


def _hit_rate(processes: list[board.Process]) -> float | None:
    hits = sum(one.window.hits for one in processes)
    asked = hits + sum(one.window.misses for one in processes)
    return hits / asked if asked else None


def _row(one: board.Process) -> dict[str, object]:
    """A process as a line of the table."""
    window = one.window
    reads = [milliseconds(quantile(window.reads, share)) for share in (0.5, 0.95, 0.99)]
    return {
        "name": one.name,
        "since": datetime.fromtimestamp(one.started, UTC),
        "reads": reads,
        "asked": sum(window.reads),
        "writes": milliseconds(quantile(window.writes, 0.95)),
        "pages": milliseconds(quantile(window.pages, 0.95)),
        "answered": sum(window.pages),
        "known": percent(one.known),
        "near": one.near,
        "listening": one.listening,
        "busy": percent(one.busy),
        "paused": one.paused,
        "gone": one.gone,
        "failovers": one.failovers,
    }


def _look(check: dict[str, Any]) -> Look:
    if not check["ok"]:
        return Look("확인 필요", "red", "warn")
    return Look("쓰지 않음", "grey", "minus") if check.get("unused") else Look("정상", "green", "check")


def _checks() -> list[dict[str, Any]]:
    more = current_app.extensions["planroom.checks"]
    return [*checks(), *outside(), *(check() for check in more)]
