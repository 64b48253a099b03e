"""Whose a failure is and why, and what happens to an item besides opening and closing."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.core.db import db, write
from portal.core.errors import Refusal
from portal.quality import board, digests, items, ruling, tidying
from portal.quality.models import Item, ItemState, Result
from portal.work import service as work
from portal.work.models import WorkItem
from tests.quality.conftest import Builds, junit


def state(builds: Builds, item_id: int) -> str:
    with builds.office.at_work():
        return str(builds.item(item_id).state)


def green(builds: Builds, name: str, times: int = 3) -> None:
    for _ in range(times):
        builds.report(f"+{name}")


def owner(builds: Builds, item_id: int) -> tuple[str, str]:
    with builds.office.at_work():
        item = builds.item(item_id)
        return (item.owner.name if item.owner else "", item.owner_reason)


def test_owners_are_found_in_one_order_and_the_reason_is_kept(builds: Builds) -> None:
    office = builds.office
    dana, dave = office.people["dana"], office.people["dave"]
    (by_author,) = builds.report("-a", authors=["stranger@x.example", "dave@planroom.example"])["opened"]
    assert owner(builds, by_author)[0] == "Dave"
    (by_load,) = builds.report("-b", authors=["stranger@x.example"])["opened"]
    assert owner(builds, by_load) == (
        "Dana",
        "규칙도 만든 직원도 찾지 못해, 맡은 일이 가장 적은 개발 직원(0건)에게 갑니다.",
    )
    with office.at_work():
        ruling.add(dana, "tests/test_money/", dave.person_id, together=False)
        ruling.add(dana, "c", dana.person_id, together=False)
    assert "규칙 'c'" in owner(builds, builds.report("-c", authors=["dave@planroom.example"])["opened"][0])[1]
    (by_rule,) = builds.report("-d")["opened"]
    assert owner(builds, by_rule)[0] == "Dave"
    (other_cause,) = builds.report("-b:KeyError: x")["opened"]
    assert owner(builds, other_cause)[0] == "Dana"
    with office.at_work():
        items.assign(dana, by_rule, dana.person_id)
    green(builds, "d")
    assert builds.report("-d")["reopened"] == [by_rule]
    assert owner(builds, by_rule)[0] == "Dana"
    with office.at_work(), write() as session:
        session.execute(
            items.Person.__table__.update().where(items.Person.id == dana.person_id).values(state="disabled")
        )
    green(builds, "d")
    builds.report("-d")
    assert owner(builds, by_rule)[0] == "Dave"


def test_many_failures_of_one_cause_are_one_item_of_the_build(builds: Builds) -> None:
    with builds.office.at_work():
        ruling.add(builds.office.people["dana"], "@build", builds.office.people["dave"].person_id, together=False)
    many = builds.report(*[f"-t{n}:ConnectionError: port {n}" for n in range(6)], *[f"+ok{n}" for n in range(60)])
    (item_id,) = many["opened"]
    assert owner(builds, item_id)[0] == "Dave"
    assert builds.report("-t0:ConnectionError: port 9")["opened"] == []
    for _ in range(2):
        assert builds.report(*[f"+t{n}" for n in range(6)])["closed"] == []
    assert builds.report(*[f"+t{n}" for n in range(6)])["closed"] == [item_id]


def test_a_fifth_of_everything_failing_is_one_item_whatever_the_causes(builds: Builds) -> None:
    words = ("alpha", "beta", "gamma", "delta", "epsilon")
    many = builds.report(*[f"-{word}:{word}Error: {word}" for word in words], "+ok")
    assert len(many["opened"]) == 1
    assert builds.report("-alpha:alphaError: alpha")["opened"] == []


def test_one_build_opens_only_so_many_items(builds: Builds) -> None:
    letters = [f"{a}{b}" for a in "abcdefg" for b in "uvwxyz"]
    failing = [f"-{name}:{name.title()}Error: {name}" for name in letters]
    answer = builds.report(*failing, *[f"+ok{n}" for n in range(400)])
    assert len(answer["opened"]) == 31
    with builds.office.at_work():
        assert "그 밖에 12개" in builds.item(answer["opened"][-1]).title


def test_failed_and_passed_in_one_run_is_unsteady_and_greens_do_not_close_it(builds: Builds) -> None:
    (item_id,) = builds.report("-a")["opened"]
    builds.report("-a", "+a")
    assert state(builds, item_id) == "flaky"
    green(builds, "a", 4)
    assert state(builds, item_id) == "flaky"


def test_coming_back_again_and_again_is_unsteady_too(builds: Builds) -> None:
    (item_id,) = builds.report("-a")["opened"]
    states = []
    for _ in range(3):
        green(builds, "a")
        builds.report("-a")
        states.append(state(builds, item_id))
    assert states == ["regressed", "regressed", "flaky"]


def test_a_quarantine_has_a_reason_and_an_end_and_its_failures_ask_nobody(builds: Builds) -> None:
    dana = builds.office.people["dana"]
    (item_id,) = builds.report("-a")["opened"]
    with builds.office.at_work():
        with pytest.raises(Refusal, match="30일"):
            items.quarantine(dana, item_id, "다음 달에 고칩니다", 31)
        items.quarantine(dana, item_id, "다음 주에 고칩니다", 7)
        assert work.items(dana) == []
    builds.report("-a")
    assert state(builds, item_id) == "quarantined"
    builds.office.later(days=8)
    with builds.office.at_work():
        assert items.end_quarantines() == 1
        assert items.end_quarantines() == 0
        assert [line.subject for line in work.items(dana)] == [f"test_item:{item_id}"]
    assert state(builds, item_id) == "open"


def test_what_was_green_during_its_quarantine_closes_at_its_end(builds: Builds) -> None:
    (item_id,) = builds.report("-a")["opened"]
    with builds.office.at_work():
        items.quarantine(builds.office.people["dana"], item_id, "곧", 1)
    green(builds, "a")
    builds.office.later(days=2)
    with builds.office.at_work():
        items.end_quarantines()
    assert state(builds, item_id) == "resolved"


def test_an_archived_item_is_left_alone(builds: Builds) -> None:
    (item_id,) = builds.report("-a")["opened"]
    with builds.office.at_work():
        items.archive(builds.office.people["dana"], item_id)
    green(builds, "a")
    assert builds.report("-a")["reopened"] == []
    assert state(builds, item_id) == "archived"


def test_what_is_done_in_the_inbox_holds_for_the_item(builds: Builds) -> None:
    office, (dana, dave) = builds.office, (builds.office.people["dana"], builds.office.people["dave"])
    (item_id,) = builds.report("-a", authors=["dana@planroom.example"])["opened"]
    with office.at_work():
        line = db.session.scalars(select(WorkItem)).one().id
        work.assign(dana, line, dave.person_id)
        items.follow_inbox(line)
        assert builds.item(item_id).owner_id == dave.person_id
        work.done(dave, line)
        items.follow_inbox(line)
        items.follow_inbox(line)
        assert builds.item(item_id).state == ItemState.RESOLVED
        work.reopen(dave, line)
        items.follow_inbox(line)
        assert builds.item(item_id).state == ItemState.OPEN


def test_each_person_gets_one_mail_per_build_and_only_about_changes(builds: Builds) -> None:
    office = builds.office
    builds.report("-a", "-b:KeyError: b", authors=["dana@planroom.example"])
    builds.report("-a")
    office.later(minutes=2)
    with office.at_work():
        assert digests.send() == 2
        assert digests.send() == 0
        (mail,) = office.mails("build_digest")
        assert (mail.recipient, "새로 실패 2건" in mail.subject) == ("dana@planroom.example", True)
        assert "왜 나에게?" in mail.body


def test_a_test_fed_with_several_values_is_one_where_a_rule_says_so(builds: Builds) -> None:
    dana = builds.office.people["dana"]
    with builds.office.at_work():
        ruling.add(dana, "tests/", dana.person_id, together=True)
    assert len(builds.report("-t[1]", "-t[2]", "+t[3]", "+u")["opened"]) == 1


def test_the_same_test_on_another_branch_is_another_item(builds: Builds) -> None:
    main = builds.report("-a", branch="master")["opened"]
    assert builds.report("-a", branch="origin/main")["opened"] == []
    assert builds.report("-a", branch="topic/x")["opened"] not in ([], main)


def test_rules_are_moved_and_removed(builds: Builds) -> None:
    dana = builds.office.people["dana"]
    with builds.office.at_work():
        first, second = (ruling.add(dana, name, dana.person_id, together=False).id for name in ("a", "b"))
        ruling.move(dana, second, down=False)
        assert [rule.id for rule in board.rules_in_order()] == [second, first]
        ruling.move(dana, second, down=False)
        ruling.remove(dana, second)
        assert [rule.id for rule in board.rules_in_order()] == [first]


def test_reports_of_one_build_in_two_requests_are_one_build(builds: Builds) -> None:
    first = builds.report("-a")
    second = builds.send(junit("-z"), number=1).get_json()
    assert second["build"] == first["build"]
    assert len(second["opened"]) == 2
    with builds.office.at_work():
        assert len(db.session.scalars(select(Item)).all()) == 2
        assert db.session.scalars(select(Item)).first().last_build.tests == 2  # type: ignore[union-attr]


def test_old_results_go_but_not_those_of_what_is_still_open(builds: Builds) -> None:
    (open_one,) = builds.report("-a")["opened"]
    (mended,) = builds.report("-b")["opened"]
    green(builds, "b")
    assert state(builds, mended) == "resolved"
    office = builds.office
    with office.at_work():
        assert tidying.tidy() == 0
    office.later(days=181)
    with office.at_work():
        assert tidying.tidy() > 0
        assert tidying.tidy() == 0
        assert db.session.scalars(select(Result.item_id)).all() == [open_one]
    assert builds.report("-b")["reopened"] == [mended]
