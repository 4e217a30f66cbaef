"""Measure a model on held-out rows as the gate will, and choose its decision threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from pipeline_code.core import metrics, multiclass, regression
from pipeline_code.core.problem_types import BINARY, MULTICLASS
from pipeline_code.core.thresholds import Threshold, cheapest_threshold
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.model import Vector
from pipeline_code.steps.targets import Target, varies

STANDS_FOR: Final = {metrics.CARD_PRECISION: metrics.AVERAGE_PRECISION}
"""What is measured in place of a metric that needs more than scores (whose card, which day)."""


@dataclass(frozen=True)
class HeldOut:
    """Scores of rows on which the model was not trained, or (``on`` "train") was after all."""

    target: Target
    scores: Vector
    on: str


def is_better(one: float, other: float, usecase: UseCase) -> bool:
    """Tell whether ``one`` is the better value of the gate's metric."""
    smaller = usecase.gate.metric in metrics.SMALLER_IS_BETTER
    return one < other if smaller else one > other


def choose_threshold(rows: HeldOut, usecase: UseCase) -> Threshold | None:
    """Find the cheapest threshold of a binary problem; other problems have none."""
    if usecase.problem.type != BINARY:
        return None
    return cheapest_threshold(
        rows.target,
        rows.scores,
        false_positive=usecase.costs.false_positive,
        false_negative=usecase.costs.false_negative,
    )


def gate_score(rows: HeldOut, usecase: UseCase) -> float | None:
    """Measure the gate's metric; None where these rows cannot tell (none, or of one class).

    A binary metric of decisions is measured at the threshold that is cheapest on these rows.
    """
    name = STANDS_FOR.get(usecase.gate.metric, usecase.gate.metric)
    is_regression = usecase.problem.type not in (BINARY, MULTICLASS)
    if not (len(rows.target) if is_regression else varies(rows.target)):
        return None
    value = _measure(rows, usecase)[name]
    return float(value) if np.isfinite(value) else None


def _measure(rows: HeldOut, usecase: UseCase) -> dict[str, float]:
    problem, costs = usecase.problem, usecase.costs
    if problem.type == BINARY:
        threshold = choose_threshold(rows, usecase)
        assert threshold is not None  # noqa: S101 - a binary problem has one
        error_costs = metrics.ErrorCosts(costs.false_positive, costs.false_negative)
        return metrics.measure(
            rows.target, rows.scores, threshold=threshold.value, costs=error_costs
        )
    if problem.type == MULTICLASS:
        missed = np.array(costs.of_classes(problem.class_names))
        return multiclass.measure(rows.target, rows.scores, costs=missed)
    value_costs = regression.ValueCosts(costs.over, costs.under)
    return regression.measure(rows.target, rows.scores, costs=value_costs)


def describe_target(target: Target, usecase: UseCase) -> dict[str, Any]:
    """Say how many rows there are and what their target looks like, for the record."""
    rows: dict[str, Any] = {"rows": len(target)}
    if usecase.problem.type == BINARY:
        return {**rows, "positives": int(target.sum())}
    if usecase.problem.type == MULTICLASS:
        names = usecase.problem.class_names
        counts = np.bincount(target, minlength=len(names)).tolist()
        return {**rows, "classes": dict(zip(names, counts, strict=True))}
    return {**rows, "mean": float(target.mean()) if len(target) else None}
