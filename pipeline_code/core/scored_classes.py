"""The rows of a multiclass problem under one model, ready for many resamples."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core import metrics, multiclass
from pipeline_code.core.multiclass import Classes, MissedCosts, Probabilities
from pipeline_code.core.scored_ranking import Ranking
from pipeline_code.core.scored_sums import Weights, group_sums, ratio


class ScoredClasses:
    """The rows under one model's probabilities, ready to be measured under many resamples."""

    def __init__(
        self, target: Classes, probabilities: Probabilities, *, costs: MissedCosts
    ) -> None:
        metrics.require_measurable(probabilities=probabilities)
        self._target = target
        self._probabilities = probabilities
        self._costs = costs
        self._classes = len(costs)
        self._cells = target * self._classes + multiclass.decide(probabilities, costs)
        self._losses = multiclass.log_losses(target, probabilities)
        self._rankings = {
            int(one): Ranking(target == one, probabilities[:, one]) for one in np.unique(target)
        }

    @cached_property
    def values(self) -> dict[str, float]:
        """Every metric of the rows as they are; `multiclass.measure` says what it raises."""
        return multiclass.measure(self._target, self._probabilities, costs=self._costs)

    def subset(self, rows: NDArray[np.bool_]) -> ScoredClasses:
        """Keep some rows."""
        return ScoredClasses(self._target[rows], self._probabilities[rows], costs=self._costs)

    def under(self, weights: Weights, group: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
        """Compute every metric under ``weights``, shape (samples, groups); NaN where undefined.

        The mean over classes is one over those that occur in the resample.

        Returns:
            An array of one value a sample for each metric.
        """
        found = [self._measure(row[group]) for row in weights]
        return {
            name: np.array([one[name] for one in found])
            for name in metrics.METRICS_OF[metrics.MULTICLASS]
        }

    def _measure(self, weights: Weights) -> dict[str, float]:
        """Compute every metric of one resample from how often it drew each row."""
        counts = group_sums(weights, self._cells, self._classes**2)
        counts = counts.reshape(self._classes, self._classes)
        rows = counts.sum()
        if rows == 0:
            return dict.fromkeys(metrics.METRICS_OF[metrics.MULTICLASS], float("nan"))
        actual, right = counts.sum(axis=1), counts.diagonal()
        share_right = float(right.sum() / rows)
        return {
            **_over_classes(counts, actual > 0),
            **self._by_rank(weights, actual > 0),
            metrics.ACCURACY: share_right,
            metrics.PRECISION_MICRO: share_right,
            metrics.RECALL_MICRO: share_right,
            metrics.F1_MICRO: share_right,
            metrics.LOG_LOSS: float(weights @ self._losses / rows),
            metrics.COST: float((actual - right) @ self._costs),
        }

    def _by_rank(self, weights: Weights, present: NDArray[np.bool_]) -> dict[str, float]:
        areas, precisions = np.mean(
            [ranking.measure(weights) for one, ranking in self._rankings.items() if present[one]],
            axis=0,
        )
        return {
            metrics.AUC_ROC_MACRO: float(areas),
            metrics.AVERAGE_PRECISION_MACRO: float(precisions),
        }


def _over_classes(counts: NDArray[np.float64], present: NDArray[np.bool_]) -> dict[str, float]:
    """Average over the classes that are present what each is by itself."""
    actual, called = counts.sum(axis=1)[present], counts.sum(axis=0)[present]
    right = counts.diagonal()[present]
    recall = float(np.mean(right / actual))
    return {
        metrics.BALANCED_ACCURACY: recall,
        metrics.RECALL_MACRO: recall,
        metrics.PRECISION_MACRO: float(np.mean(ratio(right, called, 0.0))),
        metrics.F1_MACRO: float(np.mean(2 * right / (actual + called))),
    }
