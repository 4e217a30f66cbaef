"""Reduce scores to the few points that a picture needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import sklearn.metrics
from numpy.typing import NDArray

from pipeline_code.core.metrics import ErrorCosts
from pipeline_code.core.thresholds import Labels, Scores

Point = tuple[float, float]

POINTS: Final = 160
"""More than a picture of a few hundred pixels can show."""
_BINS: Final = 10
_Z95: Final = 1.959964
_SMALLEST_THRESHOLD: Final = 1e-4


@dataclass(frozen=True)
class CalibrationBin:
    """The rows with scores in one tenth: what was predicted, and what happened."""

    rows: int
    predicted: float
    observed: float
    low: float
    high: float


def roc_curve(target: Labels, scores: Scores) -> list[Point]:
    """Return (false positive rate, true positive rate) from (0, 0) to (1, 1)."""
    x, y, _ = sklearn.metrics.roc_curve(target, scores)
    return thinned(x, y)


def precision_recall_curve(target: Labels, scores: Scores) -> list[Point]:
    """Return (recall, precision) in the order of rising recall."""
    precision, recall, _ = sklearn.metrics.precision_recall_curve(target, scores)
    # The last point (recall 0, precision 1) is a convention, not a threshold.
    return thinned(recall[:-1][::-1], precision[:-1][::-1])


def cost_curve(target: Labels, scores: Scores, costs: ErrorCosts) -> list[Point]:
    """Return (threshold, cost of the errors at it) for thresholds from 0.0001 to 1.

    Below 0.1 the thresholds are spaced by their ratio, above by their difference, because the
    scores of rare events crowd near zero.
    """
    low = np.geomspace(_SMALLEST_THRESHOLD, 0.1, POINTS // 2)
    thresholds = np.concatenate([low, np.linspace(0.1, 1.0, POINTS // 2)[1:]])
    positives, negatives = np.sort(scores[target]), np.sort(scores[~target])
    missed = np.searchsorted(positives, thresholds, side="left")
    alarms = len(negatives) - np.searchsorted(negatives, thresholds, side="left")
    cost = missed * costs.false_negative + alarms * costs.false_positive
    return _points(thresholds, cost)


def calibration(target: Labels, scores: Scores) -> list[CalibrationBin]:
    """Compare predicted with observed shares in tenths of the score; empty tenths are left out.

    The interval is Wilson's at 95 %. Source: Wilson, JASA 22 (1927), 209-212.
    """
    tenth = np.minimum((scores * _BINS).astype(int), _BINS - 1)
    bins = []
    for index in range(_BINS):
        inside = tenth == index
        rows = int(inside.sum())
        if rows:
            observed = float(target[inside].mean())
            low, high = _wilson(observed, rows)
            bins.append(CalibrationBin(rows, float(scores[inside].mean()), observed, low, high))
    return bins


def score_histogram(target: Labels, scores: Scores) -> dict[str, list[int]]:
    """Count negatives and positives in tenths of the score."""
    edges = np.linspace(0, 1, _BINS + 1)
    return {
        "negatives": np.histogram(scores[~target], edges)[0].tolist(),
        "positives": np.histogram(scores[target], edges)[0].tolist(),
    }


def thinned(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[Point]:
    """Keep at most `POINTS` points of a curve, evenly along its length, both ends included."""
    if len(x) <= POINTS:
        return _points(x, y)
    length = np.append(0.0, np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y))))
    wanted = np.linspace(0, length[-1], POINTS)
    kept = np.unique(np.append(np.searchsorted(length, wanted[:-1]), len(x) - 1))
    return _points(x[kept], y[kept])


def _points(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[Point]:
    return [(round(float(a), 6), round(float(b), 6)) for a, b in zip(x, y, strict=True)]


def _wilson(share: float, rows: int) -> tuple[float, float]:
    centre = share + _Z95**2 / (2 * rows)
    spread = _Z95 * np.sqrt(share * (1 - share) / rows + _Z95**2 / (4 * rows**2))
    scale = 1 + _Z95**2 / rows
    return max(0.0, float((centre - spread) / scale)), min(1.0, float((centre + spread) / scale))
