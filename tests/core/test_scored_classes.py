"""Weighted metrics of classes equal the plain ones on rows drawn for real."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_code.core.bootstrap import Plan, compare, intervals, resamples
from pipeline_code.core.errors import EmptySampleError, SingleClassError
from pipeline_code.core.metrics import METRICS_OF, NotFiniteError
from pipeline_code.core.multiclass import Classes, Probabilities, measure
from pipeline_code.core.scored_classes import ScoredClasses

COSTS = np.array([1.0, 4.0, 2.0])
SAID = np.array(
    [[0.6, 0.3, 0.1], [0.1, 0.6, 0.3], [0.3, 0.1, 0.6], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0.0]]
)
"""Few different probabilities, so that rows of one score are many."""


def sample(rows: int = 400, groups: int = 60) -> tuple[Classes, Probabilities, Classes]:
    """Make rows of three classes whose probabilities know something of them."""
    generator = np.random.default_rng(5)
    target = generator.integers(0, 3, rows)
    guess = np.where(generator.random(rows) < 0.6, target, generator.integers(0, 5, rows))
    return target, SAID[guess], generator.integers(0, groups, rows)


@settings(deadline=None)  # a busy machine is not a failure
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 4), st.integers(0, 5)), min_size=1, max_size=40
    ),
    st.integers(0, 9),
)
def test_weights_measure_what_drawn_rows_measure(
    rows: list[tuple[int, int, int]], seed: int
) -> None:
    """Counting a row twice is having it twice, also where a class is not drawn at all."""
    target, said, group = (np.array(column) for column in zip(*rows, strict=True))
    group = np.unique(group, return_inverse=True)[1]
    probabilities = SAID[said]
    (weights,) = resamples(Plan(group, samples=1, confidence=0.9, seed=seed))
    found = ScoredClasses(target, probabilities, costs=COSTS).under(weights, group)

    drawn = np.repeat(np.arange(len(target)), weights[0].astype(int)[group])
    try:
        expected = measure(target[drawn], probabilities[drawn], costs=COSTS)
    except SingleClassError:
        assert np.isnan(found["auc_roc_macro"][0])
        assert np.isnan(found["average_precision_macro"][0])
        assert 0 <= found["accuracy"][0] <= 1
        return
    assert tuple(found) == tuple(expected)
    for name, value in expected.items():
        assert found[name][0] == pytest.approx(value), name


def test_value_is_that_of_all_rows_and_lies_in_the_interval() -> None:
    """An interval around something else would be no interval of the metric."""
    target, probabilities, group = sample()
    found = intervals(
        ScoredClasses(target, probabilities, costs=COSTS),
        Plan(group, samples=100, confidence=0.95, seed=1),
    )
    assert tuple(found) == METRICS_OF["multiclass"]
    for name, value in measure(target, probabilities, costs=COSTS).items():
        assert found[name].value == value
        assert found[name].low < value < found[name].high, name


def test_models_are_compared_on_the_same_resamples() -> None:
    """A model differs from itself by nothing, and from chance for the better."""
    target, probabilities, group = sample()
    ours = ScoredClasses(target, probabilities, costs=COSTS)
    chance = ScoredClasses(target, np.full((len(target), 3), 1 / 3), costs=COSTS)
    plan = Plan(group, samples=30, confidence=0.95, seed=0)
    _, _, same = compare(ours, ours, plan)
    assert {(one.value, one.low, one.high) for one in same.values()} == {(0.0, 0.0, 0.0)}
    _, _, uplift = compare(ours, chance, plan)
    for name in ("accuracy", "f1_macro", "auc_roc_macro", "cost"):
        assert uplift[name].share_better == 1.0, name


def test_subset_is_measured_as_if_it_were_all() -> None:
    """A slice's rows are a sample of their own."""
    target, probabilities, _ = sample()
    part = ScoredClasses(target, probabilities, costs=COSTS).subset(target > 0)
    expected = measure(target[target > 0], probabilities[target > 0], costs=COSTS)
    assert part.values == expected


def test_draw_of_no_rows_is_unknown() -> None:
    """A group without rows may be drawn alone; that is no division by zero."""
    target, probabilities, _ = sample(rows=10)
    rows = ScoredClasses(target, probabilities, costs=COSTS)
    found = rows.under(np.array([[0.0, 2.0]]), np.zeros(10, dtype=np.int64))
    assert all(np.isnan(values[0]) for values in found.values())


def test_what_cannot_be_measured_is_refused() -> None:
    """Before anything is sorted."""
    with pytest.raises(EmptySampleError):
        ScoredClasses(np.empty(0, dtype=np.int64), np.empty((0, 3)), costs=COSTS)
    with pytest.raises(NotFiniteError):
        ScoredClasses(np.zeros(1, dtype=np.int64), np.full((1, 3), np.nan), costs=COSTS)
    one = ScoredClasses(np.zeros(2, dtype=np.int64), SAID[:2], costs=COSTS)
    with pytest.raises(SingleClassError):
        assert one.values
