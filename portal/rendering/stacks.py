"""Fractions in a paragraph: how much room two stacked texts take, and where they stand beside letters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LEADING: Final = 1.2
"""Two stacked heights take so much more than themselves, with the bar between them."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A fraction: `mark` is "/" for a bar between, "#" for a slanted one, "^" for none; `height` is that of its digits.

    `align` says where it stands beside letters: 0 on their base line, 1 at their middle, 2 at their top.
    """

    upper: str
    lower: str
    mark: str
    height: float
    widths: tuple[float, float]
    align: int

    @property
    def total(self) -> float:
        """How high all of it is."""
        return 2 * self.height * (1.0 if self.mark == "#" else LEADING)

    @property
    def wide(self) -> float:
        """How wide all of it is."""
        return sum(self.widths) if self.mark == "#" else max(self.widths)

    def low(self, letters_height: float) -> float:
        """How far its foot is above the base line of letters of a height."""
        return self.align / 2 * (letters_height - self.total)
