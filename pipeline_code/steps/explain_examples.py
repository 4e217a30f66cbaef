"""Explain single rows: those from which one learns most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core import multiclass
from pipeline_code.core.encoding import OTHER
from pipeline_code.core.figures import short
from pipeline_code.core.multiclass import Classes
from pipeline_code.core.regression import Values
from pipeline_code.core.thresholds import Labels, Scores
from pipeline_code.steps.predict import Matrix, Model, Vector

_CONTRIBUTIONS: Final = 5
_SHAP_DIGITS: Final = 4


@dataclass(frozen=True)
class Contribution:
    """How far one feature's value moves one row's prediction; a missing value is None."""

    feature: str
    value: float | str | None
    shap: float


@dataclass(frozen=True)
class Example:
    """One row, its score, what it was in truth, and what moved the score most.

    In a multiclass problem the score is the probability of the class that the row was called,
    and the contributions are those to that class.
    """

    title: str
    row: int
    score: float
    outcome: Mapping[str, Any]
    contributions: tuple[Contribution, ...]


def alarm_examples(model: Model, x: Matrix, target: Labels, scores: Scores) -> list[Example]:
    """Explain the surest hit, miss and false alarm of a binary problem.

    A kind of row that does not occur is left out.
    """
    called = scores >= model.threshold
    kinds = {
        "Caught with the highest score": (called & target, scores),
        "Missed with the lowest score": (~called & target, -scores),
        "False alarm with the highest score": (called & ~target, scores),
    }
    return [
        _example(title, row, model, x, scores[row], {"is_positive": bool(target[row])})
        for title, row in _chosen(kinds)
    ]


def class_examples(
    model: Model,
    x: Matrix,
    target: Classes,
    called: Classes,
    probabilities: Vector,
    names: Sequence[str],
) -> list[Example]:
    """Explain the surest hit, the surest miss, and one of the mistake that is made most often.

    A kind of row that does not occur is left out.
    """
    score = probabilities[np.arange(len(target)), called]
    right = called == target
    kinds = {"The surest hit": (right, score), "The surest mistake": (~right, score)}
    confused = multiclass.confusion_matrix(target, called, len(names))
    np.fill_diagonal(confused, 0)
    one, other = divmod(int(confused.argmax()), len(names))
    title = f"Most often confused: {names[one]} taken for {names[other]}"
    kinds[title] = (~right & (target == one) & (called == other), score)
    return [
        _example(
            title,
            row,
            model,
            x,
            score[row],
            {"actual": names[target[row]], "called": names[called[row]]},
            # A model may have the classes in an order of its own.
            of_class=model.metadata.classes.index(names[called[row]]),
        )
        for title, row in _chosen(kinds)
    ]


def value_examples(model: Model, x: Matrix, target: Values, predicted: Values) -> list[Example]:
    """Explain the best prediction and those that were furthest too high and too low."""
    excess = predicted - target
    kinds = {
        "The best prediction": (np.ones(len(target), dtype=bool), -np.abs(excess)),
        "The largest overestimate": (excess > 0, excess),
        "The largest underestimate": (excess < 0, -excess),
    }
    return [
        _example(title, row, model, x, predicted[row], {"actual": short(target[row])})
        for title, row in _chosen(kinds)
    ]


def value_of(model: Model, feature: str, code: float) -> float | str | None:
    """Write a feature's value as people know it: a category by its text, missing as None."""
    if np.isnan(code):
        return None
    known = model.categories.get(feature)
    if known is None:
        return short(code)
    return known[int(code)] if code < len(known) else OTHER


def _chosen(
    kinds: Mapping[str, tuple[NDArray[np.bool_], Values]],
) -> Iterator[tuple[str, int]]:
    """Choose from the rows of each kind the first one of the largest key."""
    for title, (wanted, key) in kinds.items():
        if wanted.any():
            yield title, int(np.argmax(np.where(wanted, key, -np.inf)))


def _example(
    title: str,
    row: int,
    model: Model,
    x: Matrix,
    score: float,
    outcome: Mapping[str, Any],
    *,
    of_class: int | None = None,
) -> Example:
    shap = model.explain(x[row : row + 1])[0]
    moves = (shap if of_class is None else shap[of_class])[:-1]
    strongest = np.argsort(-np.abs(moves), kind="stable")[:_CONTRIBUTIONS]
    return Example(
        title=title,
        row=row,
        score=float(score),
        outcome=outcome,
        contributions=tuple(
            Contribution(
                feature=model.features[index],
                value=value_of(model, model.features[index], float(x[row, index])),
                shap=short(moves[index], _SHAP_DIGITS),
            )
            for index in strongest
        ),
    )
