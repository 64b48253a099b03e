"""How alike two pictures of one drawing are: ink by ink within a pixel, letters by the boxes they stand in.

Recall is the part of the model's ink that ours has within reach, precision the part of ours that the model has.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Ink = NDArray[np.bool_]

REACH: Final = 1
"""Pixels that ink may be off, in either direction of either axis."""
INKED: Final = 216
"""A pixel darker than this is ink: a hairline between two rows of pixels leaves half of its black in each, a dot less."""
HALF: Final = 0.5
TINY: Final = 1e-9


Corners = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Lettering:
    """Letters and the corners, one after the other, of the box they stand in; pixels, y downwards."""

    text: str
    corners: Corners
    whole: bool = True
    """False for what the edge of a window cuts: it may answer for others, but is not asked for itself."""

    def meets(self, other: Lettering) -> bool:
        """Whether the boxes overlap, each let out by half of the lower one's height, at least by a pixel.

        Two convex figures are apart when a line along a side of one of them has them on different sides.
        """
        mine, theirs = np.array(self.corners), np.array(other.corners)
        slack = max(1.0, HALF * min(_lower(mine), _lower(theirs)))
        for across in np.concatenate((_normals(mine), _normals(theirs), np.eye(2))):
            one, two = mine @ across, theirs @ across
            if one.min() - slack > two.max() or two.min() - slack > one.max():
                return False
        return True


@dataclass(frozen=True, slots=True)
class Share:
    """How much of the model is in ours (recall), and of ours in the model (precision); 1 where there is nothing."""

    recall: float
    precision: float

    @property
    def worst(self) -> float:
        """The smaller of both."""
        return min(self.recall, self.precision)


def within(corners: Corners, box: Sequence[float]) -> bool:
    """Whether all corners lie inside a box."""
    return all(box[0] <= x <= box[2] and box[1] <= y <= box[3] for x, y in corners)


def inked(grey: NDArray[np.uint8]) -> Ink:
    """Where a grey picture (height, width) has ink."""
    found: Ink = grey < INKED
    return found


def reached(ink: Ink, reach: int = REACH) -> Ink:
    """All pixels that lie within `reach` of ink."""
    height, width = ink.shape
    padded = np.pad(ink, reach)
    near = np.zeros_like(ink)
    for down in range(2 * reach + 1):
        for across in range(2 * reach + 1):
            near |= padded[down : down + height, across : across + width]
    return near


def share_of_ink(ours: Ink, model: Ink) -> Share:
    """Compare ink by ink."""
    return Share(_part(model, reached(ours)), _part(ours, reached(model)))


def _part(ink: Ink, near: Ink) -> float:
    count = int(ink.sum())
    return int((ink & near).sum()) / count if count else 1.0


def share_of_letters(ours: Sequence[Lettering], model: Sequence[Lettering]) -> Share:
    """Compare letters by the boxes they stand in; how a text is cut into pieces does not count, nor how wide its font is.

    A piece is found when the other side has all of its words where the piece stands: their boxes touch it, or nearly.
    """
    return Share(_found(model, ours), _found(ours, model))


def _found(pieces: Sequence[Lettering], others: Sequence[Lettering]) -> float:
    total = found = 0
    low, high = _bounds(others)
    for piece in (piece for piece in pieces if piece.whole):
        words = Counter(_words(piece.text))
        total += sum(len(word) * count for word, count in words.items())
        corners = np.array(piece.corners)
        slack = max(1.0, HALF * _lower(corners))
        near = (low <= corners.max(axis=0) + slack).all(axis=1) & (high >= corners.min(axis=0) - slack).all(axis=1)
        meeting = [others[at] for at in np.flatnonzero(near).tolist() if piece.meets(others[at])]
        # Without spaces: what is one word here may be two pieces there.
        there = "".join("".join(_words(other.text)) for other in meeting)
        found += sum(len(word) * min(count, there.count(word)) for word, count in words.items())
    return found / total if total else 1.0


def _bounds(pieces: Sequence[Lettering]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    low = np.array([np.min(piece.corners, axis=0) for piece in pieces]).reshape(-1, 2)
    high = np.array([np.max(piece.corners, axis=0) for piece in pieces]).reshape(-1, 2)
    return low, high


def _words(text: str) -> list[str]:
    # The sign of a diameter is either letter.
    return text.replace("⌀", "Ø").split()


def _normals(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vectors across the sides of a figure."""
    sides = np.roll(corners, -1, axis=0) - corners
    lengths = np.hypot(sides[:, 0], sides[:, 1])
    sides, lengths = sides[lengths > TINY], lengths[lengths > TINY]
    return np.column_stack((-sides[:, 1], sides[:, 0])) / lengths[:, None]


def _lower(corners: NDArray[np.float64]) -> float:
    """The lesser extent of a figure."""
    return min((float(np.ptp(corners @ across)) for across in _normals(corners)), default=0.0)
