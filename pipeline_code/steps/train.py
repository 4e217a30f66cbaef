"""Train a model on the training rows; stop and set its threshold by the validation rows."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from pipeline_code import contract
from pipeline_code.core.tables import Columns
from pipeline_code.core.thresholds import Threshold, cheapest_threshold
from pipeline_code.core.usecase import Training, UseCase
from pipeline_code.steps.matrix import Labels, feature_matrix, labels, require_both_classes
from pipeline_code.steps.predict import (
    BOOSTER_FILE,
    WEIGHTS_FILE,
    LinearModel,
    LinearWeights,
    Matrix,
    Model,
    ModelMetadata,
    XgboostModel,
)

Progress = Callable[[int, int, str], None]

HYPERPARAMETERS: Final = {
    "xgboost": (
        "n_estimators",
        "max_depth",
        "learning_rate",
        "min_child_weight",
        "subsample",
        "colsample_bytree",
        "reg_lambda",
        "early_stopping_rounds",
        "seed",
    ),
    "linear": ("inverse_regularization", "seed"),
}
"""What each algorithm reads of ``training`` in usecase.yaml."""

_LIBRARIES: Final = {
    "xgboost": ("numpy", "xgboost-cpu", "xgboost"),
    "linear": ("numpy", "scikit-learn"),
}
_PROGRESS_EVERY_ROUNDS: Final = 10
# Bins are quantiles, and rare events sit in the tails: with the usual 256 the amounts of the
# largest transactions share a bin. On four earlier weeks of the handbook's data the mean average
# precision was 0.674 with 256 bins, 0.706 with 1,024 and 0.708 with exact splits.
_BINS: Final = 1_024
_PROBE_ROWS: Final = 31
_FEW_ROWS: Final = 10_000  # below, threads wait for each other longer than they work


@dataclass(frozen=True)
class TrainedModel:
    """A model and the record of how it was trained, ready for JSON."""

    model: Model
    record: dict[str, Any]


@dataclass(frozen=True)
class _Sample:
    x: Matrix
    y: Labels

    @property
    def is_two_classes(self) -> bool:
        return bool(self.y.any() and not self.y.all())


def train(
    training: Columns,
    validation: Columns,
    usecase: UseCase,
    progress: Progress = lambda *_: None,
) -> TrainedModel:
    """Train the algorithm of the use case; the same rows, settings and seed give the same model.

    Boosting stops early by the average precision on the validation rows, where there are
    rows of both classes and ``early_stopping_rounds`` is not 0. The decision threshold is the
    cheapest on the validation rows, or on the training rows where there are none.

    Raises:
        MissingColumnsError, UnusableColumnError: if a column does not fit.
        EmptySampleError: if there are no training rows.
        SingleClassError: if the training rows show one class.
    """
    fitted = _sample(training, usecase, contract.TRAIN_FILE)
    held_out = _sample(validation, usecase, contract.VALIDATION_FILE)
    require_both_classes(fitted.y, usecase.problem.target, contract.TRAIN_FILE)
    if usecase.training.algorithm == "xgboost":
        model, rounds = _boost(fitted, held_out, usecase, progress)
    else:
        model, rounds = _regress(fitted, usecase), {}
        progress(1, 1, "training")
    chosen_on, rows = ("validation", held_out) if len(held_out.y) else ("train", fitted)
    threshold = cheapest_threshold(
        rows.y,
        model.predict(rows.x),
        false_positive=usecase.costs.false_positive,
        false_negative=usecase.costs.false_negative,
    )
    final = model.with_threshold(threshold.value).with_probe(_probe_rows(fitted.x))
    return TrainedModel(final, _record(final, (fitted, held_out), (chosen_on, threshold), rounds))


def _probe_rows(x: Matrix) -> Matrix:
    """Take rows from all over the training rows, and one in which everything is missing."""
    spread = np.linspace(0, len(x) - 1, min(_PROBE_ROWS, len(x))).astype(int)
    return np.vstack([x[spread], np.full((1, x.shape[1]), np.nan, dtype=np.float32)])


def _sample(columns: Columns, usecase: UseCase, dataset: str) -> _Sample:
    return _Sample(
        x=feature_matrix(columns, usecase.features.inputs, dataset),
        y=labels(columns, usecase.problem.target, dataset),
    )


def _metadata(usecase: UseCase, *, best_iteration: int | None) -> ModelMetadata:
    algorithm = usecase.training.algorithm
    return ModelMetadata(
        algorithm=algorithm,
        usecase=usecase.name,
        features=usecase.features.inputs,
        target=usecase.problem.target,
        threshold=0.5,
        costs=usecase.costs,
        hyperparameters={
            name: getattr(usecase.training, name) for name in HYPERPARAMETERS[algorithm]
        },
        best_iteration=best_iteration,
        libraries=_versions(algorithm),
        weights=BOOSTER_FILE if algorithm == "xgboost" else WEIGHTS_FILE,
        weights_hash="",
    )


def _versions(algorithm: str) -> dict[str, str]:
    found = {}
    for name in _LIBRARIES[algorithm]:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # xgboost is packaged under one of two names
    return found


def _boost(
    fitted: _Sample, held_out: _Sample, usecase: UseCase, progress: Progress
) -> tuple[Model, dict[str, Any]]:
    import xgboost  # a second to import: only who trains trees pays

    settings = usecase.training
    data = xgboost.QuantileDMatrix(fitted.x, label=fitted.y, max_bin=_BINS)
    stops = settings.early_stopping_rounds > 0 and held_out.is_two_classes
    evals: list[Any] = []
    history: dict[str, Any] = {}
    if stops:
        watched = xgboost.QuantileDMatrix(held_out.x, label=held_out.y, ref=data, max_bin=_BINS)
        evals = [(watched, "validation")]
    booster = xgboost.train(
        _parameters(settings, rows=len(fitted.y)),
        data,
        num_boost_round=settings.n_estimators,
        evals=evals,
        evals_result=history,
        early_stopping_rounds=settings.early_stopping_rounds if stops else None,
        verbose_eval=False,
        callbacks=[_rounds_reporter(settings.n_estimators, progress)],
    )
    best = booster.best_iteration if stops else booster.num_boosted_rounds() - 1
    progress(settings.n_estimators, settings.n_estimators, "boosting rounds")
    # Only the trees up to the best round are kept, so whoever reads the file needs no range.
    model = XgboostModel(_metadata(usecase, best_iteration=best), booster[: best + 1])
    curve = [round(value, 6) for value in history.get("validation", {}).get("aucpr", [])]
    return model, {"rounds": booster.num_boosted_rounds(), "validation_average_precision": curve}


def _parameters(settings: Training, *, rows: int) -> dict[str, Any]:
    return {
        "objective": "binary:logistic",
        "eval_metric": "aucpr",
        "tree_method": "hist",
        "max_bin": _BINS,
        "max_depth": settings.max_depth,
        "learning_rate": settings.learning_rate,
        "min_child_weight": settings.min_child_weight,
        "subsample": settings.subsample,
        "colsample_bytree": settings.colsample_bytree,
        "reg_lambda": settings.reg_lambda,
        "seed": settings.seed,
        "nthread": 1 if rows < _FEW_ROWS else 0,
        "verbosity": 0,
    }


def _rounds_reporter(total: int, progress: Progress) -> Any:
    import xgboost

    class RoundsReporter(xgboost.callback.TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG002
            if epoch % _PROGRESS_EVERY_ROUNDS == 0:
                progress(epoch, total, "boosting rounds")
            return False

    return RoundsReporter()


def _regress(fitted: _Sample, usecase: UseCase) -> Model:
    from sklearn.linear_model import LogisticRegression

    wide = fitted.x.astype(np.float64)
    known = ~np.isnan(wide)
    count = np.maximum(known.sum(axis=0), 1)  # a feature without any value counts as zero
    mean = np.where(known, wide, 0).sum(axis=0) / count
    centred = np.where(known, wide - mean, 0)
    scale = np.sqrt((centred**2).sum(axis=0) / len(centred))
    scale[scale == 0] = 1.0  # a constant feature explains nothing
    regression = LogisticRegression(
        C=usecase.training.inverse_regularization,
        max_iter=1_000,
        random_state=usecase.training.seed,
    ).fit(centred / scale, fitted.y)
    weights = LinearWeights(
        mean=tuple(mean.tolist()),
        scale=tuple(scale.tolist()),
        coefficients=tuple(regression.coef_[0].tolist()),
        intercept=float(regression.intercept_[0]),
    )
    return LinearModel(_metadata(usecase, best_iteration=None), weights)


def _record(
    model: Model,
    samples: tuple[_Sample, _Sample],
    choice: tuple[str, Threshold],
    rounds: dict[str, Any],
) -> dict[str, Any]:
    chosen_on, threshold = choice
    return {
        "usecase": model.metadata.usecase,
        "algorithm": model.metadata.algorithm,
        "hyperparameters": model.metadata.hyperparameters,
        "features": list(model.features),
        "libraries": model.metadata.libraries,
        "best_iteration": model.metadata.best_iteration,
        **{
            name: {"rows": len(sample.y), "positives": int(sample.y.sum())}
            for name, sample in zip(("train", "validation"), samples, strict=True)
        },
        "threshold": {
            "value": threshold.value,
            "chosen_on": chosen_on,
            "cost": threshold.cost,
            "cost_of_no_alarm": threshold.cost_of_no_alarm,
        },
        **rounds,
    }
