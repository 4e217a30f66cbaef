"""Read what is predicted: true and false, a class by its place, or a number."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.errors import EmptySampleError, PipelineError, SingleClassError
from pipeline_code.core.problem import Problem
from pipeline_code.core.problem_types import BINARY, MULTICLASS
from pipeline_code.core.texts import Column, Table, Texts
from pipeline_code.steps.matrix import UnusableColumnError, labels, require_columns

Target = NDArray[Any]
"""Shape (n,): bool in a binary problem, int64 places in ``problem.classes`` in a multiclass one,
float64 in a regression."""


class ConstantTargetError(PipelineError, ValueError):
    """A regression's target is the same in every row, so nothing can be learned or measured."""

    def __init__(self, dataset: str, target: str, value: float) -> None:
        super().__init__(
            f"{dataset} has a constant target: every {target} is {value:g}; "
            "check the target's source, or widen the window under split in usecase.yaml"
        )


def target_values(columns: Table, problem: Problem, dataset: str) -> Target:
    """Return the target as the type of problem has it; Prepare has written it as numbers.

    Raises:
        MissingColumnsError: if the target is not there.
        UnusableColumnError: if a value is missing, infinite, no number or no class.
    """
    name = problem.target
    if problem.type == BINARY:
        return labels(columns, name, dataset)
    require_columns(columns, [name], dataset)
    values = _numbers(columns[name], name, dataset)
    return _classes(values, problem, dataset) if problem.type == MULTICLASS else values


def require_variety(target: Target, problem: Problem, dataset: str) -> None:
    """Refuse rows on which nothing can be learned or measured.

    Raises:
        EmptySampleError: if there are no rows.
        SingleClassError: if every row has the same label.
        ConstantTargetError: if a regression's target never changes.
    """
    if len(target) == 0:
        raise EmptySampleError(dataset)
    if varies(target):
        return
    if problem.type in (BINARY, MULTICLASS):
        first = int(target[0])
        value = problem.class_names[first] if problem.type == MULTICLASS else first
        raise SingleClassError(dataset, problem.target, value)
    raise ConstantTargetError(dataset, problem.target, float(target[0]))


def varies(target: Target) -> bool:
    """Tell whether there are rows and not all of them have the same target."""
    return bool(len(target) and (target != target[0]).any())


def _numbers(values: Column, name: str, dataset: str) -> NDArray[np.float64]:
    if isinstance(values, Texts) or values.dtype.kind not in "iufb":
        raise UnusableColumnError(dataset, name, "is the target and not a column of numbers")
    wide = values.astype(np.float64)
    for what, wrong in (("missing", np.isnan(wide)), ("infinite", np.isinf(wide))):
        if wrong.any():
            rows = int(wrong.sum())
            raise UnusableColumnError(dataset, name, f"is the target and {what} in {rows} rows")
    return wide


def _classes(values: NDArray[np.float64], problem: Problem, dataset: str) -> NDArray[np.int64]:
    most = len(problem.classes) - 1
    odd = values[(values < 0) | (values > most) | (values != np.floor(values))]
    if len(odd):
        raise UnusableColumnError(
            dataset,
            problem.target,
            f"is the target and {odd[0]:g} in a row where only the places 0 to {most} of "
            "problem.classes are allowed",
        )
    return values.astype(np.int64)
