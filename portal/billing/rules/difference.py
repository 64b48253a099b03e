"""What is still to be billed: the lines a period should have, minus what was billed of them, by key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from portal.billing.rules.terms import Line, Period
from portal.billing.rules.totals import is_cut

_MONTH = re.compile(r"(\d{4})-(\d{2})")


def bill(desired: Iterable[Line], billed: Mapping[str, int]) -> list[Line]:
    """`desired` minus `billed` (line key -> won, all bills of the same period together), lines of 0 won left out.

    A line that was billed otherwise before comes back with the difference and its own period; one that is not desired any
    more is taken back. Cuts to ten won belong to their bill and are left alone. ValueError when `billed` is of another period.
    """
    wanted = list(desired)
    keys = {line.key for line in wanted}
    lines = [_difference(line, billed.get(line.key, 0)) for line in wanted]
    gone = [(key, amount) for key, amount in billed.items() if key not in keys and amount and not is_cut(key)]
    labels = {key.partition("|")[0] for key in keys}
    strangers = sorted(key for key, _amount in gone if labels and key.partition("|")[0] not in labels)
    if strangers:
        raise ValueError(f"billed for another period: {strangers[0]}")
    lines += [_taken_back(key, amount) for key, amount in sorted(gone)]
    return [line for line in lines if line.won]


def period_of(key: str) -> Period:
    """The period a line's key begins with; ValueError when it is no line's key."""
    label = key.partition("|")[0]
    month = _MONTH.fullmatch(label)
    if month:
        year, number = int(month[1]), int(month[2])
        return Period(date(year, number, 1), date(year + number // 12, number % 12 + 1, 1))
    since, _, until = label.partition("~")
    return Period(date.fromisoformat(since), date.fromisoformat(until))


def _difference(line: Line, before: int) -> Line:
    if before == 0:
        return line
    explain = {**line.explain, "desired": line.won, "billed": before}
    return replace(line, name=f"{line.name} 정정", won=line.won - before, explain=explain)


def _taken_back(key: str, amount: int) -> Line:
    period = period_of(key)
    parts = key.split("|")
    version, price = (parts[1], parts[2]) if len(parts) > 2 else ("", parts[-1])  # noqa: PLR2004 - period|version|price
    return Line(
        key=key,
        name=f"청구 취소 ({price})",
        meter="",
        period_from=period.from_date,
        period_to=period.to_date,
        quantity="1",
        unit="회",
        won=-amount,
        explain={"formula": "더는 해당하지 않아 되돌립니다", "version": version, "desired": 0, "billed": amount},
    )
