"""Decide between several classes, and measure how well probabilities tell them apart."""

from __future__ import annotations

from typing import Final

import numpy as np
import sklearn.metrics
from numpy.typing import NDArray

from pipeline_code.core import metrics
from pipeline_code.core.decisions import Classes, MissedCosts, Probabilities, decide
from pipeline_code.core.errors import SingleClassError

__all__ = [
    "Classes",
    "MissedCosts",
    "Probabilities",
    "confusion_matrix",
    "decide",
    "log_losses",
    "measure",
]

_EPSILON: Final = float(np.finfo(np.float64).eps)


def confusion_matrix(target: Classes, called: Classes, classes: int) -> NDArray[np.int64]:
    """Count the rows of each class (first index) by what they were called (second), (K, K)."""
    cells = np.bincount(target * classes + called, minlength=classes * classes)
    return cells.reshape(classes, classes).astype(np.int64)


def log_losses(target: Classes, probabilities: Probabilities) -> NDArray[np.float64]:
    """Compute each row's log loss, of probabilities that are kept off 0, shape (n,)."""
    said = probabilities[np.arange(len(target)), target]
    losses: NDArray[np.float64] = -np.log(np.clip(said, _EPSILON, 1 - _EPSILON))
    return losses


def measure(
    target: Classes, probabilities: Probabilities, *, costs: MissedCosts
) -> dict[str, float]:
    """Compute every metric of the classes chosen by `decide` and of the probabilities.

    Macro metrics are means over the classes that occur in ``target``: a class nobody has seen
    says nothing of the model. So the macro recall is the balanced accuracy. Micro metrics are
    those of all decisions together; as every row has one class, they all equal the accuracy.
    ROC area and average precision are those of each class against all others. Precision is 0
    for a class that no row is called. The definitions are scikit-learn's.

    Raises:
        EmptySampleError: if there are no rows.
        NotFiniteError: if a probability is NaN or infinite.
        SingleClassError: if every row has the same class.
    """
    metrics.require_measurable(probabilities=probabilities)
    present = np.unique(target)
    if len(present) == 1:
        raise SingleClassError("the measured sample", "class", int(target[0]))
    called = decide(probabilities, costs)
    missed = target[called != target]
    found: dict[str, float] = {
        metrics.ACCURACY: sklearn.metrics.accuracy_score(target, called),
        metrics.LOG_LOSS: log_losses(target, probabilities).mean(),
        metrics.COST: costs[missed].sum(),
        **_by_decision(target, called, present),
        **_by_rank(target, probabilities, present),
    }
    found[metrics.BALANCED_ACCURACY] = found[metrics.RECALL_MACRO]
    return metrics.in_order(found, metrics.MULTICLASS)


def _by_decision(target: Classes, called: Classes, present: Classes) -> dict[str, float]:
    over_classes = sklearn.metrics.precision_recall_fscore_support(
        target, called, labels=present, average="macro", zero_division=0
    )
    over_rows = sklearn.metrics.precision_recall_fscore_support(target, called, average="micro")
    return {
        metrics.PRECISION_MACRO: over_classes[0],
        metrics.RECALL_MACRO: over_classes[1],
        metrics.F1_MACRO: over_classes[2],
        metrics.PRECISION_MICRO: over_rows[0],
        metrics.RECALL_MICRO: over_rows[1],
        metrics.F1_MICRO: over_rows[2],
    }


def _by_rank(target: Classes, probabilities: Probabilities, present: Classes) -> dict[str, float]:
    # With two classes at least, each that occurs has rows of both kinds.
    sides = [(target == one, probabilities[:, one]) for one in present]
    return {
        metrics.AUC_ROC_MACRO: float(
            np.mean([sklearn.metrics.roc_auc_score(*side) for side in sides])
        ),
        metrics.AVERAGE_PRECISION_MACRO: float(
            np.mean([sklearn.metrics.average_precision_score(*side) for side in sides])
        ),
    }
