"""The door for programs: a verdict for each event, nothing counted twice, on both engines."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import msgspec
import pytest
from sqlalchemy import func, select

from portal.core.clock import now
from portal.core.db import db, write
from portal.core.gate import KeyHolder
from portal.metering import ingest, rules, service
from portal.metering.models import IngestReply, Meter, UsageEvent
from portal.tenants.models import Tenant, TenantState
from tests.metering.world import Meterhouse, raw, rolled


def test_each_event_gets_its_own_verdict_in_order(each_house: Meterhouse) -> None:
    key = each_house.key()
    first = each_house.event("a", quantity=3)
    answer = each_house.send(key, [first, each_house.event("b", quantity=1.5), first, first | {"quantity": 4}])
    assert answer.json["results"] == [
        {"id": "a", "verdict": "accepted", "reason": ""},
        {"id": "b", "verdict": "rejected", "reason": "quantity는 정수로 보내 주십시오."},
        {"id": "a", "verdict": "duplicate", "reason": "이미 센 사건입니다."},
        {"id": "a", "verdict": "rejected", "reason": "conflict"},
    ]
    assert each_house.verdicts(key, first, first | {"meter": "uploads"}) == [
        ("duplicate", "이미 센 사건입니다."),
        ("rejected", "conflict"),
    ]
    assert service.totals(each_house.alice.tenant_id, date(2020, 1, 1), date(2100, 1, 1))["drawing_views"] == (
        service.Total(3, 1)
    )
    assert rolled() == raw()


def test_the_same_event_written_in_another_way_is_the_same(house: Meterhouse) -> None:
    key = house.key()
    at = now().replace(microsecond=0) - timedelta(hours=1)
    event = house.event("a", at=at.isoformat(), properties={"x": 1, "y": 2})
    again = house.event(
        "a", at=at.isoformat().replace("+00:00", "Z"), properties={"y": 2, "x": 1}, tenant=str(house.alice.tenant_id)
    )
    assert [word for word, _ in house.verdicts(key, event, again)] == ["accepted", "duplicate"]


WRONG: list[tuple[dict[str, object], str]] = [
    ({"id": ""}, "id"),
    ({"id": "x" * 81}, "id"),
    ({"id": "널\x00"}, "id"),
    ({"id": 7}, "id"),
    ({"id": "product:1"}, "own"),
    ({"tenant": 424242}, "unknown_tenant"),
    ({"tenant": "zzzz"}, "unknown_tenant"),
    ({"tenant": 1.5}, "tenant"),
    ({"tenant": None}, "no_tenant"),
    ({"meter": "nothing"}, "unknown_meter"),
    ({"meter": None}, "meter"),
    ({"quantity": "3"}, "quantity"),
    ({"quantity": True}, "quantity"),
    ({"quantity": 10**12 + 1}, "large"),
    ({"quantity": 10**30}, "large"),
    ({"quantity": -1}, "negative"),
    ({"at": "yesterday"}, "at"),
    ({"at": "2026-11-23T14:05:00"}, "at"),
    ({"properties": [1]}, "properties"),
    ({"properties": {"x": "y" * 5000}}, "properties"),
    ({"properties": {"x": msgspec.Raw(b"[" * 17 + b"]" * 17)}}, "properties"),
]


def test_what_cannot_be_counted_is_rejected_with_a_reason_and_spoils_no_other(house: Meterhouse) -> None:
    events = [house.event(f"wrong{n}") | changes for n, (changes, _) in enumerate(WRONG)]
    assert house.verdicts(house.key(), *events, house.event("good")) == [
        *(("rejected", rules.REASONS[word]) for _, word in WRONG),
        ("accepted", ""),
    ]


def test_times_far_ahead_or_long_ago_are_rejected(house: Meterhouse) -> None:
    moment = now()
    ats = [timedelta(minutes=4), timedelta(minutes=6), timedelta(days=-34), timedelta(days=-36)]
    events = [house.event(f"e{n}", at=(moment + shift).isoformat()) for n, shift in enumerate(ats)]
    assert house.verdicts(house.key(), *events) == [
        ("accepted", ""),
        ("rejected", rules.REASONS["ahead"]),
        ("accepted", ""),
        ("rejected", rules.REASONS["behind"]),
    ]


def test_a_companys_key_speaks_of_its_own_company_only(house: Meterhouse) -> None:
    key = house.key(house.charlie.tenant_id)
    foreign, absent = house.event("a"), house.event("a", tenant=424242)
    unsaid = house.event("b")
    del unsaid["tenant"]
    assert house.verdicts(key, foreign, absent, unsaid) == [
        ("rejected", rules.REASONS["foreign_tenant"]),
        ("rejected", rules.REASONS["foreign_tenant"]),
        ("accepted", ""),
    ]


def test_a_retired_meter_and_a_company_that_is_gone_take_nothing(house: Meterhouse) -> None:
    with write() as session:
        session.get_one(Meter, "renders").retired_at = now()
        session.get_one(Tenant, house.charlie.tenant_id).state = TenantState.PURGED
    assert house.verdicts(
        house.key(), house.event("a", meter="renders"), house.event("b", tenant=house.charlie.tenant_id)
    ) == [("rejected", rules.REASONS["retired_meter"]), ("rejected", rules.REASONS["gone_tenant"])]


def test_a_meter_of_different_things_needs_a_key_and_counts_each_once(each_house: Meterhouse) -> None:
    with write() as session:
        session.add(Meter(key="sites", name="현장", unit="곳", scale=1, aggregation="unique", position=9))
    send = each_house.key()
    keys = ["서울", "부산", "서울", 7]
    events = [each_house.event(f"s{n}", meter="sites", properties={"key": key}) for n, key in enumerate(keys)]
    verdicts = each_house.verdicts(send, *events, each_house.event("none", meter="sites"))
    assert verdicts == [*[("accepted", "")] * 4, ("rejected", rules.REASONS["key"])]
    found = service.totals(each_house.alice.tenant_id, date(2020, 1, 1), date(2100, 1, 1))
    assert found["sites"] == service.Total(3, 4)


def test_what_is_no_request_is_refused_with_a_sentence(house: Meterhouse) -> None:
    key = house.key()
    nested = b"[" * 100_000 + b"]" * 100_000
    bodies = (b"", b"[]", b'{"events": []}', b'{"events": {}}', b'{"events": [', b"\xff")
    for body in (*bodies, b'{"events": [' + nested + b"]}", b'{"more": ' + nested + b"}"):
        answer = house.send(key, body)
        assert (answer.status_code, "JSON" in answer.text or "사건" in answer.text) == (422, True), body[:40]
    assert house.send(key, b'{"events": [{"id": "\xff"}]}').json["results"][0]["reason"] == rules.REASONS["event"]


def test_more_than_a_thousand_events_are_refused_and_a_thousand_are_taken(each_house: Meterhouse) -> None:
    key = each_house.key()
    events = [each_house.event(f"e{n}") for n in range(1001)]
    assert each_house.send(key, events).status_code == 422
    assert {word for word, _ in each_house.verdicts(key, *events[:1000])} == {"accepted"}
    assert rolled() == raw()


def test_the_first_answer_is_given_again_and_another_body_under_its_key_is_refused(each_house: Meterhouse) -> None:
    key = each_house.key()
    events = [each_house.event("a"), each_house.event("b", quantity=0.5)]
    first = each_house.send(key, events, once="k1")
    again = each_house.send(key, events, once="k1")
    assert (first.status_code, again.json) == (200, first.json)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    other = each_house.send(key, [each_house.event("c")], once="k1")
    assert (other.status_code, "Idempotency-Key" in other.json["error"]) == (422, True)
    assert each_house.send(each_house.key(), events, once="k1").json["results"][0]["verdict"] == "duplicate"
    assert db.session.scalar(select(func.count()).select_from(UsageEvent)) == 1


def test_old_answers_are_forgotten_but_their_events_never_count_again(house: Meterhouse) -> None:
    key, events = house.key(), [house.event("a")]
    house.send(key, events, once="k1")
    with write() as session:
        session.scalars(select(IngestReply)).one().at = now() - timedelta(days=15)
    service.tidy()
    assert house.send(key, events, once="k1").json["results"][0]["verdict"] == "duplicate"


def test_only_a_usage_key_may_send(house: Meterhouse) -> None:
    assert house.send(house.key(scope="reports"), [house.event("a")]).status_code == 403
    assert house.send("plr_nothing", [house.event("a")]).status_code == 401


def test_eight_senders_of_the_same_shuffled_events_count_each_once(each_house: Meterhouse) -> None:
    events = [
        each_house.event(
            f"e{n}",
            quantity=n % 7,
            meter=("drawing_views", "uploads")[n % 2],
            tenant=(each_house.alice, each_house.charlie)[n % 3 == 0].tenant_id,
            at=(now() - timedelta(hours=n % 100)).isoformat(),
        )
        for n in range(400)
    ]
    key = each_house.key()
    db.session.remove()

    def sender(seed: int) -> int:
        mine = events * 2
        random.Random(seed).shuffle(mine)
        accepted = 0
        for start in range(0, len(mine), 100):
            answer = each_house.send(key, mine[start : start + 100])
            assert answer.status_code == 200, answer.text
            accepted += sum(row["verdict"] == "accepted" for row in answer.json["results"])
        return accepted

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(sender, range(8))) == 400
    assert rolled() == raw()


def test_one_request_sent_twice_at_once_has_one_answer(each_house: Meterhouse) -> None:
    key = each_house.key()
    events = [each_house.event(f"e{n}") for n in range(50)]
    db.session.remove()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: each_house.send(key, events, once="k").json, range(6)))
    assert all(answer == answers[0] for answer in answers)
    assert {row["verdict"] for row in answers[0]["results"]} == {"accepted"}


def test_a_request_that_fails_half_way_counts_nothing(house: Meterhouse, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("portal.metering.counting._roll_up", dies)
    holder = KeyHolder(1, "usage")
    body = msgspec.json.encode({"events": [house.event("a")]})
    with pytest.raises(RuntimeError):
        ingest.ingest(holder, body, "k")
    monkeypatch.undo()
    assert (raw(), rolled()) == ({}, {})
    assert ingest.ingest(holder, body, "k").results[0]["verdict"] == "accepted"
