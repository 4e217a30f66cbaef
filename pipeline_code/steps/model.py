"""What a trained model is: rows in, scores out, and why; how it is kept is `predict`'s."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline_code.core.encoding import Categories, blanked
from pipeline_code.core.errors import PipelineError
from pipeline_code.core.mistakes import Section
from pipeline_code.core.problem import Label
from pipeline_code.core.problem_types import MULTICLASS, ProblemType
from pipeline_code.core.usecase import Costs

FORMAT_VERSION: Final = 1

Matrix = NDArray[np.float32]
Vector = NDArray[np.float64]


class UnreadableModelError(PipelineError, ValueError):
    """A folder does not hold a model of ours, or not a whole one."""

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(
            f"the model in {'/'.join(folder.parts[-2:])} {why}; "
            "train the model again, or approve another version"
        )


class WrongFeaturesError(PipelineError, ValueError):
    """Rows do not have the columns with which the model was trained."""

    def __init__(self, expected: int, given: tuple[int, ...]) -> None:
        super().__init__(
            f"the model takes rows of {expected} features, given an array of shape {given}; "
            "give the features of model.json in their order"
        )


class Probe(Section):
    """Some rows and what the model made of them when it was trained; None is a missing value.

    Whoever reads the model compares: another library, or another version, must say the same.
    """

    rows: tuple[tuple[float | None, ...], ...]
    scores: tuple[float | tuple[float, ...], ...]

    @property
    def matrix(self) -> Matrix:
        """The rows as models take them, shape (n, features)."""
        return np.array(self.rows, dtype=np.float32)

    def deviation(self, scores: Vector) -> float:
        """Return how far ``scores`` are from those of the training; infinite if one is NaN.

        A probability's distance is absolute, a value's above 1 is a share of it.
        """
        known = np.array(self.scores)
        size = np.maximum(1.0, np.abs(known))
        difference = (np.abs(scores - known) / size).max(initial=0.0)
        return float("inf") if np.isnan(difference) else float(difference)


class ModelMetadata(Section):
    """What a model is: enough to score with it and to say where it comes from."""

    format_version: Literal[1] = FORMAT_VERSION
    algorithm: str
    usecase: str
    problem: ProblemType = "binary"
    features: tuple[str, ...] = Field(min_length=1)
    categories: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    missing: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    """Numbers that stand for a missing value, by feature, as the contract names them."""
    target: str
    positive_label: Label = 1
    classes: tuple[str, ...] = ()
    threshold: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    costs: Costs
    hyperparameters: dict[str, int | float | str | bool]
    best_iteration: int | None = None
    knows_validation: bool = False
    """Whether it was trained once more with the validation rows, of which it then says nothing."""
    libraries: dict[str, str] = Field(default_factory=dict)
    weights: str
    weights_hash: str
    onnx_hash: str | None = None
    probe: Probe | None = None
    candidates: tuple[dict[str, Any], ...] = ()
    """What ``auto`` tried, for whoever asks why it is this algorithm."""

    @property
    def sentinels(self) -> dict[int, tuple[float, ...]]:
        """The same by the feature's place, as `core.encoding.blanked` takes them."""
        return {self.features.index(name): values for name, values in self.missing.items()}


class Model(ABC):
    """A trained model: scores of rows, and why.

    A score is the probability of the positive class in a binary problem, the value itself in a
    regression, and one probability a class in a multiclass problem.
    """

    def __init__(self, metadata: ModelMetadata) -> None:
        self.metadata = metadata
        self._sentinels = metadata.sentinels

    @property
    def features(self) -> tuple[str, ...]:
        """The columns the model takes, in its order."""
        return self.metadata.features

    @property
    def categories(self) -> Categories:
        """The known values of each feature that is no number; see `pipeline_code.core.encoding`."""
        return self.metadata.categories

    @property
    def outputs(self) -> int:
        """How many scores a row gets: one a class in a multiclass problem, else one."""
        return len(self.metadata.classes) if self.metadata.problem == MULTICLASS else 1

    @property
    def threshold(self) -> float:
        """The probability from which a row counts as positive: the cheapest on validation rows."""
        return self.metadata.threshold

    def predict(self, x: Matrix) -> Vector:
        """Return the score of each row: shape (n,), or (n, classes) in a multiclass problem.

        Args:
            x: rows, shape (n, features), columns in the order of `features`, categories by their
                codes; NaN is a missing value. No rows give an empty array.

        Raises:
            WrongFeaturesError: if ``x`` has another number of columns.
        """
        if not len(x):
            return np.empty((0, self.outputs) if self.outputs > 1 else 0)
        return self._predict(self._checked(x))

    def explain(self, x: Matrix) -> Vector:
        """Return SHAP values, shape (n, features + 1), or (n, classes, features + 1).

        They are in log odds, in a regression in units of the target. The last column is the base
        value; a row's sum is the log odds (the margin, the value) of its prediction.

        Raises:
            WrongFeaturesError: if ``x`` has another number of columns.
        """
        if not len(x):
            wide = len(self.features) + 1
            return np.empty((0, self.outputs, wide) if self.outputs > 1 else (0, wide))
        return self._explain(self._checked(x))

    def with_threshold(self, threshold: float) -> Self:
        """Return the same model with another decision threshold."""
        other = copy.copy(self)
        other.metadata = self.metadata.model_copy(update={"threshold": threshold})
        return other

    def with_probe(self, rows: Matrix) -> Self:
        """Return the same model with the memory of what it makes of ``rows``."""
        other = copy.copy(self)
        values = tuple(tuple(None if np.isnan(one) else float(one) for one in row) for row in rows)
        scores = self.predict(rows).tolist()
        probe = Probe(
            rows=values,
            scores=tuple(tuple(one) if isinstance(one, list) else one for one in scores),
        )
        other.metadata = self.metadata.model_copy(update={"probe": probe})
        return other

    def onnx(self) -> bytes | None:
        """Return the model as ONNX; None where that would make nothing faster."""
        return None

    @abstractmethod
    def gain(self) -> dict[str, float] | None:
        """Return each feature's share of the gain of all splits; None where there are none."""

    @abstractmethod
    def weights(self) -> bytes:
        """Return the content of the file of weights."""

    @abstractmethod
    def _predict(self, x: Matrix) -> Vector: ...

    @abstractmethod
    def _explain(self, x: Matrix) -> Vector: ...

    def _checked(self, x: Matrix) -> Matrix:
        if x.ndim != 2 or x.shape[1] != len(self.features):
            raise WrongFeaturesError(len(self.features), x.shape)
        return blanked(np.ascontiguousarray(x, dtype=np.float32), self._sentinels)


def sigmoid(odds: Vector) -> Vector:
    """Turn log odds into probabilities, without overflow at either end."""
    small = np.exp(-np.abs(odds))
    return np.where(odds >= 0, 1 / (1 + small), small / (1 + small))


def softmax(margins: Vector) -> Vector:
    """Turn the log odds of several classes into probabilities, without overflow."""
    small = np.exp(margins - margins.max(axis=1, keepdims=True))
    return np.asarray(small / small.sum(axis=1, keepdims=True))
