"""In which order the pieces of one look are drawn, and their path data: few bytes then say where the next one begins.

Pieces that are neighbours share a path, along a curve that keeps neighbours together. Within a path a piece whose end is
where another one begins is followed by that one, and needs no move; a straight line may be drawn from either end. Where
lines meet nothing shows it: caps and joins are round, and a path is one stroke however often it crosses itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from portal.rendering.grid import LINE, spaced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST_MERGED: Final = 400
DOT: Final = "h0"
LEVELS: Final = 10
"""The curve passes through 1024 by 1024 cells."""


def toured(ends: Ints, bodies: list[str], boxes: Floats, tiles: Ints) -> Iterator[tuple[int, str]]:
    """Give tile and path data of at most MOST_MERGED pieces, tile by tile.

    `ends` int64 (n, 4) is where each piece begins and ends, x and y each, `bodies` their path data, which is relative.
    """
    single = len(bodies) <= MOST_MERGED and not np.ptp(tiles)
    order = _shorter(ends, boxes) if single else np.lexsort((along_curve(boxes), tiles))
    ends, tiles = ends[order], tiles[order]
    words = [bodies[at] for at in order.tolist()]
    meeting = _meeting(ends)
    cuts = (np.flatnonzero(np.diff(tiles)) + 1).tolist()
    starts, stops = [0, *cuts], [*cuts, len(words)]
    if not words:
        return
    for at in np.flatnonzero(np.logical_or.reduceat(meeting, starts)).tolist():
        own = slice(starts[at], stops[at])
        ends[own], words[own] = _threaded(ends[own], words[own], meeting[own])
    parts = _parts(ends, words)
    for tile, start, stop in zip(tiles[starts].tolist(), starts, stops, strict=True):
        for first in range(start, stop, MOST_MERGED):
            # What follows a capital M without a letter would be absolute.
            parts[first] = f"M{ends[first, 0]}{ends[first, 1]: d}{words[first]}"
            yield tile, "".join(parts[first : min(first + MOST_MERGED, stop)])


def straight(x: int, y: int) -> str:
    """Give the path data of a line that goes `x` across and `y` down."""
    return f"l{x}{y: d}" if x and y else f"h{x}" if x else f"v{y}" if y else DOT


def along_curve(boxes: Floats) -> NDArray[np.int32]:
    """Where each box lies on a curve through all cells of a grid (Hilbert's): what follows is always next to it."""
    middle = boxes[:, 0:2] + boxes[:, 2:4]
    low, high = middle.min(axis=0), middle.max(axis=0)
    last = (1 << LEVELS) - 1
    cells = ((middle - low) / np.where(high > low, high - low, 1.0) * last).astype(np.int32)
    x, y = cells[:, 0].copy(), cells[:, 1].copy()
    result = np.zeros(len(cells), np.int32)
    for level in reversed(range(LEVELS)):
        right, down = (x >> level) & 1, ~(y >> level) & 1
        result = (result << 2) | ((3 * right) ^ (1 - down))
        mirrored = right * down * last
        swapped = (x ^ y) * down
        x ^= swapped ^ mirrored
        y ^= swapped ^ mirrored
    return result


def _shorter(ends: Ints, boxes: Floats) -> Ints:
    """The order of a single path: the drawing's own, in which alike things often follow each other, or the curve's."""
    own, curve = np.arange(len(ends)), np.argsort(along_curve(boxes), kind="stable")
    return min(own, curve, key=lambda order: _way(ends[order]))


def _way(ends: Ints) -> float:
    """About how many digits the moves from piece to piece take."""
    moves = np.abs(ends[1:, 0:2] - ends[:-1, 2:4])
    return float(np.log10(moves + 1.0).sum())


def _meeting(ends: Ints) -> NDArray[np.bool_]:
    """Which pieces begin or end where another one does."""
    keys = (ends[:, 0::2] << 32) + ends[:, 1::2]
    keys[:, 1] = np.where(keys[:, 0] == keys[:, 1], -1 - np.arange(len(keys)), keys[:, 1])
    every = np.sort(keys, axis=None)
    shared = np.unique(every[1:][every[1:] == every[:-1]])
    if not len(shared):
        return np.zeros(len(ends), np.bool_)
    nearest = shared[np.minimum(np.searchsorted(shared, keys), len(shared) - 1)]
    return np.asarray((nearest == keys).any(axis=1))


def _threaded(ends: Ints, bodies: list[str], meeting: NDArray[np.bool_]) -> tuple[Ints, list[str]]:
    """The same pieces, each followed by one that begins where it ends, as long as there is one."""
    rows = ends.tolist()
    waiting: dict[tuple[int, int], list[int]] = {}
    for at in np.flatnonzero(meeting)[::-1].tolist():
        x, y, to_x, to_y = rows[at]
        waiting.setdefault((x, y), []).append(at)
        if LINE.fullmatch(bodies[at]):
            waiting.setdefault((to_x, to_y), []).append(at)
    left = dict.fromkeys(range(len(rows)))
    tour: list[tuple[int, int, int, int]] = []
    said: list[str] = []
    following = -1
    while left:
        at = following if following >= 0 else next(iter(left))
        del left[at]
        x, y, to_x, to_y = rows[at]
        if following >= 0 and (x, y) != tour[-1][2:4]:
            x, y, to_x, to_y = to_x, to_y, x, y
            said.append(straight(to_x - x, to_y - y))
        else:
            said.append(bodies[at])
        tour.append((x, y, to_x, to_y))
        near = waiting.get((to_x, to_y), [])
        while near and near[-1] not in left:
            near.pop()
        following = near[-1] if near else -1
    return np.array(tour), said


def _parts(ends: Ints, bodies: list[str]) -> list[str]:
    """The path data of pieces in this order, each with the move to it; a line after a move or after a line is written
    without its letter. The first has none.
    """
    steps = ends[1:, 0:2] - ends[:-1, 2:4]
    said = [body if body[:1] != "l" else body[1:] if body[1] == "-" else " " + body[1:] for body in bodies]
    moves = zip(steps[:, 0].tolist(), spaced(steps[:, 1]), said[1:], strict=True)
    parts = [f"m{x}{word}{body}" for x, word, body in moves]
    parts.insert(0, "")
    for at in (np.flatnonzero(~steps.any(axis=1)) + 1).tolist():
        if "z" not in bodies[at]:  # what closes goes back to its own move
            after_line = bodies[at - 1].startswith("l") and LINE.fullmatch(bodies[at - 1])
            parts[at] = said[at] if after_line else bodies[at]
    return parts
