"""How fast a month is billed: its usage read from the roll-up beside the events themselves, rated, closed and numbered."""

from __future__ import annotations

import random
import time
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from flask import Flask
from sqlalchemy import func, select

from portal.billing import closing, invoicing, plans, subscriptions
from portal.billing.models import Evidence, PayBy
from portal.billing.rules.rating import rate
from portal.billing.rules.terms import Period, Seat
from portal.core import clock
from portal.core.clock import SEOUL
from portal.core.db import db, write
from portal.core.gate import Caller
from portal.metering import service as metering
from portal.metering.models import UsageDaily, UsageEvent
from portal.tenants import bench

COMPANIES, EVENTS = 60, 500
MONTH = Period(date(2026, 9, 1), date(2026, 10, 1))
RATED = 2_000
DETAILS = subscriptions.Details(
    name="시험",
    business_number="1248100998",
    ceo="시험",
    address="서울",
    business_type="건설업",
    business_class="종합건설",
    contact_name="시험",
    emails=("bench@example.com",),
    phone="02-555-0100",
    evidence=Evidence.TAX_INVOICE_FIRST,
    pay_by=PayBy.TRANSFER,
)


def run(postgres_url: str = "") -> dict[str, Any]:
    """{"rows": [{name, unit, median, runs}], "ratios": [{of, to, value}]}; PostgreSQL too where its URL is given."""
    with bench.app() as app:
        rows = _measure("sqlite", app)
    if postgres_url:
        with bench.database(postgres_url) as url, bench.app(DATABASE_URL=url) as app:
            rows += _measure("postgresql", app)
    pairs = [(f"{name} usage from days", f"{name} usage from events") for name in ("sqlite", "postgresql")]
    return {"rows": rows, "ratios": bench.ratios(rows, pairs)}


def _measure(name: str, app: Flask) -> list[dict[str, Any]]:
    with app.app_context():
        clock.set_to(datetime(2026, 9, 1, 9, tzinfo=SEOUL))
        ids = [_company(number) for number in range(COMPANIES)]
        clock.set_to(datetime(2026, 10, 3, 9, tzinfo=SEOUL))
        rows = [
            bench.row(f"{name} usage from days", "companies/s", lambda: _reading(ids, _from_days)),
            bench.row(f"{name} usage from events", "companies/s", lambda: _reading(ids, _from_events)),
            bench.row(f"{name} rate", "bills/s", lambda: _rating(ids[0])),
        ]
        return [*rows, _closing(name, ids)]


def _company(number: int) -> int:
    """A company that pays for the plan with the most prices, has five seats, and used it all month."""
    tenant_id, chance = bench.company(), random.Random(number)  # noqa: S311 - figures, not secrets
    subscriptions.open_trial(uuid4().hex, tenant_id)
    subscriptions.convert(Caller(person_id=1, tenant_id=tenant_id, role="owner"), _dearest(), DETAILS)
    events = [
        metering.Event(f"{number}-{place}", tenant_id, "drawing_views", 1, _moment(chance)) for place in range(EVENTS)
    ]
    with write() as session:
        metering.take(session, events, "bench")
    return tenant_id


def _dearest() -> str:
    return max(plans.offers(), key=lambda offer: len(offer.terms.prices)).plan.key


def _moment(chance: random.Random) -> datetime:
    return clock.now() + timedelta(minutes=chance.randrange(29 * 24 * 60))


def _reading(ids: list[int], read: Any) -> float:  # noqa: ANN401 - one of the two functions below
    begun = time.perf_counter()
    for tenant_id in ids:
        read(tenant_id)
    return len(ids) / (time.perf_counter() - begun)


def _from_days(tenant_id: int) -> None:
    mine = (UsageDaily.tenant_id == tenant_id, UsageDaily.day >= MONTH.from_date, UsageDaily.day < MONTH.to_date)
    query = select(UsageDaily.meter, func.sum(UsageDaily.events), func.sum(UsageDaily.quantity)).where(*mine)
    _must_be_all(db.session.execute(query.group_by(UsageDaily.meter)))


def _from_events(tenant_id: int) -> None:
    """What one would write without a roll-up."""
    begins, ends = metering.midnight(MONTH.from_date), metering.midnight(MONTH.to_date)
    mine = (UsageEvent.tenant_id == tenant_id, UsageEvent.at >= begins, UsageEvent.at < ends)
    query = select(UsageEvent.meter, func.count(), func.sum(UsageEvent.quantity)).where(*mine)
    _must_be_all(db.session.execute(query.group_by(UsageEvent.meter)))


def _must_be_all(rows: Any) -> None:  # noqa: ANN401 - a result of three columns
    if sum(events for meter, events, _ in rows if meter == "drawing_views") != EVENTS:
        message = "the measured query does not find what was written"
        raise RuntimeError(message)


def _rating(tenant_id: int) -> float:
    used = invoicing.usage_of(tenant_id, MONTH.from_date, MONTH.to_date)
    agreement = subscriptions.live(tenant_id)
    phases, measures = subscriptions.phases(agreement) if agreement else [], plans.measures()
    seats = [Seat(f"person:{number}", MONTH.from_date, MONTH.to_date) for number in range(5)]
    begun = time.perf_counter()
    for _ in range(RATED):
        rate(phases, [used], seats, MONTH, closes=True, measures=measures)
    return RATED / (time.perf_counter() - begun)


def _closing(name: str, ids: list[int]) -> dict[str, Any]:
    """Once, because a month closes once: one transaction a company, as the workers do it."""
    closing.start(MONTH)
    warm, *ids = ids
    closing.close_company(MONTH, warm)  # the first one loads the calendar of holidays
    begun = time.perf_counter()
    for tenant_id in ids:
        closing.close_company(MONTH, tenant_id)
    rate_of = round(len(ids) / (time.perf_counter() - begun), 3)
    return {"name": f"{name} close", "unit": "companies/s", "median": rate_of, "runs": [rate_of]}
