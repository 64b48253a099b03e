"""상태: the staff's page of how the portal is, and the thresholds at which its next step pays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portal.core import board
from portal.core.gauges import Pause
from portal.core.redis import redis
from portal.desk import steps
from portal.desk.steps import ENOUGH, TAKEN, UNKNOWN, Figures
from tests.desk.office import Office

CALM = Figures(
    reads=1_000,
    read_p95=0.0002,
    read_p99=0.0004,
    writes_a_second=2.0,
    longest_pause=0.0,
    busiest=0.1,
    longest_wait=0.0,
    near=False,
    sentinel=False,
    on_redis=True,
)


@pytest.mark.parametrize(
    ("change", "name", "words"),
    [
        ({"read_p95": steps.READ_WORTH_NEAR_CACHE}, "근접 캐시", "SESSION_NEAR_CACHE=on"),
        (
            {"near": True, "writes_a_second": steps.WRITES_TOO_MANY_FOR_NEAR_CACHE},
            "근접 캐시",
            "SESSION_NEAR_CACHE=off",
        ),
        ({"longest_pause": steps.PAUSE_WORTH_SENTINEL}, "Redis 한 대에서 Sentinel로", "Sentinel을 두실 때입니다"),
        ({"read_p99": steps.READ_WORTH_OWN_MACHINE}, "Redis에 컴퓨터 한 대", "옮기실 때입니다"),
        ({"busiest": steps.BUSY_WORTH_ANOTHER_SERVER}, "웹 서버 늘리기", "한 대 더 두실 때입니다"),
        ({"longest_wait": steps.WAIT_WORTH_ANOTHER_WORKER}, "작업 프로세스 늘리기", "늘리실 때입니다"),
    ],
)
def test_a_step_is_due_from_its_threshold_on_and_no_other_with_it(
    change: dict[str, float], name: str, words: str
) -> None:
    (step,) = steps.due(replace(CALM, **change))
    assert step.name == name
    assert words in step.words


def test_below_every_threshold_all_is_enough() -> None:
    assert {step.look.word for step in steps.steps(CALM)} == {ENOUGH.word}
    assert {step.words for step in steps.steps(CALM)} == {"지금은 충분합니다."}


@pytest.mark.parametrize(("span", "words"), [(0.0, "0초"), (0.04, "0.1초 미만"), (0.1, "0.1초"), (12.34, "12.3초")])
def test_a_pause_that_was_there_is_never_told_as_none(span: float, words: str) -> None:
    assert steps.seconds(span) == words


def test_sentinel_that_is_there_is_not_asked_for() -> None:
    found = steps.steps(replace(CALM, sentinel=True, longest_pause=20.0))
    assert found[1].look is TAKEN


def test_where_nothing_was_measured_nothing_is_judged() -> None:
    found = steps.steps(replace(CALM, read_p95=None, read_p99=None, busiest=None))
    assert [step.look for step in found] == [UNKNOWN, ENOUGH, UNKNOWN, UNKNOWN, ENOUGH]


def test_a_few_slow_reads_judge_nothing() -> None:
    found = steps.steps(replace(CALM, reads=steps.LEAST_READS - 1, read_p95=5.0, read_p99=5.0))
    assert [step.look for step in found[:3:2]] == [UNKNOWN, UNKNOWN]


@pytest.mark.parametrize(
    ("seconds", "words"), [(None, "–"), (0.00004, "0.04 ms"), (0.0021, "2.1 ms"), (0.25, "250 ms"), (1.5, "1,500 ms")]
)
def test_a_time_is_told_with_the_digits_that_matter(seconds: float | None, words: str) -> None:
    assert steps.milliseconds(seconds) == words


def test_the_page_is_for_whoever_keeps_the_machines_and_is_in_their_rail(office: Office) -> None:
    assert office.client("bill").get("/staff/health").status_code == 403
    page = office.client("sam").get("/staff/health")
    assert page.status_code == 200
    assert 'href="/staff/health"' in office.client("sam").get("/staff").text
    assert 'href="/staff/health"' not in office.client("bill").get("/staff").text


def test_without_redis_the_page_shows_this_process_and_says_so(office: Office) -> None:
    text = office.client("sam").get("/staff/health").text
    assert "Redis가 응답하지 않아 이 프로세스의 수치만 보입니다" in text
    assert office.app.extensions["planroom.gauges"].name in text
    assert "대기열을 볼 수 없습니다" in text


def test_it_shows_every_process_the_queues_the_pauses_and_what_is_due(office: Office, redis_url: str) -> None:
    from portal.core.redis import connect  # noqa: PLC0415 - only where there is a Redis
    from portal.core.settings import Settings  # noqa: PLC0415

    office.app.extensions["planroom.redis"] = connect(Settings.read({"REDIS_URL": redis_url}))
    mine = office.app.extensions["planroom.gauges"]
    mine.reads.note(700_000)
    mine.pauses.append(Pause(1_790_000_000.0, 42.0))
    with office.at_work():
        board.lay_down(mine, redis())
        redis().hset(board.BOARD, "other:7", redis().hget(board.BOARD, mine.name))
    text = office.client("sam").get("/staff/health").text
    assert "other:7" in text
    assert mine.name in text
    assert "도면 그리기" in text
    assert "42.0" in text
    assert "이 프로세스의 수치만" not in text
    block = office.client("sam").get("/staff/health", headers={"HX-Request": "true", "HX-Target": "section#health"})
    assert "<html" not in block.text
    assert "다음 단계를 밟을 때입니까" in block.text
