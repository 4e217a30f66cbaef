"""Weighted metrics of numbers equal the plain ones on rows drawn for real."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_code.core.bootstrap import Plan, compare, intervals, resamples
from pipeline_code.core.errors import EmptySampleError
from pipeline_code.core.metrics import METRICS_OF, NotFiniteError
from pipeline_code.core.regression import ValueCosts, Values, measure
from pipeline_code.core.scored_values import ScoredValues

COSTS = ValueCosts(over=2, under=5)

numbers = st.one_of(
    st.integers(-3, 3).map(float), st.floats(-1e3, 1e3).map(lambda value: round(value, 2))
)


def sample(rows: int = 500) -> tuple[Values, Values]:
    """Make rows whose predictions know something of the target."""
    generator = np.random.default_rng(2)
    target = generator.gamma(2.0, 50.0, rows)
    return target, target * generator.normal(1, 0.2, rows)


@settings(deadline=None)  # a busy machine is not a failure
@given(
    st.lists(st.tuples(numbers, numbers, st.integers(0, 6)), min_size=1, max_size=40),
    st.integers(0, 9),
)
def test_weights_measure_what_drawn_rows_measure(
    rows: list[tuple[float, float, int]], seed: int
) -> None:
    """Counting a row twice is having it twice; also for the median and a constant target."""
    target, predicted, group = (np.array(column) for column in zip(*rows, strict=True))
    group = np.unique(group, return_inverse=True)[1]
    (weights,) = resamples(Plan(group, samples=1, confidence=0.9, seed=seed))
    found = ScoredValues(target, predicted, costs=COSTS).under(weights, group)

    drawn = np.repeat(np.arange(len(target)), weights[0].astype(int)[group])
    expected = measure(target[drawn], predicted[drawn], costs=COSTS)
    assert tuple(found) == tuple(expected)
    for name, value in expected.items():
        assert found[name][0] == pytest.approx(value, rel=1e-7, abs=1e-9, nan_ok=True), name


def test_an_outlier_that_is_not_drawn_does_not_blur_the_variance() -> None:
    """R² is computed around the mean of what was drawn, not of all rows."""
    target = np.array([1.0, 2.0, 3.0, 1e13])
    predicted = np.array([1.0, 2.0, 4.0, 1e13])
    found = ScoredValues(target, predicted, costs=COSTS).under(
        np.array([[1.0, 1.0, 1.0, 0.0]]), np.arange(4)
    )
    assert found["r2"][0] == pytest.approx(0.5)


def test_median_of_an_even_draw_is_the_mean_of_the_middle_two() -> None:
    """Errors 1, 1, 3, 9: the plain median is 2, so the weighted one is."""
    rows = ScoredValues(np.zeros(3), np.array([9.0, 1.0, 3.0]), costs=COSTS)
    draws = np.array([[1.0, 2.0, 1.0], [1.0, 0.0, 0.0], [1.0, 2.0, 0.0], [2.0, 2.0, 0.0]])
    found = rows.under(draws, np.arange(3))
    assert found["median_absolute_error"].tolist() == [2, 9, 1, 5]


def test_value_is_that_of_all_rows_and_lies_in_the_interval() -> None:
    """An interval around something else would be no interval of the metric."""
    target, predicted = sample()
    found = intervals(
        ScoredValues(target, predicted, costs=COSTS),
        Plan(np.arange(len(target)), samples=100, confidence=0.95, seed=1),
    )
    assert tuple(found) == METRICS_OF["regression"]
    for name, value in measure(target, predicted, costs=COSTS).items():
        assert found[name].value == value
        assert found[name].low < value < found[name].high, name


def test_less_error_is_better_and_more_explanation_is() -> None:
    """The share of wins knows each metric's direction."""
    target, predicted = sample()
    ours = ScoredValues(target, predicted, costs=COSTS)
    mean = ScoredValues(target, np.full(len(target), target.mean()), costs=COSTS)
    plan = Plan(np.arange(len(target)), samples=30, confidence=0.95, seed=0)
    _, _, uplift = compare(ours, mean, plan)
    assert {one.share_better for one in uplift.values()} == {1.0}


def test_subset_is_measured_as_if_it_were_all() -> None:
    """A slice's rows are a sample of their own."""
    target, predicted = sample()
    kept = target > 100
    part = ScoredValues(target, predicted, costs=COSTS).subset(kept)
    assert part.values == measure(target[kept], predicted[kept], costs=COSTS)


def test_draws_of_no_rows_and_of_targets_of_zero_are_unknown() -> None:
    """Neither is a division by zero, and the interval has no ends."""
    rows = ScoredValues(np.zeros(3), np.ones(3), costs=COSTS)
    found = rows.under(np.array([[0.0, 2.0]]), np.zeros(3, dtype=np.int64))
    assert all(np.isnan(values[0]) for values in found.values())
    ends = intervals(rows, Plan(np.arange(3), samples=5, confidence=0.9, seed=0))
    assert np.isnan(ends["mape"].value)
    assert (ends["mape"].low, ends["mape"].high) == (None, None)


def test_what_cannot_be_measured_is_refused() -> None:
    """Before anything is sorted."""
    with pytest.raises(EmptySampleError):
        ScoredValues(np.empty(0), np.empty(0), costs=COSTS)
    with pytest.raises(NotFiniteError):
        ScoredValues(np.ones(1), np.array([np.nan]), costs=COSTS)
