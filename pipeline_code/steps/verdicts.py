"""Say what a model decides of each row, by the type of its problem."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core import decisions
from pipeline_code.core.problem_types import BINARY, MULTICLASS
from pipeline_code.steps.model import ModelMetadata, Vector

SCORE: Final = "score"
DECISION: Final = "decision"
PREDICTION: Final = "prediction"


def decide(scores: Vector, threshold: float) -> NDArray[np.int8]:
    """Return 1 for each score from ``threshold`` on, else 0."""
    return (scores >= threshold).astype(np.int8)


def decide_class(metadata: ModelMetadata, scores: Vector) -> decisions.Classes:
    """Return the place of the class that each row is called, by what missing a class costs."""
    return decisions.decide(scores, np.array(metadata.costs.of_classes(metadata.classes)))


def verdict_names(metadata: ModelMetadata) -> tuple[str, ...]:
    """Name the columns of `verdicts`: those of a result that its source does not have."""
    if metadata.problem == BINARY:
        return SCORE, DECISION
    if metadata.problem == MULTICLASS:
        return DECISION, *_score_names(metadata.classes)
    return (PREDICTION,)


def verdicts(metadata: ModelMetadata, scores: Vector) -> dict[str, NDArray[Any]]:
    """Return what is said of each row, by the name of its column.

    Binary: ``score`` and ``decision``, 1 or 0. Multiclass: ``decision``, a label, and the
    probability of each class. Regression: ``prediction``.

    Args:
        metadata: of the model.
        scores: what it says, shape (n,), or (n, classes) in a multiclass problem.
    """
    columns: tuple[NDArray[Any], ...]
    if metadata.problem == BINARY:
        columns = scores, decide(scores, metadata.threshold)
    elif metadata.problem == MULTICLASS:
        labels = np.array(metadata.classes, dtype=object)
        columns = labels[decide_class(metadata, scores)], *np.ascontiguousarray(scores.T)
    else:
        columns = (scores,)
    return dict(zip(verdict_names(metadata), columns, strict=True))


def _score_names(classes: tuple[str, ...]) -> list[str]:
    """Name a column a class; names that differ in case alone are one to a table."""
    names = [f"{SCORE}_{label}" for label in classes]
    folded = [name.casefold() for name in names]
    return [
        f"{name}_{place}" if folded.count(name.casefold()) > 1 else name
        for place, name in enumerate(names)
    ]
