"""Choose the score from which a row counts as positive by what the errors cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.errors import EmptySampleError

Scores = NDArray[np.float64]
Labels = NDArray[np.bool_]


@dataclass(frozen=True)
class Threshold:
    """The cheapest threshold on some rows, and what the errors would have cost there."""

    value: float
    cost: float
    cost_of_no_alarm: float


def cheapest_threshold(
    target: Labels, scores: Scores, *, false_positive: float, false_negative: float
) -> Threshold:
    """Find the threshold at which false positives and false negatives cost least together.

    A row is positive when its score is at least the threshold. The threshold lies halfway
    between two neighbouring scores, so it does not hang on the last digit of one row. Among
    equally cheap thresholds the highest wins: fewest alarms. It may lie above every score (no
    alarm at all pays) or at 0 (an alarm for every row pays); one class only is no error.

    Args:
        target: true where the row is positive, shape (n,).
        scores: probabilities in [0, 1], shape (n,).
        false_positive: cost of an alarm for a negative row.
        false_negative: cost of no alarm for a positive row.

    Raises:
        EmptySampleError: if there are no rows.
    """
    if len(target) == 0:
        raise EmptySampleError("the sample for the decision threshold")
    order = np.argsort(-scores, kind="stable")
    ordered, positive = scores[order], target[order]
    # Rows of one score are told apart by no threshold: only the last of each run counts.
    last = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    caught = np.append(0, np.cumsum(positive)[last])
    alarms = np.append(0, last + 1)
    costs = (alarms - caught) * false_positive + (positive.sum() - caught) * false_negative
    best = int(np.argmin(costs))
    return Threshold(
        value=_between(ordered, last, best),
        cost=float(costs[best]),
        cost_of_no_alarm=float(costs[0]),
    )


def _between(ordered: Scores, last: NDArray[np.intp], best: int) -> float:
    """Place the threshold below the ``best``-th distinct score and above the next."""
    upper = ordered[last[best - 1]] if best else max(1.0, float(np.nextafter(ordered[0], 2)))
    if best == len(last):
        return 0.0
    lower = ordered[last[best]]
    middle = (upper + lower) / 2
    # Two neighbouring floats have no middle; the upper one still separates them.
    return float(middle if lower < middle <= upper else upper)
