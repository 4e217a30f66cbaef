"""Slices are compared as the literature defines it, and what is undefined says why."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_code.core.fairness import Figure, by_slice

# Two regions of four rows each; the north is called positive more often, and found more often.
TARGET = np.array([1, 1, 0, 0, 1, 1, 0, 0], dtype=bool)
CALLED = np.array([1, 1, 1, 0, 1, 0, 0, 0], dtype=bool)
CODES = np.array([0, 0, 0, 0, 1, 1, 1, 1])
NAMES = ("north", "south")


def test_known_values() -> None:
    """Four rows each, worked out by hand."""
    north, south = by_slice(TARGET, CALLED, CODES, NAMES)

    assert (south.name, south.rates.rows) == ("south", 4)
    assert south.rates.positive_share == Figure(0.5)
    assert south.rates.selection_rate == Figure(0.25)
    assert south.rates.true_positive_rate == Figure(0.5)
    assert south.rates.false_positive_rate == Figure(0.0)
    assert south.rates.precision == Figure(1.0)
    assert south.others == north.rates
    assert north.rates.false_positive_rate == Figure(0.5)
    assert north.rates.precision == Figure(2 / 3)

    assert south.label_difference == Figure(0.0)
    assert south.selection_difference == Figure(0.5)
    assert south.disparate_impact == Figure(0.25 / 0.75)
    assert south.opportunity_difference == Figure(0.5)


def test_the_guides_own_example() -> None:
    """Of one side 60 % get a loan and of the other 50 %: DPPL is 0.1, DI 0.83."""
    codes = np.repeat([0, 1], 10)
    granted = np.tile(np.arange(10), 2) < np.where(codes == 0, 6, 5)
    _, others = by_slice(granted, granted, codes, ("middle-aged", "other"))
    assert others.selection_difference.value == pytest.approx(0.1)
    assert others.label_difference.value == pytest.approx(0.1)
    assert others.disparate_impact.value == pytest.approx(0.5 / 0.6)


rows = st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 3)), max_size=40)


@settings(deadline=None)  # a busy machine is not a failure
@given(rows)
def test_no_slice_breaks_and_two_slices_mirror_each_other(
    given_rows: list[tuple[bool, bool, int]],
) -> None:
    """Whatever the rows, there is a figure or a reason; swapping the sides turns the sign."""
    target = np.array([row[0] for row in given_rows], dtype=bool)
    called = np.array([row[1] for row in given_rows], dtype=bool)
    codes = np.array([row[2] for row in given_rows], dtype=np.int64)
    for one in by_slice(target, called, codes, "abcd"):
        assert one.rates.rows + one.others.rows == len(target)
        figures = [part for part in vars(one).values() if isinstance(part, Figure)]
        assert len(figures) == 4
        for figure in figures:
            assert (figure.value is None) == bool(figure.reason)
            assert figure.value is None or math.isfinite(figure.value)
    one, other = by_slice(target, called, codes % 2, "ab")
    for name in ("label_difference", "selection_difference", "opportunity_difference"):
        left, right = getattr(one, name).value, getattr(other, name).value
        assert left is right is None or left == -right


def test_slice_without_rows_has_reasons() -> None:
    """A value that training knew and the test rows lack; no division by zero."""
    *_, east = by_slice(TARGET, CALLED, CODES, (*NAMES, "east"))
    assert east.rates.rows == 0
    assert east.rates.selection_rate == Figure(None, "there are no rows")
    assert east.selection_difference == Figure(None, "in the slice: there are no rows")
    assert east.disparate_impact.value is None
    assert east.others.rows == 8


def test_the_only_slice_has_no_others() -> None:
    """A column with one value compares with nothing."""
    (only,) = by_slice(TARGET, CALLED, np.zeros(8, dtype=np.int64), ("all",))
    assert only.rates.selection_rate == Figure(0.5)
    assert only.label_difference == Figure(None, "among the other rows: there are no rows")
    assert only.disparate_impact.value is None


def test_slice_without_positives_has_no_opportunity() -> None:
    """Its rates of selection compare all the same."""
    target = TARGET & (CODES == 0)
    _, south = by_slice(target, CALLED, CODES, NAMES)
    assert south.rates.true_positive_rate == Figure(None, "no row is positive")
    assert south.opportunity_difference == Figure(None, "in the slice: no row is positive")
    assert south.selection_difference == Figure(0.5)
    north, _ = by_slice(target, CALLED, CODES, NAMES)
    assert north.opportunity_difference.reason == "among the other rows: no row is positive"


def test_nobody_called_positive_has_no_ratio() -> None:
    """The differences are 0; a ratio to nothing is not parity."""
    _, south = by_slice(TARGET, np.zeros(8, dtype=bool), CODES, NAMES)
    assert south.selection_difference == Figure(0.0)
    assert south.disparate_impact == Figure(None, "among the other rows: no row is called positive")
    assert south.rates.precision == Figure(None, "no row is called positive")


def test_everybody_positive_has_no_false_alarms_to_count() -> None:
    """Only negatives can be called wrongly."""
    _, south = by_slice(np.ones(8, dtype=bool), CALLED, CODES, NAMES)
    assert south.rates.false_positive_rate == Figure(None, "no row is negative")
    assert south.rates.precision == Figure(1.0)


def test_no_rows_at_all_are_no_error() -> None:
    """Every figure has its reason."""
    empty = np.empty(0, dtype=bool)
    (one,) = by_slice(empty, empty, np.empty(0, dtype=np.int64), ("none",))
    assert one.label_difference.value is None
    assert by_slice(empty, empty, np.empty(0, dtype=np.int64), ()) == ()
