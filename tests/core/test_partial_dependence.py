"""The mean prediction at each point is that of all rows with the feature set to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.inspection import partial_dependence as reference
from sklearn.tree import DecisionTreeRegressor

from pipeline_code.core.errors import EmptySampleError
from pipeline_code.core.partial_dependence import (
    category_grid,
    number_grid,
    partial_dependence,
)

X = np.random.default_rng(4).normal(size=(300, 3)).astype(np.float32)


def additive(x: NDArray[Any]) -> NDArray[Any]:
    """A model whose dependence on the first feature is its square, plus what the rest give."""
    return x[:, 0] ** 2 + x[:, 1]


def test_additive_part_is_found_exactly() -> None:
    """Of a sum the dependence is the feature's own term plus a constant."""
    grid = np.array([-2, 0, 1], dtype=np.float32)
    found = partial_dependence(additive, X, 0, grid, seed=0)
    assert found == pytest.approx(grid**2 + X[:, 1].mean(), abs=1e-5)
    unused = partial_dependence(additive, X, 2, grid, seed=0)
    assert unused == pytest.approx(np.full(3, additive(X).mean()), abs=1e-5)


def test_it_is_that_of_scikit_learn() -> None:
    """By brute force, on a tree with interactions."""
    tree = DecisionTreeRegressor(max_depth=6, random_state=0)
    tree.fit(X, X[:, 0] * X[:, 1] + np.sin(X[:, 2]))
    grid = number_grid(X[:, 1])
    expected = reference(tree, X, [1], custom_values={1: grid}, method="brute", kind="average")
    found = partial_dependence(tree.predict, X, 1, grid, seed=0)
    assert found == pytest.approx(expected["average"][0])


def test_several_classes_have_a_line_each() -> None:
    """Probabilities that add up to 1 in every row do so on average."""

    def predict(x: NDArray[Any]) -> NDArray[Any]:
        first = 1 / (1 + np.exp(-x[:, 0]))
        return np.column_stack([first, (1 - first) / 2, (1 - first) / 2])

    found = partial_dependence(predict, X, 0, number_grid(X[:, 0], points=5), seed=0)
    assert found.shape == (5, 3)
    assert found.sum(axis=1) == pytest.approx(np.ones(5))
    assert (np.diff(found[:, 0]) > 0).all()


def test_rows_are_left_as_they_are() -> None:
    """The caller's matrix is measured again after this."""
    before = X.copy()
    partial_dependence(additive, X, 0, np.array([9], dtype=np.float32), seed=0)
    assert (before == X).all()


def test_many_rows_are_sampled_by_the_seed() -> None:
    """The model is asked for few rows a point, the same ones in every run."""
    asked: list[int] = []

    def predict(x: NDArray[Any]) -> NDArray[Any]:
        asked.append(len(x))
        return additive(x)

    grid = np.zeros(2, dtype=np.float32)
    one, again, other = (
        partial_dependence(predict, X, 0, grid, seed=seed, rows=50).tolist() for seed in (1, 1, 2)
    )
    assert set(asked) == {50}
    assert one == again != other
    assert one[0] == one[1]


def test_missing_value_can_be_asked_for() -> None:
    """A tree knows what to do where nothing is known."""

    def predict(x: NDArray[Any]) -> NDArray[Any]:
        return np.isnan(x[:, 0]).astype(np.float32)

    grid = np.array([0, np.nan], dtype=np.float32)
    assert partial_dependence(predict, X, 0, grid, seed=0).tolist() == [0, 1]


def test_number_grid_follows_the_rows() -> None:
    """From the lowest to the highest value, closer where rows are many; only what occurs."""
    values = np.concatenate([np.arange(90.0), np.arange(1000.0, 1010.0), [np.nan]])
    grid = number_grid(values)
    assert (grid[0], grid[-1]) == (0, 1009)
    assert len(grid) == 20
    assert (grid < 90).sum() == 18
    assert set(grid.tolist()) <= set(values.tolist())


@pytest.mark.parametrize(
    ("values", "expected"),
    [([3, 3, 3], [3]), ([0, 1, 1], [0, 1]), ([np.nan, np.inf], []), ([], []), ([5], [5])],
)
def test_number_grid_of_degenerate_features(values: list[float], expected: list[float]) -> None:
    """Constant, yes or no, missing everywhere, no rows, one row."""
    assert number_grid(np.array(values, dtype=np.float32)).tolist() == expected


def test_category_grid_holds_the_most_frequent_codes() -> None:
    """In the order of the codes, without the missing one."""
    codes = np.array([4, 4, 4, 0, 0, 2, np.nan, np.nan, np.nan])
    assert category_grid(codes).tolist() == [0, 2, 4]
    assert category_grid(codes, points=2).tolist() == [0, 4]
    assert category_grid(np.array([np.nan])).tolist() == []


def test_feature_without_values_has_no_points() -> None:
    """The shape still says how many classes there are."""
    nothing = np.empty(0, dtype=np.float32)
    assert partial_dependence(additive, X, 0, nothing, seed=0).shape == (0,)
    found = partial_dependence(lambda x: x[:, :2], X, 0, nothing, seed=0)
    assert found.shape == (0, 2)


def test_no_rows_are_refused() -> None:
    """A mean over nothing is no prediction."""
    with pytest.raises(EmptySampleError):
        partial_dependence(additive, X[:0], 0, np.zeros(1, dtype=np.float32), seed=0)
