"""What a network lessens: cross entropy, or the square of a standardised error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.problem_types import BINARY, MULTICLASS
from pipeline_code.steps.train_task import Sample, Task, row_weights

Floats32 = NDArray[np.float32]


@dataclass(frozen=True)
class Loss:
    """The loss of one problem; a regression's target is standardised by its training rows."""

    torch: Any
    problem: str
    outputs: int
    centre: float
    spread: float
    weights: NDArray[np.float64] | None

    @classmethod
    def of(cls, torch: Any, rows: Sample, task: Task) -> Loss:
        """Make the loss of a task, measured on its training rows."""
        problem = task.usecase.problem.type
        outputs = task.classes if problem == MULTICLASS else 1
        centre, spread = 0.0, 1.0
        if problem not in (BINARY, MULTICLASS):
            centre, spread = float(rows.y.mean()), float(rows.y.std())
        return cls(torch, problem, outputs, centre, spread, row_weights(rows, task))

    def base(self, rows: Sample) -> Floats32:
        """Say the margins that fit rows best of which nothing is known, shape (outputs,)."""
        if self.problem not in (BINARY, MULTICLASS):
            return np.zeros(1, dtype=np.float32)
        classes = max(2, self.outputs)
        weights = np.bincount(rows.y.astype(np.int64), self.weights, minlength=classes)
        logs = np.log((weights + 0.5) / len(rows))
        return (logs if self.outputs > 1 else logs[1:] - logs[:1]).astype(np.float32)

    def target(self, y: Any) -> Any:
        """Turn a target into a tensor as the loss takes it."""
        if self.problem == MULTICLASS:
            return self.torch.from_numpy(y.astype(np.int64))
        wide = (y.astype(np.float64) - self.centre) / self.spread
        return self.torch.from_numpy(wide.astype(np.float32))

    def __call__(self, margins: Any, target: Any, weights: Any = None) -> Any:
        """Return the mean loss of some rows, each counted as it weighs."""
        functional = self.torch.nn.functional
        if self.problem == MULTICLASS:
            each = functional.cross_entropy(margins, target, reduction="none")
        elif self.problem == BINARY:
            each = functional.binary_cross_entropy_with_logits(
                margins[:, 0], target, reduction="none"
            )
        else:
            each = (margins[:, 0] - target) ** 2
        return (each if weights is None else each * weights).mean()
