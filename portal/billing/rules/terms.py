"""The nouns of rating: what a plan version asks for, what a company used in a period, and the lines that come of it.

Amounts in a price list are won as exact decimals (text in JSON) with at most six places, which is whole micro-won. Quantities
are whole numbers in a meter's base unit. Dates are days in Seoul, periods are half open: [from, to).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from portal.core.money import MICRO, MicroWon

ZERO = Decimal(0)
SECONDS_A_DAY = 86_400
#: The last part of the key of the line that cuts a bill to ten won. It belongs to one bill and is never billed again.
CUT = "cut"


class Kind(StrEnum):
    """What a price is asked for."""

    FLAT = "flat"  #: once a period, by days when the plan starts or ends inside it
    SEAT = "seat"  #: for every named seat and period, by seat-days
    USAGE = "usage"  #: for what a meter counted


class Model(StrEnum):
    """How a quantity becomes an amount."""

    UNIT = "unit"  #: so much a unit
    GRADUATED = "graduated"  #: each unit by the tier it lies in
    VOLUME = "volume"  #: all units by the tier the total lies in (cheaper by one unit more is possible)
    PACKAGE = "package"  #: started packages count whole
    PERCENTAGE = "percentage"  #: a share of the quantity, with fees and bounds for every event
    GRADUATED_PERCENTAGE = "graduated_percentage"
    CAPACITY = "capacity"  #: the lowest tier whose limits hold for every meter
    FLAT = "flat"  #: the same whatever was used


# ----- the price list ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tier:
    """One step of a price. `up_to` is inclusive, None without end; `flat` is due once the tier is entered.

    `percent` belongs to graduated_percentage, `price` and `max` (limit per meter) to capacity.
    """

    up_to: Decimal | None = None
    unit: Decimal = ZERO
    flat: Decimal = ZERO
    percent: Decimal = ZERO
    price: Decimal = ZERO
    max: dict[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Formula:
    """How a quantity in priced units becomes won: the `price` of a case of `flask rate`, and of a usage price."""

    model: Model
    unit: Decimal = ZERO
    """Won per unit, or per package."""
    size: Decimal = Decimal(1)
    """Units in a package."""
    free_units: Decimal = ZERO
    """Not charged, in each period."""
    tiers: tuple[Tier, ...] = ()
    percent: Decimal = ZERO
    flat: Decimal = ZERO
    """Won whatever was used (model flat)."""
    free_events: int = 0
    flat_per_event: Decimal = ZERO
    min_per_event: Decimal | None = None
    max_per_event: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """One thing a plan asks money for. `key` is its name for ever; it is part of the line's key.

    `amount` is what a flat price or one seat costs in a whole period; a usage price has a `formula`, and `minimum` and
    `maximum` for the period. `included` seats cost nothing.
    """

    key: str
    name: str
    kind: Kind
    amount: Decimal = ZERO
    included: int = 0
    meter: str = ""
    unit_word: str = ""
    formula: Formula | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None

    @property
    def micro(self) -> MicroWon:
        """`amount` in micro-won."""
        return micro_won(self.amount)


@dataclass(frozen=True, slots=True)
class Terms:
    """An immutable plan version: prices, and what it allows (`limits`: key -> most in base units, None without end)."""

    prices: tuple[Price, ...]
    limits: dict[str, int | None] = field(default_factory=dict)
    trial_days: int = 0
    currency: str = "KRW"


def micro_won(amount: Decimal) -> MicroWon:
    """Won as an exact decimal -> whole micro-won; ValueError when it is finer than that."""
    exact = Fraction(amount) * MICRO
    if exact.denominator != 1:
        raise ValueError("a unit price has at most six places")
    return MicroWon(exact.numerator)


# ----- what happened -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Period:
    """Days in Seoul, half open."""

    from_date: date
    to_date: date

    @property
    def days(self) -> int:
        return (self.to_date - self.from_date).days

    @property
    def is_month(self) -> bool:
        """Whether it is one calendar month."""
        first, after = self.from_date, self.to_date
        months = (after.year * 12 + after.month) - (first.year * 12 + first.month)
        return first.day == after.day == 1 and months == 1

    @property
    def label(self) -> str:
        """2026-11 for a calendar month, both ends otherwise (2026-11-15~2026-12-15)."""
        first, after = self.from_date.isoformat(), self.to_date.isoformat()
        return first[:7] if self.is_month else f"{first}~{after}"


@dataclass(frozen=True, slots=True)
class Phase:
    """Which plan version (`version`: "plan:standard@3") holds from a day on; `to_date` None while it goes on."""

    version: str
    terms: Terms
    from_date: date
    to_date: date | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """How a meter's base units become priced units: `scale` of them are one `unit` (1,000,000,000 bytes are one GB).

    `over_time`: totals are base units times seconds; one priced unit is held for the whole period (GB-months).
    `level`: the total is a height, not a sum (largest, latest, different ones): a part of a period does not hold less of it.
    """

    key: str
    unit: str
    scale: int = 1
    over_time: bool = False
    level: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used on the days [from_date, to_date): totals, and where asked for events, per meter in base units.

    When a plan changes inside a period there is one of these for each part; none may reach over a change.
    """

    from_date: date
    to_date: date
    totals: Mapping[str, int]
    events: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seat:
    """A licence in a person's name (`who`: "person:7") on the days [from_date, to_date); None while it goes on."""

    who: str
    from_date: date
    to_date: date | None = None


# ----- what comes of it ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One amount, rounded once. `key` names what it is for, for ever: "2026-11|plan:standard@3|seats".

    A run that begins inside the period has its first day as a fourth part. `quantity` is an exact decimal as text in `unit`
    (six places where it has no end). `explain` is JSON: how the amount came about.
    """

    key: str
    name: str
    meter: str
    period_from: date
    period_to: date
    quantity: str
    unit: str
    won: int
    explain: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Totals:
    """The foot of a bill in won: `supply_before` + `cut` = `supply`, `supply` + `vat` = `total`."""

    supply_before: int
    cut: int
    supply: int
    vat: int
    total: int


@dataclass(frozen=True, slots=True)
class Guess:
    """What a visitor of the price calculator thinks they will use in a period: seats, and base units per meter."""

    seats: int = 0
    usage: Mapping[str, int] = field(default_factory=dict)
