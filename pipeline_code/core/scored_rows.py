"""The rows of a binary problem under one model's scores, ready for many resamples."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core import metrics
from pipeline_code.core.metrics import BINS, CardDays, CardRanking, ErrorCosts
from pipeline_code.core.scored_ranking import Ranking
from pipeline_code.core.scored_sums import Weights, group_sums, ratio
from pipeline_code.core.thresholds import Labels, Scores


class ScoredRows:
    """The rows under one model's scores, ready to be measured under many resamples."""

    def __init__(
        self,
        target: Labels,
        scores: Scores,
        *,
        threshold: float,
        costs: ErrorCosts,
        card_days: CardDays | None = None,
    ) -> None:
        metrics.require_measurable(scores=scores)
        self._target = target
        self._scores = scores
        self._threshold = threshold
        self._costs = costs
        self._card_days = card_days
        self._ranking = Ranking(target, scores)
        self._sums = _row_sums(target, scores, threshold)
        self._cards = CardRanking(target, scores, card_days) if card_days else None

    @cached_property
    def values(self) -> dict[str, float]:
        """Every metric of the rows as they are; `metrics.measure` says what it raises."""
        return metrics.measure(
            self._target,
            self._scores,
            threshold=self._threshold,
            costs=self._costs,
            card_days=self._card_days,
        )

    def subset(self, rows: NDArray[np.bool_]) -> ScoredRows:
        """Keep some rows; the metric by card, which means all of a day's cards, is left out."""
        return ScoredRows(
            self._target[rows], self._scores[rows], threshold=self._threshold, costs=self._costs
        )

    def under(self, weights: Weights, group: NDArray[np.int64]) -> dict[str, Scores]:
        """Compute every metric under ``weights``, shape (samples, groups); NaN where undefined.

        Returns:
            An array of one value a sample for each metric.
        """
        found = self._by_decision(weights, group)
        ranked = np.array([self._ranking.measure(row[group]) for row in weights])
        found[metrics.AUC_ROC], found[metrics.AVERAGE_PRECISION] = ranked.T
        if self._cards is not None:
            # A card is drawn as often as its first row: exact where groups are cards.
            drawn = weights[:, group[self._cards.first_row]]
            found[metrics.CARD_PRECISION] = self._cards.precision(drawn)
        return found

    def _by_decision(self, weights: Weights, group: NDArray[np.int64]) -> dict[str, Scores]:
        sums = {
            name: weights @ group_sums(values, group, weights.shape[1])
            for name, values in self._sums.items()
        }
        tp, fp, fn, rows = sums["tp"], sums["fp"], sums["fn"], sums["rows"]
        return {
            metrics.PRECISION: ratio(tp, tp + fp, 0.0),
            metrics.RECALL: ratio(tp, tp + fn, np.nan),
            metrics.F1: ratio(2 * tp, 2 * tp + fp + fn, np.nan),
            metrics.ACCURACY: ratio(sums["right"], rows, np.nan),
            metrics.LOG_LOSS: ratio(sums["loss"], rows, np.nan),
            metrics.BRIER: ratio(sums["square"], rows, np.nan),
            metrics.CALIBRATION_ERROR: ratio(self._gaps(weights, group), rows, np.nan),
            metrics.COST: fp * self._costs.false_positive + fn * self._costs.false_negative,
        }

    def _gaps(self, weights: Weights, group: NDArray[np.int64]) -> Scores:
        """Add up over the bins of the score how far predictions and outcomes lie apart."""
        groups, bins = weights.shape[1], metrics.score_bins(self._scores)
        cells = np.bincount(
            group * BINS + bins, weights=self._scores - self._target, minlength=groups * BINS
        )
        gaps: Scores = np.abs(weights @ cells.reshape(groups, BINS)).sum(axis=1)
        return gaps


def _row_sums(target: Labels, scores: Scores, threshold: float) -> dict[str, Scores]:
    """Compute what each row adds to the sums of which the threshold's metrics are ratios."""
    called = scores >= threshold
    epsilon = float(np.finfo(np.float64).eps)
    probability = np.clip(scores, epsilon, 1 - epsilon)
    rows = {
        "tp": called & target,
        "fp": called & ~target,
        "fn": ~called & target,
        "right": called == target,
        "rows": np.ones(len(target)),
        "loss": -np.log(np.where(target, probability, 1 - probability)),
        "square": np.square(scores - target),
    }
    return {name: values.astype(np.float64) for name, values in rows.items()}
