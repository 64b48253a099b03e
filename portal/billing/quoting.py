"""What plans would cost: for a visitor's guess, and for what a company really uses. The same rules as the bill's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from portal.billing import invoicing, plans
from portal.billing.models import Subscription
from portal.billing.plans import Offer
from portal.billing.rules import wording
from portal.billing.rules.rating import estimate, projected, rate
from portal.billing.rules.terms import Guess, Line, Phase, Seat, Terms, Totals, Usage
from portal.billing.rules.totals import cut_line, totals
from portal.core.clock import today
from portal.metering import service as metering


@dataclass(frozen=True, slots=True)
class Quote:
    """A plan's whole month: its lines with the cut to ten won, their foot, and which of its limits would be passed."""

    offer: Offer
    lines: list[Line]
    totals: Totals
    over: tuple[str, ...] = ()


def quotes(guess: Guess, *, public: bool = True) -> list[Quote]:
    """What each plan on offer would ask for a month of such use."""
    period = invoicing.month(today())
    held = {metering.SEATS: guess.seats, **guess.usage}
    return [
        _quote(offer, estimate(offer.terms, guess, period, plans.measures()), _over(offer.terms, held))
        for offer in plans.offers(public=public)
    ]


def quotes_for(subscription: Subscription, day: date) -> dict[str, Quote]:
    """Plan key -> what it would ask for this month, carried on at its pace to the end, had it held all month.

    For an agreement that began inside the month, the pace is taken since then and seats in use count for all of it.
    """
    period = invoicing.month(day)
    begun = max(period.from_date, subscription.started_on)
    until = min(day + timedelta(days=1), period.to_date)
    if begun >= until:
        return {}
    measures = plans.measures()
    usage = projected(invoicing.usage_of(subscription.tenant_id, begun, until), period.days, measures)
    usage = Usage(period.from_date, period.to_date, usage.totals, usage.events)
    seats = _seats(subscription.tenant_id, period.from_date, period.to_date, whole=begun > period.from_date)
    held = {metering.SEATS: len({seat.who for seat in seats if seat.to_date is None})}
    found = {}
    for offer in plans.offers():
        phase = Phase(plans.label(offer.version), offer.terms, period.from_date, period.to_date)
        lines = rate([phase], [usage], seats, period, closes=True, measures=measures)
        found[offer.plan.key] = _quote(offer, lines, _over(offer.terms, held))
    return found


def _seats(tenant_id: int, since: date, until: date, *, whole: bool) -> list[Seat]:
    spans = metering.seat_history(tenant_id, since, until)
    if whole and not spans:  # nobody has taken a seat in the trial yet: at least one will be
        return [Seat("1", since)]
    return [
        Seat(f"person:{span.person_id}", since if whole and span.to_date is None else span.from_date, span.to_date)
        for span in spans
    ]


def _quote(offer: Offer, lines: Sequence[Line], over: tuple[str, ...]) -> Quote:
    foot = totals(lines)
    cut = cut_line(foot, invoicing.month(today()))
    return Quote(offer, [*lines, *([cut] if cut else [])], foot, over)


def _over(terms: Terms, held: dict[str, int]) -> tuple[str, ...]:
    """The limits that are passed, in words."""
    passed = []
    for key, amount in held.items():
        most = terms.limits.get(key)
        if most is not None and amount > most:
            name, unit, scale = metering.LIMITS.get(key, (key, "", 1))
            passed.append(f"{name} 한도는 {wording.amount(Decimal(most) / scale, unit)}까지입니다.")
    return tuple(passed)
