"""Train a model on the training rows; stop and set its threshold by the validation rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from pipeline_code import contract
from pipeline_code.core.errors import PipelineError
from pipeline_code.core.learning_settings import SKLEARN
from pipeline_code.core.problem_types import REGRESSION
from pipeline_code.core.texts import Table
from pipeline_code.core.thresholds import Threshold
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps import (
    train_auto,
    train_estimator,
    train_lightgbm,
    train_linear,
    train_torch,
    train_xgboost,
)
from pipeline_code.steps.checkpoints import Checkpoints
from pipeline_code.steps.peers import Peers
from pipeline_code.steps.predict import Matrix, Model
from pipeline_code.steps.targets import require_variety
from pipeline_code.steps.train_folds import fold_keys
from pipeline_code.steps.train_scores import (
    HeldOut,
    choose_threshold,
    describe_target,
    gate_score,
)
from pipeline_code.steps.train_task import (
    Fitted,
    Learner,
    Progress,
    ReportMetric,
    Sample,
    Task,
    fit_encoding,
    joined,
    read_sample,
)

__all__ = ["HYPERPARAMETERS", "LEARNERS", "Progress", "TrainedModel", "train"]

LEARNERS: Final[dict[str, Learner]] = {
    "xgboost": train_xgboost.boost,
    "lightgbm": train_lightgbm.boost,
    "linear": train_linear.regress,
    "torch": train_torch.learn_network,
    "sklearn": train_estimator.fit_estimator,
}
"""The algorithms by their names in usecase.yaml."""

HYPERPARAMETERS: Final = {
    "xgboost": train_xgboost.SETTINGS,
    "lightgbm": train_lightgbm.SETTINGS,
    "linear": train_linear.SETTINGS,
    "auto": train_auto.SETTINGS,
    "torch": train_torch.SETTINGS,
    "sklearn": train_estimator.SETTINGS,
}
"""What each algorithm reads of ``training`` in usecase.yaml."""

AUTO: Final = "auto"
_PROBE_ROWS: Final = 31


class UselessSettingError(PipelineError, ValueError):
    """A setting of ``training`` that means nothing for this type of problem."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"training.{name} {why}; take it out of usecase.yaml")


class ForeignAlgorithmError(PipelineError, ValueError):
    """An algorithm that is an image of somebody else's: this one cannot run it."""

    def __init__(self, algorithm: str) -> None:
        known = ", ".join((AUTO, *(name for name in LEARNERS if name != "sklearn")))
        super().__init__(
            f"training.algorithm {algorithm} is an image of its own, which this one cannot run; "
            f"name it in usecase.yaml, not for one run; there are {known} and "
            f"{SKLEARN}MODULE.CLASS"
        )


@dataclass(frozen=True)
class TrainedModel:
    """A model and the record of how it was trained, ready for JSON."""

    model: Model
    record: dict[str, Any]


def train(
    training: Table,
    validation: Table,
    usecase: UseCase,
    progress: Progress = lambda *_: None,
    metric: ReportMetric = lambda *_: None,
    *,
    checkpoints: Checkpoints | None = None,
    peers: Peers | None = None,
) -> TrainedModel:
    """Train the algorithm of the use case; the same rows, settings and seed give the same model.

    The validation rows say when to stop, and at which threshold errors are cheapest; where there
    are none, the training rows say that. With ``refit`` the model is then trained once more, on
    both, with the rounds and the threshold that were found. With ``folds`` every row of both is
    held out once instead. ``metric`` is told the gate's metric on the rows that were held out.
    ``checkpoints`` and ``peers``: see `Task`.

    Raises:
        MissingColumnsError, UnusableColumnError, TextColumnError: if a column does not fit.
        EmptySampleError: if there are no training rows.
        SingleClassError, ConstantTargetError: if the training rows show one target only.
        UselessSettingError: if a setting does not fit the type of problem.
    """
    _require_useful_settings(usecase)
    categories = fit_encoding(training, usecase, contract.TRAIN_FILE)
    task = Task(usecase, categories, progress, metric, checkpoints, peers or Peers())
    rows = read_sample(training, usecase, categories, contract.TRAIN_FILE)
    held_out = read_sample(validation, usecase, categories, contract.VALIDATION_FILE)
    require_variety(rows.y, usecase.problem, contract.TRAIN_FILE)
    if _divides_anew(usecase):
        parts = ((training, contract.TRAIN_FILE), (validation, contract.VALIDATION_FILE))
        keys = fold_keys(parts, usecase)
        chosen = (
            train_auto.choose(rows, held_out, task, keys)
            if usecase.training.algorithm == AUTO
            else train_auto.cross_validate(
                _learner(usecase.training.algorithm), rows, held_out, task, keys
            )
        )
        fitted, final, chosen_on = chosen.fitted, chosen.fitted.model, chosen.held_out
    else:
        learn = _learner(usecase.training.algorithm)
        fitted = learn(rows, held_out, task)
        chosen_on = scored(fitted.model, rows, held_out)
        final = _refitted(learn, fitted, rows, held_out, task)
    return finished(replace(fitted, model=final), (rows, held_out), chosen_on, task)


def finished(
    fitted: Fitted, parts: tuple[Sample, Sample], chosen_on: HeldOut, task: Task
) -> TrainedModel:
    """Choose the threshold of a model, give it its probe and write its record.

    Args:
        fitted: the model, whoever trained it.
        parts: the training and the validation rows.
        chosen_on: the scores by which the threshold is chosen and the training is judged.
        task: what the model solves, and whom to tell how good it is.
    """
    usecase, model = task.usecase, fitted.model
    threshold = choose_threshold(chosen_on, usecase)
    score = gate_score(chosen_on, usecase) if chosen_on.on != contract.TRAIN_CHANNEL else None
    if score is not None:
        task.metric(score, fitted.rounds)
    if threshold is not None:
        model = model.with_threshold(threshold.value)
    learns_all = usecase.training.refit or _divides_anew(usecase)
    if learns_all and len(parts[1]):
        model.metadata = model.metadata.model_copy(update={"knows_validation": True})
    model = model.with_probe(_probe_rows(parts[0].x))
    record = _record(model, parts, usecase, fitted.record)
    return TrainedModel(model, {**record, **_choices(chosen_on, threshold, score, usecase)})


def _divides_anew(usecase: UseCase) -> bool:
    """Whether training and validation rows are one: judged by folds, then all learned from."""
    return usecase.training.algorithm == AUTO or usecase.training.folds > 0


def _learner(algorithm: str) -> Learner:
    """Find who trains; an estimator's import path stands behind a colon."""
    name = "sklearn" if algorithm.startswith(SKLEARN) else algorithm
    if name not in LEARNERS:
        raise ForeignAlgorithmError(algorithm)
    return LEARNERS[name]


def _require_useful_settings(usecase: UseCase) -> None:
    if usecase.training.class_weight != "none" and usecase.problem.type == REGRESSION:
        raise UselessSettingError("class_weight", "weighs classes, and a regression has none")


def scored(model: Model, rows: Sample, held_out: Sample) -> HeldOut:
    """Score the validation rows, or the training rows where there are none."""
    if len(held_out):
        return HeldOut(held_out.y, model.predict(held_out.x), contract.VALIDATION)
    return HeldOut(rows.y, model.predict(rows.x), contract.TRAIN_CHANNEL)


def _refitted(learn: Learner, fitted: Fitted, rows: Sample, held_out: Sample, task: Task) -> Model:
    if not task.usecase.training.refit or not len(held_out):
        return fitted.model
    none = held_out[np.empty(0, dtype=np.int64)]
    return learn(joined(rows, held_out), none, task, rounds=fitted.rounds).model


def _probe_rows(x: Matrix) -> Matrix:
    """Take rows from all over the training rows, and one in which everything is missing."""
    spread = np.linspace(0, len(x) - 1, min(_PROBE_ROWS, len(x))).astype(int)
    return np.vstack([x[spread], np.full((1, x.shape[1]), np.nan, dtype=np.float32)])


def _record(
    model: Model, parts: tuple[Sample, Sample], usecase: UseCase, told: dict[str, Any]
) -> dict[str, Any]:
    metadata = model.metadata
    return {
        "usecase": metadata.usecase,
        "algorithm": metadata.algorithm,
        "hyperparameters": metadata.hyperparameters,
        "features": list(model.features),
        "categories": {name: len(known) for name, known in metadata.categories.items()},
        "libraries": metadata.libraries,
        "best_iteration": metadata.best_iteration,
        "refit": usecase.training.refit or _divides_anew(usecase),
        **{
            name: describe_target(sample.y, usecase)
            for name, sample in zip(
                (contract.TRAIN_CHANNEL, contract.VALIDATION), parts, strict=True
            )
        },
        **told,
    }


def _choices(
    chosen_on: HeldOut, threshold: Threshold | None, score: float | None, usecase: UseCase
) -> dict[str, Any]:
    return {
        "threshold": threshold
        and {
            "value": threshold.value,
            "chosen_on": chosen_on.on,
            "cost": threshold.cost,
            "cost_of_no_alarm": threshold.cost_of_no_alarm,
        },
        "validation_score": {"metric": usecase.gate.metric, "value": score},
    }
