"""Say which features move a model's predictions, and in which direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.figures import short
from pipeline_code.steps.explain_examples import value_of
from pipeline_code.steps.predict import Matrix, Model, Vector

_DOTS: Final = 120  # a feature; more overlap in the picture
_PICTURED_FEATURES: Final = 15
_FEATURES_OF_A_CLASS: Final = 5
_SHAP_DIGITS: Final = 4
_FEWEST_ROWS: Final = 200


@dataclass(frozen=True)
class Importance:
    """How much one feature moves predictions.

    ``mean_abs_shap`` is in the unit of the explanation, in a multiclass problem averaged over
    the classes; ``gain`` is the share of the training gain, None for a model without splits.
    """

    feature: str
    mean_abs_shap: float
    gain: float | None


@dataclass(frozen=True)
class ClassImportance:
    """What moves the predictions of one class most; ``base`` is where they start."""

    label: str
    base: float
    features: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Dots:
    """Some rows' SHAP values of one feature, each with the rank of the feature's value.

    A rank of 0 is the smallest value among the explained rows, 1 the largest, None missing.
    Categories have no order: their ranks are by falling frequency, and ``categories`` names those
    of the explained rows in that order; it is empty for numbers.
    """

    feature: str
    shap: tuple[float, ...]
    rank: tuple[float | None, ...]
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """What moves the predictions on a sample of rows, most important feature first.

    With several classes there are ``classes`` instead of a base and dots: a value that speaks
    for one class speaks against another, so no direction holds for all.
    """

    rows: int
    base: float | None
    importance: tuple[Importance, ...]
    dots: tuple[Dots, ...] = ()
    classes: tuple[ClassImportance, ...] = ()


def explain(model: Model, x: Matrix, *, rows: int, seed: int) -> Explanation:
    """Explain at most ``rows`` of ``x``, drawn by ``seed``, with exact SHAP values.

    A row of many classes has as many explanations: there, so many times fewer rows are taken, but
    at least 200. Ten classes with 200 trees each take 14 ms a row.
    """
    generator = np.random.default_rng(seed)
    wanted = min(rows, max(_FEWEST_ROWS, rows // model.outputs))
    chosen = np.sort(generator.choice(len(x), size=min(wanted, len(x)), replace=False))
    sample = x[chosen]
    shap = model.explain(sample)
    strength = np.abs(shap[..., :-1]).mean(axis=0)
    if shap.ndim > 2:
        return Explanation(
            rows=len(sample),
            base=None,
            importance=_importance(model, strength.mean(axis=0)),
            classes=_by_class(model, strength, shap[0, :, -1]),
        )
    pictured = np.sort(generator.permutation(len(sample))[:_DOTS])
    return Explanation(
        rows=len(sample),
        base=float(shap[0, -1]),
        importance=_importance(model, strength),
        dots=tuple(
            Dots(
                feature=model.features[index],
                shap=tuple(short(value, _SHAP_DIGITS) for value in shap[pictured, index]),
                rank=tuple(_ranks(sample[:, index], pictured)),
                categories=tuple(_categories(model, index, sample[:, index])),
            )
            for index in _descending(strength)[:_PICTURED_FEATURES]
        ),
    )


def _importance(model: Model, strength: Vector) -> tuple[Importance, ...]:
    gain = model.gain()
    return tuple(
        Importance(
            feature=model.features[index],
            mean_abs_shap=short(strength[index]),
            gain=None if gain is None else round(gain[model.features[index]], 6),
        )
        for index in _descending(strength)
    )


def _by_class(model: Model, strength: Vector, base: Vector) -> tuple[ClassImportance, ...]:
    return tuple(
        ClassImportance(
            label=label,
            base=short(base[place]),
            features=tuple(
                (model.features[index], short(strength[place, index], _SHAP_DIGITS))
                for index in _descending(strength[place])[:_FEATURES_OF_A_CLASS]
            ),
        )
        for place, label in enumerate(model.metadata.classes)
    )


def _descending(strength: Vector) -> NDArray[np.intp]:
    return np.argsort(-strength, kind="stable")


def _categories(model: Model, index: int, values: Matrix) -> list[str]:
    """Name the categories that occur, by falling frequency; a number has none."""
    feature = model.features[index]
    if feature not in model.categories:
        return []
    codes = np.unique(values[~np.isnan(values)])
    return [str(value_of(model, feature, float(code))) for code in codes]


def _ranks(values: Matrix, wanted: NDArray[np.int64]) -> list[float | None]:
    """Place values between the smallest (0) and the largest (1); equal values share a place."""
    known = ~np.isnan(values)
    distinct, place = np.unique(values[known], return_inverse=True)
    ranks = np.full(len(values), np.nan)
    ranks[known] = place / max(len(distinct) - 1, 1)
    return [None if np.isnan(rank) else round(float(rank), 3) for rank in ranks[wanted]]
