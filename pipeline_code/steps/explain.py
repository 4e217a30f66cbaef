"""Say which features move a model's predictions, overall and for single rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.thresholds import Labels, Scores
from pipeline_code.steps.predict import Matrix, Model

_DOTS: Final = 120  # a feature; more overlap in the picture
_PICTURED_FEATURES: Final = 15
_CONTRIBUTIONS: Final = 5


@dataclass(frozen=True)
class Importance:
    """How much one feature moves predictions.

    ``mean_abs_shap`` is in log odds; ``gain`` is the share of the training gain, None for a
    model without splits.
    """

    feature: str
    mean_abs_shap: float
    gain: float | None


@dataclass(frozen=True)
class Dots:
    """Some rows' SHAP values of one feature, each with the rank of the feature's value.

    A rank of 0 is the smallest value among the explained rows, 1 the largest, None missing.
    """

    feature: str
    shap: tuple[float, ...]
    rank: tuple[float | None, ...]


@dataclass(frozen=True)
class Explanation:
    """What moves the predictions on a sample of rows, most important feature first."""

    rows: int
    base: float
    importance: tuple[Importance, ...]
    dots: tuple[Dots, ...]


@dataclass(frozen=True)
class Contribution:
    """How far one feature's value moves one row's prediction, in log odds."""

    feature: str
    value: float | None
    shap: float


@dataclass(frozen=True)
class Example:
    """One row, its score and what moved it most."""

    title: str
    row: int
    score: float
    is_positive: bool
    contributions: tuple[Contribution, ...]


def explain(model: Model, x: Matrix, *, rows: int, seed: int) -> Explanation:
    """Explain at most ``rows`` of ``x``, drawn by ``seed``, with exact SHAP values."""
    generator = np.random.default_rng(seed)
    chosen = np.sort(generator.choice(len(x), size=min(rows, len(x)), replace=False))
    sample = x[chosen]
    shap = model.explain(sample)
    strength = np.abs(shap[:, :-1]).mean(axis=0)
    order = np.argsort(-strength, kind="stable")
    gain = model.gain()
    pictured = np.sort(generator.permutation(len(sample))[:_DOTS])
    return Explanation(
        rows=len(sample),
        base=float(shap[0, -1]),
        importance=tuple(
            Importance(
                feature=model.features[index],
                mean_abs_shap=round(float(strength[index]), 6),
                gain=None if gain is None else round(gain[model.features[index]], 6),
            )
            for index in order
        ),
        dots=tuple(
            Dots(
                feature=model.features[index],
                shap=tuple(np.round(shap[pictured, index], 4).tolist()),
                rank=tuple(_ranks(sample[:, index], pictured)),
            )
            for index in order[:_PICTURED_FEATURES]
        ),
    )


def examples(model: Model, x: Matrix, target: Labels, scores: Scores) -> tuple[Example, ...]:
    """Explain the rows from which one learns most: the surest hit, miss and false alarm.

    A kind of row that does not occur is left out.
    """
    called = scores >= model.threshold
    kinds = {
        "Caught with the highest score": (called & target, scores),
        "Missed with the lowest score": (~called & target, -scores),
        "False alarm with the highest score": (called & ~target, scores),
    }
    found = []
    for title, (wanted, key) in kinds.items():
        if wanted.any():
            row = int(np.argmax(np.where(wanted, key, -np.inf)))
            found.append(_example(title, row, model, x, (float(scores[row]), bool(target[row]))))
    return tuple(found)


def _example(title: str, row: int, model: Model, x: Matrix, outcome: tuple[float, bool]) -> Example:
    shap = model.explain(x[row : row + 1])[0, :-1]
    strongest = np.argsort(-np.abs(shap), kind="stable")[:_CONTRIBUTIONS]
    return Example(
        title=title,
        row=row,
        score=outcome[0],
        is_positive=outcome[1],
        contributions=tuple(
            Contribution(
                feature=model.features[index],
                value=None if np.isnan(x[row, index]) else round(float(x[row, index]), 6),
                shap=round(float(shap[index]), 4),
            )
            for index in strongest
        ),
    )


def _ranks(values: Matrix, wanted: NDArray[np.int64]) -> list[float | None]:
    """Place values between the smallest (0) and the largest (1); equal values share a place."""
    known = ~np.isnan(values)
    distinct, place = np.unique(values[known], return_inverse=True)
    ranks = np.full(len(values), np.nan)
    ranks[known] = place / max(len(distinct) - 1, 1)
    return [None if np.isnan(rank) else round(float(rank), 3) for rank in ranks[wanted]]
