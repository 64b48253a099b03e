"""The tags of a text DXF as columns: group codes, where their values lie, and all numbers, found by whole-array operations.

A text DXF is pairs of lines, a group code and a value. An object for each of them is what makes reading slow; here a
piece of some megabytes becomes a few numpy arrays at once. Nothing is understood yet: entities.py does that.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

PIECE: Final = 4 << 20
"""Bytes looked at in one go: large enough that the cost of the calls is nothing, small enough to bound the memory."""
LONGEST_CODE: Final = 4
NEWLINE, RETURN, SPACE, TAB, ZERO = 10, 13, 32, 9, 48
COMMENT: Final = 999


class Unplain(Exception):  # noqa: N818 - reads as what happened
    """The file is not laid out plainly enough for this reader; ezdxf reads it instead."""


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags of one piece that begins and ends between two objects.

    All arrays are as long as there are tags. `code` int16; `start`, `end` int64: the value's bytes in the file without
    its line end; `line` int64: where the tag's own group-code line begins. `heads` are the positions, in these arrays,
    of the tags with code 0: each begins an object, section or table.
    """

    code: NDArray[np.int16]
    line: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    heads: NDArray[np.int64]
    until: int
    """Where the piece ends in the file."""

    def numbers(self, data: NDArray[np.uint8], which: NDArray[np.int64]) -> NDArray[np.float64]:
        """The values of the tags `which` (ascending) as numbers; raises Unplain when one of them is none."""
        if not len(which):
            return np.zeros(0)
        first, last = int(self.start[which[0]]), int(self.end[which[-1]]) + 1
        change = np.zeros(last - first + 1, np.int8)
        change[self.start[which] - first] = 1
        change[self.end[which] + 1 - first] -= 1
        kept = data[first:last][np.cumsum(change[:-1], dtype=np.int8).view(np.bool_)]
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)
            try:
                found = np.fromstring(kept.tobytes(), sep=" ")
            except (DeprecationWarning, ValueError) as error:
                raise Unplain("a number that is none") from error
        if len(found) != len(which):
            raise Unplain("a number that is none")
        return found


def pieces(data: bytes | memoryview, size: int = PIECE) -> Iterator[Tags]:
    """Cut the file into pieces between objects, in order. Raises Unplain for lines that are not pairs of code and value."""
    whole = np.frombuffer(data, np.uint8)
    at, reach = 0, size
    while at < len(whole):
        until = min(at + reach, len(whole))
        last = until == len(whole)
        tags = _tags(whole, at, until, last=last)
        if tags is None:  # one object alone is larger than the piece
            reach *= 2
            continue
        yield tags
        at, reach = tags.until, size


def _tags(whole: NDArray[np.uint8], at: int, until: int, *, last: bool) -> Tags | None:
    view = whole[at:until]
    ends = np.flatnonzero(view == NEWLINE)
    if last and len(view) and view[-1] != NEWLINE:
        ends = np.append(ends, len(view))
    pairs = len(ends) // 2
    if not pairs:
        return _nothing(until) if last else None
    code_end, value_end = ends[0 : 2 * pairs : 2], ends[1 : 2 * pairs : 2]
    line = np.empty(pairs, np.int64)
    line[0] = 0
    line[1:] = value_end[:-1] + 1
    start = code_end + 1
    if view[code_end[0] - 1] == RETURN:
        code_end = code_end - (view[code_end - 1] == RETURN)
        value_end = value_end - ((view[value_end - 1] == RETURN) & (value_end > start))
    code = _codes(view, line, code_end)
    heads = np.flatnonzero(code == 0)
    if not last:
        if len(heads) < 2:  # noqa: PLR2004 - the first and the one to cut before
            return None
        cut = int(heads[-1])
        until = at + int(line[cut])
        heads = heads[:-1]
        code, line, start, value_end = code[:cut], line[:cut], start[:cut], value_end[:cut]
    return Tags(code, line + at, start + at, value_end + at, heads, until)


def _nothing(until: int) -> Tags:
    none = np.zeros(0, np.int64)
    return Tags(np.zeros(0, np.int16), none, none, none, none, until)


def _codes(view: NDArray[np.uint8], line: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.int16]:
    """The group codes: whole numbers of one to four digits with blanks before them."""
    width = end - line
    if width.min() < 1:
        raise Unplain("an empty group code")
    digit = view[end - 1] - ZERO
    if digit.max() > 9:  # noqa: PLR2004 - a digit (unsigned: what is below "0" is far above 9)
        raise Unplain("a group code that is no number")
    code = digit.astype(np.int16)
    open_ = np.arange(len(end))
    factor = 1
    for place in range(2, LONGEST_CODE + 2):
        open_ = open_[width[open_] >= place]
        sign = view[end[open_] - place]
        digit = sign - ZERO
        more = digit <= 9  # noqa: PLR2004 - a digit
        blank = (sign == SPACE) | (sign == TAB)
        if not (more | blank).all() or (more.any() and place > LONGEST_CODE):
            raise Unplain("a group code that is no number")
        factor *= 10
        open_ = open_[more]
        if not len(open_):
            break
        code[open_] += digit[more].astype(np.int16) * factor
    return code
