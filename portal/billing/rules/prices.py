"""From a quantity to won, exactly: the eight models, and what is asked for over what was rated and billed before.

The amounts of public billing products' own tests are what these models are held to (Lago, OpenMeter and Kill Bill, see
tests/billing): a tier's bound is inclusive, its flat fee is due once it is entered, a started package counts whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from portal.billing.rules.exact import ceiling, text
from portal.billing.rules.terms import Formula, Model, Tier

NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True)
class Used:
    """What a formula is asked for, in priced units.

    `events` is how many there were, or the quantity of each; `meters` is what capacity looks at, one height for each.
    """

    quantity: Fraction = NOTHING
    events: Fraction | Sequence[Fraction] = NOTHING
    meters: Mapping[str, Fraction] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Priced:
    """An exact amount in won and the parts it is made of, ready for JSON."""

    amount: Fraction
    parts: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Charge:
    """What is to be billed now: `whole` by the formula, `gross` less what was rated before, `net` of it under the cap,
    `true_up` to the minimum. Exact won.
    """

    whole: Fraction
    gross: Fraction
    net: Fraction
    true_up: Fraction
    parts: list[dict[str, Any]]

    @property
    def amount(self) -> Fraction:
        return self.net + self.true_up


@dataclass(frozen=True, slots=True)
class Before:
    """What was rated and billed of the same period before. `billed` None: what `rated` came to, under the cap."""

    rated: Fraction | None = None
    billed: Fraction | None = None


def price(formula: Formula, used: Used) -> Priced:
    """What `used` comes to. Less than nothing costs nothing. ValueError when it lies above the last tier."""
    if used.quantity < 0:
        return Priced(NOTHING)
    return _MODELS[formula.model](formula, used)


def charge(  # noqa: PLR0913 - what a charge depends on
    formula: Formula,
    used: Used,
    before: Before,
    *,
    minimum: Fraction | None = None,
    maximum: Fraction | None = None,
    closes: bool = True,
) -> Charge:
    """What `used` comes to in a period, less what was rated `before`, capped; with the minimum once the period closes."""
    priced = price(formula, used)
    earlier = _earlier(formula, before)
    billed = before.billed if before.billed is not None else _capped(earlier, maximum)
    gross = priced.amount - earlier
    net = gross if maximum is None else min(gross, max(NOTHING, maximum - billed))
    short = NOTHING if minimum is None or not closes else max(NOTHING, minimum - billed - net)
    return Charge(priced.amount, gross, net, short, priced.parts)


def _earlier(formula: Formula, before: Before) -> Fraction:
    """What the quantity rated before came to. Nothing rated and nothing billed is a beginning: no fee was asked yet."""
    if before.rated is None or (before.rated == 0 and not before.billed):
        return NOTHING
    return price(formula, Used(before.rated)).amount


def _capped(amount: Fraction, maximum: Fraction | None) -> Fraction:
    return amount if maximum is None else min(amount, maximum)


# ----- the models ----------------------------------------------------------------------------------------------------


def _unit(formula: Formula, used: Used) -> Priced:
    paid = _paid(formula, used.quantity)
    amount = paid * Fraction(formula.unit)
    return Priced(amount, [_part(quantity=paid, unit=Fraction(formula.unit), amount=amount)])


def _graduated(formula: Formula, used: Used) -> Priced:
    return _by_tiers(formula.tiers, _paid(formula, used.quantity), "unit", 1)


def _graduated_percentage(formula: Formula, used: Used) -> Priced:
    """As graduated; only nothing at all costs nothing here, without the first tier's fee."""
    paid = _paid(formula, used.quantity)
    if paid == 0:
        return Priced(NOTHING)
    return _by_tiers(formula.tiers, paid, "percent", 100)


def _by_tiers(tiers: Sequence[Tier], quantity: Fraction, word: str, of: int) -> Priced:
    """Each unit by the tier it lies in; `word` names the tier's rate, which is for `of` units."""
    below, total, parts = NOTHING, NOTHING, []
    for number, tier in enumerate(tiers, 1):
        top = quantity if tier.up_to is None else min(quantity, Fraction(tier.up_to))
        rate, flat = Fraction(getattr(tier, word)), Fraction(tier.flat)
        amount = (top - below) * rate / of + flat
        parts.append(_part(tier=number, quantity=top - below, **{word: rate}, flat=flat, amount=amount))
        total += amount
        below = top
        if tier.up_to is None or quantity <= Fraction(tier.up_to):
            return Priced(total, parts)
    raise ValueError("the quantity lies above the last tier")


def _volume(formula: Formula, used: Used) -> Priced:
    """All units by the tier of the total: one unit more may cost less (15 -> 150 won, 16 -> 80 won), as agreed."""
    paid = _paid(formula, used.quantity)
    for number, tier in enumerate(formula.tiers, 1):
        if tier.up_to is None or paid <= Fraction(tier.up_to):
            unit, flat = Fraction(tier.unit), Fraction(tier.flat)
            amount = paid * unit + flat
            return Priced(amount, [_part(tier=number, quantity=paid, unit=unit, flat=flat, amount=amount)])
    raise ValueError("the quantity lies above the last tier")


def _package(formula: Formula, used: Used) -> Priced:
    paid = _paid(formula, used.quantity)
    packages = Fraction(ceiling(paid / Fraction(formula.size)))
    amount = packages * Fraction(formula.unit)
    size, unit = Fraction(formula.size), Fraction(formula.unit)
    return Priced(amount, [_part(packages=packages, size=size, quantity=paid, unit=unit, amount=amount)])


def _percentage(formula: Formula, used: Used) -> Priced:
    """A share of the quantity, with fees and bounds for every event where they are known one by one."""
    if isinstance(used.events, Sequence):
        return _each_event(formula, used.events, used.quantity)
    paid = _paid(formula, used.quantity)
    paid_events = max(NOTHING, used.events - formula.free_events) if used.quantity else NOTHING
    share = paid * Fraction(formula.percent) / 100
    fees = paid_events * Fraction(formula.flat_per_event)
    percent, fee = Fraction(formula.percent), Fraction(formula.flat_per_event)
    parts = [_part(quantity=paid, percent=percent, amount=share)]
    if fee:
        parts.append(_part(events=paid_events, per_event=fee, amount=fees))
    return Priced(share + fees, parts)


def _each_event(formula: Formula, events: Sequence[Fraction], quantity: Fraction) -> Priced:
    """Event by event: first out of the allowance, then its share and fee, within its bounds. What no event tells of is rest."""
    free_units, free_events = Fraction(formula.free_units), Fraction(formula.free_events)
    total, parts = NOTHING, []
    for number, size in enumerate(events, 1):
        covered = _covered(formula, size, free_units, free_events)
        free_units, free_events = free_units - min(covered, free_units), max(NOTHING, free_events - 1)
        if covered >= size and covered:
            parts.append(_part(event=Fraction(number), quantity=size, free=covered, amount=NOTHING))
            continue
        share = (size - covered) * Fraction(formula.percent) / 100 + Fraction(formula.flat_per_event)
        amount = _within(share, formula)
        parts.append(_part(event=Fraction(number), quantity=size, free=covered, amount=amount))
        total += amount
    rest = max(NOTHING, quantity - sum(events, NOTHING))
    if rest:
        amount = rest * Fraction(formula.percent) / 100
        parts.append(_part(quantity=rest, amount=amount))
        total += amount
    return Priced(total, parts)


def _covered(formula: Formula, size: Fraction, free_units: Fraction, free_events: Fraction) -> Fraction:
    """How much of an event the allowance takes: of units, of events, or of both while both last."""
    if formula.free_events and not free_events:
        return NOTHING
    if formula.free_units:
        return min(size, free_units)
    return size if formula.free_events else NOTHING


def _within(amount: Fraction, formula: Formula) -> Fraction:
    if formula.min_per_event is not None:
        amount = max(amount, Fraction(formula.min_per_event))
    if formula.max_per_event is not None:
        amount = min(amount, Fraction(formula.max_per_event))
    return amount


def _capacity(formula: Formula, used: Used) -> Priced:
    """The first tier whose limits hold for every meter; above all of them, the last."""
    if not formula.tiers:
        raise ValueError("a capacity price needs tiers")
    for number, tier in enumerate(formula.tiers, 1):
        last = number == len(formula.tiers)
        if last or all(used.meters.get(meter, NOTHING) <= Fraction(most) for meter, most in tier.max.items()):
            return Priced(Fraction(tier.price), [_part(tier=number, amount=Fraction(tier.price))])
    raise AssertionError("the last tier always holds")


def _flat(formula: Formula, _used: Used) -> Priced:
    return Priced(Fraction(formula.flat), [_part(flat=Fraction(formula.flat), amount=Fraction(formula.flat))])


_MODELS: dict[Model, Callable[[Formula, Used], Priced]] = {
    Model.UNIT: _unit,
    Model.GRADUATED: _graduated,
    Model.VOLUME: _volume,
    Model.PACKAGE: _package,
    Model.PERCENTAGE: _percentage,
    Model.GRADUATED_PERCENTAGE: _graduated_percentage,
    Model.CAPACITY: _capacity,
    Model.FLAT: _flat,
}


def _paid(formula: Formula, quantity: Fraction) -> Fraction:
    """What is left of the quantity after the allowance."""
    return max(NOTHING, quantity - Fraction(formula.free_units))


def _part(*, amount: Fraction, **numbers: Fraction | int) -> dict[str, Any]:
    """A part for JSON: whole numbers as they are, exact ones as decimals in text."""
    shown: dict[str, Any] = {
        word: number if isinstance(number, int) else text(number) for word, number in numbers.items()
    }
    return shown | {"amount": text(amount)}
