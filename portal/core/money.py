"""Won as whole numbers: how they are written, taxed and rounded. A float is refused wherever it appears."""

from __future__ import annotations

from typing import NewType

#: A millionth of a won: what unit prices are kept in (0.05 won per view is 50_000).
MicroWon = NewType("MicroWon", int)

MICRO = 1_000_000
_DIGITS = "영일이삼사오육칠팔구"
_SMALL_UNITS = ("", "십", "백", "천")
_LARGE_UNITS = ("", "만", "억", "조", "경")
_LARGEST_IN_WORDS = 10 ** (4 * len(_LARGE_UNITS))


def whole(amount: int) -> int:
    """`amount` itself when it is a whole number; TypeError for float, Decimal, bool and text."""
    if type(amount) is not int:
        message = f"an amount of money is an int, not {type(amount).__name__}"
        raise TypeError(message)
    return amount


def won(amount: int) -> str:
    """1234567 -> '1,234,567원', negative with a leading minus."""
    return f"{whole(amount):,}원"


def vat(supply: int) -> int:
    """Value added tax of a supply amount in won: 10 %, below one won cut off.

    A negative supply (amended invoice) is taxed on its absolute value and then negated, so that it undoes exactly what
    it amends. Never compute it as total/11: that differs by one won for 40 % of all amounts (see `cut_to_ten`).
    """
    return _signed(supply, abs(whole(supply)) // 10)


def with_vat(supply: int) -> int:
    """What is to be paid for a supply amount, tax included, in won."""
    return supply + vat(supply)


def cut_to_ten(supply: int) -> int:
    """The supply amount cut to full ten won, towards zero.

    The payment company works back from the total by total/11; only for supplies in tens does it always find our tax.
    """
    return _signed(supply, abs(whole(supply)) // 10 * 10)


def micro(amount: int) -> MicroWon:
    """Won -> micro-won."""
    return MicroWon(whole(amount) * MICRO)


def to_won(amount: MicroWon) -> int:
    """Micro-won -> whole won, half up; symmetrical around zero, so that a credit note cancels its invoice."""
    return _signed(amount, (abs(whole(amount)) + MICRO // 2) // MICRO)


def words(amount: int) -> str:
    """1234560 -> '일금 일백이십삼만사천오백육십원정', as legal forms want it.

    Every digit is written out (일십, 일백, 일만), so that nothing can be put before it. ValueError from 10^20 won on.
    """
    rest = abs(whole(amount))
    if rest >= _LARGEST_IN_WORDS:
        message = "this amount is too large to be written in words"
        raise ValueError(message)
    text = ""
    for unit in _LARGE_UNITS:
        rest, group = divmod(rest, 10_000)
        if group:
            text = _group_words(group) + unit + text
    return f"일금 {'마이너스 ' if amount < 0 else ''}{text or _DIGITS[0]}원정"


def _group_words(group: int) -> str:
    """1 to 9999 in Hangul, every digit written."""
    text = ""
    for unit in _SMALL_UNITS:
        group, digit = divmod(group, 10)
        if digit:
            text = _DIGITS[digit] + unit + text
    return text


def _signed(like: int, size: int) -> int:
    return -size if like < 0 else size
