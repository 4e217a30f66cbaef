"""Measure how far predicted numbers lie from what happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core import metrics

Values = NDArray[np.float64]

_EPSILON: Final = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class ValueCosts:
    """What each unit of the target costs that is predicted too much, or too little."""

    over: float
    under: float

    def of(self, target: Values, predicted: Values) -> Values:
        """Compute what each row's error costs, shape (n,)."""
        excess = predicted - target
        return np.where(excess > 0, excess * self.over, -excess * self.under)


def measure(target: Values, predicted: Values, *, costs: ValueCosts) -> dict[str, float]:
    """Compute every metric; the definitions are scikit-learn's.

    The mean absolute percentage error is a share (0.1 is 10 %) over the rows whose target is
    not 0, and NaN if there are none. R² of a constant target is 1 where every prediction is
    exact and 0 otherwise; of a single row it is NaN.

    Raises:
        EmptySampleError: if there are no rows.
        NotFiniteError: if a target or a prediction is NaN or infinite.
    """
    metrics.require_measurable(targets=target, predictions=predicted)
    error = np.abs(predicted - target)
    shares = percentage_errors(target, predicted)
    known = shares[~np.isnan(shares)]
    found: dict[str, float] = {
        metrics.RMSE: np.sqrt(np.mean(np.square(error))),
        metrics.MAE: error.mean(),
        metrics.R2: r_squared(target, predicted, np.ones(len(target))),
        metrics.MAPE: known.mean() if len(known) else float("nan"),
        metrics.MEDIAN_ABSOLUTE_ERROR: float(np.median(error)),
        metrics.COST: costs.of(target, predicted).sum(),
    }
    return metrics.in_order(found, metrics.REGRESSION)


def percentage_errors(target: Values, predicted: Values) -> Values:
    """Compute each row's absolute error as a share of its target; NaN where that is 0."""
    size = np.abs(target)
    shares = np.full(len(target), np.nan)
    np.divide(np.abs(predicted - target), np.maximum(size, _EPSILON), out=shares, where=size > 0)
    return shares


def r_squared(target: Values, predicted: Values, weights: Values) -> float:
    """Compute the share of the target's variance that the predictions explain.

    Every row counts as often as its weight says. A constant target has no variance, whatever
    rounding makes of its mean.

    Source: scikit-learn's ``r2_score``, also for a constant target (``force_finite``).
    """
    drawn = weights > 0
    rows = weights.sum()
    if rows < 2:
        return float("nan")
    unexplained = float(weights @ np.square(target - predicted))
    is_constant = target[drawn].min() == target[drawn].max()
    variance = float(weights @ np.square(target - weights @ target / rows))
    # Squares of the smallest floats are 0, so targets that differ may have no variance either.
    if is_constant or variance == 0:
        return 1.0 if unexplained == 0 else 0.0
    return 1 - unexplained / variance
