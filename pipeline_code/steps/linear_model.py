"""Linear models of scikit-learn, kept as the numbers they are."""

from __future__ import annotations

import json
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from pipeline_code.core.mistakes import Section
from pipeline_code.core.problem_types import BINARY, MULTICLASS
from pipeline_code.steps.design_matrix import level_places
from pipeline_code.steps.model import Matrix, Model, ModelMetadata, Vector, sigmoid, softmax

WEIGHTS_FILE: Final = "weights.json"

Numbers = tuple[float, ...]


class LinearWeights(Section):
    """A linear model on standardised numbers and on categories; lists are by feature.

    What comes once an output (a class of a multiclass problem, else one) is a list of them: an
    output adds up its ``intercept`` and of each feature its coefficient times the standardised
    value, or nothing where that is missing; its ``missing`` coefficient times 1 less
    ``missing_share`` where the value is missing, times minus that share where it is not; and of
    a category its effect in ``levels``: of each known one, of the others, of a missing one.
    """

    mean: Numbers
    scale: Numbers
    coefficients: tuple[Numbers, ...]
    intercept: Numbers
    missing: tuple[Numbers, ...] = ()
    missing_share: Numbers = ()
    levels: dict[str, tuple[Numbers, ...]] = Field(default_factory=dict)

    @field_validator("coefficients", "intercept", mode="before")
    @classmethod
    def _wrap_single_output(cls, value: Any, info: Any) -> Any:
        """Read what models of one output wrote before there were several."""
        flat = isinstance(value, list | tuple) and value and not isinstance(value[0], list | tuple)
        if info.field_name == "intercept":
            return (value,) if isinstance(value, int | float) else value
        return (value,) if flat else value


class LinearModel(Model):
    """Logistic, softmax or ridge regression; a missing number counts as the mean in training."""

    file: ClassVar[str] = WEIGHTS_FILE

    def __init__(self, metadata: ModelMetadata, weights: LinearWeights) -> None:
        super().__init__(metadata)
        self._weights = weights
        self._check()
        self._mean = np.array(weights.mean)
        self._scale = np.array(weights.scale)
        self._coefficients = np.array(weights.coefficients)
        self._intercept = np.array(weights.intercept)
        self._missing = np.array(weights.missing) if weights.missing else None
        self._share = np.array(weights.missing_share)
        self._levels = {
            self.features.index(name): np.array(effects) for name, effects in weights.levels.items()
        }

    def _check(self) -> None:
        weights, features = self._weights, len(self.features)
        lists = [weights.mean, weights.scale, *weights.coefficients, *weights.missing]
        lists += [weights.missing_share] if weights.missing else []
        if any(len(values) != features for values in lists):
            raise ValueError(f"lacks weights for its {features} features")
        outputs = [weights.coefficients, weights.intercept, *weights.levels.values()]
        outputs += [weights.missing] if weights.missing else []
        if any(len(values) != self.outputs for values in outputs):
            raise ValueError(f"lacks weights for its {self.outputs} outputs")
        if set(weights.levels) != set(self.categories) or any(
            len(effects) != len(self.categories[name]) + 2
            for name, several in weights.levels.items()
            for effects in several
        ):
            raise ValueError("has other categories than it names")

    @classmethod
    def read(cls, metadata: ModelMetadata, weights: bytes) -> LinearModel:
        """Read the weights from the bytes of their file."""
        return cls(metadata, LinearWeights.model_validate_json(weights))

    def gain(self) -> dict[str, float] | None:
        """Return None: a linear model has no splits."""
        return None

    def weights(self) -> bytes:
        """Return the weights as JSON, every number exactly as it is."""
        return (json.dumps(self._weights.model_dump(), indent=2) + "\n").encode()

    def _standardised(self, x: Matrix) -> Vector:
        wide = x.astype(np.float64)
        standardised: Vector = (np.where(np.isnan(wide), self._mean, wide) - self._mean) / (
            self._scale
        )
        return standardised

    def _level(self, codes: NDArray[np.float32], effects: Vector) -> Vector:
        """Look up the effect of each code, shape (outputs, n)."""
        return effects[:, level_places(codes, effects.shape[1])]

    def _margins(self, x: Matrix) -> Vector:
        """Add everything up, shape (n, outputs)."""
        margins = self._standardised(x) @ self._coefficients.T + self._intercept
        if self._missing is not None:
            margins += (np.isnan(x) - self._share) @ self._missing.T
        for place, effects in self._levels.items():
            margins += self._level(x[:, place], effects).T
        return np.asarray(margins)

    def _predict(self, x: Matrix) -> Vector:
        margins = self._margins(x)
        if self.metadata.problem == MULTICLASS:
            return softmax(margins)
        return sigmoid(margins[:, 0]) if self.metadata.problem == BINARY else margins[:, 0]

    def _explain(self, x: Matrix) -> Vector:
        # For a linear model with features taken as independent these are the exact SHAP
        # values: every effect is kept less its mean on the training rows.
        # Source: Lundberg and Lee, arXiv 1705.07874, corollary 1.
        parts = self._standardised(x)[:, None, :] * self._coefficients
        if self._missing is not None:
            parts += (np.isnan(x) - self._share)[:, None, :] * self._missing
        for place, effects in self._levels.items():
            parts[:, :, place] += self._level(x[:, place], effects).T
        base = np.broadcast_to(self._intercept[None, :, None], (len(x), self.outputs, 1))
        found: Vector = np.concatenate([parts, base], axis=2)
        return found if self.metadata.problem == MULTICLASS else found[:, 0]
