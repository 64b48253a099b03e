"""The order of both walks on one calendar: the test clock stands where the next thing happens."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from jobs.lifecycle import destroying, opening, paying
from jobs.lifecycle.house import House, open_house
from jobs.lifecycle.opening import Company
from jobs.lifecycle.people import Person, staff
from jobs.lifecycle.record import Walk
from portal.core.clock import SEOUL

MONTH = date(2027, 3, 1)
A_MINUTE = timedelta(minutes=1)


def at(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    """An instant in Seoul, in the year of the walks."""
    return datetime(MONTH.year, month, day, hour, minute, tzinfo=SEOUL)


BEGUN = at(3, 2, 9)  # a Tuesday
MONTH_ENDS = at(3, 31, 18)
TRIAL_OVER = at(4, 1, 10)  # 30 days later, and the month can be closed
FILED = at(4, 2, 16)  # the business day after
LOCKED = at(4, 8, 12)  # 7 days after the trial
DUE = at(4, 15, 10)  # 14 days after the invoice
NOTICES = ((30, at(4, 8, 12, 5)), (7, at(5, 1, 9)), (1, at(5, 7, 9)))
DESTROYABLE = at(5, 8, 9)  # 30 days after it was locked
LAST_DAY = at(5, 14, 18)
UNSEALED = at(5, 15, 9)  # 7 days after two agreed


@dataclass(frozen=True, slots=True)
class Told:
    """What a run has to show."""

    engine: str
    seconds: float
    walks: list[Walk] = field(default_factory=list)
    failure: str = ""

    def document(self) -> dict[str, Any]:
        made: dict[str, Any] = {"ok": not self.failure, "engine": self.engine, "seconds": round(self.seconds, 2)}
        return (
            made
            | ({"failure": self.failure} if self.failure else {})
            | {"walks": [walk.document() for walk in self.walks]}
        )


@dataclass(frozen=True, slots=True)
class Cast:
    """Who walks, and the staff they meet."""

    paid: Company
    destroyed: Company
    rita: Person
    bill: Person
    han: Person


def run(engine: str, say: Callable[[str], None], failures: tuple[type[Exception], ...] = ()) -> Told:
    """Open a house on `engine`, walk both walks, close it. An exception of `failures` ends the walks and is told."""
    begun = time.monotonic()
    walks: list[Walk] = []
    failure = ""
    with open_house(engine) as house:
        say(f"house     {house.url} on {engine} after {time.monotonic() - begun:.2f} s")
        try:
            walk(house, say, walks)
        except failures as failed:
            failure = str(failed)
    return Told(engine, time.monotonic() - begun, walks, failure)


def walk(house: House, say: Callable[[str], None], walks: list[Walk]) -> None:
    """Both lives in the order of the calendar; `walks` is filled on the way, so that a failure keeps what was walked."""
    house.set_clock(BEGUN)
    cast = _cast(house, say, walks)
    for company in (cast.paid, cast.destroyed):
        opening.open_company(company, cast.rita)
    paying.choose_plan(cast.paid)
    paying.register_card(cast.paid)
    house.set_clock(MONTH_ENDS)
    paying.send_usage(cast.paid, MONTH)
    house.set_clock(TRIAL_OVER)
    destroying.lapse(cast.destroyed)
    billed = paying.close_month(cast.paid, cast.bill, MONTH)
    paying.issue_tax_invoice(cast.paid, billed)
    house.set_clock(FILED)
    paying.follow_tax_invoice(cast.paid, billed)
    house.set_clock(LOCKED)
    destroying.be_locked(cast.destroyed)
    _notice(house, cast, 0)
    house.set_clock(DUE)
    paying.be_charged(cast.paid, billed)
    paying.settle(cast.paid, billed)
    for number in range(1, len(NOTICES)):
        _notice(house, cast, number)
    paying.be_billed_again(cast.paid, billed)
    _to_the_end(house, cast)


def _to_the_end(house: House, cast: Cast) -> None:
    """Two people, the seal, the destruction; the customer lives on beside it."""
    house.set_clock(DESTROYABLE)
    destroying.two_agree(cast.destroyed, cast.rita, cast.han)
    house.set_clock(LAST_DAY)
    destroying.still_there(cast.destroyed)
    paying.be_at_rest(cast.paid)
    before = destroying.dump_digest(cast.paid)
    house.set_clock(UNSEALED)
    destroying.be_destroyed(cast.destroyed, cast.han, cast.paid)
    after = destroying.dump_digest(cast.paid)
    walk = cast.paid.walk
    walk.must(before == after, "the destruction of another company changed something of this one")
    walk.done("untouched", ids={"tenant": cast.paid.tenant_id}, sha256={"before": before, "after": after})


def _notice(house: House, cast: Cast, number: int) -> None:
    days, moment = NOTICES[number]
    house.set_clock(moment)
    destroying.be_noticed(cast.destroyed, days)


def _cast(house: House, say: Callable[[str], None], walks: list[Walk]) -> Cast:
    walks += [Walk("paid", house.now, say), Walk("destroyed", house.now, say)]
    daon = Person(house, "daon@garam.example", "정다온")
    sora = Person(house, "sora@haneul.example", "윤소라별")
    return Cast(
        Company(walks[0], "가람건축사사무소", "1208147521", daon, "윤가람", "서울특별시 종로구 세종대로 209"),
        Company(walks[1], "하늘구조기술단", "1018116293", sora, "최하늘누리", "부산광역시 해운대구 센텀로 12"),
        staff(house, "rita@planroom.example", "정리타", ("reviewer", "support")),
        staff(house, "bill@planroom.example", "박필", ("billing",)),
        staff(house, "han@planroom.example", "한도윤", ("admin",)),
    )
