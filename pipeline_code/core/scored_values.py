"""The rows of a regression under one model, ready for many resamples."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core import metrics, regression
from pipeline_code.core.regression import ValueCosts, Values
from pipeline_code.core.scored_sums import Weights


class ScoredValues:
    """The rows under one model's predictions, ready to be measured under many resamples."""

    def __init__(self, target: Values, predicted: Values, *, costs: ValueCosts) -> None:
        metrics.require_measurable(targets=target, predictions=predicted)
        self._target = target
        self._predicted = predicted
        self._costs = costs
        self._error = np.abs(predicted - target)
        self._square = np.square(self._error)
        self._cost = costs.of(target, predicted)
        shares = regression.percentage_errors(target, predicted)
        self._has_share = (~np.isnan(shares)).astype(np.float64)
        self._share = np.nan_to_num(shares)
        self._order = np.argsort(self._error, kind="stable")
        self._sorted_error = self._error[self._order]

    @cached_property
    def values(self) -> dict[str, float]:
        """Every metric of the rows as they are."""
        return regression.measure(self._target, self._predicted, costs=self._costs)

    def subset(self, rows: NDArray[np.bool_]) -> ScoredValues:
        """Keep some rows."""
        return ScoredValues(self._target[rows], self._predicted[rows], costs=self._costs)

    def under(self, weights: Weights, group: NDArray[np.int64]) -> dict[str, Values]:
        """Compute every metric under ``weights``, shape (samples, groups); NaN where undefined.

        Returns:
            An array of one value a sample for each metric.
        """
        found = [self._measure(row[group]) for row in weights]
        return {
            name: np.array([one[name] for one in found])
            for name in metrics.METRICS_OF[metrics.REGRESSION]
        }

    def _measure(self, weights: Weights) -> dict[str, float]:
        """Compute every metric of one resample from how often it drew each row."""
        rows, shares = float(weights.sum()), float(weights @ self._has_share)
        if rows == 0:
            return dict.fromkeys(metrics.METRICS_OF[metrics.REGRESSION], float("nan"))
        return {
            metrics.RMSE: float(np.sqrt(weights @ self._square / rows)),
            metrics.MAE: float(weights @ self._error / rows),
            metrics.R2: regression.r_squared(self._target, self._predicted, weights),
            metrics.MAPE: float(weights @ self._share) / shares if shares else float("nan"),
            metrics.MEDIAN_ABSOLUTE_ERROR: self._median(weights),
            metrics.COST: float(weights @ self._cost),
        }

    def _median(self, weights: Weights) -> float:
        """Take the error in the middle; where two are, their mean, as the plain median does.

        The lower of the two would be simpler, but no value of any resample of even size.
        """
        reached = np.cumsum(weights[self._order])
        half = reached[-1] / 2
        lower = np.searchsorted(reached, half, side="left")
        upper = np.searchsorted(reached, half, side="right")
        return float((self._sorted_error[lower] + self._sorted_error[upper]) / 2)
