"""Try what fits a table, keep what does best by the gate's metric, train that on all rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from pipeline_code.steps.blend_model import BLEND_FILE, BlendModel
from pipeline_code.steps.model import Model
from pipeline_code.steps.train_candidates import SMALL, Candidate, candidates_of
from pipeline_code.steps.train_folds import FOLDS, Fold, Rows, divide
from pipeline_code.steps.train_judged import (
    CROSS_VALIDATION,
    Tried,
    best,
    blends,
    inner_task,
    try_on_folds,
    try_untold,
)
from pipeline_code.steps.train_scores import HeldOut
from pipeline_code.steps.train_task import Fitted, Learner, Sample, Task, describe, joined

SETTINGS: Final = ("seed",)

VALIDATION: Final = "validation"


@dataclass(frozen=True)
class Chosen:
    """The model that is kept, trained on all rows, and on which scores it was chosen."""

    fitted: Fitted
    held_out: HeldOut


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
    listed = candidates_of(task.usecase, len(everything), everything.x.size)
    tried: list[Tried] = []
    for place, one in enumerate(listed):
        task.progress(place, len(listed) + 1, f"trying {one.algorithm}")
        if folds:
            tried.append(try_on_folds(one, everything, folds, task, on))
    tried += blends(tried, task)
    task.progress(len(listed), len(listed) + 1, "training the chosen one")
    chosen = best(tried, task) if tried else try_untold(listed[0], everything, task)
    model, rounds = _final(chosen, everything, task, chosen_by="auto", refit=True)
    task.progress(len(listed) + 1, len(listed) + 1, "training the chosen one")
    described = tuple(one.described() for one in tried)
    model.metadata = model.metadata.model_copy(update={"candidates": described})
    record = {"chosen": chosen.name, "candidates": list(described)}
    return Chosen(Fitted(model, rounds, record), chosen.held_out)


def cross_validate(
    learn: Learner, rows: Sample, held_out: Sample, task: Task, keys: Rows | None
) -> Chosen:
    """Hold every row out once from one algorithm, then train it on all rows; see `choose`."""
    training = task.usecase.training
    everything = joined(rows, held_out)
    one = Candidate(training.algorithm, learn, {})
    folds = divide(everything.y, keys, task.usecase, count=training.folds)
    task.progress(0, 2, "cross-validation")
    tried = (
        try_on_folds(one, everything, folds, task, CROSS_VALIDATION)
        if folds
        else try_untold(one, everything, task)
    )
    task.progress(1, 2, "training on all rows")
    model, rounds = _final(tried, everything, task, folds=len(folds))
    task.progress(2, 2, "training on all rows")
    return Chosen(Fitted(model, rounds, {"folds": len(folds), "rounds": rounds}), tried.held_out)


def _folds(
    rows: Sample, held_out: Sample, everything: Sample, task: Task, keys: Rows | None
) -> tuple[list[Fold], str]:
    """Divide as the settings say, else once where there are many rows, five times where few."""
    count, wanted = len(rows), task.usecase.training.folds
    if wanted:
        return divide(everything.y, keys, task.usecase, count=wanted), CROSS_VALIDATION
    if len(everything) >= SMALL and held_out.varies:
        return [Fold(np.arange(count), np.arange(count, len(everything)))], VALIDATION
    folds = divide(everything.y, keys, task.usecase, count=FOLDS)
    return (folds if len(everything) < SMALL else folds[-1:]), CROSS_VALIDATION


def _final(chosen: Tried, everything: Sample, task: Task, **told: Any) -> tuple[Model, int | None]:
    """Train what was chosen on all rows, as long as was best; ``told`` goes on its record."""
    none = everything[np.empty(0, dtype=np.int64)]
    several = zip(chosen.candidates, chosen.rounds, strict=True)
    models = [
        one.learn(everything, none, inner_task(one, task), rounds=rounds).model
        for one, rounds in several
    ]
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
