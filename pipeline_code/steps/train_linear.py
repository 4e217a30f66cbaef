"""Train a linear model: logistic, softmax or ridge regression of scikit-learn."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from pipeline_code.core.problem_types import MULTICLASS, REGRESSION
from pipeline_code.steps.design_matrix import Design, Floats
from pipeline_code.steps.linear_model import WEIGHTS_FILE, LinearModel, LinearWeights
from pipeline_code.steps.train_task import Fitted, Sample, Task, describe, row_weights

SETTINGS: Final = ("inverse_regularization", "seed")

_ITERATIONS: Final = 1_000


def regress(
    rows: Sample,
    held_out: Sample,  # noqa: ARG001 - nothing to stop
    task: Task,
    *,
    rounds: int | None = None,  # noqa: ARG001
) -> Fitted:
    """Fit a linear model; see `Learner`.

    Numbers are standardised and a missing one counts as the mean; where a feature has missing
    values in training, that one is missing is a column of its own. Categories are a column each,
    as are the others and the missing ones. All of it is fitted on the training rows.
    """
    design = Design.of(rows.x, task.usecase.features.inputs, task.categories)
    coefficients, intercept = _fit(design.columns(rows.x), rows, task)
    weights = linear_weights(design, coefficients, intercept, rows, task)
    task.progress(1, 1, "training")
    metadata = describe(
        task,
        "linear",
        settings=SETTINGS,
        libraries=("scikit-learn",),
        weights=WEIGHTS_FILE,
    )
    return Fitted(LinearModel(metadata, weights))


def linear_weights(
    design: Design, coefficients: Floats, intercept: Floats, rows: Sample, task: Task
) -> LinearWeights:
    """Sort the coefficients of a design's columns, shape (outputs, columns), by feature.

    Each category's effects are kept less their mean on the training rows, which goes to the
    intercept.
    """
    names = task.usecase.features.inputs
    outputs, features = len(coefficients), len(names)
    mean, scale, share = np.zeros(features), np.ones(features), np.zeros(features)
    plain, missing = np.zeros((outputs, features)), np.zeros((outputs, features))
    numbers, gaps = len(design.numbers), len(design.gaps)
    mean[design.numbers], scale[design.numbers] = design.mean, design.scale
    plain[:, design.numbers] = coefficients[:, :numbers]
    missing[:, design.gaps] = coefficients[:, numbers : numbers + gaps]
    share[design.gaps] = design.gap_share
    levels, start = {}, numbers + gaps
    for place, count in design.levels.items():
        effects = coefficients[:, start : start + count]
        usual = effects @ design.level_share(rows.x, place)
        levels[names[place]] = _rows(effects - usual[:, None])
        intercept = intercept + usual
        start += count
    return LinearWeights(
        mean=tuple(mean.tolist()),
        scale=tuple(scale.tolist()),
        coefficients=_rows(plain),
        intercept=tuple(intercept.tolist()),
        missing=_rows(missing) if gaps else (),
        missing_share=tuple(share.tolist()) if gaps else (),
        levels=levels,
    )


def _rows(values: Floats) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in values.tolist())


def _fit(columns: Any, rows: Sample, task: Task) -> tuple[Floats, Floats]:
    """Return coefficients (outputs, columns) and intercepts (outputs,)."""
    settings = task.usecase.training
    if task.usecase.problem.type == REGRESSION:
        from sklearn.linear_model import Ridge

        ridge = Ridge(alpha=1 / settings.inverse_regularization).fit(columns, rows.y)
        return ridge.coef_[None, :], np.array([ridge.intercept_])
    from sklearn.linear_model import LogisticRegression

    regression = LogisticRegression(
        C=settings.inverse_regularization, max_iter=_ITERATIONS, random_state=settings.seed
    ).fit(columns, rows.y, sample_weight=row_weights(rows, task))
    if task.usecase.problem.type == MULTICLASS:
        return _every_class(regression, rows, task)
    return regression.coef_, regression.intercept_


def _every_class(regression: Any, rows: Sample, task: Task) -> tuple[Floats, Floats]:
    """Give classes that no training row has an output too, which is small for every row."""
    coefficients, intercept = regression.coef_, regression.intercept_
    if len(regression.classes_) == 2:  # the library then says by how much the second is likelier
        coefficients = np.vstack([np.zeros_like(coefficients), coefficients])
        intercept = np.append(0.0, intercept)
    wide = np.zeros((task.classes, coefficients.shape[1]))
    base = np.full(task.classes, -np.log(2 * len(rows)))
    wide[regression.classes_], base[regression.classes_] = coefficients, intercept
    return wide, base
