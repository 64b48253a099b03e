"""What we draw is what ezdxf's drawing add-on draws; and the measure of it measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.bench.fidelity import BAR, sheets_compared
from tests.rendering.every_type import every_type
from tests.rendering.likeness import Lettering, inked, share_of_ink, share_of_letters

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from playwright.sync_api import Browser


def picture(*rows: int) -> NDArray[np.bool_]:
    """A picture of 20 by 20 pixels with ink in whole rows."""
    grey = np.full((20, 20), 255, np.uint8)
    grey[list(rows)] = 0
    return inked(grey)


def letters(text: str, x: float, y: float, turn: float = 0.0, wide: float = 40.0) -> Lettering:
    """Letters 10 pixels high whose lower left corner is at a point."""
    cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    ends = ((0, 0), (wide, 0), (wide, -10), (0, -10))
    return Lettering(text, tuple((x + a * cosine - b * sine, y + a * sine + b * cosine) for a, b in ends))


@pytest.mark.parametrize(
    ("ours", "model", "recall", "precision"),
    [
        ((5,), (5,), 1.0, 1.0),
        ((6,), (5,), 1.0, 1.0),
        ((7,), (5,), 0.0, 0.0),
        ((5, 12), (5,), 1.0, 0.5),
        ((5,), (5, 10, 15), 1 / 3, 1.0),
        ((), (), 1.0, 1.0),
        ((), (5,), 0.0, 1.0),
    ],
)
def test_ink_counts_as_found_within_a_pixel(
    ours: tuple[int, ...], model: tuple[int, ...], recall: float, precision: float
) -> None:
    share = share_of_ink(picture(*ours), picture(*model))
    assert (share.recall, share.precision) == pytest.approx((recall, precision))


def test_a_hairline_between_two_rows_is_ink() -> None:
    assert inked(np.array([[128, 255]], np.uint8)).tolist() == [[True, False]]


def test_a_text_in_one_piece_is_the_same_as_in_words() -> None:
    whole = [letters("외벽 마감", 0, 50)]
    words = [letters("외벽", 0, 50, wide=18), letters("마감", 22, 50, wide=18)]
    assert (share_of_letters(whole, words).recall, share_of_letters(whole, words).precision) == (1.0, 1.0)


def test_letters_elsewhere_or_other_letters_are_not_found() -> None:
    model = [letters("A-101", 0, 50), letters("B", 100, 50)]
    assert share_of_letters([letters("A-101", 0, 150), letters("B", 100, 50)], model).recall == pytest.approx(1 / 6)
    assert share_of_letters([letters("A-107", 0, 50), letters("B", 100, 50)], model).precision == pytest.approx(1 / 6)


def test_turned_letters_side_by_side_do_not_stand_in_the_same_place() -> None:
    assert not letters("a", 0, 0, 45, 200).meets(letters("a", 40, 0, 45, 200))
    assert letters("a", 0, 0, 45, 200).meets(letters("a", 5, 0, 45, 200))


def test_what_the_edge_of_a_window_cuts_is_not_asked_for() -> None:
    cut = Lettering("cut", ((0, 0), (9, 0), (9, 9), (0, 9)), whole=False)
    assert share_of_letters([], [cut]).recall == 1.0


def test_a_drawing_of_every_type_looks_as_the_addon_draws_it(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    results = list(sheets_compared(every_type(tmp_path / "every type.dxf"), page))
    page.close()
    assert [result.sheet for result in results] == ["모형", "Layout1"]
    assert [result.types for result in results] == ["equal", "equal"]
    assert min(result.ink.worst for result in results) >= BAR
    assert min(result.letters.worst for result in results) >= BAR
    assert max(np.asarray(result.ours).min() for result in results) == 0
