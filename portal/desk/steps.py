"""When the next step of growing pays: each figure, the threshold it is held against, and what the threshold comes from.

Pure: figures in, sentences out. Seconds everywhere; shares are parts of one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from portal.core.queue import WAITING_SECONDS
from portal.core.states import Look

#: A killed master behind Sentinel was a pause of 4.4 s, and is held to 6 s (docs/sessions.md). A single Redis that was away
#: for longer was away longer than Sentinel would have let it be.
PAUSE_WORTH_SENTINEL = 6.0
#: A read that waits for a tenth of what a page waits for Redis at all (0.5 s): it stands in line behind something else on
#: its machine. A quiet one answers in 0.04 ms, a loaded one in 0.2 ms (docs/sessions.md).
READ_WORTH_OWN_MACHINE = 0.05
#: At this part of a machine's cores a page waits 1 / (1 - 0.7) = 3.3 times what it takes alone, and a second machine would
#: bring that to 1.5 times.
BUSY_WORTH_ANOTHER_SERVER = 0.7
#: A page that changes nothing works for about 5 ms; a read of this length is a fifth of it, and the near cache takes it away
#: (161 of 204 microseconds where Redis is on the same machine).
READ_WORTH_NEAR_CACHE = 0.001
#: Each write is pushed to every process that listens, for 5 to 6 microseconds of Redis each (decision 012): at 300 writes a
#: second and 32 processes that is a twentieth of its core.
WRITES_TOO_MANY_FOR_NEAR_CACHE = 300.0
#: From here on the sweeps tell a job again because it might be lost (portal/core/queue.py).
WAIT_WORTH_ANOTHER_WORKER = float(WAITING_SECONDS)

#: Of fewer reads the slowest of a hundred is one single read, and says nothing.
LEAST_READS = 300

SUFFICIENT = "지금은 충분합니다."
ENOUGH = Look("지금은 충분합니다", "green", "check")
DUE = Look("하실 때입니다", "amber", "flag")
TAKEN = Look("이미 하고 있습니다", "blue", "check")
UNKNOWN = Look("아직 모릅니다", "grey", "clock", "사람들이 쓰기 시작하면 나옵니다.")


@dataclass(frozen=True, slots=True)
class Figures:
    """What the steps are judged by. None: nothing was measured yet."""

    reads: int
    read_p95: float | None
    read_p99: float | None
    writes_a_second: float
    longest_pause: float
    busiest: float | None
    """The part of its cores that the busiest machine's web processes use."""
    longest_wait: float
    near: bool
    sentinel: bool
    on_redis: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One step, as a line of a table: what is measured, how it stands, from when the step pays, and why from there."""

    name: str
    measured: str
    now: str
    threshold: str
    look: Look
    words: str
    why: str


def steps(found: Figures) -> list[Step]:
    """Every step, in the order in which they usually come."""
    if found.reads < LEAST_READS:
        found = replace(found, read_p95=None, read_p99=None)
    return [_near(found), _sentinel(found), _own_machine(found), _servers(found), _workers(found)]


def due(found: Figures) -> list[Step]:
    return [step for step in steps(found) if step.look is DUE]


def _near(found: Figures) -> Step:
    rate = f"{found.writes_a_second:.1f}건/초"
    if found.near:
        many = found.writes_a_second >= WRITES_TOO_MANY_FOR_NEAR_CACHE
        return Step(
            "근접 캐시",
            "세션 쓰기",
            rate,
            f"{WRITES_TOO_MANY_FOR_NEAR_CACHE:g}건/초",
            DUE if many else TAKEN,
            "SESSION_NEAR_CACHE=off 로 끄실 때입니다." if many else "켜져 있고, 지금은 이대로 충분합니다.",
            "쓰기마다 모든 웹 프로세스에 알리느라 Redis가 프로세스 하나에 0.006 ms씩 씁니다.",
        )
    step = _measured(
        "근접 캐시",
        "세션 읽기 p95",
        (found.read_p95, READ_WORTH_NEAR_CACHE, milliseconds),
        "SESSION_NEAR_CACHE=on 으로 켜실 때입니다.",
        "화면 하나가 5 ms쯤 일합니다. 읽기가 그 5분의 1이면 기억해 두는 편이 낫습니다.",
    )
    # Only Redis tells near caches of changes: on another store there is none to switch on.
    return step if found.on_redis or step.look is not DUE else replace(step, look=ENOUGH, words=SUFFICIENT)


def _sentinel(found: Figures) -> Step:
    late = found.longest_pause >= PAUSE_WORTH_SENTINEL
    if not found.on_redis:
        look, words = ENOUGH, "세션이 Redis에 있지 않아 지금은 충분합니다."
    elif found.sentinel:
        look, words = TAKEN, "Sentinel이 지키고 있습니다."
    else:
        look = DUE if late else ENOUGH
        words = "Redis를 세 대로 늘리고 Sentinel을 두실 때입니다." if late else SUFFICIENT
    return Step(
        "Redis 한 대에서 Sentinel로",
        "한 달 안의 가장 긴 멈춤",
        seconds(found.longest_pause),
        f"{PAUSE_WORTH_SENTINEL:g}초",
        look,
        words,
        "Sentinel이 있으면 Redis 한 대가 죽어도 4.4초쯤 멈추고 맙니다(재어 본 값, 한도 6초).",
    )


def _own_machine(found: Figures) -> Step:
    return _measured(
        "Redis에 컴퓨터 한 대",
        "세션 읽기 p99",
        (found.read_p99, READ_WORTH_OWN_MACHINE, milliseconds),
        "Redis를 다른 컴퓨터로 옮기실 때입니다.",
        "화면이 Redis를 기다리는 한도 0.5초의 10분의 1입니다. 한가한 Redis는 0.2 ms 안에 답합니다.",
    )


def _servers(found: Figures) -> Step:
    return _measured(
        "웹 서버 늘리기",
        "가장 바쁜 컴퓨터",
        (found.busiest, BUSY_WORTH_ANOTHER_SERVER, percent),
        "웹 서버를 한 대 더 두실 때입니다.",
        "70%에서 화면 하나가 혼자일 때의 3.3배를 기다립니다. 한 대를 더 두면 1.5배가 됩니다.",
    )


def _workers(found: Figures) -> Step:
    late = found.longest_wait >= WAIT_WORTH_ANOTHER_WORKER
    return Step(
        "작업 프로세스 늘리기",
        "가장 오래 기다린 작업",
        f"{found.longest_wait:.0f}초",
        f"{WAIT_WORTH_ANOTHER_WORKER:g}초",
        DUE if late else ENOUGH,
        "작업 프로세스를 늘리실 때입니다." if late else SUFFICIENT,
        "이보다 오래 기다린 작업은 잃어버렸을 수도 있다고 보고 다시 시킵니다.",
    )


def _measured(
    name: str, measured: str, figure: tuple[float | None, float, Callable[[float | None], str]], words: str, why: str
) -> Step:
    """A step that is due when its `figure` (what it is now, the threshold, how both are written) has come so far."""
    now, threshold, written = figure
    if now is None:
        look, words = UNKNOWN, "판단할 만큼 재지 못했습니다."
    elif now >= threshold:
        look = DUE
    else:
        look, words = ENOUGH, SUFFICIENT
    return Step(name, measured, written(now), written(threshold), look, words, why)


def milliseconds(seconds: float | None) -> str:
    """For a person: two digits that matter, never more than they can know."""
    if seconds is None:
        return "–"
    value = seconds * 1000
    return f"{value:.2f} ms" if value < 1 else f"{value:.1f} ms" if value < 10 else f"{value:,.0f} ms"  # noqa: PLR2004


def seconds(span: float) -> str:
    """A pause as it is told: one too short for the figure shown was there all the same."""
    return f"{span:.1f}초" if span >= 0.1 else "0.1초 미만" if span else "0초"  # noqa: PLR2004


def percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.0f}%"
