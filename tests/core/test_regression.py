"""Metrics of numbers are scikit-learn's, and what it warns of has a value or a name here."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_code.core.errors import EmptySampleError
from pipeline_code.core.metrics import METRICS_OF, NotFiniteError
from pipeline_code.core.regression import ValueCosts, Values, measure

COSTS = ValueCosts(over=2, under=5)
TARGET = np.array([10.0, 20.0, 0.0, -4.0])
PREDICTED = np.array([12.0, 17.0, 1.0, -4.0])

numbers = st.one_of(
    st.integers(-50, 50).map(float), st.floats(-1e3, 1e3).map(lambda value: round(value, 2))
)


def test_known_values() -> None:
    """Four rows whose errors are 2, -3, 1 and 0."""
    found = measure(TARGET, PREDICTED, costs=COSTS)
    assert tuple(found) == METRICS_OF["regression"]
    assert found["rmse"] == pytest.approx(np.sqrt(14 / 4))
    assert found["mae"] == 1.5
    assert found["r2"] == pytest.approx(1 - 14 / np.square(TARGET - 6.5).sum())
    assert found["mape"] == pytest.approx((0.2 + 0.15 + 0) / 3)
    assert found["median_absolute_error"] == 1.5
    assert found["cost"] == 2 * 3 + 5 * 3


@settings(deadline=None)  # a busy machine is not a failure
@given(st.lists(st.tuples(numbers, numbers), min_size=2, max_size=60))
def test_metrics_are_those_of_scikit_learn(rows: list[tuple[float, float]]) -> None:
    """Ours have the names, so they have the values."""
    target, predicted = (np.array(column) for column in zip(*rows, strict=True))
    found = measure(target, predicted, costs=COSTS)
    expected = {
        "rmse": sklearn.metrics.root_mean_squared_error(target, predicted),
        "mae": sklearn.metrics.mean_absolute_error(target, predicted),
        "median_absolute_error": sklearn.metrics.median_absolute_error(target, predicted),
    }
    if target.min() < target.max():
        expected["r2"] = sklearn.metrics.r2_score(target, predicted)
    known = target != 0
    if known.any():
        expected["mape"] = sklearn.metrics.mean_absolute_percentage_error(
            target[known], predicted[known]
        )
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-7, abs=1e-12), name


def test_costs_are_told_apart_by_the_sign_of_the_error() -> None:
    """Too much stock and too little are different money; nothing wrong is no money."""
    target = np.array([100.0, 100.0, 100.0])
    rows = ValueCosts(over=1, under=10).of(target, np.array([103.0, 98.0, 100.0]))
    assert rows.tolist() == [3, 20, 0]


@pytest.mark.parametrize(
    ("predicted", "expected"), [(np.full(3, 0.1), 1.0), (np.array([0.1, 0.1, 0.2]), 0.0)]
)
def test_constant_target_has_no_variance_to_explain(predicted: Values, expected: float) -> None:
    """Not minus ten to the thirtieth, which rounding of the mean would make of it."""
    assert measure(np.full(3, 0.1), predicted, costs=COSTS)["r2"] == expected


def test_targets_whose_squares_vanish_have_no_variance_either() -> None:
    """The smallest floats differ, their squared distance is 0: no division by it."""
    target = np.array([0.0, 5e-324])
    assert measure(target, target, costs=COSTS)["r2"] == 1.0
    assert measure(target, np.ones(2), costs=COSTS)["r2"] == 0.0


def test_constant_prediction_explains_nothing() -> None:
    """The mean as the only answer has an R² of 0 by definition."""
    found = measure(TARGET, np.full(4, TARGET.mean()), costs=COSTS)
    assert found["r2"] == pytest.approx(0)


def test_targets_of_zero_are_left_out_of_the_percentage_error() -> None:
    """No error is a share of nothing; where nothing else is left, the metric is unknown."""
    found = measure(np.array([0.0, 5.0]), np.array([7.0, 6.0]), costs=COSTS)
    assert found["mape"] == pytest.approx(0.2)
    none = measure(np.zeros(3), np.ones(3), costs=COSTS)
    assert np.isnan(none["mape"])
    assert none["mae"] == 1


def test_one_row_has_errors_but_no_variance() -> None:
    """A sample of one is measured as far as it goes."""
    found = measure(np.array([4.0]), np.array([5.0]), costs=COSTS)
    assert found["mae"] == found["rmse"] == found["median_absolute_error"] == 1
    assert np.isnan(found["r2"])


def test_no_rows_are_refused() -> None:
    """Nothing measured is not zero."""
    with pytest.raises(EmptySampleError):
        measure(np.empty(0), np.empty(0), costs=COSTS)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_no_number_is_refused(wrong: float) -> None:
    """The message says on which side it stands."""
    broken = np.array([1.0, wrong])
    with pytest.raises(NotFiniteError, match="1 of 2 targets"):
        measure(broken, np.ones(2), costs=COSTS)
    with pytest.raises(NotFiniteError, match="1 of 2 predictions"):
        measure(np.ones(2), broken, costs=COSTS)
