"""Reduce scores and predictions to the few points that a picture needs; all of it is JSON-ready."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import sklearn.metrics
from numpy.typing import NDArray

from pipeline_code.core.errors import EmptySampleError
from pipeline_code.core.metrics import BINS, ErrorCosts, score_bins
from pipeline_code.core.multiclass import Classes, Probabilities
from pipeline_code.core.regression import Values
from pipeline_code.core.thresholds import Labels, Scores

Point = tuple[float, float]

POINTS: Final = 160
"""More than a picture of a few hundred pixels can show."""
CLASS_POINTS: Final = 60
CLASSES: Final = 12
"""More lines than anybody tells apart."""
DOTS: Final = 400
RESIDUAL_BINS: Final = 30
TOLERANCES: Final = (0.05, 0.1, 0.2, 0.5)
_TAIL: Final = 0.005
_DECILES: Final = 10
_Z95: Final = 1.959964
_SMALLEST_THRESHOLD: Final = 1e-4


@dataclass(frozen=True)
class ClassCurves:
    """The curves of one class against all others, the class as its place in the list."""

    index: int
    rows: int
    roc: list[Point]
    precision_recall: list[Point]


@dataclass(frozen=True)
class Histogram:
    """How many residuals lie between each two edges; the outermost bins hold the rest too."""

    edges: list[float]
    counts: list[int]


@dataclass(frozen=True)
class PredictedTenth:
    """The rows with predictions of one tenth: the residuals' spread there."""

    rows: int
    predicted: float
    low: float
    lower_quartile: float
    median: float
    upper_quartile: float
    high: float


@dataclass(frozen=True)
class CalibrationBin:
    """The rows with scores in one tenth: what was predicted, and what happened."""

    rows: int
    predicted: float
    observed: float
    low: float
    high: float


def roc_curve(target: Labels, scores: Scores, *, points: int = POINTS) -> list[Point]:
    """Return (false positive rate, true positive rate) from (0, 0) to (1, 1)."""
    x, y, _ = sklearn.metrics.roc_curve(target, scores)
    return thinned(x, y, points=points)


def precision_recall_curve(target: Labels, scores: Scores, *, points: int = POINTS) -> list[Point]:
    """Return (recall, precision) in the order of rising recall."""
    precision, recall, _ = sklearn.metrics.precision_recall_curve(target, scores)
    # The last point (recall 0, precision 1) is a convention, not a threshold.
    return thinned(recall[:-1][::-1], precision[:-1][::-1], points=points)


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
    tenth = score_bins(scores)
    bins = []
    for index in range(BINS):
        inside = tenth == index
        rows = int(inside.sum())
        if rows:
            observed = float(target[inside].mean())
            low, high = _wilson(observed, rows)
            bins.append(CalibrationBin(rows, float(scores[inside].mean()), observed, low, high))
    return bins


def score_histogram(target: Labels, scores: Scores) -> dict[str, list[int]]:
    """Count negatives and positives in tenths of the score."""
    edges = np.linspace(0, 1, BINS + 1)
    return {
        "negatives": np.histogram(scores[~target], edges)[0].tolist(),
        "positives": np.histogram(scores[target], edges)[0].tolist(),
    }


def class_curves(target: Classes, probabilities: Probabilities) -> list[ClassCurves]:
    """Draw the curves of each class against all others, of the `CLASSES` most frequent ones.

    A class that does not occur, or is the only one, has none.
    """
    rows = np.bincount(target, minlength=probabilities.shape[1])
    drawn = [
        one for one in np.argsort(-rows, kind="stable")[:CLASSES] if 0 < rows[one] < rows.sum()
    ]
    return [
        ClassCurves(
            index=int(one),
            rows=int(rows[one]),
            roc=roc_curve(target == one, probabilities[:, one], points=CLASS_POINTS),
            precision_recall=precision_recall_curve(
                target == one, probabilities[:, one], points=CLASS_POINTS
            ),
        )
        for one in drawn
    ]


def top_label_calibration(target: Classes, probabilities: Probabilities) -> list[CalibrationBin]:
    """Compare the probability of each row's likeliest class with how often it is the true one.

    Source: Guo et al., *On Calibration of Modern Neural Networks*, 2017, arXiv 1706.04599,
    section 2.
    """
    return calibration(probabilities.argmax(axis=1) == target, probabilities.max(axis=1))


def predicted_and_actual(
    target: Values, predicted: Values, *, seed: int, dots: int = DOTS
) -> list[Point]:
    """Return (predicted, actual) of at most ``dots`` rows, which ``seed`` chooses."""
    rows = np.arange(len(target))
    if len(rows) > dots:
        rows = np.sort(np.random.default_rng(seed).choice(rows, dots, replace=False))
    return [(_short(predicted[row]), _short(target[row])) for row in rows]


def residual_histogram(target: Values, predicted: Values) -> Histogram:
    """Count the residuals, actual minus predicted, in bins of equal width.

    The bins span the middle 99 %, so that one wild row does not squeeze all others into one
    bin; what lies beyond is counted in the outermost. Where those 99 % are equal, one bin of
    no width holds all rows.

    Raises:
        EmptySampleError: if there are no rows.
    """
    residuals = _residuals(target, predicted)
    low, high = np.quantile(residuals, [_TAIL, 1 - _TAIL])
    if low == high:
        return Histogram([_short(low), _short(high)], [len(residuals)])
    edges = np.linspace(low, high, RESIDUAL_BINS + 1)
    counts, _ = np.histogram(np.clip(residuals, low, high), edges)
    return Histogram([_short(edge) for edge in edges], counts.tolist())


def residuals_by_prediction(target: Values, predicted: Values) -> list[PredictedTenth]:
    """Describe the residuals, actual minus predicted, in tenths of the rows by prediction.

    ``low`` and ``high`` are the quantiles 5 % and 95 %. Rows of one prediction stay together,
    so there may be fewer than ten parts: one where every prediction is the same.

    Raises:
        EmptySampleError: if there are no rows.
    """
    residuals = _residuals(target, predicted)
    borders = np.unique(np.quantile(predicted, np.arange(1, _DECILES) / _DECILES))
    tenth = np.searchsorted(borders, predicted, side="left")
    parts = [tenth == one for one in np.unique(tenth)]
    return [
        PredictedTenth(
            int(inside.sum()),
            _short(predicted[inside].mean()),
            *map(_short, np.quantile(residuals[inside], [0.05, 0.25, 0.5, 0.75, 0.95])),
        )
        for inside in parts
    ]


def shares_within(target: Values, predicted: Values) -> list[Point]:
    """Return (tolerance, share of rows whose error is at most that share of the target).

    A row with target 0 is within any tolerance if it is exact, else within none.

    Raises:
        EmptySampleError: if there are no rows.
    """
    error = np.abs(_residuals(target, predicted))
    return [(one, float((error <= one * np.abs(target)).mean())) for one in TOLERANCES]


def thinned(x: NDArray[np.float64], y: NDArray[np.float64], *, points: int = POINTS) -> list[Point]:
    """Keep at most ``points`` of a curve's, evenly along its length, both ends included."""
    if len(x) <= points:
        return _points(x, y)
    length = np.append(0.0, np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y))))
    wanted = np.linspace(0, length[-1], points)
    kept = np.unique(np.append(np.searchsorted(length, wanted[:-1]), len(x) - 1))
    return _points(x[kept], y[kept])


def _residuals(target: Values, predicted: Values) -> Values:
    if len(target) == 0:
        raise EmptySampleError("the sample of residuals")
    return target - predicted


def _short(value: float) -> float:
    """Keep six significant digits, whatever the target's unit: a picture shows no more."""
    return float(f"{value:.6g}")


def _points(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[Point]:
    return [(round(float(a), 6), round(float(b), 6)) for a, b in zip(x, y, strict=True)]


def _wilson(share: float, rows: int) -> tuple[float, float]:
    centre = share + _Z95**2 / (2 * rows)
    spread = _Z95 * np.sqrt(share * (1 - share) / rows + _Z95**2 / (4 * rows**2))
    scale = 1 + _Z95**2 / rows
    return max(0.0, float((centre - spread) / scale)), min(1.0, float((centre + spread) / scale))
