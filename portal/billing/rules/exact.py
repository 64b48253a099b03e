"""Exact numbers: read from text, rounded once, split without losing a won, written as decimals. A float is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

#: Longer numbers are not money and not usage; they would only cost time.
_DECIMAL = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?")
#: A number without an end is written with so many places.
PLACES = 6


def read(value: object) -> Fraction:
    """A decimal as text, a whole number or a Decimal, exactly. ValueError for anything else, a float among it."""
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise ValueError(f"not a decimal: {value!r}")  # noqa: TRY004 - a wrong document, not a wrong call
    text = f"{value:f}" if isinstance(value, Decimal) else str(value).strip()
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"not a decimal: {text[:40]!r}")
    return Fraction(text)


def half_up(amount: Fraction) -> int:
    """The nearest whole number; a half goes away from zero, so that a credit cancels what it takes back."""
    size = (2 * abs(amount.numerator) + amount.denominator) // (2 * amount.denominator)
    return -size if amount < 0 else size


def ceiling(amount: Fraction) -> int:
    return -(-amount.numerator // amount.denominator)


def text(amount: Fraction, places: int = PLACES) -> str:
    """The exact decimal, without zeros at its end; rounded half up to `places` only when it has no end."""
    twos, fives, rest = 0, 0, amount.denominator
    while rest % 2 == 0:
        twos, rest = twos + 1, rest // 2
    while rest % 5 == 0:
        fives, rest = fives + 1, rest // 5
    return _written(amount, max(twos, fives) if rest == 1 else places).rstrip(".")


def fixed(amount: Fraction, places: int = PLACES) -> str:
    """Half up to exactly `places` places."""
    digits = f"{abs(half_up(amount * 10**places)):0{places + 1}d}"
    sign = "-" if half_up(amount * 10**places) < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def split(total: int, weights: Sequence[Fraction]) -> list[int]:
    """`total` whole won in proportion to `weights`, none lost: by the largest remainder, the earlier first.

    Every part differs from its exact share by less than one won. All weights nothing, or none at all: everything is 0.
    """
    whole = sum(weights, Fraction(0))
    if whole == 0:
        return [0 for _ in weights]
    shares = [abs(total) * weight / whole for weight in weights]
    parts = [share.numerator // share.denominator for share in shares]
    missing = abs(total) - sum(parts)
    order = sorted(range(len(shares)), key=lambda n: (parts[n] - shares[n], n))
    for n in order[:missing]:
        parts[n] += 1
    return [-part for part in parts] if total < 0 else parts


def _written(amount: Fraction, places: int) -> str:
    written = fixed(amount, places)
    return written.rstrip("0").rstrip(".") if "." in written else written
