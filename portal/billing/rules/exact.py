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
    if amount.denominator == 1:
        return str(amount.numerator)
    twos, fives, rest = 0, 0, amount.denominator
    while rest % 2 == 0:
        twos, rest = twos + 1, rest // 2
    while rest % 5 == 0:
        fives, rest = fives + 1, rest // 5
    written = fixed(amount, max(twos, fives) if rest == 1 else places)
    return written.rstrip("0").rstrip(".")


def fixed(amount: Fraction, places: int = PLACES) -> str:
    """Half up to exactly `places` places, of which there is at least one."""
    denominator = amount.denominator
    size = (2 * abs(amount.numerator) * 10**places + denominator) // (2 * denominator)
    digits = f"{size:0{places + 1}d}"
    sign = "-" if size and amount < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def apportion(amounts: Sequence[Fraction]) -> list[int]:
    """Exact amounts of 0 or more as whole ones that add up to the rounded sum: by the largest remainder, the earlier first.

    Every one differs from its exact amount by less than one.
    """
    parts = [amount.numerator // amount.denominator for amount in amounts]
    missing = half_up(sum(amounts, Fraction(0))) - sum(parts)
    if missing:
        for n in sorted(range(len(parts)), key=lambda n: (parts[n] - amounts[n], n))[:missing]:
            parts[n] += 1
    return parts


def split(total: int, weights: Sequence[int]) -> list[int]:
    """`total` whole won in proportion to `weights`, none lost; nothing for anybody when nothing weighs."""
    whole = sum(weights)
    if whole == 0:
        return [0 for _ in weights]
    parts = apportion([Fraction(abs(total) * weight, whole) for weight in weights])
    return [-part for part in parts] if total < 0 else parts
