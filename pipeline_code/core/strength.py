"""Measure how much a single feature tells of the target.

Each half of the rows is predicted from what the other half says of the feature's bins, so that
bins of a few rows do not look as if they knew the target.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.errors import EmptySampleError
from pipeline_code.core.problem_types import BINARY, MULTICLASS, REGRESSION, ProblemType

KIND: Final[dict[str, str]] = {BINARY: "auc", MULTICLASS: "accuracy_gain", REGRESSION: "r2"}
"""What is measured: the area under the ROC curve, by how much of the way from the most frequent
class to no error at all the feature helps, or the share of the variance that it explains."""

NEARLY_PERFECT: Final[dict[str, float]] = {BINARY: 0.99, MULTICLASS: 0.98, REGRESSION: 0.99}
"""From where on a single feature tells the target too well to have been known beforehand."""


def strength(problem: ProblemType, bins: NDArray[Any], target: NDArray[Any]) -> float:
    """Measure how well bins tell the target, from nothing (0; 0.5 of an area) to all (1).

    Args:
        problem: what kind of target it is, and so what is measured; see `KIND`.
        bins: the number of each row's bin, from 0, shape (n,).
        target: 0 and 1, the numbers of classes, or values, shape (n,).

    Raises:
        EmptySampleError: if there are no rows.
    """
    if not len(bins):
        raise EmptySampleError("the training split")
    count = int(bins.max()) + 1
    classes = int(target.max()) + 1 if problem == MULTICLASS else 1
    known = np.empty((len(bins), classes))
    for half in (0, 1):
        learned = slice(half, None, 2)
        known[1 - half :: 2] = _means(bins[learned], target[learned], count, classes)[
            bins[1 - half :: 2]
        ]
    if problem == BINARY:
        return max(0.5, _area(known[:, 0], target))
    if problem == MULTICLASS:
        return _gain(known.argmax(axis=1), target)
    return _explained(known[:, 0], target)


def monotone_strength(problem: ProblemType, values: NDArray[Any], target: NDArray[Any]) -> float:
    """Measure how well numbers themselves tell the target, by their order or along a line.

    A few rows make bins too wide to see that a number says all. Classes have no order: 0, as
    have numbers with gaps.
    """
    if values.dtype.kind != "f" or problem == MULTICLASS or np.isnan(values).any():
        return 0.0
    if problem == BINARY:
        area = _area(values, target)
        return max(area, 1 - area)
    spread = values.std() * target.std()
    if not np.isfinite(spread) or spread == 0:
        return 0.0
    together = np.mean((values - values.mean()) * (target - target.mean()))
    return float(min(1.0, (together / spread) ** 2))


def _means(
    bins: NDArray[Any], target: NDArray[Any], count: int, classes: int
) -> NDArray[np.float64]:
    """Average the target of each bin, of an empty one that of all; shape (bins, classes)."""
    rows = np.bincount(bins, minlength=count)
    means = np.empty((count, classes))
    for one in range(classes):
        values = (target == one).astype(np.float64) if classes > 1 else target
        overall = float(values.mean()) if len(values) else 0.0
        sums = np.bincount(bins, weights=values, minlength=count)
        means[:, one] = np.where(rows > 0, sums / np.maximum(rows, 1), overall)
    return means


def _area(score: NDArray[np.float64], target: NDArray[Any]) -> float:
    """Compute the area under the ROC curve, ties counted half; 0.5 where a class is missing."""
    values, places = np.unique(score, return_inverse=True)
    positives = np.bincount(places, weights=target, minlength=len(values))
    negatives = np.bincount(places, weights=1 - target, minlength=len(values))
    pairs = positives.sum() * negatives.sum()
    if not pairs:
        return 0.5
    below = np.cumsum(negatives) - negatives
    return float((positives * (below + negatives / 2)).sum() / pairs)


def _gain(guess: NDArray[Any], target: NDArray[Any]) -> float:
    most = np.bincount(target.astype(np.int64)).max() / len(target)
    if most == 1:
        return 0.0
    return max(0.0, float((np.mean(guess == target) - most) / (1 - most)))


def _explained(guess: NDArray[np.float64], target: NDArray[Any]) -> float:
    total = float(np.sum((target - target.mean()) ** 2))
    if not total:
        return 0.0
    return max(0.0, 1 - float(np.sum((target - guess) ** 2)) / total)
