"""Train gradient-boosted trees of XGBoost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from pipeline_code.core.foreign_algorithms import XGBOOST_OBJECTIVES
from pipeline_code.core.problem_types import MULTICLASS
from pipeline_code.steps.boosting import STATE_ROUNDS, Boosting
from pipeline_code.steps.checkpoints import fingerprint
from pipeline_code.steps.model import Matrix, Vector
from pipeline_code.steps.train_scores import HeldOut, gate_score
from pipeline_code.steps.train_stopping import stopping_metric
from pipeline_code.steps.train_task import (
    Fitted,
    Sample,
    Task,
    describe,
    library_versions,
    row_weights,
)
from pipeline_code.steps.xgboost_model import BOOSTER_FILE, XgboostModel

SETTINGS: Final = (
    "n_estimators",
    "max_depth",
    "learning_rate",
    "min_child_weight",
    "subsample",
    "colsample_bytree",
    "reg_lambda",
    "early_stopping_rounds",
    "seed",
)

_LIBRARIES: Final = ("xgboost-cpu", "xgboost")
_PROGRESS_EVERY_ROUNDS: Final = 10
# Bins are quantiles, and rare events sit in the tails: with the usual 256 the amounts of the
# largest transactions share a bin. On four earlier weeks of the handbook's data the mean average
# precision was 0.674 with 256 bins, 0.706 with 1,024 and 0.708 with exact splits.
_BINS: Final = 1_024
_FEW_ROWS: Final = 10_000  # below, threads wait for each other longer than they work


def boost(rows: Sample, held_out: Sample, task: Task, *, rounds: int | None = None) -> Fitted:
    """Boost trees; see `Learner`.

    Boosting stops early by the library's metric that is nearest to the gate's, where the held
    out rows differ in their target and ``early_stopping_rounds`` is not 0.
    """
    settings = task.usecase.training
    stops = rounds is None and settings.early_stopping_rounds > 0 and held_out.varies
    total = rounds or settings.n_estimators
    boosting = _boosting(rows, held_out if stops else None, task, total)
    booster, stop = replace(boosting, after_round=_reporter(total, held_out, task)).run()
    best = stop.best + 1 if stops else booster.num_boosted_rounds()
    task.progress(total, total, "boosting rounds")
    metadata = describe(
        task,
        "xgboost",
        settings=SETTINGS,
        libraries=_LIBRARIES,
        weights=BOOSTER_FILE,
        rounds=best,
    )
    curve = [round(value, 6) for value in stop.values]
    # Only the trees up to the best round are kept, so whoever reads the file needs no range.
    return Fitted(
        XgboostModel(metadata, booster[:best]),
        rounds=best,
        record={
            "rounds": booster.num_boosted_rounds(),
            "validation_curve": {"metric": stop.metric, "values": curve},
        },
    )


def _boosting(rows: Sample, watched: Sample | None, task: Task, total: int) -> Boosting:
    """Give this host its rows, and the training its place if it is to be resumed."""
    import xgboost  # a second to import: only who trains trees pays

    weights = row_weights(rows, task)
    mine, mine_weigh = rows, weights
    if task.peers.count > 1:
        share = task.peers.share(len(rows))
        mine, mine_weigh = rows[share], None if weights is None else weights[share]
    data = xgboost.QuantileDMatrix(mine.x, label=mine.y, weight=mine_weigh, max_bin=_BINS)
    measured = None
    if watched is not None:
        # Every host has all of them, so all measure the same.
        measured = xgboost.QuantileDMatrix(watched.x, label=watched.y, ref=data, max_bin=_BINS)
    boosting = Boosting(
        parameters=_parameters(task, rows=len(rows) // task.peers.count),
        data=data,
        watched=measured,
        total=total,
        metric=stopping_metric(task.usecase, "xgboost"),
        patience=task.usecase.training.early_stopping_rounds,
        is_resumable=task.checkpoints is not None,
        peers=task.peers,
    )
    if task.checkpoints is None:
        return boosting
    held_out = (None, None) if watched is None else (watched.x, watched.y)
    # Of the rows of all hosts: another's make this one's trees, too.
    name = fingerprint(_identity(boosting), (rows.x, rows.y, weights, *held_out))
    shelf = task.checkpoints.of(name)
    return replace(boosting, shelf=shelf if task.peers.is_first else None)


def _identity(boosting: Boosting) -> dict[str, Any]:
    """List what makes the model besides the rows."""
    return {
        "parameters": boosting.parameters,
        "rounds": boosting.total,
        "patience": boosting.patience,
        "hosts": boosting.peers.count,
        "libraries": library_versions(_LIBRARIES),
        "state_rounds": STATE_ROUNDS,  # another number makes other models
    }


def _parameters(task: Task, *, rows: int) -> dict[str, Any]:
    settings = task.usecase.training
    problem = task.usecase.problem.type
    several = {"num_class": task.classes} if problem == MULTICLASS else {}
    return {
        "objective": XGBOOST_OBJECTIVES[problem],
        "eval_metric": stopping_metric(task.usecase, "xgboost"),
        **several,
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
        # Chance would begin anew with a training that is resumed.
        **({"seed_per_iteration": True} if task.checkpoints is not None else {}),
    }


def _reporter(total: int, held_out: Sample, task: Task) -> Callable[[Any, int], None]:
    def report(booster: Any, done: int) -> None:
        if done % _PROGRESS_EVERY_ROUNDS:
            return
        task.progress(done, total, "boosting rounds")
        if task.wants_steps and len(held_out):
            scores = _scores(booster, held_out.x)
            value = gate_score(HeldOut(held_out.y, scores, "validation"), task.usecase)
            if value is not None:
                task.metric(value, done + 1)

    return report


def _scores(booster: Any, x: Matrix) -> Vector:
    scores: Vector = booster.inplace_predict(x).astype("float64")
    return scores
