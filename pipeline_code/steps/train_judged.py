"""Judge algorithms with settings on rows that they did not learn from, and compare them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from pipeline_code.core.metric_names import LOG_LOSS, RMSE
from pipeline_code.core.problem_types import REGRESSION
from pipeline_code.steps.blend_model import blended
from pipeline_code.steps.train_candidates import Candidate
from pipeline_code.steps.train_folds import Fold
from pipeline_code.steps.train_scores import HeldOut, gate_score, is_better
from pipeline_code.steps.train_task import Sample, Task

CROSS_VALIDATION: Final = "cross-validation"


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

    def described(self) -> dict[str, Any]:
        """Return it as JSON values, for the record."""
        rounds = zip(self.candidates, self.rounds, strict=True)
        return {
            "algorithm": self.name,
            "settings": {one.algorithm: one.settings for one in self.candidates},
            "rounds": {one.algorithm: count for one, count in rounds if count is not None},
            "score": self.score,
            "loss": round(self.loss, 6) if np.isfinite(self.loss) else None,
            "measured_on": self.held_out.on,
        }


def try_on_folds(
    one: Candidate, everything: Sample, folds: Sequence[Fold], task: Task, on: str
) -> Tried:
    """Train on each fold; a boosted one stops there, and its rounds are those best over all."""
    inner = inner_task(one, task)
    scores, curves = [], []
    for fold in folds:
        fitted = one.learn(everything[fold.fit], everything[fold.held_out], inner)
        scores.append(fitted.model.predict(everything.x[fold.held_out]))
        curves.append(fitted.record.get("validation_curve", {}).get("values", []))
    order = np.concatenate([fold.held_out for fold in folds])
    rows = HeldOut(everything.y[order], np.concatenate(scores), on)
    return _measured((one,), (_best_round(curves),), rows, task)


def try_untold(one: Candidate, everything: Sample, task: Task) -> Tried:
    """Take a candidate where there are too few rows to hold any out."""
    fitted = one.learn(everything, everything[np.empty(0, dtype=np.int64)], inner_task(one, task))
    rows = HeldOut(everything.y, fitted.model.predict(everything.x), "train")
    return _measured((one,), (fitted.rounds,), rows, task)


def inner_task(one: Candidate, task: Task) -> Task:
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


def best(tried: Sequence[Tried], task: Task) -> Tried:
    """Take the best by the gate's metric; among equals the one with the smaller loss."""
    found = tried[0]
    for one in tried[1:]:
        if one.score is None or found.score is None or one.score == found.score:
            found = one if one.loss < found.loss else found
        elif is_better(one.score, found.score, task.usecase):
            found = one
    return found


def blends(tried: Sequence[Tried], task: Task) -> Iterator[Tried]:
    """Ask the best of each algorithm together, in every combination."""
    by_name: dict[str, list[Tried]] = {}
    for one in tried:
        by_name.setdefault(one.name, []).append(one)
    best_of_each = [best(several, task) for several in by_name.values()]
    for count in range(2, len(best_of_each) + 1):
        for several in itertools.combinations(best_of_each, count):
            yield _together(several, task)


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


def _together(several: Sequence[Tried], task: Task) -> Tried:
    scores = blended([one.held_out.scores for one in several], task.usecase.problem.type)
    rows = replace(several[0].held_out, scores=scores)
    members = tuple(candidate for one in several for candidate in one.candidates)
    rounds = tuple(count for one in several for count in one.rounds)
    return _measured(members, rounds, rows, task)
