"""What a plot is asked for: paper, scale and window. Free of the PDF library, for whoever only orders one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

PLOT: Final = "plot.pdf"
"""The file that a plot is written to, beside the manifest."""
PAPERS: Final = {
    "A0": (1189.0, 841.0), "A1": (841.0, 594.0), "A2": (594.0, 420.0), "A3": (420.0, 297.0), "A4": (297.0, 210.0),
}  # fmt: skip
LARGEST: Final = 5080.0
"""200 inches: readers of PDF show no more."""
SCALES: Final = (
    1, 2, 5, 10, 20, 25, 30, 40, 50, 60, 75, 80, 100, 120, 150, 200, 250, 300, 400, 500, 600, 1000, 1200, 1500, 2000,
    2500, 3000, 5000, 6000, 10_000, 20_000, 25_000, 50_000, 100_000,
)  # fmt: skip
"""The scales that drawings are made to in Korea."""


@dataclass(frozen=True, slots=True)
class Plot:
    """A sheet on paper: `paper` is its longer and shorter or its exact sides in mm, `scale` the N of 1:N.

    `scale` None is the largest usual one that fits. `window` is the part to show in drawing units, None all of it;
    `turned` lets the paper lie or stand as the window does. `font` and `bold` are TrueType files for the letters, `rest` is one
    for those that they lack.
    `styles` names the plot styles (CTB or STB) to use, a file that is handed in; without it colours and weights are the drawing's.
    """

    paper: tuple[float, float]
    font: str
    bold: str = ""
    rest: str = ""
    scale: float | None = None
    window: tuple[float, float, float, float] | None = None
    mono: bool = False
    sheet: int = 0
    turned: bool = True
    margin: float = 0.0
    styles: str = ""

    @classmethod
    def of(cls, values: dict[str, Any]) -> Plot:
        """Rebuild the value from its JSON document."""
        window = values["window"]
        return cls(**{**values, "paper": tuple(values["paper"]), "window": tuple(window) if window else None})


def paper_of(name: str) -> tuple[tuple[float, float], bool] | None:
    """Read "A3" or "600x300" (mm): the sides, and whether the paper may be turned; None for neither."""
    if name.upper() in PAPERS:
        return PAPERS[name.upper()], True
    found = re.fullmatch(r"(\d{1,4}(?:\.\d{1,2})?)[xX×](\d{1,4}(?:\.\d{1,2})?)", name)
    if found is None:
        return None
    sides = float(found[1]), float(found[2])
    return (sides, False) if all(1 <= side <= LARGEST for side in sides) else None
