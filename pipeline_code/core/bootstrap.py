"""Say how sure a metric is: bootstrap intervals, also of the difference between two models.

Scores are sorted once; a resample only changes how often each row counts. So 200 resamples of
60,000 rows take about a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core import metrics
from pipeline_code.core.metrics import CardDays, CardRanking, ErrorCosts
from pipeline_code.core.thresholds import Labels, Scores

Weights = NDArray[np.float64]

_WEIGHTS_AT_ONCE: Final = 4_000_000  # 32 MB


@dataclass(frozen=True)
class Interval:
    """A value and where it lies with the confidence asked for; unknown ends are None.

    An end is unknown when no resample had rows of both classes.
    """

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Plan:
    """How to resample: by whole groups, for rows of one customer are not independent."""

    group: NDArray[np.int64]
    samples: int
    confidence: float
    seed: int


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
        self.values = metrics.measure(
            target, scores, threshold=threshold, costs=costs, card_days=card_days
        )
        self._costs = costs
        self._order = np.argsort(-scores, kind="stable")
        ordered = scores[self._order]
        self._positive = target[self._order]
        self._starts = np.append(0, np.flatnonzero(np.diff(ordered)) + 1)
        self._sums = _row_sums(target, scores, threshold)
        self._cards = CardRanking(target, scores, card_days) if card_days else None

    def under(self, weights: Weights, group: NDArray[np.int64]) -> dict[str, Scores]:
        """Compute every metric under ``weights``, shape (samples, groups); NaN where undefined.

        Returns:
            An array of one value a sample for each metric.
        """
        found = self._by_decision(weights, group)
        ranked = np.array([self._by_rank(row[group][self._order]) for row in weights])
        found[metrics.AUC_ROC], found[metrics.AVERAGE_PRECISION] = ranked.T
        if self._cards is not None:
            # A card is drawn as often as its first row: exact where groups are cards.
            drawn = weights[:, group[self._cards.first_row]]
            found[metrics.CARD_PRECISION] = self._cards.precision(drawn)
        return found

    def _by_rank(self, weights: Weights) -> tuple[float, float]:
        """Compute the ROC area and the average precision of rows in descending order."""
        positives = np.add.reduceat(np.where(self._positive, weights, 0.0), self._starts)
        negatives = np.add.reduceat(np.where(self._positive, 0.0, weights), self._starts)
        caught, alarms = np.cumsum(positives), np.cumsum(negatives)
        if caught[-1] == 0 or alarms[-1] == 0:
            return float("nan"), float("nan")
        # A negative below, or half of one at the same score, for every positive.
        below = alarms[-1] - alarms + negatives / 2
        area = positives @ below / (caught[-1] * alarms[-1])
        called = caught + alarms
        steps = np.divide(positives * caught, called, out=np.zeros_like(called), where=called > 0)
        return float(area), float(steps.sum() / caught[-1])

    def _by_decision(self, weights: Weights, group: NDArray[np.int64]) -> dict[str, Scores]:
        groups = weights.shape[1]
        sums = {
            name: weights @ np.bincount(group, weights=values, minlength=groups)
            for name, values in self._sums.items()
        }
        tp, fp, fn = sums["tp"], sums["fp"], sums["fn"]
        return {
            metrics.PRECISION: _ratio(tp, tp + fp, 0.0),
            metrics.RECALL: _ratio(tp, tp + fn, np.nan),
            metrics.F1: _ratio(2 * tp, 2 * tp + fp + fn, np.nan),
            metrics.ACCURACY: _ratio(sums["right"], sums["rows"], np.nan),
            metrics.LOG_LOSS: _ratio(sums["loss"], sums["rows"], np.nan),
            metrics.COST: fp * self._costs.false_positive + fn * self._costs.false_negative,
        }


def intervals(rows: ScoredRows, plan: Plan) -> dict[str, Interval]:
    """Compute the percentile interval of every metric.

    Source: Efron and Tibshirani, *An Introduction to the Bootstrap*, chapter 13 (percentile
    intervals); whole groups are drawn with replacement.
    """
    drawn = _draws(plan, rows)[0]
    return {name: _interval(value, drawn[name], plan) for name, value in rows.values.items()}


def compare(
    challenger: ScoredRows, champion: ScoredRows, plan: Plan
) -> tuple[dict[str, Interval], dict[str, Interval], dict[str, Interval]]:
    """Compute the intervals of two models and of their difference on the same resamples.

    Returns:
        The challenger's metrics, the champion's, and challenger minus champion. Because both
        are measured on the same resamples, the chance of the draw mostly cancels out.
    """
    ours, theirs = _draws(plan, challenger, champion)
    differences = {
        name: _interval(value - champion.values[name], ours[name] - theirs[name], plan)
        for name, value in challenger.values.items()
    }
    return (
        {name: _interval(value, ours[name], plan) for name, value in challenger.values.items()},
        {name: _interval(value, theirs[name], plan) for name, value in champion.values.items()},
        differences,
    )


def resamples(plan: Plan) -> Iterator[Weights]:
    """Yield how often each group is drawn, some samples at a time, shape (samples, groups)."""
    groups = int(plan.group.max()) + 1
    generator = np.random.default_rng(plan.seed)
    at_once = max(1, _WEIGHTS_AT_ONCE // groups)
    for start in range(0, plan.samples, at_once):
        count = min(at_once, plan.samples - start)
        yield np.array(
            [
                np.bincount(generator.integers(0, groups, groups), minlength=groups)
                for _ in range(count)
            ],
            dtype=np.float64,
        )


def _draws(plan: Plan, *models: ScoredRows) -> list[dict[str, Scores]]:
    parts: list[list[dict[str, Scores]]] = [[] for _ in models]
    for weights in resamples(plan):
        for found, rows in zip(parts, models, strict=True):
            found.append(rows.under(weights, plan.group))
    return [
        {name: np.concatenate([part[name] for part in found]) for name in found[0]}
        for found in parts
    ]


def _interval(value: float, drawn: Scores, plan: Plan) -> Interval:
    known = drawn[~np.isnan(drawn)]
    if len(known) == 0:
        return Interval(value, None, None)
    tail = (1 - plan.confidence) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return Interval(value, float(low), float(high))


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
    }
    return {name: values.astype(np.float64) for name, values in rows.items()}


def _ratio(part: Scores, whole: Scores, otherwise: float) -> Scores:
    result = np.full(len(whole), otherwise)
    np.divide(part, whole, out=result, where=whole > 0)
    return result
