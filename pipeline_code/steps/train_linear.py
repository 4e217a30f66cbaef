"""Train a linear model: logistic, softmax or ridge regression of scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.problem_types import MULTICLASS, REGRESSION
from pipeline_code.steps.linear_model import WEIGHTS_FILE, LinearModel, LinearWeights
from pipeline_code.steps.model import Matrix
from pipeline_code.steps.train_task import Fitted, Sample, Task, describe, row_weights

SETTINGS: Final = ("inverse_regularization", "seed")

_ITERATIONS: Final = 1_000
_DENSE_CELLS: Final = 20_000_000
"""Up to so many a table of categories is spread out in full; larger ones keep only their ones."""

Floats = NDArray[np.float64]


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
    design = _Design.of(rows.x, task)
    coefficients, intercept = _fit(design.columns(rows.x), rows, task)
    weights = design.weights(coefficients, intercept)
    task.progress(1, 1, "training")
    metadata = describe(
        task,
        "linear",
        settings=SETTINGS,
        libraries=("scikit-learn",),
        weights=WEIGHTS_FILE,
    )
    return Fitted(LinearModel(metadata, weights))


@dataclass(frozen=True)
class _Design:
    """How features become the columns of a linear model, as the training rows say."""

    names: tuple[str, ...]
    numbers: NDArray[np.int64]
    mean: Floats
    scale: Floats
    gaps: NDArray[np.int64]
    gap_share: Floats
    levels: dict[int, int]
    level_share: dict[int, Floats]

    @classmethod
    def of(cls, x: Matrix, task: Task) -> _Design:
        names = task.usecase.features.inputs
        levels = {
            place: len(task.categories[name]) + 2
            for place, name in enumerate(names)
            if name in task.categories
        }
        numbers = np.array([place for place in range(len(names)) if place not in levels], int)
        wide = x.astype(np.float64)
        known = ~np.isnan(wide)
        count = np.maximum(known.sum(axis=0), 1)  # a feature without any value counts as zero
        mean = np.where(known, wide, 0).sum(axis=0) / count
        centred = np.where(known, wide - mean, 0)
        scale = np.sqrt((centred**2).sum(axis=0) / len(centred))
        scale[scale == 0] = 1.0  # a constant feature explains nothing
        for place in levels:
            mean[place], scale[place] = 0.0, 1.0
        share = (~known).mean(axis=0)
        # Missing everywhere says as little as missing nowhere.
        gaps = np.array([place for place in numbers if 0 < share[place] < 1], int)
        return cls(
            names=names,
            numbers=numbers,
            mean=mean,
            scale=scale,
            gaps=gaps,
            gap_share=share[gaps],
            levels=levels,
            level_share={
                place: np.bincount(_places(x[:, place], wide_), minlength=wide_) / len(x)
                for place, wide_ in levels.items()
            },
        )

    def columns(self, x: Matrix) -> Any:
        """Spread the rows out: numbers, gaps, categories."""
        wide = x[:, self.numbers].astype(np.float64)
        mean = self.mean[self.numbers]
        centred = np.where(np.isnan(wide), 0, wide - mean)
        plain = centred / self.scale[self.numbers]
        if len(self.gaps):
            plain = np.hstack([plain, np.isnan(x[:, self.gaps]) - self.gap_share])
        if not self.levels:
            return plain
        import scipy.sparse

        ones = [_ones(x[:, place], count) for place, count in self.levels.items()]
        table = scipy.sparse.hstack([scipy.sparse.csr_array(plain), *ones], format="csr")
        return table.toarray() if np.prod(table.shape) <= _DENSE_CELLS else table

    def weights(self, coefficients: Floats, intercept: Floats) -> LinearWeights:
        """Sort the coefficients, shape (outputs, columns), by feature.

        Each category's effects are kept less their mean on the training rows, which goes to the
        intercept.
        """
        outputs, features = len(coefficients), len(self.names)
        plain = np.zeros((outputs, features))
        missing, share = np.zeros((outputs, features)), np.zeros(features)
        numbers, gaps = len(self.numbers), len(self.gaps)
        plain[:, self.numbers] = coefficients[:, :numbers]
        missing[:, self.gaps] = coefficients[:, numbers : numbers + gaps]
        share[self.gaps] = self.gap_share
        levels, start = {}, numbers + gaps
        for place, count in self.levels.items():
            effects = coefficients[:, start : start + count]
            mean = effects @ self.level_share[place]
            levels[self.names[place]] = _rows(effects - mean[:, None])
            intercept = intercept + mean
            start += count
        return LinearWeights(
            mean=tuple(self.mean.tolist()),
            scale=tuple(self.scale.tolist()),
            coefficients=_rows(plain),
            intercept=tuple(intercept.tolist()),
            missing=_rows(missing) if gaps else (),
            missing_share=tuple(share.tolist()) if gaps else (),
            levels=levels,
        )


def _places(codes: Matrix, count: int) -> NDArray[np.int64]:
    """Turn codes into columns, the last one for a missing value."""
    return np.where(np.isnan(codes), count - 1, codes).astype(np.int64)


def _ones(codes: Matrix, count: int) -> Any:
    import scipy.sparse

    rows = len(codes)
    cells = (np.ones(rows), (np.arange(rows), _places(codes, count)))
    return scipy.sparse.csr_array(cells, shape=(rows, count))


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
