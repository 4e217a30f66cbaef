"""Show how predictions move with one feature while all others stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.errors import EmptySampleError

Matrix = NDArray[np.float32]
Predict = Callable[[Matrix], NDArray[Any]]

POINTS: Final = 20
ROWS: Final = 1_000


def number_grid(values: NDArray[Any], *, points: int = POINTS) -> Matrix:
    """Choose values of a numeric feature that spread as its rows do: quantiles, rising.

    Equal quantiles are one point, so a constant feature has one and a feature that is missing
    everywhere has none.
    """
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return np.empty(0, dtype=np.float32)
    # Values that occur: the model may know nothing of what lies between.
    at = np.quantile(known, np.linspace(0, 1, points), method="inverted_cdf")
    return np.unique(at.astype(np.float32))


def category_grid(codes: NDArray[Any], *, points: int = POINTS) -> Matrix:
    """Choose the codes of a categorical feature that occur most, in rising order.

    A missing category (NaN) is none of them.
    """
    found, counts = np.unique(codes[~np.isnan(codes)], return_counts=True)
    most = np.argsort(-counts, kind="stable")[:points]
    return np.sort(found[most]).astype(np.float32)


def partial_dependence(
    predict: Predict,
    x: Matrix,
    feature: int,
    grid: Matrix,
    *,
    seed: int,
    rows: int = ROWS,
) -> NDArray[np.float64]:
    """Average the predictions with the feature set to each point of the grid in every row.

    Where features hang together the average includes rows that never occur: it shows what the
    model does, not what the world does.

    Args:
        predict: from (m, features) to (m,) or (m, K).
        x: rows as the model takes them, shape (n, features); they are not changed.
        feature: the feature's column.
        grid: the points, shape (g,); NaN asks for the missing value.
        seed: decides which rows are taken, where there are too many.
        rows: how many rows are taken at most.

    Returns:
        The mean prediction at each point, shape (g,) or (g, K).

    Raises:
        EmptySampleError: if there are no rows.

    Source: Friedman, *Greedy function approximation: a gradient boosting machine*, Annals of
    Statistics 29 (2001), section 8.2, doi 10.1214/aos/1013203451.
    """
    if len(x) == 0:
        raise EmptySampleError("the sample for the partial dependence")
    changed = _some(x, rows, seed)
    if len(grid) == 0:
        return np.empty((0, *predict(changed).shape[1:]))
    means = []
    for point in grid:
        changed[:, feature] = point
        means.append(np.asarray(predict(changed), dtype=np.float64).mean(axis=0))
    return np.array(means)


def _some(x: Matrix, rows: int, seed: int) -> Matrix:
    """Copy at most ``rows`` rows, in their order."""
    if len(x) <= rows:
        return x.copy()
    taken = np.random.default_rng(seed).choice(len(x), rows, replace=False)
    return x[np.sort(taken)]
