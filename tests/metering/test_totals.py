"""The roll-up is the events, whatever order, batch or repetition they come in; levels are weighed by time, exactly."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from portal.core.db import write
from portal.metering import service
from portal.metering.models import Meter, UsageDaily, UsageEvent, UsageUnique
from tests.metering.world import Meterhouse, raw, rolled

BEGIN = datetime(2026, 10, 30, 12, tzinfo=UTC)
METERS = ("sum", "count", "max", "latest", "unique", "weighted")


@pytest.fixture
def meters(house: Meterhouse) -> Meterhouse:
    with write() as session:
        for place, kind in enumerate(METERS):
            session.add(Meter(key=kind, name=kind, unit="회", scale=1, aggregation=kind, position=20 + place))
    return house


_USES = st.lists(
    st.tuples(
        st.sampled_from(METERS),
        st.integers(-50, 50),
        st.integers(0, 4 * 86_400_000),  # ms after BEGIN, over a month's end
        st.sampled_from("abc"),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(uses=_USES, data=st.data())
def test_any_order_batching_and_repetition_gives_the_same(
    meters: Meterhouse, uses: list[tuple[str, int, int, str]], data: st.DataObject
) -> None:
    tenant_id = meters.alice.tenant_id
    events = [
        service.Event(f"e{n}", tenant_id, meter, quantity, BEGIN + timedelta(milliseconds=shift), key)
        for n, (meter, quantity, shift, key) in enumerate(uses)
    ]
    sent = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events)) if events else st.just([]))))
    size = data.draw(st.integers(1, 7))
    with write() as session:
        for table in (UsageEvent, UsageDaily, UsageUnique):
            session.execute(delete(table))
    for start in range(0, len(sent), size):
        with write() as session:
            service.take(session, sent[start : start + size], "test")
    assert rolled() == raw()
    for from_date, to_date in ((date(2026, 10, 30), date(2026, 11, 1)), (date(2026, 11, 1), date(2026, 12, 1))):
        found = service.totals(tenant_id, from_date, to_date)
        for kind in METERS:
            assert found[kind].quantity == plainly(kind, events, from_date, to_date), kind


def plainly(kind: str, events: list[service.Event], from_date: date, to_date: date) -> int:
    """The same from the events alone, in fractions."""
    begin, end = service.midnight(from_date), service.midnight(to_date)
    mine = [event for event in events if event.meter == kind]
    within = [event for event in mine if begin <= event.at < end]
    if kind == "sum":
        return sum(event.quantity for event in within)
    if kind == "count":
        return len(within)
    if kind == "max":
        return max((event.quantity for event in within), default=0)
    if kind == "unique":
        return len({event.key for event in within})
    if kind == "latest":
        before = [event for event in mine if event.at < end]
        return max(before, key=lambda event: (event.at, event.id)).quantity if before else 0
    held = Fraction(0)
    for event in mine:
        if event.at < end:
            held += event.quantity * Fraction((end - max(event.at, begin)) // timedelta(microseconds=1), 1_000_000)
    return held.numerator // held.denominator


def test_midnight_in_seoul_is_three_in_the_afternoon_in_utc(house: Meterhouse) -> None:
    tenant_id = house.alice.tenant_id
    last = datetime(2026, 10, 31, 14, 59, 59, 999_999, tzinfo=UTC)
    with write() as session:
        events = [
            service.Event("a", tenant_id, "drawing_views", 1, last),
            service.Event("b", tenant_id, "drawing_views", 10, last + timedelta(microseconds=1)),
        ]
        service.take(session, events, "test")
    october = service.totals(tenant_id, date(2026, 10, 1), date(2026, 11, 1))
    november = service.totals(tenant_id, date(2026, 11, 1), date(2026, 12, 1))
    assert (october["drawing_views"].quantity, november["drawing_views"].quantity) == (1, 10)


def test_a_level_is_carried_into_the_next_month_and_weighed_by_time(house: Meterhouse) -> None:
    tenant_id = house.alice.tenant_id
    with write() as session:
        up = service.Event("up", tenant_id, "stored_bytes", 1000, service.midnight(date(2026, 10, 16)))
        down = service.Event("down", tenant_id, "stored_bytes", -400, service.midnight(date(2026, 11, 11)))
        service.take(session, [down, up], "test")
    october = service.totals(tenant_id, date(2026, 10, 1), date(2026, 11, 1))["stored_bytes"]
    november = service.totals(tenant_id, date(2026, 11, 1), date(2026, 12, 1))["stored_bytes"]
    assert october.quantity == 1000 * 16 * 86_400
    assert november.quantity == (1000 * 10 + 600 * 20) * 86_400
    levels = dict(service.days(tenant_id, "stored_bytes", date(2026, 11, 1), date(2026, 12, 1)))
    assert (levels[date(2026, 11, 10)], levels[date(2026, 11, 11)], levels[date(2026, 11, 30)]) == (1000, 600, 600)


def test_splitting_a_span_adds_up(house: Meterhouse) -> None:
    tenant_id = house.alice.tenant_id
    with write() as session:
        at = datetime(2026, 11, 3, 1, 2, 3, tzinfo=UTC)
        service.take(session, [service.Event("up", tenant_id, "stored_bytes", 12_345_678_901, at)], "test")
    spans = [(date(2026, 11, 1), date(2026, 11, 4)), (date(2026, 11, 4), date(2026, 12, 1))]
    whole = service.totals(tenant_id, date(2026, 11, 1), date(2026, 12, 1))["stored_bytes"].quantity
    assert sum(service.totals(tenant_id, *span)["stored_bytes"].quantity for span in spans) == whole
