"""Train gradient-boosted trees of LightGBM."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from pipeline_code.core.problem_types import BINARY, MULTICLASS, REGRESSION
from pipeline_code.steps.lightgbm_model import TREES_FILE, LightgbmModel
from pipeline_code.steps.train_scores import HeldOut, gate_score
from pipeline_code.steps.train_stopping import stopping_metric
from pipeline_code.steps.train_task import Fitted, Sample, Task, describe, row_weights

SETTINGS: Final = (
    "n_estimators",
    "learning_rate",
    "num_leaves",
    "max_depth",
    "min_child_weight",
    "subsample",
    "colsample_bytree",
    "reg_lambda",
    "early_stopping_rounds",
    "seed",
)

_OBJECTIVES: Final = {BINARY: "binary", MULTICLASS: "multiclass", REGRESSION: "regression"}
_PROGRESS_EVERY_ROUNDS: Final = 10
_FEW_ROWS: Final = 10_000  # below, threads wait for each other longer than they work
_BINS: Final = 255
_WATCHED: Final = "validation"


def boost(rows: Sample, held_out: Sample, task: Task, *, rounds: int | None = None) -> Fitted:
    """Boost trees, leaf by leaf; see `Learner`.

    It stops early as XGBoost does: by the metric nearest to the gate's, on held-out rows.
    """
    import lightgbm

    settings = task.usecase.training
    stops = rounds is None and settings.early_stopping_rounds > 0 and held_out.varies
    total = rounds or settings.n_estimators
    parameters = _parameters(task, rows=len(rows))
    data = lightgbm.Dataset(
        rows.x,
        label=rows.y.astype(np.float64),
        weight=row_weights(rows, task),
        params=parameters,
    )
    history: dict[str, Any] = {}
    callbacks: list[Callable[..., Any]] = [_reporter(total, held_out, task)]
    watched = []
    if stops:
        watched = [data.create_valid(held_out.x, label=held_out.y.astype(np.float64))]
        callbacks += [
            lightgbm.record_evaluation(history),
            lightgbm.early_stopping(settings.early_stopping_rounds, verbose=False),
        ]
    booster = lightgbm.train(
        parameters,
        data,
        num_boost_round=total,
        valid_sets=watched,
        valid_names=[_WATCHED] if stops else None,
        callbacks=callbacks,
    )
    trained = booster.current_iteration()
    best = booster.best_iteration if stops else trained
    task.progress(total, total, "boosting rounds")
    metric = stopping_metric(task.usecase, "lightgbm")
    curve = [round(value, 6) for value in history.get(_WATCHED, {}).get(metric, [])]
    metadata = describe(
        task,
        "lightgbm",
        settings=SETTINGS,
        libraries=("lightgbm",),
        weights=TREES_FILE,
        rounds=best,
    )
    # Read from its own text: only the trees up to the best round, and none of the training data.
    kept = lightgbm.Booster(model_str=booster.model_to_string(num_iteration=best))
    return Fitted(
        LightgbmModel(metadata, kept),
        rounds=best,
        record={
            "rounds": len(curve) or trained,
            "validation_curve": {"metric": metric, "values": curve},
        },
    )


def _parameters(task: Task, *, rows: int) -> dict[str, Any]:
    settings = task.usecase.training
    problem = task.usecase.problem.type
    several = {"num_class": task.classes} if problem == MULTICLASS else {}
    return {
        "objective": _OBJECTIVES[problem],
        "metric": stopping_metric(task.usecase, "lightgbm"),
        "max_bin": _BINS,
        **several,
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.num_leaves,
        "max_depth": settings.max_depth,
        "min_sum_hessian_in_leaf": settings.min_child_weight,
        "bagging_fraction": settings.subsample,
        "bagging_freq": 1 if settings.subsample < 1 else 0,
        "feature_fraction": settings.colsample_bytree,
        "lambda_l2": settings.reg_lambda,
        "seed": settings.seed,
        "deterministic": True,
        "force_row_wise": True,  # else the library tries both ways and takes the faster one
        "num_threads": 1 if rows < _FEW_ROWS else 0,
        "verbosity": -1,
    }


def _reporter(total: int, held_out: Sample, task: Task) -> Callable[[Any], None]:
    def report(state: Any) -> None:
        if state.iteration % _PROGRESS_EVERY_ROUNDS:
            return
        task.progress(state.iteration, total, "boosting rounds")
        if task.wants_steps and len(held_out):
            scores = np.asarray(state.model.predict(held_out.x), np.float64)
            value = gate_score(HeldOut(held_out.y, scores, _WATCHED), task.usecase)
            if value is not None:
                task.metric(value, state.iteration + 1)

    return report
