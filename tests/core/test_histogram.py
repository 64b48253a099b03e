"""Counts of durations: what is read from them is off by a quarter at most, and adds up over processes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portal.core.histogram import NANO, Histogram, added, place, quantile, sparse, upper, whole

durations = st.integers(min_value=8, max_value=2**35 - 1)


@given(durations)
def test_a_duration_is_counted_within_a_quarter_of_what_it_was(nanoseconds: int) -> None:
    told = upper(place(nanoseconds))
    assert nanoseconds * NANO < told <= nanoseconds * NANO * 1.26


@given(durations, durations)
def test_longer_is_never_counted_before_shorter(one: int, other: int) -> None:
    assert (place(one) <= place(other)) or one > other


@given(st.lists(durations, min_size=1, max_size=200), st.sampled_from([0.5, 0.95, 0.99, 1.0]))
def test_a_quantile_is_that_of_the_durations_themselves(taken: list[int], share: float) -> None:
    histogram = Histogram()
    for one in taken:
        histogram.note(one)
    told = quantile(histogram.counts, share)
    assert told is not None
    within = sum(one * NANO < told for one in taken)
    assert within >= share * len(taken)
    assert any(told <= one * NANO * 1.26 for one in taken)


def test_nothing_counted_has_no_quantile() -> None:
    assert quantile(Histogram().counts, 0.5) is None


def test_what_lasts_for_ever_is_counted_as_the_longest() -> None:
    histogram = Histogram()
    histogram.note(2**50)
    assert (quantile(histogram.counts, 1.0) or 0) > 30


def test_counts_of_two_processes_are_those_of_both() -> None:
    one, other = Histogram(), Histogram()
    one.note(1_000_000)
    other.note(1_000_000)
    other.note(9_000_000)
    both = added([whole(sparse(one.counts)), other.counts])
    assert sum(both) == 3
    assert both[place(1_000_000)] == 2
