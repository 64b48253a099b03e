"""The foot of a bill: the supply cut to ten won as a line of its own, the tax, the total."""

from __future__ import annotations

from collections.abc import Iterable

from portal.billing.rules.terms import CUT, Line, Period, Totals
from portal.core.money import cut_to_ten, vat


def totals(lines: Iterable[Line]) -> Totals:
    """Add up lines in whole won. A cut line among them is left out, and made anew by `cut_line`."""
    before = sum(line.won for line in lines if not is_cut(line.key))
    supply = cut_to_ten(before)
    tax = vat(supply)
    return Totals(supply_before=before, cut=supply - before, supply=supply, vat=tax, total=supply + tax)


def cut_line(foot: Totals, period: Period) -> Line | None:
    """The cut to ten won as the bill's last line; None when there is nothing to cut."""
    if foot.cut == 0:
        return None
    return Line(
        key=f"{period.label}|{CUT}",
        name="10원 미만 절사",
        meter="",
        period_from=period.from_date,
        period_to=period.to_date,
        quantity="1",
        unit="회",
        won=foot.cut,
        explain={"formula": "공급가액 합계를 10원 단위로 절사", "before": foot.supply_before, "supply": foot.supply},
    )


def is_cut(key: str) -> bool:
    return key.rpartition("|")[2] == CUT
