"""Measure a ranking again and again: scores are sorted once, only the rows' weights change."""

from __future__ import annotations

import numpy as np

from pipeline_code.core.scored_sums import Weights
from pipeline_code.core.thresholds import Labels, Scores


class Ranking:
    """The rows by descending score, where rows of one score are not told apart."""

    def __init__(self, positive: Labels, scores: Scores) -> None:
        self._order = np.argsort(-scores, kind="stable")
        ordered = scores[self._order]
        self._positive = positive[self._order]
        self._starts = np.append(0, np.flatnonzero(np.diff(ordered)) + 1)

    def measure(self, weights: Weights) -> tuple[float, float]:
        """Compute the ROC area and the average precision; NaN where a kind of rows is missing.

        Args:
            weights: how often each row counts, in the rows' own order, shape (n,).
        """
        ordered = weights[self._order]
        positives = self._by_score(np.where(self._positive, ordered, 0.0))
        negatives = self._by_score(np.where(self._positive, 0.0, ordered))
        caught, alarms = np.cumsum(positives), np.cumsum(negatives)
        if caught[-1] == 0 or alarms[-1] == 0:
            return float("nan"), float("nan")
        # A negative below, or half of one at the same score, for every positive.
        below = alarms[-1] - alarms + negatives / 2
        area = positives @ below / (caught[-1] * alarms[-1])
        called = caught + alarms
        steps = np.divide(positives * caught, called, out=np.zeros_like(called), where=called > 0)
        return float(area), float(steps.sum() / caught[-1])

    def _by_score(self, ordered: Weights) -> Weights:
        # Adding up runs of one row each would only copy them.
        untied = len(self._starts) == len(ordered)
        return ordered if untied else np.add.reduceat(ordered, self._starts)
