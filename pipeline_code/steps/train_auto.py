"""Try what fits a table, keep what does best by the gate's metric, train that on all rows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from pipeline_code.core.metric_names import LOG_LOSS, RMSE
from pipeline_code.core.problem_types import REGRESSION
from pipeline_code.steps.blend_model import BLEND_FILE, BlendModel, blended
from pipeline_code.steps.model import Model
from pipeline_code.steps.train_folds import Fold, Rows, divide
from pipeline_code.steps.train_lightgbm import boost as boost_lightgbm
from pipeline_code.steps.train_linear import regress
from pipeline_code.steps.train_scores import HeldOut, gate_score, is_better
from pipeline_code.steps.train_task import Fitted, Learner, Sample, Task, describe, joined
from pipeline_code.steps.train_xgboost import boost as boost_xgboost

SETTINGS: Final = ("seed",)

SMALL: Final = 5_000
"""Below so many rows every one is held out once; above, the validation rows say enough."""
CROSS_VALIDATION: Final = "cross-validation"
VALIDATION: Final = "validation"

_LINEAR_CELLS: Final = 100_000_000
"""Larger tables are left to the trees, which take seconds where a linear model takes minutes."""
_STRENGTHS: Final = (0.01, 0.1, 1.0, 10.0)


@dataclass(frozen=True)
class Candidate:
    """An algorithm with settings."""

    algorithm: str
    learn: Learner
    settings: dict[str, Any]


@dataclass(frozen=True)
class Tried:
    """What became of some candidates that are asked together, mostly one.

    ``loss`` judges every score, not only the gate's decisions; it settles what the gate's metric
    leaves open.
    """

    candidates: tuple[Candidate, ...]
    rounds: tuple[int | None, ...]
    held_out: HeldOut
    score: float | None
    loss: float

    @property
    def name(self) -> str:
        """The algorithms, joined by a plus."""
        return " + ".join(one.algorithm for one in self.candidates)


@dataclass(frozen=True)
class Chosen:
    """The model that is kept, trained on all rows, and on which scores it was chosen."""

    fitted: Fitted
    held_out: HeldOut


def candidates(rows: int, cells: int) -> Iterator[Candidate]:
    """List what is tried on a table of so many rows and cells.

    Small tables get small trees and large ones, as most want few leaves and some with many
    interactions do not, and a handful of linear models, from nearly flat to nearly free; large
    tables get large trees, and more of them.
    """
    if cells <= _LINEAR_CELLS:
        for strength in _STRENGTHS if rows < SMALL else _STRENGTHS[1:3]:
            yield Candidate("linear", regress, {"inverse_regularization": strength})
    is_small = rows < SMALL
    common = {"subsample": 0.8, "reg_lambda": 1.0, "learning_rate": 0.08 if is_small else 0.05}
    length = {
        "n_estimators": 500 if is_small else 2_000,
        "early_stopping_rounds": 30 if is_small else 50,
    }
    for leaves in (8, 31) if is_small else (31,):
        shape = {
            "num_leaves": leaves,
            "max_depth": 16,
            "min_child_weight": 0.001,
            "colsample_bytree": 0.8,
        }
        yield Candidate("lightgbm", boost_lightgbm, {**common, **length, **shape})
    depth = {
        "max_depth": 4 if is_small else 6,
        "min_child_weight": 3.0 if is_small else 5.0,
        "colsample_bytree": 0.5,
    }
    yield Candidate("xgboost", boost_xgboost, {**common, **length, **depth})


def choose(rows: Sample, held_out: Sample, task: Task, keys: Rows | None) -> Chosen:
    """Try every candidate on held-out rows, and the blends of the best of each algorithm.

    Args:
        rows: the training rows.
        held_out: the validation rows; small tables are divided anew, all rows together.
        task: the problem.
        keys: what must stay together or in order, of training and validation rows, see
            `fold_keys`.
    """
    everything = joined(rows, held_out)
    folds, on = _folds(rows, held_out, everything, task, keys)
    listed = list(candidates(len(everything), everything.x.size))
    tried: list[Tried] = []
    for place, one in enumerate(listed):
        task.progress(place, len(listed) + 1, f"trying {one.algorithm}")
        if folds:
            tried.append(_try(one, everything, folds, task, on))
    best_of_each = _best_of_each(tried, task)
    tried += [
        _together(several, task)
        for count in range(2, len(best_of_each) + 1)
        for several in itertools.combinations(best_of_each, count)
    ]
    task.progress(len(listed), len(listed) + 1, "training the chosen one")
    chosen = best(tried, task) if tried else _untried(listed[0], everything, task)
    model, rounds = _final(chosen, everything, held_out, task)
    task.progress(len(listed) + 1, len(listed) + 1, "training the chosen one")
    described = tuple(_described(one) for one in tried)
    model.metadata = model.metadata.model_copy(update={"candidates": described})
    record = {"chosen": chosen.name, "candidates": list(described)}
    return Chosen(Fitted(model, rounds, record), chosen.held_out)


def best(tried: Sequence[Tried], task: Task) -> Tried:
    """Take the best by the gate's metric; among equals the one with the smaller loss."""
    found = tried[0]
    for one in tried[1:]:
        if one.score is None or found.score is None or one.score == found.score:
            found = one if one.loss < found.loss else found
        elif is_better(one.score, found.score, task.usecase):
            found = one
    return found


def _folds(
    rows: Sample, held_out: Sample, everything: Sample, task: Task, keys: Rows | None
) -> tuple[list[Fold], str]:
    count = len(rows)
    if len(everything) >= SMALL and held_out.varies:
        return [Fold(np.arange(count), np.arange(count, len(everything)))], VALIDATION
    folds = divide(everything.y, keys, task.usecase)
    return (folds if len(everything) < SMALL else folds[-1:]), CROSS_VALIDATION


def _try(one: Candidate, everything: Sample, folds: Sequence[Fold], task: Task, on: str) -> Tried:
    """Train on each fold; a boosted one stops there, and its rounds are those best over all."""
    inner = _inner(one, task)
    scores, curves = [], []
    for fold in folds:
        fitted = one.learn(everything[fold.fit], everything[fold.held_out], inner)
        scores.append(fitted.model.predict(everything.x[fold.held_out]))
        curves.append(fitted.record.get("validation_curve", {}).get("values", []))
    order = np.concatenate([fold.held_out for fold in folds])
    rows = HeldOut(everything.y[order], np.concatenate(scores), on)
    return _measured((one,), (_best_round(curves),), rows, task)


def _inner(one: Candidate, task: Task) -> Task:
    """Make the task of one candidate: its settings, silence, and a loss to stop by.

    A loss falls more smoothly than ranks or decisions change, and takes them along.
    """
    usecase = task.usecase
    training = usecase.training.model_copy(
        update={"algorithm": one.algorithm, "refit": False, **one.settings}
    )
    gate = usecase.gate.model_copy(update={"metric": _loss_name(task)})
    inner = usecase.model_copy(update={"training": training, "gate": gate, "tuning": None})
    return Task(inner, task.categories)


def _loss_name(task: Task) -> str:
    return RMSE if task.usecase.problem.type == REGRESSION else LOG_LOSS


def _best_round(curves: Sequence[Sequence[float]]) -> int | None:
    """Find the round at which the mean loss over the folds is least."""
    if not all(curves):
        return None
    longest = max(map(len, curves))
    # A fold that stopped early would have gone on about as it ended.
    padded = [[*one, *[one[-1]] * (longest - len(one))] for one in curves]
    return int(np.argmin(np.mean(padded, axis=0))) + 1


def _measured(
    several: tuple[Candidate, ...], rounds: tuple[int | None, ...], rows: HeldOut, task: Task
) -> Tried:
    gate = task.usecase.gate.model_copy(update={"metric": _loss_name(task)})
    loss = gate_score(rows, task.usecase.model_copy(update={"gate": gate}))
    score = gate_score(rows, task.usecase)
    return Tried(several, rounds, rows, score, float("inf") if loss is None else loss)


def _best_of_each(tried: Sequence[Tried], task: Task) -> list[Tried]:
    by_name: dict[str, list[Tried]] = {}
    for one in tried:
        by_name.setdefault(one.name, []).append(one)
    return [best(several, task) for several in by_name.values()]


def _together(several: Sequence[Tried], task: Task) -> Tried:
    scores = blended([one.held_out.scores for one in several], task.usecase.problem.type)
    rows = replace(several[0].held_out, scores=scores)
    members = tuple(candidate for one in several for candidate in one.candidates)
    rounds = tuple(count for one in several for count in one.rounds)
    return _measured(members, rounds, rows, task)


def _untried(one: Candidate, everything: Sample, task: Task) -> Tried:
    """Take the first candidate where there are too few rows to hold any out."""
    fitted = one.learn(everything, everything[np.empty(0, dtype=np.int64)], _inner(one, task))
    rows = HeldOut(everything.y, fitted.model.predict(everything.x), "train")
    return _measured((one,), (fitted.rounds,), rows, task)


def _final(
    chosen: Tried, everything: Sample, held_out: Sample, task: Task
) -> tuple[Model, int | None]:
    none = held_out[np.empty(0, dtype=np.int64)]
    several = zip(chosen.candidates, chosen.rounds, strict=True)
    models = [
        one.learn(everything, none, _inner(one, task), rounds=rounds).model
        for one, rounds in several
    ]
    told = {"chosen_by": "auto", "refit": True}
    if len(models) == 1:
        model = models[0]
        settings = {**model.metadata.hyperparameters, **told}
        model.metadata = model.metadata.model_copy(update={"hyperparameters": settings})
        return model, chosen.rounds[0]
    libraries = sorted({name for one in models for name in one.metadata.libraries})
    members = {
        f"{one.metadata.algorithm}.{name}": value
        for one in models
        for name, value in one.metadata.hyperparameters.items()
    }
    metadata = describe(
        task,
        "blend",
        settings=(),
        libraries=tuple(libraries),
        weights=BLEND_FILE,
        extra={**told, "members": chosen.name, **members},
    )
    return BlendModel(metadata, models), None


def _described(one: Tried) -> dict[str, Any]:
    return {
        "algorithm": one.name,
        "settings": {candidate.algorithm: candidate.settings for candidate in one.candidates},
        "rounds": {
            candidate.algorithm: count
            for candidate, count in zip(one.candidates, one.rounds, strict=True)
            if count is not None
        },
        "score": one.score,
        "loss": round(one.loss, 6) if np.isfinite(one.loss) else None,
        "measured_on": one.held_out.on,
    }
